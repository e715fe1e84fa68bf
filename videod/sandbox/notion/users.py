"""The two users of the workspace: the connection's bot and the one person."""

from collections.abc import Sequence

from aiohttp import web

from videod.sandbox.notion import checks, paging
from videod.sandbox.notion.errors import not_found
from videod.sandbox.notion.model import BOT_ID, PERSON_ID, WORKSPACE_ID, Json
from videod.sandbox.notion.workspace import CALLER, Workspace

_BOT: Json = {
    "object": "user", "id": BOT_ID, "name": "videod", "avatar_url": None, "type": "bot",
    "bot": {
        "owner": {"type": "workspace", "workspace": True}, "workspace_name": "Sandbox", "workspace_id": WORKSPACE_ID,
    },
}  # fmt: skip
_PERSON: Json = {
    "object": "user", "id": PERSON_ID, "name": "Robin Producer", "avatar_url": None, "type": "person",
    "person": {"email": "robin@example.com"},
}  # fmt: skip


def routes(workspace: Workspace) -> Sequence[web.RouteDef]:
    users = _Users(workspace)
    return [web.get("/v1/users", users.list), web.get("/v1/users/me", users.me), web.get("/v1/users/{id}", users.read)]


class _Users:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def list(self, request: web.Request) -> web.Response:
        ask, users = paging.from_query(request), [*self._all().values()]
        begin = ask.after[0] if ask.after else 0
        shown, more = users[begin : begin + ask.size], begin + ask.size < len(users)
        part = paging.Slice(shown, paging.write(begin + len(shown), str(shown[-1]["id"])) if more else None, more)
        return web.json_response(paging.envelope(shown, part, "user"))

    async def me(self, request: web.Request) -> web.Response:
        return web.json_response(self._all()[request[CALLER].user_id])

    async def read(self, request: web.Request) -> web.Response:
        wanted = checks.identifier(request.match_info["id"], "path.user_id")
        if wanted not in self._all():
            raise not_found("user", wanted)
        return web.json_response(self._all()[wanted])

    def _all(self) -> dict[str, Json]:
        """The bot says how large a file the workspace takes."""
        limits = {"workspace_limits": {"max_file_upload_size_in_bytes": self._workspace.file_bytes}}
        return {BOT_ID: _BOT | {"bot": _BOT["bot"] | limits}, PERSON_ID: _PERSON}
