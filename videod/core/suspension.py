"""Why something does not start although nothing failed: one value for pauses, limits, outages and waits. Pure.

The words that people read are made from it in `core.wording`; nothing reads them back.
"""

from dataclasses import dataclass
from enum import StrEnum

from videod.core.services import FIRST, TIDYING

#: in `Suspension.service`: every service but the cleaning of workspaces
EVERY_SERVICE = "*"
#: in `Suspension.service`: no plan is written, so that no episode starts; started ones continue
NEW_EPISODES = "new_episodes"


class Cause(StrEnum):
    """What suspends, and so who ends it. The value is stored."""

    #: `videod pause`, until `videod resume`
    PERSON = "person"
    #: the service's own quota or credit is used up
    QUOTA = "quota"
    #: its credit is used up: somebody tops up; `key` is the code that the service named
    CREDIT = "credit"
    #: a setting was found wrong before anything was paid for it; `detail` has the sentences
    SETTINGS = "settings"
    #: the service refused the key, or the channel is not authorized
    CREDENTIALS = "credentials"
    #: the channel's `daily_budget_usd` is spent
    BUDGET = "budget"
    #: our own `daily_quota` of the service is used up
    LIMIT = "limit"
    #: too soon after the channel's last film; `amount` ms lie between two (`upload_spacing_h`)
    SPACING = "spacing"
    #: `amount` films of the channel were uploaded today (`uploads_per_day`)
    UPLOADS = "uploads"
    #: the disk is full
    DISK = "disk"
    #: the service does not answer; it is asked again at `until_ms`
    DOWN = "down"
    #: the channel's file is missing
    CHANNEL_FILE = "channel_file"
    #: all that the service may run at once is running
    SLOT = "slot"
    #: kept by an earlier version; `detail` has its sentence
    OTHER = "other"


@dataclass(frozen=True)
class Suspension:
    """Jobs of `service` ("*": of every one) do not start, of one channel only where `channel_id` is given.

    `until_ms` None: until somebody or something ends it. `since` ms, 0: unknown. `detail` is what a person or a service
    said; `key` the variables of a refused key; `amount` the limit that is used up: micro-dollars of a budget, jobs a
    day of a `daily_quota`, and as the causes say.
    """

    cause: Cause
    service: str = EVERY_SERVICE
    channel_id: str = ""
    until_ms: int | None = None
    since: int = 0
    detail: str = ""
    key: str = ""
    amount: int = 0

    def holds(self, service: str, channel_id: str, step: str = "") -> bool:
        """Whether it stops the jobs of this channel at this service; `step` of the job, "" for any."""
        concerned = self.service == service or (self.service == EVERY_SERVICE and service not in TIDYING)
        begins = self.service == NEW_EPISODES and step == FIRST
        return (concerned or begins) and self.channel_id in ("", channel_id)

    @property
    def needs_person(self) -> bool:
        """Whether only a person ends it, although videod resumes automatically once they have."""
        return self.cause in NEEDS_PERSON or (self.cause is Cause.QUOTA and self.until_ms is None)


#: what the service itself said: over as soon as it is worth another try
OF_SERVICE = (Cause.QUOTA, Cause.CREDIT, Cause.CREDENTIALS)
#: limits of a channel's own file: changing that ends them, `videod resume` does not
OF_CHANNEL = (Cause.SPACING, Cause.UPLOADS)
#: what only a person ends, although videod resumes automatically once they have
NEEDS_PERSON = (Cause.CREDIT, Cause.CREDENTIALS, Cause.SETTINGS)
