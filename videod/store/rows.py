"""Rows to the core's values and back: the one place that knows both spellings."""

import json
import sqlite3
from dataclasses import asdict, fields

from videod.core.failures import Failure, Kind
from videod.core.model import Job, Priority, Task
from videod.core.statuses import Gate, JobState, Status

TASK_COLUMNS = tuple(field.name for field in fields(Task))
JOB_COLUMNS = tuple(field.name for field in fields(Job))


def task_of(row: sqlite3.Row) -> Task:
    values = {name: row[name] for name in TASK_COLUMNS}
    values["priority"] = Priority(row["priority"])
    values["status"] = Status(row["status"])
    values["approved"] = frozenset(Gate(name) for name in row["approved"].split(",") if name)
    values["admitted"], values["cancelled"] = bool(row["admitted"]), bool(row["cancelled"])
    return Task(**values)


def task_values(task: Task) -> tuple[object, ...]:
    values: dict[str, object] = {name: getattr(task, name) for name in TASK_COLUMNS}
    values["priority"] = int(task.priority)
    values["status"] = task.status.value
    values["approved"] = ",".join(gate.value for gate in Gate if gate in task.approved)
    values["admitted"], values["cancelled"] = int(task.admitted), int(task.cancelled)
    return tuple(values[name] for name in TASK_COLUMNS)


def failure_of(text: str | None) -> Failure | None:
    if text is None:
        return None
    values = json.loads(text)
    return Failure(**(values | {"kind": Kind(values["kind"])}))


def job_of(row: sqlite3.Row) -> Job:
    values = {name: row[name] for name in JOB_COLUMNS}
    values["state"] = JobState(row["state"])
    values["args"], values["facts"] = json.loads(row["args"]), json.loads(row["facts"])
    values["needs"] = tuple(json.loads(row["needs"]))
    for name in ("buy_again", "reworded", "again"):
        values[name] = bool(row[name])
    values["failure"] = failure_of(row["failure"])
    return Job(**values)


def job_values(job: Job) -> dict[str, object]:
    """Column -> value of every column but the id."""
    values: dict[str, object] = {name: getattr(job, name) for name in JOB_COLUMNS if name != "id"}
    values["state"] = job.state.value
    values["args"], values["facts"] = json.dumps(job.args), json.dumps(job.facts)
    values["needs"] = json.dumps(list(job.needs))
    for name in ("buy_again", "reworded", "again"):
        values[name] = int(getattr(job, name))
    values["failure"] = None if job.failure is None else json.dumps(asdict(job.failure))
    return values
