"""Chapters of a video: lines of its description, from the moments of the plan and the lengths of the cuts. Pure.

YouTube makes chapters of lines that begin with a time where the first one is 0:00, there are three at least, in order,
and each lasts ten seconds at least.
"""

import re
from collections.abc import Sequence

from videod.core.sanitize import sanitize

LEAST, SECONDS = 3, 10
#: so many at most, each about so long: a film of two minutes gets five or six
MOST, ABOUT_S = 6, 18.0
TITLE_CHARACTERS = 60
#: a film that is so much shorter than its cuts is not made of them, seconds
ASTRAY_S = 1.0
_OWN = re.compile(r"^\s*0?0:00\b", re.MULTILINE)


def lines(beats: Sequence[str], lengths: Sequence[float | None], opening_s: float, film_s: float | None) -> str:
    """The chapters as lines; empty where the film is too short for them, or nobody knows what it shows when.

    `lengths`: of the cuts, in order, seconds; `opening_s`: what the film shows before the first.
    """
    known = [length for length in lengths if length is not None]
    if len(known) != len(beats) or not beats:
        return ""
    starts = [0.0, *(opening_s + sum(known[:place]) for place in range(1, len(known)))]
    end = opening_s + sum(known)
    if film_s is not None and film_s < end - ASTRAY_S:
        return ""
    chosen = _chosen([int(start) for start in starts], int(end))
    titles = [title(beats[place]) for place in chosen]
    if len(chosen) < LEAST or not all(titles):
        return ""
    return "\n".join(f"{clock(int(starts[place]))} {name}" for place, name in zip(chosen, titles, strict=True))


def _chosen(starts: Sequence[int], end: int) -> list[int]:
    """Which cuts begin a chapter: as even as the cuts allow, none shorter than YouTube takes."""
    count = min(MOST, max(LEAST, round(end / ABOUT_S)))
    chosen = [0]
    for number in range(1, count):
        wished = end * number / count
        free = [place for place in range(chosen[-1] + 1, len(starts))
                if starts[place] - starts[chosen[-1]] >= SECONDS and end - starts[place] >= SECONDS]  # fmt: skip
        if not free:
            break
        chosen.append(min(free, key=lambda place: abs(starts[place] - wished)))
    return chosen


def title(beat: str) -> str:
    """A moment of the plan as a chapter's name: its first sentence, or as many words of it as fit."""
    plain = " ".join(sanitize(beat.replace("<", "").replace(">", "")).split())
    first = re.split(r"(?<=[.!?。！？])\s*", plain, maxsplit=1)[0].rstrip(".。 ")
    if len(first) > TITLE_CHARACTERS:
        cut = first[: TITLE_CHARACTERS - 1]
        first = f"{cut.rpartition(' ')[0].rstrip(',;:') or cut}…"
    return first[:1].upper() + first[1:]


def clock(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def has_own(description: str) -> bool:
    """Whether a description brings chapters of its own."""
    return _OWN.search(description) is not None
