import json
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.core.book import Book, small_plan
from tests.harness.world import policy
from videod.adapters import decode, inspector, sniff
from videod.core import tables
from videod.core.expand import first_job, jobs_of
from videod.core.model import Job, Task
from videod.core.music import Track
from videod.core.statuses import Gate
from videod.core.step import BOARD_TAKES, Command, CommandContext, Makes, Price, digest
from videod.core.tables import STEPS
from videod.credentials import SECRET_NAMES
from videod.sandbox.notion import uploads


def context(task: Task, **changes: object) -> CommandContext:
    names = {job.name: f"made/{job.step}_{job.key}" for job in jobs_of(task, small_plan(), policy())}
    made = CommandContext(
        workspace=PurePosixPath("/w"), task=task, channel_name="Wild", brand="calm", voice_id="v1",
        voice={"stability": 0.4, "similarity": 0.75, "style": 0.12}, language="en", privacy="private", category="15",
        made_for_kids=False, description_template="{description} by {channel}", tags=("a", "b"), clips=2, images=3,
        models={"text": "t", "text_light": "tl", "image": "i", "video": "v", "voice": "n"}, image_host="kie",
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
    tables.check(SECRET_NAMES)


def test_the_order_of_work_follows_from_what_the_steps_say() -> None:
    way = ("plan", "image", "composite", "split_screen", "clip", "narration", "sound_effect", "cut", "assemble")
    assert [name for name in STEPS if name in (*way, "upload", "cleanup")] == [*way, "upload", "cleanup"]
    mixed = dict(sorted(STEPS.items(), key=lambda row: row[0][::-1]))
    assert list(tables.in_order(mixed)) == list(STEPS)


@pytest.mark.fault("1.8")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"makes": "film"}, "`makes` 'film' is none of json, image"),
        ({"per": "scene"}, "`per` 'scene' is none of episode, image, clip"),
        ({"error": "error_clips"}, "`error` 'error_clips' is none of draft"),
        ({"script": ""}, "`script` '' is not the name of a file in scripts/"),
        ({"script": "../clip.py"}, "is not the name of a file in scripts/"),
        ({"noun": ""}, "`noun` is empty"),
        ({"suffix": ""}, "`suffix` '' is not a suffix"),
        ({"suffix": ".srt"}, "`shown_as`: the board takes no .srt file"),
        ({"secrets": ("KIE_API_KEY", "OTHER_KEY")}, "`secrets`: no service has OTHER_KEY"),
        ({"after": ("upload",)}, "`after` makes a circle: upload comes after clip"),
        ({"after": ("clip",)}, "`after` makes a circle: clip comes after clip"),
        ({"after": ("composite", "poem")}, "`after` names poem, which is not a step"),
        ({"after": ("composite",)}, "`after` lacks split_screen, which clip/clip_03 needs"),
        ({"review": None}, "`review` is missing"),
        ({"review": Gate.ASSETS}, "`review` assets would wait for a step that waits for it"),
        ({"price": Price("image", setting="gold")}, "`price` 'image' is another one"),
        ({"jobs": lambda task, plan, policy: 1 / 0}, "`jobs` fails on a small plan: ZeroDivisionError"),
        ({"jobs": STEPS["image"].jobs}, "`jobs` makes image/a, a job of another step"),
    ],
)
def test_a_step_that_cannot_be_is_named_at_the_start_by_file_and_field(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], told: str
) -> None:
    monkeypatch.setitem(STEPS, "clip", replace(STEPS["clip"], **change))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"videod/core/steps/clip\.py: .*" + re.escape(told)):
        tables.check(SECRET_NAMES)


