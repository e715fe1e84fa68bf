"""What a person's change on the board means: pure functions from an entry, what we last saw of it, and its task.

Three parties write the Status: a person, the relay, and (late, after a timeout) a write of the relay that was given
up. So a label counts as a person's only when it is neither what we last saw, nor what we last tried to write, nor
what is true anyway.
"""

from collections.abc import Mapping

from videod.core.events import CancelAsked, EditRefused, EntryEdited, EntryQueued, EntryRefused, GateApproved, RedoAsked
from videod.core.model import Priority, Task
from videod.core.plain_text import harmless, one_line
from videod.core.statuses import APPROVES, AT_GATE, BY_LABEL, ERRORS, GATES, LABELS, REDOES, Gate, Status
from videod.core.steps import REVIEWED

Edit = EntryQueued | EntryRefused | EntryEdited | GateApproved | RedoAsked | CancelAsked | EditRefused

#: names under which we keep our own marks beside the seen properties; no Notion column is called so
WRITING = "~writing"  # the label a write was begun for; None once it is known to have landed
WROTE_AT = "~wrote_at"  # when the last write of a Status ended, ms
TAKING = "~taking"  # the event that is being applied: {event, at, label, assets}
IN_TRASH = "~in_trash"

REQUIRED = ("Title", "Channel", "Topic", "Story Direction")
PRIVACIES = ("private", "unlisted", "public")
#: YouTube's own limit; what a command line carries with room to spare
TITLE_MAX, TOPIC_MAX, DIRECTION_MAX = 100, 1_000, 20_000

Seen = Mapping[str, object]


def text(values: Mapping[str, object], name: str) -> str:
    """A property as stripped text without what is no text, "" when it is empty."""
    value = values.get(name)
    return "" if value is None else harmless(str(value)).strip()


def base_label(seen: Seen) -> str:
    """The label we know of; a row we never saw a Status of was Queued, or it would have no task."""
    return str(seen.get("Status") or "") if "Status" in seen else LABELS[Status.QUEUED]


def is_ours(label: str, seen: Seen) -> bool:
    """Whether the board shows what we last saw or wrote, so that no person's wish gets lost by writing over it."""
    return label in (base_label(seen), seen.get(WRITING))


def changed_label(values: Mapping[str, object], seen: Seen | None, task: Task | None) -> str | None:
    """The Status that a person set ("" for an emptied one), or None when there is no wish in it."""
    label = text(values, "Status")
    if task is None:
        wanted = label == LABELS[Status.QUEUED] and (seen is None or "Status" not in seen or not is_ours(label, seen))
        return label if wanted else None
    if label == LABELS[task.status] or is_ours(label, seen or {}):
        return None
    return label


def fields_changed(values: Mapping[str, object], seen: Seen | None) -> bool:
    """Whether Priority or Privacy differ from what we last saw; nobody but a person writes them."""
    if seen is None or "Priority" not in seen:
        return False
    return any(text(values, name) != text(seen, name) for name in ("Priority", "Privacy"))


def snapshot(values: Mapping[str, object], in_trash: bool) -> dict[str, object]:
    """What is remembered of an entry."""
    shown: dict[str, object] = {name: text(values, name) for name in ("Status", "Priority", "Privacy")}
    return shown | {IN_TRASH: in_trash}


def priority_of(values: Mapping[str, object]) -> Priority:
    """Normal unless High or Low is chosen."""
    return {one.label.lower(): one for one in Priority}.get(text(values, "Priority").lower(), Priority.NORMAL)


def privacy_complaint(values: Mapping[str, object]) -> str | None:
    privacy = text(values, "Privacy")
    if privacy.lower() in ("", *PRIVACIES):
        return None
    return f'Privacy "{privacy}" is unknown; choose private, unlisted or public, or leave it empty'


def privacy_of(values: Mapping[str, object]) -> str | None:
    return text(values, "Privacy").lower() or None


