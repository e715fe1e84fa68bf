"""The two tables videod needs in Notion: what columns they have, making them, and saying what is missing.

`init` may be run any number of times: it finds what it made before by title under the parent page, adds columns and
options that are missing, and never removes or retypes anything of the user's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from videod.adapters.notion_calls import Budget, Calls, Committed
from videod.adapters.notion_shapes import Json, identifier, is_id, items, nonsense, promised, record, said, words
from videod.core.statuses import AT_GATE, ERRORS, LABELS, Status
from videod.core.tables import STEPS
from videod.ports import BoardError

ENTRIES_TITLE = "videod"
ASSETS_TITLE = "videod assets"
PRIORITIES = {"High": "red", "Normal": "default", "Low": "gray"}
PRIVACIES = {"private": "gray", "unlisted": "yellow", "public": "green"}
ASSET_TYPES = {step.shown_as: "default" for step in STEPS.values() if step.shown_as}


def _colour(status: Status) -> str:
    """Red is broken, yellow waits for a person, blue is at work, green is approved or done."""
    if status in ERRORS:
        return "red"
    if status in AT_GATE:
        return "yellow"
    if status in (Status.DRAFT, Status.CANCELLED):
        return "gray"
    if status == Status.QUOTA_EXCEEDED:
        return "orange"
    if status == Status.PUBLISHED or "approved" in status.value:
        return "green"
    return "purple" if status == Status.QUEUED else "blue"


STATUS_OPTIONS = {label: _colour(status) for status, label in LABELS.items()}


@dataclass(frozen=True)
class Column:
    """A property: its name, the type it is made with, what it is for, and the options of a select (name -> colour)."""

    name: str
    type: str
    why: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def types(self) -> tuple[str, ...]:
        """A user's own board may keep its states in a property of type `status`."""
        return ("select", "status") if self.type == "select" else (self.type,)


ENTRIES = (
    Column("Title", "title", "the title of the episode"),
    Column("Channel", "select", "which channel the episode is for"),
    Column("Topic", "rich_text", "what the episode is about"),
    Column("Story Direction", "rich_text", "how the story should go"),
    Column("Status", "select", "what videod does, and what you want it to do", STATUS_OPTIONS),
    Column("Priority", "select", "High runs first", PRIORITIES),
    Column("Error Log", "rich_text", "what is wrong now"),
    Column("YouTube URL", "url", "where the episode is published"),
    Column("Progress", "rich_text", "how far it is"),
    Column("Next Retry", "date", "when a failed step is tried again"),
    Column("Cost", "number", "what the episode has cost, in dollars"),
    Column("Privacy", "select", "overrides the channel's privacy", PRIVACIES),
    Column("Created", "created_time", "when the entry was made"),
    Column("Updated", "last_edited_time", "when the entry last changed"),
    Column("Videod Key", "rich_text", "videod's name for the episode"),
)
ASSETS = (
    Column("Name", "title", "the name of the file"),
    Column("Entry", "relation", "the episode it belongs to"),
    Column("Type", "select", "what kind of file it is", ASSET_TYPES),
    Column("File", "files", "the file itself"),
    Column("Key", "rich_text", "how videod finds the row again"),
    Column("Date", "date", "when the file was made"),
    Column("Redo", "checkbox", "tick it to regenerate the file"),
    Column("Revision", "number", "how many takes there were before"),
)


@dataclass(frozen=True)
class Ids:
    """Where the board is: data source ids (what the API works with) and the databases that hold them."""

    entries_source: str
    assets_source: str
    entries_database: str = ""
    assets_database: str = ""


@dataclass(frozen=True)
class Made:
    """What `init` left: the ids, and in words what it made or added (empty: everything was there)."""

    ids: Ids
    changes: tuple[str, ...]


def page_id_of(text: str) -> str:
    """The id in a page's address (or the id itself) as a UUID. Raises BoardError "rejected" when there is none."""
    found = re.findall(r"[0-9a-f]{32}", text.lower().replace("-", "").split("?")[0])
    if not found:
        raise BoardError(
            "rejected", f'"{said(text, 200)}" holds no Notion page id; paste the link of the page (Share, Copy link)'
        )
    bare = found[-1]
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"


# ------------------------------------------------------------------------------------------------- finding


@promised
async def columns_of(calls: Calls, source: str) -> dict[str, Json]:
    """Property name -> its object, as the data source has them; each has a "type", one is the title."""
    what = "read the data source"
    answer = await calls.call(what, lambda api: api.data_sources.retrieve(source))
    found = {}
    for name, prop in record(answer.get("properties"), what, "properties").items():
        column = record(prop, what, f'the column "{said(name, 60)}"')
        words(column.get("type"), what, f'the type of the column "{said(name, 60)}"')
        found[name] = column
    if not any(column["type"] == "title" for column in found.values()):
        raise BoardError("down", f"Notion, {what}: no column is the title, which every table has")
    return found


