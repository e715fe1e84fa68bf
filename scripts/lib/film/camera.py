"""A slow camera move over a still picture: a shot without motion in it, for nothing.

The window moves by parts of a pixel (`perspective` samples at 1/256 of one): whole pixels would make a slow move
tremble. A zoom grows by equal shares, so that it looks even; a move begins and ends at full speed, since a cut shows
only a part of it.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.film import ffmpeg
from scripts.lib.film.picture_format import FPS, HEIGHT, WIDTH, Encoder

#: how much closer a push comes in all, and how close a pan or tilt stays
NEAR, CLOSE = 1.14, 1.13
#: a "static" shot breathes all the same: a picture without any movement looks like a fault
BREATH = 1.05
_OUT = re.compile(
    r"\b(pull\w*|zoom\w* out|dolly\w* out|widen\w*|draw\w* back|back\w* away|retreat\w*)\b", re.IGNORECASE
)
_STATIC = re.compile(r"\b(static|locked|still|hold\w*|fixed)\b", re.IGNORECASE)
_WAYS = {
    "left": re.compile(r"\bleft(ward|wards)?\b", re.IGNORECASE),
    "right": re.compile(r"\b(right(ward|wards)?|pan\w*|drift\w*|track\w*|slid\w*)\b", re.IGNORECASE),
    "up": re.compile(r"\b(up(ward|wards)?|ris\w*|crane\w*|lift\w*)\b", re.IGNORECASE),
    "down": re.compile(r"\b(down(ward|wards)?|lower\w*|tilt\w*|sink\w*)\b", re.IGNORECASE),
}
_DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
#: an input of one picture without a header that this process wrote itself
_OPEN = ("-protocol_whitelist", "file,pipe", "-format_whitelist", "rawvideo", "-f", "rawvideo", "-pix_fmt", "rgb24")


@dataclass(frozen=True)
class Move:
    """From one window to another: how many times as near as the whole picture, and which way it goes in between."""

    name: str
    first: float
    last: float
    way: tuple[int, int] = (0, 0)


def move_of(words: str) -> Move:
    """The move that a motion prompt asks for; a push in where it asks for none."""
    if _OUT.search(words):
        return Move("pull out", NEAR, 1.0)
    for name, pattern in _WAYS.items():
        if pattern.search(words):
            return Move(name, CLOSE, CLOSE, _DIRECTIONS[name])
    if _STATIC.search(words):
        return Move("breath", 1.0, BREATH)
    return Move("push in", 1.0, NEAR)


def chain(move: Move, pictures: int) -> str:
    """The filter that makes so many pictures of one, each a window of it enlarged to its size."""
    share = f"(on/{pictures})"
    near = f"({move.first:.6f}*exp({math.log(move.last / move.first):.9f}*{share}))"
    across, along = ((one * (1 - 1 / move.first) / 2) for one in move.way)
    centre = [f"(0.5+{2 * slack:.9f}*({share}-0.5))" if slack else "0.5" for slack in (across, along)]
    left, right = (f"W*({centre[0]}{sign}0.5/{near})" for sign in "-+")
    top, bottom = (f"H*({centre[1]}{sign}0.5/{near})" for sign in "-+")
    corners = ((left, top), (right, top), (left, bottom), (right, bottom))
    places = ":".join(f"x{at}='{x}':y{at}='{y}'" for at, (x, y) in enumerate(corners))
    return f"loop=loop={pictures - 1}:size=1,perspective={places}:interpolation=cubic:sense=source:eval=frame"


def film(raw: Path, output: Path, words: str, seconds: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Move:
    """Film `raw`, one picture of RGB as it lies in memory, for so many seconds; H.264 in the film's own format.

    Raises what ffmpeg.run raises.
    """
    move, pictures = move_of(words), seconds * FPS
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    once = f"scale=out_color_matrix=bt709:out_range=tv:flags=lanczos+accurate_rnd,format=yuv420p,{tags}"
    ffmpeg.run(
        [
            "-y", *_OPEN, "-video_size", f"{size[0]}x{size[1]}", "-framerate", str(FPS), "-i", f"file:{raw.resolve()}",
            "-vf", f"{once},{chain(move, pictures)}", "-frames:v", str(pictures),
            "-an", *Encoder().arguments(), "-movflags", "+faststart", "-f", "mp4", ffmpeg.target(output),
        ],
        f"filming a still picture ({move.name})",
    )  # fmt: skip
    return move