@pytest.mark.fault("1.8")
def test_a_step_file_that_forgets_a_field_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = (Path(tables.__file__).parent / "steps" / "cut.py").read_text().splitlines(keepends=True)
    left = [line for line in lines if not line.startswith(("    noun=", "    usual="))]
    assert len(left) == len(lines) - 2
    (tmp_path / "half_a_step.py").write_text("".join(left))
    (tmp_path / "no_step.py").write_text("")
    (tmp_path / "cut_again.py").write_text("".join(lines))
    monkeypatch.setattr(tables.folder, "__path__", [*tables.folder.__path__, str(tmp_path)])
    found, _, faults = tables._found()
    assert faults == [
        "videod/core/steps/cut_again.py: `name` 'cut' is taken by videod/core/steps/cut.py",
        "videod/core/steps/half_a_step.py: `noun`, `usual` missing. videod/core/step.py says what every field is",
        "videod/core/steps/no_step.py: there is no `STEP`",
    ]
    assert set(found) == set(STEPS)
    monkeypatch.setattr(tables, "_FAULTS", faults)
    with pytest.raises(ValueError, match=r"half_a_step\.py: `noun`, `usual` missing"):
        tables.check()


@pytest.mark.fault("1.8")
def test_what_steps_make_is_known_to_everyone_who_looks_at_it() -> None:
    made = set(Makes) - {Makes.NOTHING}
    assert set(inspector._NAMES) == made
    assert set(decode.FORMATS) == set(decode.CODECS) == {"video", "audio"}
    assert {makes for content in sniff.KNOWN for makes in content.serves} == {makes.value for makes in made}
    assert uploads.EXTENSIONS >= BOARD_TAKES


def test_every_paid_step_is_priced_and_behind_its_gate() -> None:
    assert {step.name for step in STEPS.values() if step.paid} >= {"plan", "image", "clip", "narration", "sound_effect"}
    gates = {name: step.gate for name, step in STEPS.items()}
    assert gates["clip"] == Gate.ASSETS
    assert gates["narration"] == gates["sound_effect"] == Gate.VIDEO
    assert gates["upload"] == Gate.FINAL


def test_every_job_has_a_command_with_its_output_in_the_workspace(task: Task) -> None:
    for job in jobs(task).values():
        command = STEPS[job.step].argv(job, context(task))
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
    assert "--buy-again" not in STEPS["clip"].argv(job, context(task)).argv
    assert "--buy-again" in STEPS["clip"].argv(replace(job, buy_again=True), context(task)).argv


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(
    ("code", "told", "published"),
    [
        ("en", None, "en"),
        ("de", "de", "de"),
        ("pt-BR", "pt", "pt-BR"),
        ("cmn-Hans", "zh", "zh-Hans"),
        ("nb", "no", "no"),
    ],
)
def test_the_language_reaches_planner_voice_and_video(task: Task, code: str, told: str | None, published: str) -> None:
    at = context(task, language=code)
    for step, name in (("narration", "narration/clip_01"), ("upload", "upload/film")):
        argv = STEPS[step].argv(jobs(task)[name], at).argv
        said = argv[argv.index("--language") + 1] if "--language" in argv else None
        assert said == (published if step == "upload" else told), step
    plan = STEPS["plan"].argv(first_job(task, policy()), at).argv
    assert ("--language" in plan) == (told is not None)


def test_the_upload_says_all_that_youtube_must_know(task: Task) -> None:
    command = STEPS["upload"].argv(jobs(task)["upload/film"], context(task))
    assert {"--not-made-for-kids", "--synthetic-media", "--privacy", "--marker"} <= set(command.argv)
    assert command.argv[command.argv.index("--marker") + 1] == f"videod:{task.id}"
    assert command.argv[command.argv.index("--tags") + 1] == "a,b,bear"
    assert command.files["upload/description.txt"] == "A bear crosses a river. by Wild"


def test_the_manifest_names_every_clip_with_its_cut(task: Task) -> None:
    command = STEPS["assemble"].argv(jobs(task)["assemble/film"], context(task))
    assert '"clip_number": 2' in command.files["plan/manifest.json"]
    assert "/w/made/cut_clip_02" in command.files["plan/manifest.json"]


