"""The kinds of place, each built from layers of land; `GROUNDS` says which name draws what."""

import re
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from videod.sandbox.render import noise, plants
from videod.sandbox.render.shapes import Colour, mixed, scaled
from videod.sandbox.render.sky import gradient
from videod.sandbox.render.terrain import (
    GRASS,
    ROCK,
    SNOW,
    SPRUCE,
    Frame,
    boulders,
    flowers,
    foam,
    land,
    peaks,
    ridge,
    treeline,
    tufts,
    water,
)


def _vary(frame: Frame, low: float, high: float) -> float:
    return float(frame.chance.uniform(low, high))


def _h(frame: Frame) -> float:
    return frame.horizon / frame.height


def forest(frame: Frame) -> None:
    h = _h(frame)
    ridge(frame, frame.line(h - _vary(frame, 0.04, 0.16), 0.07, _vary(frame, 1.2, 3)), SPRUCE, 0.72)
    for depth, level, tall in ((0.62, h + 0.0, 0.15), (0.4, h + 0.035, 0.24), (0.16, h + 0.075, 0.42)):
        treeline(frame, level, tall, depth, gap=0.0 if depth > 0.5 else _vary(frame, 0.15, 0.75))
    floor = SNOW if frame.cold else (86, 92, 54)
    land(frame, frame.line(h + 0.07, 0.012, 4), frame.lit(floor, 0.25),
        frame.lit(scaled(floor, 0.8 if frame.cold else 0.55), 0), 0.06 if frame.cold else 0.2)  # fmt: skip
    if not frame.cold:
        tufts(frame, h + 0.13, 0.035, 260, (96, 108, 52), 0.1)


def jungle(frame: Frame) -> None:
    h = _h(frame)
    frame.image.paste(Image.fromarray(gradient(frame.size, ((0, frame.lit((120, 158, 112), 0.45)),
        (0.6, frame.lit((96, 138, 92), 0.35)), (1, frame.lit((60, 92, 60), 0.2)))).astype(np.uint8)))  # fmt: skip
    for depth, tall in ((0.6, 0.5), (0.4, 0.66), (0.2, 0.85)):
        treeline(frame, h + 0.16 - depth * 0.14, tall, depth, (44, 84, 48), "broadleaf")
    land(frame, frame.line(h + 0.12, 0.015, 5), frame.lit((70, 92, 50), 0.15), frame.lit((36, 48, 30), 0), 0.24)
    tufts(frame, h + 0.18, 0.09, 240, (62, 106, 50))


def savanna(frame: Frame) -> None:
    h = _h(frame)
    ridge(frame, frame.line(h - 0.02, 0.03, 1.8), (126, 112, 96), 0.72)
    land(frame, frame.line(h, 0.004, 3), frame.lit((198, 168, 104), 0.4), frame.lit((168, 130, 66), 0), 0.14, 8)
    treeline(frame, h + 0.015, 0.11, 0.5, (92, 94, 60), "acacia")
    treeline(frame, h + 0.05, _vary(frame, 0.16, 0.36), 0.16, (70, 74, 44), "acacia", gap=_vary(frame, 0.2, 0.8))
    tufts(frame, h + 0.1, 0.035, 320, (188, 152, 84), 0.15)
    tufts(frame, h + 0.22, 0.06, 300, (176, 136, 70), 0.0)


