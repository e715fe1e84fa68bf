"""Looks once a minute how much of the day's quotas and budgets is used; alerts at 80 and 100 %, shown in `status`."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from videod.core import allowances
from videod.core.allowances import Allowance, Kind
from videod.core.model import ChannelPolicy
from videod.core.tables import STEPS
from videod.flow.limits import Limit
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads, uploads, views
from videod.store.calendar import calendar
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often it is looked, seconds
LOOK_S = 60.0


class AllowanceWatch:
    """`limits` of the services and `policies` of the channels as they are configured now."""

    def __init__(
        self, store: Store, ledger: Ledger, clock: Clock, limits: Callable[[], Mapping[str, Limit]],
        policies: Callable[[], Iterable[ChannelPolicy]],
    ) -> None:  # fmt: skip
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._policies = policies
        self._shown: str | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """One look: keep the figures for status, tell what is near its end or used up, once a day each."""
        at, limits, policies = self._clock.now_ms(), self._limits(), tuple(self._policies())
        found, known = await self._store.read(
            lambda tx: (_used(tx, limits, policies, at), {one.key: one.rang_at for one in reads.open_alerts(tx)})
        )
        figures = json.dumps([one.plain() for one in found])
        if figures != self._shown:
            await self._ledger.set_value(views.ALLOWANCES, figures)
            self._shown = figures
        for one in found:
            message = allowances.told(one)
            if message is None or message[0] in known:
                continue
            key, text = message
            log.info("allowances_use_told", extra={"kind": one.kind.value, "of": one.name, "used": one.used})
            await self._ledger.alert(key, text, at)
        for key in allowances.over(known.items(), at):
            await self._ledger.alert_over(key, at)


def _used(
    connection: sqlite3.Connection, limits: Mapping[str, Limit], policies: Sequence[ChannelPolicy], at: int
) -> tuple[Allowance, ...]:  # fmt: skip
    found = []
    for service, limit in limits.items():
        quota = limit.quota(at)
        if quota is not None:
            for account, used in reads.quota_accounts(connection, service, quota.day).items():
                found.append(Allowance(Kind.QUOTA, account, quota.day, used, quota.most, quota.ends_at))
    today = calendar(connection).day(at)
    for one in policies:
        channel, day = one.channel_id, str(today.begin)
        spent = reads.spent_by_channel(connection, channel, today.begin)
        found.append(Allowance(Kind.BUDGET, channel, day, spent, one.daily_budget_micros, today.end))
        if one.uploads_per_day:
            films = uploads.seen(connection, STEPS["upload"].service, channel, "", at, 0).count
            found.append(Allowance(Kind.UPLOADS, channel, day, films, one.uploads_per_day, today.end))
    return tuple(found)
