"""What a test replaces: the clock, chance, child processes, the board, alerts, upload tokens.

Protocols and the plain values that pass through them; the real ones are in `adapters/`. Rooms of `flow/` know
these names only.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from videod.board_rows import RowBoard
from videod.core.alerts import Note
from videod.core.lease import Claim
from videod.core.service import Remote
from videod.core.step import Expectation


class Clock(Protocol):
    """Wall time in integer milliseconds UTC, and sleeping. Never `time.time()` elsewhere."""

    def now_ms(self) -> int: ...

    def steady_ms(self) -> int:
        """Milliseconds since some moment, that nobody can set: they only grow, through a suspend of the host too."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Chance(Protocol):
    """Chance in [0, 1), from a seed in tests."""

    def random(self) -> float: ...


# ------------------------------------------------------------------------------------------------- children


@dataclass(frozen=True)
class Confinement:
    """What a child may touch beside its working folder and a temporary one, the only places where it may write.

    `reads`: files and folders that its job needs. `trusted`: the owner's own program, of which nobody knows what it
    needs; it may read everything but the state folder and credentials. `network`: it may use TCP. `writes`: the only
    folders where it may write, where that is not all of its working folder (None).
    """

    reads: tuple[Path, ...] = ()
    trusted: bool = False
    network: bool = True
    removes_workspace: bool = False
    writes: tuple[Path, ...] | None = None


@dataclass(frozen=True)
class Errand:
    """What a child needs on another machine: the files that it reads, and those that it leaves; it needs no more.

    `inputs`: path -> SHA-256, in its working folder; `brought`: other files as they are now, the channel's own among
    them; `texts`: small ones that name others. `output` and the small `beside` it come back. `service`: whose lane.
    """

    service: str
    inputs: Mapping[Path, str]
    brought: tuple[Path, ...]
    texts: tuple[Path, ...]
    output: Path
    beside: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Spawn:
    """One child: complete argv, the whole environment it gets, where it runs. `label` names it in logs.

    `finishes`: when the daemon dies it is asked, not killed, so that it ends a call that is being paid for. `errand`:
    it may run on another machine.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    label: str
    nice: int = 0
    finishes: bool = False
    confinement: Confinement | None = None
    errand: Errand | None = None


class Interrupted(Exception):
    """What a child worked on was lost through no fault of its job, such as with its worker; the text says how."""


class Child(Protocol):
    """A running child in a session and process group of its own; it dies with the daemon.

    One that runs on another machine raises Interrupted from `lines` and `wait` where it is lost.
    """

    @property
    def pid(self) -> int: ...

    def lines(self) -> AsyncIterator[str]:
        """Its stdout, line by line, ends at end of file; overlong lines and floods are cut with a note."""
        ...

    async def wait(self) -> int:
        """Exit code (negative: the signal), after the whole group is gone and stderr is read. Safe to call twice."""
        ...

    async def kill(self, grace_s: float) -> None:
        """TERM to the group, KILL after `grace_s`; returns when the group is gone."""
        ...

    def stderr_tail(self) -> str:
        """The last 8,000 characters of stderr so far; more than is shown, so that no secret in it is cut in two."""
        ...


class Launcher(Protocol):
    async def start(self, spawn: Spawn) -> Child:
        """Start a child. Raises OSError when the program cannot be run."""
        ...


@dataclass(frozen=True)
class Artefact:
    """What was found of a produced file: size, sha256 and facts such as width, height, duration_s."""

    bytes: int
    sha256: str
    facts: Mapping[str, object] = field(default_factory=dict)


class Inspector(Protocol):
    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        """Decode all of `path` and check that it holds what a step `makes` (json, image, video, audio) as `expected`.

        Raises BadArtefact, Unchecked, or FileNotFoundError when a program for it is missing.
        """
        ...


class BadArtefact(Exception):
    """The produced file is missing, empty or not what it should be; the text says which and why."""


class Unchecked(Exception):
    """The check came to nothing (killed, out of memory, far too slow): the file is neither good nor bad."""


# ------------------------------------------------------------------------------------------------- the board


@dataclass(frozen=True)
class Page:
    """One entry as the board holds it. `values`: property name -> plain value (str, float, None, ISO date); `editor`:
    the ID of the user who edited it last, where the board says so."""

    id: str
    edited_at: int
    in_trash: bool
    values: Mapping[str, object]
    editor: str = ""


class BoardError(Exception):
    """The board could not be read or written.

    `kind`: "busy" (wait `retry_after_s`), "down" (try later), "credentials", "gone" (page or data source not found or
    not shared), "rejected" (the request itself is wrong: never repeat it unchanged), "changed" (a file to be sent is
    not the one that was checked).
    """

    def __init__(self, kind: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


#: so many entries a short look brings at most
NEWEST = 100


class Board(RowBoard, Protocol):
    """The user's control room. All methods raise BoardError only."""

    async def check(self) -> list[str]:
        """Resolve data sources and properties; what is missing, in words (empty: all is well)."""
        ...

    async def edited_since(self, since_ms: int) -> list[Page]:
        """Every entry edited at or after `since_ms` (the board rounds to the minute: the caller overlaps)."""
        ...

    async def newest(self, since_ms: int, labels: Sequence[str] = ()) -> list[Page]:
        """The entries that were edited last, NEWEST at most: one request, never a whole list.

        With `labels` only those with such a Status, and those that are queued but not for the first time.
        """
        ...

    async def read(self, page_id: str) -> Page: ...

    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        """Set these properties; values as in `Page.values`. Safe to repeat."""
        ...

    async def replace(self, page_id: str, values: Mapping[str, object], may: Callable[[Page], bool]) -> Page | None:
        """Read the entry and, where `may` allows it, write at once: nothing of ours comes between the two.

        Returns the page as it was read where nothing was written, else None.
        """
        ...

    async def sync_channels(self, names: list[str], story: bool = False) -> None:
        """Make sure that the Channel property offers these options, and with `story` what the story's review needs."""
        ...


