"""Keys a figure off a ground in one color: how much of each pixel is figure, and the figure's own color there.

A pixel is a mix of figure and ground. Of both one knows enough where they are alone: the ground is measured where its
hue is pure (darker where a contact shadow lies, which so becomes a layer of its own), the figure where no ground is
near. Both are spread into the edge between them, and there the mix is solved by color difference, the part of a color
that only the ground has. What the ground shines on fur is taken back. Imports numpy (0.1 CPU-s).
"""

import os
from dataclasses import dataclass

# one picture needs no pool of threads, and a confined script may not start many
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

#: side of the blocks in which ground and figure are measured and spread, pixels
BLOCK = 8
#: how much of the ground's own purity of hue a pixel of the ground has at least
PURE = 0.92
#: a shadow leaves at least this share of the ground's light
DARKEST = 0.22
#: from here on a pixel is wholly figure, up to here wholly ground
SOLID, WHOLE, BARE = 0.93, 0.88, 0.035
#: a figure is not looked through farther than this from the ground, as a share of the picture's longer side
REACH = 0.028
#: ground that is looked at around the figure, pixels
MARGIN = 6 * BLOCK
#: a shadow that is fainter is none
FAINT = 0.06
#: and one that nowhere is darker than this is not worth its while
SEEN = 0.12
#: nor is any blacker than this
DEEPEST = 0.75
#: what has so much of the ground's hue has its color, as a share of the ground's own
HUED = 0.35
#: what the ground may shine on the figure unseen, levels of 255
SPILL = 3.0


@dataclass(frozen=True)
class Key:
    """What was keyed, cropped to `box` (left, top, right, bottom of the picture): the figure, some ground around it.

    `alpha` and `shade` are 0 to 1, `colours` 0 to 255; `shade` is how dark the figure's shadow makes the ground.
    `clouded`: share of the figure that is neither figure nor ground; `stained`: share that still has the ground's hue.
    """

    box: tuple[int, int, int, int]
    alpha: Floats
    colours: Floats
    shade: Floats
    clouded: float
    stained: float

    def images(self) -> tuple[Image.Image, Image.Image, Image.Image | None]:
        """Mask, colors, and the shadow where there is one that can be seen."""
        planes = [Image.fromarray(np.rint(plane * 255).astype(np.uint8)) for plane in (self.alpha, self.shade)]
        colours = Image.fromarray(np.rint(self.colours).astype(np.uint8))
        return planes[0], colours, planes[1] if float(self.shade.max()) >= SEEN else None


def left(found: Key, ground: tuple[int, int, int]) -> float:
    """The share of what was keyed, as it will be seen, that has the ground's color all the same."""
    pure = _weights(ground)
    hued = found.colours @ pure > HUED * float(np.array(ground, np.float32) @ pure)
    return float(found.alpha[hued].sum()) / max(1.0, float(found.alpha.sum()))


def saturated(colour: tuple[int, int, int]) -> bool:
    """Whether a ground of this color can be told from a figure by its hue."""
    return max(colour) - min(colour) >= 80


def key(source: Image.Image, ground: tuple[int, int, int]) -> Key | None:
    """The figure of an RGB picture before a ground that is about `ground` where no shadow lies; None: it has none."""
    pure = _weights(ground)
    full = float(np.array(ground, np.float32) @ pure)
    box = _box(source, pure, ground, full)
    if box is None:
        return None
    seen = np.asarray(source.crop(box), np.float32)
    level = seen @ pure
    bare = _bare(seen, level, ground, full)
    plate, lit = _plate(seen, level, bare, pure)
    rough = 1 - level / np.maximum(lit, 1)
    near = _wide(bare & (rough < BARE + 0.1), REACH * max(source.size))
    solid = (rough >= SOLID) & ~bare
    body = _spread(seen, ~(_wide(~solid, 4) | _wide(bare, 4)) | ~(near | bare))
    own = np.minimum(body @ pure, 0.5 * lit)
    alpha = np.clip(((lit - level) / np.maximum(lit - own, 1) - BARE) / (WHOLE - BARE), 0, 1)
    alpha[~near & ~bare] = 1
    colours = _cleaned(seen, plate, body, alpha)
    stain = _despilled(colours, plate, own, alpha, near, pure)
    shade = _shade(lit)
    whole = max(1.0, float(alpha.sum()))
    clouded = float(((alpha > 0.1) & (alpha < 0.9)).sum()) / whole
    return Key(box, alpha, colours, shade, clouded, float((stain > 0.3 * full).sum()) / whole)


