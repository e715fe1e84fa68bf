"""Light and sky: each time of day has its colours; clouds, sun, moon, stars and aurora are laid over a gradient."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from videod.sandbox.render import noise
from videod.sandbox.render.paint import Floats, Light
from videod.sandbox.render.shapes import Colour


@dataclass(frozen=True)
class Daylight:
    """Colours of one time of day. `land` multiplies the colours of the ground; `sun_height` is 0 (horizon) to 1."""

    top: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    land: tuple[float, float, float]
    haze: Colour
    glow: float
    sun_height: float
    cloud: float
    body: Light


def _body(sun: tuple[float, float, float], ambient: tuple[float, float, float], strength: float, rim: float) -> Light:
    return Light(sun, ambient, -1.0, strength, rim)


DAYLIGHT = {
    "day": Daylight((84, 138, 196), (150, 190, 222), (214, 226, 230), (255, 250, 232), (1.0, 1.0, 0.97), (196, 212,
        222),
                    0.35, 0.72, 0.5, _body((1.05, 1.0, 0.92), (0.62, 0.66, 0.72), 0.7, 0.3)),
    "noon": Daylight((70, 134, 204), (148, 190, 218), (232, 226, 204), (255, 252, 238), (1.1, 1.05, 0.94), (226, 220,
        200),
                     0.4, 0.9, 0.22, _body((1.12, 1.05, 0.92), (0.6, 0.6, 0.62), 0.78, 0.35)),
    "golden": Daylight((92, 108, 150), (226, 164, 116), (255, 206, 130), (255, 226, 150), (1.12, 0.86, 0.62), (244,
        190, 132),
                       0.95, 0.2, 0.55, _body((1.16, 0.92, 0.66), (0.54, 0.48, 0.5), 0.66, 0.6)),
    "dawn": Daylight((96, 124, 172), (222, 176, 176), (255, 214, 176), (255, 236, 200), (0.98, 0.86, 0.82), (232,
        204, 196),
                     0.75, 0.13, 0.5, _body((1.16, 0.96, 0.82), (0.54, 0.54, 0.62), 0.66, 0.7)),
    "dusk": Daylight((40, 50, 92), (116, 96, 142), (224, 142, 128), (255, 190, 160), (0.6, 0.56, 0.72), (140, 112,
        142),
                     0.6, 0.06, 0.5, _body((1.0, 0.74, 0.72), (0.42, 0.42, 0.56), 0.5, 0.7)),
    "night": Daylight((10, 16, 36), (24, 38, 70), (54, 78, 112), (226, 234, 250), (0.36, 0.42, 0.56), (44, 60, 86),
                      0.3, 0.76, 0.25, _body((0.62, 0.74, 1.0), (0.26, 0.32, 0.46), 0.45, 0.55)),
    "storm": Daylight((46, 54, 68), (84, 94, 108), (136, 142, 146), (190, 196, 200), (0.6, 0.64, 0.7), (112, 120,
        130),
                      0.12, 0.6, 1.0, _body((0.78, 0.82, 0.88), (0.5, 0.53, 0.6), 0.5, 0.3)),
    "overcast": Daylight((140, 152, 164), (176, 184, 190), (206, 210, 212), (226, 228, 228), (0.8, 0.84, 0.86), (190,
        198, 202),
                         0.15, 0.7, 0.85, _body((0.86, 0.88, 0.9), (0.62, 0.65, 0.7), 0.5, 0.2)),
}  # fmt: skip


def gradient(size: tuple[int, int], stops: tuple[tuple[float, Colour], ...]) -> Floats:
    """A vertical gradient (height, width, 3) through colours at shares of the height."""
    rows = np.linspace(0, 1, size[1], dtype=np.float32)
    places = [place for place, _ in stops]
    columns = [np.interp(rows, places, [colour[c] for _, colour in stops]) for c in range(3)]
    return np.repeat(np.stack(columns, axis=1).astype(np.float32)[:, None, :], size[0], axis=1)


def _disc(size: tuple[int, int], centre: tuple[float, float], radius: float, power: float) -> Floats:
    """A soft spot falling from 1 at the centre; computed small, as it is smooth."""
    width, height = size[0] // 4, size[1] // 4
    x = np.arange(width, dtype=np.float32)[None, :] * 4 - centre[0]
    y = np.arange(height, dtype=np.float32)[:, None] * 4 - centre[1]
    small = 1 / (1 + (np.sqrt(x * x + y * y) / radius) ** power)
    return noise.enlarged(small.astype(np.float32), size)


def paint_sky(
    size: tuple[int, int], light: Daylight, name: str, horizon: float, chance: np.random.Generator, aurora: bool
) -> Image.Image:
    """The sky down to the horizon (a share of the height); below it the horizon's colour continues."""
    sky = gradient(size, ((0, light.top), (horizon * 0.62, light.middle), (horizon, light.horizon), (1, light.horizon)))
    width, height = size
    sun = (width * (0.22 if light.body.side < 0 else 0.78), height * horizon * (1 - light.sun_height) * 0.96)
    glow = _disc(size, sun, height * 0.24, 1.7) * light.glow
    sky += glow[:, :, None] * (np.array(light.sun, dtype=np.float32) - sky)
    veil = noise.clouds(chance, (width, max(16, int(height * horizon * 1.1))), 3.2, 5, stretch=2.6)
    veil = np.clip((veil - 0.64 + 0.26 * light.cloud) * 3.0, 0, 1) * (0.35 + 0.5 * light.cloud)
    rows = min(height, veil.shape[0])
    veil = veil[:rows] * np.linspace(1, 0.25, rows, dtype=np.float32)[:, None]
    bright = np.array(light.horizon, dtype=np.float32) * (0.55 if name == "storm" else 1.04)
    warm = glow[:rows, :, None] * (np.array(light.sun, dtype=np.float32) - bright) * 0.8
    sky[:rows] += veil[:, :, None] * (np.minimum(bright + warm, 255) - sky[:rows])
    if name not in ("storm", "overcast"):
        disc = np.clip((_disc(size, sun, height * 0.028, 14) - 0.3) * 2.4, 0, 1)
        sky += disc[:, :, None] * (np.array(light.sun, dtype=np.float32) - sky)
    if name == "night":
        _stars(sky, chance, horizon)
    if aurora:
        _aurora(sky, chance, horizon)
    return Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))


