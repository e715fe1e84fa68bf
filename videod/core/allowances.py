"""What a day allows and how much of it is used: the `daily_quota` of services, the daily budget of channels. Pure."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from videod.core import bounds
from videod.core.days import DAY_MS
from videod.core.moments import clock

#: from this share of a day's quota or budget on a person is warned, once a day (Google's default is 100 uploads)
QUOTA_WARNING = 0.8
#: a day's smaller quota is not worth a warning before it is used up
FEWEST = 5
#: what was reported a day is over so long after it was reported, ms: no day is longer
OVER_MS = DAY_MS + 2 * 3_600_000


class Kind(StrEnum):
    """QUOTA counts jobs of a service, BUDGET micro-dollars of a channel, UPLOADS its films of the day."""

    QUOTA = "quota"
    BUDGET = "budget"
    UPLOADS = "uploads"


@dataclass(frozen=True)
class Allowance:
    """`used` of `most` on `day`, which ends at `ends_at`, ms; `name`: the service or the channel."""

    kind: Kind
    name: str
    day: str
    used: int
    most: int
    ends_at: int

    @property
    def near(self) -> bool:
        """Whether it comes to its end: from 80 % on."""
        return self.used >= max(1, math.ceil(QUOTA_WARNING * self.most))

    @property
    def spent(self) -> bool:
        return self.used >= self.most

    @property
    def words(self) -> str:
        """Such as "youtube: 81 of 100 jobs" and "wild_earth: $8.40 of $10.00"."""
        if self.kind is Kind.QUOTA:
            return f"{self.name}: {self.used} of {self.most} jobs"
        if self.kind is Kind.UPLOADS:
            return f"{self.name}: {self.used} of {self.most} uploads"
        return f"{self.name}: ${self.used / 1e6:,.2f} of ${self.most / 1e6:,.2f}"

    def plain(self) -> dict[str, object]:
        return asdict(self) | {"kind": self.kind.value}


def kept(value: object) -> tuple[Allowance, ...]:
    """What a list of `plain` gave; what cannot be read is left out."""
    rows = value if isinstance(value, list) else []
    return tuple(one for one in map(_one, rows) if one is not None)


def _one(row: object) -> Allowance | None:
    if not isinstance(row, dict) or row.get("kind") not in tuple(Kind):
        return None
    used, most, ends_at = (bounds.whole(row.get(name)) for name in ("used", "most", "ends_at"))
    if used is None or most is None or ends_at is None:
        return None
    return Allowance(Kind(row["kind"]), str(row.get("name", "")), str(row.get("day", "")), used, most, ends_at)


def told(one: Allowance) -> tuple[str, str] | None:
    """(key, text) of its alert, once a day each at 80 and at 100 %; None where there is room.

    As many uploads as a channel wants a day are no end of anything: they are only shown.
    """
    if (
        one.kind is Kind.UPLOADS
        or one.most <= 0
        or not one.near
        or (one.kind is Kind.QUOTA and one.most < FEWEST and not one.spent)
    ):
        return None
    ends = clock(one.ends_at)
    if one.kind is Kind.QUOTA:
        setting = f"`daily_quota` in [services.{one.name.partition('/')[0]}]"
        if one.spent:
            text = f"The day's quota of {one.name} is used up: {one.used} of {one.most} jobs of {one.day}."
            return f"{one.name}:quota:{one.day}:full", f"{text} Further jobs wait until {ends}. The limit is {setting}."
        text = f"{one.used} of {one.most} {one.name} jobs of {one.day} are used. Jobs after the last one wait for the"
        return f"{one.name}:quota:{one.day}", f"{text} next day."
    setting = f"`daily_budget_usd` in channels/{one.name}.yaml"
    spent = f"${one.used / 1e6:,.2f} of ${one.most / 1e6:,.2f}"
    if one.spent:
        key, text = f"{one.name}:budget:{one.day}:{one.most}", f"The day's budget of {one.name} is spent: {spent}."
        return key, f"{text} Its paid work resumes at {ends}. The limit is {setting}."
    text = f"{one.name} has used {spent} of its day's budget. Jobs that do not fit into the rest wait until {ends}."
    return f"{one.name}:budget:{one.day}:near", f"{text} The limit is {setting}."


def over(keys: Iterable[tuple[str, int]], at: int) -> tuple[str, ...]:
    """Of (key, when it was reported, ms): those of a day that is over."""
    return tuple(key for key, rang_at in keys if _of_a_day(key) and at - rang_at > OVER_MS)


def _of_a_day(key: str) -> bool:
    parts = key.split(":")
    return len(parts) > 2 and parts[1] in tuple(Kind)
