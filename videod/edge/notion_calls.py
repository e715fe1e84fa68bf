"""One Notion connection: every call paced, bounded in time, and every failure a BoardError.

notion-client does the wire; its own retries are off, since they break a long Retry-After and repeat creates. Waiting
that Notion asks for holds for the whole connection, whichever program asks (see notion_turn), and outlives a loss of
power through `remember`.
"""

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import parsedate_to_datetime

import httpx
from notion_client import AsyncClient
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from videod.edge.notion_turn import Turn
from videod.seams import BoardError, Clock

log = logging.getLogger(__name__)

#: A JSON object of the wire.
Json = dict[str, object]
Make = Callable[[AsyncClient], object]
Remember = Callable[[int], Awaitable[None]]

VERSION = "2026-03-11"
DEFAULT_URL = "https://api.notion.com"
CALL_S = 60.0
#: a call that carries a file gets the time it needs at this rate on top, bytes per second
SLOWEST_UPLOAD = 64 * 1024
#: waits up to this long are slept through; a longer one is handed to the caller as "busy", seconds
PATIENCE_S = 3.0
#: when Notion says "too many" without saying how long, seconds
BUSY_S = 30.0
#: `public_api_request_blocked` asks not to be repeated at all; look again after an hour
BLOCKED_S = 3600.0
#: a hundred full entries are some 2 MB; what is larger is not taken into memory
ANSWER_BYTES = 16 * 1024 * 1024


class Committed(BoardError):
    """Notion failed, yet says that the write was kept: read `resource_id` back, never write again."""

    def __init__(self, message: str, resource_id: str) -> None:
        super().__init__("down", message)
        self.resource_id = resource_id