def test_the_music_of_a_film_and_its_credit_in_the_description(task: Task) -> None:
    made = context(task, music=(Track("/brand/calm.mp3", ("calm",), "Music: Calm by A"),))
    argv = STEPS["assemble"].argv(jobs(task)["assemble/film"], made).argv
    assert argv[argv.index("--music") + 1] == "/brand/calm.mp3"
    assert argv[argv.index("--music-credit") + 1] == "Music: Calm by A"
    used = context(task, facts={"assemble/film": {"music_credit": "Music: Calm by A"}})
    files = STEPS["upload"].argv(jobs(task)["upload/film"], used).files
    assert files["upload/description.txt"].endswith("\n\nMusic: Calm by A")
    assert "--music" not in STEPS["assemble"].argv(jobs(task)["assemble/film"], context(task)).argv


def test_the_first_cut_opens_the_film_and_the_last_one_closes_it(task: Task) -> None:
    made = [STEPS["cut"].argv(job, context(task)).argv for job in jobs(task).values() if job.step == "cut"]
    flags = [[flag for flag in ("--opens", "--closes") if flag in argv] for argv in made]
    assert flags == [["--opens"], *[[]] * (len(made) - 2), ["--closes"]]


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


def test_a_watermark_goes_to_the_cuts_that_draw_it_and_to_the_film_that_makes_sure_of_it(task: Task) -> None:
    with_mark, bare = context(task, watermark="/brand/mark.png"), context(task)
    for name in ("cut/clip_01", "assemble/film"):
        command = STEPS[name.partition("/")[0]].argv(jobs(task)[name], with_mark)
        assert command.argv[command.argv.index("--watermark") + 1] == "/brand/mark.png"
        assert "--watermark" not in STEPS[name.partition("/")[0]].argv(jobs(task)[name], bare).argv


def said(task: Task, *texts: str) -> CommandContext:
    return context(
        task, ordered={f"narration/clip_{number:02d}": {"text": text} for number, text in enumerate(texts, start=1)}
    )


def test_a_narration_is_ordered_beside_those_before_and_after_it(task: Task) -> None:
    one = jobs(task)["narration/clip_02"]
    step = STEPS["narration"]
    found = step.argv(one, said(task, "The river falls.", "A bear waits.", "She steps in."))
    assert found.aside == ("--previous", "The river falls.", "--next", "She steps in.")
    # a shot where nobody speaks is passed over, and of an endless neighbor only the near end is sent
    far = step.argv(one, said(task, "x" * 500 + "end", "A bear waits.", " ", "She steps in."))
    assert far.aside == ("--previous", "x" * 397 + "end", "--next", "She steps in.")
    assert step.argv(jobs(task)["narration/clip_01"], said(task, "A bear waits.")).aside == ()


def test_a_corrected_neighbor_leaves_a_narration_as_it_was_ordered(task: Task) -> None:
    one, step = jobs(task)["narration/clip_02"], STEPS["narration"]
    before, after = (step.argv(one, said(task, text, "A bear waits.")) for text in ("It falls.", "It rises."))
    assert before.aside != after.aside
    assert digest(step, before, PurePosixPath("/w"), {}) == digest(step, after, PurePosixPath("/w"), {})


def test_only_a_held_shot_says_so_to_its_cut(task: Task) -> None:
    plan = small_plan()
    held = replace(plan, clips=(replace(plan.clips[0], hold=2.5), *plan.clips[1:]))
    made = {job.name: job for job in jobs_of(task, held, policy())}
    found = STEPS["cut"].argv(made["cut/clip_01"], context(task)).argv
    assert found[found.index("--hold") + 1] == "2.5"
    assert "--hold" not in STEPS["cut"].argv(made["cut/clip_02"], context(task)).argv
    ordered = {name: job.args for name, job in made.items()}
    (listed,) = STEPS["assemble"].argv(made["assemble/film"], context(task, ordered=ordered)).files.values()
    assert [clip.get("hold") for clip in json.loads(listed)["clips"]] == [2.5, None]
    assert made["cut/clip_02"].args == jobs(task)["cut/clip_02"].args, "an older plan's cuts are the same orders"
