"""What the planner left of an episode's story beside its plan: `plan/story.json`, for people to look at.

Written by a script, perhaps by a custom one, so nothing in it is believed to have any shape.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from videod import files
from videod.core import bounds
from videod.core.sanitize import sanitize_line

PLACE = "plan/story.json"
BYTES_MAX = 16 << 20
#: so many of each are shown, and so many characters
SHOWN_MAX, TEXT_MAX = 20, 300
#: lines of a film, and seconds of one
LINES_MAX, SECONDS_MAX = 200, 1000.0


@dataclass(frozen=True)
class Way:
    """One of the stories that were written; `told`: the film tells this one."""

    number: int
    logline: str
    stakes: str
    turn: str
    price: str
    told: bool


@dataclass(frozen=True)
class Story:
    """`titles`: each with its reason. `warnings`: what is worth a look, each as one line.

    `ways`: the stories to choose from. `seconds`: how long each line takes at the channel's voice.
    """

    titles: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    seconds: tuple[float, ...] = ()


def read(workspace: Path) -> Story:
    """The story in a workspace; an empty one if there is none or it cannot be read."""
    try:
        found = bounds.loads(files.read_made(workspace / PLACE, BYTES_MAX, workspace))
    except (OSError, ValueError):
        return Story()
    titles = [(_text(one, "title"), _text(one, "reason")) for one in _listed(_part(found, "text"), "titles")]
    warnings = [f"{_text(one, 'where')}: {_text(one, 'message')}" for one in _listed(found, "warnings")]
    return Story(tuple(one for one in titles if one[0]), tuple(warnings), tuple(_ways(found)), _seconds(found))


def _ways(found: object) -> Iterator[Way]:
    written = _part(found, "stories")
    chosen = bounds.whole(_part(written, "chosen"))
    for number, one in enumerate(_listed(written, "stories"), start=1):
        logline, stakes, turn, price = (_text(one, name) for name in ("logline", "stakes", "turn", "price"))
        yield Way(number, logline, stakes, turn, price, number == chosen)


def _seconds(found: object) -> tuple[float, ...]:
    listed = _part(found, "seconds")
    kept = [bounds.number(one, 0.0, SECONDS_MAX) for one in (listed if isinstance(listed, list) else [])[:LINES_MAX]]
    return () if None in kept else tuple(one for one in kept if one is not None)


def _part(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _listed(value: object, name: str) -> Iterator[object]:
    found = _part(value, name)
    yield from (found[:SHOWN_MAX] if isinstance(found, list) else [])


def _text(value: object, name: str) -> str:
    found = _part(value, name)
    return " ".join(sanitize_line(found).split())[:TEXT_MAX] if isinstance(found, str) else ""
