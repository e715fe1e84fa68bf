"""One Notion connection: every call paced, bounded in time and size, and every failure a BoardError.

notion-client says which address and body each call has; the wire and the judgment of answers are ours: its own
retries break a long Retry-After and repeat creates, and its errors know only some of the shapes that answers have.
Waiting that Notion asks for holds for the whole connection, whichever program asks (see notion_pacer), outlives a loss
of power through `remember`, is bounded whatever Notion says, and is reported through `remark` when it is long.
"""

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import httpx
from notion_client import AsyncClient
from notion_client.errors import InvalidPathParameterError, validate_request_path

from videod.adapters.notion_pace import Line, Rank
from videod.adapters.notion_pacer import NotionPacer
from videod.adapters.notion_shapes import Json, came, cursor, is_id, items, promised, record, said
from videod.core import bounds, verdicts
from videod.core.histogram import of_board
from videod.core.moments import clock
from videod.core.redaction import REDACTED, Redactor
from videod.core.services.notion import WIRE
from videod.core.verdicts import Form
from videod.ports import BoardError, Clock

log = logging.getLogger(__name__)

#: what a redirect means; the Location it names is not followed
REDIRECTED = "the answer is a redirect, so videod sends it no key. Something is between videod and the service"

Make = Callable[[AsyncClient], object]
#: makes the call for one part of a list, from the cursor that is given as `start_cursor`
MakePart = Callable[[AsyncClient, Mapping[str, str]], object]
Remember = Callable[[int], Awaitable[None]]
Remark = Callable[[str], Awaitable[None]]

VERSION = "2026-03-11"
DEFAULT_URL = "https://api.notion.com"
CALL_S = 60.0
#: a call that carries a file gets the time it needs at this rate on top, bytes per second
SLOWEST_UPLOAD = 64 * 1024
#: waits up to this long are slept through; a longer one is handed to the caller as "busy", seconds
PATIENCE_S = 3.0
#: a sleep may end a little early, ms
ROUNDING_MS = 20
#: when Notion says "too many" without saying how long, seconds
BUSY_S = 30.0
#: what Notion asks for counts up to this; then it is asked again, seconds
LONGEST_BAN_S = 900.0
#: `public_api_request_blocked` asks not to be repeated at all; look again after an hour. No ban is longer.
BLOCKED_S = 3600.0
#: a longer ban is reported, seconds
TOLD_S = 60.0
#: a hundred full entries are some 2 MB; what is larger is not taken into memory
ANSWER_BYTES = 16 * 1024 * 1024


@dataclass
class Budget:
    """What one list may take, over all its parts: a server that never ends it is no list."""

    parts: int = 1_000
    items: int = 50_000
    bytes: int = 256 * 1024 * 1024
    _cursors: set[str] = field(default_factory=set)

    def spend(self, what: str, count: int, size: int) -> None:
        self.parts, self.items, self.bytes = self.parts - 1, self.items - count, self.bytes - size
        if min(self.parts, self.items, self.bytes) < 0:
            raise BoardError("down", f"Notion, {what}: the list does not end")

    def next(self, answer: Json, what: str) -> str | None:
        """Where the list continues; None at its end."""
        return cursor(answer, what, self._cursors)

    def begin(self) -> None:
        """A new query: its cursors are others."""
        self._cursors.clear()


class Committed(BoardError):
    """Notion failed, yet says that the write was kept: read `resource_id` back, never write again."""

    def __init__(self, message: str, resource_id: str) -> None:
        super().__init__("down", message)
        self.resource_id = resource_id


