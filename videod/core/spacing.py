"""When a channel may upload its next film: so long after the last one, so many a day. Pure.

Both make an upload wait; nothing fails by them and no attempt is spent.
"""

from dataclasses import dataclass

from videod.core.days import Span
from videod.core.model import ChannelPolicy
from videod.core.suspension import Cause, Suspension


@dataclass(frozen=True)
class Uploads:
    """What a channel has uploaded: when the last one ended, ms, how many of `today`; whether another one is on its
    way, which goes first."""

    today: Span
    last: int | None = None
    count: int = 0
    under_way: bool = False


def limited(policy: ChannelPolicy) -> bool:
    """Whether the channel's uploads have limits of their own."""
    return bool(policy.upload_spacing_ms or policy.uploads_per_day)


def wait(policy: ChannelPolicy, service: str, seen: Uploads, at: int) -> Suspension | None:
    """What the next upload waits for at `at`, the longer wait where there are two; None where it may start."""
    found = []
    if policy.upload_spacing_ms and seen.last is not None:
        # a clock that was set back must not make the wait longer
        until = min(seen.last, at) + policy.upload_spacing_ms
        found.append(Suspension(Cause.SPACING, service, policy.channel_id, until, at, amount=policy.upload_spacing_ms))
    if policy.uploads_per_day and seen.count >= policy.uploads_per_day:
        end = seen.today.end
        found.append(Suspension(Cause.UPLOADS, service, policy.channel_id, end, at, amount=policy.uploads_per_day))
    return max((one for one in found if (one.until_ms or 0) > at), key=lambda one: one.until_ms or 0, default=None)
