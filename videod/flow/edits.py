"""What a person's change on the board means: pure functions from an entry, what we last saw of it, and its task.

Three parties write the Status: a person, the relay, and (late, after a timeout) a write of the relay that was given
up. So a label counts as a person's only when it is neither what we last saw, nor what we last tried to write, nor
what is true anyway. The other fields are written by people alone, except where a refused value is put back.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from videod.core import answers, bounds, fields
from videod.core.events import CancelAsked, EditRefused, EntryEdited, EntryQueued, EntryRefused, GateApproved, RedoAsked
from videod.core.fields import BY_COLUMN, FIELDS, text
from videod.core.model import Task, task_id_of
from videod.core.own_story import Brought
from videod.core.sanitize import sanitize_line
from videod.core.statuses import APPROVES, AT_GATE, BY_LABEL, GATES, LABELS, REDOES, Gate, Status
from videod.flow.row_edits import Marks
from videod.ports import Page

Edit = EntryQueued | EntryRefused | EntryEdited | GateApproved | RedoAsked | CancelAsked | EditRefused
#: what setting Queued means
Queued = EntryQueued | EntryRefused | EditRefused
#: page id, channel id -> the story that the page brings; None: nobody looked
OwnStory = Callable[[str, str], Awaitable[Brought | None]]

#: an episode in one of these may have no plan yet
UNPLANNED = frozenset({Status.DRAFT, Status.ERROR_PLANNING, Status.CANCELLED, Status.QUOTA_EXCEEDED})
#: names under which we keep our own marks beside the seen properties; no Notion column is called so
WRITING = "~writing"  # the labels that writes were begun for; none once one is known to have landed
WROTE_AT = "~wrote_at"  # when the last write of a Status ended, ms
WROTE_OVER = "~wrote_over"  # the label that it replaced
TAKING = "~taking"  # the event that is being applied: {event, at, label, assets, fields}
IN_TRASH = "~in_trash"

#: between an episode's name and the state folder that took its entry, in the entry's key
TAKEN_BY = " @"

#: what only people write on an entry
COLUMNS = tuple(one.column for one in FIELDS)
#: longer texts are remembered by their digest
REMEMBERED_CHARACTERS = 100

Seen = Mapping[str, object]


def remembered(value: object) -> str:
    """A field's text as it is kept among what was seen: whole where it is short, else by its digest."""
    kept = text({"it": value}, "it")
    return kept if len(kept) <= REMEMBERED_CHARACTERS else f"#{hashlib.sha256(kept.encode()).hexdigest()[:24]}"


def seen_after_write(written: Mapping[str, object]) -> dict[str, object]:
    """What is known of an entry once these values were written on it."""
    return {name: remembered(value) if name in COLUMNS else value for name, value in written.items()}


def base_label(seen: Seen) -> str:
    """The label we know of; a row we never saw a Status of was Queued, or it would have no task."""
    return str(seen.get("Status") or "") if "Status" in seen else LABELS[Status.QUEUED]


def is_ours(label: str, seen: Seen) -> bool:
    """Whether the board shows what we last saw or wrote, so that no person's wish gets lost by writing over it."""
    return label in (base_label(seen), *writing(seen))


def outdated(label: str, seen: Seen, began: int) -> bool:
    """Whether a list that was begun at `began`, ms, shows what our own later write has replaced since."""
    wrote_at = seen.get(WROTE_AT)
    return isinstance(wrote_at, int) and wrote_at >= began and label == seen.get(WROTE_OVER)


def may_be_stale(values: Mapping[str, object], seen: Seen, since: int) -> bool:
    """Whether what a list shows may be older than our own write of the entry after `since`, ms: then it is read."""
    if writing(seen):
        return True
    wrote_at = seen.get(WROTE_AT)
    if not isinstance(wrote_at, int) or wrote_at < since:
        return False
    label = text(values, "Status")
    return label == seen.get(WROTE_OVER) or label == base_label(seen)


