"""What an encoder put behind the edge of a picture, to fill its last blocks: shown, it should be no more than the edge.

Most repeat the last row and column. Where one did not, the padding would be a visible line, and the clip is encoded.
"""

import re
from pathlib import Path

from scripts.lib.film import ffmpeg, picture_format
from scripts.lib.film.ffmpeg import VideoStream

PICTURES = 6
"""So many are looked at: what an encoder does with its edges it does with every picture."""
APART, SHARE = 2.0, 1.5
"""Levels of 255 by which padding may differ from the edge, or this share of what the two last rows differ by."""


def trouble(cropped: Path, before: VideoStream) -> str | None:
    """Why the padding that `cropped` shows is no picture; None: it is, or there is none. `before`: the clip."""
    size = f"size {before.width}x{before.height}"
    if picture_format.cropping(before) in {(0, 0), None}:
        return None
    found = ffmpeg.probe(cropped).video
    if found is None or (found.width, found.height) != (picture_format.WIDTH, picture_format.HEIGHT):
        return size
    for below, last, wanted in ((True, before.height, found.height), (False, before.width, found.width)):
        if last < wanted:
            padded, edge = _apart(cropped, below, last, wanted - last), _apart(cropped, below, last - 1, 1)
            if padded > max(APART, SHARE * edge):
                return f"{size}, padded with something else"
    return None


def _apart(path: Path, below: bool, at: int, count: int) -> float:
    """By how many levels of 255 `count` rows (or columns) from `at` differ from the one before them, on average."""
    taken, one = (f"iw:{count}:0:{at}", f"iw:1:0:{at - 1}") if below else (f"{count}:ih:{at}:0", f"1:ih:{at - 1}:0")
    shape = f"iw:{count}" if below else f"{count}:ih"
    graph = (
        f"[0:V:0]trim=end_frame={PICTURES},format=gray,split[a][b];[a]crop={taken}:exact=1[some];"
        f"[b]crop={one}:exact=1,scale={shape}:flags=neighbor,setsar=1[edge];[some]setsar=1[more];"
        "[more][edge]blend=all_mode=difference,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-[out]"
    )
    arguments = ["-v", "error", *ffmpeg.given(path), "-filter_complex", graph, "-map", "[out]", "-f", "null", "-"]
    said = ffmpeg.run(arguments, f"looking at the edge of {path.name}")
    levels = [float(one) for one in re.findall(r"YAVG=([0-9.]+)", said.output)]
    return sum(levels) / len(levels) if levels else 255.0
