"""Plants for small simulations."""

from collections.abc import Sequence

from tests.harness.prices import prices
from videod.core.model import ChannelPolicy
from videod.core.services import LANES
from videod.core.statuses import Gate
from videod.flow.candidates import InWorkLimits
from videod.flow.limits import Limit
from videod.simulation.run import Plant

#: the usual ones, without daily quotas
LIMITS = {
    one.name: Limit(one.limits.concurrency, one.limits.rate or 0, one.limits.per_s or 1.0)
    for one in LANES
    if one.limits is not None
}
PRICES = prices(plan=20_000, image=33_600, clip=420_000, narration=80_000, effect=120_000, upload=0)
#: 50-character narrations: 6 clips and 8 images of an episode
SMALL_COST_MICROS = 20_000 + 8 * 33_600 + 6 * (420_000 + 120_000)


def policy(channel: str, *, clips: int = 6, images: int = 8, budget_usd: float = 1e6) -> ChannelPolicy:
    return ChannelPolicy(
        channel_id=channel, clips=clips, images=images, clip_seconds=10, auto_gates=frozenset(Gate),
        negative_prompt="blur", prices_micros=PRICES, rebuy_ceiling_micros=0,
        daily_budget_micros=round(budget_usd * 1e6), episode_cap_micros=10**12, retry_waits_ms=(60_000,),
        retry_jitter=0.1, keep_workspace_ms=7 * 86_400_000,
    )  # fmt: skip


def plant(channels: Sequence[ChannelPolicy], places: int = 2, **limits: Limit) -> Plant:
    policies = {row.channel_id: row for row in channels}
    return Plant(policies, LIMITS | limits, InWorkLimits(20, dict.fromkeys(policies, places)))
