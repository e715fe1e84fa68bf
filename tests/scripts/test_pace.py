"""How long a shot stands around its words, and what is done with a clip that is too short for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import assemble_video, cut_clip
from scripts.lib.film import pace
from scripts.lib.film.pace import Pace, of_film, taken
from tests.scripts import media
from tests.scripts.conftest import Run

FPS = 24
#: letters a narrator says in a second: slow, as most, fast
VOICES = (8, 15, 20)


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with media.films(media.SMALL):
        yield


# ------------------------------------------------------------------------------------------------- the rule


def film(speech: list[float], clip: int = 241) -> list[tuple[float, float, float]]:
    """(lead-in, words, tail) of every shot of a film with these narrations, seconds."""
    made = []
    for place, speech_s in enumerate(speech):
        wished = of_film(Pace(), place == 0, place == len(speech) - 1)
        length_s = taken(clip, speech_s, wished, FPS).frames / FPS
        lead_s = wished.lead_of(length_s, speech_s)
        made.append((lead_s, speech_s, length_s - lead_s - speech_s))
    return made


@pytest.mark.parametrize("rate", VOICES)
def test_a_film_whose_texts_are_ordered_for_its_voice_has_length_and_breath(rate: int) -> None:
    letters = [round(rate * seconds) for seconds in (6, 5.2, 6.8, 7.1, 4.9, 6) * 3]
    shots = film([count / rate for count in letters])
    total = sum(sum(shot) for shot in shots)
    assert 100 <= total <= 150
    assert total >= 0.55 * 18 * 241 / FPS
    assert 0.60 <= sum(words for _, words, _ in shots) / total <= 0.82
    pauses = [shots[place][2] + shots[place + 1][0] for place in range(17)]
    assert min(pauses) >= 1.2 and max(pauses) <= 3.0
    assert shots[0][0] >= 1.5 and shots[-1][2] >= 2.0


@pytest.mark.parametrize("rate", VOICES)
def test_a_film_with_short_texts_is_no_rush(rate: int) -> None:
    letters = [45, 61, 50, 57, 53, 59, 48, 61, 52] * 2
    shots = film([count / rate for count in letters])
    assert 100 <= sum(sum(shot) for shot in shots) <= 155
    assert sum(sum(shot) for shot in shots) >= 0.55 * 18 * 241 / FPS
    pauses = [shots[place][2] + shots[place + 1][0] for place in range(17)]
    assert min(pauses) >= 1.2 and max(pauses) <= 3.1


def test_a_cut_is_lead_in_words_and_tail_and_never_shorter_than_a_breath() -> None:
    assert taken(241, 6.0, Pace(), FPS).frames == round(7.7 * FPS + 0.4)
    assert taken(241, 2.0, Pace(), FPS).frames == round(5.5 * FPS)
    assert taken(121, 2.0, Pace(), FPS).frames == 121, "what the clip has"
    assert taken(241, 2.0, Pace(least_s=8.0), FPS).frames == 8 * FPS, "a shot that the plan holds"


def test_a_shot_that_the_plan_holds_stays_behind_its_words_as_far_as_its_clip_lasts() -> None:
    held = Pace(hold_s=2.0)
    assert taken(241, 4.0, held, FPS).frames == taken(241, 4.0, Pace(), FPS).frames + 2 * FPS
    assert taken(241, 7.5, held, FPS) == taken(241, 241 / FPS - 1.7, Pace(), FPS), "what the clip has"
    assert taken(241, 9.0, held, FPS) == taken(241, 9.0, Pace(), FPS), "nothing is slowed for it"
    # the words stay where they are; in what the clip has no room for, the hold goes first
    assert held.lead_of(7.7, 4.0) == pytest.approx(Pace().lead_of(5.7, 4.0))
    assert held.lead_of(6.0, 4.0) == pytest.approx(0.7) and held.lead_of(5.0, 4.0) == Pace().lead_of(5.0, 4.0)


def test_what_is_left_over_lies_before_and_behind_the_words() -> None:
    assert Pace().lead_of(5.5, 2.8) == pytest.approx(0.7 + 1.0 * 0.7 / 1.7)
    assert Pace(lead_s=0.0).lead_of(5.5, 2.8) == 0.0
    assert Pace().lead_of(8.0, 6.5) == pytest.approx(0.7 - 0.2 * 0.7 / 1.7)


@pytest.mark.parametrize("speech_s", [8.4, 8.8, 9.5, 10.0, 10.8, 11.4, 13.6, 20.0])
def test_a_clip_too_short_is_slowed_before_it_stands_and_stands_for_half_a_second(speech_s: float) -> None:
    found = taken(241, speech_s, Pace(), FPS)
    assert found.frames / FPS >= speech_s + 0.5 - 1 / FPS, "the words and a breath"
    assert found.held <= 0.5 * FPS
    if found.held:
        assert found.slower > 1.14
    if speech_s <= 11.4:
        assert found.slower <= pace.SLOWER_MAX
    if speech_s <= 8.8:
        assert found.slower == 1.0, "a little less tail costs no picture"


# ------------------------------------------------------------------------------------------------- on real files

pytestmark = pytest.mark.live


def beep(out: Path, before: float, length: float, behind: float) -> Path:
    wave = f"aevalsrc=0.5*sin(900*PI*t)*between(t\\,{before}\\,{before + length}):s=48000:d={before + length + behind}"
    return media.sound(out, wave)


def heard_from_to(path: Path) -> tuple[float, float]:
    heard = memoryview(media.samples(path)).cast("h")
    loud = [place for place in range(0, len(heard), 48) if max(map(abs, heard[place : place + 48])) > 300]
    return loud[0] / 48_000, (loud[-1] + 48) / 48_000


def test_silence_around_the_words_of_a_recording_is_left_out(tmp_path: Path, run: Run) -> None:
    video = media.clip(tmp_path / "clip.mp4", 6.0, media.SMALL)
    voice = beep(tmp_path / "voice.mp3", 1.5, 2.0, 2.0)
    out = tmp_path / "cut.mov"
    ran = run(cut_clip.main, "--video", video, "--audio", voice, "--output", out, "--least", "0")
    assert ran.code == 0, ran.stderr
    begins, ends = heard_from_to(out)
    assert ran.result["speech_s"] == pytest.approx(2.1, abs=0.1) and ran.result["narration_s"] > 5.4
    assert begins == pytest.approx(ran.result["lead_s"] + 0.03, abs=0.05)
    assert begins >= 0.7 and 1.0 <= ran.result["duration_s"] - ends <= 1.6


def test_a_silence_inside_a_narration_stays(tmp_path: Path, run: Run) -> None:
    video = media.clip(tmp_path / "clip.mp4", 6.0, media.SMALL)
    source = "aevalsrc=0.5*sin(900*PI*t)*(between(t\\,0.2\\,1)+between(t\\,2\\,3)):s=48000:d=3.5"
    voice = media.sound(tmp_path / "voice.wav", source)
    ran = run(cut_clip.main, "--video", video, "--audio", voice, "--output", tmp_path / "cut.mov", "--least", "0")
    assert ran.result["speech_s"] == pytest.approx(2.9, abs=0.03)


def test_a_clip_too_short_for_its_words_is_slowed_and_nothing_is_paused(tmp_path: Path, run: Run) -> None:
    video = media.clip(tmp_path / "short.mp4", 2.5, media.SMALL)
    voice = beep(tmp_path / "voice.wav", 0.0, 1.4, 0.0)
    out = tmp_path / "cut.mov"
    ran = run(cut_clip.main, "--video", video, "--audio", voice, "--output", out, "--least", "0")
    assert ran.code == 0, ran.stderr
    assert 1.0 < ran.result["slowed"] <= 1.15 and ran.result["held_s"] == 0.0 and ran.result["copied"] is False
    assert "slowed by" in ran.result["encoded_because"] and "short.mp4" in ran.stderr
    sums = media.picture_sums(out)
    assert len(sums) == ran.result["frames"] and len(set(sums)) >= len(sums) - 4
    begins, ends = heard_from_to(out)
    assert ends - begins == pytest.approx(1.4, abs=0.02)


def test_words_much_longer_than_the_clip_are_all_there_and_hardly_a_picture_stands(tmp_path: Path, run: Run) -> None:
    video = media.clip(tmp_path / "short.mp4", 1.0, media.SMALL)
    voice = beep(tmp_path / "long.wav", 0.0, 2.0, 0.0)
    out = tmp_path / "cut.mov"
    ran = run(cut_clip.main, "--video", video, "--audio", voice, "--output", out)
    assert ran.code == 0 and ran.result["held_s"] <= 0.5
    assert "Shorten the narration" in ran.stderr and "short.mp4" in ran.stderr
    begins, ends = heard_from_to(out)
    assert ends - begins == pytest.approx(2.0, abs=0.02)
    sums = media.picture_sums(out)
    assert len(set(sums[:-12])) >= len(sums) - 16


def test_the_film_opens_on_a_picture_and_fades_out_behind_the_last_word(tmp_path: Path, run: Run) -> None:
    clips: list[dict[str, object]] = []
    for number in (1, 2):
        video = media.make(
            tmp_path / f"c{number}.mp4", "-f", "lavfi", "-i", f"color=c=0x909090:s={media.SMALL}:r=24:d=6", *media.X264
        )
        voice = beep(tmp_path / f"v{number}.wav", 0.3, 1.5, 0.4)
        clips.append({"clip_number": number, "video": video.name, "audio": voice.name})
    listed = media.manifest(tmp_path / "manifest.json", clips)
    out = tmp_path / "film.mp4"
    ran = run(assemble_video.main, "--manifest", listed, "--output", out)
    assert ran.code == 0, ran.stderr
    begins, ends = heard_from_to(out)
    assert begins >= 1.5 and ran.result["duration_s"] - ends >= 2.0
    light = media.brightness(out)
    assert light[-30] > 120 and light[-2] < 30 and light[0] > 120, "from a picture to black"