def _first_source(answer: Json, database: str) -> str:
    what = "read the database"
    sources = items(answer.get("data_sources"), what, "data_sources")
    if not sources:
        raise BoardError("gone", f"the Notion database {database} has no data source that this connection may see")
    return identifier(record(sources[0], what, "a data source").get("id"), what, "the id of a data source")


@promised
async def source_of(calls: Calls, database: str) -> str:
    """The database's data source; the first where there are several. Raises BoardError "gone" without any."""
    return _first_source(await calls.call("read the database", lambda api: api.databases.retrieve(database)), database)


@promised
async def databases_under(calls: Calls, page: str) -> dict[str, str]:
    """Title -> id of the databases on a page; of two with one title the first."""
    what = "list the page"
    found: dict[str, str] = {}
    budget = Budget()
    start: str | None = None
    while True:
        blocks, answer = await calls.part(what, lambda api, more: api.blocks.children.list(page, **more), start, budget)
        for one in blocks:
            # a block that cannot be read may be the very table that would then be made a second time
            block = record(one, what, "a block")
            if block.get("type") == "child_database" and not block.get("in_trash"):
                table = record(block.get("child_database"), what, "child_database")
                title = table.get("title")
                if not isinstance(title, str):
                    raise nonsense(what, "the title of a database", "a text", title)
                found.setdefault(title, identifier(block.get("id"), what, "the id of a database"))
        start = budget.next(answer, what)
        if start is None:
            return found


@promised
async def resolve(calls: Calls, database: str | None, parent_page: str | None) -> Ids:
    """Find both tables from the entries' database or from the page they lie on. Raises BoardError."""
    if database:
        entries = page_id_of(database)
        answer = await calls.call("read the database", lambda api: api.databases.retrieve(entries))
        page = record(answer.get("parent"), "read the database", "parent").get("page_id")
        # a database may lie elsewhere than on a page
        found = await databases_under(calls, page) if isinstance(page, str) and is_id(page) else {}
    elif parent_page:
        found = await databases_under(calls, page_id_of(parent_page))
        entries = found.get(ENTRIES_TITLE, "")
    else:
        raise BoardError("rejected", "no Notion page is configured; share a page with the connection and run"
                         " `videod notion init --parent LINK`")  # fmt: skip
    assets = found.get(ASSETS_TITLE, "")
    missing = [title for title, known in ((ENTRIES_TITLE, entries), (ASSETS_TITLE, assets)) if not known]
    if missing:
        names = " and ".join(f'"{title}"' for title in missing)
        raise BoardError("gone", f"there is no database {names} on the Notion page; run `videod notion init`")
    return Ids(await source_of(calls, entries), await source_of(calls, assets), entries, assets)


# ------------------------------------------------------------------------------------------------- making


@promised
async def init(calls: Calls, parent_page: str, channel_names: Iterable[str]) -> Made:
    """Make both databases under the page, or complete what is there. Raises BoardError."""
    page = page_id_of(parent_page)
    found = await databases_under(calls, page)
    changes: list[str] = []
    entries = found.get(ENTRIES_TITLE) or await _create(calls, page, ENTRIES_TITLE, "Title", changes)
    entries_source = await source_of(calls, entries)
    channels = dict.fromkeys(channel_names, "default")
    await _complete(calls, entries_source, ENTRIES, {"Channel": channels}, None, changes)
    assets = found.get(ASSETS_TITLE) or await _create(calls, page, ASSETS_TITLE, "Name", changes)
    assets_source = await source_of(calls, assets)
    await _complete(calls, assets_source, ASSETS, {}, entries_source, changes)
    return Made(Ids(entries_source, assets_source, entries, assets), tuple(changes))


async def _create(calls: Calls, page: str, title: str, title_column: str, changes: list[str]) -> str:
    body: dict[str, object] = {
        "parent": {"type": "page_id", "page_id": page},
        "title": [{"text": {"content": title}}],
        "initial_data_source": {"properties": {title_column: {"title": {}}}},
    }
    try:
        what = f"make the database {title}"
        answer = await calls.call(what, lambda api: api.databases.create(**body))
        database = identifier(answer.get("id"), what, "the id of the database")
    except Committed as kept:
        database = kept.resource_id
    changes.append(f'made the database "{title}"')
    return database