def _stars(sky: Floats, chance: np.random.Generator, horizon: float) -> None:
    rows = int(sky.shape[0] * horizon * 0.95)
    for _ in range(420):
        y, x = int(chance.integers(0, max(2, rows))), int(chance.integers(0, sky.shape[1] - 1))
        level = chance.random() ** 3 * 210 + 25
        sky[y, x] += level
        if level > 150:
            sky[y, x + 1] += level * 0.6
            sky[min(y + 1, rows), x] += level * 0.5


def _aurora(sky: Floats, chance: np.random.Generator, horizon: float) -> None:
    height, width = sky.shape[:2]
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    for colour, base in (((70, 230, 150), 0.5), ((80, 190, 220), 0.38), ((150, 110, 220), 0.28)):
        line = (base + 0.12 * noise.profile(chance, width, 2.2, 3))[None, :] * horizon
        curtain = np.exp(-np.clip(line - rows, 0, None) * 9) * (rows < line) * np.clip((line - rows) * 40, 0, 1)
        streaks = 0.5 + 0.5 * noise.profile(chance, width, 40, 3)[None, :]
        sky += (curtain * np.clip(streaks, 0.1, 1) * 0.55)[:, :, None] * np.array(colour, dtype=np.float32)


def rays(
    size: tuple[int, int], light: Daylight, chance: np.random.Generator, source: tuple[float, float]
) -> Image.Image:
    """Slanting shafts of light as a mask."""
    width, height = size[0] // 4, size[1] // 4
    x = np.arange(width, dtype=np.float32)[None, :] - source[0] / 4
    y = np.arange(height, dtype=np.float32)[:, None] - source[1] / 4 + 40
    angle = np.arctan2(x, np.maximum(y, 1))
    beams = noise.profile(chance, 720, 14, 4)
    level = np.interp(angle.ravel(), np.linspace(-1.6, 1.6, 720), beams).reshape(angle.shape)
    away = np.clip(1 - np.sqrt(x * x + y * y) / (height * 1.7), 0, 1)
    mask = np.clip(level, 0, 1) * away * 84 * (0.4 + 0.6 * light.glow)
    return Image.fromarray(mask.astype(np.uint8)).filter(ImageFilter.GaussianBlur(2)).resize(size)