class Calls:
    """The paced client. `not_before_ms` is the stored end of an earlier ban; `remember` stores a new one.

    `turn` is shared with the other programs that ask in the name of the same connection; None: there are none.
    """

    def __init__(
        self, token: str, clock: Clock, base_url: str = DEFAULT_URL, requests_per_s: float = 3.0,
        not_before_ms: int = 0, remember: Remember | None = None, timeout_s: float = CALL_S, version: str = VERSION,
        turn: Turn | None = None,
    ) -> None:  # fmt: skip
        # our own logger at CRITICAL: its warnings would double ours, and without one it adds a handler per client
        quiet = log.getChild("client")
        self._client = AsyncClient(
            auth=token, base_url=base_url.rstrip("/"), notion_version=version, retry=False, logger=quiet,
            log_level=logging.CRITICAL, timeout_ms=int(timeout_s * 1000),
            client=httpx.AsyncClient(event_hooks={"request": [_plain], "response": [_bounded]}),
        )  # fmt: skip
        self._token = token
        self._clock = clock
        self.pace(requests_per_s)
        # on the clock that nobody can set: a wall clock set back by a day must not lengthen a ban by one
        self._turn = turn or Turn()
        self._turn.ban(clock.steady_ms() + max(0, not_before_ms - clock.now_ms()))
        self._remember = remember
        self._timeout_s = timeout_s

    async def aclose(self) -> None:
        await self._client.aclose()
        self._turn.close()

    def pace(self, requests_per_s: float) -> None:
        """Change the pace from the next call on."""
        self._interval_ms = math.ceil(1000 / requests_per_s)

    async def call(self, what: str, make: Make, carries_bytes: int = 0) -> Json:
        """The answer of `make(client)`. `what` names the call in errors, such as "read the entry"."""
        await self._wait_for_turn()
        try:
            async with asyncio.timeout(self._timeout_s + carries_bytes / SLOWEST_UPLOAD):
                answer = await _awaited(make(self._client))
        except HTTPResponseError as error:
            raise await self._refusal(what, error) from None
        except InvalidPathParameterError as error:
            raise BoardError("rejected", f"Notion, {what}: {error}") from None
        except (TimeoutError, RequestTimeoutError):
            raise BoardError("down", f"Notion did not answer in time: {what}") from None
        except httpx.HTTPError as error:
            raise BoardError("down", f"Notion cannot be reached: {what} ({type(error).__name__})") from None
        except (ValueError, RecursionError) as error:
            raise BoardError("down", f"Notion answered no JSON: {what} ({type(error).__name__})") from None
        if not isinstance(answer, dict):
            raise BoardError("down", f"Notion answered a {type(answer).__name__} instead of an object: {what}")
        return answer

    async def _wait_for_turn(self) -> None:
        """Wait for the pace and for what is left of a ban. Raises BoardError "busy" when that is long."""
        while True:
            await self._wait_for_ban()
            # one at a time and evenly: three at once would be a burst
            ahead_ms = self._turn.take(self._clock.steady_ms(), self._interval_ms)
            if ahead_ms == 0:
                return
            await self._clock.sleep(ahead_ms / 1000)
            if self._turn.banned_until() <= self._clock.steady_ms():
                return  # else a ban came while we stood in line

    async def _wait_for_ban(self) -> None:
        wait_s = (self._turn.banned_until() - self._clock.steady_ms()) / 1000
        if wait_s > PATIENCE_S:
            raise BoardError("busy", f"Notion asked to wait; {wait_s:.0f} s are left", wait_s)
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    async def _refusal(self, what: str, error: HTTPResponseError) -> BoardError:
        body = _body(error.body)
        extra = body.get("additional_data")
        details: Json = extra if isinstance(extra, dict) else {}
        marks = [f"HTTP {error.status}", body.get("code"), body.get("request_id")]
        said = str(body.get("message") or "no explanation")
        said = (said.replace(self._token, "(redacted)") if self._token else said)[:500]
        message = f"Notion, {what}: {said} [{', '.join(str(mark) for mark in marks if mark)}]"
        if error.status in (429, 529):
            return await self._busy(message, error.headers, details)
        if error.status == 503 and details.get("committed_resource_id"):
            return Committed(message, str(details["committed_resource_id"]))
        return BoardError(_kind(error.status), message)

    async def _busy(self, message: str, headers: httpx.Headers, details: Json) -> BoardError:
        asked = headers.get("Retry-After") or str(details.get("retry_after") or "")
        wait_s = _seconds(asked, self._clock.now_ms())
        if details.get("rate_limit_reason") == "public_api_request_blocked":
            wait_s = max(wait_s, BLOCKED_S)
        until_ms = self._clock.steady_ms() + int(wait_s * 1000)
        if self._turn.ban(until_ms) and self._remember is not None:
            await self._remember(self._clock.now_ms() + int(wait_s * 1000))
        return BoardError("busy", message, wait_s)


class _TooLarge(httpx.ReadError):
    """The answer is larger than ANSWER_BYTES, or packed although it was not to be."""


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for piece in self._stream:
            taken += len(piece)
            if taken > ANSWER_BYTES:
                raise _TooLarge(f"more than {ANSWER_BYTES:,} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _plain(request: httpx.Request) -> None:
    request.headers["Accept-Encoding"] = "identity"


async def _bounded(response: httpx.Response) -> None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _TooLarge("packed")
    if isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _Bounded(response.stream)


async def _awaited(answer: object) -> object:
    """notion-client types its answers as "value or awaitable"; the async client always gives an awaitable."""
    return await answer if isinstance(answer, Awaitable) else answer


def _kind(status: int) -> str:
    if status == 401:
        return "credentials"
    if status in (403, 404):
        return "gone"
    if status in (408, 409, 425) or status >= 500 or 300 <= status < 400:
        # a 409 is a collision inside Notion, safe to repeat; a redirect comes from something that stands before it
        return "down"
    return "rejected"


def _body(text: str) -> Json:
    """The error object, read here once more: notion-client drops it for codes that it does not know."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _seconds(asked: str, now_ms: int) -> float:
    """Retry-After in seconds: a number, an HTTP date, or BUSY_S when it is neither."""
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now_ms / 1000)
    except ValueError:
        return BUSY_S
