import importlib
import re
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tests.core.book import Book, small_plan
from tests.harness.world import policy
from videod.config import Prices, Scripts
from videod.core import steps
from videod.core.expand import jobs_of
from videod.core.model import Job, Task
from videod.core.statuses import Gate
from videod.core.steps import STEPS, Command, Studio, digest
from videod.edge import decode, inspector
from videod.simulation.latency import USUAL


def studio(task: Task, **changes: object) -> Studio:
    names = {job.name: f"made/{job.step}_{job.key}" for job in jobs_of(task, small_plan(), policy())}
    made = Studio(
        workspace=PurePosixPath("/w"), task=task, channel_name="Wild", brand="calm", voice_id="v1",
        voice={"stability": 0.4, "similarity": 0.75, "style": 0.12}, language="en", privacy="private", category="15",
        made_for_kids=False, description_template="{description} by {channel}", tags=("a", "b"), clips=2, images=3,
        models={"text": "t", "image": "i", "video": "v", "voice": "n"}, image_host="kie",
        bucket="", image_size="1K", intro=None,
        outro=None, watermark=None, outputs=names,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def task() -> Task:
    book = Book()
    book.queue()
    return book.one


def jobs(task: Task) -> dict[str, Job]:
    return {job.name: job for job in jobs_of(task, small_plan(), policy())}


def test_the_table_is_sound() -> None:
    steps.check()


@pytest.mark.fault("1.8")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"makes": "film"}, "step clip: unknown makes 'film'"),
        ({"per": "scene"}, "step clip: unknown per 'scene'"),
        ({"script": ""}, "step clip: script '' is no file name"),
        ({"script": "../clip.py"}, "is no file name"),
        ({"after": ("upload",)}, "step clip comes after upload"),
        ({"price": "gold"}, "step clip: there is no price 'gold'"),
    ],
)
def test_a_row_that_cannot_be_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], told: str
) -> None:
    monkeypatch.setitem(STEPS, "clip", replace(STEPS["clip"], **change))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=re.escape(told)):
        steps.check(prices=Prices().micros())


@pytest.mark.fault("1.8")
@pytest.mark.parametrize(("module", "name"), [("board", "NOUNS"), ("expect", "BY_STEP")])
def test_a_table_without_a_row_for_a_step_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    table = getattr(importlib.import_module(f"videod.core.{module}"), name)
    monkeypatch.delitem(table, "cut")
    with pytest.raises(ValueError, match=f"core/{module}.{name} has no row for cut"):
        steps.check()


@pytest.mark.fault("1.8")
def test_every_table_over_the_steps_and_over_what_they_make_is_complete() -> None:
    steps.check({"settings": Scripts.model_fields, "latency": USUAL}, Prices().micros())
    with pytest.raises(ValueError, match="settings has no row for plan, image"):
        steps.check({"settings": ()})
    made = set(steps.Makes) - {steps.Makes.NOTHING}
    assert set(inspector._NAMES) == made
    assert set(decode.FORMATS) == set(decode.CODECS) == {"video", "audio"}
    for makes in made:
        assert inspector._is("nothing of the kind", makes) is False


def test_every_paid_step_is_priced_and_behind_its_gate() -> None:
    assert {step.name for step in STEPS.values() if step.paid} == {"plan", "image", "clip", "narration", "sound_effect"}
    gates = {name: step.gate for name, step in STEPS.items()}
    assert gates["clip"] == Gate.ASSETS
    assert gates["narration"] == gates["sound_effect"] == Gate.VIDEO
    assert gates["upload"] == Gate.FINAL


def test_every_job_has_a_command_with_its_output_in_the_workspace(task: Task) -> None:
    for job in jobs(task).values():
        command = STEPS[job.step].argv(job, studio(task))
        assert all(isinstance(part, str) for part in command.argv)
        if job.step != "cleanup":
            output = command.argv[command.argv.index("--output") + 1]
            assert output == f"/w/{STEPS[job.step].output(job, task)}"


def test_no_two_jobs_write_the_same_file(task: Task) -> None:
    outputs = [STEPS[job.step].output(job, task) for job in jobs(task).values() if job.step != "cleanup"]
    assert len(outputs) == len(set(outputs))


def test_a_redo_writes_beside_the_older_take(task: Task) -> None:
    job = jobs(task)["clip/clip_01"]
    assert STEPS["clip"].output(job, task) == "videos/clip_01.mp4"
    assert STEPS["clip"].output(replace(job, revision=2), task) == "videos/clip_01_r2.mp4"


def test_permission_to_buy_again_reaches_the_script_only_when_given(task: Task) -> None:
    job = jobs(task)["clip/clip_01"]
    assert "--buy-again" not in STEPS["clip"].argv(job, studio(task)).argv
    assert "--buy-again" in STEPS["clip"].argv(replace(job, buy_again=True), studio(task)).argv


def test_the_upload_says_all_that_youtube_must_know(task: Task) -> None:
    command = STEPS["upload"].argv(jobs(task)["upload/film"], studio(task))
    assert {"--not-made-for-kids", "--synthetic-media", "--privacy", "--marker"} <= set(command.argv)
    assert command.argv[command.argv.index("--marker") + 1] == f"videod:{task.id}"
    assert command.argv[command.argv.index("--tags") + 1] == "a,b,bear"
    assert command.files["upload/description.txt"] == "A bear crosses a river. by Wild"


def test_the_manifest_names_every_clip_with_its_cut(task: Task) -> None:
    command = STEPS["assemble"].argv(jobs(task)["assemble/film"], studio(task))
    assert '"clip_number": 2' in command.files["plan/manifest.json"]
    assert "/w/made/cut_clip_02" in command.files["plan/manifest.json"]


def test_the_digest_follows_content_not_place() -> None:
    step = STEPS["cut"]
    here = Command(("--video", "/here/a.mp4", "--output", "/here/out.mov"))
    there = Command(("--video", "/there/a.mp4", "--output", "/there/out.mov"))
    first = digest(step, here, PurePosixPath("/here"), {"/here/a.mp4": "sha1"})
    assert first == digest(step, there, PurePosixPath("/there"), {"/there/a.mp4": "sha1"})
    assert first != digest(step, here, PurePosixPath("/here"), {"/here/a.mp4": "sha2"})


def test_characters_that_are_cut_out_are_asked_for_before_something_plain(task: Task) -> None:
    made = jobs(task)
    assert "isolated on a plain" in str(made["image/bear_core"].args["prompt"])
    assert "isolated" not in str(made["image/place_1"].args["prompt"])


def test_every_image_prompt_begins_with_the_atmosphere(task: Task) -> None:
    images = [job for job in jobs(task).values() if job.step == "image"]
    assert all(str(job.args["prompt"]).startswith("Dawn mist, soft light.") for job in images)


def test_a_narration_is_priced_by_its_characters(task: Task) -> None:
    job = jobs(task)["narration/clip_01"]
    assert job.price_micros == round(80_000 * len(str(job.args["text"])) / 1000)
