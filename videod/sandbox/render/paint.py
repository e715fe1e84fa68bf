"""Drawing bodies: smooth shapes in body units are gathered in layers, then shaded as if they had volume.

A sketch's coordinates are body units: x to the right, y up, the ground at 0. Each layer (far limbs, body, near
limbs) keeps its own mask, so that near limbs stand out from the body they overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from videod.sandbox.render import noise
from videod.sandbox.render.shapes import Colour, Point, oval_points, smooth, tapered

Floats = npt.NDArray[np.float32]

#: Shapes are drawn this many times larger and reduced, which smooths their edges.
SUPER = 2


@dataclass(frozen=True)
class Light:
    """How a body is lit. `side` is -1 (sun at the left) to 1 (right); colours are multipliers around 1."""

    sun: tuple[float, float, float] = (1.05, 1.0, 0.92)
    ambient: tuple[float, float, float] = (0.62, 0.66, 0.74)
    side: float = -1.0
    strength: float = 0.72
    rim: float = 0.35


@dataclass(frozen=True)
class Coat:
    """What a body's surface is like: `fur` 0 (wet skin) to 1 (shaggy)."""

    fur: float = 0.5
    gloss: float = 0.0


@dataclass
class Layer:
    """One depth of a body: where it is (mask) and the colours painted there."""

    mask: Image.Image
    colours: Image.Image
    soft: float
    fills: int = 0
    crisp: list[tuple[list[Point], Colour]] = field(default_factory=list)
    melts: list[tuple[Point, float]] = field(default_factory=list)
    pattern: list[tuple[list[Point], Colour]] = field(default_factory=list)


