"""Rows to the core's values and back: the one place that knows both spellings."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from functools import lru_cache

from videod.core import bounds
from videod.core.failures import Failure, Kind
from videod.core.model import Job, Priority, Task
from videod.core.statuses import PHASES, Gate, JobState, Status
from videod.core.suspension import Cause, Suspension

#: a look-up takes a fifth of the time of JobState(...), and there are a hundred for each episode
STATES = {state.value: state for state in JobState}
TASK_COLUMNS = (*(field.name for field in fields(Task)), "phase")
JOB_COLUMNS = tuple(field.name for field in fields(Job))


def task_of(row: sqlite3.Row) -> Task:
    values = dict(row)
    del values["phase"]  # follows from the status
    values["priority"] = Priority(row["priority"])
    values["status"] = Status(row["status"])
    for name in ("approved", "reviewed"):
        values[name] = frozenset(Gate(gate) for gate in row[name].split(",") if gate)
    values["admitted"], values["cancelled"] = bool(row["admitted"]), bool(row["cancelled"])
    values["suspended"], values["waits"] = suspension_of(row["suspended"]), suspension_of(row["waits"])
    return Task(**values)


def task_values(task: Task) -> tuple[object, ...]:
    values: dict[str, object] = {name: getattr(task, name) for name in TASK_COLUMNS if name != "phase"}
    values["priority"] = int(task.priority)
    values["status"], values["phase"] = task.status.value, PHASES[task.status].value
    for name, gates in (("approved", task.approved), ("reviewed", task.reviewed)):
        values[name] = ",".join(gate.value for gate in Gate if gate in gates)
    values["admitted"], values["cancelled"] = int(task.admitted), int(task.cancelled)
    values["suspended"], values["waits"] = _suspension_text(task.suspended), _suspension_text(task.waits)
    return tuple(values[name] for name in TASK_COLUMNS)


def suspension_of(text: str | None) -> Suspension | None:
    """What is kept of a suspension; what cannot be read is one of an unknown cause."""
    if text is None:
        return None
    try:
        values = bounds.loads(text)
        assert isinstance(values, dict)
        return Suspension(**(values | {"cause": Cause(values["cause"])}))
    except (ValueError, TypeError, KeyError, AssertionError):
        return Suspension(Cause.OTHER, detail="what is stored of this suspension cannot be read")


def _suspension_text(one: Suspension | None) -> str | None:
    if one is None:
        return None
    return json.dumps({name: value for name, value in asdict(one).items() if value not in ("", None)})


def failure_of(text: str | None) -> Failure | None:
    if text is None:
        return None
    try:
        values = bounds.loads(text)
        assert isinstance(values, dict)
        # older ledgers may hold a wait of more years than the calendar has
        wait = bounds.whole(values.get("retry_after_ms"), 0, round(bounds.LONGEST_WAIT_S * 1000))
        return Failure(**(values | {"kind": Kind(values["kind"]), "retry_after_ms": wait}))
    except (ValueError, TypeError, KeyError, AssertionError):
        return Failure(Kind.BUG, "what is stored of this failure cannot be read")


def job_of(row: sqlite3.Row) -> Job:
    values = dict(row)
    values["state"] = STATES[values["state"]]
    values["args"], values["facts"] = _object(values["args"]), _object(values["facts"])
    values["needs"] = _names(values["needs"])
    for name in ("buy_again", "reworded", "again"):
        values[name] = values[name] == 1
    values["failure"] = failure_of(values["failure"])
    return Job(**values)


def _object(text: str) -> dict[str, object]:
    """Most jobs have no facts and many no arguments: those need no parser."""
    if text == "{}":
        return {}
    loaded = bounds.loads(text)
    return loaded if isinstance(loaded, dict) else {}


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    """What a job needs. Episodes of one size have the same."""
    loaded = bounds.loads(text)
    return tuple(str(name) for name in loaded) if isinstance(loaded, list) else ()


def _failure_text(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps(asdict(failure))


#: columns that are not stored as they are
_SPELLED: dict[str, Callable[..., object]] = {
    "state": str, "args": json.dumps, "facts": json.dumps, "needs": json.dumps, "buy_again": int, "reworded": int,
    "again": int, "failure": _failure_text,
}  # fmt: skip


def job_values(job: Job, names: Iterable[str]) -> list[object]:
    """The values of the columns `names`, in their order."""
    return [_SPELLED.get(name, _as_it_is)(getattr(job, name)) for name in names]


def _as_it_is(value: object) -> object:
    return value
