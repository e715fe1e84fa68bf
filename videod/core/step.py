"""The contract of a step: what each file in `core/steps/` says about its own step. Types only.

A step is one kind of work on an episode, such as drawing an image. Its file holds everything that is only its own;
`core/tables` gathers the files and everybody else reads the table. To add a step, add a file with a `STEP`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NamedTuple

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.music import Track
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status


class Served(NamedTuple):
    """What another service than a step's own works with: its model, and how long its script asks for a remote job."""

    model: str
    wait_s: int


@dataclass(frozen=True)
class CommandContext:
    """What commands need besides the job: the channel's and the settings' plain values, and where the files lie.

    `outputs` maps the names of finished jobs to their files, relative to `workspace`; `facts` to what was measured on
    them, such as `duration_s`.
    """

    workspace: PurePosixPath
    task: Task
    channel_name: str
    brand: str
    voice_id: str
    voice: Mapping[str, float]
    language: str
    privacy: str
    category: str
    made_for_kids: bool
    description_template: str
    tags: tuple[str, ...]
    clips: int
    images: int
    models: Mapping[str, str]
    image_host: str
    bucket: str
    image_size: str
    intro: str | None
    outro: str | None
    watermark: str | None
    outputs: Mapping[str, str] = field(default_factory=dict)
    #: how long the clip's script asks for its remote job; less than the deadline, so that it can say how far it is
    clip_wait_s: int = 1680
    facts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    #: what the episode's jobs are ordered with now, by name
    ordered: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    #: by `offers.key`
    served: Mapping[str, Served] = field(default_factory=dict)
    #: as the channel's file names it, in the one form of `youtube_names`
    youtube_channel: str = ""
    #: where the first picture of a clip is put when `image_host` does not take it; empty: nowhere
    image_host_second: str = ""
    #: what may lie under the film
    music: tuple[Track, ...] = ()
    clip_seconds: int = 10
    #: lines that the channel's creator likes, and words that they ban
    likes: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    #: characters a second of the channel's voice; None: nothing is known of it
    pace: float | None = None
    #: how many shots of a plan are still ones: at least, at most
    stills: tuple[int, int] = (0, 0)
    #: over how many shots of a plan nobody may speak
    wordless: int = 0
    #: what is known of the channel's last stories, newest first
    before: tuple[Mapping[str, str], ...] = ()
    #: lines as they were planned, and what the creator made of them
    lessons: tuple[tuple[str, str], ...] = ()
    #: what the facts of a plan are taken from: "wikipedia" or "none"; who reads there may be written to at `contact`
    reads: str = "wikipedia"
    contact: str = ""
    #: whether the model may search the web as well
    search: bool = False
    #: whether captions are drawn into the film
    burn_captions: bool = False
    #: how long the title stands over the first shot, seconds
    title_s: float = 0.0

    def path(self, relative: str) -> str:
        return str(self.workspace / relative)

    def file(self, job_name: str) -> str:
        return self.path(self.outputs[job_name])

    def length_s(self, job_name: str) -> float | None:
        """How long the sound or video of a finished job lasts, where that was measured."""
        return positive(self.facts.get(job_name, {}).get("duration_s"))


@dataclass(frozen=True)
class Recalled:
    """What a channel's finished work says: `pace` of its voice as measured, and its last stories, newest first.

    `lessons`: lines as they were planned, and what the creator made of them, newest first.
    """

    pace: float | None = None
    before: tuple[Mapping[str, str], ...] = ()
    lessons: tuple[tuple[str, str], ...] = ()


class Input(NamedTuple):
    """A finished job's file that a command names, relative to the workspace, with the small files `beside` it."""

    path: str
    sha256: str
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """Arguments for the script, and small files (path relative to the workspace -> text) to be written before.

    `env`: what the script takes from its environment instead of its arguments. `aside`: arguments that are no part of
    what is ordered (`digest`), so that a request on its way stays the same where they change. `inputs`: the files that
    it names, for the steps that travel.
    """

    argv: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    aside: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()


class Makes(StrEnum):
    """What a step's script leaves in its output."""

    JSON = "json"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    NOTHING = "nothing"


class Per(StrEnum):
    """For what an episode has one job of a step."""

    EPISODE = "episode"
    IMAGE = "image"
    CLIP = "clip"


KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


#: the fact of a cut that names its encoded pictures (`adapters/packet_marks`); only videod's own look says it
PACKETS = "packets"


