"""What is kept of the channels' consents."""

import sqlite3

from videod.core import consents
from videod.core.consents import Consent
from videod.store import reads


def consent(connection: sqlite3.Connection, channel_id: str) -> Consent | None:
    """What is known of the channel's consent; None before it was tried."""
    return consents.of(reads.value_json(connection, f"{consents.KEPT}{channel_id}"))


def testing(connection: sqlite3.Connection, client: str) -> bool:
    """Whether consents of this OAuth client (`consents.mark`) were seen to end after seven days."""
    return bool(client) and reads.value(connection, f"{consents.TESTING}{client}") == "1"


def with_end(connection: sqlite3.Connection, channel_id: str) -> tuple[Consent | None, int | None]:
    """The channel's consent and when it is expected to end, ms."""
    one = consent(connection, channel_id)
    return one, None if one is None else consents.expected_end(one, testing(connection, one.client))


def kept(connection: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """(name, value) of everything that is kept of consents."""
    rows = connection.execute("SELECT name, value FROM key_values WHERE name LIKE ? OR name LIKE ?",
                              (f"{consents.KEPT}%", f"{consents.TESTING}%"))  # fmt: skip
    return tuple((row[0], row[1]) for row in rows)
