"""Pages: create, read, change, and single property items."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from aiohttp import web

from videod.sandbox.notion import blocks, checks, paging, schema, text, values
from videod.sandbox.notion.errors import invalid, misfit, not_found
from videod.sandbox.notion.model import DataSource, Json, Page, Property, Row
from videod.sandbox.notion.workspace import CALLER, Caller, Workspace

_CHANGEABLE = ("properties", "icon", "cover", "is_locked", "erase_content", "in_trash")
_LISTED_TYPES = ("title", "rich_text", "relation", "people")


class Pages:
    """Handlers of `/v1/pages`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = workspace.store

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v1/pages", self.create),
            web.get("/v1/pages/{id}", self.read),
            web.patch("/v1/pages/{id}", self.change),
            web.get("/v1/pages/{id}/properties/{property_id}", self.read_property),
        ]

    async def create(self, request: web.Request) -> web.Response:
        caller = request[CALLER]
        body = await checks.json_body(request)
        checks.only(body, ("parent", "properties", "children", "icon", "cover"))
        parent_type, parent_id, source = self._parent(checks.obj(body.get("parent"), "body.parent"))
        writing = values.Writing(self._store, source, self._workspace.now_ms())
        taken = writing.take(body.get("properties", {}), "body.properties")
        page = Page(
            **self._store.birth(caller.user_id),
            parent_type=parent_type,
            parent_id=parent_id,
            properties=taken,
            icon=body.get("icon"),
            cover=body.get("cover"),
        )
        growth = blocks.grow(self._workspace, page, body.get("children", []), caller, "body.children")
        page = replace(page, children=[block.id for block in growth.top])
        self._store.put(*self._grown_schema(source, writing), page, *growth.rows, *self._attachments(writing, growth))
        return web.json_response(show(self._workspace, page, caller))

    async def read(self, request: web.Request) -> web.Response:
        page = self._page(request)
        source = self._store.data_sources.get(page.parent_id)
        shown = asked_properties(source, request)
        return web.json_response(show(self._workspace, page, request[CALLER], shown))

    async def change(self, request: web.Request) -> web.Response:
        page, caller = self._page(request), request[CALLER]
        body = await checks.json_body(request)
        checks.only(body, _CHANGEABLE if caller.is_newest else (*_CHANGEABLE, "archived"))
        in_trash = wanted_trash(body, page.in_trash)
        if page.in_trash and in_trash:
            raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
        source = self._store.data_sources.get(page.parent_id)
        writing = values.Writing(self._store, source, self._workspace.now_ms())
        taken = writing.take(body.get("properties", {}), "body.properties")
        erase = checks.boolean(body.get("erase_content", False), "body.erase_content")
        changed = replace(
            self._workspace.edited(page, caller),
            properties={**page.properties, **taken},
            in_trash=in_trash,
            is_locked=checks.boolean(body.get("is_locked", page.is_locked), "body.is_locked"),
            icon=body.get("icon", page.icon),
            cover=body.get("cover", page.cover),
            children=[] if erase else page.children,
        )
        self._store.put(*self._grown_schema(source, writing), changed, *self._workspace.attachments(writing.attached))
        return web.json_response(show(self._workspace, changed, caller))

    async def read_property(self, request: web.Request) -> web.Response:
        page, caller, wanted = self._page(request), request[CALLER], request.match_info["property_id"]
        source = self._store.data_sources.get(page.parent_id)
        prop = values.PLAIN_PAGE_TITLE if source is None and wanted == "title" else None
        prop = schema.find(source, wanted) if source is not None else prop
        if prop is None:
            raise not_found("property", wanted)
        value = values.whole(self._store, page, prop, caller.base, self._workspace.now_ms())
        if prop.type not in _LISTED_TYPES:
            return web.json_response({"object": "property_item", "id": prop.id, "type": prop.type, prop.type: value})
        return web.json_response(_listed(prop, value, paging.from_query(request)))

    def _parent(self, parent: Json) -> tuple[str, str, DataSource | None]:
        """The parent's type, id and, for rows, their data source (a database with just one stands for it)."""
        if "data_source_id" in parent:
            wanted = checks.identifier(parent["data_source_id"], "body.parent.data_source_id")
            if wanted not in self._store.data_sources:
                raise not_found("data source", wanted)
            return "data_source_id", wanted, self._store.data_sources[wanted]
        if "database_id" in parent:
            wanted = checks.identifier(parent["database_id"], "body.parent.database_id")
            self._store.find(self._store.databases, "database", wanted)
            sources = [source for source in self._store.data_sources.values() if source.database_id == wanted]
            if len(sources) != 1:
                raise invalid("Databases with multiple data sources are not supported as a parent. Name a data source.")
            return "data_source_id", sources[0].id, sources[0]
        if "page_id" in parent:
            wanted = checks.identifier(parent["page_id"], "body.parent.page_id")
            return "page_id", self._store.find(self._store.pages, "page", wanted).id, None
        raise misfit("body.parent", "a parent with `data_source_id`, `database_id` or `page_id`", parent)

    def _page(self, request: web.Request) -> Page:
        wanted = checks.identifier(request.match_info["id"], "path.page_id")
        return self._store.find(self._store.pages, "page", wanted)

    def _grown_schema(self, source: DataSource | None, writing: values.Writing) -> list[Row]:
        """The data source, when the write brought new select options."""
        return [writing.source] if writing.source is not None and writing.source is not source else []

    def _attachments(self, writing: values.Writing, growth: blocks.Growth) -> Sequence[Row]:
        return self._workspace.attachments([*writing.attached, *growth.attached])


