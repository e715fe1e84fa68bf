"""Files of channels with `storage: r2` into their bucket, and links on rows renewed before they end.

The outbox says which files the board is to show; what is not in the channel's bucket yet is uploaded here, beside the
board's own way, so that a bucket that is slow, down or refuses holds up rows of its channels and nothing else. A bucket
that fails rests for a while; people hear of it once. What is uploaded and until when each row's link is good is in the
database, so that a restart continues where it was.
"""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from videod import files
from videod.core.board import sentence
from videod.core.statuses import DONE
from videod.flow.assets import context, ends_of, link_to
from videod.ledger import Ledger
from videod.ports import Board, BoardError, Buckets, Clock, Storage, StorageError
from videod.store import objects, reads
from videod.store.database import Store
from videod.store.objects import Stored, ToRenew
from videod.store.reads import OutboxMessage

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
#: a bucket that failed rests for these, by how often in a row it failed; the last one repeats, seconds
RESTS_S = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
#: people hear of a bucket that is down when it has been for so long, ms; of one that refuses at once
TOLD_AFTER_MS = 300_000
#: a file that is refused, or is not the one that was checked, is tried again after so long, ms
REFUSED_MS = 300_000
#: when the board takes no link, renewing rests for so long, ms; of one row that it refuses, for an hour
BOARD_RESTS_MS, ROW_RESTS_MS = 60_000, 3_600_000
#: so many links are looked up at once
AT_ONCE = 50
#: what `status` says of the bucket
REMARK = "storage_remark"


class Storing:
    """See the module's text. `workspace_of` gives the folder of (channel id, task id)."""

    def __init__(
        self, buckets: Buckets, ledger: Ledger, store: Store, clock: Clock, workspace_of: Callable[[str, str], Path]
    ) -> None:
        self._buckets = buckets
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._workspace_of = workspace_of
        #: place -> since when it fails, how often in a row it did, and until when it rests; ms of the steady clock
        self._failing: dict[str, tuple[int, int, int]] = {}
        #: (key, version) of a message -> when its file is tried again
        self._later: dict[tuple[str, int], int] = {}
        self._working: set[str] = set()

    async def deliver(self) -> int:
        """Store what waits, one file after the other; returns how many arrived."""
        arrived = 0
        tried: set[tuple[str, int]] = set()
        while (found := await self._next(tried)) is not None:
            message, storage = found
            tried.add((message.key, message.version))
            try:
                stored = await self._store_file(message, storage)
            except StorageError as error:
                await self._failed(message, storage, error)
                continue
            if stored:
                arrived += 1
                await self._works(storage)
        return arrived

    async def _next(self, tried: set[tuple[str, int]]) -> tuple[OutboxMessage, Storage] | None:
        at = self._clock.steady_ms()
        self._later = {mark: until for mark, until in self._later.items() if until > at}
        for channel_id in sorted(self._buckets.channels()):
            storage = self._buckets.of(channel_id)
            if storage is None or self._failing.get(storage.place, (0, 0, 0))[2] > at:
                continue
            most = AT_ONCE + len(tried) + len(self._later)
            look = partial(objects.to_store, channel_id=channel_id, place=storage.place, most=most)
            for message in await self._store.read(look):
                mark = message.key, message.version
                if mark not in tried and mark not in self._later:
                    return message, storage
        return None

    async def _store_file(self, message: OutboxMessage, storage: Storage) -> bool:
        """Whether the file is in the bucket now; False if there is none any more. Raises StorageError."""
        task_id, channel_id, path = str(message.task_id), str(message.channel_id), str(message.body["path"])
        file = self._workspace_of(channel_id, task_id) / path
        if files.seen(file) is None:
            return False  # the board's way says so
        sealed = str(message.body.get("sha256") or "") or await self._sealed(message)
        if not sealed:
            raise StorageError("rejected", f"{file.name} was made by an older videod and never checked")
        name = storage.name_of(channel_id, task_id, path)
        known = await self._store.read(lambda tx: objects.stored(tx, message.key))
        if known is None or (known.place, known.name, known.sha256) != (storage.place, name, sealed):
            await storage.put(name, file, sealed)
            at = self._clock.now_ms()
            one = Stored(message.key, task_id, channel_id, storage.place, name, sealed, at)
            await self._ledger.stored(one)
            await self._ledger.alerts_over(_of_file(message), at)
            log.info("storage_file_stored", extra=context(message) | {"object": name})
        return True

    async def _sealed(self, message: OutboxMessage) -> str:
        """The digest of the job's file, for a message of before digests were noted in it."""
        job = await self._store.read(lambda tx: reads.job(tx, str(message.task_id), str(message.body["job"])))
        return job.sha256 or "" if job is not None and job.output == message.body["path"] else ""

    # ------------------------------------------------------------------------------------------ failures

    async def _failed(self, message: OutboxMessage, storage: Storage, error: StorageError) -> None:
        about = context(message) | {"kind": error.kind, "error": str(error)}
        if error.kind in ("changed", "rejected"):
            self._later[message.key, message.version] = self._clock.steady_ms() + REFUSED_MS
            log.error("storage_file_refused", extra=about)
            await self._note(message, error)
            if error.kind == "rejected" or not await self._made_again(message):
                await self._tell_file(message, error)
            return
        now = self._clock.steady_ms()
        since, times, _ = self._failing.get(storage.place, (now, 0, 0))
        rest_s = max(error.retry_after_s or 0.0, RESTS_S[min(times, len(RESTS_S) - 1)])
        self._failing[storage.place] = since, times + 1, now + round(rest_s * 1000)
        if times == 0:
            log.warning("storage_bucket_failed", extra=about)
        await self._ledger.bucket_failed(str(error))
        if error.kind in ("credentials", "configuration") or now - since >= TOLD_AFTER_MS:
            text = (
                f"Files of channels with `storage: r2` cannot be stored: {sentence(str(error))} Their rows on the board"
                " wait. Work and other channels continue. videod tries again every 5 minutes at least."
            )
            key = f"storage:{storage.place}:{error.kind}"
            await self._ledger.alert(key, text, self._clock.now_ms(), ends=_ends(storage))

    async def _note(self, message: OutboxMessage, error: StorageError) -> None:
        """An open review that lacks the file says why."""
        await self._ledger.postpone(message, message.due_at, reads.STORAGE, str(error), tried=False)

    async def _made_again(self, message: OutboxMessage) -> bool:
        """Whether the file is on its way to a new take, so that it is no wonder that it changed."""
        job = await self._store.read(lambda tx: reads.job(tx, str(message.task_id), str(message.body["job"])))
        return job is None or job.state is not DONE

    async def _tell_file(self, message: OutboxMessage, error: StorageError) -> None:
        text = (
            f"{sentence(str(error))} The file {message.body['path']} of {message.task_id} is not in the bucket, and its"
            " row on the board waits. Put the right file back in the workspace, or run"
            f" `videod redo {message.task_id} {message.body['job']}`."
        )
        key = f"storage:{message.key}:{error.kind}"
        await self._ledger.alert(key, text, self._clock.now_ms(), ends=_of_file(message))

    async def _works(self, storage: Storage) -> None:
        """What people were informed of this bucket is over."""
        failed = self._failing.pop(storage.place, None)
        if failed is not None:
            log.info("storage_bucket_recovered", extra={"place": storage.place})
        if failed is not None or storage.place not in self._working:
            self._working.add(storage.place)
            await self._ledger.alerts_over(_ends(storage), self._clock.now_ms())
            await self._ledger.set_value(REMARK, "")


