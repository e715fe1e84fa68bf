"""One subject before a plain background, whole and evenly lit: made to be cut out."""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from videod.sandbox.render import noise
from videod.sandbox.render.creatures import draw_creature, extent
from videod.sandbox.render.individuals import individual
from videod.sandbox.render.paint import Light, Sketch
from videod.sandbox.render.props import draw_prop
from videod.sandbox.render.scene import Scene
from videod.sandbox.render.sky import DAYLIGHT
from videod.sandbox.render.staging import faces_left

STUDIO = Light(sun=(1.0, 0.98, 0.95), ambient=(0.66, 0.67, 0.7), side=-1.0, strength=0.62, rim=0.15)


def _studio(scene: Scene, chance: np.random.Generator) -> Light:
    """Even light with a hint of the episode's own, so that a cut-out sits well in its place."""
    own = DAYLIGHT[scene.light].body
    side = 1.0 if chance.random() < 0.5 else -1.0
    share = 0.35

    def blend(one: tuple[float, float, float], two: tuple[float, float, float]) -> tuple[float, float, float]:
        r, g, b = (a * (1 - share) + c * share for a, c in zip(one, two, strict=True))
        return (r, g, b)

    return replace(STUDIO, side=side, sun=blend(STUDIO.sun, own.sun), ambient=blend(STUDIO.ambient, own.ambient))


def isolated(scene: Scene, prompt: str, size: tuple[int, int], references: list[bytes]) -> Image.Image:
    """One subject on its plain background, whole and as large as fits, evenly lit: made to be cut out."""
    assert scene.plain is not None
    picture = Image.new("RGB", size, scene.plain)
    chance = noise.generator(prompt)
    if not scene.creatures:
        sketch = Sketch(size, min(size[0] * 0.34, size[1] * 0.62), (size[0] / 2, size[1] * 0.84))
        coat = draw_prop(sketch, scene.prop or "stones")
    else:
        creature = scene.creatures[0]
        left, bottom, right, top = extent(creature, scene.pose, scene.head)
        scale = min(size[0] * 0.86 / (right - left), size[1] * 0.84 / (top - bottom))
        flip = faces_left(prompt, chance)
        middle = (left + right) / 2 * scale * (-1 if flip else 1)
        sketch = Sketch(size, scale, (size[0] / 2 - middle, (size[1] + (bottom + top) * scale) / 2), flip)
        coat = draw_creature(sketch, creature, individual(creature, prompt, references), scene.pose, scene.head)
    body = sketch.render(_studio(scene, chance), coat, noise.generator("coat", *(c.name for c in scene.creatures)))
    if scene.pose not in ("flying", "leaping"):
        _shaded(picture, body.getchannel("A"))
    picture.paste(body, (0, 0), body)
    return picture


def _shaded(picture: Image.Image, alpha: Image.Image) -> None:
    """Darken the ground under the feet, as light from above does."""
    box = alpha.point([0] * 128 + [255] * 128).getbbox()
    if box is None:
        return
    left, _, right, bottom = box
    deep = max(4, picture.height // 40)
    dark = Image.new("L", picture.size)
    ImageDraw.Draw(dark).ellipse((left, bottom - deep, right, bottom + deep), fill=110)
    picture.paste((0, 0, 0), (0, 0), dark.filter(ImageFilter.GaussianBlur(deep / 2)))