def desert(frame: Frame) -> None:
    h = _h(frame)
    dunes = ((h - 0.03, 0.05, 0.6), (h + 0.03, 0.06, 0.38), (h + 0.1, 0.06, 0.16), (h + 0.2, 0.03, 0.0))
    for n, (level, swing, depth) in enumerate(dunes):
        line = frame.line(level, swing, 1.6 + 0.5 * n, 0.32)
        warm = mixed((222, 170, 106), (198, 132, 74), n / 3)
        land(frame, line, frame.lit(warm, depth), frame.lit(scaled(warm, 0.74), depth * 0.7), 0.05, 9)
        crest = np.gradient(noise.enlarged(line[None, ::10], (frame.width, 1))[0]) * frame.light.body.side
        shade = np.clip(crest * 2.2, 0, 0.42)[None, :] * np.clip(1 - (np.arange(frame.height)[:, None] - line[None,
            :]) / (frame.height * 0.14), 0, 1) * (np.arange(frame.height)[:, None] > line[None, :])  # fmt: skip
        mask = Image.fromarray((shade * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(3))
        frame.image.paste(frame.lit((92, 52, 40), depth), (0, 0), mask)


def mountain(frame: Frame) -> None:
    h = _h(frame)
    peaks(frame, h - 0.02, _vary(frame, 0.24, 0.46), 0.66, 1.4)
    peaks(frame, h + 0.06, _vary(frame, 0.1, 0.34), 0.38, 1.0)
    ridge(frame, frame.line(h + 0.05, 0.05, 3), ROCK, 0.2, 0.5 if frame.cold else 0.0)
    floor = SNOW if frame.cold else (112, 108, 88)
    land(frame, frame.line(h + 0.1, 0.025, 4), frame.lit(floor, 0.12), frame.lit(scaled(floor, 0.72), 0),
        0.07 if frame.cold else 0.22)  # fmt: skip
    boulders(frame, h + 0.16, 9)


def tundra(frame: Frame) -> None:
    h = _h(frame)
    peaks(frame, h, _vary(frame, 0.02, 0.26), 0.7, 2.0)
    ridge(frame, frame.line(h - 0.01, 0.025, 2.4), (150, 156, 166), 0.5, 2.0 if frame.cold else 0.0)
    floor = SNOW if frame.cold else (138, 118, 84)
    for level, depth in ((h + 0.01, 0.35), (h + 0.1, 0.14), (h + 0.24, 0.0)):
        line = frame.line(level, 0.014, 2.5, 0.4)
        land(frame, line, frame.lit(floor, depth), frame.lit(scaled(floor, 0.84), depth * 0.6),
            0.045 if frame.cold else 0.2, 9)  # fmt: skip
    if not frame.cold:
        tufts(frame, h + 0.12, 0.025, 320, (150, 110, 66), 0.12)
    boulders(frame, h + 0.14, 4)


def ice(frame: Frame) -> None:
    h = _h(frame)
    peaks(frame, h, 0.1, 0.72, 2.4)
    water(frame, frame.horizon, frame.height, (44, 78, 98), 0.55)
    for _ in range(5):
        x, wide = frame.chance.uniform(-0.1, 1.0) * frame.width, frame.width * frame.chance.uniform(0.06, 0.2)
        stand = plants.Stand(frame.size, int(frame.horizon - wide * 0.7), frame.horizon + 6)
        turns = frame.chance.uniform(0.25, 1.0, 7)
        stand.shape([(x, frame.horizon + 3), *[(x + wide * (k + 0.5) / 7,
            frame.horizon - wide * 0.42 * float(t)) for k, t in enumerate(turns)], (x + wide,
                frame.horizon + 3)])  # fmt: skip
        tone = frame.lit((206, 226, 238), 0.3)
        fill = gradient((frame.width, stand.bottom - stand.top), ((0, tone), (1, scaled(tone, 0.84))))
        frame.image.paste(Image.fromarray(fill.astype(np.uint8)), (0, stand.top), stand.mask())
    line = frame.line(h + 0.17, 0.012, 7, 0.7)
    land(frame, line, frame.lit((222, 234, 244), 0.05), frame.lit((196, 212, 228), 0), 0.05, 8)


def meadow(frame: Frame) -> None:
    h = _h(frame)
    green = (188, 196, 200) if frame.cold else GRASS
    ridge(frame, frame.line(h - 0.05, 0.06, 2), (84, 104, 96), 0.7)
    treeline(frame, h, _vary(frame, 0.04, 0.14), 0.5, (66, 88, 62), "broadleaf", gap=_vary(frame, -0.4, 0.6))
    for level, depth in ((h - 0.005, 0.42), (h + 0.07, 0.22), (h + 0.17, 0.0)):
        land(frame, frame.line(level, 0.022, 2), frame.lit(scaled(green, 1.1), depth), frame.lit(scaled(green, 0.72),
            depth / 2), 0.14, 5)  # fmt: skip
    tufts(frame, h + 0.17, 0.04, 340, green, 0.08)
    if not frame.cold:
        flowers(frame, h + 0.16, 150)


def river(frame: Frame) -> None:
    h = _h(frame)
    peaks(frame, h - 0.04, _vary(frame, 0.1, 0.32), 0.7, 1.2)
    treeline(frame, h - 0.005, _vary(frame, 0.08, 0.2), 0.5)
    treeline(frame, h + 0.012, _vary(frame, 0.16, 0.34), 0.26, gap=_vary(frame, 0.1, 0.8))
    far = SNOW if frame.cold else (112, 112, 74)
    land(frame, frame.line(h, 0.004, 6), frame.lit(far, 0.3), frame.lit(far, 0.25), 0.1)
    water(frame, int((h + 0.025) * frame.height), int((h + 0.26) * frame.height), (58, 86, 92), _vary(frame, 0.5, 0.85))
    near = SNOW if frame.cold else (108, 104, 82)
    land(frame, frame.line(h + _vary(frame, 0.14, 0.25), _vary(frame, 0.01, 0.06), _vary(frame, 1.5, 4)),
        frame.lit(near, 0.05), frame.lit(scaled(near, 0.68), 0), 0.08 if frame.cold else 0.25)  # fmt: skip
    boulders(frame, h + 0.2, 8)


def wetland(frame: Frame) -> None:
    h = _h(frame)
    ridge(frame, frame.line(h - 0.03, 0.03, 2.4), (84, 100, 92), 0.7)
    treeline(frame, h, 0.08, 0.55, (70, 90, 66), "broadleaf")
    water(frame, frame.horizon, frame.height, (74, 92, 88), 0.8)
    for level, tall, count, depth in ((h + 0.03, 0.07, 150, 0.4), (h + 0.1, 0.12, 90, 0.2)):
        stand = plants.Stand(frame.size, int((level - tall * 1.2) * frame.height), int((level + 0.02) * frame.height))
        for _ in range(count):
            x = frame.chance.uniform(0, frame.width)
            if abs(x / frame.width - 0.5) > 0.24 or depth > 0.3:
                plants.reed(stand, x, level * frame.height + frame.chance.uniform(-3, 6),
                    tall * frame.height * frame.chance.uniform(0.6, 1.2), frame.chance)  # fmt: skip
        frame.image.paste(frame.lit((112, 104, 62), depth), (0, stand.top), stand.mask())
    land(frame, frame.line(h + 0.3, 0.02, 4), frame.lit((92, 88, 58), 0), frame.lit((58, 56, 40), 0), 0.2)


def coast(frame: Frame) -> None:
    h = _h(frame)
    ridge(frame, frame.line(h - 0.03, 0.1, 1.6), ROCK, 0.55)
    water(frame, frame.horizon, int((h + 0.22) * frame.height), (52, 98, 112), 0.5)
    foam(frame, (h + 0.13, h + 0.17, h + 0.2))
    sand = (206, 212, 218) if frame.cold else (200, 178, 138)
    land(frame, frame.line(h + 0.2, 0.012, 3), frame.lit(scaled(sand, 0.82), 0.05), frame.lit(sand, 0), 0.07, 7)
    boulders(frame, h + 0.22, 6)


def ocean(frame: Frame) -> None:
    h = _h(frame)
    water(frame, frame.horizon, frame.height, (34, 78, 104), 0.42)
    for n in range(9):
        t = (n / 8) ** 1.7
        level = h + 0.015 + (0.98 - h) * t
        line = frame.line(level, 0.004 + 0.03 * t, 9 - 6 * t, 0.42)
        rows = np.arange(frame.height, dtype=np.float32)[:, None]
        drop = (rows - line[None, :]) / frame.height
        back = np.clip(1 - drop / (0.012 + 0.1 * t), 0, 1) * (drop > 0)
        frame.image.paste(frame.lit((20, 52, 76), 0.25 * (1 - t)), (0, 0),
            Image.fromarray((back * 120).astype(np.uint8)))  # fmt: skip
        crest = np.clip(1 - np.abs(drop) / (0.0016 + 0.005 * t), 0, 1) * np.clip(noise.profile(frame.chance,
            frame.width, 12, 4) + 0.15, 0, 1)[None, :]  # fmt: skip
        frame.image.paste(frame.lit((214, 232, 238), 0.1), (0, 0), Image.fromarray((crest * 200).astype(np.uint8)))


def underwater(frame: Frame) -> None:
    size, light = frame.size, frame.light
    bright = mixed((112, 206, 222), light.horizon, 0.25)
    bottom = _vary(frame, 0.6, 1.0)
    column = ((0, frame.lit(bright, 0.1)), (0.3 * bottom + 0.08, frame.lit((38, 128, 166), 0)),
        (0.78, frame.lit((14, 66, 106), 0)), (1, frame.lit((8, 40, 70), 0)))  # fmt: skip
    shimmer = noise.clouds(frame.chance, size, 4, 4, 3.5)
    fill = gradient(size, column) * (0.88 + 0.24 * shimmer)[:, :, None]
    frame.image.paste(Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8)))
    deep = mixed((14, 66, 106), light.haze, 0.05)
    if re.search(r"canyon|cave|falls away|wall", frame.text):
        _rock_walls(frame, deep)
    if "open" in frame.text:
        return
    level, plants_many = _vary(frame, 0.68, 0.86), bool(re.search(r"kelp|weed|meadow|garden", frame.text))
    for step, depth in ((0.0, 0.62), (0.09, 0.3)):
        _seabed(frame, min(0.93, level + step), depth, deep, 16 if plants_many else 5)
    if not re.search(r"sand|canyon|cave", frame.text):
        _corals(frame, min(0.97, level + 0.12), deep)


