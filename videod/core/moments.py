"""Moments in words: for logs, JSON and the board. Pure."""

from datetime import UTC, datetime

#: the last second of 9999: databases of older versions may hold times beyond it
LAST_MS = 253_402_300_799_000


def iso(ms: int) -> str:
    """Milliseconds UTC as ISO 8601 with seconds, such as 2026-11-21T14:15:00Z; the ends of the calendar bound it."""
    return _moment(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(ms: int) -> str:
    """Such as "2026-11-21 14:02 UTC"; the ends of the calendar bound it."""
    return _moment(ms).strftime("%Y-%m-%d %H:%M UTC")


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(min(max(ms, 0), LAST_MS) / 1000, UTC)
