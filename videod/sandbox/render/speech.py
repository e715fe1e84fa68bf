"""Spoken narration through eSpeak NG, in a short process of its own.

The library is GPL-3, so it is loaded by `python -m videod.sandbox.render.speech` and never by the process that
serves the simulated services. The child reads one JSON object on stdin (`{"text": str, "voice": VOICES key, "speed":
number}`) and writes one JSON line about the words and then the WAV file (16-bit mono) to stdout.
"""

import asyncio
import ctypes
import io
import json
import sys
import wave
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

#: Seconds of quiet before the first and after the last word: a documentary voice does not start on the cut.
LEAD_S = 0.45
TAIL_S = 0.85
#: A level of speech frames that measures about -18 LUFS for these voices (checked with FFmpeg's ebur128).
SPEECH_RMS = 0.2
PEAK = 0.89


@dataclass(frozen=True)
class Voice:
    """How eSpeak NG is set for one narrator. `rate` is in words a minute, `gap` in units of 10 ms between words."""

    espeak: str
    rate: int
    pitch: int
    spread: int
    gap: int


VOICES = {
    "calm": Voice("en-gb-x-rp+m3", 156, 34, 42, 7),
    "deep": Voice("en-us+m7", 164, 18, 38, 8),
    "warm": Voice("en-gb-x-rp+f2", 158, 42, 46, 7),
    "bright": Voice("en-us+f4", 158, 50, 52, 6),
    "old": Voice("English (Scotland)+m1", 164, 28, 44, 8),
}


@dataclass(frozen=True)
class Word:
    """One spoken word: where it stands in the text (characters) and in the sound (milliseconds)."""

    at: int
    length: int
    begin_ms: int


@dataclass(frozen=True)
class Spoken:
    wav: bytes
    words: tuple[Word, ...]
    duration_ms: int


class SpeechError(Exception):
    """The synthesiser's process ended without a sound; the text holds its last words."""


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h; type 1 is "a word begins"."""

    _fields_: ClassVar = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_int64),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def synthesize(text: str, voice: Voice, speed: float) -> tuple[int, Samples, list[Word]]:
    """Speak `text` in this process: (sample rate, samples in -1..1, words). Raises SpeechError."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate: int = library.espeak_Initialize(2, 500, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise SpeechError("eSpeak NG did not start")
    if library.espeak_SetVoiceByName(voice.espeak.encode()) != 0 and library.espeak_SetVoiceByName(b"en") != 0:
        raise SpeechError(f"eSpeak NG has no voice {voice.espeak}")
    settings = {1: round(voice.rate * speed), 2: 100, 3: voice.pitch, 4: voice.spread, 7: voice.gap}
    for parameter, value in settings.items():
        library.espeak_SetParameter(parameter, value, 0)
    chunks: list[bytes] = []
    words: list[Word] = []

    def take(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if count > 0:
            chunks.append(ctypes.string_at(samples, count * 2))
        at = 0
        while events[at].type != 0:
            if events[at].type == 1:
                words.append(Word(events[at].text_position - 1, events[at].length, events[at].audio_position))
            at += 1
        return 0

    callback = _Callback(take)  # a name of its own, so that it lives as long as the synthesis
    library.espeak_SetSynthCallback(callback)
    encoded = text.encode()
    if library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, 1, None, None) != 0 or not words:
        raise SpeechError("eSpeak NG made no sound")
    return rate, np.frombuffer(b"".join(chunks), dtype="<i2").astype(np.float64) / 32768, words


def master(dry: Samples, rate: int) -> Samples:
    """Padding, warmth, a little room, and an even level: what a mixing desk would do to a dry synthetic voice."""
    spoken = dry[np.abs(dry) > 0.02]
    padded = np.concatenate([np.zeros(int(LEAD_S * rate)), dry, np.zeros(int(TAIL_S * rate))])
    spectrum = np.fft.rfft(padded)
    hertz = np.fft.rfftfreq(len(padded), 1 / rate)
    tone = (hertz / 90) ** 2 / (1 + (hertz / 90) ** 2)  # rumble away
    tone *= 1 + 0.5 * np.exp(-(((hertz - 190) / 120) ** 2)) - 0.3 * np.exp(-(((hertz - 3400) / 1300) ** 2))
    warm: Samples = np.fft.irfft(spectrum * tone, len(padded))
    room = warm.copy()
    for delay_ms, level in ((17, 0.11), (29, 0.08), (43, 0.055), (71, 0.035)):
        shift = int(delay_ms * rate / 1000)
        room[shift:] += level * warm[:-shift]
    if not len(spoken):
        return room
    level = np.sqrt(np.mean(room[np.abs(room) > 0.02] ** 2))
    driven = room * (SPEECH_RMS / level)
    return np.asarray(np.tanh(driven / PEAK) * PEAK)


def as_wav(samples: Samples, rate: int) -> bytes:
    """16-bit mono WAV of samples in -1..1."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


async def speak(text: str, voice: str = "calm", speed: float = 1.0) -> Spoken:
    """Speak `text` in a child process. `speed` is 0.7-1.2 as the vendor's setting. Raises SpeechError."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "videod.sandbox.render.speech",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, complaint = await child.communicate(json.dumps({"text": text, "voice": voice, "speed": speed}).encode())
    head, _, wav = out.partition(b"\n")
    if child.returncode != 0 or not wav:
        raise SpeechError("the speech process failed: " + complaint.decode(errors="replace").strip()[-300:])
    facts = json.loads(head)
    return Spoken(wav, tuple(Word(*word) for word in facts["words"]), facts["duration_ms"])


def main() -> None:
    wish = json.load(sys.stdin)
    rate, dry, words = synthesize(wish["text"], VOICES[wish["voice"]], wish["speed"])
    sound = master(dry, rate)
    lead_ms = round(LEAD_S * 1000)
    facts = {
        "words": [[word.at, word.length, word.begin_ms + lead_ms] for word in words],
        "duration_ms": round(len(sound) * 1000 / rate),
    }
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + as_wav(sound, rate))


if __name__ == "__main__":
    main()
