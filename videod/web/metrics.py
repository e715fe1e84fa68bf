"""The numbers of the overview as Prometheus text (exposition format 0.0.4). Pure.

Counters come from the database: they only grow, over restarts as well.
"""

import itertools
from collections.abc import Mapping, Sequence

from videod.core.allowances import Kind
from videod.core.histogram import Histogram
from videod.core.measures import HARMLESS
from videod.core.statuses import Status
from videod.store.depths import depths
from videod.store.happenings import Counter
from videod.store.views import Overview

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]
#: name, help text, samples
Family = tuple[str, str, Sequence[Sample]]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _family(name: str, about: str, samples: Sequence[Sample]) -> list[str]:
    """One family with its samples, one for each set of labels; what ends in _total is a counter, all else a gauge."""
    kind = "counter" if name.endswith("_total") else "gauge"
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}")
    return lines


def text(
    seen: Overview, limits: Mapping[str, int], version: str, started_at: int,
    delays: Sequence[Histogram],
    connections: Mapping[str, Mapping[str, int]] | None = None,
) -> str:  # fmt: skip
    """Everything worth an alert or a graph. Money in US dollars, times and ages in seconds.

    `connections`: listener -> what became of connections -> how many.
    """
    families = (
        *_house(seen, version, started_at), *_lanes(seen, limits), *_money(seen), *_unsent(seen),
        *_grown(seen.counters), _webhook(seen), *_allowed(seen),
        ("videod_connections", "Connections since the start by listener and what became of them.", [
            ({"listener": listener, "outcome": outcome}, count)
            for listener, counts in (connections or {}).items() for outcome, count in counts.items()
        ]),
    )  # fmt: skip
    lines = [line for family in families for line in _family(*family)]
    return "\n".join([*lines, *(line for one in delays for line in _histogram(one))]) + "\n"


def _histogram(one: Histogram) -> list[str]:
    lines = [f"# HELP {one.name} {one.about}", f"# TYPE {one.name} histogram"]
    for edge, count in zip([*map(str, one.edges_s), "+Inf"], itertools.accumulate(one.counts), strict=True):
        lines.append(f'{one.name}_bucket{{le="{edge}"}} {count}')
    return [*lines, f"{one.name}_sum {one.sum_s:.6f}", f"{one.name}_count {sum(one.counts)}"]


def _house(seen: Overview, version: str, started_at: int) -> tuple[Family, ...]:
    queued: dict[str, int] = {}
    for one in seen.episodes:
        waiting = one.task.status == Status.QUEUED
        queued[one.task.channel_id] = queued.get(one.task.channel_id, 0) + waiting
    uptime = max(0, seen.at - started_at) / 1000
    counts = {one.value: seen.counts.get(one.value, 0) for one in Status}
    return (
        ("videod_info", "Version that runs.", [({"version": version}, 1)]),
        ("videod_uptime_seconds", "Time since the start.", [({}, uptime)]),
        ("videod_tasks", "Tasks by status.", _each("status", counts)),
        ("videod_tasks_queued", "Queue depth by channel.", _each("channel", queued)),
        ("videod_published_7_days", "Episodes published in the last seven days.", [({}, seen.published_7d)]),
    )


def _lanes(seen: Overview, limits: Mapping[str, int]) -> tuple[Family, ...]:
    running = {one.service: one.running for one in seen.lanes}
    ready = {one.service: one.ready for one in seen.lanes}
    later = {one.service: one.later for one in seen.lanes}
    suspended: list[Sample] = [
        ({"service": one.service, "channel": one.channel_id, "cause": one.cause.value}, 1) for one in seen.suspensions
    ]
    return (
        ("videod_jobs_running", "Jobs that run by service.", _each("service", running)),
        ("videod_jobs_ready", "Jobs that could start now by service.", _each("service", ready)),
        ("videod_jobs_later", "Jobs that are due later by service.", _each("service", later)),
        ("videod_jobs_limit", "Jobs that may run at once by service.", _each("service", limits)),
        ("videod_service_suspended", "1 for every service, or channel of a service, that is suspended.", suspended),
    )


