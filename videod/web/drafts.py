"""Entries before they are episodes, and changes of an entry: what a person types on a board, from a program.

Changes are written on the board, Notion's or videod's own, and taken over from there. Only videod's own lists them: in
Notion people see them.
"""

from collections.abc import Mapping

from videod.adapters.own_board import SOURCES, OwnBoard
from videod.core import bounds, own_story
from videod.core.fields import BY, text
from videod.core.model import Task
from videod.core.own_story import NOTHING
from videod.core.sanitize import sanitize_line
from videod.core.statuses import BY_LABEL, Status
from videod.guard.errors import Code, Refused
from videod.store import reads
from videod.store.entries import Entry
from videod.web import api_shapes, entries, pages, serializers
from videod.web.changing import telling_of
from videod.web.entries import BRINGS, CHANGES, within
from videod.web.routes import Call, House, Route
from videod.web.values import of_body

SHOWN, SHOWN_MOST = 100, 1_000
TAKEN = "videod takes it over within seconds"


def _own(house: House) -> OwnBoard:
    if isinstance(house.board, OwnBoard):
        return house.board
    raise Refused(Code.CONFLICT, "the entries are on the board in Notion", "look at them there")


async def listed(house: House, call: Call) -> api_shapes.EntriesBody:
    if not isinstance(house.board, OwnBoard):
        return {"kind": "notion", "entries": []}
    return {"kind": "none", "entries": [shown(one) for one in await house.board.waiting(call.query["limit"])]}


async def one(house: House, call: Call) -> api_shapes.WaitingEntryBody:
    board = _own(house)
    return shown(await within(board.entry(call.path["id"]), "try again", True))


def shown(one: Entry) -> api_shapes.WaitingEntryBody:
    """An entry as JSON."""
    told = {name: text(one.shown, column) for name, column in entries.COLUMNS.items()}
    plan = one.brought.get(own_story.PLAN)
    return {
        "page_id": one.page_id, "status": BY_LABEL.get(told["status"], Status.DRAFT).value, "title": told["title"],
        "channel": told["channel"], "topic": told["topic"], "direction": told["direction"],
        "priority": told["priority"].lower() or "normal", "privacy": told["privacy"] or None,
        "problem": text(one.shown, "Error Log") or None, "script": one.brought.get(own_story.SCRIPT),
        "plan": _document(plan), "sources": one.brought.get(SOURCES),
        "made_at": serializers.moment(one.made_at), "edited_at": serializers.moment(one.edited_at),
    }  # fmt: skip


def _document(plan: str | None) -> dict[str, object] | None:
    found = None if plan is None else bounds.loads(plan)
    return found if isinstance(found, dict) else None


async def change(house: House, call: Call, by: str = "cli") -> api_shapes.ChangedEntryBody:
    """Change fields of an entry, queue it or take it back; `by`: who asks. Raises Refused."""
    page_id, asked = call.path["id"], of_body(call.body, CHANGES)
    board, values = entries.there(house.board), entries.changed(call.body, asked)
    brings = [name for name in BRINGS if name in call.body]
    values |= {BY: by} if "Status" in values and isinstance(board, OwnBoard) else {}
    if not values and not brings:
        raise Refused(Code.CONFLICT, "nothing to change was named", f"name some of: {', '.join(CHANGES)}")
    page = await within(board.read(page_id), "try again", True)
    if page.in_trash:
        raise Refused(Code.UNKNOWN_ENTRY, "the entry was removed", "add another one")
    task = await house.store.read(lambda tx: reads.task_of_page(tx, page_id))
    _check_stage(task, values, brings)
    entries.check_change(values, page.values, house.channels())
    channel = str(values.get("Channel") or text(page.values, "Channel"))
    own = await _brought(house, channel, asked) if {"script", "plan"} & set(brings) else None
    hint = "the change may still be written: look at the entry before you retry"
    if brings:
        sources = str(asked["sources"] or "") if "sources" in brings else None
        await within(_own(house).rewrite(page_id, values, own, sources), hint, True)
    else:
        await within(board.write(page_id, values), hint, True)
    house.ledger.wakeups.wake("intake")
    after = {**page.values, **values}
    return {
        "page_id": page_id, "status": BY_LABEL.get(text(after, "Status"), Status.DRAFT).value,
        "title": sanitize_line(text(after, "Title")), "channel": text(after, "Channel"), "text": _said(task, after),
    }  # fmt: skip


def _check_stage(task: Task | None, values: Mapping[str, object], brings: list[str]) -> None:
    """Raises Refused for what an entry cannot be asked once it is an episode."""
    if task is None:
        return
    if "Status" in values:
        hint = f"`videod retry {task.id}` resumes it, `videod cancel {task.id}` stops it"
        raise Refused(Code.CONFLICT, f"{task.title} is an episode already", hint)
    if brings:
        hint = f"`videod edit {task.id}` changes what it tells, `videod redo {task.id} plan` tells it again"
        raise Refused(Code.CONFLICT, f"{task.title} is an episode already and keeps its {brings[0]}", hint)


async def _brought(house: House, channel: str, asked: Mapping[str, object]) -> Mapping[str, object]:
    """The story that the entry brings from now on, empty for none. Raises Refused."""
    if asked["script"] is None and asked["plan"] is None:
        return NOTHING.args
    if channel not in house.channels():
        raise Refused(Code.UNKNOWN_CHANNEL, f"there is no channel {channel}", "choose the entry's channel first")
    return entries.brought(asked, await telling_of(house, channel)).args


def _said(task: Task | None, after: Mapping[str, object]) -> str:
    if task is not None:
        return f"written on the board. {TAKEN} where it still counts"
    return f"queued. {TAKEN}" if BY_LABEL.get(text(after, "Status")) is Status.QUEUED else "changed. It is a draft"


async def remove(house: House, call: Call) -> api_shapes.ChangedEntryBody:
    """Throw an entry away that is no episode. Raises Refused."""
    board, page_id = _own(house), call.path["id"]
    task = await house.store.read(lambda tx: reads.task_of_page(tx, page_id))
    if task is not None:
        raise Refused(Code.CONFLICT, f"{task.title} is an episode already", f"`videod cancel {task.id}` stops it")
    found = await within(board.entry(page_id), "try again", True)
    await within(board.remove(page_id), "look at the entries before you retry", True)
    was = shown(found)
    return {
        "page_id": page_id, "status": was["status"], "title": was["title"], "channel": was["channel"],
        "text": "removed. Nothing was made for it",
    }  # fmt: skip


_BOARD = (Code.BOARD_UNAVAILABLE, Code.BOARD_REFUSED, Code.UNKNOWN_ENTRY)
ROUTES = (
    Route("GET", "/api/entries", "list_entries", "List the entries that are not episodes yet.", listed,
          api_shapes.EntriesBody, query={"limit": pages.limit(SHOWN, SHOWN_MOST)}),
    Route("GET", "/api/entries/{id}", "show_entry", "Show one entry with what it brings.", one,
          api_shapes.WaitingEntryBody, (*_BOARD, Code.CONFLICT)),
    Route("POST", "/api/entries/{id}/edit", "edit_entry", "Change an entry, queue it or take it back.", change,
          api_shapes.ChangedEntryBody, (*_BOARD, Code.UNKNOWN_CHANNEL, Code.CONFLICT), fields=CHANGES),
    Route("POST", "/api/entries/{id}/remove", "remove_entry", "Delete an entry that is not an episode.", remove,
          api_shapes.ChangedEntryBody, (*_BOARD, Code.CONFLICT)),
)  # fmt: skip
