"""Finding the two tables: by the ids of last time, else by title anywhere below the page, else by their columns.

A table that people renamed, or dragged into a column, a toggle or a page below, is still the board: a second one beside
it would be empty, and entries there would wait forever.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from videod.adapters.notion_calls import Budget, Calls
from videod.adapters.notion_shapes import (
    Json,
    identifier,
    is_id,
    items,
    nonsense,
    promised,
    record,
    said,
    same_id,
    words,
)
from videod.ports import BoardError

log = logging.getLogger(__name__)

#: lists that are read below a page: at three a second less than a minute; what lies deeper is not found
MOST_LISTS = 120
#: tables of other titles that are looked into
MOST_TABLES = 40
#: from a table upwards to its page
MOST_STEPS = 20


@dataclass(frozen=True)
class Ids:
    """Where the board is: data source ids (what the API works with) and the databases that hold them."""

    entries_source: str
    assets_source: str
    entries_database: str = ""
    assets_database: str = ""


def kept_ids(kept: object, database_id: str, parent_page: str) -> Ids | None:
    """The ids that a daemon kept (`notion_ids`), where they are of this place; None for another one's, or none."""
    if not isinstance(kept, dict) or kept.get("place") != [database_id, parent_page]:
        return None
    ids = kept.get("ids")
    try:
        return Ids(**ids) if isinstance(ids, dict) and all(isinstance(one, str) for one in ids.values()) else None
    except TypeError:  # of another version: it is looked for again
        return None


@dataclass(frozen=True)
class Kind:
    """How a table of ours is known: its title, and columns (with their types) that no other table has together."""

    title: str
    marks: dict[str, tuple[str, ...]]
    option: str


@dataclass(frozen=True)
class Table:
    """A database as a list of blocks shows it."""

    id: str
    title: str


@dataclass
class _Looked:
    """What was read of tables on the way, so that each is read once."""

    sources: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    columns: dict[str, dict[str, Json]] = field(default_factory=dict)


# ------------------------------------------------------------------------------------------------- reading


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


def _sources(answer: Json, database: str) -> list[tuple[str, str]]:
    """(id, name) of the data sources of a database. Raises BoardError "gone" when there is none to be seen."""
    what = "read the database"
    found = []
    for one in items(answer.get("data_sources"), what, "data_sources"):
        source = record(one, what, "a data source")
        name = source.get("name")
        if name is not None and not isinstance(name, str):
            raise nonsense(what, "the name of a data source", "a text", name)
        found.append((identifier(source.get("id"), what, "the id of a data source"), said(name or "", 60)))
    if not found:
        raise BoardError("gone", f"the Notion database {database} has no data source that this connection may see")
    return found


async def _database(calls: Calls, database: str) -> Json:
    return await calls.call("read the database", lambda api: api.databases.retrieve(database))


@promised
async def tables_below(calls: Calls, page: str) -> list[Table]:
    """The databases on a page, wherever on it they lie, then those on the pages below it; bounded by MOST_LISTS."""
    found: list[Table] = []
    here, below, lists = [page], list[str](), 0
    while here or below:
        if lists >= MOST_LISTS:
            log.warning("notion_search_bounded", extra={"page": page, "lists": lists})
            break
        block = here.pop(0) if here else below.pop(0)
        lists += 1
        try:
            tables, inner, pages = await _listed(calls, block)
        except BoardError as error:
            if error.kind != "gone" or block == page:
                raise
            continue  # a part of the page that is shared from elsewhere, where this connection may not look
        found += tables
        here += inner
        below += pages
    return found


async def _listed(calls: Calls, block: str) -> tuple[list[Table], list[str], list[str]]:
    """The tables right in a block or page, its blocks that hold others, and the pages in it."""
    what = "list the page"
    tables: list[Table] = []
    inner: list[str] = []
    pages: list[str] = []
    budget = Budget()
    start: str | None = None
    while True:
        blocks, answer = await calls.part(
            what, lambda api, more: api.blocks.children.list(block, **more), start, budget
        )
        for item in blocks:
            # a block that cannot be read may be the table that would then be made a second time
            one = record(item, what, "a block")
            if one.get("in_trash"):
                continue
            if one.get("type") == "child_database":
                title = record(one.get("child_database"), what, "child_database").get("title")
                if not isinstance(title, str):
                    raise nonsense(what, "the title of a database", "a text", title)
                tables.append(Table(identifier(one.get("id"), what, "the id of a database"), title))
            elif one.get("has_children") is True:
                found = identifier(one.get("id"), what, "the id of a block")
                (pages if one.get("type") == "child_page" else inner).append(found)
        start = budget.next(answer, what)
        if start is None:
            return tables, inner, pages


