"""The breaker of one service: when it stops answering, one probing job asks for it and the others wait unspent.

Closed, it counts failures in a row; a job that fails repeatedly counts once, so that a poisoned job
never closes a service for the others. Five jobs in a row open it. Open, nothing starts until the next probe; half
open, the first job that starts is the probe and holds the door shut for everyone else. Any sign of life (an answer to
any job of the service) closes it.
"""

from dataclasses import dataclass, replace

from videod.core.services import LANES

#: services outside this machine: the others cannot be down
GUARDED = tuple(service.name for service in LANES if service.outside)
#: failed jobs in a row that open the breaker
THRESHOLD = 5
#: wait before the 1st, 2nd ... probe, ms; the last one is for all that follow
PROBE_WAITS_MS = (30_000, 60_000, 120_000, 240_000, 300_000)
#: a probe that has neither failed nor given a sign of life after this lets another one go, ms
PROBE_HOLD_MS = 300_000
#: open this long, a person is alerted, ms; a shorter outage needs nobody
TELL_AFTER_MS = 30 * 60_000


@dataclass(frozen=True)
class Breaker:
    """`failures` in a row and the job that failed last; open since `opened_at` (None: closed), next probe `until_ms`.

    `probes`: how many have failed since it opened; `probe`: the job that asks now ("task job"), None between probes.
    """

    service: str
    failures: int = 0
    last: str = ""
    opened_at: int | None = None
    until_ms: int = 0
    probes: int = 0
    probe: str | None = None
    reason: str = ""

    @property
    def open(self) -> bool:
        return self.opened_at is not None

    def lets_in(self, at: int) -> bool:
        """Whether a job may start: always while closed, one probe at a time while open."""
        return not self.open or at >= self.until_ms


def started(breaker: Breaker, job: str, at: int) -> Breaker:
    """After the start of `job` ("task job"), which `lets_in` allowed: while open it is the probe."""
    return replace(breaker, probe=job, until_ms=at + PROBE_HOLD_MS) if breaker.open else breaker


def failed(breaker: Breaker, job: str, at: int, reason: str) -> Breaker:
    """After a failure for which the service and not the job is to blame."""
    if breaker.open:
        if breaker.probe != job:
            return breaker  # it was on its way when the breaker opened: no news
        probes = breaker.probes + 1
        return replace(breaker, probe=None, probes=probes, until_ms=at + _wait_ms(probes), reason=reason)
    failures = breaker.failures + (job != breaker.last)
    counted = replace(breaker, failures=failures, last=job, reason=reason)
    if failures < THRESHOLD:
        return counted
    return replace(counted, opened_at=at, until_ms=at + _wait_ms(0), probes=0, probe=None)


def alive(breaker: Breaker) -> Breaker:
    """After any sign of life."""
    return Breaker(breaker.service)


def _wait_ms(probes: int) -> int:
    return PROBE_WAITS_MS[min(probes, len(PROBE_WAITS_MS) - 1)]
