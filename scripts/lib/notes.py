"""Where a script notes what it must know when it is started again: receipts, sessions, paid answers.

By hand they lie beside the output. videod names a folder of its own for each job in VIDEOD_JOURNAL, which no other
script may write: a note that another could forge would make this one pay, or send, what nobody wished.
"""

import os
from pathlib import Path


def place(output: Path, name: str) -> Path:
    """The note called `name` about `output`."""
    folder = os.environ.get("VIDEOD_JOURNAL")
    return Path(folder, name) if folder else output.with_name(name)
