"""Where a narration lies in its cut: `<cut>.said.json`, written while the clip is cut, when its sound is heard anyway.

It vouches for one narration by its SHA-256. Captions need it, and where it is missing the narration is heard again.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lib import atomic, bounds
from scripts.lib.film import loudness, voice
from scripts.lib.film.caption_times import Sound, heard
from scripts.lib.film.loudness import RATE_HZ
from scripts.lib.workroom import workroom

VERSION = 1
LONGEST_S = 3600.0


@dataclass(frozen=True)
class Said:
    """`at_s`: where in the cut the narration would begin, with its silence: below 0 where that is left out."""

    at_s: float
    frames: int
    sound: Sound


def place(cut: Path) -> Path:
    return cut.with_name(cut.name + ".said.json")


def of_cut(lead: int, frames: int, speech: voice.Speech, length_s: float) -> Said:
    """`lead`: the sample of the cut at which the words begin."""
    return Said((lead - speech.start) / RATE_HZ, frames, heard(length_s, speech.silences))


def keep(cut: Path, said: Said, narration: Path) -> None:
    words = {
        "version": VERSION, "narration": atomic.fingerprint(narration)[1], "at_s": round(said.at_s, 4),
        "frames": said.frames, "length_s": round(said.sound.length_s, 4),
        "heard": [[round(begin, 3), round(end, 3)] for begin, end in said.sound.heard],
    }  # fmt: skip
    atomic.write_text(place(cut), json.dumps(words) + "\n")


def recall(cut: Path, narration: Path) -> Said | None:
    """What is known of this narration in this cut; None where nobody vouches for it."""
    try:
        words: Any = bounds.loads(atomic.read_small(place(cut)))
        if (words["version"], words["narration"]) != (VERSION, atomic.fingerprint(narration)[1]):
            return None
        spans = [(_seconds(one[0]), _seconds(one[1])) for one in words["heard"]]
        return Said(
            _seconds(words["at_s"], -LONGEST_S), int(words["frames"]), Sound(_seconds(words["length_s"]), tuple(spans))
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None


def _seconds(value: object, least: float = 0.0) -> float:
    found = bounds.number(value, least, LONGEST_S)
    if found is None:
        raise ValueError
    return found


def listened(narration: Path, beside: Path, name: str) -> Sound:
    """The sound of a narration that nobody listened to yet. Raises Failure(input) where it cannot be decoded."""
    with workroom(beside) as room:
        kept = room / "voice.wav"
        measured = loudness.taken_in(narration, kept, name)
        speech = voice.find(kept, measured, name)
    return heard(measured.seconds, speech.silences)
