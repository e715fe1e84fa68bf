"""The parts of docs/statuses.md that come from the code: the table of statuses and the diagram of moves."""

from videod.cli.markdown import table
from videod.core.statuses import (
    APPROVES,
    AT_GATE,
    ERRORS,
    FORWARD,
    LABELS,
    MOVES,
    OWN_ERRORS,
    REDOES,
    SENT_BACK,
    Status,
)


def statuses() -> str:
    """The 26 statuses: label, stored value, who sets it, where it goes from there (Cancelled is left out)."""
    head = ("Notion label", "stored as", "who sets it", "may become")
    rows = ((LABELS[one], f"`{one.value}`", _set_by(one), _targets(one)) for one in Status)
    return table(head, rows)


def _set_by(status: Status) -> str:
    if status == Status.DRAFT:
        return "you, or videod when the entry cannot run"
    if status in (Status.QUEUED, Status.CANCELLED):
        return "you"
    if status in APPROVES:
        at = LABELS[next(one for one, gate in AT_GATE.items() if gate == APPROVES[status])]
        return f"you at {at}, or videod if the gate is `auto`"
    if status in REDOES:
        return "videod, or you at the review to regenerate flagged files"
    return "videod"


def _targets(status: Status) -> str:
    targets = MOVES[status] - {Status.CANCELLED}
    words = []
    if targets >= ERRORS - {status}:
        words.append("every error" if status not in ERRORS else "another error")
        targets -= ERRORS
    if targets >= (everything := {*AT_GATE, *APPROVES, *REDOES}):
        words.append("wherever it stopped")
        targets -= everything | {Status.ASSEMBLING, Status.UPLOADING}
    return ", ".join([LABELS[one] for one in Status if one in targets] + words) or "nothing: it is finished"


def moves() -> str:
    """The way of an entry as a mermaid state diagram, without the arrows that would hide it."""
    quiet = {Status.CANCELLED, Status.QUOTA_EXCEEDED}
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {one.value} : {LABELS[one].replace(':', '')}" for one in Status if one not in quiet]
    lines.append("    [*] --> draft")
    for start in Status:
        if start in quiet:
            continue
        for end in Status:
            resumed = start == Status.QUEUED and end not in (Status.GENERATING_ASSETS, Status.DRAFT)
            among_errors = start in ERRORS and end in ERRORS
            # a lost file may send an episode back from anywhere; the text says so
            lost = end in ERRORS and end not in OWN_ERRORS.get(start, ()) and start != Status.QUEUED
            back = end in SENT_BACK.get(start, ()) and end not in FORWARD.get(start, ())
            if end in MOVES[start] and end not in quiet and not (resumed or among_errors or lost or back):
                lines.append(f"    {start.value} --> {end.value}")
    return "\n".join([*lines, "    published --> [*]", "```"])
