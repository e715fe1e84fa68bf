"""The JSON of one episode in full: with what it waits for and what a person may do with it now.

Apart from `serializers`, since the core's events come with it, which lists of episodes do without. Pure.
"""

from pathlib import Path

from videod.core import answers
from videod.core.board import pending_cost_micros
from videod.core.model import Task
from videod.core.outlook import Action, Outlook, Wait, outlook
from videod.core.statuses import AT_GATE
from videod.store import in_full
from videod.web import detail_shapes, serializers


def action(one: Action, task: Task) -> detail_shapes.ActionBody:
    """What a person may ask for, or why not."""
    why_not = None if one.obstacle is None else answers.why_not(one.verb, one.obstacle, task)
    return {
        "action": one.verb.value, "possible": one.possible,
        "why_not": None if one.obstacle is None else one.obstacle.value, "reason": why_not,
        "command": answers.command(one, task) if one.possible else None,
        "gate": None if one.gate is None else one.gate.value, "jobs": list(one.jobs), "field": one.field or None,
        "cost_usd": serializers.usd(one.cost_micros),
    }  # fmt: skip


def wait(one: Wait) -> detail_shapes.WaitBody:
    """What it waits for. `job`: the one that failed, is retried or starts next."""
    return {
        "what": one.what.value, "until": serializers.when(one.until_ms),
        "gate": None if one.gate is None else one.gate.value,
        "job": None if one.job is None else one.job.name,
        "suspension": None if one.suspension is None else serializers.suspension(one.suspension),
    }  # fmt: skip


def prospects(one: Outlook, task: Task) -> detail_shapes.ProspectsBody:
    return {"wait": wait(one.wait), "actions": [action(each, task) for each in one.actions]}


def detail(seen: in_full.Detail, at: int, workspace: Path | None, configured: bool = True) -> detail_shapes.DetailBody:
    """`configured`: whether the channel's file is there."""
    gate = AT_GATE.get(seen.task.status)
    pending = 0 if gate is None else pending_cost_micros(seen.jobs, gate)
    return {
        **serializers.task(seen.task),
        **prospects(outlook(seen.task, seen.jobs, seen.suspensions, configured, at), seen.task),
        "direction": seen.task.direction,
        "since": serializers.moment(seen.since),
        "approving_costs_usd": serializers.usd(pending),
        "costs_usd": serializers.costs(seen.charges),
        "charges": [serializers.charge(one) for one in seen.charges],
        "possible_charges": [serializers.possible(one) for one in seen.possible],
        "jobs": [serializers.job(one, workspace) for one in seen.jobs],
        "timeline": serializers.timeline(seen.history, at),
        "last_failure": serializers.last_failure(seen),
    }
