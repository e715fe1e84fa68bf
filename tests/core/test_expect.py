"""What each step must make, and how a file that is something else is reported in words."""

from dataclasses import replace

import pytest

from videod.core.expect import expectation
from videod.core.media_checks import Decoded, Heard, Seen, objection, objection_to_bytes, objection_to_size
from videod.core.model import Job
from videod.core.statuses import JobState
from videod.core.step import Expectation
from videod.core.tables import STEPS

SEEN = Seen("h264", 1920, 1080, 241, 10.04, 0.0)
HEARD = Heard("aac", 48_000, 10.0, -24.0, -6.0)
CLIP = Expectation(min_s=7.5, max_s=16.0, about_s=10.0, min_side=240)


def job(step: str, key: str = "clip_01", seconds: float | None = None, **args: object) -> Job:
    """A job of `step`; `seconds` is the length that was found of its output."""
    facts: dict[str, object] = {} if seconds is None else {"duration_s": seconds}
    return Job("t", "c", step, key, STEPS[step].service, JobState.READY, args=args, facts=facts)


def found(seen: Seen | None = SEEN, heard: Heard | None = HEARD, claimed: float | None = None) -> Decoded:
    return Decoded(claimed, None, seen, heard)


def parts(*lengths: tuple[float, float, float]) -> tuple[list[str], list[Job]]:
    """Keys and jobs of clips of which clip, narration and cut have these lengths."""
    keys, jobs = [], []
    for number, (clip, narration, cut) in enumerate(lengths, 1):
        key = f"clip_{number:02d}"
        keys.append(key)
        jobs += [job("clip", key, clip), job("narration", key, narration), job("cut", key, cut)]
    return keys, jobs


def test_every_step_that_makes_a_file_has_an_expectation_of_its_own() -> None:
    for step in STEPS.values():
        if step.makes != "nothing":
            assert expectation(job(step.name)) != Expectation(), step.name


@pytest.mark.parametrize(("asked", "delivered"), [(10, 10.04), (10, 8.0), (5, 5.04), (5, 5.1), (10, 15.0)])
def test_what_services_really_deliver_passes(asked: int, delivered: float) -> None:
    assert objection(found(replace(SEEN, seconds=delivered), None), "video", expectation(_clip(asked))) is None


def _clip(asked: int) -> Job:
    return replace(job("clip"), args={"seconds": asked})


def test_a_clip_far_too_short_is_reported_with_what_was_asked() -> None:
    short = replace(SEEN, seconds=4.1, pictures=98)
    assert objection(found(short, None), "video", expectation(_clip(10))) == "lasts 4.1 s instead of about 10.0 s"


def test_a_file_that_claims_hours_is_reported_by_its_claim_although_little_of_it_was_read() -> None:
    told = objection(found(replace(SEEN, seconds=17.0, pictures=408), None, claimed=3600.0), "video", CLIP)
    assert told == "lasts 3600.0 s instead of about 10.0 s"


def test_a_file_that_ends_before_its_header_says_breaks_off() -> None:
    assert objection(found(claimed=13.0), "video", CLIP) == "breaks off: 10.0 s of 13.0 s are there"
    assert objection(found(claimed=10.1), "video", CLIP) is None


def test_a_guessed_length_counts_only_where_the_decoder_stumbled() -> None:
    calm = Decoded(None, 13.0, None, HEARD)
    assert objection(calm, "audio", Expectation()) is None
    stumbled = replace(calm, complaints=True)
    assert objection(stumbled, "audio", Expectation()) == "is damaged: 10.0 s of 13.0 s can be played"


def test_black_is_reported_whole_or_by_its_share_and_a_fade_passes() -> None:
    assert objection(found(replace(SEEN, black=1.0)), "video", CLIP) == "is black from start to end"
    assert objection(found(replace(SEEN, black=0.95)), "video", CLIP) == "is black for 95% of its length"
    assert objection(found(replace(SEEN, black=0.3)), "video", CLIP) is None


def test_a_single_picture_stretched_over_the_whole_length_is_no_clip() -> None:
    assert objection(found(replace(SEEN, pictures=2)), "video", CLIP) == "has only 2 pictures in 10.0 s"


def test_a_thumbnail_is_too_small_in_either_direction() -> None:
    told = "is only 1280x144 pixels, each side needs 240"
    assert objection(found(replace(SEEN, width=1280, height=144)), "video", CLIP) == told
    assert objection_to_size(1280, 144, CLIP) == told


@pytest.mark.parametrize(("mean", "peak", "silent"), [(-91, -91, True), (-120, -40, True), (-48, -30, False)])
def test_silence_is_neither_hiss_nor_a_whisper(mean: float, peak: float, silent: bool) -> None:
    told = objection(Decoded(None, None, None, replace(HEARD, mean_db=mean, peak_db=peak)), "audio", Expectation())
    assert (told is not None and told.startswith("is silent")) == silent


def test_a_silent_track_is_no_fault_of_a_clip_but_of_a_film() -> None:
    hushed = found(heard=replace(HEARD, peak_db=-90.0))
    assert objection(hushed, "video", CLIP) is None
    assert objection(hushed, "video", replace(CLIP, heard=True)) == "is silent (average -24 dB, loudest moment -90 dB)"
    assert objection(found(heard=None), "video", replace(CLIP, heard=True)) == "holds no sound"
    early = found(heard=replace(HEARD, seconds=2.0))
    assert objection(early, "video", replace(CLIP, heard=True)) == "has sound for 2.0 s of its 10.0 s"


