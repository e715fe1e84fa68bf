"""What is odd about a made file is said in words at the reviews; nothing of it is refused, and good files are quiet."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from videod.core import alike_pictures, content, held_against
from videod.core.content import Content, Frame, Sound
from videod.core.model import Job
from videod.core.statuses import JobState

GOOD = tuple(Frame(at / 24, 110 + at % 3, 120, 132, 40, 1.5, black=False) for at in range(240))


def seen(frames: Sequence[Frame] = GOOD, **more: object) -> str:
    return "; ".join(content.oddities(replace(Content(10.0, tuple(frames)), **more), "clip"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "frames"),
    [
        ("black for 4.0 s from 2.0 s", [replace(one, black=48 <= at < 144) for at, one in enumerate(GOOD)]),
        ("a single color", [replace(one, spread=1.0) for one in GOOD]),
        ("hardly any contrast", [replace(one, spread=8.0) for one in GOOD]),
        ("flickers", [replace(one, luma=60 + 100 * (at % 2)) for at, one in enumerate(GOOD)]),
    ],
)
def test_a_dead_picture_is_named(said: str, frames: list[Frame]) -> None:
    assert seen() == "" and said in seen(frames)


def test_bars_upright_and_frozen_pictures_are_named() -> None:
    assert "above and below" in seen(bars=(0.2, 0.0)) and "left and right" in seen(bars=(0.0, 0.2))
    assert "upright" in seen(size=(1080, 1920)) and seen(size=(1920, 1080)) == ""
    assert "frozen for 4.0 s from 3.0 s" in seen(frozen=((3.0, 7.0),)) and "not move" in seen(frozen=((0.0, 9.9),))


def test_colors_that_leave_the_scene_are_named() -> None:
    gone = [replace(one, red=132 + at / 4) for at, one in enumerate(GOOD)]
    assert content.drifts(GOOD) is None and "changes its colors" in str(content.drifts(gone))


def voice(*changes: tuple[int, int, float]) -> Sound:
    """Syllables for 5 s; changes: from, to (parts of 0.05 s), level."""
    levels = [-18.0 if at % 4 < 2 else -42.0 - at % 7 * 3 for at in range(100)]
    for begin, end, level in changes:
        levels[begin:end] = [level] * (end - begin)
    return Sound(tuple(levels), (-22.0,), 0.0, -22.0, -6.0)


def heard(sound: Sound, step: str = "narration") -> str:
    return "; ".join(content.oddities(Content(5.0, sound=sound), step))


@pytest.mark.parametrize(
    ("said", "sound"),
    [
        ("silent from 1.5 s on for 2.5 s", voice((30, 80, -90.0))),
        ("silent from 2.0 s on to its end", voice((40, 100, -90.0))),
        ("left side only", replace(voice(), sides=(-20.0, -55.0))),
        ("out of phase", replace(voice(), sides=(-20.0, -20.0), mean_db=-12.0)),
        ("DC offset 0.20", replace(voice(), offset=0.2)),
        ("steady tone", voice((0, 100, -20.0))),
        ("never stops", replace(voice(), levels=tuple(max(level, -32.0) for level in voice().levels))),
        ("overdriven", replace(voice(), mean_db=-6.0, peak_db=0.0)),
    ],
)
def test_a_spoiled_narration_is_named(said: str, sound: Sound) -> None:
    assert heard(voice()) == "" and said in heard(sound)


def test_speech_in_an_effect_is_named_and_weather_is_not() -> None:
    wind = Sound(tuple(-30 + 3 * ((at * 7) % 11) / 10 for at in range(120)), (-28.0, -28.0), 0.0, -28.0, -12.0)
    assert heard(wind, "sound_effect") == ""
    assert "somebody is speaking" in heard(replace(voice(), sides=()), "sound_effect")


def job(step: str, key: str, facts: dict[str, object] | None = None, **args: object) -> Job:
    return Job("t", "wild", step, key, "kie", JobState.DONE, args=args, facts=facts or {}, sha256=f"{step}{key}")


def look(turn: int = 0) -> str:
    return bytes((10 * (at % 16) + 9 * ((at // 16 + turn) % 9)) % 256 for at in range(144) for _ in range(3)).hex()


def warnings(one: Job, facts: dict[str, object], *others: Job, sha256: str = "own") -> str:
    found = held_against.warned(one, facts, others, sha256).get(held_against.WARNINGS, [])
    assert isinstance(found, list)
    return "; ".join(str(each) for each in found)


def test_a_clip_is_held_against_its_length_its_shape_and_its_picture() -> None:
    clip = replace(job("clip", "clip_01", seconds=10), needs=("composite/clip_01",))
    picture = job("composite", "clip_01", {"look": look()})
    good: dict[str, object] = {"duration_s": 10.0, "width": 1924, "height": 1076, "look": look()}
    assert warnings(clip, good, picture) == ""
    assert "instead of 10 s" in warnings(clip, good | {"duration_s": 9.0}, picture)
    assert "a different shape" in warnings(clip, good | {"width": 1080}, picture)
    upside = "".join(look()[at : at + 96] for at in range(768, -1, -96))
    assert "picture" in warnings(clip, good | {"look": upside}, picture)
    assert alike_pictures.likeness(look(), look()) == pytest.approx(1.0)


def test_a_still_shot_may_move_as_slowly_as_it_likes() -> None:
    facts: dict[str, object] = {held_against.WARNINGS: ["does not move at all", "has black bars above and below"]}
    assert "move" in warnings(job("clip", "clip_01"), facts)
    assert "move" not in warnings(job("clip", "clip_01", still=True), facts)
    assert "bars" in warnings(job("assemble", "film"), facts, job("clip", "clip_01", still=True))


def test_a_narration_is_held_against_the_rate_of_the_others_and_their_files() -> None:
    text = "a line of forty-eight letters, give or take some"
    others = [job("narration", f"clip_0{n}", {"speech_s": 3.0}, text=text) for n in range(2, 6)]
    own = job("narration", "clip_01", text=text)
    assert warnings(own, {"speech_s": 3.2}, *others) == ""
    assert "check that it says its text" in warnings(own, {"speech_s": 1.5}, *others)
    assert "same file as clip_03" in warnings(own, {"speech_s": 3.0}, *others, sha256="narrationclip_03")


def test_a_film_is_held_against_its_clips() -> None:
    marks = [bytes((40 * n + 30, 100 + 9 * n, 140 - 7 * n, 30 + 10 * n) * 5).hex() for n in range(4)]
    cuts = [job("cut", f"clip_0{n + 1}", {"marks": one}) for n, one in enumerate(marks)]
    film = job("assemble", "film")
    shape: dict[str, object] = {"width": 1920, "height": 1080}
    assert warnings(film, shape | {"marks": "".join(marks)}, *cuts) == ""
    intro = "7f7f7f7f" * 6
    assert warnings(film, shape | {"marks": intro + "".join(marks)}, *cuts) == ""
    swapped = marks[0] + marks[2] + marks[1] + marks[3]
    assert "clip_02, clip_03" in warnings(film, shape | {"marks": swapped}, *cuts)
    assert "clip_04" in warnings(film, shape | {"marks": "".join(marks[:3])}, *cuts)
    assert "other pictures" in warnings(film, shape | {"marks": "f0f0f0f0" * 20}, *cuts)


def test_warnings_are_read_at_the_review_that_shows_the_file() -> None:
    from videod.core.statuses import Gate

    odd = job("clip", "clip_03", {held_against.WARNINGS: ["is frozen for 4.0 s from 3.0 s on"]})
    assert held_against.sentences([odd]) == ("clip clip_03 is frozen for 4.0 s from 3.0 s on",)
    assert held_against.sentences([odd], Gate.VIDEO) and not held_against.sentences([odd], Gate.ASSETS)
    assert not held_against.sentences([replace(odd, state=JobState.WAITING)])
