"""The two tables videod needs in Notion: what columns they have, making them, and saying what is missing.

`init` may be run any number of times: it finds what it made before (`notion_places`), adds columns and options that are
missing, and never removes or retypes anything of the user's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from videod.adapters.notion_calls import Calls, Committed
from videod.adapters.notion_links import page_id_of
from videod.adapters.notion_places import Ids, Kind, Search, columns_of, page_above, tables_below
from videod.adapters.notion_shapes import Json, identifier, items, promised, record, said, words
from videod.core.fields import STORY_NUMBERS, THUMBNAIL_NUMBERS
from videod.core.statuses import AT_GATE, ERRORS, LABELS, OF_STORY, Status
from videod.core.tables import STEPS
from videod.ports import BoardError

__all__ = ["Ids", "Made", "columns_of", "databases_under", "init", "page_id_of", "resolve", "source_of"]

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


STATUS_OPTIONS = {label: _colour(status) for status, label in LABELS.items() if status not in OF_STORY}
#: offered only where a channel reviews the story
STORY_OPTIONS = {LABELS[status]: _colour(status) for status in Status if status in OF_STORY}


@dataclass(frozen=True)
class Column:
    """A property: its name, the type it is made with, what it is for, and the options of a select (name -> color)."""

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
    Column(
        "Thumbnail",
        "select",
        "which of the three thumbnails the film gets",
        dict.fromkeys(THUMBNAIL_NUMBERS, "default"),
    ),
    Column("Created", "created_time", "when the entry was made"),
    Column("Updated", "last_edited_time", "when the entry last changed"),
    Column("Videod Key", "rich_text", "videod's name for the episode"),
)
STORY = Column("Story", "select", "which of the five stories the film tells", dict.fromkeys(STORY_NUMBERS, "default"))
ASSETS = (
    Column("Name", "title", "the name of the file"),
    Column("Entry", "relation", "the episode it belongs to"),
    Column("Type", "select", "what kind of file it is", ASSET_TYPES),
    Column("File", "files", "the file itself"),
    Column("Key", "rich_text", "how videod finds the row again"),
    Column("Date", "date", "when the file was made"),
    Column("Redo", "checkbox", "tick it to regenerate the file"),
    Column("Revision", "number", "how many takes there were before"),
    Column("Text", "rich_text", "the narration or the prompt. Change it to correct the file"),
    Column("Note", "rich_text", "what should be different in the next take, with Redo"),
)


@dataclass(frozen=True)
class Made:
    """What `init` left: the ids, and in words what it made or added (empty: everything was there)."""

    ids: Ids
    changes: tuple[str, ...]


# ------------------------------------------------------------------------------------------------- finding


def _kind(title: str, columns: tuple[Column, ...], marks: tuple[str, ...], option: str) -> Kind:
    return Kind(title, {column.name: column.types for column in columns if column.name in marks}, option)


_ENTRIES = _kind(ENTRIES_TITLE, ENTRIES, ("Status", "Videod Key"), "--source")
_ASSETS = _kind(ASSETS_TITLE, ASSETS, ("Key", "Redo"), "--assets-source")


@promised
async def databases_under(calls: Calls, page: str) -> dict[str, str]:
    """Title -> id of the databases on a page and below it; of two with one title the first."""
    found: dict[str, str] = {}
    for table in await tables_below(calls, page):
        found.setdefault(table.title, table.id)
    return found


@promised
async def source_of(calls: Calls, database: str) -> str:
    """The entries' data source in a database. Raises BoardError, "rejected" where it is not clear which it is."""
    return await Search(calls).source(_ENTRIES, database)


@dataclass(frozen=True)
class _Tables:
    """The two databases, "" for one that is not there yet, and the page that they lie on ("" when that is unknown)."""

    entries: str
    assets: str
    page: str


async def _find(
    calls: Calls, search: Search, database: str | None, parent_page: str | None, known: Ids | None
) -> _Tables:
    """Both tables: by their ids of last time, else anywhere below the page. Raises BoardError."""
    entries = page_id_of(database) if database else ""
    assets = ""
    if known is not None:
        entries = entries or (known.entries_database if await search.alive(known.entries_database) else "")
        assets = known.assets_database if await search.alive(known.assets_database) else ""
    page = page_id_of(parent_page) if parent_page else ""
    if entries and not page:
        page = await page_above(calls, entries) or ""
    if (not entries or not assets) and page:
        tables = await tables_below(calls, page)
        entries = entries or await search.table(_ENTRIES, tables) or ""
        assets = assets or await search.table(_ASSETS, [one for one in tables if one.id != entries]) or ""
    return _Tables(entries, assets, page)


