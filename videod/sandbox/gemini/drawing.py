"""Image answers: the picture a prompt asks for, in the pixels of its aspect ratio and size."""

from PIL import Image

from videod.sandbox.gemini.asked import Asked
from videod.sandbox.gemini.models import SIZES_1K
from videod.sandbox.render import plain
from videod.sandbox.render.composing import combine, opened
from videod.sandbox.render.pictures import encode_picture, render_picture
from videod.sandbox.render.scene import read_scene

TIMES = {"1K": 1, "2K": 2, "4K": 4}


def pixels(ratio: str, size: str) -> tuple[int, int]:
    width, height = SIZES_1K[ratio]
    return width * TIMES[size], height * TIMES[size]


def draw(asked: Asked, cheap: bool = False) -> tuple[str, bytes]:
    """MIME type and bytes. A subject on a plain ground is a PNG, a scene a JPEG: callers must trust the type told."""
    ground = read_scene(asked.last).plain
    wanted = pixels(asked.ratio, asked.size)
    picture = plain.picture(asked.last, wanted, ground) if cheap else _picture(asked)
    if picture.size != wanted:
        picture = picture.resize(wanted, Image.Resampling.LANCZOS)
    mime_type = "image/jpeg" if ground is None else "image/png"
    return mime_type, encode_picture(picture, mime_type)


def _picture(asked: Asked) -> Image.Image:
    prompt = asked.last.lower()
    if len(asked.references) > 1 and "first picture" in prompt and "second picture" in prompt:
        creature, place = opened(asked.references[0]), opened(asked.references[1])
        if creature is not None and place is not None:
            return combine(creature, place, SIZES_1K[asked.ratio])
    return render_picture(asked.last, SIZES_1K[asked.ratio], list(asked.references))
