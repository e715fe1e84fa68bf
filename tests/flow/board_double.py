"""A board in memory: people edit it, it fails when told to, and it rounds edit times to the minute as Notion does."""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from videod import files
from videod.board_rows import NO_NOTES, AssetRow, Link
from videod.core.alerts import Note
from videod.core.entry_page import Block, Seen
from videod.core.row_texts import mark
from videod.ports import BoardError, Page, Sent
from videod.ports import Clock as ClockSeam

BEGIN_MS = 1_795_000_020_000


@dataclass
class Clock:
    """Stops unless somebody sleeps or a test lets time pass."""

    at: int = BEGIN_MS

    def now_ms(self) -> int:
        return self.at

    def steady_ms(self) -> int:
        return self.at - BEGIN_MS

    async def sleep(self, seconds: float) -> None:
        self.at += int(seconds * 1000)

    def pass_s(self, seconds: float) -> None:
        self.at += int(seconds * 1000)


@dataclass
class Entry:
    values: dict[str, object]
    edited_at: int
    in_trash: bool = False
    editor: str = ""


@dataclass
class Asset:
    key: str
    page_id: str
    name: str
    kind: str
    content: bytes
    revision: int
    redo: bool = False
    #: the address of its file, where that lies elsewhere
    url: str = ""
    text: str = ""
    note: str = ""
    edited_at: int = 0


@dataclass
class OnPage:
    """A block on an entry's page; a person's own has any kind."""

    id: str
    kind: str
    text: str
    media: str = ""


