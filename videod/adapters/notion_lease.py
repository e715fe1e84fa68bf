"""The line that says who works on a board: the last one of the description of videod's own table for files.

That table is videod's; whatever else stands in its description stays as it is.
"""

from collections.abc import Awaitable, Callable

from videod.adapters.notion_calls import Calls
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_places import Ids
from videod.adapters.notion_shapes import Json, asked_for, items, promised, record
from videod.core import lease
from videod.core.lease import Claim
from videod.ports import BoardError

_READ, _WRITE = "read who works on the board", "write who works on the board"
#: Notion takes so many pieces of a text
MOST_PIECES = 100


class NotionLease:
    """See ports.LeaseBoard. `ids` gives where the board is."""

    def __init__(self, calls: Calls, ids: Callable[[], Awaitable[Ids]]) -> None:
        self._calls = calls
        self._ids = ids

    @promised
    async def read(self) -> tuple[Claim | None, int]:
        found = _claim_in(await self._pieces())
        return found, self._calls.board_ms()

    @promised
    async def write(self, claim: Claim, may: Callable[[Claim | None], bool]) -> bool:
        pieces = await self._pieces()
        if not may(_claim_in(pieces)):
            return False
        kept = [left for piece in pieces if (left := _writable(piece)) is not None][: MOST_PIECES - 1]
        line = claim.line() if not kept else f"\n{claim.line()}"
        body = [*kept, {"type": "text", "text": {"content": line}}]
        database = await self._table()
        await self._calls.call(_WRITE, lambda api: api.databases.update(database, description=body), rank=Rank.WISH)
        return True

    async def _table(self) -> str:
        database = (await self._ids()).assets_database
        if not database:
            raise BoardError("gone", "the table of files is not known. Run `videod notion init`")
        return asked_for(database, _READ)

    async def _pieces(self) -> list[Json]:
        database = await self._table()
        answer = await self._calls.call(_READ, lambda api: api.databases.retrieve(database), rank=Rank.WISH)
        listed = items(answer.get("description"), _READ, "description")
        return [record(piece, _READ, "part of the description") for piece in listed]


def _claim_in(pieces: list[Json]) -> Claim | None:
    return next((claim for piece in pieces if (claim := lease.read(_text(piece))) is not None), None)


def _text(piece: Json) -> str:
    body = piece.get("text")
    found = piece.get("plain_text") or (body.get("content") if isinstance(body, dict) else "")
    return found if isinstance(found, str) else ""


def _writable(piece: Json) -> Json | None:
    """A piece of the description in the form in which it can be sent back, without our line; None: it is our line."""
    kind, left = piece.get("type"), lease.without(_text(piece))
    if kind in ("mention", "equation") and isinstance(piece.get(str(kind)), dict):
        kept: Json = {"type": kind, str(kind): piece[str(kind)]}
    elif not left.strip():
        return None
    else:
        body = piece.get("text")
        link = body.get("link") if isinstance(body, dict) else None
        kept = {"type": "text", "text": {"content": left} | ({"link": link} if isinstance(link, dict) else {})}
    return kept | ({"annotations": piece["annotations"]} if isinstance(piece.get("annotations"), dict) else {})
