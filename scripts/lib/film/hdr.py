"""HDR and wide color in a film of BT.709: a table of colors for FFmpeg's `lut3d`.

A table, because every FFmpeg has `lut3d` while `zscale` and `libplacebo` are often missing, and because it is the same
everywhere. Diffuse white of 203 nits (ITU-R BT.2408) becomes the film's white, colors below stay what they are,
highlights are bent into what is left above. HLG is taken as for a display of 1000 nits; its system gamma works on each
channel, as it does in cameras of BT.709 and in `zscale`, which keeps the saturation that its maker saw.
"""

import math
from collections.abc import Callable
from pathlib import Path

HLG, PQ = "arib-std-b67", "smpte2084"
NAMES = {HLG: "HLG", PQ: "HDR10"}
WHITE_NITS, HLG_PEAK_NITS, HLG_GAMMA = 203.0, 1000.0, 1.2
FILM_GAMMA = 2.4
#: from here on light is bent, as a share of the film's white
KNEE = 0.85
SIDE = 65
"""Points along each side of the table: grays come out exact, colors of every saturation off by 2 levels of 255 on
average (33 points: 4), half a second to write."""

Color = tuple[float, float, float]
_Matrix = tuple[Color, Color, Color]

#: linear light in these primaries as linear light in BT.709's (BT.2087; P3 by the same reckoning, white D65)
_TO_709: dict[str, _Matrix] = {
    "bt2020": ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    "smpte432": ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}


def kind(transfer: str, primaries: str) -> str | None:
    """What a person calls it; None for pictures that need no table."""
    if transfer in NAMES:
        return NAMES[transfer]
    return "wide color" if primaries in _TO_709 else None


def mapped(transfer: str, primaries: str) -> Callable[[Color], Color]:
    """The function from R'G'B' (0 to 1) of such pictures to R'G'B' of the film."""
    light = _light(transfer)
    shown = _shown(transfer, primaries)
    return lambda color: shown(light(color[0]), light(color[1]), light(color[2]))


def _light(transfer: str) -> Callable[[float], float]:
    """From a channel's level to linear light, 1 being the film's white."""
    return {HLG: _hlg, PQ: _pq}.get(transfer, lambda level: math.pow(level, FILM_GAMMA))


def _shown(transfer: str, primaries: str) -> Callable[[float, float, float], Color]:
    """From linear light in the primaries of such pictures to R'G'B' of the film."""
    (rr, rg, rb), (gr, gg, gb), (br, bg, bb) = _TO_709.get(primaries, _TO_709["bt2020"])
    level = 1 / FILM_GAMMA

    def one(red: float, green: float, blue: float) -> Color:
        red, green, blue = (
            rr * red + rg * green + rb * blue, gr * red + gg * green + gb * blue, br * red + bg * green + bb * blue
        )  # fmt: skip
        brightest = max(red, green, blue)
        share = _bent(brightest) / brightest if brightest > KNEE else 1.0
        return (
            math.pow(max(0.0, red * share), level), math.pow(max(0.0, green * share), level),
            math.pow(max(0.0, blue * share), level),
        )  # fmt: skip

    return one


def write_table(transfer: str, primaries: str, path: Path) -> None:
    """Write the table as a .cube file, red fastest."""
    one, light = _shown(transfer, primaries), _light(transfer)
    steps = [light(place / (SIDE - 1)) for place in range(SIDE)]
    rows = [f"LUT_3D_SIZE {SIDE}"]
    for blue in steps:
        for green in steps:
            for red in steps:
                rows.append("{:.5f} {:.5f} {:.5f}".format(*one(red, green, blue)))
    path.write_text("\n".join(rows) + "\n")


def _bent(light: float) -> float:
    """Light above the knee, drawn into what is left below white; smooth, and never quite there."""
    over = (light - KNEE) / (1 - KNEE)
    return KNEE + (1 - KNEE) * over / (1 + over)


def _hlg(level: float) -> float:
    return math.pow(_hlg_scene(level), HLG_GAMMA) * HLG_PEAK_NITS / WHITE_NITS


def _hlg_scene(part: float) -> float:
    if part <= 0.5:
        return part * part / 3
    return (math.exp((part - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _pq(level: float) -> float:
    root = math.pow(level, 1 / 78.84375)
    above = max(0.0, root - 0.8359375)
    return 10_000 / WHITE_NITS * math.pow(above / (18.8515625 - 18.6875 * root), 1 / 0.1593017578125)
