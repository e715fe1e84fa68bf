"""One recent event in words. Pure; foreign text in it is cleaned."""

import json
from collections.abc import Mapping

from videod.core import wording
from videod.core.failures import QUIET
from videod.core.model import Priority
from videod.core.sanitize import sanitize_screen
from videod.core.statuses import LABELS, Status
from videod.dashboard.text import count
from videod.store.happenings import Happening
from videod.store.rows import suspension_of


def _number(body: dict[str, object], name: str) -> int:
    value = body.get(name)
    return value if isinstance(value, int) else 0


def _succeeded(body: dict[str, object]) -> tuple[str, str]:
    plan = body.get("plan")
    text = f"{body['job']} done"
    if isinstance(plan, dict):
        text += f": {count(_number(plan, 'clips'), 'clip')}, {count(_number(plan, 'images'), 'image')}"
    return text, "good"


def _failed(body: dict[str, object]) -> tuple[str, str]:
    failure = body.get("failure")
    if not isinstance(failure, dict):
        return f"{body['job']} failed", "bad"
    tone = "dim" if failure["kind"] in QUIET else "bad"
    return f"{body['job']} {failure['kind']}: {failure['message']}", tone


def _placed(body: Mapping[str, object]) -> str:
    cpu_ms, where = body.get("cpu_ms"), f"on the worker {body.get('worker')}"
    told = f"took {cpu_ms / 1000:.1f} CPU-seconds" if isinstance(cpu_ms, int) and cpu_ms else "runs"
    return f"{body['job']} {told} {where}"


def _sent_back(body: Mapping[str, object]) -> str:
    names, rewritten = body["names"], body.get("words")
    listed = [*names, *rewritten] if isinstance(names, list) and isinstance(rewritten, dict) else names
    return f"to be regenerated: {', '.join(listed) if isinstance(listed, list) else listed}"


def _queued(happening: Happening) -> tuple[str, str]:
    status = Status(happening.status) if happening.status else Status.QUEUED
    return ("queued", "plain") if status == Status.QUEUED else (f"queued again: {LABELS[status]}", "plain")


def _waits(body: dict[str, object]) -> str:
    kept = body.get("waits", body.get("reason"))  # `reason`: the sentence that earlier versions kept
    if isinstance(kept, str):
        return kept
    one = suspension_of(json.dumps(kept)) if kept is not None else None
    return "waits no longer" if one is None else wording.waiting(one)


def words(happening: Happening) -> tuple[str, str]:
    """(text, tone) with the tone one of "plain", "good", "bad", "dim"."""
    body = happening.body
    match happening.event:
        case "EntryQueued":
            text, tone = _queued(happening)
        case "EntryRefused":
            text, tone = f"entry refused: {body.get('reason')}", "bad"
        case "ChannelRenamed":
            text, tone = f"channel {body.get('old')} renamed to {body.get('new')}", "plain"
        case "EntryEdited":
            text, tone = f"edited: priority {Priority(_number(body, 'priority')).label}", "plain"
        case "GateApproved":
            text, tone = f"{body['gate']} approved by {body['by']}", "good"
        case "RedoAsked":
            text, tone = _sent_back(body), "plain"
        case "CancelAsked":
            text, tone = "cancelled", "plain"
        case "EditRefused":
            text, tone = f"{body['wanted']} refused: {body['reason']}", "bad"
        case "JobSucceeded":
            text, tone = _succeeded(body)
        case "JobFailed" | "JobCrashed" | "JobSetAside":
            text, tone = _failed(body)
        case "JobPlaced":
            text, tone = _placed(body), "dim"
        case "JobDied":
            text, tone = f"{body['job']}: videod died while it ran", "bad"
        case "ClockSetBack":
            text, tone = f"the clock was set back by {_number(body, 'seconds')} s. What waits goes with it", "dim"
        case "NothingBought":
            text, tone = f"{body['job']} continues: {body['evidence']}", "good"
        case "PurchaseFound":
            usd = _number(body, "micros") / 1e6
            how = "was paid" if body["sure"] else "may have been paid"
            text, tone = f"{body['job']}: ${usd:.2f} {how} that this copy of the database did not know of", "bad"
        case "InputLost":
            lost = body["lost"]
            names = ", ".join(str(one["job"]) for one in lost) if isinstance(lost, list) else ""
            text, tone = f"{body['job']} waits for its inputs: {names} lost", "bad"
        case "GatesJudged":
            text, tone = "its review opened automatically", "plain"
        case "EntryWaits":
            text, tone = _waits(body), "dim"
        case "EntrySlow" | "TextsRewritten" if body["note"]:
            text, tone = str(body["note"]), "bad"
        case "ServiceFreed":
            text, tone = f"{body['service']} continues", "good"
        case other:
            text, tone = other, "plain"
    return sanitize_screen(text), tone
