"""Pictures from words: an animatic's painting of what an image prompt asks for.

The same prompt, size and references always give the same picture. The words decide light, weather, ground, animals,
pose and framing; a reference picture lends the animal its colours, so that variants look like the same individual.
"""

import io
import re
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from videod.sandbox.render import features, finish, noise, sky, terrain
from videod.sandbox.render.builds import Palette
from videod.sandbox.render.creatures import FLIERS, SWIMMERS, Creature, anatomy, draw_creature
from videod.sandbox.render.grounds import GROUNDS
from videod.sandbox.render.paint import Light, Sketch
from videod.sandbox.render.props import draw_prop
from videod.sandbox.render.scene import Scene, read_scene
from videod.sandbox.render.shapes import Colour, Point, mixed
from videod.sandbox.render.sky import DAYLIGHT
from videod.sandbox.render.terrain import Frame

#: How much of the frame's height a standing animal of size 1 takes, by framing.
SPAN = {"wide": 0.2, "medium": 0.52, "close": 1.15}
STUDIO = Light(sun=(1.0, 0.98, 0.95), ambient=(0.66, 0.67, 0.7), side=-1.0, strength=0.62, rim=0.15)


def reference_colour(data: bytes) -> Colour | None:
    """The colour of the subject of a reference picture: what stands in its middle and not at its border."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            small = np.asarray(opened.convert("RGB").resize((64, 40), Image.Resampling.BOX), dtype=np.float32)
    except OSError:
        return None
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    backdrop = np.median(edge, axis=0)
    middle = small[6:34, 10:54].reshape(-1, 3)
    away = np.linalg.norm(middle - backdrop, axis=1)
    subject = middle[away > max(28.0, float(np.percentile(away, 60)))]
    chosen = subject if len(subject) >= 20 else middle
    r, g, b = (int(v) for v in np.median(chosen, axis=0))
    return (r, g, b)


def _towards(colour: Colour, wanted: Colour, share: float) -> Colour:
    """`colour` moved towards the hue of `wanted`, keeping its own lightness mostly."""
    own, other = max(1, sum(colour)), max(1, sum(wanted))
    level = (own * 0.8 + other * 0.2) / other
    return mixed(colour, (min(255, round(wanted[0] * level)), min(255, round(wanted[1] * level)),
        min(255, round(wanted[2] * level))), share)  # fmt: skip


def individual(creature: Creature, prompt: str, references: list[bytes]) -> Palette:
    """The colours of this individual: its kind's, moved by the reference, or by the prompt when there is none."""
    palette = creature.palette
    for data in references[:1]:
        colour = reference_colour(data)
        if colour is not None:
            return replace(palette, base=_towards(palette.base, colour, 0.6), light=_towards(palette.light, colour,
                0.25), dark=_towards(palette.dark, colour, 0.3))  # fmt: skip
    chance = noise.generator("individual", prompt)
    warm, level = float(chance.uniform(-0.05, 0.05)), float(chance.uniform(0.94, 1.06))

    def moved(colour: Colour) -> Colour:
        return (min(255, round(colour[0] * level * (1 + warm))), min(255, round(colour[1] * level)), min(255,
            round(colour[2] * level * (1 - warm))))  # fmt: skip

    return replace(palette, base=moved(palette.base), light=moved(palette.light), dark=moved(palette.dark))


def _extent(creature: Creature, pose: str) -> tuple[float, float, float, float]:
    left, right, tall, face = anatomy(creature)
    if pose == "flying" and creature.body in FLIERS and creature.body not in ("bee", "butterfly", "dragonfly"):
        return (-1.1, 0.95, 2.1, 0.8)
    if pose in ("running", "leaping") and creature.body not in SWIMMERS:
        return (left - 0.3, right + 0.3, tall + 0.25, face)
    if pose == "lying" and creature.body not in SWIMMERS:
        return (left, right, tall * 0.72, face * 0.68)
    return (left, right, tall, face)


