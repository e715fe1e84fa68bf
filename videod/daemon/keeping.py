"""What keeps the state folder small: the log is moved, files that ended go, finished episodes are archived."""

from collections.abc import Callable, Coroutine
from pathlib import Path

from videod.daemon.archiver import Archiver
from videod.daemon.live_config import LiveConfig
from videod.daemon.retention import Days, RetentionWatch
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

    def kept() -> Days:
        retention = current.settings.retention
        return Days(retention.workspace_days, retention.cancelled_days, retention.failed_days)

    return {
        "wal": WalWatch(path, ledger, database.move_log).run,
        "retention": RetentionWatch(store, ledger, clock, kept).run,
        "archive": Archiver(path, store, ledger, clock, days, database.move_log).run,
    }
