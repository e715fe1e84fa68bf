"""The rows of the HTTP matrix that the daemon itself calls: the board, the alert, the token of an upload."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar
from unittest import mock

from tests.campaigns.faulty import FAULTS, Faulty, Good, told
from tests.campaigns.http_table import TABLE
from videod.adapters import notion_calls, oauth
from videod.adapters.clock import SystemClock
from videod.adapters.notifiers import slack
from videod.adapters.oauth import Application, GoogleTokens, Grant, seal, vault
from videod.core.alerts import Note
from videod.ledger import Ledger, Wakeups
from videod.ports import BoardError, TokenError
from videod.store.database import InlineDatabase
from videod.store.schema import migrate

#: the bound of every call in the cells whose answer does not end
HURRY_S = 0.25
LASTING = ("hang", "drip", "drip_head")
NOBODY = "http://127.0.0.1:1"
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
PAGE = "2e5c0f6e-1111-4222-8333-444455556666"
RESERVE_MIB = 64.0

Call = Callable[[str, Path, float], Awaitable[object]]
CellT = TypeVar("CellT", covariant=True)


class MakeCell(Protocol[CellT]):
    def __call__(self, endpoint: str, fault: str, wanted: str, got: str, complaints: tuple[str, ...]) -> CellT: ...


@dataclass(frozen=True)
class Row:
    """`call(url, folder, bound in seconds)` makes the call; `spot` is its pattern at the server."""

    spot: str
    good: Good
    call: Call


async def _notion(url: str, _: Path, bound_s: float) -> object:
    calls = notion_calls.Calls("ntn_secret_word", SystemClock(), url, 1000.0, timeout_s=bound_s)
    try:
        return await calls.call("read the entry", lambda api: api.pages.retrieve(PAGE))
    finally:
        await calls.aclose()


async def _slack(url: str, _: Path, bound_s: float) -> object:
    with mock.patch.object(slack, "CALL_S", bound_s):
        return await slack.Slack(f"{url}/services/T/B/secret").send(Note("Upload failed"))


async def _token(url: str, folder: Path, bound_s: float) -> object:
    migrate(folder / "videod.db")
    store = InlineDatabase(folder / "videod.db")
    ledger = Ledger(store, lambda channel: None, Wakeups())
    fernet, clock = vault(KEY), SystemClock()
    grant = Grant("wild", oauth.KIND, "refresh-me-please", ("scope",), "2026-11-01T00:00:00+00:00")
    try:
        await ledger.seal_token("wild", oauth.KIND, seal(grant, fernet), clock.now_ms())
        with mock.patch.object(oauth, "CALL_S", bound_s):
            application = Application("client", "client-secret-word", url)
            return await GoogleTokens(store, ledger, clock, fernet, lambda _: application, folder).youtube_token("wild")
    finally:
        await store.close()


ROWS: dict[str, Row] = {
    "notion": Row("GET /v1/pages/*", told({"object": "page", "id": PAGE}), _notion),
    "slack": Row("POST /services/*", Good(b"ok", mime="text/plain"), _slack),
    "google token of the daemon": Row("POST /token", told({"access_token": "fresh", "expires_in": 3599}), _token),
}


def cells(
    name: str, folder: Path, cell: MakeCell[CellT], strangers: Callable[[], list[str]],
    peak: Callable[[], AbstractContextManager[list[float]]],
) -> Iterator[CellT]:  # fmt: skip
    """One row. `strangers` gives the hosts that were connected to, `peak` measures memory in MiB."""
    row = ROWS[name]
    server = Faulty(lambda asked: row.good)
    wanted = TABLE[name]
    try:
        for number, fault in enumerate([*FAULTS, "nobody"]):
            server.set(None if fault == "nobody" else fault, row.spot)
            place = folder / f"{name} {number}".replace(" ", "-")
            place.mkdir()
            strangers()
            url = NOBODY if fault == "nobody" else server.url
            with peak() as grown:
                got, found = _outcome(row, url, place, HURRY_S if fault in LASTING else 60.0)
            found += [f"it connected to {host}" for host in strangers()]
            if server.outlasted:
                found.append("it outlasted the patience of the server: it has no bound of its own")
            if grown[0] > RESERVE_MIB:
                found.append(f"it took {grown[0]:.0f} MiB")
            yield cell(name, fault, wanted[fault], got, tuple(found))
    finally:
        server.close()


def _outcome(row: Row, url: str, folder: Path, bound_s: float) -> tuple[str, list[str]]:
    """What became of the call, and complaints about how it was reported."""
    try:
        asyncio.run(row.call(url, folder, bound_s))
    except BoardError as error:
        secrets = [word for word in ("ntn_secret_word", "/services/T/B/secret") if word in str(error)]
        waits = [] if error.kind != "busy" or error.retry_after_s else ["busy without a wait"]
        return error.kind, [f"{word} stands in the error" for word in secrets] + waits
    except TokenError as error:
        kind = "credentials" if error.permanent else "down"
        return kind, ["the token stands in the error"] if "refresh-me" in str(error) else []
    return "done", []
