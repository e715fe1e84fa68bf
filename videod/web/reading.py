"""The daemon for programs and monitors: its health, the overview, channels, services, alerts."""

import asyncio
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from videod import __version__
from videod.channels import Channel
from videod.core.statuses import Phase
from videod.core.suspension import EVERY_SERVICE, Suspension
from videod.guard.errors import Code, Refused
from videod.store import listing, reads, reports, views
from videod.store.calendar import calendar
from videod.store.listing import ChannelCounts
from videod.store.reports import Spend
from videod.web import api_shapes, metrics, serializers, shapes
from videod.web.routes import Call, House, Plain, Route

#: how long the database may take before `/ready` says no, seconds
READY_S = 2.0


async def health(house: House, call: Call) -> api_shapes.HealthBody:
    """The loop turns: that is all that a supervisor needs to know."""
    uptime = (house.clock.now_ms() - house.started_at) // 1000
    return {"status": "ok", "version": __version__, "pid": os.getpid(), "uptime_s": uptime}


async def ready(house: House, call: Call) -> api_shapes.ReadyBody:
    missing = house.not_ready()
    if missing is None:
        try:
            async with asyncio.timeout(READY_S):
                await house.store.read(lambda connection: reads.value(connection, "ready"))
        except TimeoutError:
            missing = f"the database did not answer within {READY_S:g} s"
    if missing is not None:
        raise Refused(Code.NOT_READY, missing, "see `videod status` and the log")
    return {"status": "ready"}


async def _numbers(house: House) -> views.Overview:
    """The overview without the jobs of its episodes, which are most of the work of reading it."""
    at = house.clock.now_ms()
    return await house.store.read(lambda connection: views.overview(connection, at, whole=False))


async def numbers(house: House, call: Call) -> Plain:
    seen = await _numbers(house)
    text = metrics.text(seen, house.limits(), __version__, house.started_at, house.delays(), call.connections)
    return Plain(text, metrics.CONTENT_TYPE)


async def status(house: House, call: Call) -> shapes.OverviewBody:
    started = serializers.moment(house.started_at)
    daemon: shapes.DaemonBody = {
        "running": True, "pid": os.getpid(), "version": __version__, "started_at": started
    }  # fmt: skip
    at = house.clock.now_ms()
    seen = await house.store.read(lambda connection: views.overview(connection, at))
    seen = replace(seen, problems=(*house.problems(), *seen.problems))
    return {"daemon": daemon, **serializers.status(seen, house.limits())}


async def channels(house: House, call: Call) -> api_shapes.ChannelsBody:
    at = house.clock.now_ms()

    def look(
        connection: sqlite3.Connection,
    ) -> tuple[dict[str, ChannelCounts], Sequence[Suspension], Sequence[Spend]]:
        spent = reports.spend(connection, "channel", calendar(connection).day(at).begin)
        return listing.channels(connection), reads.suspensions(connection, at), spent

    counted, suspended, spent = await house.store.read(look)
    configured, money = house.channels(), {one.key: one for one in spent}
    return {
        "channels": [
            _channel(name, configured.get(name), counted.get(name), suspended, money.get(name))
            for name in sorted({*configured, *counted})
        ]
    }


def _channel(
    name: str, file: Channel | None, counted: ChannelCounts | None, suspended: Sequence[Suspension], spent: Spend | None
) -> api_shapes.ChannelBody:
    phases: Mapping[Phase, int] = {} if counted is None else counted.by_phase
    return {
        "id": name, "configured": file is not None, "name": None if file is None else file.name,
        "language": None if file is None else file.language, "privacy": None if file is None else file.privacy,
        "daily_budget_usd": None if file is None else file.daily_budget_usd,
        "max_concurrent": None if file is None else file.max_concurrent,
        "queued": phases.get(Phase.QUEUED, 0), "in_work": phases.get(Phase.WORK, 0),
        "in_review": phases.get(Phase.REVIEW, 0), "stopped": phases.get(Phase.ERROR, 0),
        "closed": phases.get(Phase.CLOSED, 0), "counts": {} if counted is None else counted.by_status,
        "spend_today_usd": serializers.usd(0 if spent is None else spent.micros),
        "possibly_paid_today_usd": serializers.usd(0 if spent is None else spent.possible),
        "suspensions": [serializers.suspension(one) for one in suspended if one.channel_id in ("", name)],
    }  # fmt: skip


async def services(house: House, call: Call) -> api_shapes.ServicesBody:
    seen, limits = await _numbers(house), house.limits()
    credit = {one.service: serializers.credit(one) for one in seen.credit}
    return {
        "services": [
            {
                **serializers.lane(lane, limits),
                "spend_today_usd": serializers.usd(seen.spent_today.get(lane.service, 0)),
                "suspensions": [
                    serializers.suspension(one)
                    for one in seen.suspensions
                    if one.service in (EVERY_SERVICE, lane.service)
                ],
                "credit": credit.get(lane.service),
            }
            for lane in seen.lanes
        ]
    }


async def alerts(house: House, call: Call) -> api_shapes.AlertsBody:
    found = sorted(await house.store.read(reads.open_alerts), key=lambda one: (-one.opened_at, one.key))
    moment = serializers.moment
    return {
        "alerts": [
            {"key": one.key, "opened_at": moment(one.opened_at), "alerted_at": moment(one.rang_at)} for one in found
        ]
    }


ROUTES = (
    Route("GET", "/health", "health", "Say whether the daemon runs.", health, api_shapes.HealthBody),
    Route("GET", "/ready", "ready", "Say whether the daemon can work.", ready, api_shapes.ReadyBody, (Code.NOT_READY,)),
    Route("GET", "/metrics", "metrics", "Numbers as Prometheus text.", numbers, None),
    Route(
        "GET",
        "/api/status",
        "show_status",
        "Show everything at a glance, as `videod status` does.",
        status,
        shapes.OverviewBody,
    ),
    Route(
        "GET",
        "/api/channels",
        "list_channels",
        "List the channels and their queues.",
        channels,
        api_shapes.ChannelsBody,
    ),
    Route(
        "GET",
        "/api/services",
        "list_services",
        "List the services and what suspends them.",
        services,
        api_shapes.ServicesBody,
    ),
    Route(
        "GET",
        "/api/alerts",
        "list_alerts",
        "List the causes that people were alerted to and that are not over.",
        alerts,
        api_shapes.AlertsBody,
    ),
)
