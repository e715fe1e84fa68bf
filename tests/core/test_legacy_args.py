import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.core.book import Book, small_plan
from tests.core.test_steps import context
from tests.harness.world import policy
from tests.live import own_scripts
from videod.core.expand import jobs_of
from videod.core.legacy_args import legacy_command, options
from videod.core.model import Job, Task
from videod.core.step import Command, digest
from videod.core.tables import STEPS


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


@pytest.mark.fault("9.1")
@pytest.mark.parametrize("step", own_scripts.SCRIPTS)
def test_an_older_script_understands_every_command_that_is_left_for_it(task: Task, step: str) -> None:
    known = own_scripts.PARSERS[own_scripts.SCRIPTS[step]]
    asked = [legacy_command(STEPS[step], one) for _, one in commands(task, step) if STEPS[step].known_before(one)]
    assert asked
    for command in asked:
        assert {one[0] for one in options(command)} <= set(known)


@pytest.mark.fault("9.1")
@pytest.mark.parametrize("name", own_scripts.PARSERS)
def test_the_sample_scripts_have_exactly_the_originals_options(name: str) -> None:
    """Read from their text: they import packages that videod does not have."""
    said = re.findall(r'add_argument\(\s*"(--[a-z-]+)"', (own_scripts.HERE / name).read_text())
    assert tuple(said) == own_scripts.PARSERS[name]
    assert "allow_abbrev" not in (own_scripts.HERE / name).read_text()


@pytest.mark.fault("9.2")
def test_the_voice_of_the_channel_goes_where_the_older_script_looks_for_it(task: Task) -> None:
    _, command = commands(task, "narration")[0]
    left = legacy_command(STEPS["narration"], command)
    assert left.env == {"ELEVENLABS_VOICE_ID": "v1"} and "v1" not in left.argv
    other = legacy_command(STEPS["narration"], replace(command, argv=("--voice", "v2", *command.argv[4:])))
    at = PurePosixPath("/w")
    assert digest(STEPS["narration"], left, at, {}) != digest(STEPS["narration"], replace(left, env=other.env), at, {})


@pytest.mark.fault("9.6")
@pytest.mark.parametrize(("height", "factor"), [(768, "0.4219"), (1080, "0.3"), (540, "0.6"), (2160, "0.15")])
def test_a_share_of_the_frame_becomes_a_factor_of_the_pictures_own_pixels(task: Task, height: int, factor: str) -> None:
    step = STEPS["composite"]
    jobs = [job for job in jobs_of(task, small_plan(), policy()) if job.args.get("type") == "cutout"]
    job = replace(jobs[0], args={**jobs[0].args, "scale": 0.3})
    made = context(task, facts={str(job.args["character"]): {"height": height, "width": 1376}})
    ours = step.argv(job, made)
    theirs = legacy_command(step, step.legacy_units(job, made, ours))
    assert dict(one for one in options(ours) if len(one) == 2)["--scale"] == "0.3"
    assert dict(one for one in options(theirs) if len(one) == 2)["--scale"] == factor


@pytest.mark.fault("9.6")
def test_where_a_picture_was_never_measured_the_scripts_own_scale_counts(task: Task) -> None:
    step, made = STEPS["composite"], context(task)
    job = next(job for job in jobs_of(task, small_plan(), policy()) if job.args.get("type") == "cutout")
    assert "--scale" not in step.legacy_units(job, made, step.argv(job, made)).argv


@pytest.mark.parametrize("step", sorted(set(STEPS) - set(own_scripts.SCRIPTS)))
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
    assert {one[0] for one in options(left)} == {"--image", "--prompt", "--output"}
    assert "--buy-again" not in left.argv and "kie" not in left.argv and "pictures" not in left.argv
    assert left.argv[left.argv.index("--prompt") + 1] == job.args["prompt"]


def test_a_text_that_looks_like_an_option_stays_a_text() -> None:
    command = Command(("--text", "--buy-again", "--voice", "v1", "--buy-again", "--output", "/w/--model"))
    assert legacy_command(STEPS["narration"], command).argv == (
        "--text", "--buy-again", "--output", "/w/--model",
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
