"""Words for screens: money, spans and times of day. Pure."""

from videod.core import moments

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000


def money(micros: int) -> str:
    """Such as "$1.54"; "$0.004" below a cent, so that cheap things are not shown as free."""
    dollars = micros / 1e6
    return f"${dollars:.3f}" if 0 < dollars < 0.01 else f"${dollars:,.2f}"


def spent(micros: int, possible: int) -> str:
    """What was charged, and apart what may have been paid besides: "$1.21 (+$0.42 possibly paid)"."""
    return money(micros) + (f" (+{money(possible)} possibly paid)" if possible else "")


def span(ms: int) -> str:
    """How long, in at most two units: "45 s", "12 min", "2 h 10 min", "3 d 4 h"."""
    ms = max(0, ms)
    if ms < _MINUTE:
        return f"{ms // _SECOND} s"
    if ms < _HOUR:
        return f"{ms // _MINUTE} min"
    big, small, names = (_HOUR, _MINUTE, ("h", "min")) if ms < _DAY else (_DAY, _HOUR, ("d", "h"))
    rest = ms % big // small
    return f"{ms // big} {names[0]}" + (f" {rest} {names[1]}" if rest else "")


def clock(ms: int, now: int) -> str:
    """A time of day, with its date where that is not today's: "14:15 UTC", "Nov 22 08:00 UTC"."""
    return moments.clock(ms, now)


def ahead(ms: int, now: int) -> str:
    """A time to come: "14:15 UTC (in 12 min)", or "now"."""
    return f"{clock(ms, now)} (in {span(ms - now)})" if ms > now else "now"


def ago(ms: int, now: int) -> str:
    """A time gone by: "14:15 UTC (12 min ago)"."""
    return f"{clock(ms, now)} ({span(now - ms)} ago)"


def count(number: int, noun: str, nouns: str | None = None) -> str:
    """Such as "1 task" and "2 tasks"."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
