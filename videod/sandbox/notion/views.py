"""Views of a database (2026 API): a way to look at one data source, with its own filter and sorts; queries of a view.

Every database has a table view from its birth. A query of a view is answered from the rows as they were when it was
made, and forgotten after a quarter of an hour. Not here: dashboards, and the check of `configuration` by view type.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from videod.sandbox.notion import checks, filters, paging
from videod.sandbox.notion.errors import invalid, misfit, not_found
from videod.sandbox.notion.model import Database, DataSource, Json, Row, View, iso, user_reference
from videod.sandbox.notion.workspace import CALLER, Workspace

TYPES = ("table", "board", "list", "calendar", "timeline", "gallery", "form", "chart", "map", "dashboard")
QUERY_LIFE_MS = 15 * 60_000
_WRITABLE = ("name", "filter", "sorts", "quick_filters", "configuration")
_NAMESPACE = uuid.UUID("6f1b3c52-0d0a-4f5e-9c57-2c6e3a1d9b40")


def first_view(database: Database, source: DataSource) -> View:
    """The table view that a database is born with."""
    return View(
        id=str(uuid.uuid5(_NAMESPACE, database.id)), serial=database.serial, created_ms=database.created_ms,
        edited_ms=database.edited_ms, created_by=database.created_by, edited_by=database.edited_by,
        database_id=database.id, data_source_id=source.id, name="Default view", type="table",
    )  # fmt: skip


@dataclass(frozen=True)
class _Query:
    view_id: str
    rows: tuple[Row, ...]
    until_ms: int


class Views:
    """Handlers of `/v1/views`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = workspace.store
        self._queries: dict[str, _Query] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/v1/views", self.list),
            web.post("/v1/views", self.create),
            web.get("/v1/views/{id}", self.read),
            web.patch("/v1/views/{id}", self.change),
            web.delete("/v1/views/{id}", self.remove),
            web.post("/v1/views/{id}/queries", self.query),
            web.get("/v1/views/{id}/queries/{query}", self.results),
            web.delete("/v1/views/{id}/queries/{query}", self.forget),
        ]

    async def list(self, request: web.Request) -> web.Response:
        wanted = {name: request.query[name] for name in ("database_id", "data_source_id") if name in request.query}
        if not wanted:
            raise invalid("query failed validation: query.database_id or query.data_source_id should be defined.")
        named = {name: checks.identifier(value, f"query.{name}") for name, value in wanted.items()}
        if "database_id" in named:
            self._store.find(self._store.databases, "database", named["database_id"])
        if named.get("data_source_id", "") not in {"", *self._store.data_sources}:
            raise not_found("data source", named["data_source_id"])
        rows = [
            view for view in self._store.views.values()
            if not view.in_trash and all(getattr(view, name) == value for name, value in named.items())
        ]  # fmt: skip
        part = paging.cut(sorted(rows, key=lambda view: view.serial), paging.from_query(request))
        listed = [{"object": "view", "id": view.id, "parent": _parent(view), "type": view.type} for view in part.items]
        return web.json_response(paging.envelope(listed, part, "view"))

    async def create(self, request: web.Request) -> web.Response:
        body = await checks.json_body(request)
        checks.only(body, ("data_source_id", "database_id", "type", "position", "placement", *_WRITABLE))
        wanted = checks.identifier(body.get("data_source_id"), "body.data_source_id")
        source = self._store.data_sources.get(wanted)
        if source is None:
            raise not_found("data source", wanted)
        if checks.identifier(body.get("database_id", source.database_id), "body.database_id") != source.database_id:
            raise invalid("body failed validation: body.data_source_id is not a data source of body.database_id.")
        if body.get("type") not in TYPES:
            raise misfit("body.type", " or ".join(f'"{one}"' for one in TYPES), body.get("type"))
        checks.text(body.get("name"), "body.name")
        birth = self._store.birth(request[CALLER].user_id)
        view = View(
            **birth, database_id=source.database_id, data_source_id=source.id, type=body["type"],
            **self._written(source, body),
        )  # fmt: skip
        self._store.put(view)
        return web.json_response(_show(view))

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response(_show(self._view(request)))

    async def change(self, request: web.Request) -> web.Response:
        view, body = self._view(request), await checks.json_body(request)
        checks.only(body, _WRITABLE)
        written = self._written(self._store.data_sources[view.data_source_id], body)
        changed = replace(self._workspace.edited(view, request[CALLER]), **written)
        self._store.put(changed)
        return web.json_response(_show(changed))

    async def remove(self, request: web.Request) -> web.Response:
        view = self._view(request)
        others = [one for one in self._store.views.values() if one.database_id == view.database_id and not one.in_trash]
        if len(others) == 1:
            raise invalid("Cannot delete the last view of a database.")
        self._store.put(replace(self._workspace.edited(view, request[CALLER]), in_trash=True))
        listed = {"object": "view", "id": view.id, "parent": _parent(view), "type": view.type}
        return web.json_response(listed)

    async def query(self, request: web.Request) -> web.Response:
        view, body = self._view(request), await checks.json_body(request)
        checks.only(body, ("page_size",))
        source = self._store.data_sources[view.data_source_id]
        rows = [page for page in self._store.pages_of(source.id) if not page.in_trash]
        if view.filter is not None:
            fits = filters.compile_filter(source, view.filter, self._workspace.now_ms())
            rows = [page for page in rows if fits(page)]
        until_ms = self._workspace.now_ms() + QUERY_LIFE_MS
        made = _Query(view.id, tuple(filters.sort(source, rows, view.sorts)), until_ms)
        query_id = str(uuid.uuid4())
        self._queries[query_id] = made
        part = paging.cut(made.rows, paging.from_body(body), self._workspace.query_cap)
        listed = paging.envelope(_references(part.items), part, "page")
        facts = {"object": "view_query", "id": query_id, "view_id": view.id, "expires_at": iso(until_ms)}
        kept = {
            name: listed[name] for name in ("results", "next_cursor", "has_more", "request_status") if name in listed
        }
        return web.json_response(facts | {"total_count": len(made.rows)} | kept)

    async def results(self, request: web.Request) -> web.Response:
        _, made = self._query(request)
        part = paging.cut(made.rows, paging.from_query(request), self._workspace.query_cap)
        return web.json_response(paging.envelope(_references(part.items), part, "page"))

    async def forget(self, request: web.Request) -> web.Response:
        query_id, _ = self._query(request)
        del self._queries[query_id]
        return web.json_response({"object": "view_query", "id": query_id, "deleted": True})

    def _view(self, request: web.Request) -> View:
        wanted = checks.identifier(request.match_info["id"], "path.view_id")
        view = self._store.find(self._store.views, "view", wanted)
        if view.in_trash:
            raise not_found("view", wanted)
        return view

    def _query(self, request: web.Request) -> tuple[str, _Query]:
        view, query_id = self._view(request), checks.identifier(request.match_info["query"], "path.query_id")
        made = self._queries.get(query_id)
        if made is None or made.view_id != view.id or made.until_ms <= self._workspace.now_ms():
            raise not_found("view query", query_id)
        return query_id, made

    def _written(self, source: DataSource, body: Json) -> Json:
        """The writable fields of a body; a filter or sort that the data source does not know is refused."""
        if body.get("filter") is not None:
            filters.compile_filter(source, body["filter"], self._workspace.now_ms())
        if body.get("sorts") is not None:
            filters.sort(source, [], body["sorts"])
        if "name" in body:
            checks.text(body["name"], "body.name")
        for name in ("quick_filters", "configuration"):
            if body.get(name) is not None:
                checks.obj(body[name], f"body.{name}")
        return {name: body[name] for name in _WRITABLE if name in body}


def _references(rows: Sequence[Row]) -> list[Json]:
    return [{"object": "page", "id": row.id} for row in rows]


def _parent(view: View) -> Json:
    return {"type": "database_id", "database_id": view.database_id}


def _show(view: View) -> Json:
    return {
        "object": "view", "id": view.id, "parent": _parent(view), "name": view.name, "type": view.type,
        "created_time": iso(view.created_ms), "last_edited_time": iso(view.edited_ms),
        "url": f"https://www.notion.so/{view.database_id.replace('-', '')}?v={view.id.replace('-', '')}",
        "data_source_id": view.data_source_id, "created_by": user_reference(view.created_by),
        "last_edited_by": user_reference(view.edited_by), "filter": view.filter, "sorts": view.sorts,
        "quick_filters": view.quick_filters, "configuration": view.configuration,
    }  # fmt: skip
