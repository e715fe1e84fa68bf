"""The takes of a job: every file that was made for it or given by a person, as the history tells."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Take:
    """One file. `number` counts from 1, the oldest first; `at`: when it was there first, ms; `own`: a person gave it.

    `output` is relative to the workspace.
    """

    number: int
    at: int
    output: str
    bytes: int
    sha256: str
    facts: Mapping[str, object]
    own: bool


def takes(connection: sqlite3.Connection, task_id: str, job: str) -> tuple[Take, ...]:
    """All takes of the job `job`, the oldest first; a file that was chosen again counts once."""
    rows = connection.execute(
        "SELECT at, event, body FROM history WHERE task_id = ? AND event IN ('JobSucceeded', 'FileChosen')"
        " AND json_extract(body, '$.job') = ? ORDER BY id",
        (task_id, job),
    )
    found: dict[tuple[str, str], Take] = {}
    for at, event, text in rows:
        body = json.loads(text)
        key = (str(body["output"]), str(body["sha256"]))
        own = event == "FileChosen" and body.get("own") is True
        if key not in found:
            found[key] = Take(len(found) + 1, at, *key[:1], int(body["bytes"]), key[1], body.get("facts") or {}, own)
    return tuple(found.values())
