"""Files on the board: one row of the Assets table for each, made once and updated with each new take.

A row that may exist is looked for before one is made: after a crash by its Key, and for the first file of each episode
since the start by the episode's entry, since a database that was restored from a backup knows no row of later.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from videod import files
from videod.board_rows import Link
from videod.core import row_texts
from videod.core.row_texts import mark
from videod.core.statuses import DONE
from videod.flow.previews import NotReady, Previewing, digest_of, name_with
from videod.ledger import Ledger
from videod.ports import Board, BoardError, Buckets, Clock, NoBuckets, Storage
from videod.store import objects, reads
from videod.store.database import Store
from videod.store.reads import OutboxMessage

log = logging.getLogger(__name__)

#: how the text begins that names files which an open review lacks
MISSING = "Not on the board yet"
#: of so many episodes it is remembered which rows the board has
REMEMBERED = 500
#: no file of an episode has this size, bytes
LARGEST = 8 << 30


#: a file that is not in its bucket yet is looked for again after so long, unless its upload says so before, ms
STORED_MS = 600_000
#: a link is renewed when this share of its time is over
RENEWED_AT = 2 / 3


class NotStored(NotReady):
    """The file is not in its channel's bucket yet; the message waits for it."""


class Assets:
    """`workspace_of` gives the folder of (channel id, task id)."""

    def __init__(
        self, board: Board, ledger: Ledger, store: Store, clock: Clock, workspace_of: Callable[[str, str], Path],
        buckets: Buckets | None = None, previewing: Previewing | None = None,
    ) -> None:  # fmt: skip
        self._buckets = buckets or NoBuckets()
        self._previewing = previewing or Previewing(None, board, ledger, store, clock, workspace_of)
        self._board = board
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._workspace_of = workspace_of
        self._found: dict[str, Mapping[str, str]] = {}

    async def deliver(self, message: OutboxMessage) -> bool:
        """Bring the file of a message to the board, or a link to it; False where it is gone.

        Raises BoardError, NotReady.
        """
        body = message.body
        task_id, channel_id, job = str(message.task_id), str(message.channel_id), str(body["job"])
        path = self._workspace_of(channel_id, task_id) / str(body["path"])
        known = await self._store.read(lambda tx: reads.asset_page(tx, message.key))
        digest, sealed = await self._digest_of(message, job, path)
        if digest is None:
            log.warning("relay_asset_missing", extra=context(message) | {"path": str(path)})
        elif known is None or known[1] != _shown(digest, body):
            storage = self._buckets.of(channel_id)
            name = None if storage is None else await self._object(message, storage, digest)
            small = await self._previewing.instead_of(message, path) if storage is None else None
            title = _name(job, body) if small is None else name_with(_name(job, body), path)
            content = sealed if small is None else await digest_of(small)
            row = known[0] if known else await self._row_of_before(message)
            if known is None:
                # from here on a row may exist: after a crash it is looked for by its Key, never made twice
                await self._ledger.saw_asset(message.key, row, "", self._clock.now_ms())
            text, fresh = await self._text(message, job), known is None and not row
            await self._ledger.row_begun(message.key, mark(text))
            try:
                row = await self._board.put_asset(
                    str(body["page_id"]), message.key, title, str(body["type"]),
                    small or path if storage is None or name is None else link_to(storage, name), _revision(body),
                    row or None, fresh=fresh, sha256=content, text=text,
                )  # fmt: skip
            except BoardError as error:
                if error.kind != "changed" or not await self._made_again(message, job):
                    raise
                digest = None  # the next take brings a message of its own
            else:
                if storage is not None:  # before the row counts as shown: its link must not be forgotten
                    await self._ledger.linked(message.key, *ends_of(self._clock.now_ms(), storage))
                await self._ledger.saw_asset(message.key, row, _shown(digest, body), self._clock.now_ms())
                await self._ledger.row_shows(message.key, self._board.attached(row))
                if fresh:  # else it may have been there, and a person may have written on it
                    await self._ledger.row_says(message.key, mark(text))
                self._previewing.shown(message)
                log.info("relay_asset_delivered", extra=context(message) | {"job": job})
        await self._ledger.delivered(message)
        await self._files_arrived(message)
        return digest is not None

    async def _text(self, message: OutboxMessage, job_name: str) -> str:
        """What the row says beside the file."""
        job = await self._store.read(lambda tx: reads.job(tx, str(message.task_id), job_name))
        return "" if job is None else row_texts.said(job)

    async def _object(self, message: OutboxMessage, storage: Storage, digest: str) -> str:
        """The name of the file in its bucket. Raises NotStored while it is not there."""
        if (name := await self._stored(message, storage, digest)) is not None:
            return name
        later = self._clock.now_ms() + STORED_MS
        problem = message.problem or "not in the bucket yet"
        await self._ledger.postpone(message, later, reads.STORAGE, problem, tried=False)
        # its upload wakes whoever waits: one that ended between the look and the wait woke nobody
        if (name := await self._stored(message, storage, digest)) is not None:
            return name
        raise NotStored(message.key)

    async def _stored(self, message: OutboxMessage, storage: Storage, digest: str) -> str | None:
        known = await self._store.read(lambda tx: objects.stored(tx, message.key))
        return known.name if known is not None and (known.place, known.sha256) == (storage.place, digest) else None

    async def _made_again(self, message: OutboxMessage, job_name: str) -> bool:
        """Whether the file is on its way to a new take, so that it is no wonder that it changed."""
        job = await self._store.read(lambda tx: reads.job(tx, str(message.task_id), job_name))
        return job is None or job.state is not DONE

    async def _row_of_before(self, message: OutboxMessage) -> str:
        """The row that an earlier life made and this database does not know; "" without one.

        One question for each episode: what is made from then on is in the database.
        """
        task_id, page_id = str(message.task_id), str(message.body["page_id"])
        if task_id not in self._found:
            rows = await self._board.asset_rows(page_id)
            self._found[task_id] = rows
            while len(self._found) > REMEMBERED:
                del self._found[next(iter(self._found))]
        return self._found[task_id].get(message.key, "")

    async def _files_arrived(self, message: OutboxMessage) -> None:
        """Let the entry's review open at once where this was the last file that it waited for."""
        task_id, page_id, at = str(message.task_id), str(message.body["page_id"]), self._clock.now_ms()
        missing, seen = await self._store.read(
            lambda tx: (reads.unsent_assets(tx, task_id), reads.page_seen(tx, page_id) or {})
        )
        if missing:
            return
        if str(seen.get("Error Log") or "").startswith(MISSING):
            await self._ledger.show(task_id, ("Error Log",), at)
        await self._ledger.hasten_entry(page_id, at)

    async def _digest_of(self, message: OutboxMessage, job_name: str, path: Path) -> tuple[str | None, str]:
        """The file's sha256, None when it is gone; and the one of its check, which what is sent must have.

        A message of before digests were noted ("") is about the file of its job, where that still is its take.
        """
        sealed = str(message.body.get("sha256") or "")
        if not sealed:
            job = await self._store.read(lambda tx: reads.job(tx, str(message.task_id), job_name))
            if job is not None and job.sha256 and job.output == message.body["path"]:
                sealed = job.sha256
        if sealed:
            return (None if files.seen(path) is None else sealed), sealed
        return await asyncio.to_thread(_digest, path), ""