def _money(seen: Overview) -> tuple[Family, ...]:
    spent = {name: micros / 1e6 for name, micros in sorted(seen.spent_today.items())}
    twice = "Purchases repeated although the first may have gone through."
    possible = {name: micros / 1e6 for name, micros in sorted(seen.possible_today.items())}
    unsure = "Possibly paid today and not charged, by service."
    return (
        ("videod_spend_today_usd", "Charged today by service.", _each("service", spent)),
        ("videod_possibly_paid_today_usd", unsure, _each("service", possible)),
        ("videod_purchases_in_doubt", "Jobs that may have been paid and wait for a person.", [({}, seen.in_doubt)]),
        ("videod_possibly_paid_twice", twice, [({}, seen.possibly_paid_twice)]),
    )


def _unsent(seen: Overview) -> tuple[Family, ...]:
    rows = {one.target: one.rows for one in seen.unsent}
    ages = {one.target: (seen.at - one.oldest) / 1000 for one in seen.unsent}
    return (
        ("videod_unsent", "Outbox rows not delivered yet by target.", _each("target", rows)),
        ("videod_unsent_oldest_seconds", "Age of the oldest row not delivered by target.", _each("target", ages)),
    )


def _allowed(seen: Overview) -> tuple[Family, ...]:
    """The day's quotas and budgets, and how long the oldest entry of each channel has waited."""
    quotas = [one for one in seen.allowances if one.kind is Kind.QUOTA]
    budgets = [one for one in seen.allowances if one.kind is Kind.BUDGET]
    waits = {one.channel_id: (seen.at - one.oldest) / 1000 for one in depths(seen.episodes) if one.oldest is not None}
    return (
        ("videod_quota_used", "Jobs of the day by service.", _each("service", {q.name: q.used for q in quotas})),
        ("videod_quota_limit", "Jobs a day by service.", _each("service", {q.name: q.most for q in quotas})),
        ("videod_budget_used_usd", "Spent or reserved today by channel.",
         _each("channel", {b.name: b.used / 1e6 for b in budgets})),
        ("videod_budget_limit_usd", "Daily budget by channel.",
         _each("channel", {b.name: b.most / 1e6 for b in budgets})),
        ("videod_queue_oldest_seconds", "Age of the oldest queued entry by channel.", _each("channel", waits)),
    )  # fmt: skip


#: counter's name in the database -> name, help text, labels it has
_GROWN = (
    ("episodes", "videod_episodes_total", "Episodes by channel: queued, published, failed, cancelled.", "outcome"),
    ("attempts", "videod_attempts_total", "Ended attempts by service and outcome.", "outcome"),
    ("failures", "videod_failures_total", "Failed attempts by service and kind.", "kind"),
    ("retries", "videod_retries_total", "Failed attempts that were followed by another one.", "kind"),
    ("recovered", "videod_recoveries_total", "Jobs that succeeded after failures, without a person.", "kind"),
    ("helped", "videod_helped_total", "Jobs that succeeded after failures, with a person's help.", "kind"),
    ("stopped", "videod_stopped_total", "Jobs that stopped and need a person.", "kind"),
    ("charged", "videod_charged_usd_total", "US dollars charged by channel and service.", ""),
)  # fmt: skip


def _grown(counters: Sequence[Counter]) -> tuple[Family, ...]:
    found = [*counters, *(one._replace(name="failures") for one in counters if _failed(one))]
    return tuple(
        (name, about, _summed([one for one in found if one.name == stored], stored, label))
        for stored, name, about, label in _GROWN
    )


def _failed(one: Counter) -> bool:
    return one.name == "attempts" and one.kind not in HARMLESS


def _summed(counters: Sequence[Counter], stored: str, label: str) -> list[Sample]:
    """Money and episodes by channel, all else by service alone."""
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for one in counters:
        labels = {"service": one.service} | ({label: one.kind} if label else {})
        if stored == "episodes":
            labels = {"channel": one.channel_id, label: one.kind}
        if stored == "charged":
            labels |= {"channel": one.channel_id}
        key = tuple(labels.items())
        sums[key] = sums.get(key, 0.0) + one.n / (1e6 if stored == "charged" else 1)
    return [(dict(key), value) for key, value in sums.items()]


def _webhook(seen: Overview) -> Family:
    hook = seen.webhook
    counts = {"taken": hook.taken, "repeat": hook.repeats} | dict(hook.refused) if hook.on else {}
    return ("videod_webhook_deliveries", "Deliveries to the webhook since the start by outcome.",
            _each("outcome", counts))  # fmt: skip


def _each(label: str, values: Mapping[str, float]) -> list[Sample]:
    return [({label: name}, value) for name, value in values.items()]
