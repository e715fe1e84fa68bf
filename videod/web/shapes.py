"""The JSON of the API and of `--json`, as types: what `serializers` return, what the OpenAPI document describes.

mypy holds the code to them, and `schema` reads them, so that neither can differ from the other. A second argument of
`Annotated` is the meaning of the text: an enumeration whose values it has, or a format of JSON schema.
"""

from typing import Annotated, TypedDict

from videod.core.allowances import Kind as AllowanceKind
from videod.core.failures import Kind
from videod.core.statuses import Gate, JobState, Status
from videod.core.suspension import Cause

Time = Annotated[str, "date-time"]
StatusName = Annotated[str, Status]
GateName = Annotated[str, Gate]


class ErrorBody(TypedDict):
    """What every error says."""

    code: str
    message: str
    hint: str
    timestamp: Time
    request_id: str


class SuspensionBody(TypedDict):
    """Why something does not start although nothing failed."""

    service: str
    channel: str | None
    cause: Annotated[str, Cause]
    until: Time | None
    since: Time | None
    reason: str


class TaskBody(TypedDict):
    """An episode."""

    id: str
    page_id: str
    channel: str
    title: str
    topic: str
    status: StatusName
    label: str
    gate: GateName | None
    priority: str
    privacy: str | None
    thumbnail: str | None
    paused: str | None
    suspended: SuspensionBody | None
    waits: str | None
    slow: str | None
    error: str
    cost_usd: float
    possibly_paid_usd: float
    possibly_paid_twice: int
    youtube_url: str | None
    created_at: Time
    queued_at: Time
    started_at: Time | None
    ended_at: Time | None


class FailureBody(TypedDict):
    """What went wrong with a job."""

    kind: Annotated[str, Kind]
    message: str
    service: str | None
    endpoint: str | None
    http_status: int | None
    code: str | None
    request_id: str | None


class TroubleBody(FailureBody):
    """A failure and its job."""

    job: str


class RetryBody(TypedDict):
    """The next try of a job."""

    job: str
    tries: int
    at: Time


class EpisodeBody(TaskBody):
    """An open episode as `videod status` shows it."""

    since: Time
    progress: str
    approving_costs_usd: float
    retry: RetryBody | None
    failure: TroubleBody | None


class LaneBody(TypedDict):
    """The jobs of a service."""

    service: str
    running: int
    limit: int | None
    ready: int
    later: int
    next_due: Time | None


class UnsentBody(TypedDict):
    """What the board or people have not been told yet."""

    target: str
    rows: int
    oldest: Time
    problem: str | None


class CreditBody(TypedDict):
    """What is left of an account."""

    service: str
    credits: float
    credits_a_film: float | None
    films: int | None
    at: Time


class RefusedEntryBody(TypedDict):
    """An entry that was set to Queued and cannot run."""

    page_id: str
    title: str
    channel: str | None
    reason: str
    at: Time


class DepthBody(TypedDict):
    """Open episodes of a channel."""

    channel: str
    queued: int
    in_work: int
    reviews: int
    stopped: int
    oldest_queued_at: Time | None


class AllowanceBody(TypedDict):
    """How much of a day's quota (jobs of a service), budget (dollars) or uploads (films of a channel) is used."""

    kind: Annotated[str, AllowanceKind]
    service: str | None
    channel: str | None
    used: float
    most: float
    ends_at: Time | None


class WebhookOffBody(TypedDict):
    """Notion's webhook where it is off."""

    on: bool
    signed_at: Time | None


class WebhookBody(WebhookOffBody):
    """Notion's webhook where it is on."""

    url: str
    listens: str
    since: Time
    secret: bool
    token_at: Time | None
    taken: int
    repeats: int
    refused: int
    refused_reasons: dict[str, int]
    refused_at: Time | None
    problem: str | None


class WorkerBody(TypedDict):
    """A worker of the cluster: `slots` jobs at once, `usable` of them now; `jobs` run there."""

    name: str
    address: str
    slots: int
    usable: int
    version: str
    ffmpeg: str
    problem: str | None
    jobs: list[str]


class ClusterBody(TypedDict):
    """Other machines that make films."""

    address: str
    problem: str | None
    slots: int
    workers: list[WorkerBody]


class StatusBody(TypedDict):
    """Everything at a glance."""

    at: Time
    counts: dict[str, int]
    episodes: list[EpisodeBody]
    refused: list[RefusedEntryBody]
    lanes: list[LaneBody]
    suspensions: list[SuspensionBody]
    unsent: list[UnsentBody]
    spend_today_usd: float
    spend_today_by_service_usd: dict[str, float]
    possibly_paid_today_usd: float
    published_7_days: int
    possibly_paid_twice: int
    in_doubt: int
    problems: list[str]
    heartbeat: Time | None
    credit: list[CreditBody]
    webhook: WebhookOffBody | WebhookBody
    queues: list[DepthBody]
    allowances: list[AllowanceBody]
    page: str | None
    cluster: ClusterBody | None


class DaemonBody(TypedDict):
    """The daemon that answers."""

    running: bool
    pid: int
    version: str
    started_at: Time


class OverviewBody(StatusBody):
    """Everything at a glance, and who says so."""

    daemon: DaemonBody


class JobBody(TypedDict):
    """One unit of work: a plan, an image, a clip, a narration, the film, its upload."""

    name: str
    step: str
    service: str
    state: Annotated[str, JobState]
    tries: int
    due_at: Time | None
    revision: int
    file: str | None
    bytes: int | None
    sha256: str | None
    facts: dict[str, object]
    remote_id: str | None
    price_usd: float
    cost_usd: float
    failure: FailureBody | None
    started_at: Time | None
    ended_at: Time | None
    args: dict[str, object]


class ChargeBody(TypedDict):
    """One charge."""

    job: str
    service: str
    kind: str
    quantity: float
    unit: str
    usd: float
    at: Time


class PossibleBody(TypedDict):
    """A purchase whose outcome was or is unknown."""

    job: str
    service: str
    usd: float
    at: Time
    cleared_by: str | None


class StageBody(TypedDict):
    """How long an episode had a status."""

    status: str
    at: Time
    seconds: int


class LastFailureBody(TypedDict):
    """The newest failed attempt."""

    job: str | None
    at: Time | None
    outcome: str | None
    exit_code: int | None
    stderr_tail: str
    failure: dict[str, object] | None
    fixed: bool