class Sketch:
    """A body being drawn on a canvas of `size` pixels; `scale` is pixels a body unit, `origin` where (0, 0) lies."""

    def __init__(self, size: tuple[int, int], scale: float, origin: Point, flip: bool = False) -> None:
        self.size = size
        self.scale = scale
        self.flip = flip
        self._origin = origin
        self._layers: dict[int, Layer] = {}
        self._reach: list[Point] = []

    def _place(self, points: Sequence[Point]) -> list[Point]:
        sign = -1 if self.flip else 1
        k = self.scale * SUPER
        ox, oy = self._origin[0] * SUPER, self._origin[1] * SUPER
        return [(ox + sign * x * k, oy - y * k) for x, y in points]

    def layer(self, depth: int, soft: float = 0.018) -> Layer:
        if depth not in self._layers:
            large = (self.size[0] * SUPER, self.size[1] * SUPER)
            self._layers[depth] = Layer(Image.new("L", large), Image.new("RGB", self.size, (128, 128, 128)), soft)
        return self._layers[depth]

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of the body so far, in body units, on the canvas or off it."""
        xs, ys = [x for x, _ in self._reach], [y for _, y in self._reach]
        return (min(xs), min(ys), max(xs), max(ys))

    def fill(self, points: Sequence[Point], colour: Colour, depth: int = 1) -> None:
        """A filled outline that belongs to the body."""
        self._reach.extend(points)
        layer = self.layer(depth)
        placed = self._place(points)
        ImageDraw.Draw(layer.mask).polygon(placed, fill=255)
        small = [(x / SUPER, y / SUPER) for x, y in placed]
        pen = ImageDraw.Draw(layer.colours)
        pen.polygon(small, fill=colour, outline=colour, width=max(2, round(self.scale * 0.03)))
        layer.fills += 1

    def blob(self, points: Sequence[Point], colour: Colour, depth: int = 1) -> None:
        """A closed smooth shape through the points."""
        self.fill(smooth(points, closed=True), colour, depth)

    def limb(self, points: Sequence[Point], widths: Sequence[float], colour: Colour, depth: int = 1) -> None:
        """A smooth stroke of changing width."""
        self.fill(tapered(points, widths), colour, depth)

    def oval(self, centre: Point, rx: float, ry: float, colour: Colour, depth: int = 1, tilt: float = 0.0) -> None:
        self.fill(oval_points(centre, rx, ry, tilt), colour, depth)

    def tint(self, points: Sequence[Point], colour: Colour, depth: int = 1) -> None:
        """Colour that lies on the body (belly, mask, spots) and never widens it."""
        layer = self.layer(depth)
        placed = [(x / SUPER, y / SUPER) for x, y in self._place(points)]
        ImageDraw.Draw(layer.colours).polygon(placed, fill=colour)

    def spot(self, points: Sequence[Point], colour: Colour, depth: int = 1) -> None:
        """Like `tint`, with an edge that stays sharp: stripes, spots, feather bars."""
        placed = [(x / SUPER, y / SUPER) for x, y in self._place(points)]
        self.layer(depth).pattern.append((placed, colour))

    def melt(self, centre: Point, radius: float, depth: int) -> None:
        """Around `centre` this layer flows into the one behind it, as a thigh flows into the trunk."""
        (placed,) = self._place([centre])
        self.layer(depth).melts.append(((placed[0] / SUPER, placed[1] / SUPER), radius * self.scale))

    def mark(self, points: Sequence[Point], colour: Colour, depth: int = 4) -> None:
        """A crisp detail on top of everything of that layer: an eye, a nose, a mouth line."""
        self._reach.extend(points)
        self.layer(depth).crisp.append((self._place(points), colour))

    def render(self, light: Light, coat: Coat, chance: np.random.Generator) -> Image.Image:
        """The finished body as RGBA of the canvas size."""
        out = Image.new("RGBA", self.size, (0, 0, 0, 0))
        for depth in sorted(self._layers):
            layer = self._layers[depth]
            if layer.fills:
                body = self._shaded(layer, light, coat, chance, depth, out)
                if depth in (2, 3):
                    self._shadow(out, body)
                out.alpha_composite(body)
            if layer.crisp:
                out.alpha_composite(self._details(layer))
        return out

    def _shadow(self, below: Image.Image, body: Image.Image) -> None:
        """The soft shadow a nearer limb throws on the body behind it."""
        alpha = body.getchannel("A").filter(ImageFilter.BoxBlur(max(1, round(self.scale * 0.018))))
        shade = Image.new("RGBA", self.size, (0, 0, 0, 0))
        shade.putalpha(alpha.point(lambda value: value * 0.42))
        kept = below.getchannel("A")
        below.alpha_composite(shade)
        below.putalpha(kept)

    def _details(self, layer: Layer) -> Image.Image:
        """Crisp marks, drawn large and reduced around their own bounds."""
        xs = [x for points, _ in layer.crisp for x, _ in points]
        ys = [y for points, _ in layer.crisp for _, y in points]
        left, top = int(min(xs)) // SUPER - 2, int(min(ys)) // SUPER - 2
        wide, high = int(max(xs)) // SUPER + 4 - left, int(max(ys)) // SUPER + 4 - top
        out = Image.new("RGBA", self.size, (0, 0, 0, 0))
        if wide > 3 * self.size[0] or high > 3 * self.size[1]:
            return out
        large = Image.new("RGBA", (wide * SUPER * 2, high * SUPER * 2), (0, 0, 0, 0))
        pen = ImageDraw.Draw(large)
        for points, colour in layer.crisp:
            pen.polygon([((x - left * SUPER) * 2, (y - top * SUPER) * 2) for x, y in points], fill=(*colour, 255))
        out.paste(large.resize((wide, high), Image.Resampling.BOX), (left, top))
        return out

    def _shaded(
        self, layer: Layer, light: Light, coat: Coat, chance: np.random.Generator, depth: int, below: Image.Image
    ) -> Image.Image:
        mask = layer.mask.reduce(SUPER)
        box = mask.getbbox()
        out = Image.new("RGBA", self.size, (0, 0, 0, 0))
        if box is None:
            return out
        pad = max(3, round(self.scale * 0.05))
        box = (
            max(0, box[0] - pad),
            max(0, box[1] - pad),
            min(self.size[0], box[2] + pad),
            min(self.size[1], box[3] + pad),
        )
        mask = mask.crop(box)
        alpha = self._furry(mask, coat, chance)
        if layer.melts:
            alpha = alpha * self._melted(layer, below, box)
        soft = max(1.0, self.scale * layer.soft)
        painted = layer.colours.crop(box).filter(ImageFilter.GaussianBlur(soft))
        if layer.pattern:
            pen = ImageDraw.Draw(painted)
            for points, colour in layer.pattern:
                pen.polygon([(x - box[0], y - box[1]) for x, y in points], fill=colour)
            painted = painted.filter(ImageFilter.GaussianBlur(max(0.8, self.scale * 0.004)))
        colours = np.asarray(painted, dtype=np.float32)
        shade = self._volume(mask, light, coat, chance, dim=0.72 if depth == 0 else 1.0)
        rgb = np.clip(colours * shade, 0, 255).astype(np.uint8)
        body = Image.fromarray(np.dstack([rgb, (alpha * 255).astype(np.uint8)]))
        out.paste(body, box[:2])
        return out

    def _melted(self, layer: Layer, below: Image.Image, box: tuple[int, int, int, int]) -> Floats:
        """How much of the layer stays: less around its melts, and only where there is a body to flow into."""
        under = np.asarray(below.getchannel("A").crop(box), dtype=np.float32) / 255
        stays = np.ones_like(under)
        for (x, y), radius in layer.melts:
            across = np.arange(box[0], box[2], dtype=np.float32)[None, :] - x
            down = np.arange(box[1], box[3], dtype=np.float32)[:, None] - y
            away = np.sqrt(across**2 + down**2) / radius
            stays *= np.clip(away * 1.4 - 0.5, 0, 1)
        return np.asarray(1 - under * (1 - stays), dtype=np.float32)

    def _furry(self, mask: Image.Image, coat: Coat, chance: np.random.Generator) -> Floats:
        """The mask with a ragged edge of hair."""
        flat: Floats = np.asarray(np.asarray(mask) / 255, dtype=np.float32)
        if coat.fur < 0.05:
            return flat
        reach = max(0.9, min(self.scale * 0.006, 3.5))
        blurred = np.asarray(mask.filter(ImageFilter.GaussianBlur(reach)), dtype=np.float32) / 255
        ragged = noise.hair(chance, mask.size, self._stroke())
        edge = blurred + np.clip(ragged, -2, 2) * 0.13 * coat.fur
        return np.asarray(np.clip((edge - 0.5) / 0.3 + 0.5, 0, 1), dtype=np.float32)

    def _stroke(self) -> float:
        """Hairs grow with the body, but more slowly, as a nearer lens shows finer ones."""
        return float((self.scale / 200) ** 0.55)

    def _volume(self, mask: Image.Image, light: Light, coat: Coat, chance: np.random.Generator, dim: float) -> Floats:
        """Multipliers (height, width, 3) that give the flat colours volume, a lit side and a texture."""
        part = 2 if self.scale < 420 else 4
        small = mask.resize((max(4, mask.width // part), max(4, mask.height // part)), Image.Resampling.BOX)
        flat = np.asarray(small, dtype=np.float32) / 255
        relief = np.zeros_like(flat)
        for share, reach in ((0.45, 0.035), (0.9, 0.09), (1.0, 0.17)):
            blurred = small.filter(ImageFilter.GaussianBlur(max(1.0, self.scale * reach / part)))
            relief += share * np.asarray(blurred, dtype=np.float32) / 255
        relief *= self.scale / part * 0.11
        down, across = np.gradient(relief)
        length = np.sqrt(across**2 + down**2 + 1)
        sun = np.array([light.side * 0.5, -0.66, 0.56], dtype=np.float32)
        lit = (-across * sun[0] - down * sun[1] + sun[2]) / length
        rim = np.clip(lit - 0.72, 0, 1) * 3.2 * light.rim
        lit = np.clip(lit, 0, 1)
        glossy = np.clip(lit - 0.86, 0, 1) * 6 * coat.gloss
        planes = []
        for channel in range(3):
            plane = light.ambient[channel] * (0.9 - 0.26 * down / length)
            plane = plane + light.sun[channel] * (light.strength * lit**1.2 + rim + glossy)
            planes.append(Image.fromarray((plane * dim).astype(np.float32)).resize(mask.size))
        hair = 1 + noise.hair(chance, mask.size, self._stroke()) * (0.025 + 0.1 * coat.fur)
        return np.asarray(np.dstack([np.asarray(plane) for plane in planes]) * hair[:, :, None], dtype=np.float32)
