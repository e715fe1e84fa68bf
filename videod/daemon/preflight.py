"""Asks whether settings are right before money is spent on them: at start, after each reload, before an episode begins.

People hear of each cause once, and it suspends work: new episodes of whom it concerns do not begin, and jobs
that need it do not start. It is checked again soon, and work resumes automatically once it is right. An outage of a
service during a look is no verdict: then everything continues as it would without a look.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from videod.core import film_cost, preflight
from videod.core.film_cost import Credit
from videod.core.model import ChannelPolicy
from videod.core.preflight import Finding, Look
from videod.core.services import FIRST, SERVICES
from videod.core.suspension import Cause, Suspension
from videod.core.tables import STEPS
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store
from videod.web.requests import PREFLIGHT, PREFLIGHT_ASKED, RequestHandler

log = logging.getLogger(__name__)

#: an episode begins only after a look that is not older, ms
FRESH_MS = 10 * 60_000
#: a look takes at most so long; what has not answered by then gives no verdict, seconds
LOOK_S = 20.0
#: while something is wrong it is looked at again after these, seconds; the last one stays
AGAIN_S = (30.0, 60.0, 60.0, 120.0, 300.0)
#: and while nothing is, for the balances and for consents that die, seconds
CALM_S = 15 * 60.0
#: so often it is seen whether a look is due, seconds
GLANCE_S = 30.0
#: names of what is kept
KEPT, CREDIT_KEPT, PROBLEMS = "preflight", "credit", "outside_problems"

#: one kind of look at everything: services, consents, files ...
Checks = Callable[[], Awaitable[Look]]


@dataclass(frozen=True)
class Sources:
    """`checks`: everything that is looked at, side by side. `left`: thousandths of a credit of a service, None where it
    does not say. `policies`: of all channels now. `in_force`: tells one configuration from the next. `redact` takes
    secrets out."""

    checks: Sequence[Checks]
    left: Callable[[str], Awaitable[int | None]]
    policies: Callable[[], Sequence[ChannelPolicy]]
    in_force: Callable[[], object]
    redact: Callable[[str], str]


class Preflight:
    """See the module's text."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, sources: Sources) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._sources = sources
        self._looked_with: object = None
        self._looked_at: int | None = None
        self._wrong = 0
        self._findings: tuple[Finding, ...] | None = None
        self._wanted = True

    # ------------------------------------------------------------------------------------------ for the lanes

    def cleared(self, channel_id: str, step: str) -> bool:
        """Whether a job may start as far as looks go: the settings in force were looked at, lately for a first step.

        Where they were not, a look is asked for; the lanes are woken after it.
        """
        if not STEPS[step].paid:
            return True
        if self._looked_at is None or self._looked_with is not self._sources.in_force():
            self.ask()
            return False
        if 0 <= self._clock.steady_ms() - self._looked_at <= FRESH_MS:
            return True
        self.ask()
        return step != FIRST

    def ask(self) -> None:
        """Look as soon as possible."""
        self._wanted = True
        self._ledger.wakeups.wake(PREFLIGHT)

    # ------------------------------------------------------------------------------------------ looking

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            asked = await self._store.read(lambda tx: reads.value(tx, PREFLIGHT_ASKED))
            if asked:
                await self._ledger.set_value(PREFLIGHT_ASKED, "")
            patience_s = await self._patience_s()
            since_s = None if self._looked_at is None else (self._clock.steady_ms() - self._looked_at) / 1000
            if self._wanted or asked or since_s is None or since_s >= patience_s:
                await self.look()
            await self._ledger.wakeups.wait(PREFLIGHT, 0.05 if self._wanted else min(patience_s, GLANCE_S))

    async def _patience_s(self) -> float:
        """How old a look may be, seconds: less while something is wrong, or an account is empty."""
        if self._wrong:
            return AGAIN_S[min(self._wrong, len(AGAIN_S)) - 1]
        return AGAIN_S[-1] if await self._out_of_credit() else CALM_S

    async def look(self) -> None:
        """One look at everything, what follows from it, and the lanes woken."""
        self._wanted = False
        configuration = self._sources.in_force()
        try:
            await self._look()
        finally:  # a bug of the look itself holds nothing back: the lanes find out on their own
            self._looked_at, self._looked_with = self._clock.steady_ms(), configuration
            self._ledger.wakeups.wake_all()

    async def _look(self) -> None:
        if self._findings is None:
            self._findings = preflight.of(await self._store.read(lambda tx: reads.value_json(tx, KEPT)))
        look = await self._gathered()
        found = preflight.standing(self._findings, look)
        await self._settle(found)
        await self._credit()
        self._findings = found
        self._wrong = self._wrong + 1 if any(one.stops for one in found) else 0

    async def _gathered(self) -> Look:
        """What all looks say together; one that raises says nothing."""
        parts = await asyncio.gather(*(self._bounded(check) for check in self._sources.checks))
        if None in parts:
            parts.append(Look(unknown=frozenset(one.cause for one in self._findings or ())))
        return preflight.together(part for part in parts if part is not None)

    async def _bounded(self, check: Checks) -> Look | None:
        try:
            async with asyncio.timeout(LOOK_S):
                return await check()
        except TimeoutError:
            log.warning("preflight_look_late", extra={"seconds": LOOK_S})
        except Exception:
            log.exception("preflight_look_failed")
        return None

    # ------------------------------------------------------------------------------------------ what follows

    async def _settle(self, found: Sequence[Finding]) -> None:
        """Suspend and release, tell people once a cause, keep it for status and the next start."""
        at, redact = self._clock.now_ms(), self._sources.redact
        standing = await self._store.read(lambda tx: reads.suspensions(tx, at))
        new, over = preflight.changes(preflight.suspensions(found, at), standing)
        for one in new:
            log.warning("preflight_setting_wrong", extra=_about(one) | {"problem": redact(one.detail)})
            await self._ledger.suspend(one, at)
        for one in over:
            log.info("preflight_setting_fixed", extra=_about(one))
            await self._ledger.release(one.service, one.channel_id, Cause.SETTINGS)
        for finding in found:
            await self._ledger.alert(_told_as(finding), redact(finding.alert), at)
        now = {_told_as(finding) for finding in found}
        for gone in [one for one in self._findings or () if _told_as(one) not in now]:
            await self._ledger.alert_over(_told_as(gone), at)
        await self._ledger.set_value(PROBLEMS, redact(json.dumps([one.sentence for one in found])))
        await self._ledger.set_value(KEPT, redact(json.dumps(preflight.plain(found))))

    # ------------------------------------------------------------------------------------------ credit

    async def _credit(self) -> None:
        """Ask what is left of the accounts; after a top-up, what waited for it resumes."""
        at, policies = self._clock.now_ms(), self._sources.policies()
        told = []
        for service in (name for name, one in SERVICES.items() if one.balance is not None and one.balance.left):
            left = await self._left(service)
            if left is not None:
                told.append(Credit(service, left, at, film_cost.a_film(service, policies)))
        if told:
            known = film_cost.of(await self._store.read(lambda tx: reads.value_json(tx, CREDIT_KEPT)))
            kept = [one for one in known if one.service not in {new.service for new in told}]
            await self._ledger.set_value(CREDIT_KEPT, json.dumps(film_cost.plain([*told, *kept])))
        enough = {one.service for one in told if one.left >= film_cost.a_job(one.service, policies)}
        handler = RequestHandler(self._ledger, self._store, self._clock, "preflight")
        for one in await self._out_of_credit():
            if one.service in enough and one.key not in SERVICES[one.service].codes_of_cap:  # somebody topped up
                outcome = await handler.resume(one.service, one.channel_id or None, only=Cause.CREDIT)
                log.info("preflight_credit_back", extra={"service": one.service, "remark": outcome.text})

    async def _left(self, service: str) -> int | None:
        try:
            async with asyncio.timeout(LOOK_S):
                return await self._sources.left(service)
        except Exception as error:
            log.info("preflight_balance_missing", extra={"service": service, "error": type(error).__name__})
            return None

    async def _out_of_credit(self) -> list[Suspension]:
        at = self._clock.now_ms()
        found = await self._store.read(lambda tx: reads.suspensions(tx, at))
        return [one for one in found if one.cause is Cause.CREDIT]


def _about(one: Suspension) -> dict[str, object]:
    return {"service": one.service, "channel": one.channel_id or None}


def _told_as(one: Finding) -> str:
    """The key under which people hear of it."""
    return one.alert_key
