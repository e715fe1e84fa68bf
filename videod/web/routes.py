"""What the API is made of: `Route`, one description of a path that the server, its checks and the document all use."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from videod.channels import Channel
from videod.core.histogram import Histogram
from videod.core.wishes import Obstacle
from videod.flow.placing import Placing
from videod.guard.errors import ErrorCode
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store.database import Store
from videod.web.entries import Entries
from videod.web.sessions import Sessions
from videod.web.values import Fields


@dataclass(frozen=True)
class House:
    """What the handlers ask. `limits`: service -> jobs at once as they are configured now; `channels`: those that are
    configured; `not_ready` says in words what is still missing, None when all is well; `delays`: how late the event
    loop was and how long the board took; `problems`: what the daemon says of itself besides what the database knows;
    `board`: where entries are written, None if there is none; `placing`: takes files of people; `sessions`: who is in
    on the page, None where there is none."""

    ledger: Ledger
    store: Store
    clock: Clock
    started_at: int
    limits: Callable[[], Mapping[str, int]]
    not_ready: Callable[[], str | None]
    delays: Callable[[], Sequence[Histogram]]
    problems: Callable[[], Sequence[str]]
    channels: Callable[[], Mapping[str, Channel]]
    board: Entries | None
    placing: Placing | None = None
    sessions: Sessions | None = None


@dataclass(frozen=True)
class Call:
    """One request as its route describes it: the names in its path, its query, the fields of its body.

    `connections`: listener -> what became of connections -> how many.
    """

    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, object]
    connections: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plain:
    """An answer that is no JSON."""

    text: str
    content_type: str


#: the answer: a value for JSON, or Plain. Raises Refused
Handler = Callable[[House, Call], Awaitable[object]]

#: what any request on an episode may meet
CONFLICTS: tuple[ErrorCode, ...] = tuple(Obstacle)


@dataclass(frozen=True)
class Route:
    """One path and method. `answer`: the type of its JSON, None for Plain; `codes`: errors of its own, besides those
    of every path; `fields` of its body, which the handler reads by them (`values.of_body`)."""

    method: str
    path: str
    name: str
    about: str
    handler: Handler
    answer: Any
    codes: tuple[ErrorCode, ...] = ()
    query: Fields = field(default_factory=dict)
    fields: Fields = field(default_factory=dict)
