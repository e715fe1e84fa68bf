"""Gives a channel another name in all rows, or forgets what is the channel's alone. Only the ledger uses this."""

import json
import sqlite3

from videod.core.consents import KEPT
from videod.core.ops import ForgetChannel, RenameChannel, ShowEntry
from videod.store.channel_views import RENAMED, earlier_names, known
from videod.store.writes import set_value, show_entry

_TABLES = """
SELECT sqlite_master.name FROM sqlite_master JOIN pragma_table_info(sqlite_master.name) AS its
WHERE sqlite_master.type = 'table' AND its.name = 'channel_id' ORDER BY sqlite_master.name
"""
# a kept snapshot of an episode is found out by its newest row of history
_NOTE = """
INSERT INTO history (task_id, channel_id, at, event, body, status)
SELECT id, channel_id, :at, 'ChannelRenamed', :body, status FROM tasks WHERE channel_id = :new AND phase <> 'closed'
"""
_CLOSE_ALERTS = """
UPDATE alerts SET closed_at = :at WHERE closed_at IS NULL AND instr(':' || key || ':', ':' || :channel || ':') > 0
"""


def rename(connection: sqlite3.Connection, op: RenameChannel, at: int) -> None:
    """Every row of the channel is one of its new name, archived episodes too. Done twice it is done once."""
    names = {"old": op.old, "new": op.new}
    # a consent that was sealed for the new name is there already
    connection.execute(
        "DELETE FROM oauth_tokens WHERE channel_id = :old"
        " AND kind IN (SELECT kind FROM oauth_tokens WHERE channel_id = :new)", names,
    )  # fmt: skip
    for table in [row[0] for row in connection.execute(_TABLES)]:
        connection.execute(f"UPDATE OR REPLACE {table} SET channel_id = :new WHERE channel_id = :old", names)  # noqa: S608
    connection.execute("UPDATE refusals SET channel = :new WHERE channel = :old", names)
    consent = {"old": f"{KEPT}{op.old}", "new": f"{KEPT}{op.new}"}
    connection.execute("UPDATE OR REPLACE key_values SET name = :new WHERE name = :old", consent)
    connection.execute(_CLOSE_ALERTS, {"channel": op.old, "at": at})
    connection.execute(_NOTE, names | {"at": at, "body": json.dumps(names)})
    for task in known(connection, op.new).open:
        show_entry(connection, task, ShowEntry(task.page_id, {"Channel": op.new}), at)
    _note_name(connection, op.old, op.new)


def _note_name(connection: sqlite3.Connection, old: str, new: str) -> None:
    kept = {one: new if now == old else now for one, now in earlier_names(connection).items()}
    kept = {one: now for one, now in (kept | {old: new}).items() if one != now}
    set_value(connection, RENAMED, json.dumps(kept))


def forget(connection: sqlite3.Connection, op: ForgetChannel, at: int) -> None:
    """The channel may no longer upload, and nothing stands against it. Its episodes, charges and history stay."""
    named = {"channel": op.channel_id, "kept": f"{KEPT}{op.channel_id}", "at": at}
    connection.execute("DELETE FROM oauth_tokens WHERE channel_id = :channel", named)
    connection.execute("DELETE FROM suspensions WHERE channel_id = :channel", named)
    connection.execute("DELETE FROM key_values WHERE name = :kept", named)
    connection.execute(_CLOSE_ALERTS, named)
