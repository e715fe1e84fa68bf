"""What sets one view of a place apart from another: a path, standing trunks, a fallen log, a slope, white water."""

import re
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from videod.sandbox.render import noise, plants, terrain
from videod.sandbox.render.paint import Coat, Sketch
from videod.sandbox.render.shapes import mixed, scaled
from videod.sandbox.render.terrain import SNOW, Frame

BARK = (74, 62, 52)


def path(frame: Frame) -> None:
    """A trodden way that winds towards the horizon."""
    rows = np.linspace(0, 1, frame.height - frame.horizon - round(frame.height * 0.06), dtype=np.float32)
    if len(rows) < 20:
        return
    top = frame.height - len(rows)
    bend, phase = frame.chance.uniform(-0.16, 0.16), frame.chance.uniform(0, 6)
    middle = (0.5 + bend * (1 - rows) + 0.045 * np.sin(phase + rows * 5) * (1 - rows * 0.6)) * frame.width
    half = (0.006 + 0.14 * rows**1.5) * frame.width
    columns = np.arange(frame.width, dtype=np.float32)[None, :]
    edge = noise.clouds(frame.chance, (frame.width, len(rows)), 9, 3) - 0.5
    mask = np.clip((half[:, None] - np.abs(columns - middle[:, None])) / (half[:, None] * 0.3) + edge * 1.6, 0, 0.75)
    tone = frame.lit(scaled(SNOW, 0.8) if frame.cold else (150, 128, 98), 0.08)
    frame.image.paste(tone, (0, top), Image.fromarray((mask * 255).astype(np.uint8)))


def trunks(frame: Frame) -> None:
    """Tall trunks that reach out of the frame."""
    for depth, count, wide in ((0.42, 9, 0.016), (0.2, 5, 0.03), (0.02, 2, 0.055)):
        stand = plants.Stand(frame.size, 0, frame.height)
        for n in range(count):
            x = (n + frame.chance.uniform(0.1, 0.9)) / count
            if depth < 0.1:
                x = (0.03, 0.95)[n % 2] + frame.chance.uniform(-0.02, 0.02)
            half, lean = wide * frame.width * frame.chance.uniform(0.7, 1.2) / 2, frame.chance.uniform(-8, 8)
            foot = frame.horizon + (frame.height - frame.horizon) * (0.75 - depth * 1.2) + frame.chance.uniform(-6, 10)
            x *= frame.width
            stand.shape([(x - half * 0.8 + lean, 0), (x + half * 0.8 + lean, 0), (x + half, foot - half),
                (x + half * 1.7, foot), (x - half * 1.7, foot), (x - half, foot - half)])  # fmt: skip
        mask = stand.mask()
        streaks = noise.clouds(frame.chance, mask.size, 5, 4, 0.09)
        tone = np.array(frame.lit(BARK, depth), dtype=np.float32)
        fill = np.clip(tone * (0.55 + 0.85 * streaks)[:, :, None], 0, 255).astype(np.uint8)
        soft = mask.filter(ImageFilter.GaussianBlur(frame.height / 300)) if depth < 0.1 else mask
        frame.image.paste(Image.fromarray(fill), (0, 0), soft)


def log(frame: Frame) -> None:
    """A fallen trunk across the ground."""
    sketch = Sketch(frame.size, frame.width * 0.3, (frame.width * frame.chance.uniform(0.35, 0.65),
        frame.height * 0.86), frame.chance.random() < 0.5)  # fmt: skip
    sketch.limb([(-1.1, 0.1), (-0.2, 0.16), (0.9, 0.24)], [0.24, 0.2, 0.15], frame.lit(BARK, 0.03))
    for x in (-0.55, 0.1, 0.5):
        sketch.limb([(x, 0.18), (x + 0.05, 0.36), (x + 0.12, 0.46)], [0.06, 0.045, 0.015], frame.lit(BARK, 0.03), 0)
    top = frame.lit(SNOW if frame.cold else (92, 116, 58), 0.03)
    sketch.tint([(-1.1, 0.24), (-0.2, 0.28), (0.9, 0.34), (0.9, 0.27), (-0.2, 0.2), (-1.1, 0.14)], top)
    body = sketch.render(frame.light.body, Coat(fur=0.8), frame.chance)
    frame.image.paste(body, (0, 0), body)


def slope(frame: Frame) -> None:
    """A near hillside that fills one side of the frame."""
    side = frame.chance.random() < 0.5
    ramp = np.linspace(1, 0, frame.width, dtype=np.float32) if side else np.linspace(0, 1, frame.width,
        dtype=np.float32)  # fmt: skip
    level = frame.horizon / frame.height + 0.3 - 0.42 * np.clip(ramp * 1.5 - 0.4, 0, 1) ** 1.4
    line = (level + 0.012 * noise.profile(frame.chance, frame.width, 8)) * frame.height
    tone = frame.image.getpixel((frame.width // 2, min(frame.height - 1, round(frame.height * 0.9))))
    assert isinstance(tone, tuple)
    ground = (int(tone[0]), int(tone[1]), int(tone[2]))
    terrain.land(frame, line, mixed(scaled(ground, 1.25), frame.light.haze, 0.12), scaled(ground, 0.72), 0.16)


def rapids(frame: Frame) -> None:
    """Broken white water."""
    terrain.foam(frame, tuple(frame.horizon / frame.height + 0.05 + 0.025 * n for n in range(7)))


def boulders(frame: Frame) -> None:
    terrain.boulders(frame, frame.horizon / frame.height + 0.12, 14)


FEATURES: tuple[tuple[str, Callable[[Frame], None]], ...] = (
    (r"rapids|riffle|white water|surf|foam|breaking", rapids),
    (r"trail|path|pass|track through", path),
    (r"rows of|trunks|dense forest|deep shade|old forest|canopy", trunks),
    (r"slope|hill\w*|ridge|rise|bank|hollow|valley|ledge", slope),
    (r"boulders?|rocky|stones|scree|rocks", boulders),
    (r"fallen|driftwood|\blog\b", log),
)


def add_features(frame: Frame, text: str) -> None:
    """Draws at most two of the features that `text` names."""
    if re.search(r"underwater|seabed", text):
        return
    called = [draw for words, draw in FEATURES if re.search(rf"\b(?:{words})\b", text)]
    for draw in called[:2]:
        draw(frame)
