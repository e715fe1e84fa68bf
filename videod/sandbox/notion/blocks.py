"""Blocks: the content of pages. Children are appended, read, changed and moved to the trash."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from videod.sandbox.notion import checks, files, paging, text
from videod.sandbox.notion.errors import invalid, misfit, not_found
from videod.sandbox.notion.model import Block, Database, Json, Page, Row
from videod.sandbox.notion.workspace import CALLER, Caller, Workspace

BLOCKS_MAX = 1000
#: Levels of `children` in one request: those appended and one below them.
NESTING_MAX = 2
TEXT_BLOCKS = (
    "paragraph", "heading_1", "heading_2", "heading_3", "heading_4", "bulleted_list_item", "numbered_list_item",
    "to_do", "toggle", "quote", "callout", "code",
)  # fmt: skip
MEDIA_BLOCKS = ("image", "video", "audio", "file", "pdf")
LINK_BLOCKS = ("bookmark", "embed")
BARE_BLOCKS = ("divider", "breadcrumb", "table_of_contents", "column_list", "column", "synced_block")
TYPES = (*TEXT_BLOCKS, *MEDIA_BLOCKS, *LINK_BLOCKS, *BARE_BLOCKS, "equation")


@dataclass
class Growth:
    """New blocks of one append: `top` hang on the parent, `rows` are all of them, `attached` names their uploads."""

    top: list[Block] = field(default_factory=list)
    rows: list[Block] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)


class Blocks:
    """Handlers of `/v1/blocks`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = workspace.store

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/v1/blocks/{id}/children", self.list_children),
            web.patch("/v1/blocks/{id}/children", self.append),
            web.get("/v1/blocks/{id}", self.read),
            web.patch("/v1/blocks/{id}", self.change),
            web.delete("/v1/blocks/{id}", self.delete),
        ]

    async def list_children(self, request: web.Request) -> web.Response:
        parent = self._block_or_page(request)
        listed: list[Block | Page | Database] = [
            block for child in parent.children if not (block := self._store.blocks[child]).in_trash
        ]
        listed += [page for page in self._store.pages_of(parent.id) if not page.in_trash]
        listed += [base for base in self._store.databases.values() if base.parent_id == parent.id and not base.in_trash]
        part = paging.cut(listed, paging.from_query(request))
        results = [self._show(row, request[CALLER]) for row in part.items]
        return web.json_response(paging.envelope(results, part, "block"))

    async def append(self, request: web.Request) -> web.Response:
        parent, caller = self._block_or_page(request), request[CALLER]
        body = await checks.json_body(request)
        checks.only(body, ("children", "position") if caller.is_newest else ("children", "after"))
        if parent.in_trash:
            raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
        if "children" not in body:
            raise misfit("body.children", "defined", "undefined")
        growth = grow(self._workspace, parent, body["children"], caller, "body.children")
        at = _place(parent, body)
        fresh = [block.id for block in growth.top]
        children = [*parent.children[:at], *fresh, *parent.children[at:]]
        edited = replace(self._workspace.edited(parent, caller), children=children)
        self._store.put(edited, *growth.rows, *self._workspace.attachments(growth.attached))
        part = paging.Slice(growth.top, None, False)
        return web.json_response(paging.envelope([self._show(block, caller) for block in growth.top], part, "block"))

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response(self._show(self._any(request), request[CALLER]))

    async def change(self, request: web.Request) -> web.Response:
        block, caller = self._block(request), request[CALLER]
        body = await checks.json_body(request)
        names = ("in_trash",) if caller.is_newest else ("in_trash", "archived")
        checks.only(body, (block.type, "type", *names))
        in_trash = block.in_trash
        for name in names:
            in_trash = checks.boolean(body.get(name, in_trash), f"body.{name}")
        attached: list[str] = []
        kept = block.body
        if block.type in body:
            written = checks.obj(body[block.type], f"body.{block.type}")
            kept = self._changed(block, written, f"body.{block.type}", attached)
        changed = replace(self._workspace.edited(block, caller), body=kept, in_trash=in_trash)
        self._store.put(changed, *self._workspace.attachments(attached))
        return web.json_response(self._show(changed, caller))

    async def delete(self, request: web.Request) -> web.Response:
        row, caller = self._any(request), request[CALLER]
        changed = replace(self._workspace.edited(row, caller), in_trash=True)
        self._store.put(changed)
        return web.json_response(self._show(changed, caller))

    def _changed(self, block: Block, written: Json, path: str, attached: list[str]) -> Json:
        """The body with what was written put over what is there; a media block may get a new caption or a new file."""
        if block.type not in MEDIA_BLOCKS:
            return _content(self._workspace, block.type, {**block.body, **written}, path, attached)
        if not any(key in written for key in ("external", "file_upload", "file")):
            return {**block.body, "caption": text.parse(written.get("caption"), f"{path}.caption")}
        fresh = {"caption": block.body["caption"], **written}
        return _content(self._workspace, block.type, fresh, path, attached)

    def _any(self, request: web.Request) -> Block | Page | Database:
        wanted = checks.identifier(request.match_info["id"], "path.block_id")
        store = self._store
        row = store.blocks.get(wanted) or store.pages.get(wanted) or store.databases.get(wanted)
        if row is None:
            raise not_found("block", wanted)
        return row

    def _block_or_page(self, request: web.Request) -> Block | Page:
        row = self._any(request)
        if isinstance(row, Database):
            raise invalid("A database cannot have block children.")
        return row

    def _block(self, request: web.Request) -> Block:
        row = self._any(request)
        if not isinstance(row, Block):
            raise invalid("Only blocks can be changed here. Use the page or database endpoint.")
        return row

    def _show(self, row: Row, caller: Caller) -> Json:
        if isinstance(row, Block):
            parent: Json = {"type": row.parent_type, row.parent_type: row.parent_id}
            kind, body, has_children = row.type, self._render(row, caller), self._has_children(row)
        elif isinstance(row, Database):
            parent = self._store.parent_of(row)
            kind, body, has_children = "child_database", {"title": text.plain(row.title)}, False
        else:
            assert isinstance(row, Page)
            parent = {"type": row.parent_type, row.parent_type: row.parent_id}
            kind, has_children = "child_page", self._has_children(row)
            body = {"title": text.plain(row.properties.get("title", []))}
        shown = {"object": "block", "id": row.id, "parent": parent, **row.times(), "has_children": has_children}
        return {**shown, **row.trash(), "type": kind, kind: body}

    def _has_children(self, row: Block | Page) -> bool:
        if any(base.parent_id == row.id and not base.in_trash for base in self._store.databases.values()):
            return True
        if any(not page.in_trash for page in self._store.pages_of(row.id)):
            return True
        return any(not self._store.blocks[child].in_trash for child in row.children)

    def _render(self, block: Block, caller: Caller) -> Json:
        if block.type not in MEDIA_BLOCKS:
            return block.body
        shown = files.render(self._store, block.body["file"], caller.base, self._workspace.now_ms())
        kind = shown["type"]
        body = {"type": kind, kind: shown[kind], "caption": block.body["caption"]}
        return {**body, "name": shown["name"]} if block.type == "file" else body


