import argparse
from pathlib import Path

import pytest

from tests.core.book import Book, small_plan
from tests.core.test_steps import context
from tests.harness.world import policy
from videod.core.expand import jobs_of
from videod.core.legacy_args import legacy_command, options
from videod.core.model import Job, Task
from videod.core.step import Command
from videod.core.tables import STEPS

#: what each older script takes, as its argparse would say it: option, and whether it must be given
OLDER: dict[str, tuple[tuple[str, bool], ...]] = {
    "image": (("--prompt", True), ("--output", True), ("--reference-image", False), ("--aspect-ratio", False)),
    "composite": (("--character", True), ("--environment", True), ("--output", True), ("--scale", False)),
    "clip": (("--image", True), ("--prompt", True), ("--output", True), ("--duration", False),
             ("--negative-prompt", False)),
    "narration": (("--text", True), ("--output", True), ("--model", False), ("--stability", False),
                  ("--similarity", False), ("--style", False), ("--voice", False)),
    "sound_effect": (("--text", True), ("--output", True), ("--duration", False)),
    "assemble": (("--manifest", True), ("--output", True)),
}  # fmt: skip


@pytest.fixture
def task() -> Task:
    book = Book()
    book.queue()
    return book.one


def commands(task: Task, step: str) -> list[tuple[Job, Command]]:
    made = context(task, bucket="pictures", intro="/brand/in.mp4", outro="/brand/out.mp4", watermark="/brand/mark.png")
    jobs = [job for job in jobs_of(task, small_plan(), policy()) if job.step == step]
    assert jobs
    return [(job, STEPS[step].argv(job, made)) for job in jobs]


@pytest.mark.parametrize("step", OLDER)
def test_an_older_script_understands_every_command_that_is_left_for_it(task: Task, step: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    for name, required in OLDER[step]:
        parser.add_argument(name, required=required)
    for _, command in commands(task, step):
        if STEPS[step].known_before(command):
            assert parser.parse_known_args(list(legacy_command(STEPS[step], command).argv))[1] == []


@pytest.mark.parametrize("step", sorted(set(STEPS) - set(OLDER)))
def test_a_step_that_had_no_older_script_keeps_all_its_arguments(step: str) -> None:
    command = Command(("--anything", "x", "--made-for-kids"))
    assert legacy_command(STEPS[step], command) is command


@pytest.mark.parametrize("step", [name for name in STEPS if name not in ("plan", "split_screen", "cleanup")])
def test_every_command_reads_as_options_with_one_value_or_none(task: Task, step: str) -> None:
    for _, command in commands(task, step):
        read = options(command)
        assert all(one[0].startswith("--") for one in read)
        assert tuple(part for one in read for part in one) == command.argv


def test_what_came_later_is_dropped_with_its_value(task: Task) -> None:
    job, command = commands(task, "clip")[0]
    assert {"--model", "--image-host", "--bucket", "--wait"} <= set(command.argv)
    again = Command((*command.argv, "--buy-again"))
    left = legacy_command(STEPS["clip"], again)
    assert {one[0] for one in options(left)} == {"--image", "--prompt", "--output", "--duration", "--negative-prompt"}
    assert "--buy-again" not in left.argv and "kie" not in left.argv and "pictures" not in left.argv
    assert left.argv[left.argv.index("--prompt") + 1] == job.args["prompt"]


def test_a_text_that_looks_like_an_option_stays_a_text() -> None:
    command = Command(("--text", "--buy-again", "--voice", "v1", "--buy-again", "--output", "/w/--model"))
    assert legacy_command(STEPS["narration"], command).argv == (
        "--text", "--buy-again", "--voice", "v1", "--output", "/w/--model",
    )  # fmt: skip


def test_every_reference_image_is_kept() -> None:
    command = Command(("--prompt", "a bear", "--reference-image", "/a", "--reference-image", "/b", "--model", "m"))
    assert legacy_command(STEPS["image"], command).argv == (
        "--prompt", "a bear", "--reference-image", "/a", "--reference-image", "/b",
    )  # fmt: skip


def test_the_manifest_is_written_for_an_older_script_too(task: Task) -> None:
    _, command = commands(task, "assemble")[0]
    left = legacy_command(STEPS["assemble"], command)
    assert left.files == command.files and list(left.files) == ["plan/manifest.json"]
    assert "--watermark" in command.argv and "--watermark" not in left.argv


def test_the_documentation_lists_what_each_older_script_is_given() -> None:
    told = (Path(__file__).parents[2] / "docs" / "scripts.md").read_text()
    for step in STEPS.values():
        row = f"| {step.name} | `{' '.join(step.legacy_args)}` |"
        assert (row in told) == bool(step.legacy_args), row


def test_a_picture_that_fills_the_frame_is_beyond_an_older_composite_script() -> None:
    full = Command(("--image", "/a.png", "--output", "/out.png"))
    pair = Command(("--character", "/a.png", "--environment", "/b.png", "--scale", "0.5", "--output", "/out.png"))
    assert not STEPS["composite"].known_before(full)
    assert STEPS["composite"].known_before(pair)
    assert STEPS["clip"].known_before(full)
