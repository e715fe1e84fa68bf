"""What FFmpeg's filters say of pictures and sound while a file is decoded, for `core/content`.

Pictures are measured at 64x36, sound in parts of 0.05 s as one channel; the first picture alone is said pixel by pixel,
at 16x9. As everything that a decoder says, none of it is certain: a file may have taken it over.
"""

import re
from dataclasses import dataclass, field, replace

from videod.core import bounds
from videod.core.alike_pictures import HIGH, WIDE
from videod.core.content import Content, Frame, Sound


def _said(name: str, **values: str) -> str:
    """Filters that say one value each, in one call: lines of several filters at work do not mix then."""
    return ",".join(
        f"metadata@{name}{short}=mode=print:key=lavfi.signalstats.{value}" for short, value in values.items()
    )


#: the first picture, one pixel after the other; side data is text of the file's own
FIRST = (
    f"split[all][first];[first]select=eq(n\\,0),sidedata=mode=delete,scale={WIDE}:{HIGH}:flags=area:out_range=pc"
    f":out_color_matrix=bt709,format=yuv444p,untile={WIDE}x{HIGH},signalstats,"
    f"{_said('look', y='YAVG', u='UAVG', v='VAVG')},nullsink;[all]"
)
#: measures every picture
LOOK = (
    f"sidedata=mode=delete,signalstats,{_said('all', y='YAVG', u='UAVG', v='VAVG', l='YLOW', h='YHIGH', d='YDIF')},"
    "cropdetect=limit=20:round=2:reset=0:skip=0,freezedetect=n=0.0015:d=2"
)
#: the level of each 0.05 s beside what is measured of the whole
LISTEN = (
    "asplit[whole][one];[one]aresample=16000,aformat=channel_layouts=mono,asetnsamples=800,"
    "astats@part=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level,"
    "ametadata@part=mode=print:key=lavfi.astats.Overall.RMS_level,anullsink;[whole]"
)
#: what astats says of each channel, and besides of all
SIDES, WHOLE = "RMS_level+DC_offset", "Flat_factor"
#: the longest film has so many pictures, and parts of sound
MOST = 3600 * 65
FLOOR_DB = -120.0

_VALUE = re.compile(r"\[metadata@(all|look)(\w) @ \w+\] lavfi\.signalstats\.\w+=(\S+)")
#: from the darkest to the lightest tenth of an even ramp there are so many standard deviations
_SPREAD = 2.56
_PART = re.compile(r"\[ametadata@part @ \w+\] lavfi\.astats\.Overall\.RMS_level=(\S+)")
_CROP = re.compile(r"\[Parsed_cropdetect_\d+ @ \w+\] x1:(\d+) x2:(\d+) y1:(\d+) y2:(\d+) w:")
_FROZEN = re.compile(r"\[Parsed_freezedetect_\d+ @ \w+\] lavfi\.freezedetect\.freeze_(start|end): (-?[\d.]+)")
_WHOSE = re.compile(r"\[Parsed_astats_\d+ @ \w+\] (Channel: \d+|Overall)$")
_SIDE = re.compile(r"\[Parsed_astats_\d+ @ \w+\] (RMS level dB|DC offset|Flat factor): (\S+)")


