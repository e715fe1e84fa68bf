"""The sounds an ambient bed is made of: each is stereo noise or tones of a given length, 44.1 kHz, from a seed.

No sound starts or ends without an envelope, so nothing clicks.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

RATE = 44_100

Stereo = npt.NDArray[np.float64]  # shape (2, samples), -1..1
Layer = Callable[[np.random.Generator, int], Stereo]


def coloured(chance: np.random.Generator, count: int, low: float, high: float, slope: float = 1.0) -> Stereo:
    """Two channels of noise between `low` and `high` Hz; `slope` 1 is pink-like, 2 brown-like. RMS is 1."""
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    shape = np.zeros_like(hertz)
    above = hertz > 0
    ratio = hertz[above]
    shape[above] = ratio ** (-slope / 2) / (1 + (low / ratio) ** 4) / (1 + (ratio / high) ** 4)
    middle = chance.standard_normal(count)
    sides = chance.standard_normal((2, count))
    noise = np.fft.irfft(np.fft.rfft(0.6 * middle + 0.8 * sides) * shape, count)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def swell(chance: np.random.Generator, count: int, period_s: float, depth: float) -> npt.NDArray[np.float64]:
    """A slow wandering level between 1-depth and 1."""
    knots = max(4, int(count / RATE / period_s * 2) + 3)
    levels = 1 - depth * chance.random(knots)
    at = np.linspace(0, knots - 1, count)
    left = np.minimum(at.astype(int), knots - 2)
    ease = (1 - np.cos((at - left) * np.pi)) / 2
    return np.asarray(levels[left] * (1 - ease) + levels[left + 1] * ease)


def scatter(
    chance: np.random.Generator, count: int, per_second: float, make: Callable[[], npt.NDArray[np.float64]]
) -> Stereo:
    """Short sounds at random moments and places of the stereo field."""
    out = np.zeros((2, count))
    for _ in range(max(1, int(per_second * count / RATE))):
        sound = make()[:count]
        at = int(chance.integers(0, max(1, count - len(sound))))
        pan = chance.uniform(0.15, 0.85)
        out[0, at : at + len(sound)] += sound * np.cos(pan * np.pi / 2)
        out[1, at : at + len(sound)] += sound * np.sin(pan * np.pi / 2)
    return out


def bell(seconds: float, attack: float = 0.2) -> npt.NDArray[np.float64]:
    """A smooth envelope of that length whose top is at `attack` of it."""
    at = np.linspace(0, 1, max(8, int(seconds * RATE)))
    rise = np.clip(at / attack, 0, 1)
    fall = np.clip((1 - at) / (1 - attack), 0, 1)
    return np.asarray((np.sin(rise * np.pi / 2) ** 2) * (np.sin(fall * np.pi / 2) ** 2))


def _tone(hertz: npt.NDArray[np.float64] | float, envelope: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    phase = np.cumsum(np.broadcast_to(hertz, envelope.shape)) * 2 * np.pi / RATE
    return np.asarray(np.sin(phase) * envelope)


def wind(chance: np.random.Generator, count: int) -> Stereo:
    whistle = coloured(chance, count, 380, 620, 0.5) * swell(chance, count, 2.5, 0.95) ** 2
    return coloured(chance, count, 60, 420, 1.6) * swell(chance, count, 3, 0.6) * 1.2 + 0.25 * whistle


def rain(chance: np.random.Generator, count: int) -> Stereo:
    def drop() -> npt.NDArray[np.float64]:
        return _tone(chance.uniform(1800, 5200), bell(0.012, 0.1)) * chance.uniform(0.2, 0.9)

    return coloured(chance, count, 900, 9000, 0.3) * 0.9 + scatter(chance, count, 90, drop) * 0.6


def river(chance: np.random.Generator, count: int) -> Stereo:
    def bubble() -> npt.NDArray[np.float64]:
        envelope = bell(chance.uniform(0.03, 0.09), 0.15)
        start = chance.uniform(380, 1100)
        return _tone(np.linspace(start, start * 1.5, len(envelope)), envelope) * chance.uniform(0.1, 0.6)

    flow = coloured(chance, count, 250, 2600, 0.8) * swell(chance, count, 0.7, 0.35)
    return flow + scatter(chance, count, 26, bubble) * 0.7


def surf(chance: np.random.Generator, count: int) -> Stereo:
    seconds = np.arange(count) / RATE
    wave_in = (0.5 + 0.5 * np.sin(2 * np.pi * seconds / 6.3 - 1.2)) ** 2.2
    return coloured(chance, count, 50, 900, 1.2) * (0.5 + wave_in) + coloured(chance, count, 1500, 7000, 0.4) * wave_in


def underwater(chance: np.random.Generator, count: int) -> Stereo:
    def moan() -> npt.NDArray[np.float64]:
        envelope = bell(chance.uniform(1.4, 2.4), 0.35)
        bend = chance.uniform(120, 260) * (1 + 0.25 * np.sin(np.linspace(0, chance.uniform(2, 5), len(envelope))))
        return _tone(bend, envelope) * 0.5

    water = coloured(chance, count, 30, 260, 1.8) * swell(chance, count, 4, 0.4)
    return water * 1.3 + scatter(chance, count, 0.3, moan)


def birds(chance: np.random.Generator, count: int) -> Stereo:
    def song() -> npt.NDArray[np.float64]:
        base = chance.uniform(2300, 4800)
        notes = []
        for _ in range(int(chance.integers(2, 6))):
            envelope = bell(chance.uniform(0.05, 0.14), 0.3)
            glide = np.linspace(base * chance.uniform(0.85, 1.1), base * chance.uniform(0.9, 1.25), len(envelope))
            notes += [_tone(glide, envelope), np.zeros(int(chance.uniform(0.02, 0.09) * RATE))]
        return np.concatenate(notes) * chance.uniform(0.15, 0.55)

    return scatter(chance, count, 1.5, song)


def insects(chance: np.random.Generator, count: int) -> Stereo:
    seconds = np.arange(count) / RATE
    out = np.zeros((2, count))
    for hertz, trill, side in ((4300, 31, 0), (4720, 27, 1), (5350, 44, 0)):
        level = (0.5 + 0.5 * np.sin(2 * np.pi * trill * seconds)) ** 3 * swell(chance, count, 1.5, 0.7)
        out[side] += np.sin(2 * np.pi * hertz * seconds) * level
        out[1 - side] += 0.35 * np.sin(2 * np.pi * hertz * seconds) * level
    return out * 0.35


def fire(chance: np.random.Generator, count: int) -> Stereo:
    def crackle() -> npt.NDArray[np.float64]:
        envelope = bell(chance.uniform(0.006, 0.03), 0.08)
        return chance.standard_normal(len(envelope)) * envelope * chance.uniform(0.3, 1.2)

    return coloured(chance, count, 70, 700, 1.4) * swell(chance, count, 0.6, 0.4) + scatter(chance, count, 14, crackle)


def snow(chance: np.random.Generator, count: int) -> Stereo:
    hush = coloured(chance, count, 180, 1400, 1.3) * swell(chance, count, 3.5, 0.55)
    return hush * 0.8 + coloured(chance, count, 4500, 11000, 0.0) * 0.12 * swell(chance, count, 1.2, 0.9)


def thunder(chance: np.random.Generator, count: int) -> Stereo:
    def roll() -> npt.NDArray[np.float64]:
        envelope = bell(min(count / RATE, chance.uniform(3.0, 4.5)), 0.18)
        length = len(envelope)
        return np.asarray(coloured(chance, length, 24, 120, 2.0)[0] * envelope * swell(chance, length, 0.35, 0.6))

    return scatter(chance, count, 0.22, roll) * 1.6


def _steps(chance: np.random.Generator, count: int, low: float, high: float) -> Stereo:
    out = np.zeros((2, count))
    at = int(0.3 * RATE)
    while at < count - RATE // 3:
        envelope = bell(chance.uniform(0.12, 0.2), 0.15) * chance.uniform(0.6, 1)
        out[:, at : at + len(envelope)] += coloured(chance, len(envelope), low, high, 0.7) * envelope
        at += int(chance.uniform(0.5, 0.75) * RATE)
    return out


def footsteps(chance: np.random.Generator, count: int) -> Stereo:
    return _steps(chance, count, 90, 1600) * 1.1


def crunch(chance: np.random.Generator, count: int) -> Stereo:
    return _steps(chance, count, 900, 6000) * 1.0


def wings(chance: np.random.Generator, count: int) -> Stereo:
    seconds = np.arange(count) / RATE
    beat = np.clip(np.sin(2 * np.pi * 2.6 * seconds), 0, 1) ** 2 * swell(chance, count, 1.8, 0.8)
    return coloured(chance, count, 160, 1800, 1.0) * beat * 1.2


def breath(chance: np.random.Generator, count: int) -> Stereo:
    seconds = np.arange(count) / RATE
    cycle = np.clip(np.sin(2 * np.pi * seconds / 2.7), 0, 1) ** 1.5
    return coloured(chance, count, 250, 1500, 1.2) * cycle * 0.8
