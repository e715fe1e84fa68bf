"""What land is made of: ridges, peaks, tree lines, water, grass, stones, foam; each layer takes the light and the haze.

A layer is drawn on the frame over what is there, so grounds are built from far to near.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from videod.sandbox.render import noise, plants
from videod.sandbox.render.noise import Field
from videod.sandbox.render.paint import Floats
from videod.sandbox.render.shapes import Colour, mixed, scaled
from videod.sandbox.render.sky import Daylight, gradient


@dataclass
class Frame:
    """A picture in the making."""

    image: Image.Image
    light: Daylight
    cold: bool
    chance: np.random.Generator
    horizon: int  # pixels from the top
    text: str = ""  # what the view shows, in small letters

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size

    def lit(self, colour: Colour, depth: float) -> Colour:
        """`colour` in this light at `depth` 0 (near) to 1 (lost in the haze)."""
        r, g, b = (min(255, round(c * k)) for c, k in zip(colour, self.light.land, strict=True))
        return mixed((r, g, b), self.light.haze, depth)

    def line(self, level: float, swing: float, cells: float, rough: float = 0.5) -> Field:
        """A profile around `level` of the frame's height, swinging by `swing` of it, in pixels."""
        return (level + swing * noise.profile(self.chance, self.width, cells, 6, rough)) * self.height


SNOW: Colour = (232, 238, 246)
ROCK: Colour = (104, 102, 104)
SPRUCE: Colour = (38, 58, 50)
GRASS: Colour = (104, 122, 62)


def _below(line: Field, top: int, bottom: int) -> Image.Image:
    """The mask of everything under `line` between two rows."""
    rows = np.arange(top, bottom, dtype=np.float32)[:, None]
    return Image.fromarray((np.clip(rows - line[None, :] + 0.5, 0, 1) * 255).astype(np.uint8))


def land(frame: Frame, line: Field, upper: Colour, lower: Colour, rough: float = 0.12, stretch: float = 5.0) -> None:
    """Fills everything under `line`: a gradient with the mottling of ground seen at a slant."""
    top = max(0, int(line.min()) - 1)
    deep = frame.height - top
    if deep <= 2:
        return
    fill = gradient((frame.width, deep), ((0, upper), (1, lower)))
    mottle = noise.clouds(frame.chance, (frame.width, deep), 5, 5, stretch)
    fill *= (1 + (mottle - 0.5) * 2 * rough)[:, :, None]
    painted = Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8))
    frame.image.paste(painted, (0, top), _below(line, top, frame.height))


def ridge(frame: Frame, line: Field, colour: Colour, depth: float, snow: float = 0.0) -> None:
    """A far range: hazier towards its foot, with a lit and a shaded side, and snow above when asked."""
    top, bottom = max(0, int(line.min()) - 1), frame.height
    high = min(bottom - top, int(frame.height * 0.5))
    if high <= 2:
        return
    rows = np.arange(high, dtype=np.float32)[:, None] + top
    drop = (rows - line[None, :]) / frame.height
    wrinkle = noise.clouds(frame.chance, (frame.width, high), 9, 4, 0.8)
    relief = noise.enlarged(np.gradient(wrinkle[::3, ::3], axis=1), wrinkle.shape[::-1]) * frame.light.body.side
    side = np.clip(0.5 + relief * 13 + (wrinkle - 0.5) * 0.5, 0, 1)
    base = np.array(frame.lit(colour, depth), dtype=np.float32)
    dark = base * 0.74 + np.array(frame.light.haze, dtype=np.float32) * 0.1
    fill = dark + (base * 1.12 - dark) * side[:, :, None]
    if snow > 0:
        cover = np.clip((snow * 0.2 - drop + (wrinkle - 0.5) * 0.16) * 22, 0, 1)[:, :, None]
        white = np.array(frame.lit(SNOW, depth * 0.8), dtype=np.float32)
        fill += cover * (white * (0.72 + 0.3 * side[:, :, None]) - fill)
    fog = np.clip(drop * 3.4, 0, 0.75)[:, :, None] * (0.4 + 0.6 * depth)
    fill += fog * (np.array(frame.light.haze, dtype=np.float32) - fill)
    painted = Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8))
    frame.image.paste(painted, (0, top), _below(line, top, top + high))
    if top + high < bottom:
        foot = Image.new("RGB", (frame.width, bottom - top - high), frame.light.haze)
        frame.image.paste(foot, (0, top + high))