@dataclass
class ContentNotes:
    """Taken line by line; `black` is what `blackframe` said of the pictures."""

    frames: list[Frame] = field(default_factory=list)
    black: list[bool] = field(default_factory=list)
    pixels: list[tuple[int, int, int]] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    sides: list[float] = field(default_factory=list)
    offset: float = 0.0
    flat: float = 0.0
    frozen: list[tuple[float, float | None]] = field(default_factory=list)
    crop: tuple[int, int, int, int] | None = None
    _values: dict[str, float] = field(default_factory=dict)
    _channel: bool = False

    def take(self, line: str) -> bool:
        """Whether the line was one for this; what is said of a whole file's sound is for others as well."""
        if found := _VALUE.match(line):
            self._value(found[1], found[2], bounds.number(found[3], 0.0, 255.0) or 0.0)
        elif found := _PART.match(line):
            if len(self.levels) < MOST:
                level = bounds.number(found[1], FLOOR_DB, 60.0)
                self.levels.append(FLOOR_DB if level is None else level)
        elif found := _CROP.match(line):
            left, right, top, bottom = (int(found[place][:3]) for place in (1, 2, 3, 4))
            self.crop = (left, right, top, bottom)
        elif found := _FROZEN.match(line):
            moment = bounds.number(found[2], -1e6, 1e8) or 0.0
            if found[1] == "start" and len(self.frozen) < MOST:
                self.frozen.append((moment, None))
            elif self.frozen:
                self.frozen[-1] = (self.frozen[-1][0], moment)
        elif found := _WHOSE.match(line):
            self._channel = found[1] != "Overall"
            return True
        elif found := _SIDE.match(line):
            return self._side(found[1], found[2])
        else:
            return line.startswith(("[metadata@", "[ametadata@", "[astats@"))
        return True

    def _value(self, whose: str, name: str, value: float) -> None:
        """One value of a picture; the last one of each completes it."""
        self._values[name] = value
        known = self._values
        if whose == "look" and name == "v" and len(self.pixels) < WIDE * HIGH:
            self.pixels.append(_rgb(known.get("y", 0.0), known.get("u", 128.0), value))
        elif whose == "all" and name == "d" and len(self.frames) < MOST:
            spread = max(0.0, known.get("h", 0.0) - known.get("l", 0.0)) / _SPREAD
            colors = known.get("y", 0.0), known.get("u", 128.0), known.get("v", 128.0)
            self.frames.append(Frame(0.0, *colors, spread, value, black=False))

    def _side(self, name: str, value: str) -> bool:
        """True where it was said of one channel."""
        number = bounds.number(value, -1e3, 1e6)
        if name == "Flat factor":
            self.flat = max(self.flat, number or 0.0)
            return True
        if name == "DC offset":
            self.offset = max(self.offset, abs(number or 0.0)) if self._channel else self.offset
            return True
        if self._channel and len(self.sides) < 16:
            self.sides.append(FLOOR_DB if number is None else max(FLOOR_DB, number))
        return self._channel

    def content(self, seconds: float, size: tuple[int, int], mean_db: float, peak_db: float) -> Content:
        count = len(self.frames)
        black = self.black if len(self.black) == count else [False] * count
        frames = tuple(
            replace(one, at_s=seconds * at / max(1, count), black=dark)
            for at, (one, dark) in enumerate(zip(self.frames, black, strict=True))
        )
        look = bytes(side for pixel in self.pixels for side in pixel).hex() if len(self.pixels) == WIDE * HIGH else ""
        end_s = frames[-1].at_s if frames else 0.0
        frozen = tuple((begin, end_s if end is None else end) for begin, end in self.frozen)
        sound = Sound(tuple(self.levels), tuple(self.sides), self.offset, mean_db, peak_db, self.flat)
        return Content(seconds, frames, sound if self.levels else None, self._bars(), size, look, frozen)

    def _bars(self) -> tuple[float, float]:
        """Black bars that are as wide on both sides, as shares of the height and of the width."""
        if self.crop is None:
            return 0.0, 0.0
        left, right, top, bottom = self.crop
        above, below, beside, behind = top, 35 - bottom, left, 63 - right
        upright = (above + below) / 36 if min(above, below) >= 2 and abs(above - below) <= 1 else 0.0
        across = (beside + behind) / 64 if min(beside, behind) >= 3 and abs(beside - behind) <= 1 else 0.0
        return upright, across


def _rgb(luma: float, blue: float, red: float) -> tuple[int, int, int]:
    """A color of full range, BT.709."""
    high, low = red - 128, blue - 128
    return _level(luma + 1.5748 * high), _level(luma - 0.1873 * low - 0.4681 * high), _level(luma + 1.8556 * low)


def _level(side: float) -> int:
    return min(255, max(0, round(side)))
