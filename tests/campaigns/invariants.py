"""What must be true of a real state folder after any fault, however often it struck.

`broken(...)` returns what is wrong as sentences; campaigns assert that there is nothing. Looks only, with a read-only
connection, while no daemon works there.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from tests.live.stage import Stage
from videod.core.derive import derive
from videod.core.statuses import JobState, Status
from videod.credentials import SECRET_NAMES
from videod.store import in_full, reads
from videod.store.schema import APPLICATION_ID, migrations

#: a shorter value may stand somewhere by chance
SECRET_CHARACTERS = 12


def look(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def of_database(database: Path, workspaces: Path | None = None) -> list[str]:
    """The books automatically: whole, of this schema, legal states, agreeing with each other and with the files."""
    # not read-only: SQLite then leaves out what the tables say about their rows
    with closing(sqlite3.connect(database)) as connection:
        found = [f"integrity_check: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    with closing(look(database)) as connection:
        found += [f"foreign key: {tuple(row)}" for row in connection.execute("PRAGMA foreign_key_check")]
        version, owner = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id")
        )
        if (version, owner) != (migrations()[-1][0], APPLICATION_ID):
            found.append(f"schema {version} of application {owner:#x}")
        for row in connection.execute("SELECT id FROM tasks").fetchall():
            found += _of_task(connection, row["id"], workspaces)
        found += _of_attempts(connection)
    return found


def _of_task(connection: sqlite3.Connection, task_id: str, workspaces: Path | None) -> list[str]:
    task, jobs = reads.task(connection, task_id), reads.jobs(connection, task_id)
    assert task is not None
    found = []
    if derive(task, jobs) != task.status:
        found.append(f"{task_id} says {task.status}, its jobs mean {derive(task, jobs)}")
    charges = in_full.charges(connection, task_id)
    if sum(charge.micros for charge in charges) != task.cost_micros:
        found.append(f"{task_id} says it cost {task.cost_micros}, its charges are {sum(c.micros for c in charges)}")
    cleaned = any(job.step == "cleanup" and job.state == JobState.DONE for job in jobs)
    if workspaces is None or cleaned:
        return found
    for job in jobs:
        if job.state == JobState.DONE and job.sha256:
            path = workspaces / task.channel_id / task_id / str(job.output)
            if not path.is_file():
                found.append(f"{task_id} {job.name} is done, {path} is missing")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != job.sha256:
                found.append(f"{task_id} {job.name} is done, {path} is not the file that was checked")
    return found


def _of_attempts(connection: sqlite3.Connection) -> list[str]:
    running = {row[0] for row in connection.execute("SELECT attempt FROM jobs WHERE state = 'running'")}
    opened = {row[0] for row in connection.execute("SELECT id FROM attempts WHERE ended_at IS NULL")}
    return [] if running == opened else [f"open attempts {opened}, running jobs {running}"]


def leftovers(state: Path, since: float = float("inf")) -> list[str]:
    """Unfinished files and work folders that were begun before `since` (seconds since the epoch)."""
    found = [*state.rglob("*.part*"), *state.rglob(".*.work")]
    return [f"left over: {path}" for path in found if path.stat().st_mtime < since]


def leaked(folders: Iterable[Path], secrets: Mapping[str, str]) -> list[str]:
    """Files in which the value of a secret stands in the clear."""
    wanted = {name: value.encode() for name, value in secrets.items() if len(value) >= SECRET_CHARACTERS}
    found = []
    for folder in folders:
        for path in [folder] if folder.is_file() else [one for one in folder.rglob("*") if one.is_file()]:
            data = path.read_bytes()
            found += [f"{name} stands in {path}" for name, value in wanted.items() if value in data]
    return found


def paid(charges: list[dict[str, object]], doubts: int) -> list[str]:
    """Each request bought once, but for at most `doubts` that are counted; each film uploaded once."""
    counts: Counter[str] = Counter()
    for charge in charges:
        kind = "clip" if charge["kind"] == "refund" else charge["kind"]
        counts[f"{charge['service']} {kind} {charge['key']}"] += -1 if charge["kind"] == "refund" else 1
    twice = {name: count - 1 for name, count in counts.items() if count > 1}
    found = [f"uploaded twice: {name}" for name in twice if name.split()[1] == "upload"]
    if sum(twice.values()) > doubts:
        found.append(f"bought twice: {twice}, counted as in doubt: {doubts}")
    return found


def paid_to_the_end(stage: Stage, doubts: int) -> list[str]:
    """Where all is done: each finished job bought once, but for at most `doubts` that are counted; no film twice."""
    beyond = stage.bought_beyond()
    uploads = beyond.pop("upload", 0)
    found = [f"{uploads} uploads beyond one for each film"] if uploads else []
    found += [f"{-count} {kind} done and never bought" for kind, count in beyond.items() if count < 0]
    if sum(count for count in beyond.values() if count > 0) > doubts:
        found.append(f"bought beyond what was made: {dict(beyond)}, counted as in doubt: {doubts}")
    return found


def paid_for_jobs(stage: Stage, doubts: int) -> list[str]:
    """Where episodes stop and ask for the same: one purchase at most for each job that began, plans aside."""
    beyond = {kind: count for kind, count in stage.bought_beyond(begun=True).items() if count > 0 and kind != "text"}
    return [f"bought beyond: {beyond}, counted as in doubt: {doubts}"] if sum(beyond.values()) > doubts else []


def broken(stage: Stage, published: bool = True, alike: bool = False) -> list[str]:
    """Everything, for a stage whose daemon has ended. `published`: every episode must be on YouTube, once.

    `alike`: episodes ask for the same, so purchases are counted by their jobs.
    """
    found = of_database(stage.database, stage.state / "workspaces")
    found += leftovers(stage.state)
    doubts = sum(row["possibly_paid_twice"] for row in stage.rows("SELECT possibly_paid_twice FROM tasks"))
    if published:
        found += paid_to_the_end(stage, doubts)
    else:
        found += paid_for_jobs(stage, doubts) if alike else paid(stage.charges(), doubts)
    found += [f"still runs: {line}" for line in stage.children()]
    secrets = {name: stage.env[name] for name in SECRET_NAMES if name in stage.env}
    found += leaked([stage.state, *stage.folder.glob("daemon.log*")], secrets)
    if published:
        statuses = stage.statuses()
        uploads = [charge for charge in stage.charges() if charge["kind"] == "upload"]
        found += [f"an episode is {status}" for status in statuses if status != Status.PUBLISHED]
        if len(uploads) != len(statuses):
            found.append(f"{len(uploads)} uploads of {len(statuses)} episodes")
    return found
