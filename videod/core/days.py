"""Calendar days in a time zone: those of budgets, of quotas and of what may be published a day. Pure.

A day begins at its first instant and lasts until the next one does: 23, 24 or 25 hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

DAY_MS = 86_400_000
#: the zone where nobody chose one
USUAL_ZONE = "UTC"


@dataclass(frozen=True)
class Span:
    """From `begin` up to before `end`, ms."""

    begin: int
    end: int


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name. Raises KeyError or ValueError for none."""
    if name == USUAL_ZONE:
        return UTC
    from zoneinfo import ZoneInfo  # only where a zone was chosen: every start of a command would pay for it

    return ZoneInfo(name)


def _there(at: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone_of(zone))


def midnight(day: date, zone: str) -> int:
    """The first instant of a day, ms; where clocks skip midnight, the instant at which they do."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone_of(zone)).timestamp() * 1000)


def label(at: int, zone: str) -> str:
    """The day of `at`, such as 2026-11-20."""
    return _there(at, zone).date().isoformat()


def last(at: int, zone: str, count: int) -> tuple[str, ...]:
    """The labels of the last `count` days, the oldest first, that of `at` the last."""
    today = _there(at, zone).date()
    return tuple((today - timedelta(days=number)).isoformat() for number in reversed(range(count)))


def day(at: int, zone: str) -> Span:
    """The day that `at` belongs to."""
    today = _there(at, zone).date()
    found = Span(midnight(today, zone), midnight(today + timedelta(days=1), zone))
    if at < found.end:
        return found
    # clocks were set back over midnight: the date is the old one once more
    return Span(found.end, midnight(today + timedelta(days=2), zone))


def week(at: int, zone: str) -> Span:
    """The week that `at` belongs to, from Monday to Monday."""
    today = _there(at, zone).date()
    monday = today - timedelta(days=today.weekday())
    return Span(midnight(monday, zone), midnight(monday + timedelta(days=7), zone))


@dataclass(frozen=True)
class Calendar:
    """The days of an installation. `since`: when the day began that was continuing when the zone was changed, ms.

    That day keeps its begin and ends at the midnight of the new zone that is nearest to its usual end. So no day's
    budget is lost and none is spent twice, however often the zone is changed.
    """

    zone: str = USUAL_ZONE
    since: int | None = None

    def day(self, at: int) -> Span:
        """The day that `at` belongs to."""
        if self.since is not None:
            near = day(self.since + DAY_MS, self.zone)
            due = self.since + DAY_MS
            end = near.begin if due - near.begin < near.end - due else near.end
            if self.since <= at < end:
                return Span(self.since, end)
        return day(at, self.zone)

    def moved(self, zone: str, at: int) -> "Calendar":
        """The calendar once the zone is another one from `at` on."""
        return self if zone == self.zone else Calendar(zone, self.day(at).begin)
