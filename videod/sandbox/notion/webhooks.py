"""Notion's side of a webhook: the handshake, then a signed message for each change of a page, repeated while nobody
answers.

What a person sets in Notion's own pages is set at the sandbox's admin address:

  PUT /set/notion/webhook         {"url": ...}             a subscription: its verification token is sent to the address
                                  {"url": ..., "token": .} one that was verified before
                                  {"url": ""}              none any more
                                  {"together_s": 0.2}      changes of one page within so long are one message
                                  {"pace": 0.001}          all waits before a repeat, in proportion; 1 as Notion does
                                  {}                       how it is: the same answer as to all of these
  PUT /set/notion/webhook/verify  {"token": ...}           what a person pastes into Notion

Besides the general faults there are two of its own, for endpoints such as "EVENT page.created":

  event_lost   nobody is informed of the change
  event_twice  the message is sent once more although it was answered
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from videod.sandbox.notion.model import BOT_ID, PERSON_ID, WORKSPACE_ID, Json, Page, Row, iso
from videod.sandbox.notion.store import SERVICE
from videod.sandbox.notion.workspace import NEWEST, Workspace

#: waits before the second to the eighth attempt, seconds: a day all in all
REPEATS_S = (60, 120, 480, 1_920, 7_680, 30_720, 45_420)
#: so long an answer is waited for, seconds
ANSWER_S = 10.0
TOGETHER_S = 0.2
#: how long the last answers took is kept, so many
TOOK = 1_000


class Webhooks:
    """The one subscription of the workspace, kept over restarts. `events` on their way are not, as with Notion."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._context = workspace.context
        self._path: Path = workspace.context.folder(SERVICE) / "webhook.json"
        self._kept: Json = {"url": "", "token": "", "id": "", "verified": False}
        with suppress(OSError, ValueError):
            self._kept |= json.loads(self._path.read_text())
        self._together_s, self._pace = TOGETHER_S, 1.0
        self._counts: Counter[str] = Counter()
        self._took_ms: deque[float] = deque(maxlen=TOOK)
        self._gathering: dict[tuple[str, str], Json] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        workspace.store.watch = self.changed

    async def run(self, _app: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=16))
        yield
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    # --- what a person sets

    def set(self, what: str, given: dict[str, Any]) -> object:
        """Raises ValueError with a sentence."""
        if what == "webhook/verify":
            self._verify(given)
        elif what != "webhook":
            raise ValueError("only plan, webhook and webhook/verify can be set")
        else:
            self._subscribe(given)
        return self._kept_without_token() | {
            **{name: self._counts[name] for name in ("sent", "answered", "unanswered", "lost")},
            "pending": len(self._tasks), "took_ms": list(self._took_ms),
        }  # fmt: skip

    def _kept_without_token(self) -> Json:
        return {name: value for name, value in self._kept.items() if name != "token"}

    def _subscribe(self, given: dict[str, Any]) -> None:
        for name in ("together_s", "pace"):
            value = given.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1000:
                raise ValueError(f"{name} must be a number from 0 to 1000, not {value!r}")
        self._together_s = given.get("together_s", self._together_s)
        self._pace = given.get("pace", self._pace)
        if "url" not in given:
            return
        url, token = given["url"], given.get("token")
        if not isinstance(url, str) or (url and not url.startswith(("http://", "https://"))):
            raise ValueError(f"url must be an http address, not {url!r}")
        known = isinstance(token, str)
        self._kept = {
            "url": url, "token": token if known else f"secret_{secrets.token_urlsafe(32)}", "verified": known,
            "id": str(uuid.uuid4()),
        }  # fmt: skip
        self._save()
        if url and not known:
            self._begin(self._deliver({"verification_token": self._kept["token"]}, signed=False))

    def _verify(self, given: dict[str, Any]) -> None:
        token = given.get("token")
        if not isinstance(token, str) or not self._kept["url"] or token != self._kept["token"]:
            raise ValueError("the verification token does not match")
        self._kept["verified"] = True
        self._save()

    def _save(self) -> None:
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._kept))
        part.chmod(0o600)
        part.replace(self._path)

    # --- what is reported

    def changed(self, before: Row | None, after: Row) -> None:
        """A row is about to take the place of another one (None: it is new)."""
        if not (self._kept["url"] and self._kept["verified"] and isinstance(after, Page)):
            return
        assert before is None or isinstance(before, Page)
        for kind, fields in _changes(before, after):
            self._gather(kind, after, fields)

    def _gather(self, kind: str, page: Page, fields: Json) -> None:
        author = {"id": page.edited_by, "type": "person" if page.edited_by == PERSON_ID else "bot"}
        known = self._gathering.get((page.id, kind))
        if known is None:
            event = self._gathering[page.id, kind] = self._event(kind, page, author, fields)
            self._begin(self._tell(kind, event))
            return
        if author not in known["authors"]:
            known["authors"].append(author)
        for name, values in fields.items():
            known["data"][name] += [value for value in values if value not in known["data"][name]]

    def _event(self, kind: str, page: Page, author: Json, fields: Json) -> Json:
        source = self._workspace.store.data_sources.get(page.parent_id)
        parent: Json = {"id": page.parent_id, "type": "page"}
        if source is not None:
            parent = {"id": source.database_id, "type": "database", "data_source_id": source.id}
        return {
            "id": str(uuid.uuid4()), "timestamp": iso(self._context.now_ms()),
            "workspace_id": WORKSPACE_ID, "workspace_name": "Studio", "subscription_id": self._kept["id"],
            "integration_id": BOT_ID, "authors": [author], "accessible_by": [{"id": BOT_ID, "type": "bot"}],
            "attempt_number": 1, "api_version": NEWEST, "entity": {"id": page.id, "type": "page"}, "type": kind,
            "data": {"parent": parent} | fields,
        }  # fmt: skip

    async def _tell(self, kind: str, event: Json) -> None:
        await asyncio.sleep(self._together_s)
        self._gathering.pop((event["entity"]["id"], kind), None)
        endpoint = f"EVENT {kind}"
        if self._context.faults.take(SERVICE, endpoint, ("event_lost",)) is not None:
            self._counts["lost"] += 1
            return
        await self._deliver(event, signed=True)
        if self._context.faults.take(SERVICE, endpoint, ("event_twice",)) is not None:
            await self._deliver(event, signed=True)

    async def _deliver(self, message: Json, signed: bool) -> None:
        """Send it until it is answered with 2xx, or for the last time."""
        for attempt in range(1, len(REPEATS_S) + 2):
            if signed:
                message["attempt_number"] = attempt
            if await self._sent(json.dumps(message).encode(), signed):
                self._counts["answered"] += 1
                return
            if attempt <= len(REPEATS_S):
                await asyncio.sleep(REPEATS_S[attempt - 1] * self._pace)
        self._counts["unanswered"] += 1

    async def _sent(self, body: bytes, signed: bool) -> bool:
        assert self._session is not None
        headers = {"Content-Type": "application/json", "User-Agent": "notion-api"}
        if signed:
            digest = hmac.new(self._kept["token"].encode(), body, hashlib.sha256).hexdigest()
            headers["X-Notion-Signature"] = f"sha256={digest}"
        self._counts["sent"] += 1
        began = time.monotonic()
        try:
            async with self._session.post(
                self._kept["url"], data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        self._took_ms.append(round((time.monotonic() - began) * 1000, 1))
        return 200 <= answer.status < 300

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _changes(before: Page | None, after: Page) -> list[tuple[str, Json]]:
    """Types of events with their own part of `data`."""
    if before is None:
        return [("page.created", {})]
    if before.in_trash != after.in_trash:
        return [("page.deleted" if after.in_trash else "page.undeleted", {})]
    found: list[tuple[str, Json]] = []
    names = {*before.properties, *after.properties}
    changed = sorted(name for name in names if before.properties.get(name) != after.properties.get(name))
    if changed:
        found.append(("page.properties_updated", {"updated_properties": changed}))
    if before.children != after.children:
        fresh = [{"id": one, "type": "block"} for one in after.children if one not in before.children]
        found.append(("page.content_updated", {"updated_blocks": fresh}))
    if before.is_locked != after.is_locked:
        found.append(("page.locked" if after.is_locked else "page.unlocked", {}))
    return found
