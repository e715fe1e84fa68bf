"""Seeded noise fields, made small and enlarged smoothly, so that a full frame costs a few milliseconds."""

import hashlib

import numpy as np
import numpy.typing as npt
from PIL import Image

Field = npt.NDArray[np.float32]


def generator(*words: str) -> np.random.Generator:
    """A generator that depends on the words alone."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256("\n".join(words).encode()).digest()[:8], "big"))


def enlarged(small: Field, size: tuple[int, int]) -> Field:
    """`small` smoothly enlarged to (width, height)."""
    return np.asarray(Image.fromarray(small.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))


def clouds(
    chance: np.random.Generator, size: tuple[int, int], cells: float, octaves: int = 4, stretch: float = 1.0
) -> Field:
    """Fractal noise in about 0..1 with `cells` coarse cells over the height, `stretch` times wider than high."""
    width, height = size
    work = (max(8, width // 4), max(8, height // 4))
    total = np.zeros((work[1], work[0]), dtype=np.float32)
    weight = 0.0
    for octave in range(octaves):
        rows = max(2, round(cells * 2**octave) + 2)
        columns = max(2, round(cells * 2**octave * width / height / stretch) + 2)
        if rows > work[1] or columns > work[0] * 2:
            break
        share = 0.5**octave
        total += share * enlarged(chance.random((rows, columns), dtype=np.float32), work)
        weight += share
    return np.clip(enlarged(total / max(weight, 1e-6), size), 0, 1)


def profile(chance: np.random.Generator, width: int, cells: float, octaves: int = 6, rough: float = 0.5) -> Field:
    """A one-dimensional fractal line of `width` samples in about -1..1."""
    at = np.linspace(0, 1, width, dtype=np.float32)
    total = np.zeros(width, dtype=np.float32)
    weight = 0.0
    for octave in range(octaves):
        knots = round(cells * 2**octave) + 2
        values = chance.uniform(-1, 1, knots).astype(np.float32)
        place = at * (knots - 1)
        left = np.minimum(place.astype(int), knots - 2)
        part = place - left
        ease = part * part * (3 - 2 * part)
        share = rough**octave
        total += share * (values[left] * (1 - ease) + values[left + 1] * ease)
        weight += share
    return total / weight * 1.6


def grain(chance: np.random.Generator, size: tuple[int, int]) -> Field:
    """Fine noise around 0, about -1..1, one tile repeated."""
    tile = chance.standard_normal((256, 256)).astype(np.float32) * 0.5
    across, down = -(-size[0] // 256), -(-size[1] // 256)
    return np.tile(tile, (down, across))[: size[1], : size[0]]


def hair(chance: np.random.Generator, size: tuple[int, int], scale: float) -> Field:
    """Short slanting strokes around 0 with a deviation of 1; `scale` 1 makes them about 14 pixels long."""
    side = 224
    raw = chance.standard_normal((side, side)).astype(np.float32)
    strokes = np.zeros_like(raw)
    for step in range(11):
        strokes += np.roll(raw, (step * 2 // 5, step), axis=(0, 1))
    strokes += 1.6 * np.roll(strokes, (3, 9), axis=(0, 1)) * np.roll(raw, (40, 7), axis=(0, 1)).clip(0, 1)
    strokes /= strokes.std()
    stretched = max(0.5, scale)
    tile = enlarged(strokes, (round(side * stretched), round(side * stretched)))
    across, down = -(-size[0] // tile.shape[1]), -(-size[1] // tile.shape[0])
    return np.tile(tile, (down, across))[: size[1], : size[0]]
