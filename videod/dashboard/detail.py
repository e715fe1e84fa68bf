"""One episode with its jobs: what each does, waits for or failed with, and whether it can be regenerated now. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from videod.core import outlook
from videod.core.board import again_at
from videod.core.model import Job, Task
from videod.core.sanitize import sanitize_screen
from videod.core.statuses import AT_GATE, DONE, LABELS, JobState
from videod.core.tables import ORDER, STEPS
from videod.dashboard.reason import Case, why
from videod.dashboard.text import ahead, money, span
from videod.dashboard.view import tone

#: job state -> its tone
TONES = {
    JobState.WAITING: "dim", JobState.READY: "plain", JobState.RUNNING: "work", JobState.IN_DOUBT: "bad",
    JobState.DONE: "good", JobState.FAILED: "bad", JobState.SKIPPED: "dim",
}  # fmt: skip
#: of a job that waits so many others are named
_NAMED = 2


@dataclass(frozen=True)
class JobLine:
    """One job. `redo`: it can be regenerated now; `noted`: its order takes a note."""

    name: str
    state: str
    tone: str
    cost: str
    note: str
    redo: bool
    noted: bool


@dataclass(frozen=True)
class Detail:
    """One episode. `gate`: the open review, "" where none is; `first`: the job that a person looks at first."""

    id: str
    title: str
    label: str
    tone: str
    sentence: str
    gate: str
    jobs: tuple[JobLine, ...]
    first: str


def detail(case: Case) -> Detail:
    """The episode as the screen shows it."""
    task, jobs = case.task, sorted(case.jobs, key=lambda job: (ORDER[job.step], job.key))
    can = {*outlook.redoable(task, case.jobs), *outlook.lost(task, case.jobs)}
    done = {job.name for job in jobs if job.state in (DONE, JobState.SKIPPED)}
    lines = tuple(_line(job, case.at, job.name in can, done) for job in jobs)
    gate = AT_GATE.get(task.status)
    return Detail(
        task.id, sanitize_screen(task.title), LABELS[task.status], tone(task.status), f"{_sentence(case)}.",
        "" if gate is None else gate.value, lines, _first(task, jobs),
    )  # fmt: skip


def _sentence(case: Case) -> str:
    said = why(case).sentence
    return f"It {said}".rstrip(".")


def _first(task: Task, jobs: list[Job]) -> str:
    """A job that stopped, else one that runs, else a file of the open review."""
    reviewed = set(outlook.reviewed(task, jobs))
    wanted: tuple[Callable[[Job], bool], ...] = (
        lambda job: job.state in (JobState.FAILED, JobState.IN_DOUBT), lambda job: job.name in reviewed,
        lambda job: job.state is JobState.RUNNING, lambda job: True,
    )  # fmt: skip
    return next((job.name for test in wanted for job in jobs if test(job)), "")


def _line(job: Job, at: int, redo: bool, done: set[str]) -> JobLine:
    cost = money(job.cost_micros) if job.cost_micros else ""
    noted = STEPS[job.step].noted
    return JobLine(job.name, job.state.value, TONES[job.state], cost, _note(job, at, done), redo, noted)


def _note(job: Job, at: int, done: set[str]) -> str:
    """Why it stands where it stands."""
    if job.failure is not None and job.state is not DONE:
        again = again_at(job)
        later = f" (again {ahead(again, at)})" if again is not None and again > at else ""
        return sanitize_screen(f"{job.failure.kind.value}: {job.failure.message}{later}")
    if job.state is JobState.RUNNING and job.started_at is not None:
        return f"runs for {span(at - job.started_at)}"
    if job.state is JobState.READY and job.due_at > at:
        return f"starts {ahead(job.due_at, at)}"
    if job.state is JobState.WAITING:
        left = [name for name in job.needs if name not in done]
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        return f"waits for {', '.join(left[:_NAMED])}{more}" if left else "waits for a review"
    return f"take {job.revision + 1}" if job.revision else ""
