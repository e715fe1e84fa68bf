"""When each character of a narration is spoken: `<narration>.times.json`, written by whoever had it spoken.

It vouches for one sound by its SHA-256: another file under the same name, such as one that a person gave, has none.
Times are seconds from the beginning of the sound.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lib import atomic, bounds, voice_marks

VERSION = 1
#: no narration is longer, seconds
LONGEST_S = 3600.0


@dataclass(frozen=True)
class Times:
    """`text` is what is spoken, without marks for the voice; one start and one end for each of its characters."""

    text: str
    starts: tuple[float, ...]
    ends: tuple[float, ...]


def place(narration: Path) -> Path:
    return narration.with_name(narration.name + ".times.json")


def keep(narration: Path, times: Times, sha256: str) -> None:
    """Write the times of the sound with this digest beside it."""
    words = {"version": VERSION, "sha256": sha256, "text": times.text, "starts": times.starts, "ends": times.ends}
    atomic.write_text(place(narration), json.dumps(words, ensure_ascii=False) + "\n")


def recall(narration: Path, text: str) -> Times | None:
    """The times of this very sound and text; None where nobody vouches for them."""
    try:
        words: Any = bounds.loads(atomic.read_small(place(narration)))
        starts = [bounds.number(one, 0.0, LONGEST_S) for one in words["starts"]]
        ends = [bounds.number(one, 0.0, LONGEST_S) for one in words["ends"]]
        same = (words["version"], words["text"]) == (VERSION, voice_marks.spoken(text))
        same = same and words["sha256"] == atomic.fingerprint(narration)[1]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    found = tuple(one for one in starts if one is not None), tuple(one for one in ends if one is not None)
    if not same or not len(found[0]) == len(found[1]) == len(words["text"]):
        return None
    return Times(words["text"], *found)
