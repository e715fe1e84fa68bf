"""The two users of the workspace: the connection's bot and the one person."""

from collections.abc import Sequence

from aiohttp import web

from videod.sandbox.notion import checks, paging
from videod.sandbox.notion.errors import not_found
from videod.sandbox.notion.model import BOT_ID, PERSON_ID, WORKSPACE_ID, Json
from videod.sandbox.notion.workspace import CALLER

_BOT: Json = {
    "object": "user", "id": BOT_ID, "name": "videod", "avatar_url": None, "type": "bot",
    "bot": {
        "owner": {"type": "workspace", "workspace": True}, "workspace_name": "Sandbox", "workspace_id": WORKSPACE_ID,
        "workspace_limits": {"max_file_upload_size_in_bytes": 5 << 30},
    },
}  # fmt: skip
_PERSON: Json = {
    "object": "user", "id": PERSON_ID, "name": "Robin Producer", "avatar_url": None, "type": "person",
    "person": {"email": "robin@example.com"},
}  # fmt: skip
_USERS = {BOT_ID: _BOT, PERSON_ID: _PERSON}


def routes() -> Sequence[web.RouteDef]:
    return [web.get("/v1/users", _list), web.get("/v1/users/me", _me), web.get("/v1/users/{id}", _read)]


async def _list(request: web.Request) -> web.Response:
    ask, users = paging.from_query(request), list(_USERS.values())
    begin = ask.after[0] if ask.after else 0
    shown, more = users[begin : begin + ask.size], begin + ask.size < len(users)
    part = paging.Slice(shown, paging.write(begin + len(shown), str(shown[-1]["id"])) if more else None, more)
    return web.json_response(paging.envelope(shown, part, "user"))


async def _me(request: web.Request) -> web.Response:
    return web.json_response(_USERS[request[CALLER].user_id])


async def _read(request: web.Request) -> web.Response:
    wanted = checks.identifier(request.match_info["id"], "path.user_id")
    if wanted not in _USERS:
        raise not_found("user", wanted)
    return web.json_response(_USERS[wanted])
