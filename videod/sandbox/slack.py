"""Slack's incoming webhook: takes messages, answers "ok" in plain text, keeps them in its state.

context.load("slack") is {"messages": [{"at_ms", "text", "blocks"}, ...]}. The address is the credential: only
`PATH` is a webhook. Faults of its own are Slack's error words (`WORDS`), each with its HTTP status.
"""

import json
from typing import Any

from aiohttp import web

from videod.sandbox import blockkit
from videod.sandbox.kernel import Context, traffic

PATH = "/services/T/B/X"
#: Slack's plain-text error words and their HTTP status.
WORDS = {
    "invalid_payload": 400, "invalid_blocks": 400, "no_text": 400, "user_not_found": 400, "action_prohibited": 403,
    "invalid_token": 403, "no_service": 404, "no_team": 404, "channel_not_found": 404, "channel_is_archived": 410,
    "rate_limited": 429, "rollup_error": 500,
}  # fmt: skip
FAULT_KINDS = tuple(WORDS)
#: One message a second; so many more are let through at once, "with no guarantee".
BURST = 5


class Slack:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._messages: list[dict[str, Any]] = context.load("slack").get("messages", [])
        self._room = float(BURST)
        self._seen_ms = context.now_ms()

    async def post(self, request: web.Request) -> web.Response:
        fault = self._context.faults.take("slack", f"POST {request.path}", FAULT_KINDS)
        if fault is not None:
            return _refusal(fault.kind)
        if request.path != PATH:
            return _refusal("no_service" if request.path.count("/") == 4 else "invalid_token")
        if not self._admitted():
            return _refusal("rate_limited")
        message = await self._message(request)
        if message is None:
            return _refusal("invalid_payload")
        blocks = message.get("blocks")
        if blocks is not None and not blockkit.valid(blocks):
            return _refusal("invalid_blocks")
        if not message.get("text") and not blocks and not message.get("attachments"):
            return _refusal("no_text")
        kept = {"at_ms": self._context.now_ms(), "text": message.get("text"), "blocks": blocks}
        self._messages.append(kept)
        self._context.save("slack", {"messages": self._messages})
        return web.Response(text="ok")

    def _admitted(self) -> bool:
        now = self._context.now_ms()
        self._room = min(BURST, self._room + (now - self._seen_ms) / 1000)
        self._seen_ms = now
        if self._room < 1:
            return False
        self._room -= 1
        return True

    @staticmethod
    async def _message(request: web.Request) -> dict[str, Any] | None:
        """The message from a JSON body or from the form field `payload`."""
        form = request.content_type == "application/x-www-form-urlencoded"
        raw = str((await request.post()).get("payload", "")) if form else await request.read()
        try:
            message = json.loads(raw)
        except ValueError:
            return None
        return message if isinstance(message, dict) else None


def _refusal(word: str) -> web.Response:
    return web.Response(status=WORDS[word], text=word, headers={"Retry-After": "1"} if word == "rate_limited" else {})


def build(context: Context) -> web.Application:
    """The app of hooks.slack.com."""
    app = web.Application(middlewares=[traffic(context, "slack")])
    app.router.add_post("/{path:.*}", Slack(context).post)
    return app
