"""The workspace on disk: a snapshot (`context.save`) and a journal of every row written since.

A write is acknowledged only after its journal line was handed to the operating system, so killing the process
loses nothing that was answered. There is no fsync: the simulated service plays a remote service, which does not lose
power together with the daemon under test. A line torn by a kill was never acknowledged and is dropped.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from videod.sandbox.kernel import Context
from videod.sandbox.notion.errors import not_found
from videod.sandbox.notion.model import (
    Block,
    Comment,
    Database,
    DataSource,
    Json,
    Page,
    Row,
    Upload,
    View,
    as_json,
    data_source_from_json,
)

SERVICE = "notion"
#: The journal is folded into a new snapshot when it outgrows both this and twice the snapshot (bytes).
JOURNAL_MIN_BYTES = 8 << 20

AnyRow = TypeVar("AnyRow", bound=Row)

_KINDS: dict[str, tuple[type[Row], Callable[[Json], Row]]] = {
    "databases": (Database, lambda kept: Database(**kept)),
    "data_sources": (DataSource, data_source_from_json),
    "pages": (Page, lambda kept: Page(**kept)),
    "blocks": (Block, lambda kept: Block(**kept)),
    "comments": (Comment, lambda kept: Comment(**kept)),
    "uploads": (Upload, lambda kept: Upload(**kept)),
    "views": (View, lambda kept: View(**kept)),
}
_TABLE_OF = {kind: table for table, (kind, _) in _KINDS.items()}


class Store:
    """All rows by id. One writer; any number of readers on the same folder follow it with `refresh`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.folder(SERVICE)
        self._snapshot_mark: tuple[int, int] | None = None
        #: is shown every row that is written, with the one whose place it takes
        self.watch: Callable[[Row | None, Row], None] = lambda before, after: None
        self._clear()
        self.refresh()

    def _clear(self) -> None:
        self.databases: dict[str, Database] = {}
        self.data_sources: dict[str, DataSource] = {}
        self.pages: dict[str, Page] = {}
        self.blocks: dict[str, Block] = {}
        self.comments: dict[str, Comment] = {}
        self.uploads: dict[str, Upload] = {}
        self.views: dict[str, View] = {}
        self._pages_of: dict[str, list[str]] = {}
        self._serial = 0
        self._generation = 0
        self._read_bytes = 0

    # --- reading

    def pages_of(self, parent_id: str) -> list[Page]:
        """Pages under a data source or page in order of creation, those in the trash included."""
        return [self.pages[page_id] for page_id in self._pages_of.get(parent_id, [])]

    def parent_of(self, database: Database) -> Json:
        """Where a database lies, as the API says it."""
        kind = "block_id" if database.parent_id in self.blocks else "page_id"
        return {"type": kind, kind: database.parent_id}

    def find(self, table: Mapping[str, AnyRow], kind: str, wanted: str) -> AnyRow:
        """The row, or the 404 that Notion answers for it."""
        row = table.get(wanted)
        if row is None:
            raise not_found(kind, wanted)
        return row

    # --- writing

    def new_id(self) -> str:
        """A fresh UUID. It follows from the seed and the count of ids, so a rerun of a test sees the same ones."""
        self._serial += 1
        digest = hashlib.sha256(f"{self._context.options.seed}:{self._serial}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def birth(self, user_id: str) -> Json:
        """The fields that every new row shares."""
        now_ms = self._context.now_ms()
        new_id = self.new_id()
        return {
            "id": new_id, "serial": self._serial, "created_ms": now_ms, "edited_ms": now_ms,
            "created_by": user_id, "edited_by": user_id,
        }  # fmt: skip

    def put(self, *rows: Row) -> None:
        """Keep these rows, all or (when the process is killed meanwhile) a prefix that was never acknowledged."""
        lines = []
        for row in rows:
            table = _TABLE_OF[type(row)]
            self.watch(self._table(table).get(row.id), row)
            self._place(table, row)
            lines.append(json.dumps({"table": table, "serial": self._serial, "row": as_json(row)}) + "\n")
        self._cut_torn_tail()
        with self._journal().open("a") as out:
            out.write("".join(lines))
        self._read_bytes = self._journal().stat().st_size
        snapshot_bytes = self._snapshot_mark[1] if self._snapshot_mark else 0
        if self._read_bytes > max(JOURNAL_MIN_BYTES, 2 * snapshot_bytes):
            self.fold()

    def fold(self) -> None:
        """Write everything as the snapshot of the next generation and begin an empty journal."""
        old_journal = self._journal()
        self._generation += 1
        tables = {table: [as_json(row) for row in self._table(table).values()] for table in _KINDS}
        self._context.save(SERVICE, {"generation": self._generation, "serial": self._serial, "tables": tables})
        self._snapshot_mark = self._look_at_snapshot()
        self._read_bytes = 0
        old_journal.unlink(missing_ok=True)

    # --- following the files

    def refresh(self) -> None:
        """Take up what was written to the folder since the last look."""
        mark = self._look_at_snapshot()
        if mark != self._snapshot_mark:
            self._clear()
            self._snapshot_mark = mark
            state = self._context.load(SERVICE)
            self._generation, self._serial = state["generation"], state["serial"]
            for table, kept_rows in state["tables"].items():
                for kept in kept_rows:
                    self._place(table, _KINDS[table][1](kept))
        self._read_journal()

    def _read_journal(self) -> None:
        journal = self._journal()
        if not journal.exists():
            return
        with journal.open("rb") as source:
            source.seek(self._read_bytes)
            fresh = source.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        for line in whole.splitlines():
            entry = json.loads(line)
            self._serial = max(self._serial, entry["serial"])
            self._place(entry["table"], _KINDS[entry["table"]][1](entry["row"]))
        self._read_bytes += len(whole)

    def _cut_torn_tail(self) -> None:
        journal = self._journal()
        if journal.exists() and journal.stat().st_size > self._read_bytes:
            with journal.open("r+b") as target:
                target.truncate(self._read_bytes)

    def _look_at_snapshot(self) -> tuple[int, int] | None:
        path = self._folder / "state.json"
        if not path.exists():
            return None
        seen = path.stat()
        return seen.st_mtime_ns, seen.st_size

    def _journal(self) -> Path:
        return self._folder / f"journal-{self._generation}.jsonl"

    def _table(self, table: str) -> dict[str, Row]:
        tables: dict[str, dict[str, Row]] = vars(self)
        return tables[table]

    def _place(self, table: str, row: Row) -> None:
        if isinstance(row, Page) and row.id not in self.pages:
            self._pages_of.setdefault(row.parent_id, []).append(row.id)
        self._table(table)[row.id] = row
