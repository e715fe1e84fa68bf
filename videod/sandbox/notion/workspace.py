"""What every room of the simulated service shares: the store, the clock and who is asking."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from aiohttp import web

from videod.sandbox.kernel import Context
from videod.sandbox.notion import text
from videod.sandbox.notion.model import BOARD_PAGE_ID, PERSON_ID, WORKSPACE_ID, Json, Page, Row, Upload
from videod.sandbox.notion.store import Store

NEWEST = "2026-03-11"
#: before databases were divided into data sources
OLDEST = "2022-06-28"
VERSIONS = (OLDEST, "2025-09-03", NEWEST)
#: Rows a query hands out at most over all its pages.
QUERY_CAP = 10_000

AnyRow = TypeVar("AnyRow", bound=Row)


@dataclass(frozen=True)
class Caller:
    """Who sent the request, in which version of the API, and the address by which the simulated service was reached."""

    user_id: str
    version: str
    base: str

    @property
    def is_newest(self) -> bool:
        return self.version == NEWEST

    @property
    def is_oldest(self) -> bool:
        return self.version == OLDEST


CALLER = web.RequestKey("caller", Caller)


class Workspace:
    """One Notion workspace. `query_cap` is lowered by tests."""

    def __init__(self, context: Context, query_cap: int = QUERY_CAP) -> None:
        self.context = context
        self.store = Store(context)
        self.query_cap = query_cap
        self.file_bytes = context.options.notion_file_bytes
        if BOARD_PAGE_ID not in self.store.pages:
            title = {"title": text.of("Studio")}
            birth = {**self.store.birth(PERSON_ID), "id": BOARD_PAGE_ID}
            self.store.put(Page(**birth, parent_type="workspace", parent_id=WORKSPACE_ID, properties=title))

    def set_plan(self, given: Json) -> Json:
        """`file_bytes`: the largest file that is taken from now on. Raises ValueError with a sentence."""
        most = given.get("file_bytes", self.file_bytes)
        if isinstance(most, bool) or not isinstance(most, int) or not 0 < most <= 5 << 30:
            raise ValueError(f"file_bytes must be a whole number from 1 to {5 << 30}, not {most!r}")
        self.file_bytes = most
        return {"file_bytes": most}

    def now_ms(self) -> int:
        return self.context.now_ms()

    def edited(self, row: AnyRow, caller: Caller) -> AnyRow:
        """The row with the marks of an edit: who and when."""
        return replace(row, edited_ms=max(row.edited_ms, self.now_ms()), edited_by=caller.user_id)

    def attachments(self, upload_ids: Iterable[str]) -> list[Upload]:
        """The rows that record that these uploads hang on something now and no longer expire."""
        uploads = [self.store.uploads[upload_id] for upload_id in dict.fromkeys(upload_ids)]
        return [replace(upload, attached=True) for upload in uploads if not upload.attached]
