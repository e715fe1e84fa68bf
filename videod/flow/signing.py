"""An act on the board carries who did it, where videod knows them; who may only look is answered."""

from collections.abc import Mapping
from dataclasses import replace

from videod.core import fields
from videod.core.events import CancelAsked, EditRefused, EntryEdited, EntryQueued, GateApproved, RedoAsked
from videod.core.fields import text
from videod.core.model import Task
from videod.core.people import Person
from videod.flow import edits

#: key among what was seen of an entry: who asked for a change of which column by another way than the board
ASKED = "~asked"
#: who did it, as long as nobody is known
_NOBODY = ("", "notion")


def signed(event: edits.Edit, person: Person | None, values: Mapping[str, object], label: str) -> edits.Edit:
    """The event in the person's name, or the answer to them. Who puts an entry into the trash cancels."""
    if person is None or not isinstance(event, EntryQueued | GateApproved | RedoAsked | CancelAsked | EntryEdited):
        return event
    if not person.refusal or isinstance(event, EntryEdited) or not label:
        return replace(event, by=person.name) if event.by in _NOBODY else event
    if isinstance(event, EntryQueued):
        return edits.refused(values, event.page_id, f"{person.refusal}.", event.at)
    return EditRefused(event.at, event.task_id, label, person.refusal)


def edited(
    event: EntryEdited, person: Person | None, task: Task, changed: tuple[str, ...], asked: object
) -> EntryEdited:
    """Changed fields in the name of the person, or of whoever `asked` for them; put back where they may only look."""
    if person is not None and person.refusal:
        return EntryEdited(
            event.at, task.id, **fields.of(task), problems=tuple((one, person.refusal) for one in changed)
        )
    if person is not None:
        return replace(event, by=person.name)
    by = text(asked, "by") if isinstance(asked, Mapping) and changed == (asked.get("column"),) else ""
    return replace(event, by=by)
