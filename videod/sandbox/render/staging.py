"""Where an animal stands in a frame, how large it is, and which way it looks."""

import re

import numpy as np

from videod.sandbox.render.creatures import FLIERS, SWIMMERS, Creature, anatomy
from videod.sandbox.render.scene import Scene
from videod.sandbox.render.shapes import Point
from videod.sandbox.render.terrain import Frame

#: How much of the frame's height a standing animal of size 1 takes, by framing.
SPAN = {"wide": 0.2, "medium": 0.52, "close": 1.15}


def extent(creature: Creature, pose: str) -> tuple[float, float, float, float]:
    left, right, tall, face = anatomy(creature)
    if pose == "flying" and creature.body in FLIERS and creature.body not in ("bee", "butterfly", "dragonfly"):
        return (-1.1, 0.95, 2.1, 0.8)
    if pose in ("running", "leaping") and creature.body not in SWIMMERS:
        return (left - 0.3, right + 0.3, tall + 0.25, face)
    if pose == "lying" and creature.body not in SWIMMERS:
        return (left, right, tall * 0.72, face * 0.68)
    return (left, right, tall, face)


def faces_left(prompt: str, chance: np.random.Generator) -> bool:
    if re.search(r"(?:facing|looking|toward[s]?|to the) left", prompt.lower()):
        return True
    if re.search(r"(?:facing|looking|toward[s]?|to the) right", prompt.lower()):
        return False
    return bool(chance.random() < 0.5)


def place_of(scene: Scene, creature: Creature, place: int, frame: Frame) -> tuple[float, Point]:
    """Scale (pixels a body unit) and ground point of an animal in the frame; `place` 0 is the main one."""
    left, right, tall, face = extent(creature, scene.pose)
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
        ground = height * 0.52 + 0.75 * scale
    return scale, (middle, ground)
