"""Produced pictures: PNG, JPEG or WEBP, decoded to the last row, neither bombs nor a single colour."""

import struct
import zlib
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from videod.core.media_checks import objection_to_size
from videod.core.step import Expectation

#: nothing else is even looked at: SVG reads other files, and every format is code that a hostile file can reach
FORMATS = ("PNG", "JPEG", "WEBP")
#: 4K of the largest kind a service makes has 17 million; decoded, a picture takes 4 bytes of the daemon for each
PIXELS_MAX = 40_000_000
#: what differs less all over the picture is one colour, steps of 256
FLAT_STEPS = 3
#: what Pillow raises for damaged files, by format and place of the damage
_DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error,
)  # fmt: skip


class NoPicture(Exception):
    """The file is no whole picture; the text is the rest of a sentence about it."""


def look(path: Path, expected: Expectation) -> dict[str, object]:
    """Decode the picture; its width and height in pixels. Raises NoPicture."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > PIXELS_MAX:
                raise NoPicture(f"claims {width}x{height} pixels, more than {PIXELS_MAX // 1_000_000} million")
            picture.load()
            flat = _flat(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPicture(f"claims more pixels than any picture has ({error})") from error
    except UnidentifiedImageError as error:
        raise NoPicture(f"is no picture of a kind that is taken ({', '.join(FORMATS)})") from error
    except _DAMAGE as error:
        raise NoPicture(f"is no whole picture ({error})") from error
    wrong = objection_to_size(width, height, expected) or flat
    if wrong is not None:
        raise NoPicture(wrong)
    return {"width": width, "height": height}


def _flat(picture: Image.Image) -> str | None:
    """A picture without a single edge was not drawn by anyone; a silhouette differs in its alpha channel alone."""
    extrema = picture.getextrema()
    bands = [extrema] if isinstance(extrema[0], int | float) else list(extrema)
    names = picture.getbands()
    ranges = [(float(low), float(high)) for low, high in bands]
    if names[-1] == "A" and ranges[-1][1] == 0:
        return "is transparent all over"
    if any(high - low > FLAT_STEPS for low, high in ranges):
        return None
    return "is a single colour all over"
