"""A board in memory that answers as a service over a network does: at its pace, with latency, in parts of a hundred.

Between the reading of an entry and our write lies a round trip, as in reality: what a person sets in that moment is
lost there as well, and counted in `overwritten`.
"""

import asyncio
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.flow.board_double import Entry
from tests.harness.world import PoweredBoard
from videod.adapters.notion_pace import Line, Rank
from videod.board_rows import NO_NOTES, AssetRow, Link
from videod.ports import BoardError, Page

PART = 100
PER_S = 3.0
#: a sleep may end a little early, as a share of a turn
EARLY = 0.06


@dataclass
class PacedBoard(PoweredBoard):
    """`latency_s`: the shortest and the longest round trip. `asked` has the time of every request, loop seconds."""

    chance: random.Random = field(default_factory=random.Random)
    latency_s: tuple[float, float] = (0.002, 0.01)
    asked: list[float] = field(default_factory=list)
    overwritten: list[tuple[str, str]] = field(default_factory=list)
    #: until when it does not answer, or asks to wait, loop seconds
    down_until_s: float = 0.0
    busy_until_s: float = 0.0
    _free_s: float = 0.0
    _used_s: float = -3600.0
    _line: Line = field(init=False)

    def __post_init__(self) -> None:
        self._line = Line(self._wait_for_turn, self._took)

    async def _wait_for_turn(self) -> int:
        loop = asyncio.get_running_loop()
        begins = max(loop.time(), self._free_s)
        self._free_s = begins + 1 / PER_S
        await asyncio.sleep(begins - loop.time())
        return int((loop.time() - self._used_s) * PER_S + EARLY) - 1

    def _took(self, turns: int) -> None:
        self._used_s = asyncio.get_running_loop().time() + (turns - 1) / PER_S
        self._free_s += (turns - 1) / PER_S

    async def _request(self, turns: int = 1, trip: float = 1.0, rank: Rank = Rank.TELL) -> None:
        """One request as it is answered; `trip`: the share of a round trip until then."""
        loop = asyncio.get_running_loop()
        if turns:
            await self._line.turn(rank, turns)
        self.asked.append(loop.time())
        await self._travel(trip)
        if loop.time() < self.down_until_s:
            raise BoardError("down", "Notion did not answer in time")
        if loop.time() < self.busy_until_s:
            raise BoardError("busy", "slow down", self.busy_until_s - loop.time())

    async def _travel(self, trip: float) -> None:
        await asyncio.sleep(trip * self.chance.uniform(*self.latency_s))

    async def edited_since(self, since_ms: int) -> list[Page]:
        await self._request(rank=Rank.LIST)
        pages = await super().edited_since(since_ms)
        for _ in range(math.ceil(len(pages) / PART) - 1):
            await self._request(rank=Rank.LIST)
        return pages

    async def newest(self, since_ms: int, labels: Sequence[str] = ()) -> list[Page]:
        await self._request(rank=Rank.WISH)
        return await super().newest(since_ms, labels)

    async def read(self, page_id: str) -> Page:
        await self._request(rank=Rank.WISH)
        return await super().read(page_id)

    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        await self._request()
        await super().write(page_id, values)

    async def replace(self, page_id: str, values: Mapping[str, object], may: Callable[[Page], bool]) -> Page | None:
        await self._request(turns=2, trip=0.5)
        page = self._page(page_id)
        await self._travel(0.5)
        if not may(page):
            return page
        await self._request(turns=0, trip=0.5)
        entry: Entry = self.entries[page_id]
        if "Status" in values and entry.values["Status"] != page.values["Status"]:
            self.overwritten.append((page_id, str(entry.values["Status"])))
        await super().write(page_id, values)
        await self._travel(0.5)
        return None

    async def rows_of(self, page_id: str) -> list[AssetRow]:
        await self._request(rank=Rank.WISH)
        return await super().rows_of(page_id)

    async def edited_rows(self, since_ms: int) -> list[AssetRow]:
        await self._request(rank=Rank.LIST)
        return await super().edited_rows(since_ms)

    async def say_on_row(self, asset_id: str, text: str, may: Callable[[AssetRow], bool]) -> bool:
        for _ in range(2):
            await self._request()
        return await super().say_on_row(asset_id, text, may)

    async def unflag_assets(self, asset_ids: list[str], notes: Mapping[str, str] = NO_NOTES) -> None:
        for asset_id in asset_ids:
            for _ in range(2 if asset_id in notes else 1):
                await self._request()
            await super().unflag_assets([asset_id], notes)

    async def asset_rows(self, page_id: str) -> dict[str, str]:
        await self._request()
        return await super().asset_rows(page_id)

    async def put_asset(
        self, page_id: str, key: str, name: str, kind: str, file: Path | Link, revision: int, known_id: str | None,
        fresh: bool = False, sha256: str = "", text: str = "",
    ) -> str:  # fmt: skip
        for _ in range(3 if fresh else 4):  # where is it, make the upload, send it, write the row
            await self._request()
        return await super().put_asset(page_id, key, name, kind, file, revision, known_id, fresh, sha256, text)
