"""Music to lie under a film: slow chords and a few plucked notes in a large room, composed from its words.

The same words always give the same piece. It is made here, so nobody owns it and it may lie under any film.
"""

import hashlib

import numpy as np
import numpy.typing as npt

from videod.sandbox.render import soundscape
from videod.sandbox.render.soundscape import Stereo

#: samples a second: nothing in it is higher than 5 kHz, and each costs time
RATE = 22_050
#: chords as steps of the scale, one for each bar; the first is the mood of calm, then of tension, then of warmth
PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 5, 4), (0, 4, 5, 3))
MINOR, MAJOR = (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 5, 7, 9, 11)
BAR_S = 6.0
RMS, PEAK = 0.06, 0.6


def render_score(words: str, seconds: float) -> Stereo:
    """A piece of `seconds` for these words: shape (2, samples) at RATE."""
    digest = hashlib.sha256(words.encode()).digest()
    chance = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    scale = MAJOR if digest[8] % 3 == 0 else MINOR
    root = 45 + digest[9] % 7  # from A in the second octave
    progression = PROGRESSIONS[digest[10] % len(PROGRESSIONS)]
    count = round(seconds * RATE)
    out = np.zeros((2, count + 8 * RATE))
    for bar in range(int(seconds / BAR_S) + 1):
        step = progression[bar % len(progression)]
        at = round(bar * BAR_S * RATE)
        if at < count:
            _pad(out, at, [_hertz(root, scale, step + third) for third in (0, 2, 4)], chance)
            _plucks(out, at, [_hertz(root + 24, scale, step + third) for third in (0, 2, 4, 7)], chance)
    wet = _in_a_room(out, chance)[:, :count]
    wet *= RMS / np.sqrt(np.mean(wet**2))
    return np.asarray(np.tanh(wet / PEAK) * PEAK)


def _hertz(root: int, scale: tuple[int, ...], step: int) -> float:
    octave, degree = divmod(step, len(scale))
    return float(440 * 2 ** ((root + scale[degree] + 12 * octave - 69) / 12))


def _put(out: Stereo, at: int, sound: npt.NDArray[np.float64], pan: float) -> None:
    room = max(0, min(len(sound), out.shape[1] - at))
    out[0, at : at + room] += sound[:room] * np.cos(pan * np.pi / 2)
    out[1, at : at + room] += sound[:room] * np.sin(pan * np.pi / 2)


def _pad(out: Stereo, at: int, notes: list[float], chance: np.random.Generator) -> None:
    """A chord of bowed strings that comes and goes over more than its bar, so that one passes into the next."""
    envelope = soundscape.bell(BAR_S * 1.6, 0.4)[:: soundscape.RATE // RATE]
    seconds = np.arange(len(envelope)) / RATE
    for note in (notes[0] / 2, *notes, notes[0] * 2):
        for detune in (-0.8, 0.8):
            hertz = note * 2 ** (detune * chance.uniform(2.0, 5.0) / 1200)
            phase = 2 * np.pi * hertz * seconds + chance.uniform(0, 2 * np.pi)
            tone = sum(np.sin(phase * part) / part**2.1 for part in range(1, 7))
            _put(out, at, np.asarray(tone * envelope * 0.16 * (110 / max(110.0, note)) ** 0.5), 0.5 + 0.3 * detune)


def _plucks(out: Stereo, at: int, notes: list[float], chance: np.random.Generator) -> None:
    """A few notes like those of a piano far away, never two at once."""
    for beat in sorted(chance.choice(8, size=int(chance.integers(2, 5)), replace=False)):
        note = float(chance.choice(notes))
        seconds = np.arange(round(4.0 * RATE)) / RATE
        tone = sum(
            np.sin(2 * np.pi * note * part * seconds) * np.exp(-seconds * (0.9 + 0.7 * part)) / part**1.5
            for part in range(1, 6)
        )
        soft = np.minimum(1.0, seconds / 0.012)
        start = at + round((beat / 8 * BAR_S + chance.uniform(0, 0.03)) * RATE)
        _put(out, start, np.asarray(tone * soft * chance.uniform(0.12, 0.3)), chance.uniform(0.3, 0.7))


def _in_a_room(dry: Stereo, chance: np.random.Generator) -> Stereo:
    """The piece with the echo of a hall: its sound folded with a noise that dies away."""
    tail = round(2.8 * RATE)
    noise = soundscape.coloured(chance, tail, 240, 10_000, 0.6) * np.exp(-np.arange(tail) / RATE * 2.4)
    noise /= np.sqrt(np.sum(noise**2, axis=1, keepdims=True))
    length = dry.shape[1] + tail
    size = 1 << (length - 1).bit_length()
    folded = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(noise, size), size)[:, : dry.shape[1]]
    return np.asarray(0.7 * dry + 0.55 * folded)
