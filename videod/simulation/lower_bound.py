"""What no scheduler could beat: each service's work on all its slots, between the shortest way to it and from it.

A lower bound for the time from the first arrival to the last film: for every service and every moment of arrival,
the work of all episodes that came from then on, spread evenly over the slots, plus the least time that passes before
its first job can start and after its last one has ended; and for every episode its longest chain of jobs. Reviews,
budgets, quotas and rates only make it later, so they are left out. Pure; times ms.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from videod.core.statuses import Gate
from videod.core.tables import REVIEWED, STEPS
from videod.simulation.log import JobRun, Log

_GATES = {gate: at for at, gate in enumerate(Gate)}


def lower_bound(log: Log) -> int:
    """ms from the first arrival on. 0 where nothing ran."""
    arrivals = {one.task_id: one.queued_at for one in log.episodes}
    by_task: dict[str, list[JobRun]] = defaultdict(list)
    for job in log.jobs:
        by_task[job.task_id].append(job)
    first = min(arrivals.values(), default=0)
    chains = {task: _chains(jobs) for task, jobs in by_task.items()}
    latest = [arrivals[task] + max(one.head + one.own + one.tail for one in rows) for task, rows in chains.items()]
    for service, slots in log.slots.items():
        latest += _by_service(service, slots, chains, arrivals)
    return max(latest, default=first) - first


@dataclass(frozen=True)
class _Chain:
    """The longest chain of jobs before a job, the job itself, the longest after it."""

    service: str
    head: int
    own: int
    tail: int


def _by_service(
    service: str, slots: int, chains: Mapping[str, Sequence[_Chain]], arrivals: Mapping[str, int]
) -> list[int]:
    """For every arrival: the earliest end of this service's work of that and all later episodes."""
    ends: list[int] = []
    work, head, tail = 0, 10**15, 10**15
    for task in sorted(chains, key=arrivals.__getitem__, reverse=True):
        rows = [one for one in chains[task] if one.service == service]
        if not rows:
            continue
        work += sum(one.own for one in rows)
        head, tail = min(head, *(one.head for one in rows)), min(tail, *(one.tail for one in rows))
        ends.append(arrivals[task] + head + work // slots + tail)
    return ends


def _chains(jobs: Sequence[JobRun]) -> list[_Chain]:
    """The chains of one episode's jobs; a gate comes after everything that its review looks at."""
    ordered = sorted(jobs, key=lambda job: job.started_at)
    before: dict[str, int] = {}
    gate_before = dict.fromkeys(_GATES, 0)
    heads: dict[str, int] = {}
    for job in ordered:
        gates = _gates_before(job)
        heads[job.name] = max([0, *(before.get(name, 0) for name in job.needs), *(gate_before[gate] for gate in gates)])
        before[job.name] = heads[job.name] + job.ended_at - job.started_at
        gate = _reviewed_at(job)
        if gate is not None:
            gate_before[gate] = max(gate_before[gate], before[job.name])
    after: dict[str, int] = defaultdict(int)
    gate_after = dict.fromkeys(_GATES, 0)
    chains = []
    for job in reversed(ordered):
        gate, own = _reviewed_at(job), job.ended_at - job.started_at
        tail = max(after[job.name], gate_after[gate] if gate is not None else 0)
        chains.append(_Chain(job.service, heads[job.name], own, tail))
        for name in job.needs:
            after[name] = max(after[name], own + tail)
        for earlier in _gates_before(job):
            gate_after[earlier] = max(gate_after[earlier], own + tail)
    return chains


def _gates_before(job: JobRun) -> tuple[Gate, ...]:
    """The gates that are passed before this job may start: its own and all before that."""
    gate = STEPS[job.step].gate
    return () if gate is None else tuple(Gate)[: _GATES[gate] + 1]


def _reviewed_at(job: JobRun) -> Gate | None:
    return next((gate for gate, steps in REVIEWED.items() if job.step in steps), None)