class Calls:
    """The paced client. `not_before_ms` is the stored end of an earlier ban; `remember` stores a new one.

    `remark` is given a sentence when Notion asks for a long wait, and "" when that is over. `turn` is shared with the
    other programs that ask in the name of the same connection; None: no others. `transport` is for tests.
    """

    def __init__(
        self, token: str, clock: Clock, base_url: str = DEFAULT_URL, requests_per_s: float = 3.0,
        not_before_ms: int = 0, remember: Remember | None = None, timeout_s: float = CALL_S, version: str = VERSION,
        turn: NotionPacer | None = None, remark: Remark | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        # our own logger at CRITICAL: its warnings would double ours, and without one it adds a handler per client
        quiet = log.getChild("client")
        self._client = _Wire(
            auth=token, base_url=base_url.rstrip("/"), notion_version=version, retry=False, logger=quiet,
            log_level=logging.CRITICAL, timeout_ms=int(timeout_s * 1000),
            client=httpx.AsyncClient(event_hooks={"request": [_plain], "response": [_bounded]}, transport=transport),
        )  # fmt: skip
        #: how long answers took, from sending on
        self.took = of_board()
        self._redact = Redactor({REDACTED: token})
        self._clock = clock
        self.pace(requests_per_s)
        # on the clock that nobody can set: a wall clock set back by a day must not lengthen a ban by one
        self._turn = turn or NotionPacer()
        self._line = Line(self._wait_for_turn, self._took)
        #: when the last turn that was used began, or will; ms on the steady clock, long ago before the first one
        self._used_ms = clock.steady_ms() - 3_600_000
        self._banned_ms = 0
        if not_before_ms > clock.now_ms():
            self._ban(min(not_before_ms - clock.now_ms(), int(BLOCKED_S * 1000)))
        #: what the board's clock said last, and when that was on the steady one; both ms
        self._told_ms: tuple[int, int] | None = None
        self._remember = remember
        self._remark = remark
        self._remarked: str | None = None
        self._timeout_s = timeout_s
        self._closed = False

    async def aclose(self) -> None:
        self._closed = True
        await self._client.aclose()
        self._turn.close()

    def pace(self, requests_per_s: float) -> None:
        """Change the pace from the next call on."""
        self._interval_ms = math.ceil(1000 / requests_per_s)

    def board_ms(self) -> int:
        """The time by Notion's own clock, ms; by ours before Notion said it."""
        if self._told_ms is None:
            return self._clock.now_ms()
        told, at = self._told_ms
        return told + self._clock.steady_ms() - at

    def banned_until_ms(self) -> int:
        """When the wait that Notion asked for ends, by the wall clock; 0 when there is none."""
        left_ms = self._banned_until() - self._clock.steady_ms()
        return self._clock.now_ms() + left_ms if left_ms > 0 else 0

    @promised
    async def call(
        self, what: str, make: Make, carries_bytes: int = 0, turns: int = 1, rank: Rank = Rank.TELL
    ) -> Json:  # fmt: skip
        """The answer of `make(client)`. `what` names the call in errors, such as "read the entry".

        `turns`: how many of the pace it takes. A call of 2 pays for one of 0 that follows it without a pause. `rank`:
        where it stands in line.
        """
        return (await self._answer(what, make, carries_bytes, turns, rank))[0]

    @promised
    async def part(
        self, what: str, make: MakePart, start: str | None, budget: Budget, rank: Rank = Rank.TELL
    ) -> tuple[list[object], Json]:  # fmt: skip
        """One part of a list, from the cursor `start`, and the whole answer."""
        more = {"start_cursor": start} if start else {}
        answer, size = await self._answer(what, lambda api: make(api, more), rank=rank)
        results = items(answer.get("results"), what, "results")
        budget.spend(what, len(results), size)
        return results, answer

    async def _answer(
        self, what: str, make: Make, carries_bytes: int = 0, turns: int = 1, rank: Rank = Rank.TELL
    ) -> tuple[Json, int]:  # fmt: skip
        """The object that was answered and how many bytes it had."""
        if turns:
            await self._line.turn(rank, turns)
        answer = await self._asked(what, make, carries_bytes)
        if (told := _date_ms(answer.headers.get("Date"))) is not None:
            self._told_ms = told, self._clock.steady_ms()
        if not 200 <= answer.status < 300:
            raise await self._refusal(what, answer)
        await self._tell("")
        try:
            found = bounds.loads(answer.content)
        except ValueError as error:
            raise BoardError("down", f"Notion's answer is not JSON: {what} ({type(error).__name__})") from None
        if not isinstance(found, dict):
            raise BoardError("down", f"Notion answered {came(found)} instead of an object: {what}")
        return found, len(answer.content)

    async def _asked(self, what: str, make: Make, carries_bytes: int) -> "_Answer":
        """The answer as it came, whatever its status. All that a wire and two libraries can raise ends here."""
        if self._closed:
            raise BoardError("down", f"videod is stopping, so Notion is not asked: {what}")
        try:
            answer = await self._timed(make, self._timeout_s + carries_bytes / SLOWEST_UPLOAD)
        except (_Unsendable, InvalidPathParameterError) as error:
            raise BoardError(
                "rejected", f"Notion, {what}: it cannot be asked for ({said(self._redact(str(error)), 200)})"
            ) from None
        except (TimeoutError, httpx.TimeoutException):
            raise BoardError("down", f"Notion did not answer in time: {what}") from None
        except _TooLarge as error:
            raise BoardError("down", f"Notion, {what}: the answer is {error}") from None
        except httpx.HTTPError as error:
            raise BoardError("down", f"Notion cannot be reached: {what} ({type(error).__name__})") from None
        except Exception as error:
            # a library that met what it was not made for; which one does not matter to anybody who waits
            log.exception("notion_call_unexpected", extra={"call": what})
            raise BoardError("down", f"Notion cannot be asked: {what} ({type(error).__name__})") from None
        if isinstance(answer, dict):  # `make` had the object already
            return _Answer(200, httpx.Headers(), json.dumps(answer).encode())
        if not isinstance(answer, _Answer):
            raise BoardError("down", f"Notion, {what}: there was no answer")
        return answer

    async def _timed(self, make: Make, most_s: float) -> object:
        began = self._clock.steady_ms()
        try:
            async with asyncio.timeout(most_s):
                return await _awaited(make(self._client))
        finally:
            self.took.note((self._clock.steady_ms() - began) / 1000)

    # ------------------------------------------------------------------------------------------------- waiting

    async def _wait_for_turn(self) -> int:
        """Wait for the pace and for what is left of a ban; returns how many turns before this one were not used.

        Raises BoardError "busy" when a ban is long.
        """
        while True:
            await self._turn.ready()
            await self._wait_for_ban()
            # one at a time and evenly: three at once would be a burst
            ahead_ms = self._turn.take(self._clock.steady_ms(), self._interval_ms)
            if ahead_ms:
                await self._clock.sleep(ahead_ms / 1000)
            if not ahead_ms or self._banned_until() <= self._clock.steady_ms():
                # else a ban came while we stood in line; clocks that round must not make a turn one too few
                return (self._clock.steady_ms() - self._used_ms + ROUNDING_MS) // self._interval_ms - 1

    def _took(self, turns: int) -> None:
        """The turn that begins is used, and those after it that are used up with it."""
        now_ms = self._clock.steady_ms()
        self._used_ms = now_ms + (turns - 1) * self._interval_ms
        for _ in range(turns - 1):
            self._turn.take(now_ms, self._interval_ms)

    async def _wait_for_ban(self) -> None:
        wait_s = (self._banned_until() - self._clock.steady_ms()) / 1000
        if wait_s > PATIENCE_S:
            await self._tell_of_ban(wait_s)
            raise BoardError("busy", f"Notion asked to wait, and {wait_s:.0f} s are left", wait_s)
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def _ban(self, wait_ms: int) -> bool:
        """Nobody asks for so long; True when that is later than what was known."""
        until_ms = self._clock.steady_ms() + wait_ms
        self._banned_ms = max(self._banned_ms, until_ms)
        return self._turn.ban(until_ms)

    def _banned_until(self) -> int:
        """On the steady clock. What is shared counts unless it is longer than any ban is: then it was damaged."""
        shared_ms = self._turn.banned_until()
        if shared_ms > self._clock.steady_ms() + BLOCKED_S * 1000:
            return self._banned_ms
        return max(shared_ms, self._banned_ms)

    async def _tell_of_ban(self, wait_s: float) -> None:
        if wait_s <= TOLD_S and not self._remarked:
            return
        # in whole minutes, rounded up: the same sentence however often it is asked
        ends_s = math.ceil((self._clock.now_ms() / 1000 + wait_s) / 60) * 60
        await self._tell(f"Notion asked videod to wait until {clock(ends_s * 1000)}")

    async def _tell(self, remark: str) -> None:
        if self._remark is not None and remark != self._remarked:
            self._remarked = remark
            await self._remark(remark)

    # ------------------------------------------------------------------------------------------------- refusals

    async def _refusal(self, what: str, answer: "_Answer") -> BoardError:
        body = answer.error()
        extra = body.get("additional_data")
        details: Json = extra if isinstance(extra, dict) else {}
        # cut last: a token that is cut in two might not be found
        named = [said(self._without_token(body.get(name)), 60) for name in ("code", "request_id")]
        told = said(self._without_token(body.get("message"))) or "no explanation"
        if 300 <= answer.status < 400:
            told = REDIRECTED
        message = f"Notion, {what}: {told} [{', '.join((f'HTTP {answer.status}', *filter(None, named)))}]"
        if answer.status in (429, 529):
            return await self._busy(message, answer.headers, details)
        kept = details.get("committed_resource_id")
        if answer.status == 503 and isinstance(kept, str) and is_id(kept):
            return Committed(message, kept)
        return BoardError(_kind(answer.status, answer.content), message)

    def _without_token(self, text: object) -> str:
        found = text if isinstance(text, str) else ""
        return self._redact(found)

    async def _busy(self, message: str, headers: httpx.Headers, details: Json) -> BoardError:
        blocked = details.get("rate_limit_reason") == "public_api_request_blocked"
        asked_s = _asked_s(headers.get("Retry-After") or details.get("retry_after"), self._clock.now_ms())
        wait_s = BLOCKED_S if blocked else min(asked_s, LONGEST_BAN_S)
        if self._ban(int(wait_s * 1000)) and self._remember is not None:
            await self._remember(self._clock.now_ms() + int(wait_s * 1000))
        await self._tell_of_ban(wait_s)
        return BoardError("busy", message, wait_s)


# ----------------------------------------------------------------------------------------------------- the wire


@dataclass(frozen=True)
class _Answer:
    """An HTTP answer, of any status."""

    status: int
    headers: httpx.Headers
    content: bytes

    def error(self) -> Json:
        """The error object; empty without one."""
        try:
            return record(bounds.loads(self.content), "")
        except (ValueError, BoardError):
            return {}


class _Unsendable(ValueError):
    """A request that cannot be put together: an address or a body that no wire takes."""


class _Wire(AsyncClient):
    """notion-client's endpoints over our own sending: every answer comes back as it is, to be judged in one place."""

    async def request(
        self, path: str, method: str, query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None, form_data: Mapping[str, object] | None = None, auth: object = None,
    ) -> _Answer:  # fmt: skip
        validate_request_path(path)
        try:
            asked = self._build_request(method, path, _given(query), _given(body), _given(form_data))
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            raise _Unsendable(f"{type(error).__name__}: {error}") from None
        answer = await self.client.send(asked, follow_redirects=False)
        return _Answer(answer.status_code, answer.headers, answer.content)


def _given(values: Mapping[str, object] | None) -> dict[str, object] | None:
    return None if values is None else dict(values)


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
                raise _TooLarge(f"larger than {ANSWER_BYTES:,} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _plain(request: httpx.Request) -> None:
    request.headers["Accept-Encoding"] = "identity"


async def _bounded(response: httpx.Response) -> None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _TooLarge("compressed, which was not requested")
    if isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _Bounded(response.stream)


async def _awaited(answer: object) -> object:
    """notion-client types its answers as "value or awaitable"; the async client always gives an awaitable."""
    return await answer if isinstance(answer, Awaitable) else answer


def _kind(status: int, content: bytes) -> str:
    """What an answer means to the board; `WIRE` has the rows for people, `verdicts` whose words they are."""
    if verdicts.read(WIRE, status, content).form is Form.PAGE and not content.lstrip().startswith(b"{"):
        return "down"  # a page of something in between, whatever its status, is no word of Notion's
    if status == 401:
        return "credentials"
    if status in (403, 404):
        return "gone"
    if status in (407, 408, 409, 425) or not 400 <= status < 500:
        # a 409 is a collision inside Notion, safe to repeat; a redirect comes from something that stands before it
        return "down"
    return "rejected"


def _date_ms(header: str | None) -> int | None:
    """The time of an HTTP Date header, ms; None for none."""
    try:
        return round(parsedate_to_datetime(header or "").timestamp() * 1000)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _asked_s(asked: object, now_ms: int) -> float:
    """How long Notion asks to wait, at least a second: BUSY_S when it says nothing that can be understood."""
    found = bounds.wait_s(asked, now_ms)
    if found is None:
        # days and years are as good as the longest ban; what is no number is no wish
        found = BUSY_S if bounds.number(asked, bounds.LONGEST_WAIT_S, math.inf) is None else bounds.LONGEST_WAIT_S
    return max(1.0, found)
