"""What `decide` gets (a snapshot) and what it answers (a decision): the ops that the ledger writes in order."""

from dataclasses import dataclass

from videod.core.breaker import Breaker
from videod.core.days import Span
from videod.core.likeness import Film
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.spacing import Uploads
from videod.core.statuses import JobState
from videod.core.suspension import Cause, Suspension
from videod.core.wishes import Obstacle


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

    `quota_day`: one of that day's quota is used by it, of `quota_account` ("": the service).
    """

    job: str
    price_micros: int
    quota_day: str | None = None
    quota_account: str = ""


@dataclass(frozen=True)
class CloseAttempt:
    job: str
    attempt: int
    outcome: str
    stderr_tail: str = ""
    exit_code: int | None = None


@dataclass(frozen=True)
class PlaceAttempt:
    """On which worker of the cluster an attempt runs, and what it has computed there."""

    attempt: int
    worker: str
    cpu_ms: int


@dataclass(frozen=True)
class RecordCharge:
    job: str
    attempt: int
    service: str
    kind: str
    quantity: float
    unit: str
    micros: int


@dataclass(frozen=True)
class RecordInDoubt:
    """The attempt may have been paid for: its price stands in every sum, apart, until it is cleared."""

    job: str
    attempt: int
    service: str
    micros: int


@dataclass(frozen=True)
class RecordFound:
    """What an attempt paid (`sure`) or may have paid, which only the lost ledger knew: its row is made if there is
    none that began then. `kind` as in RecordCharge."""

    job: str
    service: str
    kind: str
    began: int
    booked_at: int
    micros: int
    sure: bool


@dataclass(frozen=True)
class ClearInDoubt:
    """What may have been paid for the attempt no longer counts. `by`: "nothing_bought" or "charged"."""

    attempt: int
    by: str


@dataclass(frozen=True)
class Suspend:
    """A service starts nothing from now on. Several causes may suspend the same service at once."""

    suspension: Suspension


@dataclass(frozen=True)
class Release:
    """What the cause suspended starts again, unless another cause suspends it as well. `channel_id` "": as suspended
    for all channels."""

    service: str
    channel_id: str
    cause: Cause


@dataclass(frozen=True)
class SaveBreaker:
    breaker: Breaker


@dataclass(frozen=True)
class ShowEntry:
    """The board's entry must show these values: absolute statements, property -> value."""

    page_id: str
    values: dict[str, object]


@dataclass(frozen=True)
class NoteRefusal:
    """The entry was refused and has no task: remembered until it is fixed or removed. `reason` None: it is fixed."""

    page_id: str
    reason: str | None
    title: str = ""
    channel: str = ""


@dataclass(frozen=True)
class ShowAsset:
    """The board must have an asset row of this job with this file, whose content has this digest."""

    page_id: str
    job: str
    kind: str
    path: str
    revision: int
    sha256: str = ""


#: a cause that lasts rings again after a day, ms
REMIND_MS = 86_400_000


@dataclass(frozen=True)
class Alert:
    """Tell a person. `key` names the cause: while it lasts it rings once, and once more after `again_ms`.

    `ends` names what tells that it is over (`AlertsOver`); empty: only whoever rang knows (`Ledger.alert_over`).
    """

    key: str
    text: str
    ends: str = ""
    again_ms: int = REMIND_MS


@dataclass(frozen=True)
class AlertsOver:
    """Reports before `began`, ms, that one of `ends` ends are over: the next occurrence alerts again."""

    ends: tuple[str, ...]
    began: int


@dataclass(frozen=True)
class RenameChannel:
    """Everything of the channel `old` is that of `new`; entries of the board that are open say so."""

    old: str
    new: str


@dataclass(frozen=True)
class ForgetChannel:
    """Remove the channel's consent, what suspends it, and its open alerts."""

    channel_id: str


@dataclass(frozen=True)
class KeepLesson:
    """A line as it was planned, and what a person made of it, for the channel's next plans."""

    channel_id: str
    task_id: str
    job: str
    was: str
    now: str


@dataclass(frozen=True)
class ForgetLesson:
    """Remove one of a channel's lessons by its number."""

    channel_id: str
    number: int


Op = (
    SaveTask
    | SaveJob
    | OpenAttempt
    | CloseAttempt
    | PlaceAttempt
    | RecordCharge
    | RecordInDoubt
    | RecordFound
    | ClearInDoubt
    | Suspend
    | Release
    | SaveBreaker
    | ShowEntry
    | NoteRefusal
    | ShowAsset
    | Alert
    | AlertsOver
    | RenameChannel
    | ForgetChannel
    | KeepLesson
    | ForgetLesson
)


@dataclass(frozen=True)
class Snapshot:
    """All that `decide` may know: the task (None: the page has none yet), its jobs, the channel's policy."""

    task: Task | None
    jobs: tuple[Job, ...]
    policy: ChannelPolicy | None
    #: what the channel has spent or reserved today; told only where a paid job wants to start
    spent_today_micros: int = 0
    #: of the service of the event's job, where it is an outside one
    breaker: Breaker | None = None
    #: how much of the day's quota is used; told only where a job with a quota wants to start
    quota_used: int = 0
    #: of the event's attempt: what it was charged, and what it may have been paid beyond that
    charged_micros: int = 0
    in_doubt_micros: int = 0
    #: other episodes with an identical plan or film, and the newest of the channel; told only with a new plan, and
    #: where an upload wants to start
    same: tuple[Film, ...] = ()
    last: tuple[Film, ...] = ()
    #: the day that `spent_today_micros` is of
    today: Span | None = None
    #: told only where an upload of a channel wants to start that limits them
    uploads: Uploads | None = None


@dataclass(frozen=True)
class Decision:
    """The answer to an event. `accepted` False: the event came too late or twice and changes nothing.

    `refused`: why what a person wanted cannot be done; if `accepted`, the board says so.
    """

    ops: tuple[Op, ...] = ()
    accepted: bool = True
    note: str = ""
    refused: Obstacle | None = None
