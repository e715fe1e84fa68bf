"""`<output>.started`: the attempt that started a paid custom script, for as long as nobody knows how it ended.

Our scripts keep receipts, a custom one does not. The ledger knows its open attempts; where the ledger itself was lost
and an older copy took its place, this file is all that says that something may have been paid for.
"""

from contextlib import suppress
from pathlib import Path

from videod import files
from videod.core import bounds


def note(output: Path, attempt: int) -> None:
    """Raises OSError."""
    files.write_made(_place(output), str(attempt).encode(), output.parent)


def read(output: Path) -> int | None:
    """The attempt; None where nothing is open, or what stands there is no number. Raises OSError where the host lacks
    what it takes to look."""
    try:
        return bounds.whole(files.read_made(_place(output), 100).decode())
    except (OSError, ValueError) as error:
        if files.lacking(error):
            raise
        return None


def ended(output: Path) -> None:
    """The ledger knows how it ended. A file that cannot be removed is no harm: the ledger knows its attempt."""
    with suppress(OSError):
        files.remove_made(_place(output))


def _place(output: Path) -> Path:
    return output.with_name(f"{output.name}.started")