def _of_file(message: OutboxMessage) -> str:
    """What ends an alert of this file."""
    return f"storage file {message.key}"


def _ends(storage: Storage) -> str:
    return f"storage {storage.place}"


class Links:
    """Renews the links on rows before they end."""

    def __init__(self, board: Board, buckets: Buckets, ledger: Ledger, store: Store, clock: Clock) -> None:
        self._board = board
        self._buckets = buckets
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._rests_until: int | None = None
        #: rows that the board refused -> when they are tried again, ms of the steady clock
        self._later: dict[str, int] = {}

    async def renew(self) -> int:
        """Renew what is due, until the board takes no more; returns how many rows have a new link."""
        storage, done = self._buckets.configured(), 0
        rests = self._rests_until is not None and self._clock.steady_ms() < self._rests_until
        if storage is None or rests:
            return 0
        while due := await self._due(storage):
            for one in due:
                if not await self._renewed(one, storage):
                    return done
                done += 1
        return done

    async def _due(self, storage: Storage) -> tuple[ToRenew, ...]:
        at, steady = self._clock.now_ms(), self._clock.steady_ms()
        self._later = {key: until for key, until in self._later.items() if until > steady}
        days = self._buckets.renew_days()
        after = at - round(days * DAY_MS) if days else 0
        return await self._store.read(
            lambda tx: objects.to_renew(tx, storage.place, at, after, AT_ONCE, tuple(self._later))
        )

    async def _renewed(self, one: ToRenew, storage: Storage) -> bool:
        """False where the board takes nothing now."""
        about = {"task": one.task_id, "channel": one.channel_id, "key": one.key}
        try:
            at = self._clock.now_ms()
            await self._board.link_asset(one.page_id, link_to(storage, one.name))
        except BoardError as error:
            log.warning("storage_link_failed", extra=about | {"kind": error.kind, "error": str(error)})
            if error.kind == "gone":  # a person deleted the row
                await self._ledger.linked(one.key, self._clock.now_ms(), None, None)
                return True
            if error.kind == "rejected":
                self._later[one.key] = self._clock.steady_ms() + ROW_RESTS_MS
                return True
            wait_ms = round((error.retry_after_s or 0) * 1000)
            self._rests_until = self._clock.steady_ms() + max(wait_ms, BOARD_RESTS_MS)
            return False
        await self._ledger.linked(one.key, *ends_of(at, storage))
        log.info("storage_link_renewed", extra=about)
        return True
