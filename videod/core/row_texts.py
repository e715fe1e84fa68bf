"""What the row of a file says beside it: the words that it is ordered with, which a person may rewrite there. Pure.

A text is remembered by its mark. What differs from the mark that videod left is a person's.
"""

import hashlib
from collections.abc import Iterable, Mapping

from videod.core.model import Job
from videod.core.sanitize import sanitize
from videod.core.statuses import GATES, LABELS, Gate
from videod.core.tables import STEPS

#: what a narration, a prompt or a description may have, characters; what a note may have
WORDS_CHARACTERS = 5_000
NOTE_CHARACTERS = 1_000
#: micro-dollars
CENT = 10_000
#: so many names stand in an answer
NAMED = 5

#: the argument of a step's order that its rows show and a person may rewrite there
ARGUMENTS: Mapping[str, str] = {
    step.name: argument
    for step in STEPS.values()
    if step.shown_as
    for word, argument in step.words.items()
    if word != "story"
}
#: the steps whose files have rows
SHOWN = frozenset(step.name for step in STEPS.values() if step.shown_as)


def clean(text: str) -> str:
    """A text of the board as it is kept."""
    return sanitize(text).strip()


def mark(text: str) -> str:
    """How a text is remembered; two that look alike have one."""
    return hashlib.sha256(clean(text).encode("utf-8", "replace")).hexdigest()[:24]


def said(job: Job) -> str:
    """What the row of the job's file says."""
    argument = ARGUMENTS.get(job.step)
    return "" if argument is None else clean(str(job.args.get(argument, "")))


def wrong(job: Job, text: str) -> str | None:
    """Why the job cannot be ordered with this text whenever it is, as a clause; None: it can."""
    if job.step not in ARGUMENTS:
        return "no text of yours goes into that file"
    return None if text else "it cannot be empty"


def too_long(name: str, what: str, text: str, most: int) -> str | None:
    """The sentence about a text that is too long; None: it is not."""
    if len(text) <= most:
        return None
    return f"{what} of {name} has {len(text):,} characters, and {most:,} are allowed. Shorten it"


def deaf(name: str) -> str | None:
    """Why a note on the row of this job goes nowhere, and what to do instead; None: it goes into the order."""
    step = STEPS[name.split("/", maxsplit=1)[0]]
    if step.noted:
        return None
    instead = "change its Text instead, and clear the note" if step.name in ARGUMENTS else "clear the note"
    return f"{name} takes no note: {instead}"


def listed(names: Iterable[str]) -> str:
    """Names of jobs as people read them, the first five."""
    found = list(names)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{', '.join(found[:NAMED])}{more}"


def waits(names: Iterable[str], gate: Gate, files: int, micros: int) -> str:
    """What is said of rewritten texts that wait for a person to confirm the price."""
    them = "1 file" if files == 1 else f"{files} files"
    price = f" for about ${micros / 1e6:.2f}" if micros >= CENT else " for less than $0.01" if micros else ""
    return (
        f"Text of {listed(names)} was changed. Set {LABELS[GATES[gate][2]]} to regenerate {them}{price}, or put the old"
        " text back."
    )


def later(names: Iterable[str]) -> str:
    """What is said of rewritten texts of files that no review shows now."""
    return f"Text of {listed(names)} was changed. {LATER}"


def too_late(names: Iterable[str]) -> str:
    """What is said of rewritten texts of an episode that has no review left."""
    return (
        f"Text of {listed(names)} was changed too late: this episode has no review left, so its film keeps the old"
        " text. Set Cancelled if it must not be published like this."
    )


#: the end of what is said of a text before its price is known
LATER = "It counts at the next review: you confirm the price there."


#: how a remark of these begins
BEGINS = "Text of "
