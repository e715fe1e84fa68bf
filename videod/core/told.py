"""Which alerts are one cause, and what tells that the cause is over. Pure.

A refused key, used-up credit or a wrong voice is met by every job that needs it: that is one cause, told once. What is
the trouble of one episode is reported at most once a step within some minutes. Either way the cause ends (a job that
needs the same thing succeeds, a person queues the episode again), and its next occurrence is reported again.
"""

import hashlib
import re
from collections.abc import Sequence

from videod.core import board, services
from videod.core.derive import spared
from videod.core.failures import Failure, Kind
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.ops import Alert, AlertsOver
from videod.core.tables import STEPS

#: one disk, one alert, whoever meets it first
DISK_ALERT = "disk"
#: how the key of used-up credit ends, which only a person ends; a quota ends automatically
CREDIT = "credit"
#: failures of one step of an episode that come within this time are one message, ms
TOGETHER_MS = 10 * 60_000
#: the same message of these is the same mistake, whichever job meets it
_SAME_FOR_ALL = (Kind.CONFIGURATION, Kind.USAGE, Kind.BUG)
#: what differs from job to job in an otherwise equal message
_NUMBERS = re.compile(r"\d+")


def of_channel_alone(job: Job, failure: Failure) -> bool:
    """Whether a failure that parks concerns only the job's channel: its own consent, its own daily limit."""
    service = services.named(job.service)
    if service is None or service.issued is None:
        return False
    return failure.kind == Kind.CREDENTIALS or failure.code in service.codes_of_channel


def sharers(job: Job, policy: ChannelPolicy) -> str:
    """Of whom a used-up quota is: "" for everybody, else the channel, whose project others need not share."""
    service = services.named(job.service)
    split = service is not None and service.by_project and not policy.one_project
    return policy.channel_id if split else ""


def alert(task: Task, job: Job, failure: Failure, suspended: bool, project: str | None = None) -> Alert:
    """What people hear of a failure. `suspended`: its service starts nothing more for it. `project`: of the Google
    project whose quota it is about, where channels have different ones."""
    text, kind = board.alert(task, job, failure), failure.kind.value
    if failure.kind == Kind.QUOTA and _until_bought(job, failure):
        kind = CREDIT
    if failure.kind == Kind.DISK:
        return Alert(DISK_ALERT, text, DISK_ALERT)
    if spared(job):
        return Alert(f"{task.id}:without:{job.step}", text, _episode(task), TOGETHER_MS)
    if suspended and of_channel_alone(job, failure):
        # another channel's consent is another trouble; which of Google's services said it first is not
        return Alert(f"{job.service}:{kind}:{task.channel_id}", text, _service(job, task.channel_id))
    if suspended and project is not None:
        return Alert(f"{services.account(job.service, project)}:{kind}", text, _service(job, task.channel_id))
    if suspended:
        return Alert(f"{failure.service or job.service}:{kind}", text, _service(job))
    if failure.kind in _SAME_FOR_ALL:
        same = hashlib.sha256(_NUMBERS.sub("#", failure.message).encode()).hexdigest()[:12]
        channel = task.channel_id if STEPS[job.step].of_channel else ""
        return Alert(f"{job.step}:{kind}:{channel}:{same}", text, _step(job, channel))
    return Alert(f"{task.id}:{job.step}:{kind}", text, _episode(task), TOGETHER_MS)


def _until_bought(job: Job, failure: Failure) -> bool:
    """Whether time alone does not bring it back: somebody must pay, or raise a limit of their own."""
    return failure.until_person or services.out_of_credit(failure, job.service) is not None


def down(service: str, text: str) -> Alert:
    """A service that has not answered for long."""
    return Alert(f"{service}:down", text, f"down {service}")


def answers(service: str, at: int) -> AlertsOver:
    """What is over when a service that was down gives a sign of life, whichever job got it."""
    return AlertsOver((f"down {service}",), at + 1)


def worked(task: Task, job: Job) -> AlertsOver:
    """What is over when a job has succeeded: all reports on its service or step before it began."""
    channel = task.channel_id
    ends: tuple[str, ...] = (_service(job), _service(job, channel), _step(job), _step(job, channel))
    if job.failure is not None and job.failure.kind == Kind.DISK:
        ends = (*ends, DISK_ALERT)
    return AlertsOver(ends, job.started_at or 0)


def tried_again(task: Task, stuck: Sequence[Job], at: int) -> AlertsOver:
    """What a person takes up who queues an episode again: if it stops again, that is reported again."""
    steps = {end for job in stuck for end in (_step(job), _step(job, task.channel_id))}
    return AlertsOver((_episode(task), *sorted(steps)), at)


def _service(job: Job, channel: str = "") -> str:
    return f"service {job.service} {channel}".rstrip()


def _step(job: Job, channel: str = "") -> str:
    return f"step {job.step} {channel}".rstrip()


def _episode(task: Task) -> str:
    return f"episode {task.id}"