class Brings(Protocol):
    """What a person puts on an entry besides its fields. Both methods raise BoardError."""

    async def of(self, page_id: str) -> str:
        """Their own sources, "" where there are none."""
        ...

    async def story(self, page_id: str) -> Mapping[str, str]:
        """The texts of a story of their own, by their names in `core.own_story`."""
        ...


class LeaseBoard(Protocol):
    """The line on the board that says who works on it (`core.lease`). Both methods raise BoardError only."""

    async def read(self) -> tuple[Claim | None, int]:
        """The claim, None if there is none, and the board's own time, ms."""
        ...

    async def write(self, claim: Claim, may: Callable[[Claim | None], bool]) -> bool:
        """Put this claim in the place of the one that is there, if it `may`; whether it did.

        The claim there is read right before: another one's may come in between for the time of one call only.
        """
        ...


# ------------------------------------------------------------------------------------------------- storage


class StorageError(Exception):
    """A file could not be stored.

    `kind`: "busy" (wait `retry_after_s`), "down" (try later), "credentials", "configuration" (no bucket of this name),
    "rejected" (this file is not taken), "changed" (it is not the one that was checked).
    """

    def __init__(self, kind: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


class Storage(Protocol):
    """A bucket that keeps files, private: they are read through signed links."""

    @property
    def place(self) -> str:
        """Where its objects are, such as "https://host/bucket"."""
        ...

    @property
    def link_s(self) -> int:
        """How long a link is good, seconds."""
        ...

    def name_of(self, channel_id: str, task_id: str, path: str) -> str:
        """The name of the object for a file of an episode; `path` is relative to its workspace."""
        ...

    async def put(self, name: str, file: Path, sha256: str) -> None:
        """Store the file, whole or not at all. Safe to repeat. Raises StorageError.

        "changed": its content is not that of `sha256`.
        """
        ...

    def link(self, name: str) -> str:
        """A signed address that reads the object for `link_s` from now on. Asks nobody. Raises StorageError."""
        ...


class Buckets(Protocol):
    """Which channels keep their files in a bucket, as the configuration says now."""

    def channels(self) -> Collection[str]: ...

    def of(self, channel_id: str) -> Storage | None:
        """Where the channel keeps its files; None: on the board."""
        ...

    def configured(self) -> Storage | None:
        """The bucket of the settings, whether a channel uses it or not; None: there is none."""
        ...

    def renew_days(self) -> float:
        """For how long after a file was stored the link to it is renewed; 0: forever."""
        ...


class NoBuckets:
    """Every channel keeps its files on the board."""

    def channels(self) -> Collection[str]:
        return ()

    def of(self, channel_id: str) -> Storage | None:
        return None

    def configured(self) -> Storage | None:
        return None

    def renew_days(self) -> float:
        return 0


class PreviewError(Exception):
    """No preview could be made.

    `kind`: "down" (try later), "rejected" (not of this file), "changed" (the source is not the one that was checked).
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Previews(Protocol):
    """Small previews of files that are larger than the board takes. `mark`: a name for one file of one row."""

    def ready(self, mark: str, source: Path, limit: int) -> Path | None:
        """The preview that was made before and has at most `limit` bytes."""
        ...

    async def make(self, mark: str, source: Path, sha256: str, limit: int) -> Path:
        """Make it, unless it is ready; whole or not at all. Costs nothing but time. Raises PreviewError."""
        ...

    def drop(self, mark: str) -> None:
        """The board has it."""
        ...

    def keep(self, marks: Collection[str]) -> None:
        """Drop all others."""
        ...


class Notifier(Protocol):
    """One way to a person. Both methods raise BoardError with the same kinds, and return the receiver's own words."""

    async def send(self, note: Note) -> str:
        """Tell a person."""
        ...

    async def check(self) -> str:
        """Ask whether a message would be taken, without sending one."""
        ...


@dataclass(frozen=True)
class Sent:
    """Which ways took a message, with the words of their receivers, and which failed. Others did not want its level."""

    took: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, BoardError] = field(default_factory=dict)

    @property
    def later(self) -> bool:
        """Whether a way that failed may take it later."""
        return any(error.kind in ("busy", "down") for error in self.failed.values())


class People(Protocol):
    async def send(self, note: Note, taken: Collection[str] = ()) -> Sent:
        """Tell people by every way that wants this level and is not among those that have `taken` it before.

        Raises BoardError, the one most worth waiting for, where no way ever took it.
        """
        ...


class TokenError(Exception):
    """The channel's authorization is missing or revoked (`permanent`), or the token service did not answer."""

    def __init__(
        self, message: str, permanent: bool, http_status: int | None = None, code: str | None = None
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.permanent = permanent
        self.http_status = http_status
        self.code = code


# ------------------------------------------------------------------------------------------------- balances


class BalanceClient(Protocol):
    """What services tell of their own accounts. Asking costs nothing. All methods raise NoAnswer only."""

    @property
    def services(self) -> tuple[str, ...]:
        """The services that tell a balance."""
        ...

    async def used(self, service: str) -> int:
        """What was used of the account, thousandths of a credit; it grows by buying, its zero is the service's own."""
        ...

    async def remote(self, service: str, reference: str) -> Remote:
        """How an order stands that the service named so."""
        ...


class NoAnswer(Exception):
    """The service did not say what was asked of it; the text says why."""
