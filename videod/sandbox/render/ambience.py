"""Ambient beds from words: a continuous noise bed with the sounds the prompt names laid over it.

The same words always give the same bed; it is faded at both ends and never silent between its sounds.
"""

import hashlib
import io
import re
import wave

import numpy as np

from videod.sandbox.render import soundscape
from videod.sandbox.render.soundscape import RATE, Layer, Stereo

#: The bed's level: about -24 LUFS, so that a mix can take it down to -30 under a voice without amplifying noise.
BED_RMS = 0.05
PEAK = 0.7

#: The words that call each layer and its level over the bed; the first nine are beds, the rest action on top.
LAYERS: tuple[tuple[str, Layer, float], ...] = (
    (r"wind\w*|gusts?|breeze|blow\w*|gale", soundscape.wind, 1.0),
    (r"rain\w*|drizzle|downpour|dripping|monsoon", soundscape.rain, 1.0),
    (r"river|stream|creek|water\w*|current|rapids|marsh|wetland", soundscape.river, 0.9),
    (r"ocean|surf|sea|waves?|shore|tide|coast\w*|swell", soundscape.surf, 1.0),
    (r"underwater|reef|depths?|beneath the surface|deep", soundscape.underwater, 1.0),
    (r"birds?|birdsong|forest|meadow|jungle|rainforest|chorus", soundscape.birds, 0.7),
    (r"insects?|crickets?|cicadas?|buzz\w*|hum\w*|night|savanna|wings? hum", soundscape.insects, 0.45),
    (r"fire|crackl\w*|flames?", soundscape.fire, 0.9),
    (r"snow\w*|ice|frozen|tundra|blizzard|frost", soundscape.snow, 0.8),
    (r"thunder\w*|storm\w*", soundscape.thunder, 0.9),
    (r"footsteps?|paws?|hooves|steps?|treads?|walk\w*", soundscape.footsteps, 0.7),
    (r"crunch\w*|gravel|leaves|twigs?", soundscape.crunch, 0.6),
    (r"wing\w*|flap\w*|feathers?", soundscape.wings, 0.6),
    (r"breath\w*|snort\w*|pant\w*|growl\w*|huff\w*", soundscape.breath, 0.6),
)


def _generator(words: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big"))


def layers_of(prompt: str) -> list[str]:
    """The names of the layers that the prompt calls, in the order they are laid."""
    return [layer.__name__ for pattern, layer, _ in LAYERS if re.search(rf"\b(?:{pattern})\b", prompt.lower())]


def render_ambience(prompt: str, seconds: float) -> Stereo:
    """A bed of `seconds` (0.5-30) for the words of `prompt`: shape (2, samples) at 44.1 kHz, peak at most 0.7."""
    chance = _generator(prompt)
    count = max(64, round(seconds * RATE))
    called = layers_of(prompt)
    mixed = soundscape.coloured(chance, count, 50, 3000, 1.5) * (0.35 if called else 1.0)
    for _, layer, level in LAYERS:
        if layer.__name__ in called:
            mixed = mixed + level * layer(chance, count)
    mixed *= BED_RMS / np.sqrt(np.mean(mixed**2))
    fade = min(count // 4, int(0.08 * RATE))
    ramp = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    mixed[:, :fade] *= ramp
    mixed[:, -fade:] *= ramp[::-1]
    return np.asarray(np.tanh(mixed / PEAK) * PEAK)


def stereo_wav(sound: Stereo, rate: int = RATE) -> bytes:
    """16-bit stereo WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as target:
        target.setnchannels(2)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes((sound.T * 32767).astype("<i2").tobytes())
    return out.getvalue()
