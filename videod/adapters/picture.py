"""Produced pictures: PNG, JPEG or WEBP, decoded to the last row, neither bombs nor a single colour."""

from pathlib import Path

from PIL import Image

from videod.adapters import still
from videod.adapters.still import NoPicture
from videod.core.media_checks import objection_to_size
from videod.core.step import Expectation
from videod.ports import Unchecked

#: 4K of the largest kind a service makes has 17 million; decoded, a picture takes 4 bytes of the daemon for each
PIXELS_MAX = 40_000_000
#: what differs less all over the picture is one colour, steps of 256
FLAT_STEPS = 3

__all__ = ["PIXELS_MAX", "NoPicture", "look"]


def look(path: Path, expected: Expectation) -> dict[str, object]:
    """Decode the picture; its width and height in pixels, as it is shown.

    Raises NoPicture, Unchecked when this host has no memory for it.
    """
    try:
        found = still.decoded(path, PIXELS_MAX)
        flat = _flat(found.picture)
    except MemoryError as error:
        raise Unchecked(f"{path.name} could not be checked: videod has no memory left for it") from error
    width, height = found.size
    wrong = objection_to_size(width, height, expected) or flat
    if wrong is not None:
        raise NoPicture(wrong)
    return {"width": width, "height": height}


def _flat(picture: Image.Image) -> str | None:
    """A picture without a single edge was not drawn by anyone; a silhouette differs in its alpha channel alone."""
    if picture.mode in ("P", "PA"):  # two places of a palette may hold one color
        picture = picture.convert("RGB")
    extrema = picture.getextrema()
    bands = [extrema] if isinstance(extrema[0], int | float) else list(extrema)
    names = picture.getbands()
    # 16 bits of gray count in steps of 256
    scale = 257.0 if picture.mode.startswith("I") else 1.0
    ranges = [(float(low) / scale, float(high) / scale) for low, high in bands]
    if names[-1] == "A" and ranges[-1][1] == 0:
        return "is transparent all over"
    if any(high - low > FLAT_STEPS for low, high in ranges):
        return None
    return "is a single colour all over"
