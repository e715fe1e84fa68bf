"""The views that videod offers on its two tables: In Progress, Needs Review, Errors, and a gallery of the files.

A view is known by its name. One that is there is left alone, whoever made it and whatever it shows; where Notion does
not let videod make one, the steps to make it by hand are said.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from videod.adapters.notion_calls import Budget, Calls, Committed
from videod.adapters.notion_places import Ids, columns_of
from videod.adapters.notion_schema import ASSETS_TITLE, ENTRIES_TITLE, STORY_OPTIONS
from videod.adapters.notion_shapes import Json, identifier, promised, record, said
from videod.core.statuses import LABELS, PHASES, Phase
from videod.ports import BoardError

#: so many views of a table are looked at: each takes a call
MOST_VIEWS = 60


@dataclass(frozen=True)
class View:
    """A view of one of the tables. `phases`: of the statuses that it shows; none: it shows all rows."""

    table: str
    name: str
    type: str
    phases: tuple[Phase, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        return self.of(frozenset(LABELS.values()) - STORY_OPTIONS.keys())

    def of(self, offered: Collection[str]) -> tuple[str, ...]:
        """The labels that it shows, of those that the board offers."""
        return tuple(label for status, label in LABELS.items() if PHASES[status] in self.phases and label in offered)

    @property
    def by_hand(self) -> str:
        """How a person makes it."""
        then = f"choose Filter, Status, and tick {', '.join(self.labels)}"
        if not self.labels:
            then = "choose Layout, Card preview, File"
        return (
            f'open the table "{self.table}", add a {self.type} view with the + beside its views, name it "{self.name}",'
            f" then {then}"
        )


VIEWS = (
    View(ENTRIES_TITLE, "In Progress", "table", (Phase.QUEUED, Phase.WORK)),
    View(ENTRIES_TITLE, "Needs Review", "table", (Phase.REVIEW,)),
    View(ENTRIES_TITLE, "Errors", "table", (Phase.ERROR,)),
    View(ASSETS_TITLE, "Gallery", "gallery"),
)


@dataclass(frozen=True)
class ViewState:
    """`state`: "ok" (it was there), "made", "missing", or "refused" with Notion's reason in `why`."""

    view: View
    state: str
    why: str = ""


@promised
async def look(calls: Calls, ids: Ids) -> list[ViewState]:
    """Which views are there. Raises BoardError where the views cannot be listed."""
    names = {
        ENTRIES_TITLE: await _names(calls, ids.entries_source), ASSETS_TITLE: await _names(calls, ids.assets_source)
    }  # fmt: skip
    return [ViewState(one, "ok" if one.name.casefold() in names[one.table] else "missing") for one in VIEWS]


@promised
async def complete(calls: Calls, ids: Ids) -> list[ViewState]:
    """Make those that are missing. Raises BoardError only where Notion does not answer."""
    try:
        states = await look(calls, ids)
    except BoardError as error:
        if error.kind in ("busy", "down"):
            raise
        return [ViewState(one, "refused", str(error)) for one in VIEWS]
    return [one if one.state == "ok" else await _make(calls, ids, one.view) for one in states]


async def _names(calls: Calls, source: str) -> set[str]:
    """The names of a table's views, in small letters. A list of views has no names, so each is read."""
    what, budget, found = "list the views", Budget(), list[str]()
    start: str | None = None
    while True:
        rows, answer = await calls.part(
            what, lambda api, more: api.views.list(data_source_id=source, **more), start, budget
        )
        found += [identifier(record(row, what, "a view").get("id"), what, "the id of a view") for row in rows]
        start = budget.next(answer, what)
        if start is None or len(found) >= MOST_VIEWS:
            break
    names = set()
    for view in found[:MOST_VIEWS]:
        try:
            told = await calls.call("read the view", lambda api, one=view: api.views.retrieve(one))  # type: ignore[misc]
        except BoardError as error:
            if error.kind in ("busy", "down"):
                raise
            continue  # a view that this connection may not see, or that was removed meanwhile
        names.add(str(told.get("name") or "").strip().casefold())
    return names


async def _make(calls: Calls, ids: Ids, view: View) -> ViewState:
    try:
        body = await _body(calls, ids, view)
        await calls.call(f'make the view "{view.name}"', lambda api: api.views.create(**body))
    except Committed:
        pass
    except BoardError as error:
        if error.kind in ("busy", "down"):
            raise
        return ViewState(view, "refused", str(error))
    return ViewState(view, "made")


async def _body(calls: Calls, ids: Ids, view: View) -> dict[str, object]:
    entries = view.table == ENTRIES_TITLE
    source, database = (
        (ids.entries_source, ids.entries_database) if entries else (ids.assets_source, ids.assets_database)
    )
    body: dict[str, object] = {"data_source_id": source, "name": view.name, "type": view.type}
    if database:
        body["database_id"] = database
    columns = await columns_of(calls, source)
    return body | (_filtered(columns, view) if view.labels else _gallery(columns))


def _filtered(columns: Mapping[str, Json], view: View) -> dict[str, object]:
    """Only rows of these statuses, those that changed last on top."""
    kind = str(columns.get("Status", {}).get("type", "select"))
    there = {said(one.get("name"), 100) for one in _options_of(columns)} & STORY_OPTIONS.keys()
    labels = view.of(there | (frozenset(LABELS.values()) - STORY_OPTIONS.keys()))
    either = [{"property": "Status", kind: {"equals": label}} for label in labels]
    return {"filter": {"or": either}, "sorts": [{"timestamp": "last_edited_time", "direction": "descending"}]}


def _options_of(columns: Mapping[str, Json]) -> list[Json]:
    """The options of the Status as far as they can be read."""
    status = columns.get("Status", {})
    held = status.get(str(status.get("type")))
    options = held.get("options") if isinstance(held, dict) else None
    return [one for one in options if isinstance(one, dict)] if isinstance(options, list) else []


def _gallery(columns: Mapping[str, Json]) -> dict[str, object]:
    """The file itself as the picture of each card."""
    file = columns.get("File", {}).get("id")
    cover = {"type": "property", "property_id": file} if isinstance(file, str) else {"type": "page_cover"}
    return {"configuration": {"type": "gallery", "cover": cover, "cover_size": "medium", "cover_aspect": "contain"}}
