"""A client of the API over its socket, which checks every answer against the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.cli.factory import StudioBox
from tests.harness import contract
from videod.web.api import Listening, build_app, serve

SECRET = "sk-very-secret"


def redact(text: str) -> str:
    return text.replace(SECRET, "[redacted]")


class Caller:
    """Answers are (status, JSON), None where there is no JSON; `headers` are those of the last one."""

    def __init__(self, session: aiohttp.ClientSession, base: str = "http://videod") -> None:
        self.session = session
        self.base = base
        self.headers: Mapping[str, str] = {}

    async def get(self, path: str, **more: Any) -> tuple[int, Any]:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        return await self.ask("POST", path, json=body)

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with self.session.request(method, f"{self.base}{path}", **more) as answer:
            body = await answer.json() if answer.content_type == "application/json" and method != "HEAD" else None
            self.headers = answer.headers
            if method != "HEAD":
                contract.check(method, path, answer.status, answer.headers, body)
            return answer.status, body


async def served(box: StudioBox, port: int | None = None, **more: Any) -> Listening:
    app = build_app(box.ledger, box.store, box.clock, redact, lambda: {"kie": 8}, **more)
    return await serve(app, box.state / "videod.sock", port)
