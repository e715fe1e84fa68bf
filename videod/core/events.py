"""The events: what happened, each with its time (integer milliseconds UTC). `decide` answers each with ops."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from videod.core.failures import Failure
from videod.core.model import Priority
from videod.core.plan import Plan
from videod.core.reconcile import NothingBought
from videod.core.statuses import Gate
from videod.core.suspension import Suspension


@dataclass(frozen=True)
class EntryQueued:
    """A person set Queued: a new entry, or one that resumes where it stopped.

    `own`: the story that the entry brings, as arguments of the plan's job; None where nobody looked.
    """

    at: int
    page_id: str
    channel_id: str
    title: str
    topic: str
    direction: str
    priority: Priority
    privacy: str | None
    own: Mapping[str, object] | None = None
    story: str = ""
    by: str = ""
    thumbnail: str = ""


@dataclass(frozen=True)
class EntryRefused:
    """An entry without a task cannot be taken (a field is empty, an unknown channel, a copy): it becomes a draft.

    `clear`: what videod writes on entries is emptied as well, since it is another entry's.
    """

    at: int
    page_id: str
    reason: str
    title: str = ""
    channel: str = ""
    clear: bool = False


@dataclass(frozen=True)
class EntryEdited:
    """A person changed fields of a known entry: the new values; unchanged ones as they are.

    `problems`: the fields that make no sense (board's name, why); their values here are the old ones.
    """

    at: int
    task_id: str
    priority: Priority
    privacy: str | None
    title: str
    topic: str
    direction: str
    channel_id: str
    problems: tuple[tuple[str, str], ...] = ()
    story: str = ""
    thumbnail: str = ""
    by: str = ""


@dataclass(frozen=True)
class GateApproved:
    at: int
    task_id: str
    gate: Gate
    by: str


@dataclass(frozen=True)
class RedoAsked:
    """A person wants some finished jobs redone; `names` are job names such as "image/bear_core".

    `gate`: the review that was meant, which is the open one or an earlier one. `note`: what should be different, where
    the person says so; `notes`: the same of single jobs. `words`: other finished jobs to regenerate, since the person
    rewrote words of their orders: job -> argument -> what it says now.
    """

    at: int
    task_id: str
    gate: Gate
    names: tuple[str, ...]
    note: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    by: str = ""


@dataclass(frozen=True)
class JobCorrected:
    """A person rewrote words that a job is ordered with: argument of the job -> what it says now."""

    at: int
    task_id: str
    job: str
    changes: Mapping[str, object]
    by: str


@dataclass(frozen=True)
class FileChosen:
    """A person wants this file in the place of the job's: an older take of it, or one of their own.

    `output` is relative to the workspace; bytes, digest and facts are those that were found on it. `own`: it stays when
    what the job would be made from changes.
    """

    at: int
    task_id: str
    job: str
    output: str
    bytes: int
    sha256: str
    facts: Mapping[str, object]
    own: bool
    by: str


@dataclass(frozen=True)
class CancelAsked:
    at: int
    task_id: str
    by: str = ""


@dataclass(frozen=True)
class TaskPaused:
    """A person wants nothing more of the task to start; what runs finishes."""

    at: int
    task_id: str
    reason: str


@dataclass(frozen=True)
class TaskResumed:
    at: int
    task_id: str
    by: str = ""


@dataclass(frozen=True)
class EntryWaits:
    """What the task waits for although nothing failed has changed; `waits` None: for nothing any more.

    Earlier versions kept a sentence under `reason` instead.
    """

    at: int
    task_id: str
    waits: Suspension | None


@dataclass(frozen=True)
class EntrySlow:
    """The task has shown `status` for far longer than usual; `note` says so on the board until the status changes."""

    at: int
    task_id: str
    status: str
    note: str


@dataclass(frozen=True)
class EditRefused:
    """A person set a status that makes no sense here: the true one is written back with the reason."""

    at: int
    task_id: str
    wanted: str
    reason: str


@dataclass(frozen=True)
class Quota:
    """A service's daily quota: the day that a start counts to, starts a day, and when that day ends, ms."""

    day: str
    most: int
    ends_at: int


@dataclass(frozen=True)
class TextsRewritten:
    """A person rewrote texts of finished files on the board, which wait to be confirmed; `note` tells the price.

    An empty note: the old texts are there again.
    """

    at: int
    task_id: str
    jobs: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class JobStarted:
    """A lane claimed the job; from here one attempt runs. `digest` is that of the command and its input files.

    `quota`: where the service has one.
    """

    at: int
    task_id: str
    job: str
    digest: str
    quota: Quota | None = None


@dataclass(frozen=True)
class JobSubmitted:
    """The script holds a remote id (a KIE task, an upload session)."""

    at: int
    task_id: str
    job: str
    attempt: int
    remote_id: str


@dataclass(frozen=True)
class JobPlaced:
    """The attempt runs on a worker of the cluster; `cpu_ms`: what it has computed there, once that is known."""

    at: int
    task_id: str
    job: str
    attempt: int
    worker: str
    cpu_ms: int = 0


@dataclass(frozen=True)
class JobCharged:
    """The script knows what a call cost. Recorded whatever has become of the attempt meanwhile.

    The same `reference` (the vendor's id of the call) of the same job is one charge, however often it is reported.
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
class PurchaseFound:
    """This ledger is an older copy: an attempt of which it does not know what it paid, or may have paid, had paid.

    `began`: when that attempt started; `booked_at`: when the ledger that was lost booked it. `sure`: it was charged,
    under `reference` where that is known.
    """

    at: int
    task_id: str
    job: str
    began: int
    booked_at: int
    micros: int
    sure: bool
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
class JobCrashed:
    """videod itself failed at a ready job before an attempt was open, such as in building its command."""

    at: int
    task_id: str
    job: str
    failure: Failure
    u: float


@dataclass(frozen=True)
class JobDied:
    """The daemon died while the job ran. After `most` deaths it is set aside; `last`: when it died, ISO 8601.

    `doubt`: the attempt may have bought something that no receipt tells of.
    """

    at: int
    task_id: str
    job: str
    attempt: int
    most: int
    last: str
    doubt: bool


@dataclass(frozen=True)
class JobSetAside:
    """The usual answer to what became of a job cannot be given: it fails, and nothing else is decided."""

    at: int
    task_id: str
    job: str
    failure: Failure


@dataclass(frozen=True)
class ServiceFreed:
    """A suspended service may be used again: its waiting work resumes."""

    at: int
    task_id: str
    service: str


@dataclass(frozen=True)
class LostFile:
    """The file of the finished job `job` cannot be used. `why`: the rest of a sentence about the file.

    `fetchable`: its service still has it, at no cost. `bad`: it is as it was made, and of no use.
    """

    job: str
    why: str
    fetchable: bool = False
    bad: bool = False


@dataclass(frozen=True)
class InputLost:
    """A job that was to begin, or failed, cannot use files that earlier jobs made; `lost` names all that are needed."""

    at: int
    task_id: str
    job: str
    attempt: int
    lost: tuple[LostFile, ...]


@dataclass(frozen=True)
class VideoLooked:
    """YouTube was asked what became of the uploaded film: a `core.verdict.Verdict`, and YouTube's word for why."""

    at: int
    task_id: str
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class FilesExpire:
    """The files of an episode that is over, or stopped, are removed at `until`, ms, unless it resumes."""

    at: int
    task_id: str
    until: int


@dataclass(frozen=True)
class GatesJudged:
    """The channel's file is back or has changed: a review that it approves automatically is passed."""

    at: int
    task_id: str


@dataclass(frozen=True)
class ChannelRenamed:
    """The channel `old` is called `new` from now on, in everything that is known of it. No episode of it is at work."""

    at: int
    old: str
    new: str


@dataclass(frozen=True)
class ChannelRemoved:
    """The channel is given up: its consent and what suspends it are forgotten. Its episodes stay as they are."""

    at: int
    channel: str


@dataclass(frozen=True)
class LessonForgotten:
    """A person removes one of the channel's lessons."""

    at: int
    channel: str
    number: int


#: events of a channel, with no episode of their own
OfChannel = ChannelRenamed | ChannelRemoved | LessonForgotten

Event = (
    EntryQueued | EntryRefused | EntryEdited | GateApproved | RedoAsked | JobCorrected | FileChosen
    | CancelAsked | TaskPaused | TaskResumed | EditRefused | TextsRewritten | EntryWaits | EntrySlow
    | JobStarted | JobSubmitted | JobPlaced | JobCharged | PurchaseFound | JobSucceeded | JobFailed | JobCrashed
    | JobDied | JobSetAside | ServiceFreed | InputLost | FilesExpire | GatesJudged | VideoLooked | NothingBought
    | ChannelRenamed | ChannelRemoved | LessonForgotten
)  # fmt: skip