def writing(seen: Seen) -> tuple[str, ...]:
    """The labels of our own that the board may show although we never heard that they arrived."""
    kept = seen.get(WRITING)
    if isinstance(kept, str):  # as it was kept before there could be several
        return (kept,)
    return tuple(str(one) for one in kept) if isinstance(kept, list) else ()


def changed_label(values: Mapping[str, object], seen: Seen | None, task: Task | None) -> str | None:
    """The Status that a person set ("" for an emptied one), or None when there is no wish in it."""
    label = text(values, "Status")
    if task is None:
        wanted = label == LABELS[Status.QUEUED] and (seen is None or "Status" not in seen or not is_ours(label, seen))
        return label if wanted else None
    if label == LABELS[task.status] or is_ours(label, seen or {}):
        return None
    return label


def wished(values: Mapping[str, object], body: Mapping[str, object], seen: Seen) -> str | None:
    """The person's wish that writing `body` over `values` would lose, in words; None if it loses nothing."""
    label = text(values, "Status")
    if "Status" in body and label != body["Status"] and not is_ours(label, seen):
        return f'a person set "{label}" over "{base_label(seen)}"'
    for name in COLUMNS:
        if name in body and name in seen and remembered(values.get(name)) not in (seen[name], remembered(body[name])):
            return f"a person changed {name}"
    return None


def changed_fields(values: Mapping[str, object], seen: Seen | None, task: Task) -> tuple[str, ...]:
    """The fields that a person changed: they differ from the task's own value and from what we last saw there."""
    true, known = fields.shown(task), seen or {}
    return tuple(
        one.column
        for one in FIELDS
        if one.column in values and one.spelled(told := text(values, one.column)) != one.spelled(true[one.column] or "")
        and (one.column not in known or remembered(told) != known[one.column])
        # what videod writes itself: an empty one is a list of before that, and chooses nothing
        and (told or not one.ours)
    )  # fmt: skip


def snapshot(values: Mapping[str, object], in_trash: bool) -> dict[str, object]:
    """What is remembered of an entry."""
    shown: dict[str, object] = {name: remembered(values.get(name)) for name in COLUMNS}
    return {"Status": text(values, "Status")} | shown | {IN_TRASH: in_trash}


def reading_order(values: Mapping[str, object]) -> tuple[object, ...]:
    """How a person reads a table of entries made together: by when they were made, then by title, 2 before 10.

    The board rounds times to the minute, so that the time alone leaves the order of a whole batch open.
    """
    made = bounds.moment_ms(values.get("Created")) or 0
    parts = re.split(r"(\d{1,18})", sanitize_line(text(values, "Title")).casefold())
    return (made, tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts if part))


AGAIN = "set the status back to Queued"


def complaint(values: Mapping[str, object], known: Mapping[str, str], task: Task | None) -> str | None:
    """Why the entry cannot run, in words for its writer, or None. `known`: channel id -> its name."""
    missing = _missing(values)
    if missing:
        one = len(missing) == 1
        return f"{_listed(missing)} {'is' if one else 'are'} empty. Fill {'it' if one else 'them'} in and {AGAIN}"
    channel = text(values, "Channel")
    if task is not None and channel != task.channel_id:
        return (
            f'Channel was changed from "{task.channel_id}" to "{channel}" after the episode had begun. Set it back,'
            " or make a new entry for the other channel"
        )
    if task is None and channel not in known:
        return _unknown_channel(channel, known)
    for field in FIELDS:
        if why := field.complaint(values):
            return f"{why} and {AGAIN}" if field.most else why
    return None


def named(values: Mapping[str, object], known: Mapping[str, str], earlier: Mapping[str, str]) -> Mapping[str, object]:
    """The values with the present name of their channel; `earlier`: names that channels had before they were renamed.

    A channel of that name that is there again keeps it.
    """
    channel = text(values, "Channel")
    now = channel if channel in known else earlier.get(channel, channel)
    return values if now == channel else {**values, "Channel": now}


