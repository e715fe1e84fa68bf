"""What changes something: the verbs of `requests`, one path each, and what is written on the board."""

from videod.adapters.own_board import OwnBoard
from videod.channels import telling
from videod.core import fields
from videod.core.craft_clips import Telling
from videod.core.sanitize import sanitize_line
from videod.core.statuses import Status
from videod.core.wishes import Obstacle
from videod.flow import signing
from videod.guard.errors import Code, ErrorCode, Refused
from videod.store.habits import pace
from videod.web import api_shapes, entries, episodes
from videod.web.requests import ROOMS, RequestHandler, perform
from videod.web.routes import CONFLICTS, Call, Handler, House, Route
from videod.web.values import of_body


def _performing(room: str, verb: str) -> Handler:
    async def change(house: House, call: Call) -> dict[str, object]:
        handler = RequestHandler(house.ledger, house.store, house.clock, "cli", house.placing)
        return (await perform(handler, room, verb, call.path["id"], call.body)).as_json()

    return change


async def add_entry(house: House, call: Call, by: str = "cli") -> api_shapes.EntryBody:
    """`by`: who asks; videod's own board keeps it. Raises Refused."""
    asked = of_body(call.body, entries.ENTRY)
    values = entries.columns(asked)
    entries.check(values, house.channels())
    own = entries.brought(asked, await telling_of(house, str(asked["channel"])))
    values |= {fields.BY: by} if isinstance(house.board, OwnBoard) else {}
    page = await entries.add(house.board, values, own.args, str(asked["sources"] or ""))
    house.ledger.wakeups.wake("intake")
    status = Status.DRAFT if asked["draft"] else Status.QUEUED
    title, channel = sanitize_line(str(asked["title"])), str(asked["channel"])
    return {"page_id": page, "status": status.value, "title": title, "channel": channel}


async def telling_of(house: House, channel_id: str) -> Telling:
    """How the channel's narrations are, with its voice as it was heard."""
    channel = house.channels()[channel_id]
    voice, spoken = channel.voice_id, channel.language
    return telling(channel, await house.store.read(lambda tx: pace(tx, channel_id, voice, spoken)))


async def prioritize(house: House, call: Call, by: str = "cli") -> api_shapes.PriorityBody:
    level = str(of_body(call.body, {"priority": entries.LEVEL})["priority"])
    name = call.path["id"]
    task = await house.store.read(lambda connection: episodes.task_of(connection, name))
    # the intake meets the board's own change: there it finds who asked for it
    asked: dict[str, object] = {signing.ASKED: {"column": "Priority", "by": by}}
    await house.ledger.saw_page(task.page_id, asked, house.clock.now_ms(), merge=True)
    try:
        await entries.prioritize(house.board, task.page_id, level)
    except Refused:
        await house.ledger.saw_page(task.page_id, {signing.ASKED: None}, house.clock.now_ms(), merge=True)
        raise
    house.ledger.wakeups.wake("intake")
    return {"task": task.id, "title": task.title, "priority": level}


#: on what a verb is done -> the type of its answer, the errors of its own
_OF: dict[str, tuple[type, tuple[ErrorCode, ...]]] = {
    "tasks": (api_shapes.TaskOutcomeBody, (Code.UNKNOWN_TASK, Code.CONFLICT, *CONFLICTS)),
    "services": (api_shapes.OutcomeBody, (Code.UNKNOWN_SERVICE, Code.UNKNOWN_CHANNEL, Code.CONFLICT, Obstacle.DISK)),
    "channels": (api_shapes.OutcomeBody, (Code.CONFLICT,)),
}
_BOARD = (Code.BOARD_UNAVAILABLE, Code.BOARD_REFUSED)
ROUTES = (
    *(
        Route(
            "POST",
            f"/api/{room}/{{id}}/{verb}",
            f"{verb}_{room.removesuffix('s')}",
            wish.about,
            _performing(room, verb),
            *_OF[room],
            fields=wish.fields,
        )
        for room, wishes in ROOMS.items()
        for verb, wish in wishes.items()
    ),
    Route(
        "POST",
        "/api/tasks/{id}/priority",
        "prioritize_task",
        "Change which episodes go first, on the board.",
        prioritize,
        api_shapes.PriorityBody,
        (Code.UNKNOWN_TASK, *_BOARD),
        fields={"priority": entries.LEVEL},
    ),
    Route(
        "POST",
        "/api/entries",
        "add_entry",
        "Add an entry to the board and queue it.",
        add_entry,
        api_shapes.EntryBody,
        (Code.UNKNOWN_CHANNEL, *_BOARD),
        fields=entries.ENTRY,
    ),
)