@promised
async def resolve(calls: Calls, database: str | None, parent_page: str | None, known: Ids | None = None) -> Ids:
    """Find both tables from the entries' database or from the page they lie on. Raises BoardError."""
    if not database and not parent_page:
        raise BoardError("rejected", "no Notion page is configured. Share a page with the connection and run"
                         " `videod notion init --parent LINK`")  # fmt: skip
    search = Search(calls)
    found = await _find(calls, search, database, parent_page, known)
    missing = [title for title, one in ((ENTRIES_TITLE, found.entries), (ASSETS_TITLE, found.assets)) if not one]
    if missing:
        names = " and ".join(f'"{title}"' for title in missing)
        raise BoardError("gone", f"there is no database {names} on the Notion page. Run `videod notion init`")
    entries = await search.source(_ENTRIES, found.entries, known=known.entries_source if known else "")
    assets = await search.source(_ASSETS, found.assets, known=known.assets_source if known else "")
    return Ids(entries, assets, found.entries, found.assets)


# ------------------------------------------------------------------------------------------------- making


@promised
async def init(
    calls: Calls, parent_page: str, channel_names: Iterable[str], known: Ids | None = None,
    database: str | None = None, source: str = "", assets_source: str = "", story: bool = False,
) -> Made:  # fmt: skip
    """Make both databases under the page, or complete what is there. Raises BoardError.

    `known`: where the board was last time; `database`: the entries' one, where it is set; `source`, `assets_source`:
    names of data sources, for databases that have several. `story`: a channel reviews the story. All is found before
    anything is changed.
    """
    search = Search(calls)
    found = await _find(calls, search, database, parent_page or None, known)
    changes: list[str] = []
    entries_source = assets_sources = ""
    if found.entries:
        entries_source = await search.source(_ENTRIES, found.entries, source, known.entries_source if known else "")
    if found.assets:
        assets_sources = await search.source(_ASSETS, found.assets, assets_source, known.assets_source if known else "")
    page = found.page
    entries = found.entries or await _create(calls, page, ENTRIES_TITLE, "Title", changes)
    entries_source = entries_source or await source_of(calls, entries)
    channels = dict.fromkeys(channel_names, "default")
    options = {"Channel": channels} | ({"Status": STORY_OPTIONS} if story else {})
    await _complete(calls, entries_source, (*ENTRIES, STORY) if story else ENTRIES, options, None, changes)
    if not found.assets and not page:
        raise BoardError("rejected", "the entries' database is not on a page, so videod cannot make a table for files"
                         f' beside it. Make a database "{ASSETS_TITLE}" and share it with the connection')  # fmt: skip
    assets = found.assets or await _create(calls, page, ASSETS_TITLE, "Name", changes)
    assets_sources = assets_sources or await Search(calls).source(_ASSETS, assets)
    await _complete(calls, assets_sources, ASSETS, {}, entries_source, changes)
    return Made(Ids(entries_source, assets_sources, entries, assets), tuple(changes))


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


async def offer(calls: Calls, source: str, channel_names: Iterable[str], story: bool) -> list[str]:
    """Offer these channels, and with `story` the statuses and the column of its review; returns what was new.

    A column of type status takes new options by hand only.
    """
    added = await add_options(calls, source, "Channel", channel_names)
    if story:
        status = Column("Status", "select", "what videod does", STORY_OPTIONS)
        await _complete(calls, source, (status, STORY), {}, None, added)
    return added


@promised
async def add_options(calls: Calls, source: str, column: str, names: Iterable[str]) -> list[str]:
    """Offer these options in a select; returns those that were new."""
    prop = (await columns_of(calls, source)).get(column)
    if prop is None or prop.get("type") != "select":
        raise BoardError("rejected", f'the column "{column}" is not a select. {_remedy(column, "select")}')
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
    return f'Make it a property "{name}" of type {kind} (or rename the present one and run `videod notion init`)'


def inspect(table: str, columns: tuple[Column, ...], known: dict[str, Json]) -> list[ColumnState]:
    """Each column's state in a data source whose properties are `known`."""
    states = []
    for column in columns:
        prop = known.get(column.name)
        kind = said(prop.get("type"), 40) if prop else ""
        problem = ""
        if prop is None:
            problem = f'"{table}" has no column "{column.name}" ({column.why}). Run `videod notion init`'
        elif kind not in column.types:
            problem = f'"{column.name}" in "{table}" is of type {kind}. {_remedy(column.name, column.type)}'
        elif kind == "status" and (lacking := _missing_options(prop, column.options)):
            problem = (
                f'"{column.name}" in "{table}" lacks the options {", ".join(lacking)}. A column of type status takes'
                " new ones only by hand: add them in Notion, or use a column of type select"
            )
        states.append(ColumnState(table, column.name, kind, problem))
    return states


def inspect_tables(entries: dict[str, Json], assets: dict[str, Json]) -> list[ColumnState]:
    """The state of every column of both tables, whose properties are given."""
    return inspect(ENTRIES_TITLE, ENTRIES, entries) + inspect(ASSETS_TITLE, ASSETS, assets)


@promised
async def inspect_both(calls: Calls, ids: Ids) -> list[ColumnState]:
    """The state of every column of both tables. Raises BoardError when they cannot be read."""
    entries = await columns_of(calls, ids.entries_source)
    return inspect_tables(entries, await columns_of(calls, ids.assets_source))
