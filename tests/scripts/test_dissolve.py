"""Title and dissolve made inside a cut: in their pictures, and in no others; the rest of the film stays copies."""

from pathlib import Path

import pytest
from PIL import Image

from scripts import assemble_video, cut_clip
from scripts.lib import title_card
from scripts.lib.film import checked, picture_format
from tests.core.paper import PLAN
from tests.core.test_steps import context
from tests.core.test_still_shots import TASK, jobs
from tests.scripts import media
from tests.scripts.conftest import Run
from videod.core.tables import step_of


def test_a_title_stands_at_the_left_above_where_captions_are(tmp_path: Path) -> None:
    made = title_card.overlay("The River That Never Sleeps: A Bear at the Narrows", 4.0, 24, tmp_path)
    assert made is not None and made.what == "title"
    assert (made.first, made.end, made.fade) == (10, 106, 14)
    with Image.open(made.path) as picture:
        assert made.top + picture.height <= 880 and made.left + picture.width <= picture_format.WIDTH
        seen = picture.getchannel("A").point(lambda value: 255 if value > 250 else 0).getbbox()
        assert seen is not None and seen[2] - seen[0] > 300
    assert title_card.overlay("  ", 4.0, 24, tmp_path) is None


def test_only_a_shot_in_another_place_dissolves_and_waits_for_the_one_before() -> None:
    plain, found = jobs(PLAN), jobs(PLAN, dissolve_s=0.5)
    assert all("dissolve" not in job.args for job in plain.values())
    going = [name for name, job in found.items() if "dissolve" in job.args]
    assert going and "cut/clip_01" not in going
    job = found[going[0]]
    before = job.args["after"]
    assert {f"clip/{before}", f"cut/{before}"} <= set(job.needs)
    outputs = {name: f"made/{name.replace('/', '_')}" for name in found}
    at = context(TASK, outputs=outputs, ordered={}, title_s=4.0)
    step = step_of(job)
    assert step.besides is not None
    words = step.besides(job, at)
    assert words[:2] == ("--dissolve", "0.5") and words[-1].endswith(f"cut_{before}")
    assert step.besides(found["cut/clip_01"], at) == ("--title", TASK.title, "--title-seconds", "4")


@pytest.mark.parametrize(("option", "value"), [("--dissolve", "1.5"), ("--dissolve", "0.5"), ("--title-seconds", "31")])
def test_what_cannot_be_asked_for_is_said(tmp_path: Path, run: Run, option: str, value: str) -> None:
    ran = run(cut_clip.main, "--video", tmp_path / "v.mp4", "--output", tmp_path / "c.mov", option, value)
    assert ran.code == 64 and option in ran.stderr


@pytest.mark.long
def test_a_cut_comes_over_what_goes_and_the_film_copies_both(tmp_path: Path, run: Run) -> None:
    voice = media.sound(tmp_path / "n.wav", "sine=f=300:r=48000:d=1")
    for name, color in (("one", "0x202020"), ("two", "0xe0e0e0")):
        source = f"color=c={color}:s=1920x1080:r=24:d=8"
        media.make(tmp_path / f"{name}.mp4", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-g", "12")
    first, second = tmp_path / "one.mov", tmp_path / "two.mov"
    words = ("--audio", voice, "--least", "2", "--lead", "0.2", "--tail", "0.2", "--inspected")
    ran = run(cut_clip.main, "--video", tmp_path / "one.mp4", "--output", first, *words, "--title", "Dawn")
    assert ran.code == 0 and ran.result["encoded_because"] == "title drawn", ran.stderr
    ran = run(cut_clip.main, "--video", tmp_path / "two.mp4", "--output", second, *words, "--dissolve", "0.5",
              "--after-clip", tmp_path / "one.mp4", "--after-cut", first)  # fmt: skip
    assert ran.code == 0 and ran.result["encoded_because"] == "dissolves from the shot before", ran.stderr
    checked.certificate_path(first).rename(tmp_path / "elsewhere.json")
    alone = run(cut_clip.main, "--video", tmp_path / "two.mp4", "--output", tmp_path / "three.mov", *words,
                "--dissolve", "0.5", "--after-clip", tmp_path / "one.mp4", "--after-cut", first)  # fmt: skip
    assert alone.code == 0 and alone.result["copied"] and "Nothing certifies where one.mov ends" in alone.stderr
    light = media.brightness(second)
    assert len(light) == ran.result["frames"] and light[0] < 60 and light[6] == pytest.approx(128, abs=16)
    assert light[:13] == sorted(light[:13]) and min(light[13:]) > 210
    rows = [{"clip_number": number, "video": "x", "audio": "x", "cut": str(cut)}
            for number, cut in enumerate((first, second), start=1)]  # fmt: skip
    film = tmp_path / "film.mp4"
    ran = run(assemble_video.main, "--manifest", media.manifest(tmp_path / "m.json", rows), "--output", film)
    assert ran.code == 0 and ran.result["reencoded_clips"] == [], ran.stderr
    assert ran.result["frames"] == len(light) + len(media.brightness(first))
