"""Search by title over everything that is shared with the connection: pages, and data sources (2022: databases)."""

from collections.abc import Callable, Sequence

from aiohttp import web

from videod.sandbox.notion import checks, pages, paging, text
from videod.sandbox.notion.databases import Databases
from videod.sandbox.notion.errors import misfit
from videod.sandbox.notion.model import Database, DataSource, Json, Page
from videod.sandbox.notion.workspace import CALLER, Caller, Workspace

Found = Page | DataSource | Database


class Search:
    """The handler of `/v1/search`."""

    def __init__(self, workspace: Workspace, databases: Databases) -> None:
        self._workspace = workspace
        self._store = workspace.store
        self._databases = databases

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/v1/search", self.search)]

    async def search(self, request: web.Request) -> web.Response:
        caller, body = request[CALLER], await checks.json_body(request)
        checks.only(body, ("query", "sort", "filter", "start_cursor", "page_size"))
        tables = "database" if caller.is_oldest else "data_source"
        kind, trashed = _filter(body.get("filter"), tables)
        words = checks.text(body.get("query", ""), "body.query").casefold()
        rows: list[Found] = []
        if kind in (None, "page"):
            rows += self._store.pages.values()
        if kind in (None, tables):
            rows += (self._store.databases if caller.is_oldest else self._store.data_sources).values()
        fits = [row for row in rows if row.in_trash == trashed and words in self._title(row).casefold()]
        newest = _newest_first(body.get("sort"))
        fits.sort(key=lambda row: (row.edited_ms, row.serial), reverse=newest)
        part = paging.cut(fits, paging.from_body(body), self._workspace.query_cap)
        shown = [self._show(row, caller) for row in part.items]
        return web.json_response(
            paging.envelope(shown, part, "page_or_database" if caller.is_oldest else "page_or_data_source")
        )

    def _title(self, row: Found) -> str:
        return pages.title(self._workspace, row) if isinstance(row, Page) else text.plain(row.title)

    def _show(self, row: Found, caller: Caller) -> Json:
        if isinstance(row, Page):
            return pages.show(self._workspace, row, caller)
        shown: Callable[..., Json] = (
            self._databases.show_source if isinstance(row, DataSource) else self._databases.show_database
        )
        return shown(row, caller) if isinstance(row, Database) else shown(row)


def _filter(given: object, tables: str) -> tuple[str | None, bool]:
    """The kind of object and whether from the trash."""
    if given is None:
        return None, False
    body = checks.obj(given, "body.filter")
    checks.only(body, ("property", "value", "in_trash"), "body.filter")
    trashed = checks.boolean(body.get("in_trash", False), "body.filter.in_trash")
    if "property" not in body and "value" not in body:
        return None, trashed
    if body.get("property") != "object":
        raise misfit("body.filter.property", '`"object"`', body.get("property"))
    if body.get("value") not in ("page", tables):
        raise misfit("body.filter.value", f'`"page"` or `"{tables}"`', body.get("value"))
    return str(body["value"]), trashed


def _newest_first(given: object) -> bool:
    if given is None:
        return True
    body = checks.obj(given, "body.sort")
    if body.get("property") == "relevance":
        return True
    if body.get("timestamp") != "last_edited_time":
        raise misfit("body.sort.timestamp", '`"last_edited_time"`', body.get("timestamp"))
    if body.get("direction") not in ("ascending", "descending"):
        raise misfit("body.sort.direction", '`"ascending"` or `"descending"`', body.get("direction"))
    return bool(body["direction"] == "descending")