@dataclass
class BoardDouble:
    """`writes` lists (page, values) as they arrived; `broken` maps a method to the error it raises until removed."""

    clock: ClockSeam
    entries: dict[str, Entry] = field(default_factory=dict)
    #: the largest file that it takes, bytes
    takes_bytes: int = 5 << 30
    assets: dict[str, Asset] = field(default_factory=dict)
    writes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    #: what stands on the pages of entries
    pages: dict[str, list["OnPage"]] = field(default_factory=dict)
    page_calls: list[tuple[str, int]] = field(default_factory=list)
    _serial: int = 0
    #: (key, text) of the rows that got another text
    said: list[tuple[str, str]] = field(default_factory=list)
    #: entries whose asset rows were asked for
    asked_for_rows: list[str] = field(default_factory=list)
    broken: dict[str, BoardError] = field(default_factory=dict)
    #: pages that alone fail
    broken_pages: dict[str, BoardError] = field(default_factory=dict)
    #: a write lands, yet its answer is lost
    loses_answers: bool = False
    #: called before a write takes effect, so that a test can act in between
    before_write: Callable[[], Awaitable[None]] | None = None

    # ---------------------------------------------------------------- what people do

    def person_sets(self, page_id: str, **values: object) -> None:
        """`Status="Queued"`, `Story_Direction="..."`: underscores are spaces."""
        entry = self.entries.setdefault(page_id, Entry({}, 0))
        entry.values |= {name.replace("_", " "): value for name, value in values.items()}
        entry.edited_at = self.clock.now_ms()

    def add(self, page_id: str, **values: object) -> None:
        usual: dict[str, object] = {
            "Title": f"Film {page_id}", "Channel": "wild", "Topic": "bears", "Story_Direction": "a crossing",
            "Status": "Draft", "Priority": "Normal", "Privacy": None,
        }  # fmt: skip
        self.person_sets(page_id, **(usual | values))

    def person_trashes(self, page_id: str, in_trash: bool = True) -> None:
        self.person_sets(page_id)
        self.entries[page_id].in_trash = in_trash

    def status(self, page_id: str) -> object:
        return self.entries[page_id].values["Status"]

    # ---------------------------------------------------------------- the port

    def _fail(self, method: str, page_id: str = "") -> None:
        if method in self.broken:
            raise self.broken[method]
        if page_id in self.broken_pages:
            raise self.broken_pages[page_id]

    def _page(self, page_id: str) -> Page:
        entry = self.entries[page_id]
        minute = entry.edited_at - entry.edited_at % 60_000
        return Page(page_id, minute, entry.in_trash, dict(entry.values), entry.editor)

    async def check(self) -> list[str]:
        return []

    async def edited_since(self, since_ms: int) -> list[Page]:
        self._fail("edited_since")
        pages = [self._page(page_id) for page_id in self.entries]
        return [page for page in pages if page.edited_at >= since_ms - since_ms % 60_000]

    async def newest(self, since_ms: int, labels: Sequence[str] = ()) -> list[Page]:
        self._fail("newest")
        pages = [self._page(page_id) for page_id in self.entries]
        found = [page for page in pages if page.edited_at >= since_ms - since_ms % 60_000]

        def fits(page: Page) -> bool:
            again = page.values["Status"] == "Queued" and bool(page.values.get("Videod Key"))
            return not labels or page.values["Status"] in labels or again

        wanted = [page for page in found if fits(page)]
        return sorted(wanted, key=lambda page: -page.edited_at)[:100]

    async def replace(self, page_id: str, values: Mapping[str, object], may: Callable[[Page], bool]) -> Page | None:
        page = await self.read(page_id)
        if not may(page):
            return page
        await self.write(page_id, values)
        return None

    async def read(self, page_id: str) -> Page:
        self._fail("read", page_id)
        self.reads.append(page_id)
        return self._page(page_id)

    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        self._fail("write", page_id)
        if self.before_write is not None:
            await self.before_write()
        self.writes.append((page_id, dict(values)))
        entry = self.entries[page_id]
        entry.values |= dict(values)
        entry.edited_at = self.clock.now_ms()
        if self.loses_answers:
            raise BoardError("down", "Notion did not answer in time: write the entry")

    def person_writes(self, key: str, **values: object) -> None:
        """On the row of a file: `text=`, `note=`, `redo=`."""
        row = next(row for row in self.assets.values() if row.key == key)
        for name, value in values.items():
            setattr(row, name, value)
        row.edited_at = self.clock.now_ms()

    def _row(self, asset_id: str) -> AssetRow:
        row = self.assets[asset_id]
        minute = row.edited_at - row.edited_at % 60_000
        return AssetRow(asset_id, row.key, minute, row.redo, row.text, row.note)

    async def rows_of(self, page_id: str) -> list[AssetRow]:
        self._fail("rows_of")
        return [self._row(one) for one, row in self.assets.items() if row.page_id == page_id]

    async def edited_rows(self, since_ms: int) -> list[AssetRow]:
        self._fail("edited_rows")
        rows = [self._row(one) for one in self.assets]
        return [row for row in rows if row.edited_at >= since_ms - since_ms % 60_000]

    async def unflag_assets(self, asset_ids: list[str], notes: Mapping[str, str] = NO_NOTES) -> None:
        self._fail("unflag_assets")
        for asset_id in asset_ids:
            row = self.assets[asset_id]
            row.redo = False
            if asset_id in notes and mark(row.note) == notes[asset_id]:
                row.note = ""
            row.edited_at = self.clock.now_ms()

    async def say_on_row(self, asset_id: str, text: str, may: Callable[[AssetRow], bool]) -> bool:
        self._fail("say_on_row", asset_id)
        if asset_id not in self.assets:
            raise BoardError("gone", "there is no such row")
        if not may(self._row(asset_id)):
            return False
        self.said.append((self.assets[asset_id].key, text))
        self.assets[asset_id].text, self.assets[asset_id].edited_at = text, self.clock.now_ms()
        return True

    def attached(self, asset_id: str) -> str:
        row = self.assets[asset_id]
        return "" if row.url else f"upload {hashlib.sha256(row.content).hexdigest()[:8]}"

    async def page_blocks(self, page_id: str) -> list[Seen]:
        self._fail("page_blocks")
        return [Seen(one.id, one.kind, one.text) for one in self.pages.get(page_id, [])]

    async def add_blocks(self, page_id: str, blocks: Sequence[Block], after: str) -> list[str]:
        self._fail("add_blocks")
        assert len(blocks) <= 100
        page = self.pages.setdefault(page_id, [])
        at = len(page) if not after else 1 + next(at for at, one in enumerate(page) if one.id == after)
        self._serial += len(blocks)
        made = [
            OnPage(f"block {self._serial - place}", block.kind, block.text, block.media)
            for place, block in enumerate(blocks)
        ]
        page[at:at] = made
        self.page_calls.append(("add", len(blocks)))
        return [one.id for one in made]

    async def change_block(self, block_id: str, block: Block) -> None:
        self._fail("change_block")
        one = next(one for page in self.pages.values() for one in page if one.id == block_id)
        assert one.kind == block.kind
        one.text, one.media = block.text, block.media
        self.page_calls.append(("change", 1))

    async def remove_block(self, block_id: str) -> None:
        self._fail("remove_block")
        for page in self.pages.values():
            page[:] = [one for one in page if one.id != block_id]
        self.page_calls.append(("remove", 1))

    async def asset_rows(self, page_id: str) -> dict[str, str]:
        self._fail("asset_rows")
        self.asked_for_rows.append(page_id)
        return {row.key: one for one, row in self.assets.items() if row.page_id == page_id}

    async def put_asset(
        self, page_id: str, key: str, name: str, kind: str, file: Path | Link, revision: int, known_id: str | None,
        fresh: bool = False, sha256: str = "", text: str = "",
    ) -> str:  # fmt: skip
        self._fail("put_asset")
        content = b"" if isinstance(file, Link) else _content(file, sha256)
        assert not (fresh and any(row.key == key for row in self.assets.values())), "called fresh, but it has a row"
        asset_id = known_id or next((one for one, row in self.assets.items() if row.key == key), f"row of {key}")
        kept = self.assets.get(asset_id) or Asset(key, page_id, name, kind, content, revision, text=text)
        url, now = file.url if isinstance(file, Link) else "", self.clock.now_ms()
        self.assets[asset_id] = replace(
            kept, name=name, content=content, revision=revision, url=url, edited_at=now
        )  # fmt: skip
        return asset_id

    async def file_limit(self) -> int:
        self._fail("file_limit")
        return self.takes_bytes

    async def link_asset(self, asset_id: str, link: Link) -> None:
        self._fail("link_asset", asset_id)
        if asset_id not in self.assets:
            raise BoardError("gone", "there is no such row")
        self.assets[asset_id].url = link.url

    async def sync_channels(self, names: list[str], story: bool = False) -> None:
        self._fail("sync_channels")


def _content(file: Path, sha256: str) -> bytes:
    try:
        with files.open_made(file) as source:
            content = source.read()
    except OSError as error:
        raise BoardError("changed", f"{file.name} is no plain file") from error
    if sha256 and sha256 != hashlib.sha256(content).hexdigest():
        raise BoardError("changed", f"{file.name} is not the file that was checked")
    return content


@dataclass
class NotifierDouble:
    sent: list[str] = field(default_factory=list)
    trouble: BoardError | None = None

    async def send(self, note: Note, taken: Collection[str] = ()) -> Sent:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(note.text)
        return Sent({"double": "ok"})
