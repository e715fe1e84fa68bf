"""Reading the rows of a data source: all that fit a condition, or the first part of them.

Lists come in parts of a hundred, and one query shows ten thousand. A row that makes no sense is reported once and left
out, so that it hides no other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from videod.adapters.notion_calls import Budget, Calls
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_shapes import Json, Once, identifier, moment, nonsense, record
from videod.ports import NEWEST, BoardError

T = TypeVar("T")
#: makes what is wanted of one row. Raises BoardError where the row makes no sense
Reader = Callable[[Json], T]
PAGE_SIZE = 100


@dataclass(frozen=True)
class Row:
    id: str
    body: Json


class Rows:
    """See the module's text. `once` tells each row of nonsense one time."""

    def __init__(self, calls: Calls, once: Once) -> None:
        self._calls = calls
        self._once = once

    async def newest(self, source: str, what: str, condition: Json, reader: Reader[T]) -> list[T]:
        """The rows that were edited last, NEWEST at most: one request."""
        body: dict[str, object] = {
            "filter": condition, "page_size": NEWEST,
            "sorts": [{"timestamp": "last_edited_time", "direction": "descending"}],
        }  # fmt: skip
        results, _ = await self._calls.part(
            what, lambda api, more: api.data_sources.query(source, **body, **more), None, Budget(), rank=Rank.WISH
        )
        return list(self.readable(what, self._pages(what, results), reader).values())

    async def query(
        self, source: str, what: str, condition: Json, reader: Reader[T], trash: bool = False, rank: Rank = Rank.TELL
    ) -> list[T]:  # fmt: skip
        """What `reader` makes of every row that fits, the oldest first.

        One query shows 10,000 rows: beyond them it is asked again, by windows of creation time.
        """
        found: dict[str, T] = {}
        seen: set[str] = set()
        budget = Budget()
        window: Json = condition
        while True:
            rows, complete = await self._window(source, what, window, trash, budget, rank)
            fresh = [row for row in rows if row.id not in seen]
            seen.update(row.id for row in fresh)
            found.update(self.readable(what, fresh, reader))
            if complete:
                return list(found.values())
            if not fresh:
                raise BoardError("rejected", f"Notion, {what}: more rows were made in one minute than a query shows")
            # sorted by creation, which no edit changes: the next window begins where this one was cut
            cut = moment(rows[-1].body.get("created_time"), what, "created_time")
            later = {"timestamp": "created_time", "created_time": {"on_or_after": cut}}
            window = {"and": [condition, later]}

    def readable(self, what: str, rows: list[Row], reader: Reader[T]) -> dict[str, T]:
        """Row id -> what was read. A row that makes no sense is reported once and left out."""
        found = {}
        for row in rows:
            try:
                found[row.id] = reader(row.body)
            except BoardError as error:
                self._once.tell("notion_row_nonsense", row.id, error=str(error))
        return found

    async def _window(
        self, source: str, what: str, condition: Json, trash: bool, budget: Budget, rank: Rank
    ) -> tuple[list[Row], bool]:  # fmt: skip
        """The rows of one query and whether that was all of them."""
        body: dict[str, object] = {
            "filter": condition, "page_size": PAGE_SIZE,
            "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
        }  # fmt: skip
        if trash:
            body["in_trash"] = True
        rows: list[Row] = []
        start: str | None = None
        budget.begin()
        while True:
            results, answer = await self._calls.part(
                what, lambda api, more: api.data_sources.query(source, **body, **more), start, budget, rank
            )
            rows += self._pages(what, results)
            start = budget.next(answer, what)
            if start is None:
                status = answer.get("request_status")
                return rows, not (isinstance(status, dict) and status.get("type") == "incomplete")

    def _pages(self, what: str, results: list[object]) -> list[Row]:
        """The pages among the results. Raises BoardError "down" when there is nonsense and not one good row."""
        rows = []
        problem: BoardError | None = None
        for one in results:
            try:
                row = record(one, what, "a row")
                if row.get("object") == "page":
                    rows.append(Row(identifier(row.get("id"), what, "the id of a row"), row))
                elif not isinstance(row.get("object"), str):
                    raise nonsense(what, "the object of a row", "a text", row.get("object"))
            except BoardError as error:
                problem = error
        if problem is not None and not rows:
            raise problem
        if problem is not None:
            self._once.tell("notion_row_nonsense", "", call=what, error=str(problem))
        return rows
