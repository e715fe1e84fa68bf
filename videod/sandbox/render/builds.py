"""The proportions of four-legged animals, bear to hare, and the palette of any animal.

Units: the trunk from hip to shoulder joint is about 1 long, the ground is at 0.
"""

from dataclasses import dataclass, replace

from videod.sandbox.render.shapes import Colour


@dataclass(frozen=True)
class Build:
    """Proportions. Heights are of the joints; depths are the trunk's full thickness; angles in degrees."""

    length: float = 0.92
    hip: float = 0.78
    shoulder: float = 0.8
    chest: float = 0.5
    loin: float = 0.36
    hump: float = 0.0
    neck: float = 0.36
    neck_angle: float = 35
    neck_base: float = 0.36
    neck_tip: float = 0.22
    skull: float = 0.15
    muzzle: float = 0.22
    muzzle_base: float = 0.16
    muzzle_tip: float = 0.09
    leg: float = 0.2
    foot: float = 0.09
    ear: str = "point"  # point, round, long, wide, fan
    ear_size: float = 0.13
    tail: str = "bush"  # bush, long, tuft, short, none, scut
    extras: tuple[str, ...] = ()  # antlers, mane, trunk, tusks, horns, ruff, beard
    coat: str = "plain"  # plain, stripes, spots, rosettes, patches, mask
    fur: float = 0.6
    droop: float = 0.0  # how far the face hangs, in radians


@dataclass(frozen=True)
class Palette:
    """The colours of one individual."""

    base: Colour
    dark: Colour
    light: Colour
    nose: Colour = (34, 28, 28)
    eye: Colour = (196, 142, 52)


BUILDS = {
    "bear": Build(length=0.95, hip=0.72, shoulder=0.76, chest=0.66, loin=0.6, hump=0.08, neck=0.3, neck_angle=12,
        neck_base=0.5,
                  neck_tip=0.42, skull=0.235, muzzle=0.21, muzzle_base=0.22, muzzle_tip=0.14, leg=0.3, foot=0.16,
                  ear="round", ear_size=0.1, tail="short", fur=0.8),
    "wolf": Build(length=0.86, chest=0.52, loin=0.4, neck=0.34, neck_angle=30, neck_base=0.44, neck_tip=0.32,
        skull=0.18, muzzle=0.23, muzzle_base=0.17, muzzle_tip=0.095, ear_size=0.19, extras=("ruff",), coat="saddle",
        fur=0.75),
    "fox": Build(length=0.72, hip=0.62, shoulder=0.62, chest=0.42, loin=0.35, neck=0.26, neck_angle=34,
        neck_base=0.36, neck_tip=0.27,
                 skull=0.165, muzzle=0.2, muzzle_base=0.14, muzzle_tip=0.055, leg=0.13, foot=0.06, ear_size=0.22,
                 tail="brush", coat="socks", fur=0.75),
    "cat": Build(length=0.9, hip=0.68, shoulder=0.68, chest=0.44, loin=0.36, neck=0.24, neck_angle=24, neck_base=0.32,
                 neck_tip=0.3, skull=0.2, muzzle=0.1, muzzle_base=0.19, muzzle_tip=0.13, leg=0.2, foot=0.12,
                 ear="round", ear_size=0.09, tail="long", fur=0.35),
    "deer": Build(length=0.84, hip=0.98, shoulder=0.98, chest=0.46, loin=0.38, neck=0.52, neck_angle=58,
        neck_base=0.32,
                  neck_tip=0.17, skull=0.13, muzzle=0.24, muzzle_base=0.14, muzzle_tip=0.09, leg=0.15, foot=0.055,
                  ear="long", ear_size=0.17, tail="scut", extras=("antlers",), fur=0.4, droop=0.3),
    "horse": Build(length=0.92, hip=0.98, shoulder=1.0, chest=0.52, loin=0.46, neck=0.56, neck_angle=48,
        neck_base=0.38,
                   neck_tip=0.2, skull=0.15, muzzle=0.32, muzzle_base=0.18, muzzle_tip=0.12, leg=0.17, foot=0.08,
                   ear_size=0.12, tail="plume", extras=("crest",), fur=0.2, droop=0.55),
    "bison": Build(hip=0.76, shoulder=0.84, chest=0.82, loin=0.52, hump=0.2, neck=0.22, neck_angle=-14, neck_base=0.6,
                   neck_tip=0.44, skull=0.22, muzzle=0.24, muzzle_base=0.26, muzzle_tip=0.17, leg=0.2, foot=0.09,
                   ear="long", ear_size=0.09, tail="tuft", extras=("horns", "beard"), fur=0.95, droop=0.6),
    "elephant": Build(length=0.86, hip=0.95, shoulder=1.0, chest=0.82, loin=0.78, neck=0.2, neck_angle=20,
        neck_base=0.6,
                      neck_tip=0.46, skull=0.3, muzzle=0.08, muzzle_base=0.3, muzzle_tip=0.22, leg=0.27, foot=0.2,
                      ear="fan", ear_size=0.44, tail="tuft", extras=("trunk", "tusks"), fur=0.12),
    "hare": Build(length=0.5, hip=0.42, shoulder=0.4, chest=0.36, loin=0.46, neck=0.2, neck_angle=48, neck_base=0.28,
                  neck_tip=0.22, skull=0.15, muzzle=0.11, muzzle_base=0.17, muzzle_tip=0.11, leg=0.14, foot=0.09,
                  ear="hare", ear_size=0.42, tail="scut", fur=0.7),
    "otter": Build(length=0.95, hip=0.34, shoulder=0.34, chest=0.32, loin=0.32, neck=0.3, neck_angle=26,
        neck_base=0.3,
                   neck_tip=0.24, skull=0.14, muzzle=0.1, muzzle_base=0.16, muzzle_tip=0.11, leg=0.14, foot=0.1,
                   ear="round", ear_size=0.05, tail="thick", fur=0.4),
    "boar": Build(length=0.82, hip=0.6, shoulder=0.64, chest=0.58, loin=0.46, hump=0.06, neck=0.22, neck_angle=0,
        neck_base=0.5,
                  neck_tip=0.36, skull=0.19, muzzle=0.3, muzzle_base=0.22, muzzle_tip=0.11, leg=0.15, foot=0.06,
                  ear_size=0.13, tail="tuft", fur=0.9, droop=0.25),
}  # fmt: skip
BUILDS["lion"] = replace(BUILDS["cat"], extras=("mane",), tail="lion", chest=0.46)
BUILDS["lynx"] = replace(BUILDS["cat"], ear="tufted", ear_size=0.13, tail="short", fur=0.7, extras=("ruff",), leg=0.19)
BUILDS["doe"] = replace(BUILDS["deer"], extras=())
