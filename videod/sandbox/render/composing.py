"""A creature of one picture set into the place of another: what an image model does when it is asked to combine two."""

import io

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

#: Height of the creature and where its feet stand, as shares of the frame.
HEIGHT, BASELINE = 0.6, 0.92
#: Colours this far apart from the border's (0-255 a channel) belong to the creature.
APART = 44


def opened(data: bytes) -> Image.Image | None:
    """The decoded picture, or None when the bytes are none."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB")
    except OSError:
        return None


def combine(creature: Image.Image, place: Image.Image, size: tuple[int, int]) -> Image.Image:
    """`creature`, cut from the even background it stands on, in front of `place`."""
    frame = ImageOps.fit(place, size)
    border = np.concatenate([np.asarray(creature)[row] for row in (0, -1)])
    r, g, b = (int(value) for value in np.median(border, axis=0))
    bands = ImageChops.difference(creature, Image.new("RGB", creature.size, (r, g, b))).split()
    away = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    mask = away.point(lambda value: 255 if value > APART else 0).filter(ImageFilter.GaussianBlur(1))
    box = mask.getbbox()
    if box is None:
        return frame
    high = round(size[1] * HEIGHT)
    wide = round(high * (box[2] - box[0]) / (box[3] - box[1]))
    if wide > size[0] * 0.9:
        wide, high = round(size[0] * 0.9), round(high * size[0] * 0.9 / wide)
    at = ((size[0] - wide) // 2, round(size[1] * BASELINE) - high)
    frame.paste(creature.crop(box).resize((wide, high)), at, mask.crop(box).resize((wide, high)))
    return frame
