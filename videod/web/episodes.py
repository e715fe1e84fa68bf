"""Episodes for programs: lists by page, one in full, its jobs, history, costs and purchases."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from videod.core.model import Task
from videod.core.statuses import JobState, Status
from videod.guard.errors import Code, Refused
from videod.store import in_full, listing, reads
from videod.store.listing import Order, Place, Wanted
from videod.web import api_shapes, detail_shapes, details, pages, serializers
from videod.web.api_shapes import PurchaseState
from videod.web.routes import Call, House, Route
from videod.web.values import Choice, Field, Fields, Many, Moment, Text

T = TypeVar("T")
#: rows of a page: usual and most
TASKS, TASKS_MOST = 50, 200
EVENTS, EVENTS_MOST = 100, 1_000

_ORDERS = tuple(f"{sign}{order.value}" for order in Order for sign in ("-", ""))
_LIST: Fields = {
    "status": Field(Many(Choice(tuple(one.value for one in Status)), 1, len(Status)), "Only these statuses."),
    "channel": Field(Text(100), "Only this channel."),
    "needs": Field(
        Choice(("person",)),
        "`person`: only open reviews, errors, paused episodes and those that wait until somebody acts.",
    ),
    "since": Field(Moment(), "Only those that were created at this time or later."),
    "until": Field(Moment(), "Only those that were created before this time."),
    "text": Field(Text(200), "Only those with this text in the title, topic or ID. Upper and lower case are the same."),
    "sort": Field(Choice(_ORDERS), "The order. `-` puts the newest first.", "-created_at"),
    "limit": pages.limit(TASKS, TASKS_MOST),
    "cursor": pages.CURSOR,
}


def _wanted(query: Mapping[str, Any]) -> Wanted:
    return Wanted(
        statuses=query["status"] or (), channel=query["channel"], person=query["needs"] == "person",
        since=query["since"], until=query["until"], text=query["text"],
    )  # fmt: skip


async def listed(house: House, call: Call) -> api_shapes.TaskPageBody:
    sort, limit = call.query["sort"], call.query["limit"]
    order, newest = Order(sort.removeprefix("-")), sort.startswith("-")
    after = pages.read(call.query["cursor"], f"tasks {sort}")
    place, wanted = None if after is None else Place(*after), _wanted(call.query)

    def look(connection: sqlite3.Connection) -> tuple[tuple[Task, ...], int]:
        found = listing.page(connection, wanted, order, newest, place, limit + 1)
        return found, listing.count(connection, wanted)

    found, total = await house.store.read(look)
    shown, more = found[:limit], len(found) > limit
    last = listing.place_of(shown[-1], order) if more else None
    return {
        "tasks": [serializers.task(one) for one in shown], "total": total,
        "next_cursor": None if last is None else pages.cursor(f"tasks {sort}", last.value, last.task_id),
    }  # fmt: skip


async def detail(house: House, call: Call) -> detail_shapes.DetailBody:
    at = house.clock.now_ms()
    found = await _of(house, call, lambda connection, task: in_full.detail(connection, task, at))
    return details.detail(found, at, None, house.ledger.knows(found.task.channel_id))


_JOBS: Fields = {
    "state": Field(Many(Choice(tuple(one.value for one in JobState)), 1, len(JobState)), "Only these states."),
    "step": Field(Text(100), "Only this step, such as `clip`."),
}


async def jobs(house: House, call: Call) -> api_shapes.JobsBody:
    states, step = call.query["state"], call.query["step"]
    task, found = await _of(house, call, lambda connection, task: (task, reads.jobs(connection, task.id)))
    shown = [job for job in found if (not states or job.state.value in states) and step in (None, job.step)]
    return {"task": task.id, "jobs": [serializers.job(job, None) for job in shown]}


async def history(house: House, call: Call) -> api_shapes.HistoryPageBody:
    limit = call.query["limit"]

    def look(connection: sqlite3.Connection, task: Task) -> tuple[Task, tuple[listing.HistoryLine, ...]]:
        after, _ = pages.read(call.query["cursor"], f"history {task.id}") or (0, "")
        return task, listing.history(connection, task.id, after, limit + 1)

    task, found = await _of(house, call, look)
    shown = found[:limit]
    return {
        "task": task.id, "events": [_event(one) for one in shown],
        "next_cursor": pages.cursor(f"history {task.id}", shown[-1].id) if len(found) > limit else None,
    }  # fmt: skip


def _event(one: listing.HistoryLine) -> api_shapes.EventBody:
    """An event without the address of an upload session, to which whoever knows it may write."""
    body, remote = one.body, one.body.get("remote_id")
    if isinstance(remote, str):
        body = body | {"remote_id": serializers.shown_id(remote)}
    return {
        "id": one.id, "at": serializers.moment(one.at), "event": one.event, "status": one.status, "body": body
    }  # fmt: skip


async def costs(house: House, call: Call) -> api_shapes.CostsBody:
    task, found = await _of(house, call, lambda connection, task: (task, in_full.charges(connection, task.id)))
    return {
        "task": task.id, "cost_usd": serializers.usd(task.cost_micros),
        "possibly_paid_usd": serializers.usd(task.possible_micros), "costs_usd": serializers.costs(found),
        "charges": [serializers.charge(one) for one in found],
    }  # fmt: skip


async def purchases(house: House, call: Call) -> api_shapes.PurchasesBody:
    task, found = await _of(house, call, lambda connection, task: (task, listing.purchases(connection, task.id)))
    return {"task": task.id, "purchases": [_purchase(one) for one in found]}


def _purchase(one: listing.Purchase) -> api_shapes.PurchaseBody:
    return {
        "job": one.job, "service": one.service, "state": _state(one).value,
        "price_usd": serializers.usd(one.price_micros), "charged_usd": serializers.usd(one.charged_micros),
        "at": serializers.moment(one.at),
    }  # fmt: skip


def _state(one: listing.Purchase) -> PurchaseState:
    if one.charged_micros or one.cleared_by == "charged":
        return PurchaseState.CHARGED
    if one.open:
        return PurchaseState.OPEN
    if one.doubt:
        return PurchaseState.UNCONFIRMED if one.cleared_by is None else PurchaseState.NOTHING_BOUGHT
    return PurchaseState.FREE


def task_of(connection: sqlite3.Connection, name: str) -> Task:
    """The task with this id or page id. Raises Refused."""
    task = reads.task(connection, name) or reads.task_of_page(connection, name)
    if task is None:
        raise Refused(Code.UNKNOWN_TASK, f"there is no episode {name}", "GET /api/tasks lists them")
    return task


async def _of(house: House, call: Call, look: Callable[[sqlite3.Connection, Task], T]) -> T:
    """What `look` finds of the task that the path names. Raises Refused."""
    name = call.path["id"]
    return await house.store.read(lambda connection: look(connection, task_of(connection, name)))


_UNKNOWN = (Code.UNKNOWN_TASK,)
ROUTES = (
    Route(
        "GET",
        "/api/tasks",
        "list_tasks",
        "List episodes, page by page.",
        listed,
        api_shapes.TaskPageBody,
        (Code.BAD_CURSOR,),
        query=_LIST,
    ),
    Route(
        "GET",
        "/api/tasks/{id}",
        "show_task",
        "Show one episode, as `videod show` does.",
        detail,
        detail_shapes.DetailBody,
        _UNKNOWN,
    ),
    Route(
        "GET",
        "/api/tasks/{id}/jobs",
        "list_jobs",
        "List the jobs of an episode.",
        jobs,
        api_shapes.JobsBody,
        _UNKNOWN,
        query=_JOBS,
    ),
    Route(
        "GET",
        "/api/tasks/{id}/history",
        "list_history",
        "List what happened to an episode, page by page.",
        history,
        api_shapes.HistoryPageBody,
        (*_UNKNOWN, Code.BAD_CURSOR),
        query={"limit": pages.limit(EVENTS, EVENTS_MOST), "cursor": pages.CURSOR},
    ),
    Route(
        "GET",
        "/api/tasks/{id}/costs",
        "show_costs",
        "Show what an episode was charged.",
        costs,
        api_shapes.CostsBody,
        _UNKNOWN,
    ),
    Route(
        "GET",
        "/api/tasks/{id}/purchases",
        "list_purchases",
        "List the purchases of an episode.",
        purchases,
        api_shapes.PurchasesBody,
        _UNKNOWN,
    ),
)
