"""The nouns: a task, its jobs, what a channel allows.

All are frozen values. Times are integer milliseconds UTC; money is integer micro-dollars (1 USD = 1,000,000).
A job's *name* is "step/key", such as "clip/clip_07": unique in its task and what `needs` refers to.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from videod.core.failures import Failure
from videod.core.statuses import Gate, JobState, Status
from videod.core.suspension import Suspension


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
    a person queued it again); `suspended` is what a service or a budget refused it although nothing failed.
    `possibly_paid_twice` counts purchases; `possible_micros` is what was perhaps paid and is in no
    charge (attempts that ended unconfirmed); `paused` is a person's reason why nothing of it starts;
    `waits` what the board says it waits for, once that has stood for a while.
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
    suspended: Suspension | None = None
    error: str = ""
    cost_micros: int = 0
    rebought_micros: int = 0
    possibly_paid_twice: int = 0
    youtube_id: str | None = None
    youtube_url: str | None = None
    paused: str | None = None
    possible_micros: int = 0

    @property
    def counted_micros(self) -> int:
        """What counts against every limit: what was charged and what may have been paid besides."""
        return self.cost_micros + self.possible_micros

    waits: Suspension | None = None
    #: the reviews that a person approved, of those that are passed; who and when stands in the history
    reviewed: frozenset[Gate] = frozenset()
    #: what YouTube made of the film so far (`core.verdict.Verdict`), how often it was looked, and when next, ms
    verdict: str = ""
    verdict_looks: int = 0
    verdict_due: int | None = None
    #: what the board says where it has shown its status for far longer than usual
    slow: str = ""
    #: the number of the story of the film, where a person may choose another one; else ""
    story: str = ""
    #: the number of the thumbnail that a person chose, else ""
    thumbnail: str = ""


@dataclass(frozen=True)
class Job:
    """One unit of work: one plan, one image, one clip ...

    `args` is all that its script needs besides paths and settings; `attempt` the id of the running or last attempt;
    `attempts` the tries spent on failures; `again` marks a running job whose inputs changed meanwhile;
    `buy_again` the permission to buy once more what may have been paid already; `deaths` how often the daemon died
    while it ran, since it last succeeded or a person tried it again.
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
    deaths: int = 0
    failure: Failure | None = None
    started_at: int | None = None
    ended_at: int | None = None

    @cached_property
    def name(self) -> str:
        return f"{self.step}/{self.key}"

    @property
    def fetching(self) -> bool:
        """Whether it was finished, lost its file, and its service still has it: it is fetched, never bought."""
        return self.sha256 is not None and self.remote_id is not None and self.state is not JobState.DONE


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
    #: step -> the service that does it, where another one than its own is chosen
    services: Mapping[str, str] = field(default_factory=dict)
    #: whether a person chooses the story before anything is drawn (`gates.story: review` of the channel's file)
    story_review: bool = False
    #: whether a film may be published that nobody looked at (`publish_without_review` of the channel's file)
    unreviewed: bool = True
    #: a plan whose narration shares so much with that of an earlier film needs a person; 0: only an identical plan or
    #: film does; None: films are not compared
    alike: float | None = None
    #: at least so long from one published film to the next; 0: no limit
    upload_spacing_ms: int = 0
    #: the Google project whose quota and OAuth client its uploads use; "": the installation's only one
    google_project: str = ""
    #: whether all channels use that one
    one_project: bool = True
    #: so many uploads a day of the installation; None: no limit
    uploads_per_day: int | None = None
    #: seconds of a clip -> its price, for the model that the channel's clips are ordered from; {}: all are priced alike
    clip_micros: Mapping[int, int] = field(default_factory=dict)
    #: whether narrations are made before clips, which are bought as long as those need them
    narration_first: bool = False
    #: how long a shot in another place than the one before takes to come; 0: it is there at once, seconds
    dissolve_s: float = 0.0
    #: over how many shots of a plan nobody may speak
    wordless: int = 0
    #: how many shots of a plan may be still ones, which cost nothing
    stills: int = 0
    #: how many sound effects a film has at most, shared by the clips of one place; None: one for each clip
    effects: int | None = None
    #: what an episode is meant to cost; None: whatever it does
    target_micros: int | None = None


#: what `task_id_of` gives at most
TASK_ID_CHARACTERS = 31


def task_id_of(title: str, page_id: str) -> str:
    """A readable, stable id: the title's slug and six digits of the page id's digest ("grizzly-crossing-3fa9c1")."""
    import hashlib  # here: slow to load, and commands that only look make no id

    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:24].strip("-") or "episode"
    return f"{slug}-{hashlib.sha256(page_id.encode()).hexdigest()[:6]}"
