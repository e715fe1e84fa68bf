"""Google's quota day, which ends at midnight in Los Angeles, summer time and all."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


def seconds_to_pacific_midnight(now: datetime) -> float:
    """Seconds of true time from `now` (aware) to the next 00:00 in Los Angeles; more than 0, at most 25 hours."""
    tomorrow = now.astimezone(PACIFIC).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), PACIFIC)
    # both sides in UTC: subtracting two times of one zone would ignore the hour that summer time takes or gives
    return (midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()


def quota_wait_s() -> float:
    """The same from this moment on."""
    return seconds_to_pacific_midnight(datetime.now(UTC))