def _rock_walls(frame: Frame, deep: Colour) -> None:
    """Dark rock that closes in from one side or both."""
    columns = np.arange(frame.width, dtype=np.float32)[None, :] / frame.width
    for depth, reach in ((0.6, 0.36), (0.25, 0.22)):
        edges = [reach * (0.7 + 0.6 * noise.profile(frame.chance, frame.height, 3)[:, None]) for _ in range(2)]
        mask = np.clip(np.maximum(edges[0] - columns, edges[1] - (1 - columns)) * 60, 0, 1)
        rock = noise.clouds(frame.chance, frame.size, 7, 5, 0.8)
        tone = np.array(frame.lit(mixed((66, 70, 72), deep, depth), 0), dtype=np.float32)
        fill = np.clip(tone * (0.5 + rock)[:, :, None], 0, 255).astype(np.uint8)
        frame.image.paste(Image.fromarray(fill), (0, 0), Image.fromarray((mask * 255).astype(np.uint8)))


def _seabed(frame: Frame, level: float, depth: float, deep: Colour, weeds: int) -> None:
    line = frame.line(level, 0.06, 3.2)
    floor = mixed((128, 118, 96), deep, depth)
    land(frame, line, frame.lit(floor, 0), frame.lit(mixed(scaled(floor, 0.55), deep, 0.3), 0), 0.2)
    stand = plants.Stand(frame.size, int(0.1 * frame.height), frame.height)
    for _ in range(weeds):
        x = frame.chance.uniform(0, 0.3) if frame.chance.random() < 0.5 else frame.chance.uniform(0.72, 1.0)
        if weeds > 9:
            x = frame.chance.uniform(0, 1)
        foot = float(line[min(int(x * frame.width), frame.width - 1)]) + 8
        plants.weed(stand, x * frame.width, foot, frame.height * frame.chance.uniform(0.2, 0.5), frame.chance)
    frame.image.paste(frame.lit(mixed((66, 100, 48), deep, depth), 0), (0, stand.top), stand.mask())


