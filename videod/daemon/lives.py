"""The lives of the daemon: which of them ended without a clean stop, why, and how much of that people know.

They are kept in a small file of the state folder, not in the database, which may be held or damaged when it matters;
where the folder cannot be written, in the runtime folder of the service manager. Two read it: the next start, and
`videod report-death`, which systemd runs when the process is gone. A life that the host's own end cut off is no death.
"""

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from videod.core.sanitize import sanitize_line

log = logging.getLogger(__name__)

NAME = "lives.json"
BOOT = Path("/proc/sys/kernel/random/boot_id")
#: deaths further apart than this belong to different series
SERIES_MS = 3_600_000
#: a series is reported at its first death, at these, and then once in this time
STEPS = (1, 3, 10)
TELL_AGAIN_MS = 3_600_000
REASON_CHARACTERS = 400
_BYTES = 16_384


@dataclass(frozen=True)
class Record:
    """`alive`: a life began and has not ended cleanly. `count` deaths of the present series, of which `told` were
    reported.

    `words`: why this life is about to end, in its own words. Times are wall time, ms.
    """

    alive: bool = False
    boot: str = ""
    words: str = ""
    count: int = 0
    first_at: int = 0
    last_at: int = 0
    why: str = ""
    told: int = 0
    told_at: int = 0


def died(record: Record, at: int, why: str) -> Record:
    """One more death, at `at`; the record of a life that is over."""
    follows = record.count > 0 and abs(at - record.last_at) <= SERIES_MS
    series = record if follows else replace(record, count=0, first_at=at, told=0, told_at=0)
    return replace(series, alive=False, words="", count=series.count + 1, last_at=at, why=why[:REASON_CHARACTERS])


def due(record: Record, at: int) -> bool:
    """Whether people should hear of the series now."""
    if record.count <= record.told:
        return False
    return any(record.told < step <= record.count for step in STEPS) or abs(at - record.told_at) >= TELL_AGAIN_MS


def told(record: Record, at: int) -> Record:
    return replace(record, told=record.count, told_at=at)


def sentence(record: Record) -> str:
    """What happened, for people."""
    if record.count == 1:
        return f"videod died: {record.why}"
    minutes = max(1, round(abs(record.last_at - record.first_at) / 60_000))
    span = "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"videod died {record.count} times in {span}. The last reason: {record.why}"


@dataclass
class Lives:
    """The record in the first of `folders` that can be written. `now` gives wall time, ms."""

    folders: Sequence[Path]
    now: Callable[[], int]
    redact: Callable[[str], str] = field(default=str)
    #: the life before this one ended with its host
    host_ended: bool = field(default=False, init=False)

    @classmethod
    def of(
        cls, state: Path, env: Mapping[str, str], now: Callable[[], int], redact: Callable[[str], str] = str
    ) -> "Lives":
        """Those of a state folder; systemd names its runtime folder in the environment."""
        return cls((state, *runtime(env)), now, redact)

    def begin(self) -> Record:
        """Note a new life; the record of the earlier ones, in which one that did not end cleanly now counts as dead."""
        record, boot = self.read(), _boot()
        self.host_ended = record.alive and record.boot != boot
        if record.alive and record.boot == boot:
            record = died(record, self.now(), record.words or "it was ended from outside and left no reason")
            log.warning("daemon_death_found", extra={"deaths": record.count, "error": record.why})
        record = replace(record, alive=True, boot=boot, words="")
        self.write(record)
        return record

    def say(self, words: str) -> None:
        """Leave the reason of an end that is near."""
        self.write(replace(self.read(), words=sanitize_line(self.redact(words))[:REASON_CHARACTERS]))

    def end(self) -> None:
        """Note a clean end."""
        self.write(replace(self.read(), alive=False, words=""))

    def read(self) -> Record:
        """The newest record that can be read; otherwise an empty one."""
        found = [record for folder in self.folders if (record := _read(folder / NAME)) is not None]
        return max(found, key=lambda one: one[0])[1] if found else Record()

    def write(self, record: Record) -> None:
        """Keep it where that is possible; a disk that takes nothing must not stop what is under way."""
        text = json.dumps({"written": self.now()} | asdict(record))
        for folder in self.folders:
            part = folder / f".{NAME}.{os.getpid()}"
            try:
                part.write_text(text)
                part.chmod(0o600)
                part.replace(folder / NAME)
            except OSError:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
                continue
            return
        log.warning("daemon_life_unwritten", extra={"folders": [str(folder) for folder in self.folders]})


def runtime(env: Mapping[str, str]) -> tuple[Path, ...]:
    """The runtime folder that the service manager gave, if it did."""
    return tuple(Path(name) for name in env.get("RUNTIME_DIRECTORY", "").split(":")[:1] if name)


def _read(path: Path) -> tuple[float, Record] | None:
    """(when it was written, the record) of a file, None if it is missing or unreadable."""
    try:
        with path.open("rb") as source:
            loaded = json.loads(source.read(_BYTES))
        kept = {one.name: loaded[one.name] for one in fields(Record)}
        written = loaded["written"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    shape = asdict(Record())
    if not isinstance(written, int) or any(type(kept[name]) is not type(shape[name]) for name in shape):
        return None
    return written, Record(**kept)


def _boot() -> str:
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""
