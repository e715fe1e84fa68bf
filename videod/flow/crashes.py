"""A crash belongs to its job: what raises while one job is worked on is booked on that job, and the daemon keeps
running.

Three ways, each for when the one before fails too: the job's failure as any other (kind bug, an attempt spent, a retry
later); the job set aside with as little of the brain as can be; and where even that cannot be written, its episode is
left alone by this process. Only an error of the database itself is the daemon's and is raised.
"""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from videod.core.events import Event, JobCrashed, JobFailed, JobSetAside
from videod.core.failures import Failure, Kind
from videod.core.sanitize import sanitize
from videod.ledger import Ledger
from videod.ports import Chance, Clock

log = logging.getLogger(__name__)

MESSAGE_CHARACTERS = 500


def of_the_house(error: BaseException) -> bool:
    """Whether the database itself failed: nothing can be booked then, on nobody."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


@dataclass(frozen=True)
class Place:
    """Where it happened. `attempt`: the open one, 0 where none is. `during`: what was done, as people read it."""

    component: str
    task_id: str
    channel_id: str
    job: str
    attempt: int = 0
    during: str = "working on it"


@dataclass(frozen=True)
class Crashes:
    """`aside`: tasks of which nothing can be booked; no lane chooses them again before the next start."""

    ledger: Ledger
    clock: Clock
    chance: Chance
    redact: Callable[[str], str]
    aside: set[str] = field(default_factory=set)

    def failure(self, error: BaseException, during: str) -> Failure:
        """The crash as a failure of its job."""
        try:
            said = sanitize(self.redact(f"{type(error).__name__}: {error}"))
        except Exception:
            said = type(error).__name__
        text = f"videod itself failed while {during} ({said[:MESSAGE_CHARACTERS]})"
        return Failure(Kind.BUG, text, service="videod")

    def tell(self, place: Place, error: BaseException) -> None:
        """Log the crash with its traceback."""
        about = {"task": place.task_id, "channel": place.channel_id, "job": place.job, "error": type(error).__name__}
        log.error(f"{place.component}_job_crashed", extra=about, exc_info=error)

    async def book(self, place: Place, error: Exception, told: bool = False) -> None:
        """Book `error` on the job at `place`; raises it where it is the daemon's own. `told`: it is in the log."""
        if not told:
            self.tell(place, error)
        if of_the_house(error):
            raise error
        failure = self.failure(error, place.during)
        at, chance = self.clock.now_ms(), self.chance.random()
        usual: Event = JobCrashed(at, place.task_id, place.job, failure, chance)
        if place.attempt:
            usual = JobFailed(at, place.task_id, place.job, place.attempt, failure, chance)
        for event in (usual, JobSetAside(at, place.task_id, place.job, failure)):
            try:
                await self.ledger.apply(event)
            except Exception as worse:
                if of_the_house(worse):
                    raise
                self.tell(place, worse)
            else:
                return
        await self._leave_alone(place, failure)

    async def _leave_alone(self, place: Place, failure: Failure) -> None:
        self.aside.add(place.task_id)
        about = {"task": place.task_id, "channel": place.channel_id, "job": place.job}
        log.critical("crashes_job_unbookable", extra=about)
        text = f"{place.job} of episode {place.task_id} ({place.channel_id}): {failure.message}. Its failure could not"
        text += " be recorded either, so videod leaves this episode alone until it is restarted. All others continue."
        try:
            at = self.clock.now_ms()
            # over with this process: the next one that meets it tells it again
            await self.ledger.alert(f"{place.task_id}:{place.job}:crash:{at}", text, at)
        except Exception as error:
            if of_the_house(error):
                raise
            self.tell(place, error)


def log_failed(failure: Failure, context: dict[str, str]) -> None:
    log.warning(
        "runner_job_failed",
        extra=context | {
            "kind": failure.kind.value, "service": failure.service, "endpoint": failure.endpoint,
            "http_status": failure.http_status, "code": failure.code, "request_id": failure.request_id,
            "error": failure.message,
        },
    )  # fmt: skip
