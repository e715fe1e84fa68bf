"""What comes to Notion's webhook, judged: whether Notion signed it, and whether it came before. Pure.

A delivery says that something changed, and nothing in it is believed beyond that: what changed is read from the board.
Its signature is HMAC-SHA256 over the raw body, with the verification token as the key, and covers no time. Notion
repeats a delivery that was not answered for about a day, so what came is remembered for two.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from videod.core import bounds

HEADER = "X-Notion-Signature"
HOUR_MS = 3_600_000
#: a delivery is remembered for so long, and an older one is no news
HOURS = 48
#: so many deliveries are remembered at most; beyond that the oldest are forgotten, and would wake videod once more
MOST = 20_000
#: the longest id of a delivery
ID_CHARACTERS = 64
_TOKEN = re.compile(r"[!-~]{8,200}")
_DIGEST = 16


def signature(body: bytes, token: str) -> str:
    """What Notion writes into `X-Notion-Signature`."""
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def signed(body: bytes, given: str, token: str) -> bool:
    """Whether `given` is the signature of these bytes, compared in a time that says nothing of where they differ."""
    kind, _, digest = given.partition("=")
    return hmac.compare_digest(f"{kind}={digest.lower()}".encode("utf-8", "replace"), signature(body, token).encode())


def token_of(body: bytes) -> str | None:
    """The verification token of Notion's first message to an address; None where this is another one."""
    found = _object(body)
    token = found.get("verification_token") if found is not None and "entity" not in found else None
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None


@dataclass(frozen=True)
class Delivery:
    """`key`: what it is remembered by. `at`: when it happened by its own word, ms. `by_programs`: no person did it."""

    key: str
    at: int | None
    by_programs: bool

    def is_old(self, now: int) -> bool:
        """Whether it is older than anything that Notion still repeats: somebody sends what was once signed."""
        return self.at is not None and self.at < now - HOURS * HOUR_MS


def delivery(body: bytes) -> Delivery:
    """What was signed. Something changed, whatever it looks like: one without a readable id is known by its bytes."""
    found = _object(body) or {}
    name = found.get("id")
    known = name.encode("utf-8", "replace") if isinstance(name, str) and 0 < len(name) <= ID_CHARACTERS else body
    authors = found.get("authors")
    kinds = [one.get("type") if isinstance(one, dict) else None for one in authors] if isinstance(authors, list) else []
    by_programs = bool(kinds) and all(kind in ("bot", "agent") for kind in kinds)
    return Delivery(hashlib.sha256(known).hexdigest()[:_DIGEST], bounds.moment_ms(found.get("timestamp")), by_programs)


def _object(body: bytes) -> dict[str, object] | None:
    try:
        found = bounds.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


# ------------------------------------------------------------------------------------------- what came before


class Seen:
    """The deliveries of the last HOURS hours, kept hour by hour under HOURS + 1 names, so that little is written."""

    def __init__(self, kept: Iterable[object] = (), now: int = 0, most: int = MOST) -> None:
        """`kept`: what `changed` gave, as JSON values; what cannot be read, or is not of these days, is left out."""
        self._most = most
        self._hours: dict[int, dict[str, None]] = {}
        self._changed: set[int] = set()
        for one in kept:
            hour = bounds.whole(one.get("hour")) if isinstance(one, dict) else None
            keys = one.get("keys") if isinstance(one, dict) else None
            if hour is None or not isinstance(keys, list) or not 0 <= now // HOUR_MS - hour <= HOURS:
                continue
            known = dict.fromkeys(key for key in keys if isinstance(key, str) and len(key) == _DIGEST)
            if known:
                self._hours[hour] = known
        self._trim(now // HOUR_MS)

    def __len__(self) -> int:
        return sum(map(len, self._hours.values()))

    def fresh(self, key: str, now: int) -> bool:
        """Remember a delivery; False where it came before."""
        if any(key in keys for keys in self._hours.values()):
            return False
        hour = now // HOUR_MS
        self._hours.setdefault(hour, {})[key] = None
        self._changed.add(hour)
        self._trim(hour)
        return True

    def _trim(self, hour: int) -> None:
        for old in [one for one in self._hours if one < hour - HOURS]:
            del self._hours[old]
        while len(self._hours) > HOURS + 1:  # a clock that was wrong
            del self._hours[min(self._hours)]
        while len(self) > self._most:
            first = min(self._hours)
            self._hours[first].pop(next(iter(self._hours[first])))
            self._changed.add(first)
            if not self._hours[first]:
                del self._hours[first]

    def changed(self) -> dict[str, object]:
        """Name -> what must be kept under it, for the hours that changed since the last call."""
        hours, self._changed = self._changed, set()
        return {slot(hour): {"hour": hour, "keys": list(self._hours.get(hour, ()))} for hour in sorted(hours)}


def slot(hour: int) -> str:
    """The name under which an hour is kept; an hour that is over takes none of its own."""
    return f"webhook_seen_{hour % (HOURS + 1):02}"


def slots() -> Iterator[str]:
    return map(slot, range(HOURS + 1))
