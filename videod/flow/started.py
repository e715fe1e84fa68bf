"""`<output name>.started` in a journal: the attempt that started a paid custom script, while nobody knows its end.

Our scripts keep receipts, a custom one does not. The ledger knows its open attempts; where the ledger itself was lost
and an older copy took its place, this file is all that says that something may have been paid for.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videod import files
from videod.core import bounds


@dataclass(frozen=True)
class Start:
    """`attempt` is its number in the ledger that started it; an older copy gives that to another one. `began`: ms; None
    where an earlier version noted it."""

    attempt: int
    began: int | None = None


def note(noted: Path, attempt: int, began: int) -> None:
    """`noted` is the output's name in its journal, here and below. Raises OSError."""
    files.write_made(_place(noted), f"{attempt} {began}".encode(), noted.parent)


def read(noted: Path) -> Start | None:
    """The start; None where nothing is open, or what stands there is none. Raises OSError where the host lacks
    what it takes to look."""
    try:
        first, _, second = files.read_made(_place(noted), 100).decode().partition(" ")
    except (OSError, ValueError) as error:
        if files.lacking(error):
            raise
        return None
    attempt = bounds.whole(first)
    return None if attempt is None else Start(attempt, bounds.whole(second))


def ended(noted: Path) -> None:
    """The ledger knows how it ended. A file that cannot be removed is no harm: the ledger knows its attempt."""
    with suppress(OSError):
        files.remove_made(_place(noted))


def _place(noted: Path) -> Path:
    return noted.with_name(f"{noted.name}.started")