def test_a_file_without_the_kind_of_stream_that_was_due_says_so() -> None:
    assert objection(found(seen=None), "video", CLIP) == "holds no video"
    assert objection(found(heard=None), "audio", Expectation()) == "holds no sound"


def test_sizes_have_bounds() -> None:
    expected = expectation(_clip(10))
    assert objection_to_bytes(0, expected) == "is empty"
    assert objection_to_bytes(0, Expectation(min_bytes=0)) is None  # a film without a word has captions without one
    assert objection_to_bytes(37, expected) == "has only 37 bytes"
    assert objection_to_bytes(600 << 20, expected) == "has 600 MiB, more than 512"
    assert objection_to_bytes(12 << 20, expected) is None


@pytest.mark.parametrize(
    ("text", "seconds", "fits"),
    [("The bear waits beside the cold river.", 2.9, True), ("The bear waits beside the cold river. " * 3, 0.9, False),
     ("He waits.", 0.5, True), ("The bear waits beside the cold river.", 60.0, False)],
)  # fmt: skip
def test_a_narration_lasts_about_as_long_as_its_words_take(text: str, seconds: float, fits: bool) -> None:
    expected = expectation(job("narration", text=text))
    told = objection(Decoded(None, None, None, replace(HEARD, seconds=seconds)), "audio", expected)
    assert (told is None) == fits


def test_a_cut_lasts_about_as_long_as_its_narration() -> None:
    _, jobs = parts((10.04, 7.5, 0.0))
    cut = job("cut", video="clip/clip_01", audio="narration/clip_01", sfx="sound_effect/clip_01")
    expected = expectation(cut, jobs)
    assert objection(found(replace(SEEN, seconds=7.9, pictures=190)), "video", expected) is None
    short = objection(found(replace(SEEN, seconds=4.0, pictures=96)), "video", expected)
    assert short == "lasts 4.0 s instead of about 7.5 s"
    quiet = [job("clip", "clip_01", 10.04), job("narration", "clip_01", 9.0)]
    assert objection(found(replace(SEEN, seconds=6.0, pictures=144)), "video", expectation(cut, quiet)) is None
    assert expectation(cut).max_s > 60, "without its parts' lengths the bounds are wide"


def test_a_film_lasts_the_sum_of_its_cuts_with_room_for_intro_and_outro() -> None:
    keys, jobs = parts((10.0, 7.5, 7.75), (10.0, 8.0, 8.25), (10.0, 7.0, 7.25))
    expected = expectation(job("assemble", "film", clips=keys), jobs)
    assert expected.about_s == 23.25
    assert objection(_film(23.25), "video", expected) is None
    assert objection(_film(23.25 + 12), "video", expected) is None
    assert objection(_film(16.0), "video", expected) == "lasts 16.0 s instead of about 23.2 s"


def test_another_assembly_may_cut_its_own_way() -> None:
    keys, jobs = parts((10.0, 7.5, 7.75), (10.0, 8.0, 8.25), (10.0, 7.0, 7.25))
    film = job("assemble", "film", clips=keys)
    # cut to the bare narration, or whole clips one after the other
    for seconds in (22.5, 30.0):
        assert objection(_film(seconds), "video", expectation(film, jobs, foreign=True)) is None
    assert objection(_film(15.0), "video", expectation(film, jobs, foreign=True)) is not None


def _film(seconds: float) -> Decoded:
    return found(replace(SEEN, seconds=seconds, pictures=round(24 * seconds)), replace(HEARD, seconds=seconds))


@pytest.mark.fault("10.5")
@pytest.mark.parametrize("foreign", [True, False])
def test_a_film_of_a_channel_without_intro_and_outro_is_no_longer_than_its_parts(foreign: bool) -> None:
    jobs = [job("cut", f"clip_{n:02d}", 7.75) for n in (1, 2, 3)]
    film = job("assemble", "film", clips=["clip_01", "clip_02", "clip_03"])
    expected = expectation(film, jobs, foreign=foreign, extras=False)
    assert objection(_film(23.25), "video", expected) is None
    assert objection(_film(25.0), "video", expected) is None
    assert objection(_film(30.0), "video", expected) == "lasts 30.0 s instead of about 23.2 s"
    assert objection(_film(30.0), "video", expectation(film, jobs, foreign=foreign, extras=True)) is None


@pytest.mark.fault("10.5")
@pytest.mark.parametrize(("silent_end_s", "sound_s"), [(26.0, 60.0), (0.0, 34.0), (13.0, 47.0)])
def test_a_film_that_ends_in_silence_is_refused_unless_an_outro_may_be_silent(
    silent_end_s: float, sound_s: float
) -> None:
    found = Decoded(
        60.0, None, Seen("h264", 1920, 1080, 1440, 60.0, 0.0), Heard("aac", 48_000, sound_s, -20, -3, silent_end_s)
    )
    film = job("assemble", "film", clips=["clip_01"])
    jobs = [job("cut", "clip_01", 60.0)]
    assert objection(found, "video", expectation(film, jobs, extras=False)) == "is silent for its last 26.0 s"
    assert objection(found, "video", expectation(film, jobs, extras=True)) is None
