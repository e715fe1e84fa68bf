"""Still pictures: cropped to fill a frame, characters cut out and set into a place.

Work stays in RGB with separate masks: a round trip through RGBA and the default PNG compression cost three times the
processor time.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from scripts.lib import pictures
from scripts.lib.failures import Failure, Kind

SIZE = (1920, 1080)
BASELINE = 0.90
"""Where feet stand, as a share of the height: inside the lower third."""
CENTRES = {"left": 0.27, "center": 0.5, "right": 0.73}
WIDTH_SHARE_MAX = 0.95
#: so far from the sides of the frame a figure stands that has the room, a share of the width: a clip that pushes in or
#: moves aside takes some 5 % of a side away, and a nose with it
MARGIN_SHARE = 0.06
SHADOW_STRENGTH = 0.5
#: of a picture at most so much is cut off without looking at where its subject is
CUT_OFF = 0.15


@dataclass(frozen=True)
class Shadow:
    """How dark a figure's own contact shadow is. `corner`: where in it the figure's upper left corner lies, pixels."""

    dark: Image.Image
    corner: tuple[int, int]


@dataclass(frozen=True)
class Figure:
    """A character cropped to its outline. `grounded`: it stands free, not cut off by the lower edge of its picture.

    `shadow`: the one that it was drawn with, where it had one. `left`: which share of it has the color of its ground.
    """

    colours: Image.Image
    mask: Image.Image
    grounded: bool
    shadow: Shadow | None = None
    left: float = 0.0


def load(path: Path, option: str) -> Image.Image:
    """The picture at `path`. Raises Failure(input) naming the option when it is no usable picture."""
    return pictures.load(path, f"{option} {path}")


def has_alpha(picture: Image.Image) -> bool:
    """Whether at least a hundredth of the picture is clearly transparent."""
    if picture.mode != "RGBA":
        return False
    histogram = picture.getchannel("A").histogram()
    return sum(histogram[:128]) >= 0.01 * picture.width * picture.height


def cover(picture: Image.Image, size: tuple[int, int], keep_alpha: bool = False) -> Image.Image:
    """The picture scaled to fill `size` exactly, centered, what overhangs cut off; RGB, or RGBA if asked."""
    if keep_alpha:
        picture = picture.convert("RGBA")
    elif picture.mode != "RGB":
        picture = pictures.flattened(picture) if has_alpha(picture) else picture.convert("RGB")
    return ImageOps.fit(picture, size, Image.Resampling.BICUBIC)


def side_by_side(left: Image.Image, right: Image.Image, divider: int) -> Image.Image:
    """Two pictures, each filling its half of the frame, with a black line of `divider` pixels between them."""
    width, height = SIZE
    half = (width - divider) // 2
    frame = Image.new("RGB", SIZE)
    frame.paste(cover(_around_subject(left, (half, height)), (half, height)), (0, 0))
    rest = width - divider - half
    frame.paste(cover(_around_subject(right, (rest, height)), (rest, height)), (width - rest, 0))
    return frame


def _around_subject(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The part of a picture, far too wide for its half, that has the most detail; the middle where all is alike.

    Halves are ordered square and lose 11 %; one that was drawn for a whole frame would lose its head in the middle.
    """
    wide = round(picture.height * size[0] / size[1])
    if wide >= (1 - CUT_OFF) * picture.width:
        return picture
    small = picture.convert("L").resize((160, 90), Image.Resampling.BOX).filter(ImageFilter.FIND_EDGES)
    rows = [small.crop((2, row, 158, row + 1)).tobytes() for row in range(2, 88)]
    columns = [sum(row[at] for row in rows) for at in range(156)]
    span = max(1, round(156 * wide / picture.width))
    middle = (156 - span) / 2
    # what is a little fuller at the side is not worth leaving the middle for
    best = max(range(157 - span), key=lambda at: sum(columns[at : at + span]) * (1 - 0.15 * abs(at - middle) / middle))
    left = min(picture.width - wide, round(best / 156 * picture.width))
    return picture.crop((left, 0, left + wide, picture.height))


