"""The list of clips that `assemble_video` works from.

    {"clips": [{"clip_number": 1, "video": "clip_01.mp4", "audio": "clip_01.mp3", "sfx": "...", "cut": "clip_01.mov",
                "hold": 2.5}]}

`sfx`, `cut` and `hold` (seconds that a shot which is cut here stays behind its words) may be missing, and `audio` where
nobody speaks. Relative paths are taken from the manifest's own folder. Clips are ordered by number.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

from scripts.lib import bounds
from scripts.lib.failures import Failure, Kind

CLIPS_MAX = 500
HOLD_S_MAX = 30.0


@dataclass(frozen=True)
class Entry:
    """One clip of the film. `audio`, `sfx` and `cut` are None when not named."""

    number: int
    video: Path
    audio: Path | None
    sfx: Path | None
    cut: Path | None
    hold_s: float = 0.0

    @property
    def name(self) -> str:
        return f"clip {self.number}"


def read(path: Path) -> list[Entry]:
    """The clips in order of their numbers. Raises Failure(input) naming the field that is wrong."""
    try:
        words = bounds.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Failure(Kind.INPUT, f"manifest {path} cannot be read: {error}") from None
    clips = words.get("clips") if isinstance(words, dict) else None
    if not isinstance(clips, list) or not 0 < len(clips) <= CLIPS_MAX:
        raise Failure(Kind.INPUT, f"manifest {path}: clips must be a list of 1 to {CLIPS_MAX} clips")
    entries = [_entry(clip, f"clips[{place}]", path.parent) for place, clip in enumerate(clips)]
    entries.sort(key=lambda entry: entry.number)
    for one, two in itertools.pairwise(entries):
        if one.number == two.number:
            raise Failure(Kind.INPUT, f"manifest {path}: clip_number {one.number} is there twice")
    return entries


def _entry(clip: object, where: str, folder: Path) -> Entry:
    if not isinstance(clip, dict):
        raise Failure(Kind.INPUT, f"manifest: {where} must be an object")
    number = clip.get("clip_number")
    if not isinstance(number, int) or isinstance(number, bool):
        raise Failure(Kind.INPUT, f"manifest: {where}.clip_number must be a whole number")

    def named(field: str) -> Path | None:
        value = clip.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or not value or "\0" in value:
            raise Failure(Kind.INPUT, f"manifest: {where}.{field} must be a path")
        return folder / value

    video, audio = named("video"), named("audio")
    if video is None:
        raise Failure(Kind.INPUT, f"manifest: {where} needs video")
    hold_s = bounds.number(clip.get("hold", 0.0), 0.0, HOLD_S_MAX)
    if hold_s is None:
        raise Failure(Kind.INPUT, f"manifest: {where}.hold must be 0 to {HOLD_S_MAX:g} seconds")
    return Entry(number, video, audio, named("sfx"), named("cut"), hold_s)
