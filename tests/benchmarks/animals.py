"""Five furry animals whose outline is known to the pixel, before a ground in a key color with a contact shadow.

What a service draws has no truth to compare with; these have: `Animal.alpha` says how much of each pixel is animal, and
`Animal.colors` what it looks like where it is. Hairs are thinner than a pixel, and the ground shines on them.
"""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Floats = npt.NDArray[np.float32]

SIZE = (1376, 768)
#: coat of the back and of the belly
COATS = {
    "white hare": ((243, 243, 240), (250, 250, 248)),
    "red fox": ((205, 92, 28), (238, 226, 210)),
    "grey wolf": ((146, 146, 142), (176, 174, 168)),
    "brown bear": ((112, 70, 38), (138, 92, 56)),
    "black bear": ((34, 30, 29), (52, 46, 42)),
}
#: the ground's color, how much darker it is below than above, quality of the JPEG (None: PNG)
GROUNDS = {
    "even green": ((0, 177, 64), 0.0, None),
    "shaded green": ((30, 200, 80), 0.18, 92),
    "magenta": ((228, 28, 208), 0.08, 95),
}
PLACES = {"dark": (24, 34, 44), "middle": (110, 124, 96), "bright": (214, 226, 238)}
_FOLD = 2


@dataclass(frozen=True)
class Animal:
    """`alpha` is 0 to 1, `colors` 0 to 255; both of the size of the picture."""

    name: str
    alpha: Floats
    colours: Floats

    def before(self, ground: str) -> Image.Image:
        """Its picture before one of GROUNDS, as a service would send it."""
        colour, shade, quality = GROUNDS[ground]
        lit = _lit(colour, shade) * _shadow()[..., None]
        # what the ground throws back on the fur near the outline
        spill = 0.06 * _soft(1 - self.alpha, 14)[..., None]
        body = self.colours * (1 - spill) + np.array(colour, np.float32) * spill
        mixed = self.alpha[..., None] * body + (1 - self.alpha[..., None]) * lit
        mixed = mixed + np.random.default_rng(1).normal(0, 1.2, mixed.shape)
        made = Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))
        if quality is None:
            return made
        out = io.BytesIO()
        made.save(out, "JPEG", quality=quality, subsampling=0)
        return Image.open(out).convert("RGB")


def _lit(colour: tuple[int, int, int], shade: float) -> Floats:
    fall = 1 - shade * np.linspace(0, 1, SIZE[1], dtype=np.float32)
    lit = np.broadcast_to(np.array(colour, np.float32) * fall[:, None, None], (SIZE[1], SIZE[0], 3))
    return np.array(lit, np.float32)


def _soft(plane: Floats, radius: float) -> Floats:
    made = Image.fromarray((plane * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.array(made, np.float32) / np.float32(255)


def _shadow() -> Floats:
    dark = Image.new("L", SIZE)
    ImageDraw.Draw(dark).ellipse((330, 655, 1060, 735), fill=150)
    return np.asarray(1 - np.asarray(dark.filter(ImageFilter.GaussianBlur(16)), np.float32) / 255, np.float32)


def animal(name: str, seed: int = 7) -> Animal:
    chance = np.random.default_rng(seed)
    body = _body()
    hairs = body.copy()
    _fur(hairs, body, chance)
    alpha = np.array(hairs.resize(SIZE, Image.Resampling.BOX), np.float32) / np.float32(255)
    back, belly = (np.array(coat, np.float32) for coat in COATS[name])
    down = np.clip((np.arange(SIZE[1], dtype=np.float32) - 200) / 380, 0, 1)[:, None, None]
    colours = np.broadcast_to(back + (belly - back) * down, (SIZE[1], SIZE[0], 3)).copy()
    grain = chance.normal(0, 9, (SIZE[1], SIZE[0], 1)).astype(np.float32)
    colours = np.clip(colours + grain, 0, 255)
    eye = np.hypot(*np.meshgrid(np.arange(SIZE[0]) - 1052, np.arange(SIZE[1]) - 214)) < 11
    colours[eye] = (16, 12, 10)
    return Animal(name, alpha, colours.astype(np.float32))


def _body() -> Image.Image:
    drawn = Image.new("L", (SIZE[0] * _FOLD, SIZE[1] * _FOLD))
    pen = ImageDraw.Draw(drawn)
    for box in (
        (360, 200, 960, 520), (900, 110, 1140, 330), (1080, 210, 1210, 290), (240, 270, 440, 320),
        (925, 80, 985, 150), (1050, 80, 1110, 150),
        (390, 380, 500, 690), (510, 400, 610, 680), (730, 400, 830, 680), (840, 380, 950, 690),
    ):  # fmt: skip
        pen.ellipse(tuple(side * _FOLD for side in box), fill=255)
    return drawn


def _fur(hairs: Image.Image, body: Image.Image, chance: np.random.Generator) -> None:
    """Hairs of 8 to 30 pixels that leave the outline, tips thinner than a pixel."""
    shape = np.asarray(body, np.float32) / 255
    soft = np.asarray(body.filter(ImageFilter.GaussianBlur(8)), np.float32)
    slope_y, slope_x = np.gradient(soft, axis=0), np.gradient(soft, axis=1)
    rows, columns = np.nonzero((shape > 0.5) & (np.hypot(slope_x, slope_y) > 8))
    pen = ImageDraw.Draw(hairs)
    for at in chance.choice(len(rows), 3600):
        x, y = float(columns[at]), float(rows[at])
        away = np.arctan2(-slope_y[int(y), int(x)], -slope_x[int(y), int(x)]) + chance.normal(0, 0.35)
        length = chance.uniform(8, 30) * _FOLD
        middle = (x + 0.6 * length * np.cos(away), y + 0.6 * length * np.sin(away))
        tip = (x + length * np.cos(away), y + length * np.sin(away))
        pen.line((x, y, *middle), fill=255, width=2)
        pen.line((*middle, *tip), fill=int(chance.uniform(120, 220)), width=1)


@dataclass(frozen=True)
class Measured:
    """Shares of the body; color errors of the edge in levels of 255, by place."""

    lost: float
    ground: float
    edge: dict[str, float]


def measured(truth: Animal, mask: Image.Image, colours: Image.Image) -> Measured:
    """A cut-out of the size of the picture held against what is known."""
    found, body = np.asarray(mask, np.float32) / 255, truth.alpha
    seen = np.asarray(colours, np.float32)
    whole = float(body.sum())
    solid, bare = body > 0.98, body < 0.02
    edge = ~solid & ~bare
    errors = {}
    for name, place in PLACES.items():
        there = np.array(place, np.float32)
        made = found[..., None] * seen + (1 - found[..., None]) * there
        right = body[..., None] * truth.colours + (1 - body[..., None]) * there
        errors[name] = float(np.abs(made - right)[edge].mean())
    lost, ground = float((1 - found)[solid].sum()) / whole, float(found[bare].sum()) / whole
    return Measured(lost, ground, errors)
