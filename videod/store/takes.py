"""The takes of a job: every file that was made for it or given by a person, as the history tells."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_TAKES = "SELECT at, event, body FROM history WHERE task_id = ? AND event IN ('JobSucceeded', 'FileChosen')"


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
    rows = connection.execute(f"{_TAKES} AND json_extract(body, '$.job') = ? ORDER BY id", (task_id, job))
    return _takes((at, event, json.loads(text)) for at, event, text in rows)


def all_takes(connection: sqlite3.Connection, task_id: str) -> dict[str, tuple[Take, ...]]:
    """Job -> its takes, of all jobs of an episode."""
    found: dict[str, list[tuple[int, str, dict[str, Any]]]] = {}
    for at, event, text in connection.execute(f"{_TAKES} ORDER BY id", (task_id,)):
        body = json.loads(text)
        found.setdefault(str(body["job"]), []).append((at, event, body))
    return {job: _takes(rows) for job, rows in found.items()}


def _takes(rows: Iterable[tuple[int, str, dict[str, Any]]]) -> tuple[Take, ...]:
    found: dict[tuple[str, str], Take] = {}
    for at, event, body in rows:
        key = (str(body["output"]), str(body["sha256"]))
        own = event == "FileChosen" and body.get("own") is True
        if key not in found:
            found[key] = Take(len(found) + 1, at, *key[:1], int(body["bytes"]), key[1], body.get("facts") or {}, own)
    return tuple(found.values())
