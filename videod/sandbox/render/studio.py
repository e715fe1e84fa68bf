"""One subject before a plain background, whole and evenly lit: made to be cut out."""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from videod.sandbox.render import noise
from videod.sandbox.render.creatures import draw_creature, extent
from videod.sandbox.render.individuals import individual
from videod.sandbox.render.paint import Light, Sketch
from videod.sandbox.render.props import draw_prop
from videod.sandbox.render.scene import Scene
from videod.sandbox.render.shapes import scaled
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
    dark = scaled(scene.creatures[0].palette.dark, 0.6) if scene.creatures else (60, 60, 60)
    picture.paste(dark, (0, 0), _enclosed(body.getchannel("A")))
    picture.paste(body, (0, 0), body)
    return picture


def _enclosed(alpha: Image.Image) -> Image.Image:
    """The mask of background that the body closes in, such as between two legs: a cut-out could not reach it."""
    small = alpha.resize((alpha.width // 4, alpha.height // 4), Image.Resampling.BOX)
    open_places = np.asarray(small) < 110
    outside = np.zeros_like(open_places)
    outside[[0, -1]], outside[:, [0, -1]] = open_places[[0, -1]], open_places[:, [0, -1]]
    while True:
        wider = outside.copy()
        wider[1:] |= outside[:-1]
        wider[:-1] |= outside[1:]
        wider[:, 1:] |= outside[:, :-1]
        wider[:, :-1] |= outside[:, 1:]
        wider &= open_places
        if np.array_equal(wider, outside):
            break
        outside = wider
    inside = Image.fromarray(((open_places & ~outside) * 255).astype(np.uint8))
    return inside.filter(ImageFilter.MaxFilter(3)).resize(alpha.size)
