"""Captions as files: SubRip and WebVTT, written and read back. Times are frames of the film."""

import re
from collections.abc import Sequence

from scripts.lib.film.caption_rules import Cue

_SRT = re.compile(r"(\d+)\n(\S+) --> (\S+)\n((?:.+\n?)+)")


def srt(cues: Sequence[Cue], fps: int) -> str:
    """SubRip in plain UTF-8, as YouTube takes it."""
    blocks = [
        f"{number}\n{moment(cue.start, fps, ',')} --> {moment(cue.end, fps, ',')}\n" + "\n".join(cue.lines) + "\n"
        for number, cue in enumerate(cues, start=1)
    ]
    return "\n".join(blocks)


def vtt(cues: Sequence[Cue], fps: int) -> str:
    """WebVTT for the players of browsers, which see marks in < and &."""
    blocks = [
        f"{moment(cue.start, fps, '.')} --> {moment(cue.end, fps, '.')}\n" + "\n".join(map(_escaped, cue.lines)) + "\n"
        for cue in cues
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def moment(frame: int, fps: int, mark: str) -> str:
    ms = round(frame * 1000 / fps)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"


def parsed(text: str, fps: int) -> list[Cue]:
    """The captions of a SubRip file; the first sound of each is where it starts."""
    found = []
    for match in _SRT.finditer(text):
        start, end = _frame(match[2], fps), _frame(match[3], fps)
        found.append(Cue(start, end, tuple(match[4].rstrip("\n").split("\n")), start))
    return found


def _frame(told: str, fps: int) -> int:
    hours, minutes, seconds = told.replace(",", ".").split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * fps)