def _flip(prompt: str, chance: np.random.Generator) -> bool:
    if re.search(r"(?:facing|looking|toward[s]?|to the) left", prompt.lower()):
        return True
    if re.search(r"(?:facing|looking|toward[s]?|to the) right", prompt.lower()):
        return False
    return bool(chance.random() < 0.5)


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
        left, right, tall, _ = _extent(creature, scene.pose)
        scale = min(size[0] * 0.88 / (right - left), size[1] * 0.84 / tall)
        flip = _flip(prompt, chance)
        middle = (left + right) / 2 * scale * (-1 if flip else 1)
        sketch = Sketch(size, scale, (size[0] / 2 - middle, size[1] * 0.5 + tall * scale / 2), flip)
        coat = draw_creature(sketch, creature, individual(creature, prompt, references), scene.pose, scene.head)
    body = sketch.render(_studio(scene, chance), coat, noise.generator("coat", *(c.name for c in scene.creatures)))
    picture.paste(body, (0, 0), body)
    return picture


def _stand(scene: Scene, creature: Creature, place: int, frame: Frame) -> tuple[float, Point]:
    """Scale (pixels a body unit) and ground point of an animal in the frame; `place` 0 is the main one."""
    left, right, tall, face = _extent(creature, scene.pose)
    width, height = frame.size
    span = SPAN[scene.framing] * (creature.size if scene.framing != "close" else 1.0)
    pair = len(scene.creatures) > 1
    scale = min(height * span / min(tall, 1.5),
        width * (0.34 if pair else 0.62) * (3.2 if scene.framing == "close" else 1) / (right - left))  # fmt: skip
    if scene.framing == "close":
        return scale, (width * 0.5 - (right - 0.3) * scale * 0.82, height * 0.46 + face * scale)
    ground = frame.horizon + (height - frame.horizon) * (0.55 if scene.framing == "medium" else 0.3)
    if pair and place == 1:
        ground -= height * 0.035
    scale = min(scale, (ground - height * 0.06) / tall)
    middle = width * ((0.3, 0.72)[place] if pair else 0.52) - (left + right) / 2 * scale
    if creature.body in SWIMMERS and scene.ground in ("underwater", "ocean", "coast", "ice", "river"):
        rise = 0.48 if scene.ground == "underwater" else (0.0 if scene.pose == "leaping" else -0.1)
        ground = height * 0.5 + 0.6 * scale if rise > 0 else frame.horizon + height * 0.2 + (0.35 + rise) * scale
    elif scene.pose == "flying" and creature.body in FLIERS:
        ground = height * 0.42 + 0.75 * scale
    return scale, (middle, ground)


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
        flip = _flip(prompt, noise.generator("side", prompt)) if len(scene.creatures) == 1 else place == 1
        scale, (x, ground) = _stand(scene, creature, place, frame)
        sketch = Sketch(frame.size, scale, (frame.width - x if flip and place == 0 else x, ground), flip)
        if flip and place == 1:
            left, right, _, _ = _extent(creature, scene.pose)
            sketch = Sketch(frame.size, scale, (x + (left + right) * scale, ground), flip)
        palette = individual(creature, prompt, references if place == 0 else references[1:2])
        coat = draw_creature(sketch, creature, palette, scene.pose if place == 0 else "standing",
            scene.head if place == 0 else "standing")  # fmt: skip
        body = sketch.render(frame.light.body, coat, noise.generator("coat", creature.name))
        _set(frame, scene, creature, body, ground, scale)


def _set(frame: Frame, scene: Scene, creature: Creature, body: Image.Image, ground: float, scale: float) -> None:
    """Lays a finished body into the frame: shadow, haze or water over it, or nothing but its outline."""
    swims = creature.body in SWIMMERS and scene.ground in ("underwater", "ocean", "coast", "ice", "river")
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
    frame = Frame(painted, light, scene.cold, chance, round(size[1] * share))
    GROUNDS[scene.ground](frame)
    features.add_features(frame, scene.text)
    return frame


def caption_of(prompt: str) -> str:
    """The last line's first sentence, short enough for the strip."""
    words = prompt.strip().split("\n")[-1]
    sentence = re.split(r"(?<=[.!?])\s", words)[0]
    return sentence if len(sentence) <= 96 else sentence[:95].rsplit(" ", 1)[0] + "..."


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
    picture = finish.develop(frame.image, frame.chance)
    finish.caption(picture, caption_of(prompt))
    return picture


def encode_picture(picture: Image.Image, mime_type: str) -> bytes:
    """PNG (fast level) or JPEG bytes."""
    out = io.BytesIO()
    if mime_type == "image/png":
        picture.save(out, "PNG", compress_level=1)
    else:
        picture.save(out, "JPEG", quality=92)
    return out.getvalue()
