"""Captions: when each word is spoken, what stands in each caption and from when to when, and what the files hold."""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import make_captions
from scripts.lib import spoken_times
from scripts.lib.film import caption_files, caption_rules, caption_times, captions, loudness, pace, said, spoken, voice
from scripts.lib.film.caption_rules import Cue, Rules, Shot
from scripts.lib.film.spoken import Times
from tests.scripts.conftest import Run
from videod.sandbox.elevenlabs.speaking import alignment
from videod.sandbox.render.encoding import audio_format, encode
from videod.sandbox.render.speech import Spoken, speak

FPS = 24
STORIES = Path(__file__).parent.parent / "cases" / "stories"
#: story, which of its texts, language, characters a second of the voice
FILMS = [
    *((name, "staged", "en", rate) for name in ("ants", "eel", "octopus", "vulture") for rate in (8, 15, 20)),
    ("ants", "single", "en", 15), ("eel", "single", "en", 20),
    ("luchs", "staged", "de", 8), ("luchs", "staged", "de", 15), ("luchs", "staged", "de", 20),
    ("luchs", "single", "de", 15), ("tsuru", "staged", "ja", 5), ("tsuru", "single", "ja", 6),
]  # fmt: skip


def lines(name: str, kind: str) -> list[str]:
    told = json.loads((STORIES / f"{name}.json").read_text())[kind]
    return [str(line) for line in told]


def read(text: str, rate: float, chance: random.Random) -> tuple[Times, caption_times.Sound]:
    """A reading at `rate`, with rests behind sentences and clauses, as a service and a microphone would tell it."""
    at = begins = 0.45 * chance.random()
    starts, heard = [], []
    for place, letter in enumerate(text):
        starts.append(at)
        at += chance.uniform(0.6, 1.4) / rate
        rest = {".": 0.45, "!": 0.45, "?": 0.45, "。": 0.45, ",": 0.2, "、": 0.2, ":": 0.2}.get(letter, 0.0)
        if rest and place < len(text) - 1:
            heard.append((begins, at))
            at = begins = at + rest * chance.uniform(0.7, 1.3)
    heard.append((begins, at))
    length = at + 0.5  # the service lets the last word last through the silence at the end
    return Times(text, tuple(starts), (*starts[1:], length)), caption_times.Sound(length, tuple(heard))


def film(texts: Sequence[str], rules: Rules, rate: float) -> tuple[list[Cue], list[Shot]]:
    """A film's captions: half of the narrations with times, half without."""
    chance, at, shots, made = random.Random(rate), 0, [], []
    for number, text in enumerate(texts):
        times, sound = read(text, rate, chance)
        speech_s = sound.heard[-1][1] - sound.heard[0][0]
        paced = pace.of_film(pace.Pace(), number == 0, number == len(texts) - 1)
        frames = pace.taken(10 * FPS, speech_s, paced, FPS).frames
        lead_s = min(paced.lead_of(frames / FPS, speech_s), frames / FPS - speech_s)
        times = caption_times.times(times if number % 2 else None, text, sound)
        shot = Shot(at, at + frames, text)
        begin_s = at / FPS + lead_s - sound.heard[0][0]
        words = [captions.Word(text[begin:end], begin_s + times.starts[begin], begin_s + times.ends[end - 1])
                 for begin, end in captions.units(text, rules)]  # fmt: skip
        made += captions.cues(words, shot, rules, FPS)
        shots.append(shot)
        at = shot.end
    return made, shots


def test_the_captions_of_twenty_films_break_no_rule() -> None:
    found = {}
    for name, kind, language, rate in FILMS:
        rules = caption_rules.rules_of(language)
        made, shots = film(lines(name, kind), rules, rate)
        assert len(made) >= len(shots)
        found[name, kind, rate] = list(caption_rules.faults(made, shots, rules, FPS))
        again = caption_files.parsed(caption_files.srt(made, FPS), FPS)
        assert [(cue.start, cue.end, cue.lines) for cue in again] == [(cue.start, cue.end, cue.lines) for cue in made]
    assert len(FILMS) == 20 and {film: faults for film, faults in found.items() if faults} == {}


