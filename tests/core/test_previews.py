"""What the preview of a file is called, and at which rates it fits into what a board takes."""

import pytest

from videod.core.previews import ATTEMPTS, PICTURE, SOUND, VIDEO, kind_of, name_of, picture_side, video_rate

MIB = 1 << 20


@pytest.mark.parametrize(("name", "kind", "preview"), [
    ("clip_07.mp4", VIDEO, "clip_07-preview.mp4"), ("owls-1_final.MOV", VIDEO, "owls-1_final-preview.mp4"),
    ("bear.core.png", PICTURE, "bear.core-preview.jpg"), ("narration_01.wav", SOUND, "narration_01-preview.mp3"),
])  # fmt: skip
def test_a_preview_is_named_after_its_file_and_says_what_it_is(name: str, kind: str, preview: str) -> None:
    assert (kind_of(name), name_of(name)) == (kind, preview)


@pytest.mark.parametrize("name", ["plan.json", "captions.srt", "mp4", "png", "noend", ""])
def test_other_files_have_no_preview(name: str) -> None:
    assert kind_of(name) == ""


@pytest.mark.parametrize("limit", [5 * MIB, 2 * MIB])
@pytest.mark.parametrize("seconds", [10.0, 90.0, 180.0])
@pytest.mark.parametrize("kind", [VIDEO, SOUND])
def test_the_rates_fit_into_the_limit_and_sink_with_every_attempt(kind: str, seconds: float, limit: int) -> None:
    rates = [video_rate(kind, seconds, limit, attempt) for attempt in range(ATTEMPTS)]
    sizes = [(one.picture + one.sound) * 1000 / 8 * seconds for one in rates]
    assert sizes[0] <= limit and sizes == sorted(sizes, reverse=True)
    assert all(one.sound > 0 and (one.picture > 0) == (kind == VIDEO) for one in rates)


def test_a_film_of_three_minutes_fits_into_five_mib_and_a_clip_keeps_its_quality() -> None:
    film, clip = video_rate(VIDEO, 180, 5 * MIB, 0), video_rate(VIDEO, 10, 5 * MIB, 0)
    assert (film.height, clip.height) == (360, 720) and film.picture > 150 and clip.picture == 2500
    assert video_rate(VIDEO, 0, 5 * MIB, 0) == video_rate(VIDEO, 1, 5 * MIB, 0)


def test_pictures_get_smaller_too() -> None:
    sides = [picture_side(attempt)[0] for attempt in range(ATTEMPTS + 1)]
    assert sides == sorted(sides, reverse=True) and sides[0] == 1920
