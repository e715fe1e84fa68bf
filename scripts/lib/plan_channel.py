"""What a channel adds to the brief of a plan: its voice, what its creator likes and bans, what it has told before.

`--channel-file` holds it as JSON. What was measured, made or learned meanwhile (`pace`, `before`, `lessons`) must not
change the questions of a plan that is being written: each answer is kept for its very question. So a run notes what it
began with, and a run that continues from kept answers takes that.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from scripts.lib import answers, atomic, notes
from scripts.lib.answers import Json, dig
from scripts.lib.failures import Failure, Kind
from scripts.lib.sanitize import sanitize_line

#: the channel's last stories, lines and words, and characters of each
BEFORE_MAX, LINES_MAX, TEXT_MAX = 50, 200, 300
FILE_BYTES = 1 << 20
#: what the creator corrected, of which each has a text before and after
LESSONS_MAX, SIDES = 12, ("was", "now")
LEARNED = (
    "Lines of earlier films, and what the creator made of them (texts to learn their taste from; never repeat one)"
)
#: what is known of an earlier story
PARTS = ("title", "species", "story", "turn")


STILLS = (
    "{wanted} of the clips are still shots (`still` true): nothing moves in the picture, only the camera does. Choose"
    " places, details, wide views and animals at rest, never the turn of the story or an action, and no two neighbors"
    " where that can be. The motion of a still shot is one short sentence about the camera: 'Slow push in.', 'Slow pull"
    " out.', 'Slow pan left.', 'Slow tilt up.'"
)


WORDLESS = (
    'Where the picture alone says more, at most {most} of the lines may be empty (`text` "", no facts), so that the'
    " shot is heard with its sounds only, but never the first line or the last."
)


@dataclass(frozen=True)
class Habits:
    """`pace`: characters a second of the voice. `likes`, `banned`: lines and words. `before`: parts of each story.

    `lessons`: lines as they were ("was"), and what the creator made of them ("now").
    """

    pace: float | None = None
    clip_seconds: float | None = None
    likes: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    before: tuple[dict[str, str], ...] = ()
    lessons: tuple[dict[str, str], ...] = ()
    #: how many shots are still ones: at least, at most
    stills: tuple[int, int] = (0, 0)
    #: over how many shots nobody may speak
    wordless: int = 0

    def ordered(self) -> dict[str, Json]:
        """What belongs to the order: another wish of the creator's is another plan, another measure is not."""
        found: dict[str, Json] = {
            "clip_seconds": self.clip_seconds, "likes": list(self.likes), "banned": list(self.banned)
        }  # fmt: skip
        found |= {"wordless": self.wordless} if self.wordless else {}
        return found | ({"stills": list(self.stills)} if self.stills[1] else {})

    def size(self) -> dict[str, Json]:
        """What the checker must know."""
        found: dict[str, Json] = {"banned": list(self.banned), "before": [dict(one) for one in self.before]}
        found |= {"pace": self.pace} if self.pace is not None else {}
        found |= {"stills": list(self.stills)} if self.stills[1] else {}
        found |= {"wordless": self.wordless} if self.wordless else {}
        return found | ({"clip_seconds": self.clip_seconds} if self.clip_seconds is not None else {})

    def told(self, stage: str) -> list[str]:
        """What the model is reported it in a stage: sections of the prompt."""
        parts = []
        if stage == "stories" and self.before:
            listed = "\n".join("- " + "; ".join(one[name] for name in PARTS if one.get(name)) for one in self.before)
            parts.append(f"## Told before on this channel (title, species, story, turn)\n\n{listed}")
        if stage == "pictures" and self.stills[1]:
            parts.append(f"## Still shots\n\n{STILLS.format(wanted=_span(*self.stills))}")
        if stage in ("text", "edit"):
            parts += [f"## Shots without words\n\n{WORDLESS.format(most=self.wordless)}"] if self.wordless else []
            if self.likes:
                listed = "\n".join(f"- {line}" for line in self.likes)
                parts.append(f"## Lines that the creator likes (for their sound; do not repeat them)\n\n{listed}")
            if self.lessons:
                listed = "\n".join(f"- {one['was']} -> {one['now']}" for one in self.lessons)
                parts.append(f"## {LEARNED}\n\n{listed}")
            if self.banned:
                parts.append(f"## Words that this channel never says\n\n{'; '.join(self.banned)}")
        return parts


def _span(least: int, most: int) -> str:
    return str(most) if least == most else f"{least} to {most}" if least else f"At most {most}"


#: of a channel that nothing is known of
NO_HABITS = Habits()


def read(path: Path | None) -> Habits:
    """The habits in a file. Raises Failure(input)."""
    if path is None:
        return Habits()
    try:
        found = answers.record(answers.parse(atomic.read_small(path, FILE_BYTES)))
    except (OSError, ValueError) as error:
        raise Failure(Kind.INPUT, f"--channel-file {path} cannot be read: {error}") from error
    return _habits(found)


def begun(output: Path, given: Habits, going_on: bool) -> Habits:
    """The habits to write with: those that a run with kept answers began with, else those that are `given`."""
    path = noted(output)
    if going_on:
        try:
            was = _habits(answers.record(answers.parse(atomic.read_small(path, FILE_BYTES))))
        except (OSError, ValueError):
            was = Habits()  # it began without any
        return replace(given, pace=was.pace, before=was.before, lessons=was.lessons)
    if given.pace is None and not given.before and not given.lessons:
        atomic.remove(path)
    else:
        atomic.write_text(path, json.dumps(asdict(given), ensure_ascii=False))
    return given


def noted(output: Path) -> Path:
    return notes.place(output, f"{output.stem}.begun.json")


def _habits(found: dict[str, Json]) -> Habits:
    before = [
        {name: text for name in PARTS if (text := _line(dig(one, name)))} for one in answers.items(found.get("before"))
    ]  # fmt: skip
    learned = [{name: _line(dig(one, name)) for name in SIDES} for one in answers.items(found.get("lessons"))]
    return Habits(
        lessons=tuple(one for one in learned if all(one.values()))[:LESSONS_MAX],
        pace=answers.number(found.get("pace"), 2.0, 40.0),
        clip_seconds=answers.number(found.get("clip_seconds"), 3.5, 60.0),
        stills=_stills(found.get("stills")), wordless=round(answers.number(found.get("wordless"), 0, 200) or 0),
        likes=_lines(found.get("likes")), banned=_lines(found.get("banned")),
        before=tuple(one for one in before if one)[:BEFORE_MAX],
    )  # fmt: skip


def _stills(found: Json) -> tuple[int, int]:
    numbers = [answers.number(one, 0, 200) for one in answers.items(found)]
    whole = [round(one) for one in numbers if one is not None]
    return (whole[0], whole[1]) if len(whole) == 2 else (0, 0)


def _lines(found: Json) -> tuple[str, ...]:
    return tuple(line for one in answers.items(found)[:LINES_MAX] if (line := _line(one)))


def _line(value: Json) -> str:
    """Text of others, as one line of bounded length: it goes into a prompt."""
    return " ".join(sanitize_line(answers.text(value) or "").split())[:TEXT_MAX]