def _missing(values: Mapping[str, object]) -> list[str]:
    # hyphens alone are as good as nothing, and the one thing that no parser takes for a value
    return [one.column for one in FIELDS if one.required and not text(values, one.column).strip("-")]


def _unknown_channel(channel: str, known: Mapping[str, str]) -> str:
    choices = ", ".join(f"{key} ({name})" if name and name != key else key for key, name in sorted(known.items()))
    offered = f"Known channels: {choices}" if choices else "No channel is configured yet"
    return f'Channel "{channel}" is not known. {offered}. Choose one of them and {AGAIN}'


def _problem(name: str, values: Mapping[str, object], known: Mapping[str, str]) -> str | None:
    """Why a changed field of a known entry cannot be taken whatever the entry does, or None."""
    if name in _missing(values):
        return f"{name} cannot be empty"
    if name == "Channel":
        channel = text(values, "Channel")
        return None if channel in known else f'there is no channel "{channel[:40]}"'
    return BY_COLUMN[name].complaint(values)


def edited(
    values: Mapping[str, object], changed: tuple[str, ...], task: Task, known: Mapping[str, str], at: int
) -> EntryEdited:
    """The event of changed fields; those that make no sense come with the reason why, for the answer."""
    problems = tuple((name, why) for name in changed if (why := _problem(name, values, known)))
    wrong = {name for name, _ in problems}
    new = {name for name in changed if name not in wrong}
    taken = {one.name: one.read(values) for one in FIELDS if one.column in new}
    return EntryEdited(at, task.id, **fields.of(task) | taken, problems=problems)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


#: labels of an entry without a task that ask for nothing
_IDLE = ("", LABELS[Status.DRAFT], LABELS[Status.QUEUED], LABELS[Status.CANCELLED], LABELS[Status.PUBLISHED])


def is_copy(values: Mapping[str, object], page_id: str) -> bool:
    """Whether the entry carries the key of another one: Notion's Duplicate copies every field."""
    key = text(values, "Videod Key").partition(TAKEN_BY)[0]
    return bool(key) and key.rpartition("-")[2] != task_id_of("", page_id).rpartition("-")[2]


def taken(task_id: str, taker: str) -> str:
    """An entry's key: videod's name for the episode, and the state folder that took the entry."""
    return f"{task_id}{TAKEN_BY}{taker}" if taker else task_id


def of_another(values: Mapping[str, object], page_id: str, taker: str, at: int) -> EntryRefused | None:
    """The answer to a queued entry that another state folder took, perhaps a moment before its daemon died.

    What that one bought for it is unknown here, so only a person can say that it starts again.
    """
    _, _, owner = text(values, "Videod Key").partition(TAKEN_BY)
    if not taker or not owner or owner == taker:
        return None
    told = (
        "Another videod (with another state folder) took this entry and may have begun it. Start that one again, or,"
        " if it is gone, clear Videod Key and set the status back to Queued: then videod makes everything here again."
    )
    return refused(values, page_id, told, at)


def without_task(values: Mapping[str, object], page_id: str, seen: Seen | None, at: int) -> EntryRefused | None:
    """How an entry without a task is corrected, or None if nothing is wrong with it.

    An entry with a key of its own belongs to another state folder: it is left alone.
    """
    label, queued = text(values, "Status"), LABELS[Status.QUEUED]
    if is_copy(values, page_id):
        told = (
            f"This is a copy of another entry, so it starts as a draft. Change what you like, then set it to {queued}."
        )
        return replace(refused(values, page_id, told, at), clear=True)
    if label in _IDLE or label not in BY_LABEL or text(values, "Videod Key"):
        return None
    if seen is not None and is_ours(label, seen):
        return None
    return refused(values, page_id, f'"{label}" has no meaning here yet. Set the entry to {queued} to start it.', at)


def refused(values: Mapping[str, object], page_id: str, reason: str, at: int) -> EntryRefused:
    return EntryRefused(at, page_id, reason, sanitize_line(text(values, "Title")), text(values, "Channel"))


