"""A new database of today's schema, without the work of every migration and without waiting for the disk."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from videod.store.database import InlineDatabase
from videod.store.schema import migrate


@cache
def _empty() -> bytes:
    """The file that the first start makes, made once in each process of tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "videod.db"
        migrate(path)
        return path.read_bytes()


def migrated(path: Path) -> None:
    """Leave at `path` what `schema.migrate` leaves there."""
    if path.exists():
        migrate(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_empty())


def opened(path: Path) -> InlineDatabase:
    """The database at `path`, migrated; it bears kills of the process, yet no power cut of the machine."""
    migrated(path)
    return InlineDatabase(path, durable=False)
