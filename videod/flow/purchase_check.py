"""The seam between who meets a purchase in doubt (`runner`, `recovery`) and who finds out (`daemon/reconcile`)."""

from typing import Protocol

from videod.core.failures import Failure
from videod.core.model import Job, Task
from videod.core.reconcile import NothingBought


class PurchaseCheck(Protocol):
    """Who can find out what became of a purchase whose answer was lost."""

    def covers(self, job: Job) -> bool:
        """Whether there is a way to find out for this job."""
        ...

    async def settle(self, task: Task, job: Job, attempt: int, failure: Failure) -> NothingBought | Failure:
        """That nothing was bought, or the doubt with what is known of it; takes minutes."""
        ...
