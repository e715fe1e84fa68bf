"""Pictures for scripts: `still` with failures for words, and the few changes that scripts make. Imports Pillow."""

import io
from pathlib import Path

from PIL import Image

from scripts.lib import still
from scripts.lib.failures import Failure, Kind
from scripts.lib.script_runtime import warn

#: more than any service makes (4K is 8.8 million), and than the cameras of telephones
PIXELS = 64_000_000
JPEG_QUALITY = 95
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
MIMES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def load(source: Path | bytes, name: str) -> Image.Image:
    """The picture as `still.shown` gives it: upright, sRGB, RGB or RGBA.

    Raises Failure(input) when `source` is none; the caller knows whose fault it is.
    """
    return still.shown(_decoded(source, name))


def _decoded(source: Path | bytes, name: str) -> still.Still:
    if isinstance(source, Path) and not source.is_file():
        raise Failure(Kind.INPUT, f"{name} is missing")
    try:
        found = still.decoded(io.BytesIO(source) if isinstance(source, bytes) else source, PIXELS)
    except still.NoPicture as error:
        raise Failure(Kind.INPUT, f"{name} {error}") from error
    if found.animated:
        warn(f"{name} is animated. Its first picture is used")
    return found


def encoded(picture: Image.Image, suffix: str) -> bytes:
    """The picture as a file of the kind that `suffix` names. Raises Failure(usage) for other endings."""
    kind = FORMATS.get(suffix.lower())
    if kind is None:
        raise Failure(Kind.USAGE, f"a picture ends .png or .jpg, not {suffix!r}")
    out = io.BytesIO()
    if kind == "JPEG":
        flattened(picture).save(out, kind, quality=JPEG_QUALITY)
    else:
        # level 1: a third of the time of the default for a few per cent of size
        picture.save(out, kind, compress_level=1)
    return out.getvalue()


def flattened(picture: Image.Image) -> Image.Image:
    """RGB, with black where the picture was transparent."""
    if picture.mode == "RGBA":
        return Image.composite(picture, Image.new("RGBA", picture.size), picture).convert("RGB")
    return picture.convert("RGB")


def as_file(data: bytes, suffix: str, name: str) -> tuple[bytes, tuple[int, int]]:
    """`data` as a file of the kind that `suffix` names, and its size in pixels; as it is where that says the same.

    Raises Failure(input) when it is no picture.
    """
    found = _decoded(data, name)
    if found.plain and found.format == FORMATS.get(suffix.lower()):
        return data, found.size
    return encoded(still.shown(found), suffix), found.size


def outgoing(path: Path, kinds: tuple[str, ...] = ("PNG", "JPEG", "WEBP")) -> tuple[bytes, str]:
    """A picture for a service as bytes and MIME type: as it lies there, or rewritten where a service could read
    something else than we do (turned by EXIF, CMYK, 16 bits, a color profile) or takes none of this kind.

    Raises Failure(input) when it is no picture.
    """
    data = path.read_bytes()
    found = _decoded(data, str(path))
    if found.plain and found.format in kinds:
        return data, MIMES[found.format]
    made = still.shown(found)
    # a photograph as PNG is several times larger
    suffix = ".png" if made.mode == "RGBA" or found.format == "PNG" else ".jpg"
    return encoded(made, suffix), MIMES[FORMATS[suffix]]
