"""Pictures: decoding as the proof that a file is one, and the few changes that scripts make. Imports Pillow."""

import io
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from scripts.lib.failures import Failure, Kind

#: More than any service makes (4K is 8.8 million); a small file that claims more is an attack or an accident.
PIXELS = 64_000_000
JPEG_QUALITY = 95
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def load(data: bytes, name: str) -> Image.Image:
    """The fully decoded picture. Raises Failure(input) when `data` is none; the caller knows whose fault it is."""
    Image.MAX_IMAGE_PIXELS = PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP"))
            picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Failure(Kind.INPUT, f"{name} is no usable picture: {error}") from error
    except (OSError, SyntaxError, ValueError) as error:  # what a damaged file raises, by format
        raise Failure(Kind.INPUT, f"{name} is a damaged picture: {error}") from error
    return picture


def encoded(picture: Image.Image, suffix: str) -> bytes:
    """The picture as a file of the kind that `suffix` names. Raises Failure(usage) for other endings."""
    kind = FORMATS.get(suffix.lower())
    if kind is None:
        raise Failure(Kind.USAGE, f"a picture ends .png or .jpg, not {suffix!r}")
    out = io.BytesIO()
    if kind == "JPEG":
        picture.convert("RGB").save(out, kind, quality=JPEG_QUALITY)
    else:
        # level 1: a third of the time of the default for a few per cent of size
        picture.save(out, kind, compress_level=1)
    return out.getvalue()


def side_by_side(left: Path, right: Path, size: tuple[int, int] = (1920, 1080)) -> Image.Image:
    """Two pictures as the halves of one, each filling its half, cut around its centre."""
    width, height = size
    joined = Image.new("RGB", size)
    for path, at in ((left, 0), (right, width // 2)):
        joined.paste(_filling(load(path.read_bytes(), str(path)), (width // 2, height)), (at, 0))
    return joined


def _filling(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    width, height = size
    scale = max(width / picture.width, height / picture.height)
    wide, high = width / scale, height / scale
    left, top = (picture.width - wide) / 2, (picture.height - high) / 2
    return picture.convert("RGB").resize(
        size, Image.Resampling.LANCZOS, box=(left, top, left + wide, top + high)
    )  # fmt: skip
