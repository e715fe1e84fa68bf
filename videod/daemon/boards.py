"""Which board there is, Notion's or videod's own, what each needs of the daemon, and a folder that changes boards."""

import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from uuid import uuid4

import httpx

from videod.adapters.notion import NotionBoard, Place
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_lease import NotionLease
from videod.adapters.notion_pacer import NAME, NotionPacer
from videod.adapters.notion_places import Ids, kept_ids
from videod.adapters.notion_sources import OwnSources
from videod.adapters.own_board import OwnBoard, OwnLine
from videod.config import Notion, Settings
from videod.core.lease import Holder
from videod.daemon import ending, refusals, wiring
from videod.daemon.board_lease import this_holder
from videod.daemon.refusals import StartError
from videod.ledger import Ledger
from videod.ports import Brings, Clock, LeaseBoard
from videod.store import entries, entry_writes, page_blocks, reads
from videod.store.database import Store

AnyBoard = NotionBoard | OwnBoard
#: what an entry is shown of an episode that began on another board
SHOWN = ("Status", "Progress", "Error Log", "Next Retry", "Cost", "YouTube URL")
#: the name under which the kind of board is kept that this state folder began with
KIND = "board_kind"


@dataclass(frozen=True)
class Joined:
    """The board, what a person's own sources and stories are read from, and who it belongs to.

    `notion`: the connection, None where the board is videod's own.
    """

    board: AnyBoard
    line: LeaseBoard
    brings: Brings
    me: Holder
    notion: Calls | None = None


async def settle(store: Store, ledger: Ledger, settings: Settings, clock: Clock) -> None:
    """Bring what is in the state folder to the board of the settings.

    Episodes that began in Notion continue on videod's own board. The way back is refused (StartError): Notion has no
    entries for episodes that began here, and shows others as they were long ago, which would be taken for wishes.
    """
    at = clock.now_ms()
    if settings.board.own:
        for task_id in await store.write(lambda tx: entry_writes.take_over(tx, at)):
            await ledger.show(task_id, SHOWN, at)
    elif there := await store.read(entries.count):
        many = "1 entry" if there == 1 else f"{there:,} entries"
        raise StartError(
            f"The board of this state folder is videod's own and has {many}, which cannot move to Notion. Set"
            ' `kind = "none"` under [board] of videod.toml, or name another folder for Notion with `state` under'
            " [paths].", refusals.CONFIGURATION,
        )  # fmt: skip
    if await store.read(lambda tx: reads.value(tx, KIND)) != settings.board.kind:
        await ledger.set_value(KIND, settings.board.kind)


async def join(
    sources: wiring.Sources, store: Store, ledger: Ledger, clock: Clock,
    remarks: list[Callable[[], Sequence[str]]], opened: AsyncExitStack,
) -> Joined:  # fmt: skip
    """The board of the settings. Raises StartError where the connection to Notion cannot be made."""
    me = this_holder(await _installation(store, ledger))
    if sources.settings.board.own:
        own = OwnBoard(store, clock)
        return Joined(own, OwnLine(clock, me), own, me)
    calls = await _notion_calls(sources, store, ledger, clock, remarks)
    opened.push_async_callback(ending.closed, "Notion", calls.aclose)
    board = NotionBoard(calls, clock, await _place(store, sources.settings.notion))
    brings = OwnSources()
    brings.calls = calls
    brings.ours = lambda page_id: store.read(lambda tx: page_blocks.made_on(tx, page_id))
    return Joined(board, NotionLease(calls, board.ids), brings, me, calls)


async def _installation(store: Store, ledger: Ledger) -> str:
    """The name of this state folder, given once and for all."""
    known = await store.read(lambda tx: reads.value(tx, "installation"))
    if known is None or re.fullmatch(r"[0-9a-f]{12}", known) is None:
        known = uuid4().hex[:12]
        await ledger.set_value("installation", known)
    return known


async def _notion_calls(
    sources: wiring.Sources, store: Store, ledger: Ledger, clock: Clock, remarks: list[Callable[[], Sequence[str]]]
) -> Calls:  # fmt: skip
    """The paced connection. Raises StartError where the environment or the file of turns does not let it be made."""
    banned_until = await store.read(lambda tx: reads.value_ms(tx, "notion_not_before")) or 0

    async def remember(until_ms: int) -> None:
        await ledger.set_value("notion_not_before", str(until_ms))

    async def remark(text: str) -> None:
        await ledger.set_value("board_remark", text)

    path, notion = sources.state / NAME, sources.settings.notion
    try:
        turn = NotionPacer(path)
    except OSError as error:
        raise StartError(
            f"{path} cannot be used: {error.strerror}. Remove it (it holds nothing but the pace of requests to"
            " Notion), then start videod again.", refusals.GROUND,
        ) from None  # fmt: skip
    remarks.append(lambda: (turn.problem,) if turn.problem else ())
    try:
        return Calls(
            sources.secrets.get("NOTION_TOKEN") or "", clock, sources.urls["VIDEOD_URL_NOTION"],
            notion.requests_per_s, banned_until, remember, version=notion.version, turn=turn, remark=remark,
        )  # fmt: skip
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        turn.close()
        raise refusals.of_connections(error, os.environ) from error


async def _place(store: Store, notion: Notion) -> Place:
    """Where the board is; as it was found last time, so that a start need not look for it, unless settings changed."""
    kept = await store.read(lambda tx: reads.value_json(tx, "notion_ids"))
    known: Ids | None = kept_ids(kept, notion.database_id, notion.parent_page)
    return Place(known, notion.database_id or None, notion.parent_page or None)


async def find(board: AnyBoard, notion: Notion, ledger: Ledger) -> None:
    """Keep where the board in Notion is, so that the next start need not look for it. Raises BoardError."""
    if isinstance(board, NotionBoard):
        found = {"place": [notion.database_id, notion.parent_page], "ids": asdict(await board.ids())}
        await ledger.set_value("notion_ids", json.dumps(found))