def wanted_trash(body: Json, before: bool) -> bool:
    """The `in_trash` (older: `archived`) of a body; which names a version takes is checked by the caller."""
    name = "archived" if "archived" in body else "in_trash"
    return checks.boolean(body.get(name, before), f"body.{name}")


def asked_properties(source: DataSource | None, request: web.Request) -> Collection[str] | None:
    """The property ids of `?filter_properties=` (repeated), or None for all of them."""
    wanted = request.query.getall("filter_properties", [])
    if not wanted or source is None:
        return None
    found = {name: schema.find(source, name) for name in wanted}
    for name, prop in found.items():
        if prop is None:
            raise invalid(f"Could not find property with name or id: {name}")
    return {prop.id for prop in found.values() if prop is not None}


def show(workspace: Workspace, page: Page, caller: Caller, only: Collection[str] | None = None) -> Json:
    """The page object; `only` restricts its properties to these ids."""
    source = workspace.store.data_sources.get(page.parent_id)
    columns: Collection[Property] = source.properties.values() if source else [values.PLAIN_PAGE_TITLE]
    now_ms = workspace.now_ms()
    parent: Json = {"type": page.parent_type, page.parent_type: page.parent_id}
    if source is not None and caller.is_oldest:
        parent = {"type": "database_id", "database_id": source.database_id}
    elif source is not None:
        parent["database_id"] = source.database_id
    if page.parent_type == "workspace":
        parent = {"type": "workspace", "workspace": True}
    return {
        "object": "page",
        "id": page.id,
        **page.times(),
        "parent": parent,
        **page.trash(),
        "is_archived": page.in_trash,
        "is_locked": page.is_locked,
        "icon": page.icon,
        "cover": page.cover,
        "properties": {
            prop.name: values.render(workspace.store, page, prop, caller.base, now_ms)
            for prop in columns
            if only is None or prop.id in only
        },
        "url": f"https://www.notion.so/{page.id.replace('-', '')}",
        "public_url": None,
    }


def title(workspace: Workspace, page: Page) -> str:
    return text.plain(page.properties.get("title", []))


def _listed(prop: Property, items: list[Json], ask: paging.Ask) -> Json:
    """A title, text, relation or people value as a paginated list of property items."""
    begin = ask.after[0] if ask.after else 0
    shown = items[begin : begin + ask.size]
    more = begin + len(shown) < len(items)
    entries = [{"object": "property_item", "id": prop.id, "type": prop.type, prop.type: item} for item in shown]
    return {
        "object": "list",
        "results": entries,
        "next_cursor": paging.write(begin + len(shown), prop.id) if more else None,
        "has_more": more,
        "type": "property_item",
        "property_item": {"id": prop.id, "next_url": None, "type": prop.type, prop.type: {}},
    }