def stand(figure: Figure, place: Image.Image, scale: float, position: str) -> tuple[float, float, float, float]:
    """Paste a figure into `place` (1920x1080): `scale` is its height as a share of the frame's.

    Where it stands: left, top, right, bottom, shares of the frame.

    A free-standing figure keeps its own shadow, or gets a soft one under its feet; one that its own picture cuts off
    below is set on the lower edge of the frame, where the cut does not show.
    """
    width, height = SIZE
    wide, high = figure.mask.size
    factor = min(scale * height / high, WIDTH_SHARE_MAX * width / wide)
    size = (max(1, round(wide * factor)), max(1, round(high * factor)))
    colours = figure.colours.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    mask = figure.mask.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    margin = min(round(MARGIN_SHARE * width), (width - size[0]) // 2)
    left = min(max(margin, round(CENTRES[position] * width - size[0] / 2)), width - size[0] - margin)
    bottom = min(height, max(round(BASELINE * height), size[1])) if figure.grounded else height
    if figure.grounded and figure.shadow is not None:
        dark = figure.shadow.dark
        grown = (max(1, round(dark.width * factor)), max(1, round(dark.height * factor)))
        across, down = (round(side * factor) for side in figure.shadow.corner)
        soft = dark.resize(grown, Image.Resampling.BILINEAR, reducing_gap=2.0)
        _darken(place, soft, (left - across, bottom - size[1] - down))
    elif figure.grounded:
        _shade(place, mask, left, bottom)
    place.paste(colours, (left, bottom - size[1]), mask)
    if place.mode == "RGBA":
        alpha = place.getchannel("A")
        alpha.paste(255, (left, bottom - size[1]), mask)
        place.putalpha(alpha)
    return left / width, max(0, bottom - size[1]) / height, (left + size[0]) / width, bottom / height


def _shade(place: Image.Image, mask: Image.Image, left: int, bottom: int) -> None:
    """A contact shadow: a flat blurred ellipse as wide as the lowest tenth of the figure."""
    feet = mask.crop((0, mask.height - max(1, mask.height // 10), mask.width, mask.height)).getbbox()
    start, end = (feet[0], feet[2]) if feet else (0, mask.width)
    across, deep = int((end - start) * 1.15) + 8, max(10, mask.height // 18)
    blur = deep // 2
    # blurred at a quarter of the size: it is soft anyway, and sixteen times faster
    small = Image.new("L", ((across + 4 * blur) // 4 + 1, (deep + 4 * blur) // 4 + 1))
    shade = ImageDraw.Draw(small)
    shade.ellipse(
        (blur // 2, blur // 2, small.width - blur // 2, small.height - blur // 2), round(255 * SHADOW_STRENGTH)
    )
    soft = small.filter(ImageFilter.GaussianBlur(max(1, blur / 4)))
    soft = soft.resize((small.width * 4, small.height * 4), Image.Resampling.BILINEAR)
    middle = left + (start + end) // 2
    _darken(place, soft, (middle - soft.width // 2, bottom - soft.height // 2))


def _darken(place: Image.Image, soft: Image.Image, corner: tuple[int, int]) -> None:
    black = (0, 0, 0, 255) if place.mode == "RGBA" else (0, 0, 0)
    alpha = place.getchannel("A") if place.mode == "RGBA" else None
    place.paste(black, (corner[0], corner[1], corner[0] + soft.width, corner[1] + soft.height), soft)
    if alpha is not None:
        place.putalpha(ImageChops.lighter(alpha, place.getchannel("A")))


def save(picture: Image.Image, out: BinaryIO, path: Path) -> None:
    """Write PNG at level 1 and decode it again. Raises Failure(input) when what was written is not the picture."""
    written = BytesIO()
    picture.save(written, "PNG", compress_level=1)
    out.write(written.getbuffer())
    out.flush()
    with Image.open(path, formats=("PNG",)) as again:
        again.load()
        if again.size != SIZE or again.mode != picture.mode:
            raise Failure(Kind.INPUT, f"{path.name} was not written as {SIZE[0]}x{SIZE[1]} {picture.mode}")
