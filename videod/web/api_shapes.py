"""The JSON that only the API has, as types: pages, lists of channels and services, what became of a change."""

from enum import StrEnum
from typing import Annotated, TypedDict

from videod.web.shapes import (
    ChargeBody,
    CreditBody,
    JobBody,
    LaneBody,
    StatusName,
    SuspensionBody,
    TaskBody,
    Time,
)


class PurchaseState(StrEnum):
    """What is known of a purchase."""

    OPEN = "open"
    CHARGED = "charged"
    UNCONFIRMED = "unconfirmed"
    NOTHING_BOUGHT = "nothing_bought"
    #: it ended without a charge
    FREE = "free"


class TaskPageBody(TypedDict):
    """A page of episodes. `total`: how many match on all pages; `next_cursor`: null on the last page."""

    tasks: list[TaskBody]
    total: int
    next_cursor: str | None


class JobsBody(TypedDict):
    """The jobs of an episode."""

    task: str
    jobs: list[JobBody]


class EventBody(TypedDict):
    """One thing that happened to an episode; `status`: what it became by it, null where it stayed."""

    id: int
    at: Time
    event: str
    status: str | None
    body: dict[str, object]


class HistoryPageBody(TypedDict):
    """A page of an episode's history, the oldest first."""

    task: str
    events: list[EventBody]
    next_cursor: str | None


class CostsBody(TypedDict):
    """What an episode was charged, and what may have been paid besides."""

    task: str
    cost_usd: float
    possibly_paid_usd: float
    costs_usd: dict[str, float]
    charges: list[ChargeBody]


class PurchaseBody(TypedDict):
    """One purchase of an attempt. `state`: `open` while it runs, `charged`, `unconfirmed`,
    `nothing_bought` (as the service's balance showed), or `free`: it ended without a charge."""

    job: str
    service: str
    state: Annotated[str, PurchaseState]
    price_usd: float
    charged_usd: float
    at: Time


class PurchasesBody(TypedDict):
    """Every purchase of an episode, the oldest first."""

    task: str
    purchases: list[PurchaseBody]


class ChannelBody(TypedDict):
    """A channel. `configured`: whether its file is there; null where its file would say it."""

    id: str
    configured: bool
    name: str | None
    language: str | None
    privacy: str | None
    daily_budget_usd: float | None
    max_concurrent: int | None
    queued: int
    in_work: int
    in_review: int
    stopped: int
    closed: int
    counts: dict[str, int]
    spend_today_usd: float
    possibly_paid_today_usd: float
    suspensions: list[SuspensionBody]


class ChannelsBody(TypedDict):
    """All channels: those that are configured, and those that episodes are of."""

    channels: list[ChannelBody]


class ServiceBody(LaneBody):
    """A service: its jobs, what suspends it, what it charged today, what is left of its account."""

    spend_today_usd: float
    suspensions: list[SuspensionBody]
    credit: CreditBody | None


class ServicesBody(TypedDict):
    """All services."""

    services: list[ServiceBody]


class AlertBody(TypedDict):
    """A cause that people were alerted of and that is not over."""

    key: str
    opened_at: Time
    alerted_at: Time


class AlertsBody(TypedDict):
    """All causes that are not over, the newest first."""

    alerts: list[AlertBody]


class HealthBody(TypedDict):
    """The daemon's loop turns."""

    status: str
    version: str
    pid: int
    uptime_s: int


class ReadyBody(TypedDict):
    """The daemon can work."""

    status: str


class OutcomeBody(TypedDict):
    """What became of a change. `changed`: false where all was so already."""

    text: str
    changed: bool


class TaskOutcomeBody(OutcomeBody):
    """What became of a change of an episode. `cost_usd`: what it will cost."""

    task: str
    title: str
    status: StatusName
    label: str
    cost_usd: float


class EntryBody(TypedDict):
    """A new entry of the board."""

    page_id: str
    status: StatusName
    title: str
    channel: str


class PriorityBody(TypedDict):
    """A changed priority."""

    task: str
    title: str
    priority: str


class WaitingEntryBody(EntryBody):
    """An entry of videod's own board that is no episode yet. `problem`: why it was sent back."""

    topic: str
    direction: str
    priority: str
    privacy: str | None
    problem: str | None
    script: str | None
    plan: dict[str, object] | None
    sources: str | None
    made_at: Time
    edited_at: Time


class EntriesBody(TypedDict):
    """The entries that are no episode yet, the newest first. `kind`: "none", or "notion" where they are in Notion."""

    kind: str
    entries: list[WaitingEntryBody]


class ChangedEntryBody(EntryBody):
    """A changed entry. `text` says what becomes of it."""

    text: str


class LinkBody(TypedDict):
    """A link that lets one device into the page."""

    url: str
    name: str
    role: str
    until: Time


class SessionBody(TypedDict):
    """A device that is in on the page."""

    id: str
    name: str
    role: str
    device: str
    created_at: Time
    seen_at: Time


class SessionsBody(TypedDict):
    """The devices that are in, last used first."""

    sessions: list[SessionBody]


class EndedBody(TypedDict):
    """How many sessions were ended."""

    ended: int
