"""KIE's answers: nearly always HTTP 200, the real verdict is `code` in the body."""

from typing import Any

from aiohttp import web

KEY = "sandbox-kie-key"


def answer(data: Any) -> web.Response:  # JSON of any shape: an object, a number or a text, as the endpoint has it
    return web.json_response({"code": 200, "msg": "success", "data": data})


def refusal(code: int, message: str, *, http: int = 200) -> web.Response:
    return web.json_response({"code": code, "msg": message, "data": None}, status=http)


def has_key(request: web.Request) -> bool:
    return request.headers.get("Authorization") == f"Bearer {KEY}"