def _bare(seen: Floats, level: Floats, ground: tuple[int, int, int], full: float) -> Mask:
    """Where the hue is the ground's and nothing else, in the light or in a shadow."""
    top = np.maximum(np.maximum(seen[..., 0], seen[..., 1]), seen[..., 2])
    return np.asarray((level >= DARKEST * full) & (level >= PURE * full / max(ground) * top))


def _box(
    source: Image.Image, pure: Floats, ground: tuple[int, int, int], full: float
) -> tuple[int, int, int, int] | None:
    small = np.asarray(source.reduce(BLOCK), np.float32)
    found = Image.fromarray(np.where(_bare(small, small @ pure, ground, full), 0, 255).astype(np.uint8)).getbbox()
    if found is None:
        return None
    left, top, right, bottom = (side * BLOCK for side in found)
    return (
        max(0, left - MARGIN), max(0, top - MARGIN),
        min(source.width, right + MARGIN), min(source.height, bottom + MARGIN),
    )  # fmt: skip


def _weights(ground: tuple[int, int, int]) -> Floats:
    """Weights whose sum over a pixel is 0 for every gray and largest for the ground: its hue, and nothing else."""
    most, least = max(ground), min(ground)
    high = np.array([side > (most + least) / 2 for side in ground])
    made = np.where(high, 1 / high.sum(), -1 / (~high).sum())
    return np.asarray(made, np.float32)


def _plate(seen: Floats, level: Floats, bare: Mask, pure: Floats) -> tuple[Floats, Floats]:
    """The ground as it would be without the figure, and how much of its hue it has: smooth, spread from where it shows.

    Of each block the lightest part counts: a dark hair over the ground is no shadow.
    """
    count = _summed(bare.astype(np.float32))
    peak, known = _tops(np.where(bare, level, 0), bare)
    lit = _filled(peak[..., None], known)[..., 0]
    sums = [_summed(np.where(bare, seen[..., side], 0)) for side in range(3)]
    hue = _filled(np.stack(sums, axis=-1), count.astype(np.float32), summed=True)
    hue = np.asarray(hue / np.maximum((hue @ pure)[..., None], 1), np.float32)
    shape = level.shape
    light_there = _large(lit, shape)
    plate = np.stack([_large(hue[..., side], shape) for side in range(3)], axis=-1) * light_there[..., None]
    return plate, light_there


