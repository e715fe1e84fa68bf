"""The JSON of one episode in full, as types. Apart from `shapes`, as `details` is: the core's events come with it."""

from typing import Annotated, TypedDict

from videod.core.outlook import Awaited
from videod.core.wishes import Obstacle, Verb
from videod.web.shapes import (
    ChargeBody,
    GateName,
    JobBody,
    LastFailureBody,
    PossibleBody,
    StageBody,
    SuspensionBody,
    TaskBody,
    Time,
)


class WaitBody(TypedDict):
    """What an episode waits for."""

    what: Annotated[str, Awaited]
    until: Time | None
    gate: GateName | None
    job: str | None
    suspension: SuspensionBody | None


class ActionBody(TypedDict):
    """What you may do with an episode now, or why not."""

    action: Annotated[str, Verb]
    possible: bool
    why_not: Annotated[str, Obstacle] | None
    reason: str | None
    command: str | None
    gate: GateName | None
    jobs: list[str]
    field: str | None
    cost_usd: float


class ProspectsBody(TypedDict):
    """What an episode waits for, and what you may do with it."""

    wait: WaitBody
    actions: list[ActionBody]


class DetailBody(TaskBody, ProspectsBody):
    """An episode in full."""

    direction: str
    since: Time
    approving_costs_usd: float
    costs_usd: dict[str, float]
    charges: list[ChargeBody]
    possible_charges: list[PossibleBody]
    jobs: list[JobBody]
    timeline: list[StageBody]
    last_failure: LastFailureBody | None