def peaks(frame: Frame, level: float, tall: float, depth: float, snow: float) -> None:
    """Sharp mountains: the upper edge of a few tents, roughened."""
    x = np.arange(frame.width, dtype=np.float32) / frame.width
    crest = np.zeros(frame.width, dtype=np.float32)
    for _ in range(9):
        place, high, steep = (float(frame.chance.uniform(*span)) for span in ((-0.1, 1.1), (0.45, 1.0), (2.2, 4.2)))
        crest = np.maximum(crest, high - steep * np.abs(x - place) * (1 + 0.3 * np.sign(x - place)))
    crest += 0.09 * noise.profile(frame.chance, frame.width, 14, 5, 0.55)
    ridge(frame, (level - tall * crest) * frame.height, ROCK, depth, snow)


def treeline(
    frame: Frame,
    level: float,
    tall: float,
    depth: float,
    colour: Colour = SPRUCE,
    kind: str = "conifer",
    gap: float = 0,
) -> None:
    """A row of trees whose feet stand at `level`; `tall` is a share of the frame's height; `gap` thins the middle."""
    line = frame.line(level, 0.012, 4)
    stand = plants.Stand(frame.size, int(line.min() - tall * frame.height * 1.5), int(line.max()) + 6)
    draw = {"conifer": plants.conifer, "broadleaf": plants.broadleaf, "acacia": plants.acacia}[kind]
    spread = {"conifer": 0.2, "broadleaf": 0.34, "acacia": 2.6}[kind]
    x = -tall * frame.height * 0.3
    while x < frame.width * 1.02:
        away = abs(x / frame.width - 0.5) * 2
        if gap <= 0 or away > gap or frame.chance.random() < 0.12:
            size = tall * frame.height * frame.chance.uniform(0.6, 1.35)
            draw(stand, x, float(line[int(min(max(x, 0), frame.width - 1))]), size, frame.chance)
        x += tall * frame.height * spread * frame.chance.uniform(0.5, 1.6)
    tone = frame.lit(mixed(colour, SNOW, 0.28) if frame.cold and kind == "conifer" else colour, depth)
    fill = gradient((frame.width, stand.bottom - stand.top), ((0, scaled(tone, 1.05)),
        (1, mixed(tone, frame.light.haze, 0.3 + 0.3 * depth))))  # fmt: skip
    mask = stand.mask()
    if frame.cold and kind == "conifer":
        flakes = noise.clouds(frame.chance, mask.size, 46, 1, 1.4)
        fill += (np.clip(flakes * 3.4 - 2, 0, 1) * 0.75 * (1 - depth))[:, :,
            None] * (np.array(frame.lit(SNOW, depth), dtype=np.float32) - fill)  # fmt: skip
    frame.image.paste(Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8)), (0, stand.top), mask)


def water(frame: Frame, top: int, bottom: int, tone: Colour, calm: float = 0.6) -> None:
    """A water surface between two rows that mirrors what stands above it, rippled the nearer the stronger."""
    bottom, deep = min(bottom, frame.height), min(bottom, frame.height) - top
    if deep <= 2:
        return
    source = frame.image.crop((0, max(0, top - deep), frame.width, top)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    source = source.resize((frame.width, deep)).filter(ImageFilter.BoxBlur(2))
    mirror = np.asarray(source, dtype=np.float32)
    rows = np.arange(deep, dtype=np.float32)
    shifts = (np.sin(rows * 0.9 + np.sin(rows * 0.21) * 3) * (2 + rows / deep * 10)).astype(int)
    columns = (np.arange(frame.width)[None, :] + shifts[:, None]) % frame.width
    mirror = mirror[np.arange(deep)[:, None], columns]
    colour = np.array(frame.lit(tone, 0.12), dtype=np.float32)
    share = np.linspace(calm, calm * 0.45, deep, dtype=np.float32)[:, None, None]
    ripple = noise.clouds(frame.chance, (frame.width, deep), max(5, deep / 16), 3, 9.0)
    fill = mirror * share + colour * (1 - share)
    fill *= (0.9 + 0.22 * ripple)[:, :, None]
    glint = np.clip((ripple - 0.62) * 4.2, 0, 1)[:, :, None] * (0.25 + 0.4 * frame.light.glow)
    fill += glint * (np.array(frame.light.horizon, dtype=np.float32) - fill)
    frame.image.paste(Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8)), (0, top))