def queued(values: Mapping[str, object], page_id: str, task: Task | None, known: Mapping[str, str], at: int) -> Queued:
    """What setting Queued means: a new task, one that resumes, or a refusal with its reason."""
    problem = complaint(values, known, task)
    if problem and task is not None:
        return EditRefused(at, task.id, LABELS[Status.QUEUED], problem)
    if problem:
        return refused(values, page_id, f"{problem}.", at)
    by = sanitize_line(text(values, fields.BY))[: fields.BY_CHARACTERS]
    return EntryQueued(at, page_id, by=by, **{one.name: one.read(values) for one in FIELDS})


async def no_story(page_id: str, channel_id: str) -> Brought | None:
    """Nobody looks at the page."""
    return None


def bringing(event: EntryQueued, values: Mapping[str, object], task: Task | None, brought: Brought | None) -> Queued:
    """The event with the story that the entry brings, or why it cannot be used."""
    if brought is None:
        return event
    if not brought.problem:
        return replace(event, own=brought.args)
    if task is not None:
        return EditRefused(event.at, task.id, LABELS[Status.QUEUED], brought.problem)
    told = f"{brought.problem}. Correct it on the entry's page and {AGAIN}."
    return refused(values, event.page_id, told, event.at)


def looked_at(label: str) -> Gate | None:
    """The gate whose flagged files matter to this label: it asks for them again, or would pass them by."""
    status = BY_LABEL.get(label)
    return (REDOES.get(status) or APPROVES.get(status)) if status else None


def wish(
    task: Task, label: str, marks: Marks, at: int, waits: str = ""
) -> GateApproved | RedoAsked | CancelAsked | EditRefused:
    """What a label other than Queued, set by a person on a known entry, asks for. `waits`: what is said of the texts
    that wait on its rows."""
    status, flagged = BY_LABEL.get(label), tuple(marks.flagged.values())
    if status in (*APPROVES, *REDOES) and marks.problem:
        return EditRefused(at, task.id, label, marks.problem)
    if status in APPROVES:
        if flagged and AT_GATE.get(task.status) == APPROVES[status]:
            return EditRefused(at, task.id, label, _flagged(APPROVES[status], len(flagged)))
        if marks.words and AT_GATE.get(task.status) == APPROVES[status]:
            return EditRefused(at, task.id, label, waits.rstrip("."))
        return GateApproved(at, task.id, APPROVES[status], "notion")
    if status in REDOES:
        gate = AT_GATE.get(task.status)
        meant = gate if gate is not None and GATES[gate][2] is status else REDOES[status]
        return RedoAsked(at, task.id, meant, flagged, notes=marks.notes, words=marks.words)
    if status == Status.CANCELLED:
        return CancelAsked(at, task.id)
    if not label:
        return EditRefused(at, task.id, "an empty Status", answers.offered(task))
    if status is None:
        return EditRefused(at, task.id, label, f"videod does not know that status. {answers.offered(task)}")
    return EditRefused(at, task.id, label, f"videod sets that one itself. {answers.offered(task)}")


def _flagged(gate: Gate, count: int) -> str:
    redo = GATES[gate][2]
    files, them = ("1 file is", "it") if count == 1 else (f"{count} files are", "them")
    marks = "mark" if count == 1 else "marks"
    return f"{files} marked for redo. Set {LABELS[redo]} to regenerate {them}, or clear the {marks} to approve"


def suspicious(page: Page, seen: Seen | None, task: Task | None, began: int) -> bool:
    """Whether there may be something to take on this entry, out of a list that was begun at `began`, ms."""
    if task is None:
        return not page.in_trash and (
            changed_label(page.values, seen, None) is not None
            or without_task(page.values, page.id, seen, 0) is not None
        )
    if seen is None or TAKING in seen or page.in_trash != bool(seen.get(IN_TRASH)):
        return True
    label = text(page.values, "Status")
    if label != base_label(seen) and not outdated(label, seen, began):
        return True
    return bool(changed_fields(page.values, seen, task))