async def _complete(
    calls: Calls, source: str, columns: tuple[Column, ...], more_options: dict[str, dict[str, str]],
    entries_source: str | None, changes: list[str],
) -> None:  # fmt: skip
    """Add what the data source lacks: columns, and options of selects."""
    known = await columns_of(calls, source)
    patch: dict[str, object] = {}
    for column in columns:
        wanted = column.options | more_options.get(column.name, {})
        there = known.get(column.name)
        if there is None and column.type == "title":
            title = next(name for name, prop in known.items() if prop["type"] == "title")
            patch[words(known[title].get("id"), "read the data source", "the id of the title")] = {"name": column.name}
            changes.append(f'renamed the column "{said(title, 60)}" to "{column.name}"')
        elif there is None:
            patch[column.name] = _body(column, wanted, entries_source)
            changes.append(f'added the column "{column.name}"')
        elif there.get("type") == "select" and (fresh := _missing_options(there, wanted)):
            patch[column.name] = {"select": {"options": _options(there) + _coloured(fresh)}}
            changes.append(f'added to "{column.name}": {", ".join(fresh)}')
    if patch:
        await calls.call("complete the columns", lambda api: api.data_sources.update(source, properties=patch))


def _body(column: Column, options: dict[str, str], entries_source: str | None) -> Json:
    if column.type == "select":
        return {"select": {"options": _coloured(options)}}
    if column.type == "number":
        return {"number": {"format": "dollar" if column.name == "Cost" else "number"}}
    if column.type == "relation":
        return {"relation": {"data_source_id": entries_source, "single_property": {}}}
    return {column.type: {}}


def _coloured(options: dict[str, str]) -> list[Json]:
    return [{"name": name, "color": colour} for name, colour in options.items()]


def _options(prop: Json) -> list[Json]:
    """The options a select has, in the form that keeps them (one that is left out of an update is removed).

    Raises BoardError "down" when one cannot be read: it would be lost.
    """
    what, where = "read the data source", "an option of a select"
    body = record(prop.get(str(prop.get("type"))), what, "a select")
    options = [record(one, what, where) for one in items(body.get("options"), what, "the options of a select")]
    return [
        {"id": words(one.get("id"), what, f"the id of {where}"), "name": words(one.get("name"), what, where)}
        for one in options
    ]


def _missing_options(prop: Json, wanted: dict[str, str]) -> dict[str, str]:
    known = {option["name"] for option in _options(prop)}
    return {name: colour for name, colour in wanted.items() if name not in known}


@promised
async def add_options(calls: Calls, source: str, column: str, names: Iterable[str]) -> list[str]:
    """Offer these options in a select; returns those that were new."""
    prop = (await columns_of(calls, source)).get(column)
    if prop is None or prop.get("type") != "select":
        raise BoardError("rejected", f'the column "{column}" is no select; {_remedy(column, "select")}')
    fresh = _missing_options(prop, dict.fromkeys(names, "default"))
    if fresh:
        body = {column: {"select": {"options": _options(prop) + _coloured(fresh)}}}
        await calls.call(f"add to {column}", lambda api: api.data_sources.update(source, properties=body))
    return list(fresh)


# ------------------------------------------------------------------------------------------------- checking


@dataclass(frozen=True)
class ColumnState:
    """One column as it is. `problem` is empty when all is well, else says what to do."""

    table: str
    column: str
    type: str
    problem: str


def _remedy(name: str, kind: str) -> str:
    return f'make it a property "{name}" of type {kind} (or rename the present one and run `videod notion init`)'


def inspect(table: str, columns: tuple[Column, ...], known: dict[str, Json]) -> list[ColumnState]:
    """Each column's state in a data source whose properties are `known`."""
    states = []
    for column in columns:
        prop = known.get(column.name)
        kind = said(prop.get("type"), 40) if prop else ""
        problem = ""
        if prop is None:
            problem = f'"{table}" has no column "{column.name}" ({column.why}); run `videod notion init`'
        elif kind not in column.types:
            problem = f'"{column.name}" in "{table}" is of type {kind}; {_remedy(column.name, column.type)}'
        elif kind == "status" and (lacking := _missing_options(prop, column.options)):
            problem = (
                f'"{column.name}" in "{table}" lacks the options {", ".join(lacking)}; a column of type status takes'
                " new ones only by hand: add them in Notion, or use a column of type select"
            )
        states.append(ColumnState(table, column.name, kind, problem))
    return states


@promised
async def inspect_both(calls: Calls, ids: Ids) -> list[ColumnState]:
    """The state of every column of both tables. Raises BoardError when they cannot be read."""
    entries = await columns_of(calls, ids.entries_source)
    assets = await columns_of(calls, ids.assets_source)
    return inspect(ENTRIES_TITLE, ENTRIES, entries) + inspect(ASSETS_TITLE, ASSETS, assets)