def _summed(plane: Floats, side: int = BLOCK) -> Floats:
    """The sum over each whole block."""
    rows, columns = (length // side for length in plane.shape)
    cut = plane[: rows * side, : columns * side]
    return np.asarray(cut.reshape(rows, side, columns, side).sum(axis=(1, 3)), np.float32)


def _tops(level: Floats, bare: Mask) -> tuple[Floats, Floats]:
    """Of each block the mean of its lightest quarter (noise would decide with the lightest pixel), and 1 if it has any.

    A quarter of which less than half is ground says nothing.
    """
    half = BLOCK // 2
    sums, counts = _summed(level, half), _summed(bare.astype(np.float32), half)
    rows, columns = (side // BLOCK for side in level.shape)
    means = np.where(counts >= half * half / 2, sums / np.maximum(counts, 1), 0)[: rows * 2, : columns * 2]
    found = means.reshape(rows, 2, columns, 2).max(axis=(1, 3))
    return np.asarray(found, np.float32), (found > 0).astype(np.float32)


def _filled(values: Floats, weight: Floats, summed: bool = False) -> Floats:
    """Values (rows, columns, n) spread from blocks with a weight to those without: first from near, then from far."""
    total = values if summed else values * weight[..., None]
    levels = [(total, weight)]
    while min(levels[-1][1].shape) > 2:
        sums, counts = levels[-1]
        levels.append((_halved(sums), _halved(counts[..., None])[..., 0]))
    sums, counts = levels[-1]
    found = np.asarray(sums / np.maximum(counts, 1e-6)[..., None], np.float32)
    for sums, counts in reversed(levels[:-1]):
        coarse = _doubled(found, counts.shape)
        sure = np.minimum(1, counts / max(1e-6, float(counts.max())) * 2)[..., None]
        known = sums / np.maximum(counts, 1e-6)[..., None]
        found = np.asarray(sure * known + (1 - sure) * coarse, np.float32)
    return np.asarray(found, np.float32)


def _halved(values: Floats) -> Floats:
    rows, columns, _ = values.shape
    values = np.pad(values, ((0, rows % 2), (0, columns % 2), (0, 0)))
    return np.asarray(values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2], np.float32)


def _doubled(values: Floats, shape: tuple[int, ...]) -> Floats:
    return np.stack([_large(values[..., side], shape) for side in range(values.shape[-1])], axis=-1)


def _large(plane: Floats, shape: tuple[int, ...]) -> Floats:
    made = Image.fromarray(np.ascontiguousarray(plane)).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(made, np.float32)


def _wide(mask: Mask, pixels: float) -> Mask:
    """The mask and what lies within about so many pixels of it."""
    plane = Image.fromarray(mask.astype(np.uint8) * 255)
    small = plane.reduce(4).point([0] * 8 + [255] * 248)
    for _ in range(max(1, round(pixels / 4))):
        small = small.filter(ImageFilter.MaxFilter(3))
    return np.asarray(small.resize(plane.size)) > 0


def _spread(seen: Floats, solid: Mask) -> Floats:
    """What the figure looks like at its outline: the colors of its inside, carried outwards."""
    count = _summed(solid.astype(np.float32))
    sums = np.stack([_summed(np.where(solid, seen[..., side], 0)) for side in range(3)], axis=-1)
    return _doubled(_filled(sums, count, summed=True), solid.shape)


def _shade(lit: Floats) -> Floats:
    """The contact shadow: where the ground is darker than at both sides of the figure, in the lower half, faded out.

    A studio ground falls off towards its edges; that is no shadow.
    """
    across = np.linspace(0, 1, lit.shape[1], dtype=np.float32)
    left, right = lit[:, :BLOCK].mean(axis=1)[:, None], lit[:, -BLOCK:].mean(axis=1)[:, None]
    dark = np.clip(1 - lit / np.maximum(left + (right - left) * across, 1), 0, DEEPEST)
    dark = np.clip((dark - FAINT) / (1 - FAINT), 0, 1)
    down = np.clip(np.linspace(-1, 1, lit.shape[0], dtype=np.float32) * 4, 0, 1)[:, None]
    rim = np.clip(np.minimum(across, 1 - across) * lit.shape[1] / (MARGIN / 2), 0, 1)
    return np.asarray(dark * down * rim, np.float32)


def _cleaned(seen: Floats, plate: Floats, body: Floats, alpha: Floats) -> Floats:
    """The figure's own colors, without the ground that is mixed in; the less there is of it, the more is guessed."""
    made = np.where(alpha[..., None] > 0, seen, body)
    edge = (alpha > 0) & (alpha < 1)
    share = alpha[edge][:, None]
    inside = body[edge]
    alone = (seen[edge] - (1 - share) * plate[edge]) / np.maximum(share, 0.1)
    made[edge] = inside + np.clip((share - 0.1) / 0.4, 0, 1) * (alone - inside)
    return made


def _despilled(colours: Floats, plate: Floats, own: Floats, alpha: Floats, near: Mask, pure: Floats) -> Floats:
    """Takes back, in `colours`, what the ground shines on a figure near it. How much more of its hue there was."""
    over = colours @ pure - (np.maximum(own, 0) + SPILL)
    over[~near | (alpha == 0)] = 0
    rim = over > 0
    hue = plate[rim] - plate[rim].min(axis=1, keepdims=True)
    hue = hue / np.maximum((hue @ pure)[:, None], 1e-3)
    colours[rim] -= over[rim][:, None] * hue
    np.clip(colours, 0, 255, out=colours)
    return np.asarray(np.where(alpha > 0.5, over, 0), np.float32)