@dataclass(frozen=True)
class Expectation:
    """Bounds of one file. Seconds, pixels of each side, bytes; all inclusive.

    They are wide on purpose: to catch what is broken (a third of a clip, a silent narration, a thumbnail in place of a
    picture), not what is unusual. `about_s` is what was asked for, where that is known: it only stands in the words of
    an objection. `heard`: a video must have sound, and it must not be silent, at its end no longer than `silent_end_s`
    (None: as long as it likes). `black` is the largest share of black pictures.
    """

    min_bytes: int = 1
    max_bytes: int = 8 * GIB
    min_s: float = 0.0
    max_s: float = 6 * 3600.0
    about_s: float | None = None
    min_side: int = 1
    heard: bool = False
    silent_end_s: float | None = None
    black: float = 0.9
    #: whose file it is, where its content is looked at as well
    step: str = ""
    #: what it may be joined of: PACKETS of files that were decoded to their ends
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What an expectation may go by besides the job: the other jobs of its task by name, who made the file.

    `foreign`: the user's own script made it; `extras`: the channel has an intro or an outro, or nobody knows.
    """

    others: Mapping[str, Job] = field(default_factory=dict)
    foreign: bool = False
    extras: bool = True

    def length_s(self, job_name: str) -> float | None:
        """How long the file of another job lasts, where that was measured."""
        other = self.others.get(job_name)
        return None if other is None else positive(other.facts.get("duration_s"))


def positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _one(args: Mapping[str, object]) -> int:
    return 1


def _none(args: Mapping[str, object], policy: ChannelPolicy) -> int | None:
    return None


@dataclass(frozen=True)
class Price:
    """What one job of a paid step costs: the price in force for every `per` of what `count` finds in its arguments.

    `name` is its key in `ChannelPolicy.prices_micros`, `setting` its key in `[prices]` of videod.toml (`name` where it
    is left out). The usual price is in the catalog of the step's service. `own` finds another one for this order,
    micro-dollars, where there is one.
    """

    name: str
    setting: str = ""
    count: Callable[[Mapping[str, object]], int] = _one
    per: int = 1
    own: Callable[[Mapping[str, object], ChannelPolicy], int | None] = _none

    @property
    def key(self) -> str:
        return self.setting or self.name

    def micros(self, args: Mapping[str, object], policy: ChannelPolicy) -> int:
        """What this job costs at the prices in force, before it is bought."""
        own = self.own(args, policy)
        return round(policy.prices_micros[self.name] * self.count(args) / self.per) if own is None else own

    def of(self, name: str) -> "Price":
        """The same at the price of that name, for another service's offer."""
        return replace(self, name=name, own=_none)


@dataclass(frozen=True)
class Usual:
    """How long the outside usually takes for one job: seconds between `low` and `high`; with probability `slow_share`
    between `slow_low` and `slow_high`."""

    low: float
    high: float
    slow_share: float = 0.0
    slow_low: float = 0.0
    slow_high: float = 0.0


def _always(command: Command) -> bool:
    return True


