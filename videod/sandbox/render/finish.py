"""What lies between the subject and the lens: weather, light shafts, near foliage, vignette, grain."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from videod.sandbox.render import noise, plants, sky
from videod.sandbox.render.scene import Scene
from videod.sandbox.render.terrain import Frame


def fog(frame: Frame, strength: float) -> None:
    """Drifting banks, thickest at the horizon."""
    veil = noise.clouds(frame.chance, frame.size, 3, 4, 4.0)
    rows = np.arange(frame.height, dtype=np.float32)[:, None] / frame.height
    bank = np.exp(-(((rows - frame.horizon / frame.height - 0.04) / 0.17) ** 2))
    mask = np.clip((veil * 0.9 + 0.25) * bank * strength, 0, 0.92)
    frame.image.paste(frame.light.haze, (0, 0), Image.fromarray((mask * 255).astype(np.uint8)))


def _particles(frame: Frame, count: int, radius: float, level: int, soft: float) -> Image.Image:
    mask = Image.new("L", frame.size)
    pen = ImageDraw.Draw(mask)
    for _ in range(count):
        x, y = frame.chance.uniform(0, frame.width), frame.chance.uniform(0, frame.height)
        r = radius * frame.chance.uniform(0.4, 1.3) * frame.height / 768
        pen.ellipse((x - r, y - r, x + r, y + r), fill=int(level * frame.chance.uniform(0.4, 1)))
    return mask.filter(ImageFilter.GaussianBlur(soft)) if soft else mask


def snowfall(frame: Frame) -> None:
    for count, radius, level, soft in ((420, 1.5, 190, 0.0), (120, 2.8, 220, 0.8), (26, 8.0, 150, 3.5)):
        frame.image.paste((248, 250, 255), (0, 0), _particles(frame, count, radius, level, soft))


def rainfall(frame: Frame) -> None:
    mask = Image.new("L", frame.size)
    pen = ImageDraw.Draw(mask)
    for _ in range(480):
        x, y = frame.chance.uniform(-30, frame.width), frame.chance.uniform(-40, frame.height)
        long = frame.chance.uniform(12, 46) * frame.height / 768
        pen.line((x, y, x + long * 0.17, y + long), fill=int(frame.chance.uniform(35, 120)), width=1)
    frame.image.paste((214, 224, 234), (0, 0), mask.filter(ImageFilter.GaussianBlur(0.6)))


def motes(frame: Frame) -> None:
    frame.image.paste(frame.light.sun, (0, 0), _particles(frame, 90, 2.0, 170, 1.0))
    frame.image.paste(frame.light.sun, (0, 0), _particles(frame, 14, 8.0, 70, 4.0))


def near_foliage(frame: Frame, scene: Scene) -> None:
    """Dark, unsharp leaves and grass at the frame's edge: they give the picture a foreground."""
    stand = plants.Stand(frame.size, 0, frame.height)
    w, h = frame.size
    if scene.ground == "jungle":
        for side in (0, 1):
            for k in range(3):
                angle = (0.35 + 0.45 * k) if side == 0 else math.pi - (0.35 + 0.45 * k)
                plants.palm_leaf(stand, (side * w, -0.04 * h + 0.1 * h * k), h * 0.42, angle)
    elif scene.ground in ("forest", "river", "mountain", "den"):
        edges = (0.02, 0.985)[int(frame.chance.integers(0, 2)) :][: int(frame.chance.integers(0, 3))]
        for x in (edge * w + (k - 1) * w * 0.035 for edge in edges for k in range(3)):
            plants.conifer(stand, x, h * 1.06, h * frame.chance.uniform(0.5, 0.95), frame.chance)
    elif scene.ground in ("savanna", "meadow", "wetland", "tundra") and not scene.cold:
        base = h + 10 - np.abs(np.linspace(-1, 1, w) ** 3) * h * 0.04
        plants.grass(stand, w, base.astype(np.float32), h * 0.2, 130, frame.chance)
    else:
        return
    mask = stand.mask().filter(ImageFilter.GaussianBlur(h / 170))
    tone = frame.lit((22, 30, 24) if not frame.cold else (44, 54, 62), 0.04)
    frame.image.paste(tone, (0, 0), mask.point(lambda value: value * 0.9))


def weather(frame: Frame, scene: Scene) -> None:
    wet = scene.ground == "underwater"
    if scene.weather & {"fog"} and not wet:
        fog(frame, 0.22 if "thin" in scene.weather else 0.6)
    if ("rays" in scene.weather or wet or scene.light in ("golden", "dawn")) and scene.light not in (
        "night",
        "storm",
        "overcast",
    ):
        source = (frame.width * (0.22 if frame.light.body.side < 0 else 0.78),
            -20.0 if wet else frame.horizon * (1 - frame.light.sun_height))  # fmt: skip
        frame.image.paste(frame.light.sun, (0, 0), sky.rays(frame.size, frame.light, frame.chance, source))
    if wet or "dust" in scene.weather or scene.light == "golden":
        motes(frame)
    if wet:
        return
    if "snow" in scene.weather or (scene.cold and scene.light == "storm"):
        snowfall(frame)
    elif "rain" in scene.weather or scene.light == "storm":
        rainfall(frame)


def develop(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    """Vignette, a gentle curve and film grain."""
    width, height = image.size
    x = np.linspace(-1, 1, width // 4, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height // 4, dtype=np.float32)[:, None]
    dark = 0.34 * np.clip((x * x + y * y) / 2, 0, 1) ** 1.3
    shade = noise.enlarged((1 - dark).astype(np.float32), image.size)
    pixels = np.asarray(image, dtype=np.float32) * shade[:, :, None]
    pixels += noise.grain(chance, image.size)[:, :, None] * 4.5
    curve = np.arange(256, dtype=np.float32) / 255
    curve = np.clip(curve + 0.07 * np.sin((curve - 0.5) * 2 * np.pi) * 0.9, 0, 1) * 255
    return Image.fromarray(curve.astype(np.uint8)[np.clip(pixels, 0, 255).astype(np.uint8)])
