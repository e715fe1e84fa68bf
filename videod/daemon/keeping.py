"""What keeps the database small: its log is moved, and finished episodes go into the archive."""

from collections.abc import Callable, Coroutine
from pathlib import Path

from videod.daemon.archiver import Archiver
from videod.daemon.live_config import LiveConfig
from videod.daemon.wal_watch import WalWatch
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store.database import Database, Store


def watches(
    path: Path, database: Database, store: Store, ledger: Ledger, clock: Clock, current: LiveConfig
) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
    """Name -> loop."""

    def days() -> float:
        return current.settings.retention.history_days

    return {
        "wal": WalWatch(path, ledger, database.move_log).run,
        "archive": Archiver(path, store, ledger, clock, days, database.move_log).run,
    }
