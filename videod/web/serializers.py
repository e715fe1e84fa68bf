"""The JSON of the API and of every command's `--json`: the same words for the same things.

Times are ISO 8601 UTC or null, money is US dollars, states and statuses are the stored values. Pure.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from videod.core import wording
from videod.core.allowances import Allowance, Kind
from videod.core.board import waiting
from videod.core.cluster import View
from videod.core.failures import Failure
from videod.core.film_cost import Credit
from videod.core.model import Job, Task
from videod.core.moments import iso
from videod.core.service import CREDIT
from videod.core.statuses import AT_GATE, LABELS
from videod.core.suspension import Suspension
from videod.core.webhook import Report
from videod.store import in_full, views
from videod.store.depths import Depth, depths
from videod.web import shapes

Json = dict[str, object]


#: a time that is there
moment = iso


def when(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)


def usd(micros: int) -> float:
    return round(micros / 1e6, 6)


def task(one: Task) -> shapes.TaskBody:
    gate = AT_GATE.get(one.status)
    return {
        "id": one.id, "page_id": one.page_id, "channel": one.channel_id, "title": one.title, "topic": one.topic,
        "status": one.status.value, "label": LABELS[one.status], "gate": None if gate is None else gate.value,
        "priority": one.priority.label, "privacy": one.privacy, "thumbnail": one.thumbnail or None,
        "paused": one.paused,
        "suspended": None if one.suspended is None else suspension(one.suspended),
        "waits": waiting(one) or None, "slow": one.slow or None,
        "error": one.error,
        "cost_usd": usd(one.cost_micros), "possibly_paid_usd": usd(one.possible_micros),
        "possibly_paid_twice": one.possibly_paid_twice, "youtube_url": one.youtube_url,
        "created_at": moment(one.created_at), "queued_at": moment(one.queued_at), "started_at": when(one.started_at),
        "ended_at": when(one.ended_at),
    }  # fmt: skip


def failure(one: Failure | None) -> shapes.FailureBody | None:
    if one is None:
        return None
    return {
        "kind": one.kind.value, "message": one.message, "service": one.service, "endpoint": one.endpoint,
        "http_status": one.http_status, "code": one.code, "request_id": one.request_id,
    }  # fmt: skip


def episode(one: views.Episode, at: int) -> shapes.EpisodeBody:
    retry, troubled = one.retry(at), one.troubled
    trouble = None if troubled is None else failure(troubled.failure)
    return {
        **task(one.task), "since": moment(one.since), "progress": one.progress,
        "approving_costs_usd": usd(one.pending_micros),
        "retry": None if retry is None else {
            "job": retry.name, "tries": retry.attempts, "at": moment(retry.due_at)
        },
        "failure": None if troubled is None or trouble is None else {"job": troubled.name, **trouble},
    }  # fmt: skip


def lane(one: views.Lane, limits: Mapping[str, int]) -> shapes.LaneBody:
    return {
        "service": one.service, "running": one.running, "limit": limits.get(one.service), "ready": one.ready,
        "later": one.later, "next_due": when(one.next_due),
    }  # fmt: skip


def suspension(one: Suspension) -> shapes.SuspensionBody:
    return {
        "service": wording.service_name(one.service), "channel": one.channel_id or None, "cause": one.cause.value,
        "until": when(one.until_ms), "since": when(one.since or None), "reason": wording.explained(one),
    }  # fmt: skip


def unsent(one: views.Unsent) -> shapes.UnsentBody:
    return {"target": one.target, "rows": one.rows, "oldest": moment(one.oldest), "problem": one.problem}


def credit(one: Credit) -> shapes.CreditBody:
    """`films`: how many films it is enough for, null where nobody can say."""
    needed = None if one.a_film is None else one.a_film / CREDIT
    return {
        "service": one.service, "credits": one.left / CREDIT, "credits_a_film": needed, "films": one.films,
        "at": moment(one.at),
    }  # fmt: skip


def depth(one: Depth) -> shapes.DepthBody:
    return {
        "channel": one.channel_id, "queued": one.queued, "in_work": one.in_work, "reviews": one.reviews,
        "stopped": one.stopped, "oldest_queued_at": when(one.oldest),
    }  # fmt: skip


def allowance(one: Allowance) -> shapes.AllowanceBody:
    """Jobs of a service, dollars or films of a channel."""
    quota = one.kind is Kind.QUOTA
    used, most = (usd(one.used), usd(one.most)) if one.kind is Kind.BUDGET else (one.used, one.most)
    return {
        "kind": one.kind.value, "service": one.name if quota else None, "channel": None if quota else one.name,
        "used": used, "most": most, "ends_at": when(one.ends_at),
    }  # fmt: skip


def refused(one: views.Refused) -> shapes.RefusedEntryBody:
    return {
        "page_id": one.page_id, "title": one.title, "channel": one.channel or None, "reason": one.reason,
        "at": moment(one.at),
    }  # fmt: skip


def hook(one: Report) -> shapes.WebhookOffBody | shapes.WebhookBody:
    """Notion's webhook; where it is off only that, and when it was last signed for."""
    if not one.on:
        return {"on": False, "signed_at": when(one.signed_at)}
    return {
        "on": True, "url": one.url, "listens": one.listens, "since": moment(one.since), "secret": one.secret,
        "signed_at": when(one.signed_at), "token_at": when(one.token_at), "taken": one.taken, "repeats": one.repeats,
        "refused": sum(one.refused.values()), "refused_reasons": dict(one.refused), "refused_at": when(one.refused_at),
        "problem": one.problem or None,
    }  # fmt: skip