@promised
async def page_above(calls: Calls, database: str) -> str | None:
    """The page that a database lies on, wherever on it; None where it lies on none. Raises BoardError."""
    what = "read the database"
    parent = record((await _database(calls, database)).get("parent"), what, "parent")
    for _ in range(MOST_STEPS):
        page, block = parent.get("page_id"), parent.get("block_id")
        if isinstance(page, str) and is_id(page):
            return page
        if not isinstance(block, str) or not is_id(block):
            return None
        above = await calls.call("read the block", lambda api, one=block: api.blocks.retrieve(one))  # type: ignore[misc]
        parent = record(above.get("parent"), "read the block", "parent")
    return None


# ------------------------------------------------------------------------------------------------- choosing


class Search:
    """Finds tables of ours among others, reading each at most once."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._looked = _Looked()

    async def alive(self, database: str) -> bool:
        """Whether a database of last time is still there."""
        if not is_id(database):
            return False
        try:
            answer = await _database(self._calls, database)
        except BoardError as error:
            if error.kind == "gone":
                return False
            raise
        if answer.get("in_trash") or answer.get("archived"):
            return False
        self._looked.sources[database] = _sources(answer, database)
        return True

    async def table(self, kind: Kind, tables: Sequence[Table], remembered: str = "") -> str | None:
        """The database of this kind among those on the page, None when there is none.

        Raises BoardError "rejected" where several look like it and none has its title.
        """
        if remembered and await self.alive(remembered):
            return remembered
        titled = [one for one in tables if one.title.strip().casefold() == kind.title]
        if len(titled) == 1 and await self._fits(kind, titled[0].id):
            return titled[0].id
        fitting = [one for one in (*titled, *tables)[:MOST_TABLES] if await self._fits(kind, one.id)]
        fitting = list({one.id: one for one in fitting}.values())
        exact = [one for one in fitting if one in titled] or fitting
        if len(exact) > 1 and exact[0] not in titled:
            names = " and ".join(f'"{said(one.title, 60)}" ({one.id})' for one in exact[:5])
            raise BoardError("rejected", f'several tables look like "{kind.title}": {names}. Give the one that you mean'
                             f' the title "{kind.title}"')  # fmt: skip
        return exact[0].id if exact else titled[0].id if titled else None

    async def _fits(self, kind: Kind, database: str) -> bool:
        """Whether one of the database's data sources has the columns of this kind."""
        try:
            sources = await self.sources(database)
            return any([self._has(kind, await self.columns(source)) for source, _ in sources])
        except BoardError as error:
            if error.kind != "gone":
                raise
            return False  # a view of a table that lies elsewhere

    @staticmethod
    def _has(kind: Kind, columns: dict[str, Json]) -> bool:
        return all(str(columns.get(name, {}).get("type")) in types for name, types in kind.marks.items())

    async def sources(self, database: str) -> list[tuple[str, str]]:
        if database not in self._looked.sources:
            self._looked.sources[database] = _sources(await _database(self._calls, database), database)
        return self._looked.sources[database]

    async def columns(self, source: str) -> dict[str, Json]:
        if source not in self._looked.columns:
            self._looked.columns[source] = await columns_of(self._calls, source)
        return self._looked.columns[source]

    async def source(self, kind: Kind, database: str, named: str = "", known: str = "") -> str:
        """The data source of ours in a database. Raises BoardError "rejected" where a person must say which it is."""
        sources = await self.sources(database)
        if named:
            return _named(sources, named, kind)
        if len(sources) == 1:
            return sources[0][0]
        if any(same_id(source, known) for source, _ in sources):
            return known
        fitting = [source for source, _ in sources if self._has(kind, await self.columns(source))]
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(f'"{name}"' for _, name in sources)
        raise BoardError(
            "rejected", f'the database of "{kind.title}" has several data sources ({names}), and videod changes none'
            f" that may be yours. Say which one it may use: `videod notion init {kind.option} NAME`",
        )  # fmt: skip


def _named(sources: Iterable[tuple[str, str]], named: str, kind: Kind) -> str:
    found = [source for source, name in sources if name.strip().casefold() == named.strip().casefold()]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f'"{name}"' for _, name in sources)
    many = "several data sources have" if found else "no data source has"
    raise BoardError("rejected", f'{many} the name "{said(named, 60)}" in the database of "{kind.title}". There are'
                     f" {names}")  # fmt: skip