def complaint(values: Mapping[str, object], known: Mapping[str, str], task: Task | None) -> str | None:
    """Why the entry cannot run, in words for its writer, or None. `known`: channel id -> its name."""
    # hyphens alone are as good as nothing, and the one thing that no parser takes for a value
    missing = [name for name in REQUIRED if not text(values, name).strip("-")]
    if missing:
        return f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} empty; fill in and set Queued again"
    channel = text(values, "Channel")
    if task is not None and channel != task.channel_id:
        return (
            f'Channel was changed from "{task.channel_id}" to "{channel}" after the episode had begun; set it back,'
            " or make a new entry for the other channel"
        )
    if task is None and channel not in known:
        choices = ", ".join(f"{key} ({name})" if name and name != key else key for key, name in sorted(known.items()))
        offered = f"known channels: {choices}" if choices else "no channel is configured yet"
        return f'Channel "{channel}" is not known; {offered}. Choose one of them and set Queued again'
    return length_complaint(values) or privacy_complaint(values)


def length_complaint(values: Mapping[str, object]) -> str | None:
    """What YouTube would refuse once the film is paid for, or no program could be told."""
    for name, most in (("Title", TITLE_MAX), ("Topic", TOPIC_MAX), ("Story Direction", DIRECTION_MAX)):
        size = len(text(values, name))
        if size > most:
            return f"{name} has {size:,} characters, {most:,} are allowed; shorten it and set Queued again"
    if set("<>") & set(text(values, "Title")):
        return "Title holds < or >, which YouTube refuses; leave them out and set Queued again"
    return None


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def queued(
    values: Mapping[str, object], page_id: str, task: Task | None, known: Mapping[str, str], at: int
) -> EntryQueued | EntryRefused | EditRefused:
    """What setting Queued means: a new task, one that goes on, or a refusal with its reason."""
    problem = complaint(values, known, task)
    if problem and task is not None:
        return EditRefused(at, task.id, LABELS[Status.QUEUED], problem)
    if problem:
        return EntryRefused(at, page_id, f"{problem}.", one_line(text(values, "Title")), text(values, "Channel"))
    return EntryQueued(
        at, page_id, text(values, "Channel"), one_line(text(values, "Title")), text(values, "Topic"),
        text(values, "Story Direction"), priority_of(values), privacy_of(values),
    )  # fmt: skip


def redo_gate(label: str) -> Gate | None:
    """The gate whose files this label asks to have made anew."""
    status = BY_LABEL.get(label)
    return REDOES.get(status) if status else None


def in_review(task: Task, gate: Gate, flagged: list[tuple[str, str]]) -> dict[str, str]:
    """Asset page id -> job name of the flagged assets that this gate reviews; keys are "<task id>/<job name>".

    The others stay flagged: their gate is passed or still to come.
    """
    names = {asset: key.removeprefix(f"{task.id}/") for asset, key in flagged if key.startswith(f"{task.id}/")}
    return {asset: name for asset, name in names.items() if name.split("/")[0] in REVIEWED[gate]}


def wish(
    task: Task, label: str, flagged: tuple[str, ...], at: int
) -> GateApproved | RedoAsked | CancelAsked | EditRefused:
    """What a label other than Queued, set by a person on a known entry, asks for."""
    status = BY_LABEL.get(label)
    if status in APPROVES:
        return GateApproved(at, task.id, APPROVES[status], "notion")
    if status in REDOES:
        return RedoAsked(at, task.id, REDOES[status], flagged)
    if status == Status.CANCELLED:
        return CancelAsked(at, task.id)
    if not label:
        return EditRefused(at, task.id, "an empty Status", what_can_be_done(task.status))
    if status is None:
        return EditRefused(at, task.id, label, f"that is no status videod knows; {what_can_be_done(task.status)}")
    return EditRefused(at, task.id, label, f"videod sets that one itself; {what_can_be_done(task.status)}")


def what_can_be_done(status: Status) -> str:
    """What a person may set now."""
    if status == Status.PUBLISHED:
        return "the episode is published; make a new entry for another film"
    if status in AT_GATE:
        _, approved, redo = GATES[AT_GATE[status]]
        again = f", {LABELS[redo]} to have the assets flagged Redo made anew" if redo else ""
        return f"it waits for your review: set {LABELS[approved]} to go on{again}, or Cancelled to stop"
    if status in ERRORS | {Status.QUOTA_EXCEEDED}:
        return f"it is {LABELS[status]}: set Queued to go on, or Cancelled to stop"
    if status in (Status.CANCELLED, Status.DRAFT):
        return f"it is {LABELS[status]}: set Queued to go on"
    return f"it is {LABELS[status]}: set Cancelled if you want it to stop"
