"""Databases (containers) and data sources (schema and rows): create, read, change, query."""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from videod.sandbox.notion import checks, filters, pages, paging, schema, text
from videod.sandbox.notion.errors import invalid, not_found, wrong_url
from videod.sandbox.notion.model import Database, DataSource, Json
from videod.sandbox.notion.views import first_view
from videod.sandbox.notion.workspace import CALLER, Caller, Workspace

#: what a list of rows says it is, by whether the oldest version asks
_LISTED = {True: "page_or_database", False: "page_or_data_source"}


class Databases:
    """Handlers of `/v1/databases` and `/v1/data_sources`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = workspace.store

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v1/databases", self.create_database),
            web.get("/v1/databases/{id}", self.read_database),
            web.patch("/v1/databases/{id}", self.change_database),
            web.post("/v1/data_sources", self.create_source),
            web.get("/v1/data_sources/{id}", self.read_source),
            web.patch("/v1/data_sources/{id}", self.change_source),
            web.post("/v1/data_sources/{id}/query", self.query),
            web.post("/v1/databases/{id}/query", self.query_database),
        ]

    # --- databases

    async def create_database(self, request: web.Request) -> web.Response:
        body, caller = await checks.json_body(request), request[CALLER]
        fields = ("parent", "title", "description", "is_inline", "icon", "cover")
        checks.only(body, (*fields, "properties" if caller.is_oldest else "initial_data_source"))
        parent = checks.obj(body.get("parent"), "body.parent")
        if "page_id" not in parent:
            raise invalid("body failed validation: body.parent.page_id should be defined, instead was `undefined`.")
        page = self._store.find(self._store.pages, "page", checks.identifier(parent["page_id"], "body.parent.page_id"))
        user_id = caller.user_id
        initial = checks.obj(body.get("initial_data_source") or {}, "body.initial_data_source")
        given, path = initial.get("properties"), "body.initial_data_source.properties"
        if caller.is_oldest:
            given, path = self._relations(body.get("properties")), "body.properties"
        properties = schema.create(self._store, given, path)
        title = text.parse(body.get("title", []), "body.title")
        database = Database(
            **self._store.birth(user_id),
            parent_id=page.id,
            title=title,
            description=text.parse(body.get("description", []), "body.description"),
            is_inline=checks.boolean(body.get("is_inline", False), "body.is_inline"),
            icon=body.get("icon"),
            cover=body.get("cover"),
        )
        source_title = text.parse(initial["title"], "body.initial_data_source.title") if "title" in initial else title
        birth = self._store.birth(user_id)
        source = DataSource(**birth, database_id=database.id, title=source_title, properties=properties)
        self._store.put(database, source, first_view(database, source))
        return web.json_response(self.show_database(database, caller))

    async def read_database(self, request: web.Request) -> web.Response:
        return web.json_response(self.show_database(self._database(request.match_info["id"]), request[CALLER]))

    async def change_database(self, request: web.Request) -> web.Response:
        database, caller = self._database(request.match_info["id"]), request[CALLER]
        body = await checks.json_body(request)
        oldest = ("properties", "archived") if caller.is_oldest else ()
        fields = ("title", "description", "icon", "cover", "is_inline", "is_locked", "in_trash", "parent")
        checks.only(body, (*fields, *oldest))
        if "properties" in body:
            source = self._sole(database)
            properties = schema.patch(self._store, source, self._relations(body["properties"]), "body.properties")
            self._store.put(replace(self._workspace.edited(source, caller), properties=properties))
        changed = replace(
            self._workspace.edited(database, caller),
            title=text.parse(body["title"], "body.title") if "title" in body else database.title,
            description=text.parse(body["description"], "body.description")
            if "description" in body
            else database.description,
            is_inline=checks.boolean(body.get("is_inline", database.is_inline), "body.is_inline"),
            is_locked=checks.boolean(body.get("is_locked", database.is_locked), "body.is_locked"),
            in_trash=pages.wanted_trash(body, database.in_trash),
            parent_id=self._moved_to(body["parent"]) if "parent" in body else database.parent_id,
            icon=body.get("icon", database.icon),
            cover=body.get("cover", database.cover),
        )
        self._store.put(changed)
        return web.json_response(self.show_database(changed, caller))

    def _moved_to(self, raw: object) -> str:
        """The page, or (as a person drags it) the block that a database is put into."""
        parent = checks.obj(raw, "body.parent")
        if "block_id" in parent:
            block = checks.identifier(parent["block_id"], "body.parent.block_id")
            return self._store.find(self._store.blocks, "block", block).id
        page = checks.identifier(parent.get("page_id"), "body.parent.page_id")
        return self._store.find(self._store.pages, "page", page).id

    def _database(self, raw_id: str) -> Database:
        return self._store.find(self._store.databases, "database", checks.identifier(raw_id, "path.database_id"))

    def _sources(self, database: Database) -> list[DataSource]:
        return [source for source in self._store.data_sources.values() if source.database_id == database.id]

    def _sole(self, database: Database) -> DataSource:
        """What the oldest version takes for the database itself."""
        sources = [source for source in self._sources(database) if not source.in_trash]
        if len(sources) != 1:
            raise invalid("Databases with multiple data sources are not supported in this API version.")
        return sources[0]

    def _relations(self, properties: object) -> object:
        """Columns as the oldest version writes them, with relations to the data source of the database they name."""
        if not isinstance(properties, dict):
            return properties
        return {name: self._relation(body) for name, body in properties.items()}

    def _relation(self, body: object) -> object:
        relation = body.get("relation") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(relation, dict) or "database_id" not in relation:
            return body
        source = self._sole(self._database(relation["database_id"]))
        kept = {name: value for name, value in relation.items() if name != "database_id"}
        return {**body, "relation": {"single_property": {}, **kept, "data_source_id": source.id}}

    def show_database(self, database: Database, caller: Caller) -> Json:
        shown = self._shown(database)
        if caller.is_oldest:
            columns = self._sole(database).properties.values()
            del shown["data_sources"]
            shown["properties"] = {prop.name: schema.render(self._store, prop) for prop in columns}
        return shown

    def _shown(self, database: Database) -> Json:
        sources = [source for source in self._sources(database) if not source.in_trash]
        return {
            "object": "database",
            "id": database.id,
            "title": database.title,
            "description": database.description,
            "parent": self._store.parent_of(database),
            "is_inline": database.is_inline,
            "is_locked": database.is_locked,
            **database.trash(),
            **database.times(),
            "data_sources": [{"id": source.id, "name": text.plain(source.title)} for source in sources],
            "icon": database.icon,
            "cover": database.cover,
            "url": f"https://www.notion.so/{database.id.replace('-', '')}",
            "public_url": None,
        }

    # --- data sources

    async def create_source(self, request: web.Request) -> web.Response:
        if request[CALLER].is_oldest:
            raise wrong_url()
        body = await checks.json_body(request)
        checks.only(body, ("parent", "properties", "title", "icon"))
        parent = checks.obj(body.get("parent"), "body.parent")
        database = self._database(parent.get("database_id", ""))
        properties = schema.create(self._store, body.get("properties"), "body.properties")
        title = text.parse(body.get("title", []), "body.title")
        birth = self._store.birth(request[CALLER].user_id)
        source = DataSource(**birth, database_id=database.id, title=title, properties=properties, icon=body.get("icon"))
        self._store.put(source)
        return web.json_response(self.show_source(source))

    async def read_source(self, request: web.Request) -> web.Response:
        return web.json_response(self.show_source(self._source(request)))

    async def change_source(self, request: web.Request) -> web.Response:
        source, caller = self._source(request), request[CALLER]
        body = await checks.json_body(request)
        checks.only(body, ("title", "icon", "properties", "parent", *_trash_names(caller)))
        properties = source.properties
        if "properties" in body:
            properties = schema.patch(self._store, source, body["properties"], "body.properties")
        changed = replace(
            self._workspace.edited(source, caller),
            title=text.parse(body["title"], "body.title") if "title" in body else source.title,
            properties=properties,
            icon=body.get("icon", source.icon),
            in_trash=pages.wanted_trash(body, source.in_trash),
        )
        self._store.put(changed)
        return web.json_response(self.show_source(changed))

    def _source(self, request: web.Request) -> DataSource:
        if request[CALLER].is_oldest:
            raise wrong_url()
        wanted = checks.identifier(request.match_info["id"], "path.data_source_id")
        source = self._store.data_sources.get(wanted)
        if source is None:
            raise not_found("data source", wanted)
        return source

    def show_source(self, source: DataSource) -> Json:
        database = self._store.databases[source.database_id]
        return {
            "object": "data_source",
            "id": source.id,
            "title": source.title,
            "description": [],
            "parent": {"type": "database_id", "database_id": database.id},
            "database_parent": self._store.parent_of(database),
            "is_inline": database.is_inline,
            **source.trash(),
            **source.times(),
            "icon": source.icon,
            "properties": {prop.name: schema.render(self._store, prop) for prop in source.properties.values()},
            "url": f"https://www.notion.so/{source.id.replace('-', '')}",
            "public_url": None,
        }

    # --- query

    async def query(self, request: web.Request) -> web.Response:
        return await self._query(self._source(request), request)

    async def query_database(self, request: web.Request) -> web.Response:
        """The oldest version asks the database."""
        if not request[CALLER].is_oldest:
            raise wrong_url()
        return await self._query(self._sole(self._database(request.match_info["id"])), request)

    async def _query(self, source: DataSource, request: web.Request) -> web.Response:
        caller = request[CALLER]
        body = await checks.json_body(request)
        checks.only(body, ("filter", "sorts", "start_cursor", "page_size", "result_type", *_trash_names(caller)))
        ask = paging.from_body(body)
        trashed = pages.wanted_trash(body, False)
        rows = [page for page in self._store.pages_of(source.id) if page.in_trash == trashed]
        if body.get("filter") is not None:
            fits = filters.compile_filter(source, body["filter"], self._workspace.now_ms())
            rows = [page for page in rows if fits(page)]
        part = paging.cut(filters.sort(source, rows, body.get("sorts")), ask, self._workspace.query_cap)
        shown = pages.asked_properties(source, request)
        results = [pages.show(self._workspace, page, caller, shown) for page in part.items]
        return web.json_response(paging.envelope(results, part, _LISTED[caller.is_oldest]))


def _trash_names(caller: Caller) -> tuple[str, ...]:
    return ("in_trash",) if caller.is_newest else ("in_trash", "archived")