def cluster(seen: View, placed: Mapping[str, tuple[str, ...]]) -> shapes.ClusterBody:
    workers: list[shapes.WorkerBody] = [
        {
            "name": one.name, "address": one.address, "slots": one.slots, "usable": one.usable, "version": one.version,
            "ffmpeg": one.ffmpeg, "problem": one.problem or None, "jobs": list(placed.get(one.name, ())),
        }
        for one in seen.workers
    ]  # fmt: skip
    return {"address": seen.address, "problem": seen.problem or None, "slots": seen.slots, "workers": workers}


def status(seen: views.Overview, limits: Mapping[str, int]) -> shapes.StatusBody:
    """`episodes` are the open ones: needs review first, then errors, work, queue."""
    return {
        "at": moment(seen.at),
        "counts": seen.counts,
        "episodes": [episode(one, seen.at) for one in seen.episodes],
        "refused": [refused(one) for one in seen.refused],
        "lanes": [lane(one, limits) for one in seen.lanes],
        "suspensions": [suspension(one) for one in seen.suspensions],
        "unsent": [unsent(one) for one in seen.unsent],
        "spend_today_usd": usd(seen.spend_today_micros),
        "spend_today_by_service_usd": {name: usd(micros) for name, micros in sorted(seen.spent_today.items())},
        "possibly_paid_today_usd": usd(seen.possible_today_micros),
        "published_7_days": seen.published_7d,
        "possibly_paid_twice": seen.possibly_paid_twice,
        "in_doubt": seen.in_doubt,
        "problems": list(seen.problems),
        "heartbeat": when(seen.heartbeat),
        "credit": [credit(one) for one in seen.credit],
        "webhook": hook(seen.webhook),
        "queues": [depth(one) for one in depths(seen.episodes)],
        "allowances": [allowance(one) for one in seen.allowances],
        "page": seen.page or None,
        "cluster": None if seen.cluster is None else cluster(seen.cluster, seen.placed),
    }


def shown_id(remote_id: str | None) -> str | None:
    """The remote id; never the address of an upload session, to which whoever knows it may write."""
    return None if remote_id is None or "://" in remote_id else remote_id


def job(one: Job, workspace: Path | None) -> shapes.JobBody:
    """`file` is absolute where the workspace is known, else relative to it."""
    file = one.output if workspace is None or one.output is None else str(workspace / one.output)
    return {
        "name": one.name, "step": one.step, "service": one.service, "state": one.state.value, "tries": one.attempts,
        "due_at": when(one.due_at) if one.due_at else None, "revision": one.revision, "file": file,
        "bytes": one.bytes, "sha256": one.sha256, "facts": one.facts, "remote_id": shown_id(one.remote_id),
        "price_usd": usd(one.price_micros), "cost_usd": usd(one.cost_micros), "failure": failure(one.failure),
        "started_at": when(one.started_at), "ended_at": when(one.ended_at), "args": one.args,
    }  # fmt: skip


def charge(one: in_full.ChargeRow) -> shapes.ChargeBody:
    return {
        "job": one.job, "service": one.service, "kind": one.kind, "quantity": one.quantity, "unit": one.unit,
        "usd": usd(one.micros), "at": moment(one.at),
    }  # fmt: skip


def possible(one: in_full.PossibleCharge) -> shapes.PossibleBody:
    return {
        "job": one.job, "service": one.service, "usd": usd(one.micros), "at": moment(one.at),
        "cleared_by": one.cleared_by,
    }  # fmt: skip


def costs(charges: tuple[in_full.ChargeRow, ...]) -> dict[str, float]:
    """service -> US dollars."""
    total: dict[str, int] = {}
    for one in charges:
        total[one.service] = total.get(one.service, 0) + one.micros
    return {name: usd(micros) for name, micros in sorted(total.items())}


def moves(history: tuple[in_full.HistoryRow, ...]) -> list[tuple[int, str]]:
    """(time ms, status) of every change of status, the first included."""
    found: list[tuple[int, str]] = []
    for row in history:
        if row.status is not None and (not found or found[-1][1] != row.status):
            found.append((row.at, row.status))
    return found


def timeline(history: tuple[in_full.HistoryRow, ...], at: int) -> list[shapes.StageBody]:
    """Each status with its begin and how long it lasted, seconds; the last one lasts until `at`."""
    found = moves(history)
    ends = [begin for begin, _ in found[1:]] + [at]
    return [
        {"status": name, "at": moment(begin), "seconds": max(0, end - begin) // 1000}
        for (begin, name), end in zip(found, ends, strict=True)
    ]


def last_failure(seen: in_full.Detail) -> shapes.LastFailureBody | None:
    """The newest failed attempt in full: the failure as it was reported, the end of its stderr, fixed since or not."""
    row = seen.failed
    if row is None:
        return None
    one = next((job for job in seen.jobs if job.id == row.job_id), None)
    told = [
        failed
        for old in seen.history
        if old.event == "JobFailed"
        and old.body.get("attempt") == row.id
        and isinstance(failed := old.body.get("failure"), dict)
    ]
    return {
        "job": None if one is None else one.name, "at": when(row.ended_at), "outcome": row.outcome,
        "exit_code": row.exit_code, "stderr_tail": row.stderr_tail, "failure": told[-1] if told else None,
        "fixed": one is not None and one.failure is None and one.state.value not in ("failed", "in_doubt"),
    }  # fmt: skip


def redacted(value: object, redact: Callable[[str], str]) -> object:
    """The same JSON with every text passed through `redact`, so that no secret leaves in an error's words."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(name): redacted(item, redact) for name, item in value.items()}
    if isinstance(value, list):
        return [redacted(item, redact) for item in value]
    return value