SHOTS = (Shot(0, 132, "The old bear waits."), Shot(132, 264, "It rains."))
GOOD = (Cue(38, 82, ("The old bear waits.",), 38), Cue(149, 180, ("It rains.",), 149))


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (GOOD, None),
        ((replace(GOOD[0], lines=("The old bear", "waits", ".")), GOOD[1]), "3 lines"),
        ((replace(GOOD[0], lines=("The old", "bear waits" * 5)), GOOD[1]), "a line of 50 characters"),
        ((replace(GOOD[0], lines=("The", "old bear waits.")), GOOD[1]), "first line ends in 'The'"),
        ((replace(GOOD[0], end=55), GOOD[1]), "only 0.71 s"),
        ((replace(GOOD[0], end=56), GOOD[1]), "25.3 characters a second"),
        ((replace(GOOD[0], start=36, end=210), replace(GOOD[1], start=212, sound=212)), "as long as 7.25 s"),
        ((replace(GOOD[0], end=125), GOOD[1]), "7 frames before a cut"),
        ((replace(GOOD[0], end=132), GOOD[1]), "0 frames before a cut"),
        ((replace(GOOD[0], end=140), GOOD[1]), "crosses a cut"),
        ((replace(GOOD[0], sound=34), GOOD[1]), "starts 4 frames from its first sound"),
        ((GOOD[0], replace(GOOD[1], start=140, sound=140)), "8 frames behind a cut"),
        ((replace(GOOD[0], end=130), replace(GOOD[1], start=131, sound=131)), "1 frames before the next"),
        ((GOOD[0], replace(GOOD[1], end=300)), "crosses a cut, or the end of the film"),
        ((GOOD[0], replace(GOOD[1], lines=("It pours.",))), "the narrator 'It rains.'"),
        (GOOD[:1], "the captions say ''"),
        ((Cue(38, 70, ("The old",), 38), Cue(75, 110, ("bear waits.",), 75), GOOD[1]), "gap of 5 frames is not closed"),
    ],
)  # fmt: skip
def test_the_checker_notices_every_broken_rule(made: Sequence[Cue], fault: str | None) -> None:
    found = list(caption_rules.faults(made, SHOTS, caption_rules.rules_of("en"), FPS))
    assert found == [] if fault is None else any(fault in one for one in found), found


def test_japanese_counts_full_and_half_width_and_parts_lines_where_a_phrase_begins() -> None:
    rules = caption_rules.rules_of("ja-JP")
    assert caption_rules.width("タンチョウ is 3", rules) == 5 + 2.5
    text = "若いタンチョウは、ひとりで夜を越せる場所を覚えます。"
    pieces = [text[begin:end] for begin, end in captions.units(text, rules)]
    assert "".join(pieces) == text and "ひとりで" in pieces and not any(piece[0] in "、。っょー" for piece in pieces)


def test_a_word_longer_than_a_line_stays_whole_and_is_reported() -> None:
    rules, text = caption_rules.rules_of("de"), "Rinderkennzeichnungsfleischetikettierungsüberwachung"
    shot = Shot(0, 240, text)
    made = captions.cues([captions.Word(text, 1.0, 5.0)], shot, rules, FPS)
    assert [cue.lines for cue in made] == [(text,)]
    assert any("a line of" in fault for fault in caption_rules.faults(made, [shot], rules, FPS))


TEXT = "The old bear waits where the river narrows. Somebody else, across the water, is counting fish."


@pytest.fixture(scope="module")
def narrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Spoken]:
    async def made() -> tuple[bytes, Spoken]:
        told = await speak(TEXT, "calm")
        form = audio_format("mp3_44100_128")
        assert form is not None
        return await encode(told.wav, form), told

    sound, told = asyncio.run(made())
    path = tmp_path_factory.mktemp("narrated") / "n.mp3"
    path.write_bytes(sound)
    return path, told


def times_of(told: Spoken) -> Times:
    found = spoken_times.of_alignment(alignment(TEXT, told), TEXT)
    assert found is not None
    return found


def off(times: Times, told: Spoken) -> Iterator[float]:
    return (abs(times.starts[word.at] - word.begin_ms / 1000) for word in told.words)


