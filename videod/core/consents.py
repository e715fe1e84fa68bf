"""What is known of a channel's consent: when it was given, when it last worked, when it will end. Pure.

Google ends a consent after seven days while the consent screen of its project is in Testing, and says so only in the
answer to the code; where nobody kept that, the age at which an earlier consent of the project died tells it.
"""

import hashlib
from dataclasses import asdict, dataclass

from videod.core import bounds
from videod.core.days import DAY_MS
from videod.core.moments import clock

#: how long a consent lives while its project is in Testing, ms; Google may be some hours off
TESTING_MS, SLACK_MS = 7 * DAY_MS, 6 * 3_600_000
#: people hear so long before a consent ends, ms
WARN_MS = 2 * DAY_MS + 12 * 3_600_000
#: how the names of what is kept begin: of a channel's consent, and of a project that was seen in Testing
KEPT, TESTING = "consent:", "google_testing:"

_PRODUCTION = (
    'set the publishing status of the Google project to "In production" (Google Cloud console, OAuth consent screen)'
)


@dataclass(frozen=True)
class Consent:
    """Times ms. `tried`: when Google last said whether it works (`alive`); `ends`: when it will end, None where nobody
    knows; `client`: `mark` of its OAuth client."""

    obtained: int
    tried: int
    alive: bool
    ends: int | None = None
    client: str = ""

    def plain(self) -> dict[str, object]:
        return asdict(self)


def mark(client_id: str) -> str:
    """What tells one OAuth client from another without naming it."""
    return hashlib.sha256(client_id.encode()).hexdigest()[:12]


def of(kept: object) -> Consent | None:
    """What `plain` gave; None where it is nonsense."""
    if not isinstance(kept, dict):
        return None
    obtained, tried = bounds.whole(kept.get("obtained")), bounds.whole(kept.get("tried"))
    if obtained is None or tried is None:
        return None
    return Consent(
        obtained, tried, kept.get("alive") is True, bounds.whole(kept.get("ends")), str(kept.get("client", ""))
    )


def of_testing(obtained: int, alive_at: int | None, dead_at: int) -> bool:
    """Whether a consent died as those of a project in Testing do; `alive_at`: when it last worked."""
    due = obtained + TESTING_MS
    if not obtained or dead_at < due - SLACK_MS:
        return False
    return alive_at <= due + SLACK_MS if alive_at is not None else dead_at <= due + 2 * DAY_MS


def expected_end(one: Consent, testing: bool) -> int | None:
    """When it will end, ms: as Google said, else as others of its project did. None: nothing tells an end."""
    return one.ends if one.ends is not None else one.obtained + TESTING_MS if testing and one.obtained else None


def warning(channel_id: str, end: int | None, at: int) -> str | None:
    """What people hear before a consent ends; None where there is time."""
    if end is None or end - at > WARN_MS:
        return None
    return (
        f"The consent of channel {channel_id} ends at {clock(end)}: Google ends consents after 7 days while the consent"
        f" screen of their project is in Testing. Run `videod channels authorize {channel_id}` before that. For a"
        f" consent that lasts, first {_PRODUCTION}"
    )


def died(testing: bool) -> str:
    """Why nothing can be uploaded to the channel any more."""
    if not testing:
        return "Google has revoked or expired its authorization"
    return f"Google ended its consent after 7 days, as it does while its project is in Testing. First {_PRODUCTION}"


def words(one: Consent | None, end: int | None, at: int) -> str:
    """What a table says of it."""
    if one is None:
        return "not tried"
    if not one.alive:
        return f"dead since {clock(one.tried, at)}"
    return f"works, {clock(one.tried, at)}" if end is None else f"ends {clock(end, at)}"
