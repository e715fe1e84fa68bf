"""`videod report`: what became of a week or month: outcomes, recoveries, costs, times, the bottleneck."""

import sqlite3
from datetime import datetime
from typing import Annotated

import typer

from videod.cli import client, options, output
from videod.cli.options import AsJson, ChannelId, Config, StateFolder, examples
from videod.cli.output import USAGE, Cell, Column, CommandError
from videod.core.days import midnight
from videod.core.measures import (
    PUBLISHED,
    TARGET_ALONE,
    TARGET_RECOVERED,
    TARGET_UP,
    Outcome,
    Presence,
    Report,
    Share,
    a_film,
)
from videod.dashboard import report as words
from videod.dashboard.text import count, money, span, spent
from videod.store import reports
from videod.store.calendar import calendar, first_of
from videod.web import serializers

app = options.app()

WEEK, MONTH = 7, 30


@app.command(epilog=examples("videod report --week", "videod report --since 2026-11-01 --channel wild_earth"))
def report(
    week: Annotated[bool, typer.Option("--week", help="Today and the six days before. The default.")] = False,
    month: Annotated[bool, typer.Option("--month", help="Today and the 29 days before.")] = False,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From this day on, such as 2026-11-01.")] = None,
    channel: ChannelId = None,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Show what was published, what recovered automatically, what it cost and what was slow."""
    now = client.now_ms()
    with client.looking(client.place(state, config)) as connection:
        begin = _begin(connection, week, month, since, now)
        found = reports.report(connection, begin, now + 1, channel)
    if as_json:
        output.print_json(as_object(found))
        return output.OK
    _print(found, now)
    return output.OK


def _begin(connection: sqlite3.Connection, week: bool, month: bool, since: str | None, now: int) -> int:
    if sum((week, month, since is not None)) > 1:
        raise CommandError(USAGE, "--week, --month and --since exclude each other", "give one of them")
    if since is None:
        return first_of(connection, now, MONTH if month else WEEK)
    try:
        day = datetime.strptime(since, "%Y-%m-%d").date()  # noqa: DTZ007 - only its day is asked for
    except ValueError:
        raise CommandError(USAGE, f"--since: {since!r} is not a day", "write it as in 2026-11-01") from None
    begin = midnight(day, calendar(connection).zone)
    if not 0 <= begin <= now:
        raise CommandError(USAGE, f"--since: {since} is not in the past", "write a day that has begun")
    return begin


# ------------------------------------------------------------------------------------------- JSON


def as_object(found: Report) -> dict[str, object]:
    """docs/json.md has every name."""
    bottleneck, mean = found.bottleneck, a_film(found.published)
    return {
        "begin": serializers.when(found.begin), "end": serializers.when(found.end), "channel": found.channel,
        "published": len(found.published), **{one.value: len(found.of(one)) for one in Outcome},
        "without_a_person": _share(found.alone(), TARGET_ALONE),
        "transient_recovered": _share(found.transient, TARGET_RECOVERED), "retrying": found.retrying,
        "spent_usd": serializers.usd(found.micros), "possibly_paid_usd": serializers.usd(found.possible),
        "usd_a_film": None if mean is None else serializers.usd(mean),
        "by_channel": [_channel(found, name) for name in _channels(found)],
        "by_service": [
            {"service": one.key, "usd": serializers.usd(one.micros), "possibly_paid_usd": serializers.usd(one.possible)}
            for one in found.by_service
        ],
        "episodes": [
            {"id": one.task_id, "channel": one.channel_id, "title": one.title, "outcome": one.outcome.value,
             "person": one.person, "at": serializers.when(one.at), "usd": serializers.usd(one.micros),
             "possibly_paid_usd": serializers.usd(one.possible)}
            for one in found.endings
        ],
        "failures": [
            {"service": one.service, "kind": one.kind, "failures": one.failures, "recovered": one.recovered,
             "helped": one.helped, "stopped": one.stopped}
            for one in found.troubles
        ],
        "times": [
            {"status": one.status.value, "review": one in words.reviews(found), "times": one.times,
             "median_s": _s(one.median_ms), "longest_s": _s(one.longest_ms), "total_s": _s(one.total_ms)}
            for one in found.stays
        ],
        "waits": [
            {"service": one.service or None, "starts": one.starts, "waited_s": _s(one.waited_ms),
             "longest_s": _s(one.longest_ms)}
            for one in found.waits
        ],
        "bottleneck": None if bottleneck is None else bottleneck.service,
        "presence": _presence(found.presence),
        "workers": [
            {"worker": one.worker, "attempts": one.attempts, "lost": one.lost, "cpu_s": _s(one.cpu_ms)}
            for one in found.workers
        ],
    }  # fmt: skip


def _presence(one: Presence) -> dict[str, object]:
    return {
        "since": serializers.when(one.since), "share": None if one.up.value is None else round(one.up.value, 6),
        "target": TARGET_UP, "away_s": _s(one.away_ms),
        "absences": [
            {"began_at": serializers.when(gap.began_at), "ended_at": serializers.when(gap.ended_at)}
            for gap in one.absences
        ],
    }  # fmt: skip


def _s(ms: int) -> float:
    return round(ms / 1000, 3)


def _share(one: Share, target: float) -> dict[str, object]:
    value = None if one.value is None else round(one.value, 4)
    return {"part": one.part, "whole": one.whole, "share": value, "target": target}


def _channels(found: Report) -> list[str]:
    ended = {one.channel_id for one in found.endings}
    return sorted(ended | {one.key for one in found.by_channel} | {one.channel_id for one in found.queue})


def _channel(found: Report, name: str) -> dict[str, object]:
    cost = next((one for one in found.by_channel if one.key == name), None)
    waiting = next((one for one in found.queue if one.channel_id == name), None)
    return {
        "channel": name, "published": len(found.of(*PUBLISHED, channel=name)),
        **{one.value: len(found.of(one, channel=name)) for one in Outcome},
        "usd": serializers.usd(cost.micros if cost else 0),
        "possibly_paid_usd": serializers.usd(cost.possible if cost else 0),
        "queued": waiting.entries if waiting else 0,
        "oldest_queued_at": serializers.when(waiting.oldest) if waiting else None,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------- tables


def _print(found: Report, now: int) -> None:
    output.say(words.period(found), "dim")
    for line in words.summary(found):
        output.say(line)
    _by_channel(found, now)
    _times(found)
    _waits(found)
    _failures(found)
    _workers(found)
    _films(found)


def _section(title: str, head: tuple[Column, ...], rows: list[list[str | Cell]]) -> None:
    if rows:
        output.say("")
        output.heading(title)
        output.table(head, rows, indent="  ")


def _by_channel(found: Report, now: int) -> None:
    rows: list[list[str | Cell]] = []
    for name in _channels(found):
        cost = next((spent(one.micros, one.possible) for one in found.by_channel if one.key == name), money(0))
        waiting = next((one for one in found.queue if one.channel_id == name), None)
        depth = "" if waiting is None else f"{waiting.entries}, oldest {span(now - waiting.oldest)}"
        counts = [f"{len(found.of(one, channel=name))}" for one in Outcome]
        alone = found.alone(name)
        share = "" if alone.value is None else words.percent(alone)
        rows.append([name, f"{len(found.of(*PUBLISHED, channel=name))}", *counts, share, cost, depth])
    head = (
        Column("channel"), Column("published"), Column("no trouble", 2), Column("recovered", 2),
        Column("helped", 2), Column("stopped", 1), Column("cancelled", 3), Column("no person", 2), Column("spent", 1),
        Column("queued now", 2),
    )  # fmt: skip
    _section("Channels", head, rows)


def _times(found: Report) -> None:
    """Reviews first: there the work waits for people."""
    at_review = words.reviews(found)
    ordered = (*at_review, *(one for one in found.stays if one not in at_review))
    head = (Column("status"), Column("times"), Column("median"), Column("longest", 1), Column("in all", 2))
    _section("Time at reviews and in each status", head, [
        [Cell(words.stage(one), "review" if one in at_review else "plain"), f"{one.times}", span(one.median_ms),
         span(one.longest_ms), span(one.total_ms)]
        for one in ordered
    ])  # fmt: skip


def _waits(found: Report) -> None:
    head = (Column("for"), Column("jobs"), Column("waited in all"), Column("each", 1), Column("longest", 2))
    _section("Ready jobs waited", head, [
        [one.service or "a place in work", f"{one.starts}", span(one.waited_ms), span(one.waited_ms // one.starts),
         span(one.longest_ms)]
        for one in found.waits
    ])  # fmt: skip


def _failures(found: Report) -> None:
    head = (
        Column("service"), Column("kind"), Column("failed attempts"), Column("recovered", 1), Column("helped", 1),
        Column("stopped", 1),
    )  # fmt: skip
    _section("Failures", head, [
        [one.service, one.kind, f"{one.failures}", f"{one.recovered}", f"{one.helped}", f"{one.stopped}"]
        for one in found.troubles
    ])  # fmt: skip


def _workers(found: Report) -> None:
    head = (Column("worker"), Column("attempts"), Column("lost", 1), Column("CPU-seconds"))
    _section("Workers of the cluster", head, [
        [one.worker, f"{one.attempts}", f"{one.lost}", f"{one.cpu_ms / 1000:,.0f}"] for one in found.workers
    ])  # fmt: skip


#: so many of the dearest films are shown
_DEAREST = 5


def _films(found: Report) -> None:
    dearest = sorted(found.published, key=lambda one: -one.micros)
    head = (Column("episode"), Column("title", least=14), Column("channel", 1), Column("cost"))
    _section("Dearest films", head, [
        [one.task_id, one.title, one.channel_id, spent(one.micros, one.possible)] for one in dearest[:_DEAREST]
    ])  # fmt: skip
    if len(dearest) > _DEAREST:
        output.say(f"  … of {count(len(dearest), 'film')}. `videod costs --by episode` and `--json` have all", "dim")
