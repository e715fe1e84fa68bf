"""Dates as Notion takes them (a day, or a moment), keeps them and compares them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from videod.sandbox.notion import checks
from videod.sandbox.notion.errors import misfit
from videod.sandbox.notion.model import Json

DAY_MS = 86_400_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


@dataclass(frozen=True)
class Span:
    """The milliseconds [first, beyond) that a written date covers: a day, or a single moment."""

    first: int
    beyond: int


def parse(value: object, path: str, zone: ZoneInfo | None = None) -> tuple[datetime, bool]:
    """The moment (in `zone`, else UTC, where none is written) and whether only a day was written."""
    if not isinstance(value, str):
        raise misfit(path, "a valid ISO 8601 date string", value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise misfit(path, "a valid ISO 8601 date string", value) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC)), bool(_DAY.match(value))


def span(value: object, path: str) -> Span:
    moment, is_day = parse(value, path)
    first = round(moment.timestamp() * 1000)
    return Span(first, first + (DAY_MS if is_day else 1))


def relative(condition: str, now_ms: int) -> Span | None:
    """The span of `past_week` and its family (UTC, weeks from Monday, months of 30 and years of 365 days)."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = round(midnight.timestamp() * 1000)
    monday = round((midnight - timedelta(days=now.weekday())).timestamp() * 1000)
    if condition == "this_week":
        return Span(monday, monday + 7 * DAY_MS)
    days = {"week": 7, "month": 30, "year": 365}
    direction, _, unit = condition.partition("_")
    if unit not in days or direction not in ("past", "next"):
        return None
    length = days[unit] * DAY_MS
    return Span(today - length, now_ms + 1) if direction == "past" else Span(now_ms, today + length + DAY_MS)


def normal(value: object, path: str) -> Json:
    """A date value as it is read back: `{start, end, time_zone}`.

    A moment comes back with an explicit offset and without its seconds: Notion keeps dates to the minute, so a client
    that compares what it wrote with what it reads must compare moments rounded down to minutes, not text.
    """
    body = checks.obj(value, path)
    checks.only(body, ("start", "end", "time_zone"), path)
    zone = _zone(body.get("time_zone"), f"{path}.time_zone")
    start = _written(body.get("start"), f"{path}.start", zone)
    end = body.get("end")
    ends = None if end is None else _written(end, f"{path}.end", zone)
    if ends is not None and parse(ends, path)[0] < parse(start, path)[0]:
        raise misfit(f"{path}.end", "after the start", end)
    return {"start": start, "end": ends, "time_zone": zone.key if zone else None}


def _zone(value: object, path: str) -> ZoneInfo | None:
    if value is None:
        return None
    try:
        return ZoneInfo(checks.text(value, path, 64))
    except (ZoneInfoNotFoundError, ValueError):
        raise misfit(path, "a time zone of the IANA database", value) from None


def _written(value: object, path: str, zone: ZoneInfo | None) -> str:
    moment, is_day = parse(value, path, zone)
    if is_day:
        return moment.date().isoformat()
    return moment.replace(second=0, microsecond=0).isoformat(timespec="milliseconds")