def _corals(frame: Frame, level: float, deep: Colour) -> None:
    for colour in ((214, 96, 84), (226, 150, 76), (176, 92, 160)):
        stand = plants.Stand(frame.size, int(0.6 * frame.height), frame.height)
        for _ in range(round(_vary(frame, 2, 9))):
            place = (frame.chance.uniform(0, 1) * frame.width, frame.height * frame.chance.uniform(level, 0.99))
            plants.leaf_cluster(stand, *place, frame.height * frame.chance.uniform(0.015, 0.045), frame.chance)
        frame.image.paste(frame.lit(mixed(colour, deep, 0.35), 0), (0, stand.top), stand.mask())


def den(frame: Frame) -> None:
    h = _h(frame)
    (forest if not frame.cold else tundra)(frame)
    size = frame.size
    x = (np.arange(size[0], dtype=np.float32)[None, :] / size[0] - 0.52) / 0.36
    y = (np.arange(size[1], dtype=np.float32)[:, None] / size[1] - 0.42) / 0.4
    jag = noise.clouds(frame.chance, size, 6, 4) - 0.5
    wall = np.clip((np.sqrt(x * x + y * y) + jag * 0.5 - 0.95) * 7, 0, 1)
    rock = noise.clouds(frame.chance, size, 8, 5, 1.5)
    fill = np.array(frame.lit((70, 56, 46), 0), dtype=np.float32) * (0.3 + 0.7 * rock)[:, :, None]
    frame.image.paste(Image.fromarray(np.clip(fill, 0, 255).astype(np.uint8)), (0, 0),
        Image.fromarray((wall * 255).astype(np.uint8)))  # fmt: skip
    land(frame, frame.line(h + 0.3, 0.015, 5), frame.lit((74, 60, 48), 0), frame.lit((36, 30, 26), 0), 0.25)


GROUNDS: dict[str, Callable[[Frame], None]] = {
    "underwater": underwater, "ice": ice, "jungle": jungle, "savanna": savanna, "desert": desert, "wetland": wetland,
    "river": river, "coast": coast, "ocean": ocean, "den": den, "tundra": tundra, "mountain": mountain,
    "forest": forest, "meadow": meadow,
}  # fmt: skip