def tufts(
    frame: Frame, level: float, tall: float, count: int, colour: Colour, depth: float = 0.0, soft: float = 0.0
) -> None:
    """A band of grass at `level`; `soft` blurs it as if it were close to the lens."""
    base = frame.line(level, 0.015, 5)
    stand = plants.Stand(frame.size, int(base.min() - tall * frame.height - 4), int(base.max()) + 10)
    plants.grass(stand, frame.width, base, tall * frame.height, count, frame.chance)
    mask = stand.mask()
    if soft > 0:
        mask = mask.filter(ImageFilter.GaussianBlur(soft))
    tone = frame.lit(colour, depth)
    fill = gradient((frame.width, mask.height), ((0, scaled(tone, 1.3)), (1, scaled(tone, 0.72))))
    frame.image.paste(Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8)), (0, stand.top), mask)


def boulders(frame: Frame, level: float, count: int) -> None:
    """Stones half sunk in the ground, capped with snow when it is cold."""
    for _ in range(count):
        x, y = frame.chance.uniform(0, frame.width), (level + frame.chance.uniform(0, 0.26)) * frame.height
        wide = frame.width * frame.chance.uniform(0.015, 0.05) * (0.6 + (y / frame.height - level) * 3)
        turns = frame.chance.uniform(0.75, 1.05, 9)
        points = [(x - wide * t * np.cos(k * np.pi / 8), y - wide * 0.62 * t * np.sin(k * np.pi / 8)) for k,
            t in enumerate(turns)]  # fmt: skip
        stand = plants.Stand(frame.size, int(y - wide), int(y + 6))
        stand.shape(points)
        tone = frame.lit(ROCK, 0.08)
        fill = gradient((frame.width, stand.bottom - stand.top), ((0, frame.lit(SNOW,
            0.05) if frame.cold else scaled(tone, 1.35)), (0.45, tone), (1, scaled(tone, 0.55))))  # fmt: skip
        frame.image.paste(Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8)), (0, stand.top), stand.mask())


def flowers(frame: Frame, level: float, count: int) -> None:
    """Dots of blossom that grow towards the viewer."""
    for colour in ((236, 226, 236), (222, 120, 168), (240, 206, 92)):
        stand = plants.Stand(frame.size, int(level * frame.height) - 12, frame.height)
        for _ in range(count // 3):
            y = level + (1 - level) * frame.chance.random() ** 1.4
            radius = (1.2 + 15 * (y - level)) * frame.height / 768
            x = frame.chance.uniform(0, frame.width)
            stand.shape([(x + radius * np.cos(k * 1.05),
                y * frame.height + radius * 0.75 * np.sin(k * 1.05)) for k in range(6)])  # fmt: skip
        frame.image.paste(frame.lit(colour, 0.05), (0, stand.top), stand.mask())


def foam(frame: Frame, levels: tuple[float, ...]) -> None:
    """White lines of breaking water."""
    for level in levels:
        line = frame.line(level, 0.006, 7)
        rows = np.arange(frame.height, dtype=np.float32)[:, None]
        band = np.clip(1 - np.abs(rows - line[None, :]) / (frame.height * 0.007), 0, 1)
        broken = np.clip(noise.profile(frame.chance, frame.width, 26, 4) + 0.6, 0, 1)[None, :]
        mask = Image.fromarray((band * broken * 215).astype(np.uint8))
        frame.image.paste(frame.lit((244, 248, 250), 0), (0, 0), mask)


def as_floats(image: Image.Image) -> Floats:
    return np.asarray(image, dtype=np.float32)