def _as_it_is(job: Job, at: CommandContext, command: Command) -> Command:
    return command


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. The fields without a default must be given; `core/tables` names the file of one that is not."""

    name: str
    #: file name in scripts/; a user may name another program in `[scripts]`
    script: str
    #: whose limits, breaker and pauses its jobs are under
    service: str
    #: the steps whose jobs its jobs need
    after: tuple[str, ...]
    per: Per
    #: the review that must be passed before its jobs start
    gate: Gate | None
    #: the review that looks at its results; None only behind the last gate
    review: Gate | None
    #: the episode's status when one of its jobs fails
    error: Status
    deadline_s: int
    #: None: it costs nothing
    price: Price | None
    #: what kind of file it makes, which is checked, and the file's suffix
    makes: Makes
    suffix: str
    #: environment variables with secrets that its script gets
    secrets: tuple[str, ...]
    #: what the board and the dashboard call its jobs, plural
    noun: str
    #: for `videod simulate`
    usual: Usual
    #: the jobs that a plan makes of it
    jobs: Callable[[Task, Plan, ChannelPolicy], tuple[Job, ...]]
    argv: Callable[[Job, CommandContext], Command]
    #: where a job's file lies, relative to the workspace, without revision and suffix
    place: Callable[[Job, Task], str]
    #: what the file must be to count as done
    expects: Callable[[Job, Context], Expectation]
    #: type of its rows in the board's table of files; None: the board shows none (it takes `BOARD_TAKES` only)
    shown_as: str | None = None
    #: a prompt that was refused is tried once more, re-worded
    rewordable: bool = False
    #: a finished order may be fetched once more at no cost (`--fetch-only`)
    fetchable: bool = False
    #: what a person may rewrite of its order: the name that commands use for it -> its argument
    words: Mapping[str, str] = field(default_factory=dict)
    #: what a person says with a redo is worked into its order (`step_parts.noted`)
    noted: bool = False
    #: its script removes the workspace
    removes_workspace: bool = False
    #: options of the owner's older script of this step; empty: no older script existed; a replacement gets all
    legacy_args: tuple[str, ...] = ()
    #: options that the older script takes from its environment instead: option -> variable
    legacy_env: Mapping[str, str] = field(default_factory=dict)
    #: the command in the older script's own units
    legacy_units: Callable[[Job, CommandContext, Command], Command] = _as_it_is
    #: what only our own script is given besides: a custom one, which nobody told of it, is not
    besides: Callable[[Job, CommandContext], tuple[str, ...]] | None = None
    #: whether the owner's older script can do this at all
    known_before: Callable[[Command], bool] = _always
    #: key of `[models]` that names its model
    model: str | None = None
    #: a mistake in its settings is the channel's own, not everybody's
    of_channel: bool = False
    #: the setting that its service refused, with its file, from the job and the service's code (lower case)
    setting: Callable[[Job, str], str] | None = None
    #: its command depends on what the channel made before (`Recalled`)
    recalls: bool = False
    #: what a person does where its input is refused, in place of the general advice
    refused: str | None = None
    #: what becomes of the film where one of its jobs fails for good: it is published without. Empty: the episode stops
    without: str = ""
    #: its script may run on a worker of the cluster: it buys nothing, needs no secret and no network, and everything
    #: that it reads is named in its command
    travels: bool = False
    #: the small files that its script leaves beside its output, by `{name}` or `{stem}` of the output
    beside: tuple[str, ...] = ()

    @property
    def paid(self) -> bool:
        return self.price is not None

    def companions(self, output: str) -> tuple[str, ...]:
        """The paths of the small files beside an output."""
        path = PurePosixPath(output)
        return tuple(str(path.with_name(one.format(name=path.name, stem=path.stem))) for one in self.beside)

    def output(self, job: Job, task: Task) -> str:
        """Where the job's file lies, relative to the workspace; empty where it makes none.

        Every revision has a place of its own: an older take stays on disk, with its receipt, until retention.
        """
        return "" if self.makes == Makes.NOTHING else revised(self.place(job, task), job, self.suffix)


def revised(stem: str, job: Job, suffix: str) -> str:
    """The path of one take, such as "videos/clip_07_r2.mp4"."""
    return f"{stem}{f'_r{job.revision}' if job.revision else ''}{suffix}"


#: files that Notion takes (its guide to file uploads); any other suffix it refuses for good
BOARD_TAKES = frozenset({
    ".gif", ".heic", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp", ".ico",
    ".aac", ".adts", ".mid", ".midi", ".mp3", ".mpga", ".m4a", ".m4b", ".oga", ".ogg", ".wav", ".wma",
    ".mp4", ".amv", ".asf", ".wmv", ".avi", ".f4v", ".flv", ".gifv", ".m4v", ".mkv", ".webm", ".mov", ".qt", ".mpeg",
    ".pdf", ".txt", ".json",
})  # fmt: skip


def digest(step: Step, command: Command, workspace: PurePosixPath, inputs: Mapping[str, str]) -> str:
    """The sha256 of what a command will make: script, arguments and the digests of its input files.

    `inputs` maps file paths to sha256; such arguments count by content, others by text relative to the workspace, so
    that the same request has the same digest wherever the state folder lies.
    """
    import hashlib  # here: slow to load, and commands that only look need no digest

    parts = [step.script]
    for part in command.argv:
        parts.append(inputs.get(part, part.removeprefix(f"{workspace}/")))
    parts.extend(f"{name}={text}" for name, text in sorted(command.files.items()) if not name.startswith("plan/"))
    parts.extend(f"${name}={text}" for name, text in sorted(command.env.items()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