def grow(workspace: Workspace, parent: Row, raw: object, caller: Caller, path: str) -> Growth:
    """The rows for `children` of a page or block. Refuses over 100 in an array, 1000 in all, two levels."""
    growth = Growth()
    growth.top = _level(workspace, parent, raw, caller, path, growth, 1)
    if len(growth.rows) > BLOCKS_MAX:
        raise invalid(f"body failed validation: a request may hold {BLOCKS_MAX} blocks, not {len(growth.rows)}.")
    return growth


def _level(
    workspace: Workspace, parent: Row, raw: object, caller: Caller, path: str, growth: Growth, level: int
) -> list[Block]:
    siblings = []
    for at, item in enumerate(checks.array(raw, path)):
        where = f"{path}[{at}]"
        body = checks.obj(item, where)
        kinds = [key for key in body if key in TYPES]
        if len(kinds) != 1:
            raise invalid(f"body failed validation: {where} should have exactly one block type of {', '.join(TYPES)}.")
        kind = kinds[0]
        inner = dict(checks.obj(body[kind], f"{where}.{kind}"))
        nested = inner.pop("children", body.get("children", []))
        if nested and level >= NESTING_MAX:
            raise invalid(f"body failed validation: {where}.{kind}.children should be not present.")
        content = _content(workspace, kind, inner, f"{where}.{kind}", growth.attached)
        parent_type = "page_id" if isinstance(parent, Page) else "block_id"
        birth = workspace.store.birth(caller.user_id)
        block = Block(**birth, parent_type=parent_type, parent_id=parent.id, type=kind, body=content)
        children = _level(workspace, block, nested, caller, f"{where}.{kind}.children", growth, level + 1)
        block = replace(block, children=[child.id for child in children])
        siblings.append(block)
        growth.rows.append(block)
    return siblings


def _content(workspace: Workspace, kind: str, raw: Json, path: str, attached: list[str]) -> Json:
    """What is kept under the type's key."""
    if kind in TEXT_BLOCKS:
        body: dict[str, Any] = {
            "color": "default",
            **raw,
            "rich_text": text.parse(raw.get("rich_text"), f"{path}.rich_text"),
        }
        if kind == "to_do":
            body["checked"] = checks.boolean(raw.get("checked", False), f"{path}.checked")
        return body
    if kind in MEDIA_BLOCKS:
        caption = text.parse(raw.get("caption", []), f"{path}.caption")
        source = files.parse(workspace.store, raw, path, workspace.now_ms())
        attached += [source["upload"]] if "upload" in source else []
        return {"file": source, "caption": caption}
    if kind in LINK_BLOCKS:
        link = checks.url(raw.get("url"), f"{path}.url")
        return {"url": link, "caption": text.parse(raw.get("caption", []), f"{path}.caption")}
    if kind == "equation":
        return {"expression": checks.text(raw.get("expression"), f"{path}.expression", text.EXPRESSION_MAX)}
    return {"color": "default"} if kind == "table_of_contents" else {}


def _place(parent: Block | Page, body: Json) -> int:
    """Where among the parent's children the new ones go: `position` of the newest version, `after` of the older."""
    sibling = body.get("after")
    if "position" in body:
        position = checks.obj(body["position"], "body.position")
        kind = position.get("type")
        if kind == "start":
            return 0
        if kind == "end":
            return len(parent.children)
        if kind != "after_block":
            raise misfit("body.position.type", '"after_block", "start" or "end"', kind)
        sibling = checks.obj(position.get("after_block"), "body.position.after_block").get("id")
    if sibling is None:
        return len(parent.children)
    wanted = checks.identifier(sibling, "body.after")
    if wanted not in parent.children:
        raise not_found("block", wanted)
    return parent.children.index(wanted) + 1