def test_words_are_timed_as_the_narrator_spoke_them_and_sentences_as_they_are_heard(
    narrated: tuple[Path, Spoken], tmp_path: Path
) -> None:
    path, told = narrated
    sound = said.listened(path, tmp_path / "x", "narration")
    timed, guessed = caption_times.times(times_of(told), TEXT, sound), caption_times.times(None, TEXT, sound)
    assert max(off(timed, told)) < 0.15
    assert sorted(off(guessed, told))[len(told.words) * 8 // 10] < 0.3
    for times in (timed, guessed):
        for at in (0, TEXT.index("Somebody")):
            assert min(abs(begin - times.starts[at]) for begin, _ in sound.heard) * FPS <= 3
        # the service's last word lasts through the silence at the end: until 0.85 s behind the last sound
        assert times.ends[-1] == pytest.approx(sound.heard[-1][1]) and times.ends[-1] < told.duration_ms / 1000 - 0.5


def test_times_of_another_sound_are_not_believed() -> None:
    sound = caption_times.Sound(3.0, ((0.4, 2.6),))
    text = "It rains."
    late = Times(text, tuple(float(at) for at in range(9)), tuple(float(at + 1) for at in range(9)))
    found = caption_times.times(late, text, sound)
    assert found == caption_times.times(None, text, sound) and found.starts[0] == 0.4 and found.ends[-1] == 2.6


def listed(folder: Path, narration: Path, **more: object) -> Path:
    cut = {"text": f"[whispers] {TEXT}", "narration": str(narration), "cut": "clip_01.mov", "seconds": 12.0}
    (folder / "cuts.json").write_text(json.dumps({"opening_s": 2.0, "cuts": [cut], **more}))
    return folder / "cuts.json"


def written(run: Run, folder: Path, narration: Path, *more: object) -> list[Cue]:
    out = folder / "film.srt"
    ran = run(make_captions.main, "--list", listed(folder, narration), "--output", out, *more)
    assert ran.code == 0, ran.stderr
    made = caption_files.parsed(out.read_text(), FPS)
    assert ran.result["captions"] == len(made) and (ran.result["faults"] == 0 or ran.stderr)
    return made


def test_a_film_gets_both_files_from_what_is_known_of_its_cuts(
    narrated: tuple[Path, Spoken], tmp_path: Path, run: Run
) -> None:
    path, told = tmp_path / "n.mp3", narrated[1]
    path.write_bytes(narrated[0].read_bytes())
    kept = tmp_path / "voice.wav"
    measured = loudness.taken_in(path, kept, "n")
    speech = voice.find(kept, measured, "n")
    at = said.of_cut(round(0.7 * 48_000), 288, speech, measured.seconds)
    said.keep(tmp_path / "clip_01.mov", at, path)
    spoken.keep(path, times_of(told), said_sha(path))
    made = written(run, tmp_path, path)
    assert [" ".join(cue.lines) for cue in made] == [TEXT[: TEXT.index(" Somebody")], TEXT[TEXT.index("Somebody") :]]
    first = next(word.begin_ms for word in told.words if word.at == 0) / 1000
    somebody = next(word.begin_ms for word in told.words if word.at == TEXT.index("Somebody")) / 1000
    assert made[0].start / FPS == pytest.approx(2.0 + at.at_s + first, abs=0.15)
    assert made[1].start / FPS == pytest.approx(2.0 + at.at_s + somebody, abs=0.15)
    assert (tmp_path / "film.vtt").read_text().startswith("WEBVTT\n\n00:00:02.")


def said_sha(path: Path) -> str:
    from scripts.lib import atomic

    return atomic.fingerprint(path)[1]


def test_a_narration_of_a_persons_own_is_listened_to(narrated: tuple[Path, Spoken], tmp_path: Path, run: Run) -> None:
    made = written(run, tmp_path, narrated[0])
    assert " ".join(line for cue in made for line in cue.lines) == TEXT


def test_a_film_that_is_not_made_of_its_cuts_gets_no_captions(
    narrated: tuple[Path, Spoken], tmp_path: Path, run: Run
) -> None:
    assert written(run, tmp_path, narrated[0], "--film-seconds", "4.0") == []
    assert (tmp_path / "film.srt").read_text() == ""


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"cuts": []}, "cuts must be a list"), ({"opening_s": "soon"}, "opening_s"),
        ({"cuts": [{"text": "x"}]}, "narration, cut and seconds"),
        ({"cuts": [{"text": "x", "narration": "no.mp3", "cut": "c", "seconds": 1}]}, "is missing"),
    ],
)  # fmt: skip
def test_a_list_that_is_wrong_is_reported_with_its_field(
    narrated: tuple[Path, Spoken], tmp_path: Path, run: Run, told: dict[str, object], field: str
) -> None:
    ran = run(make_captions.main, "--list", listed(tmp_path, narrated[0], **told), "--output", tmp_path / "film.srt")
    assert ran.failure["kind"] == "input" and field in ran.failure["message"]
