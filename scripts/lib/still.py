"""Opens a still picture: the one loader of the scripts and of videod's check of what they made.

`scripts/lib/still.py` and `videod/adapters/still.py` are the same file, because neither side imports the other;
`tests/adapters/test_still.py` compares them. What comes out shows the same everywhere: upright, 8 bits, sRGB, RGB or
RGBA, with nothing left that another program could read differently (EXIF, color profile, palette, 16 bits, CMYK).
"""

import io
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageCms, UnidentifiedImageError

#: nothing else is even looked at: SVG reads other files, and every format is code that a hostile file can reach
FORMATS = ("PNG", "JPEG", "WEBP")
#: a color that a profile moves by less is the same for every eye, levels of 255
SAME_COLOR = 2
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_PROFILED = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}

# Pillow only warns of a size between its limit and twice that
warnings.simplefilter("error", Image.DecompressionBombWarning)


class NoPicture(Exception):
    """The file is no whole picture; the text is the rest of a sentence about it."""


@dataclass(frozen=True)
class Still:
    """A decoded picture as it lies in its file (animated: the first one). `turn`: how it becomes upright, if at all."""

    picture: Image.Image
    format: str
    turn: Image.Transpose | None
    animated: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        width, height = self.picture.size
        sideways = self.turn is not None and self.turn not in (
            Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM
        )  # fmt: skip
        return (height, width) if sideways else (width, height)

    @property
    def plain(self) -> bool:
        """Whether every program shows the file itself as `shown` does."""
        profile = self.picture.info.get("icc_profile")
        as_it_is = self.picture.mode in ("RGB", "RGBA") and "transparency" not in self.picture.info
        return as_it_is and self.turn is None and not self.animated and (not profile or _transform(profile) is None)


def decoded(source: Path | BinaryIO, pixels_max: int) -> Still:
    """Decode a picture to its last row.

    Raises NoPicture, OSError when the file cannot be read, MemoryError.
    """
    try:
        with Image.open(source, formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > pixels_max:
                most = f"{pixels_max // 1_000_000} million"
                raise NoPicture(f"is too large: it claims {width}x{height} pixels, more than {most}")
            animated = getattr(opened, "n_frames", 1) > 1 and opened.format != "MPO"
            opened.load()
            # an MPO is a JPEG with a second view behind it
            kind = "JPEG" if opened.format == "MPO" else opened.format or ""
            return Still(opened, kind, _turn(opened), animated)
    except (NoPicture, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPicture(f"is too large: it claims more pixels than any picture has ({error})") from error
    except UnidentifiedImageError as error:
        raise NoPicture(f"is not a picture of a kind that videod takes ({', '.join(FORMATS)})") from error
    except Exception as error:  # what Pillow raises for damage depends on format and place, down to KeyError
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise NoPicture(f"is not a complete picture ({error})") from error


def shown(still: Still) -> Image.Image:
    """The picture as a person should see it: upright, 8 bits, sRGB, RGB or (where it has transparency) RGBA."""
    made = _in_srgb(_shallow(still.picture))
    if still.turn is not None:
        made = made.transpose(still.turn)
    made.info = {}
    return made


def _turn(picture: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # a picture whose notes are damaged is still a picture; Pillow raises whatever it stumbles over
        return None


def _shallow(picture: Image.Image) -> Image.Image:
    """16 bits of gray as 8; Pillow's own conversion would cut off at 255, which is white."""
    if picture.mode not in _DEEP:
        return picture
    gray = (picture if picture.mode == "I" else picture.convert("I")).point(_eight_bits(), "L")
    clear = picture.info.get("transparency")
    made = gray
    if isinstance(clear, int) and 0 <= clear <= 0xFFFF:
        table = [255] * 65536
        table[clear] = 0
        made = Image.merge("LA", (gray, picture.convert("I").point(table, "L")))
    made.info = {"icc_profile": picture.info.get("icc_profile")}
    return made


@cache
def _eight_bits() -> list[int]:
    return [(level * 255 + 32767) // 65535 for level in range(65536)]


def _in_srgb(picture: Image.Image) -> Image.Image:
    alpha = None
    profile = picture.info.get("icc_profile")
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        clear = _with_alpha(picture)
        if clear is not None:
            alpha = clear.getchannel("A")
            picture = picture if picture.mode == "L" else clear.convert("L" if picture.mode == "LA" else "RGB")
    if picture.mode in ("P", "PA"):
        picture = picture.convert("RGB")
    elif picture.mode == "1":
        picture = picture.convert("L")
    made = _converted(picture, profile) if profile else None
    if made is None:
        made = picture.copy() if picture.mode == "RGB" else picture.convert("RGB")
    if alpha is not None:
        made.putalpha(alpha)
    return made


def _with_alpha(picture: Image.Image) -> Image.Image | None:
    """The picture as RGBA; None where what it says of its transparency is damaged."""
    try:
        return picture.convert("RGBA")
    except (ValueError, TypeError, KeyError, IndexError):
        picture.info.pop("transparency", None)
        return None


def _converted(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB; None where its profile says nothing else, is damaged, or belongs to other pictures."""
    transform = _transform(profile)
    if transform is None or transform.input_mode != picture.mode:
        return None
    try:
        return ImageCms.applyTransform(picture, transform)
    except (ImageCms.PyCMSError, ValueError):
        return None


def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """What turns pictures with this color profile into sRGB; None where nothing needs to, or can, be done."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _PROFILED.get(given.profile.xcolor_space, "")
        if not mode:
            return None
        srgb = ImageCms.createProfile("sRGB")
        made = ImageCms.buildTransform(given, srgb, mode, "RGB")
        probe = _probe(mode)
        moved = ImageCms.applyTransform(probe, made)
    except Exception:  # a damaged profile: lcms and Pillow raise many kinds; the picture is shown without
        return None
    if moved is None:
        return None
    pairs = zip(moved.convert("RGB").tobytes(), probe.convert("RGB").tobytes(), strict=True)
    return made if max(abs(one - other) for one, other in pairs) > SAME_COLOR else None


def _probe(mode: str) -> Image.Image:
    """Colors all over the space of `mode`, to see whether a profile moves them."""
    levels = (0, 64, 128, 192, 255)
    if mode == "L":
        return Image.frombytes("L", (5, 1), bytes(levels))
    colors = [(red, green, blue) for red in levels for green in levels for blue in levels]
    if mode == "RGB":
        return Image.frombytes("RGB", (25, 5), bytes(level for color in colors for level in color))
    return Image.frombytes("CMYK", (25, 5), bytes(level for color in colors for level in (*color, 0)))
