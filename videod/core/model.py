"""The nouns: a task, its jobs, what a channel allows, the events that happen and the ops that answer them.

All are frozen values. Times are integer milliseconds UTC; money is integer micro-dollars (1 USD = 1,000,000).
A job's *name* is "step/key", such as "clip/clip_07": unique in its task and what `needs` refers to.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from videod.core.breaker import Breaker
from videod.core.failures import Failure
from videod.core.plan import Plan
from videod.core.reconcile import NothingBought
from videod.core.statuses import Gate, JobState, Status


class Priority(IntEnum):
    """Lower runs first. `label` is what the board shows."""

    HIGH = 0
    NORMAL = 1
    LOW = 2

    @property
    def label(self) -> str:
        return self.name.capitalize()


@dataclass(frozen=True)
class Task:
    """One entry of the board, one episode.

    `approved` holds the gates passed; `admitted` is False while it waits in the queue for its first start (also after
    a person queued it again); `held` says in words why it stands still although nobody failed (quota, key, pause).
    `doubts` counts purchases that may have been made twice; `paused` is a person's reason why nothing of it starts.
    """

    id: str
    page_id: str
    channel_id: str
    title: str
    topic: str
    direction: str
    priority: Priority
    privacy: str | None
    status: Status
    created_at: int
    queued_at: int
    admitted: bool = False
    started_at: int | None = None
    ended_at: int | None = None
    approved: frozenset[Gate] = frozenset()
    cancelled: bool = False
    held: str | None = None
    error: str = ""
    cost_micros: int = 0
    rebought_micros: int = 0
    doubts: int = 0
    youtube_id: str | None = None
    youtube_url: str | None = None
    paused: str | None = None


@dataclass(frozen=True)
class Job:
    """One unit of work: one plan, one image, one clip ...

    `args` is all that its script needs besides paths and settings; `attempt` the id of the running or last attempt;
    `attempts` the tries spent on failures; `again` marks a running job whose inputs changed meanwhile;
    `buy_again` the permission to buy once more what may have been paid already.
    """

    task_id: str
    channel_id: str
    step: str
    key: str
    service: str
    state: JobState
    args: dict[str, object] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    id: int = 0
    attempts: int = 0
    attempt: int = 0
    due_at: int = 0
    revision: int = 0
    digest: str | None = None
    output: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    facts: dict[str, object] = field(default_factory=dict)
    remote_id: str | None = None
    charge_ref: str | None = None
    price_micros: int = 0
    cost_micros: int = 0
    buy_again: bool = False
    reworded: bool = False
    again: bool = False
    failure: Failure | None = None
    started_at: int | None = None
    ended_at: int | None = None

    @cached_property
    def name(self) -> str:
        return f"{self.step}/{self.key}"


@dataclass(frozen=True)
class ChannelPolicy:
    """What `decide` must know of a channel and the settings: plain values, taken from YAML and TOML by the wiring."""

    channel_id: str
    clips: int
    images: int
    clip_seconds: int
    auto_gates: frozenset[Gate]
    negative_prompt: str
    prices_micros: dict[str, int]
    rebuy_ceiling_micros: int
    daily_budget_micros: int
    episode_cap_micros: int
    retry_waits_ms: tuple[int, ...]
    retry_jitter: float
    keep_workspace_ms: int
    #: False: its file is gone; what runs is settled, nothing new begins
    configured: bool = True


def task_id_of(title: str, page_id: str) -> str:
    """A readable, stable id: the title's slug and six digits of the page id's digest ("grizzly-crossing-3fa9c1")."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:24].strip("-") or "episode"
    return f"{slug}-{hashlib.sha256(page_id.encode()).hexdigest()[:6]}"


# ---------------------------------------------------------------- events: what happened, with its time


@dataclass(frozen=True)
class EntryQueued:
    """A person set Queued: a new entry, or one that goes on from where it stopped."""

    at: int
    page_id: str
    channel_id: str
    title: str
    topic: str
    direction: str
    priority: Priority
    privacy: str | None


@dataclass(frozen=True)
class EntryRefused:
    """A person queued an entry that cannot run (a required field is empty, an unknown channel): no task is made."""

    at: int
    page_id: str
    reason: str


@dataclass(frozen=True)
class EntryEdited:
    """A person changed fields of a known entry. What is already made stays; what comes later uses the new values."""

    at: int
    task_id: str
    priority: Priority
    privacy: str | None


@dataclass(frozen=True)
class GateApproved:
    at: int
    task_id: str
    gate: Gate
    by: str


@dataclass(frozen=True)
class RedoAsked:
    """A person wants some finished jobs made anew; `names` are job names such as "image/bear_core"."""

    at: int
    task_id: str
    gate: Gate
    names: tuple[str, ...]


@dataclass(frozen=True)
class CancelAsked:
    at: int
    task_id: str


@dataclass(frozen=True)
class TaskPaused:
    """A person wants nothing more of the task to start; what runs goes on to its end."""

    at: int
    task_id: str
    reason: str


@dataclass(frozen=True)
class TaskResumed:
    at: int
    task_id: str


@dataclass(frozen=True)
class EditRefused:
    """A person set a status that makes no sense here: the true one is written back with the reason."""

    at: int
    task_id: str
    wanted: str
    reason: str