def context(message: OutboxMessage) -> dict[str, object]:
    """What a log line about a message names."""
    return {"task": message.task_id, "channel": message.channel_id, "key": message.key}


def link_to(storage: Storage, name: str) -> Link:
    """A signed link to an object, under the name of its file."""
    return Link(storage.link(name), name.rpartition("/")[2][-100:])


def ends_of(at: int, storage: Storage) -> tuple[int, int, int]:
    """When a link was made, when it ends and when it must be renewed, ms."""
    life_ms = storage.link_s * 1000
    return at, at + life_ms, at + round(life_ms * RENEWED_AT)


def _name(job: str, body: dict[str, object]) -> str:
    """What the row is called, such as "clip_07" or "clip_07, take 2"."""
    takes = _revision(body)
    name = job.split("/", 1)[1]
    return f"{name}, take {takes + 1}" if takes else name


def _revision(body: dict[str, object]) -> int:
    revision = body["revision"]
    return revision if isinstance(revision, int) else 0


def _shown(digest: str, body: dict[str, object]) -> str:
    """What a row stands for: the file, and which take; a new take is shown even where it came out the same."""
    takes = _revision(body)
    return f"{digest} take {takes + 1}" if takes else digest


def _digest(path: Path) -> str | None:
    """The file's sha256, or None when it is gone (removed after its time, or on its way to a new take).

    Raises BoardError where what stands there is no file that may be sent.
    """
    try:
        with files.open_made(path) as source:
            return files.fingerprint(source, LARGEST)[1]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BoardError("changed", f"{path.name} cannot be sent: {files.reason(error)}") from error
