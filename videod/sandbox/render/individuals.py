"""The colours of one individual: its kind's own, moved by a reference picture or by the words that describe it."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from videod.sandbox.render import noise
from videod.sandbox.render.builds import Palette
from videod.sandbox.render.creatures import Creature
from videod.sandbox.render.shapes import Colour, mixed


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