@dataclass(frozen=True)
class JobStarted:
    """A lane claimed the job; from here one attempt runs. `digest` is that of the command and its input files.

    `quota`: (the day it counts to, jobs a day) where the service has a daily quota.
    """

    at: int
    task_id: str
    job: str
    digest: str
    quota: tuple[str, int] | None = None


@dataclass(frozen=True)
class JobSubmitted:
    """The script holds a remote id (a KIE task, an upload session)."""

    at: int
    task_id: str
    job: str
    attempt: int
    remote_id: str


@dataclass(frozen=True)
class JobCharged:
    """The script knows what a call cost. Recorded whatever has become of the attempt meanwhile.

    The same `reference` (the vendor's id of the call) of the same job is one charge, however often it is told.
    """

    at: int
    task_id: str
    job: str
    attempt: int
    service: str
    kind: str
    quantity: float
    unit: str
    micros: int
    reference: str | None = None


@dataclass(frozen=True)
class JobSucceeded:
    """The output exists and was verified. `output` is relative to the workspace. `plan` only for the plan step."""

    at: int
    task_id: str
    job: str
    attempt: int
    output: str
    bytes: int
    sha256: str
    facts: dict[str, object] = field(default_factory=dict)
    plan: Plan | None = None


@dataclass(frozen=True)
class JobFailed:
    """The attempt ended without output. `u` is chance in [0, 1) for the jitter of the next wait."""

    at: int
    task_id: str
    job: str
    attempt: int
    failure: Failure
    u: float
    stderr_tail: str = ""
    exit_code: int | None = None


@dataclass(frozen=True)
class ServiceFreed:
    """A parked service may be used again: what was held for it goes on. `channel_id` None: the whole service."""

    at: int
    task_id: str
    service: str


Event = (
    EntryQueued
    | EntryRefused
    | EntryEdited
    | GateApproved
    | RedoAsked
    | CancelAsked
    | TaskPaused
    | TaskResumed
    | EditRefused
    | JobStarted
    | JobSubmitted
    | JobCharged
    | JobSucceeded
    | JobFailed
    | ServiceFreed
    | NothingBought
)

# ---------------------------------------------------------------- ops: what the ledger writes in answer


@dataclass(frozen=True)
class SaveTask:
    """Insert or replace the task's row."""

    task: Task


@dataclass(frozen=True)
class SaveJob:
    """Insert (id 0) or replace the job's row; the ledger refuses if the row no longer is in `before`."""

    job: Job
    before: JobState | None


@dataclass(frozen=True)
class OpenAttempt:
    """A new row of `attempts`; its id becomes the job's `attempt`. `price_micros` > 0 also writes the intent.

    `quota_day`: one of that day's quota is used by it.
    """

    job: str
    price_micros: int
    quota_day: str | None = None


@dataclass(frozen=True)
class CloseAttempt:
    job: str
    attempt: int
    outcome: str
    stderr_tail: str = ""
    exit_code: int | None = None


@dataclass(frozen=True)
class RecordCharge:
    job: str
    attempt: int
    service: str
    kind: str
    quantity: float
    unit: str
    micros: int


#: in `Park.service`: every service but the cleaning of workspaces
EVERY_SERVICE = "*"


@dataclass(frozen=True)
class Park:
    """No job of this service (only of `channel_id`'s where given) starts until `until_ms` (None: until freed).

    `cause` says who lifts it: "person" (videod pause), "service" (a refused key, used-up credit), "budget",
    "limit" (our own daily quota), "disk". Several causes may hold the same service at once.
    """

    service: str
    channel_id: str | None
    until_ms: int | None
    reason: str
    cause: str = "service"


@dataclass(frozen=True)
class SaveBreaker:
    breaker: Breaker


@dataclass(frozen=True)
class ShowEntry:
    """The board's entry shall show these values: absolute statements, property -> value."""

    page_id: str
    values: dict[str, object]


@dataclass(frozen=True)
class ShowAsset:
    """The board's asset row of this job shall exist with this file."""

    page_id: str
    job: str
    kind: str
    path: str
    revision: int


@dataclass(frozen=True)
class Alert:
    """Tell a person. `key` makes the same cause ring once."""

    key: str
    text: str


Op = SaveTask | SaveJob | OpenAttempt | CloseAttempt | RecordCharge | Park | SaveBreaker | ShowEntry | ShowAsset | Alert


@dataclass(frozen=True)
class Snapshot:
    """All that `decide` may know: the task (None: the page has none yet), its jobs, the channel's policy."""

    task: Task | None
    jobs: tuple[Job, ...]
    policy: ChannelPolicy | None
    #: what the channel has spent or reserved since midnight UTC; told only where a paid job wants to start
    spent_today_micros: int = 0
    #: of the service of the event's job, where it is an outside one
    breaker: Breaker | None = None
    #: how much of the day's quota is used; told only where a job with a quota wants to start
    quota_used: int = 0


@dataclass(frozen=True)
class Decision:
    """The answer to an event. `accepted` False: the event came too late or twice, nothing was to be done."""

    ops: tuple[Op, ...] = ()
    accepted: bool = True
    note: str = ""
