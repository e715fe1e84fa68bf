"""Moments in words. `clock` is the one function that renders a moment for people; `iso` is for logs and JSON. Pure.

The zone that people read is a matter of the process, like a locale: it is set once (`show_in`) and changes no decision.
"""

from datetime import UTC, datetime, tzinfo

from videod.core.days import USUAL_ZONE, zone_of

#: the last second of 9999: databases of older versions may hold times beyond it
LAST_MS = 253_402_300_799_000


class _Shown:
    """The zone in which people read times."""

    zone: tzinfo = UTC


def show_in(zone: str) -> None:
    """From now on people read times in this zone, an IANA name; in UTC where there is no such zone."""
    try:
        _Shown.zone = zone_of(zone)
    except (KeyError, ValueError, OSError):
        _Shown.zone = zone_of(USUAL_ZONE)


def iso(ms: int) -> str:
    """Milliseconds UTC as ISO 8601 with seconds, such as 2026-11-21T14:15:00Z; the ends of the calendar bound it."""
    return _moment(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(ms: int, now: int | None = None) -> str:
    """What people read: "2026-11-21 14:02 UTC", in their zone; the ends of the calendar bound it.

    With `now` as short as can be: "14:15 UTC" today, "Nov 22 08:00 UTC" this year.
    """
    then = _local(ms)
    if now is None:
        return f"{then:%Y-%m-%d %H:%M} {_zone(then)}"
    today = _local(now)
    date = "" if then.date() == today.date() else f"{then:%b} {then.day} "
    year = "" if then.year == today.year else f"{then.year} "
    return f"{year}{date}{then:%H:%M} {_zone(then)}"


def _local(ms: int) -> datetime:
    moment = _moment(ms)
    try:
        return moment.astimezone(_Shown.zone)
    except OverflowError:  # the last hours of 9999
        return moment


def _zone(then: datetime) -> str:
    """CET and the like; UTC+3 where the zone has no letters."""
    name = then.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def duration(ms: int) -> str:
    """Such as "42 minutes" or "3 h 10 min"; at least one minute."""
    minutes = max(1, round(ms / 60_000))
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 48 else f"{hours // 24} days"


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(min(max(ms, 0), LAST_MS) / 1000, UTC)
