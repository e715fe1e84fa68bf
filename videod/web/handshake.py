"""Notion's verification tokens, kept until their owner has put the right one among the secrets.

Notion sends one to an address once, unsigned, before it sends anything else there; whoever reaches the address can do
the same. So the newest few are kept, for this user alone, and none of them opens anything: only the one that a person
takes into `NOTION_WEBHOOK_TOKEN` does. They never stand in a log, an error or the database.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from videod.core import bounds
from videod.files import read_bytes

FILE = "webhook.tokens"
KEPT = 3
_MOST_BYTES = 4_000


@dataclass(frozen=True)
class Token:
    """`at`: when it came, ms."""

    value: str
    at: int


def read(folder: Path) -> tuple[Token, ...]:
    """The tokens that are kept, the newest first. Raises OSError where the file is there and cannot be read."""
    try:
        kept = bounds.loads(read_bytes(folder / FILE, _MOST_BYTES))
    except (FileNotFoundError, ValueError):
        return ()
    found = [one for one in kept if isinstance(one, dict)] if isinstance(kept, list) else []
    return tuple(
        Token(value, at) for one in found
        if isinstance(value := one.get("value"), str) and (at := bounds.whole(one.get("at"))) is not None
    )  # fmt: skip


def keep(folder: Path, token: Token) -> None:
    """Keep one more, in the place of the oldest where there are KEPT. Raises OSError."""
    others = [one for one in read(folder) if one.value != token.value]
    _write(folder, [token, *others][:KEPT])


def forget(folder: Path) -> None:
    """What is among the secrets need not lie here. Raises OSError."""
    (folder / FILE).unlink(missing_ok=True)


def _write(folder: Path, tokens: Sequence[Token]) -> None:
    part = folder / f".{FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as out:
        out.write(json.dumps([asdict(one) for one in tokens]))
    part.replace(folder / FILE)
