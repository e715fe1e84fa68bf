"""What there is of a channel, whether its file is there or not, and the names that channels had before."""

import sqlite3
from dataclasses import dataclass

from videod.core.model import Task
from videod.store import reads
from videod.store.rows import task_of

#: in `key_values`: earlier name -> present name, for entries of the board that still have the earlier one
RENAMED = "renamed_channels"


@dataclass(frozen=True)
class Known:
    """What there is of a channel. `open`: its episodes in work, at a review, stopped or queued; `unconfirmed`: their
    purchases of which nobody knows whether they were made; `micros`: what all of its episodes cost."""

    episodes: int
    open: tuple[Task, ...]
    archived: int
    unconfirmed: int
    micros: int
    consent: bool

    @property
    def nothing(self) -> bool:
        return not self.episodes and not self.consent


_COUNTS = """
SELECT count(*), coalesce(sum(cost_micros), 0),
       (SELECT count(*) FROM archived JOIN tasks AS its ON its.id = archived.task_id WHERE its.channel_id = :channel),
       (SELECT count(*) FROM jobs WHERE state = 'in_doubt' AND channel_id = :channel)
FROM tasks WHERE channel_id = :channel
"""


def known(connection: sqlite3.Connection, channel_id: str) -> Known:
    named = {"channel": channel_id}
    episodes, micros, archived, unconfirmed = connection.execute(_COUNTS, named).fetchone()
    rows = connection.execute(
        "SELECT * FROM tasks WHERE channel_id = :channel AND phase <> 'closed' ORDER BY created_at, id", named
    )
    consent = connection.execute("SELECT 1 FROM oauth_tokens WHERE channel_id = :channel", named).fetchone()
    return Known(episodes, tuple(map(task_of, rows)), archived, unconfirmed, micros, consent is not None)


def earlier_names(connection: sqlite3.Connection) -> dict[str, str]:
    """Earlier name -> present name of channels that were renamed."""
    kept = reads.value_json(connection, RENAMED)
    return {str(old): str(new) for old, new in kept.items()} if isinstance(kept, dict) else {}
