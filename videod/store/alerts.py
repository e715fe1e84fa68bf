"""What people were alerted, newest first. Looks only, never writes."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SentAlert:
    """The last message of a cause. `ways`: who took it -> the receiver's words; `sent_at` None: nobody yet, ms."""

    key: str
    text: str
    opened_at: int
    rang_at: int
    closed_at: int | None
    times: int
    ways: Mapping[str, str]
    sent_at: int | None


_LATELY = """
SELECT key, text, opened_at, rang_at, closed_at, times, ways, sent_at FROM alerts
WHERE text <> '' ORDER BY rang_at DESC, key LIMIT ?
"""


def lately(connection: sqlite3.Connection, limit: int) -> tuple[SentAlert, ...]:
    """The last message of each cause; those of an older videod have no text and are left out."""
    return tuple(
        SentAlert(
            row["key"],
            row["text"],
            row["opened_at"],
            row["rang_at"],
            row["closed_at"],
            row["times"],
            {str(way): str(said) for way, said in json.loads(row["ways"]).items()},
            row["sent_at"],
        )  # fmt: skip
        for row in connection.execute(_LATELY, (limit,))
    )
