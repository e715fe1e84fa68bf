"""Comments on pages and blocks, and the discussions they form."""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from videod.sandbox.notion import checks, paging, text
from videod.sandbox.notion.errors import invalid, misfit, not_found
from videod.sandbox.notion.model import Comment, Json
from videod.sandbox.notion.workspace import CALLER, Workspace


class Comments:
    """Handlers of `/v1/comments`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = workspace.store

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v1/comments", self.create),
            web.get("/v1/comments", self.list),
            web.get("/v1/comments/{id}", self.read),
            web.patch("/v1/comments/{id}", self.change),
            web.delete("/v1/comments/{id}", self.delete),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body = await checks.json_body(request)
        checks.only(body, ("parent", "discussion_id", "rich_text", "display_name"))
        written = text.parse(body.get("rich_text"), "body.rich_text")
        if not written:
            raise misfit("body.rich_text", "a non-empty array", [])
        parent_type, parent_id, discussion_id = self._place(body)
        display_name = body.get("display_name")
        comment = Comment(
            **self._store.birth(request[CALLER].user_id),
            parent_type=parent_type,
            parent_id=parent_id,
            discussion_id=discussion_id,
            rich_text=written,
            display_name=None if display_name is None else checks.obj(display_name, "body.display_name"),
        )
        self._store.put(comment)
        return web.json_response(_show(comment))

    async def list(self, request: web.Request) -> web.Response:
        wanted = checks.identifier(request.query.get("block_id"), "query.block_id")
        if wanted not in self._store.pages and wanted not in self._store.blocks:
            raise not_found("block", wanted)
        comments = [c for c in self._store.comments.values() if c.parent_id == wanted and not c.in_trash]
        part = paging.cut(comments, paging.from_query(request))
        return web.json_response(paging.envelope([_show(comment) for comment in part.items], part, "comment"))

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response(_show(self._comment(request)))

    async def change(self, request: web.Request) -> web.Response:
        comment = self._comment(request)
        body = await checks.json_body(request)
        checks.only(body, ("rich_text",))
        written = text.parse(body.get("rich_text"), "body.rich_text")
        changed = replace(self._workspace.edited(comment, request[CALLER]), rich_text=written)
        self._store.put(changed)
        return web.json_response(_show(changed))

    async def delete(self, request: web.Request) -> web.Response:
        gone = replace(self._comment(request), in_trash=True)
        self._store.put(gone)
        return web.json_response(_show(gone))

    def _comment(self, request: web.Request) -> Comment:
        wanted = checks.identifier(request.match_info["id"], "path.comment_id")
        comment = self._store.comments.get(wanted)
        if comment is None or comment.in_trash:
            raise not_found("comment", wanted)
        return comment

    def _place(self, body: Json) -> tuple[str, str, str]:
        """Parent type, parent id and discussion: a reply joins the discussion it names."""
        if ("parent" in body) == ("discussion_id" in body):
            raise invalid(
                "body failed validation: exactly one of body.parent and body.discussion_id should be defined."
            )
        if "discussion_id" in body:
            wanted = checks.identifier(body["discussion_id"], "body.discussion_id")
            first = next((c for c in self._store.comments.values() if c.discussion_id == wanted), None)
            if first is None:
                raise not_found("discussion", wanted)
            return first.parent_type, first.parent_id, wanted
        parent = checks.obj(body["parent"], "body.parent")
        kind = "page_id" if "page_id" in parent else "block_id"
        wanted = checks.identifier(parent.get(kind), f"body.parent.{kind}")
        if wanted not in self._store.pages and wanted not in self._store.blocks:
            raise not_found("page" if kind == "page_id" else "block", wanted)
        return kind, wanted, self._store.new_id()


def _show(comment: Comment) -> Json:
    times = comment.times()
    del times["last_edited_by"]
    return {
        "object": "comment",
        "id": comment.id,
        "parent": {"type": comment.parent_type, comment.parent_type: comment.parent_id},
        "discussion_id": comment.discussion_id,
        **times,
        "rich_text": comment.rich_text,
        "display_name": comment.display_name,
        "attachments": [],
    }
