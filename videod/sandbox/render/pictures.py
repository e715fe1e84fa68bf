"""Pictures from words: an animatic's painting of what an image prompt asks for.

The same prompt, size and references always give the same picture. The words decide light, weather, ground, animals,
pose and framing; a reference picture lends the animal its colours, so that variants look like the same individual.
"""

import io
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from videod.sandbox.render import features, finish, noise, sky, terrain
from videod.sandbox.render.creatures import FLIERS, SWIMMERS, Creature, draw_creature, extent
from videod.sandbox.render.grounds import GROUNDS
from videod.sandbox.render.individuals import individual
from videod.sandbox.render.paint import Sketch
from videod.sandbox.render.props import draw_prop
from videod.sandbox.render.scene import Scene, read_scene
from videod.sandbox.render.shapes import mixed
from videod.sandbox.render.sky import DAYLIGHT
from videod.sandbox.render.staging import WATERS, faces_left, place_of
from videod.sandbox.render.studio import isolated
from videod.sandbox.render.terrain import Frame


def _shadow(frame: Frame, body: Image.Image, ground: float) -> None:
    """The soft shadow under an animal that stands on the ground."""
    box = body.getchannel("A").getbbox()
    if box is None:
        return
    wide = max(8, round((box[2] - box[0]) * 0.86))
    thin = max(4, round(wide * 0.075))
    shade = Image.new("L", frame.size)
    x = np.linspace(-1, 1, wide, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, thin * 2, dtype=np.float32)[:, None]
    oval = Image.fromarray((np.clip(1 - np.sqrt(x * x + y * y), 0, 1) ** 0.7 * 125).astype(np.uint8))
    lean = round(-frame.light.body.side * wide * 0.06)
    shade.paste(oval, ((box[0] + box[2] - wide) // 2 + lean, round(ground) - thin))
    tone = mixed(frame.lit((30, 34, 44), 0.05), (20, 22, 30), 0.4)
    frame.image.paste(tone, (0, 0), shade)


def _animals(frame: Frame, scene: Scene, prompt: str, references: list[bytes]) -> None:
    for place in reversed(range(len(scene.creatures))):
        creature = scene.creatures[place]
        flip = faces_left(prompt, noise.generator("side", prompt)) if len(scene.creatures) == 1 else place == 1
        scale, (x, ground) = place_of(scene, creature, place, frame)
        sketch = Sketch(frame.size, scale, (frame.width - x if flip and place == 0 else x, ground), flip)
        if flip and place == 1:
            left, _, right, _ = extent(creature, scene.pose, scene.head)
            sketch = Sketch(frame.size, scale, (x + (left + right) * scale, ground), flip)
        palette = individual(creature, prompt, references if place == 0 else references[1:2])
        coat = draw_creature(sketch, creature, palette, scene.pose if place == 0 else "standing",
            scene.head if place == 0 else "standing")  # fmt: skip
        body = sketch.render(frame.light.body, coat, noise.generator("coat", creature.name))
        _set(frame, scene, creature, body, ground, scale)


def _set(frame: Frame, scene: Scene, creature: Creature, body: Image.Image, ground: float, scale: float) -> None:
    """Lays a finished body into the frame: shadow, haze or water over it, or nothing but its outline."""
    swims = creature.body in SWIMMERS and scene.ground in WATERS
    flies = creature.body in FLIERS and scene.pose == "flying"
    if scene.silhouette:
        dark = Image.new("RGBA", frame.size, (*frame.lit((14, 16, 22), 0.03), 255))
        dark.putalpha(body.getchannel("A"))
        body = dark
    if not swims and not flies and scene.framing != "close":
        _shadow(frame, body, ground)
    veil = {"underwater": 0.16}.get(scene.ground, 0.0) + {"wide": 0.2, "medium": 0.05, "close": 0.0}[scene.framing]
    tone = terrain.as_floats(frame.image.crop((0, int(frame.height * 0.4), frame.width,
        int(frame.height * 0.6)))).mean(axis=(0, 1))  # fmt: skip
    alpha = body.getchannel("A")
    hazed = Image.blend(body.convert("RGB"), Image.new("RGB", frame.size,
        (int(tone[0]), int(tone[1]), int(tone[2]))), veil)  # fmt: skip
    if swims and scene.ground != "underwater":
        _surface(frame, alpha, hazed, frame.horizon + frame.height * 0.2)
        return
    frame.image.paste(hazed, (0, 0), alpha)


def _surface(frame: Frame, alpha: Image.Image, body: Image.Image, level: float) -> None:
    """A swimmer at the surface: what lies below the waterline is only a shade, and foam rings it."""
    rows = np.arange(frame.height, dtype=np.float32)[:, None]
    line = level + frame.height * 0.012 * noise.profile(frame.chance, frame.width, 6, 4)[None, :]
    above = np.clip((line - rows) / 5 + 0.5, 0, 1)
    mask = np.asarray(alpha, dtype=np.float32) / 255
    shown = mask * (above + (1 - above) * np.clip(0.35 - (rows - line) / frame.height * 1.6, 0, 1))
    frame.image.paste(body, (0, 0), Image.fromarray((shown * 255).astype(np.uint8)))
    wet = Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(frame.height // 40))
    ring = np.asarray(wet, dtype=np.float32) / 255 * np.exp(-np.abs(rows - line) / (frame.height * 0.012))
    froth = noise.clouds(frame.chance, frame.size, 34, 2, 2.5)
    frame.image.paste(frame.lit((240, 246, 250), 0), (0, 0), Image.fromarray((np.clip(ring * (0.3 + froth) * 1.1, 0,
        0.9) * 255).astype(np.uint8)))  # fmt: skip


def _prop(frame: Frame, scene: Scene) -> None:
    assert scene.prop is not None
    frame.image = frame.image.filter(ImageFilter.GaussianBlur(frame.height / 90))
    scale = min(frame.width * 0.34, frame.height * 0.52)
    sketch = Sketch(frame.size, scale, (frame.width * 0.5, frame.height * 0.84))
    coat = draw_prop(sketch, scene.prop)
    body = sketch.render(frame.light.body, coat, noise.generator("prop", scene.prop))
    if scene.prop != "tracks":
        _shadow(frame, body, frame.height * 0.84)
    frame.image.paste(body, (0, 0), body)


def landscape(scene: Scene, size: tuple[int, int], chance: np.random.Generator) -> Frame:
    """Sky and ground, without anything alive."""
    light = DAYLIGHT[scene.light]
    side = -1.0 if chance.random() < 0.5 else 1.0
    light = replace(light, body=replace(light.body, side=side))
    share = {"savanna": 0.5, "jungle": 0.5, "ocean": 0.42, "coast": 0.44, "wetland": 0.46,
        "mountain": 0.56}.get(scene.ground, 0.52)  # fmt: skip
    share += float(chance.uniform(-0.1, 0.08))
    aurora = scene.light == "night" and scene.cold
    painted = sky.paint_sky(size, light, scene.light, share, chance, aurora)
    frame = Frame(painted, light, scene.cold, chance, round(size[1] * share), scene.text)
    GROUNDS[scene.ground](frame)
    features.add_features(frame, scene.text)
    return frame


def render_picture(prompt: str, size: tuple[int, int], references: list[bytes]) -> Image.Image:
    """The RGB picture for `prompt` at `size` (width, height); `references` are encoded pictures of the subject."""
    scene = read_scene(prompt)
    if scene.plain is not None:
        return isolated(scene, prompt, size, references)
    frame = landscape(scene, size, noise.generator(prompt))
    if scene.framing == "close" and scene.creatures:
        frame.image = frame.image.filter(ImageFilter.GaussianBlur(size[1] / 75))
    if scene.weather & {"fog"} and scene.ground != "underwater":
        finish.fog(frame, 0.3 if "thin" in scene.weather else 0.5)
    if scene.prop is not None and not scene.creatures:
        _prop(frame, scene)
    _animals(frame, scene, prompt, references)
    finish.weather(frame, scene)
    if scene.framing != "close" and scene.prop is None:
        finish.near_foliage(frame, scene)
    return finish.develop(frame.image, frame.chance)


def encode_picture(picture: Image.Image, mime_type: str) -> bytes:
    """PNG (fast level) or JPEG bytes."""
    out = io.BytesIO()
    if mime_type == "image/png":
        picture.save(out, "PNG", compress_level=1)
    else:
        picture.save(out, "JPEG", quality=92)
    return out.getvalue()
