"""Where an animal stands in a frame, how large it is, and which way it looks."""

import re

import numpy as np

from videod.sandbox.render.creatures import FLIERS, SWIMMERS, Creature, extent, face_height
from videod.sandbox.render.scene import Scene
from videod.sandbox.render.shapes import Point
from videod.sandbox.render.terrain import Frame

#: How much of the frame's height a standing animal of size 1 takes, by framing.
SPAN = {"wide": 0.2, "medium": 0.52, "close": 1.15}
#: How far to its side the nose of a head seen close by reaches, as a share of the frame's width.
NOSE = 0.84
#: Grounds in which a swimmer swims; elsewhere it lies on land.
WATERS = ("underwater", "ocean", "coast", "ice", "river")


def faces_left(prompt: str, chance: np.random.Generator) -> bool:
    if re.search(r"(?:facing|looking|toward[s]?|to the) left", prompt.lower()):
        return True
    if re.search(r"(?:facing|looking|toward[s]?|to the) right", prompt.lower()):
        return False
    return bool(chance.random() < 0.5)


def place_of(scene: Scene, creature: Creature, place: int, frame: Frame) -> tuple[float, Point]:
    """Scale (pixels a body unit) and where the body's origin lies in the frame; `place` 0 is the main animal."""
    left, bottom, right, top = extent(creature, scene.pose, scene.head)
    width, height = frame.size
    pair = len(scene.creatures) > 1
    if scene.framing == "close":
        scale = min(height * SPAN["close"] / min(top, 1.5), width * 1.98 / (right - left))
        across = width * 0.5 - (right - 0.3) * scale * 0.82
        # the tip of the nose stays inside a square frame as well
        across -= max(0.0, across + right * scale - width * NOSE)
        return scale, (across, height * 0.46 + face_height(creature) * scale)
    scale = min(height * SPAN[scene.framing] * creature.size / min(top - bottom, 1.5),
        width * (0.34 if pair else 0.62) / (right - left))  # fmt: skip
    ground = frame.horizon + (height - frame.horizon) * (0.55 if scene.framing == "medium" else 0.3)
    if pair and place == 1:
        ground -= height * 0.035
    if creature.body in SWIMMERS and scene.ground in WATERS:
        # at the surface a quarter of a body unit above its origin lies at the waterline, a leaping one higher
        surface = frame.horizon + height * 0.2 + (0.35 if scene.pose == "leaping" else 0.25) * scale
        ground = height * 0.5 + (bottom + top) / 2 * scale if scene.ground == "underwater" else surface
    elif scene.pose == "flying" and creature.body in FLIERS:
        ground = height * 0.44 + (bottom + top) / 2 * scale
    else:
        scale = min(scale, (ground - height * 0.06) / top)
    middle = width * ((0.3, 0.72)[place] if pair else 0.52) - (left + right) / 2 * scale
    return scale, (middle, ground)
