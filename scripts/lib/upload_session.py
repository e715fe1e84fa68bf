"""One resumable upload: its journal on disk, and sending what the session does not have yet."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from scripts.lib import answers, atomic, bounds, youtube
from scripts.lib.answers import Json
from scripts.lib.failures import PASSING, Failure, Kind
from scripts.lib.script_runtime import Reporter, warn
from scripts.lib.youtube import Channel, Standing

VERSION = 1
#: Pauses after answers that fail in a row without progress, seconds; when they are spent the run gives up for now.
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0)
#: A finished upload may take this long to be listed in its channel.
LISTING_S = 3600.0
#: what of a film is hashed on its own; chunks are multiples of it
BLOCK = youtube.CHUNK_STEP


@dataclass(frozen=True)
class Journal:
    """The session of one film. `finishing` is set before the chunk that may complete the upload is sent."""

    path: Path
    session_uri: str
    sha256: str
    marker: str
    size: int
    finishing: bool
    at: str

    @classmethod
    def new(cls, path: Path, session_uri: str, sha256: str, marker: str, size: int) -> "Journal":
        return cls(path, session_uri, sha256, marker, size, False, datetime.now(UTC).isoformat(timespec="seconds"))

    def keep(self) -> None:
        """Onto disk, durably and readable by its owner only: the address lets anybody write into the channel."""
        told = {"version": VERSION, **{name: value for name, value in asdict(self).items() if name != "path"}}
        atomic.write(self.path, json.dumps(told).encode())

    def finish(self) -> "Journal":
        if self.finishing:
            return self
        noted = replace(self, finishing=True, at=datetime.now(UTC).isoformat(timespec="seconds"))
        noted.keep()
        return noted

    def check_listing(self) -> None:
        """Raises Failure(in_doubt) while a video that may have been finished could still be missing in the list."""
        age = (datetime.now(UTC) - (bounds.moment(self.at) or datetime.now(UTC))).total_seconds()
        if self.finishing and age < LISTING_S:
            raise Failure(
                Kind.IN_DOUBT, "the upload may have been completed, yet its session is gone and the video not listed",
                service=youtube.SERVICE, retry_after_s=LISTING_S - age,
                next_step="run it again after an hour, when the channel's list is complete",
            )  # fmt: skip


def open_journal(path: Path, sha256: str, marker: str, size: int) -> Journal | None:
    """The journal that an earlier run left for the same film; None for none, or another film's."""
    try:
        found = answers.record(answers.parse(atomic.read_small(path)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        warn(f"{path} cannot be read. The channel's own list decides whether the film is there")
        return None
    session, at = answers.text(found.get("session_uri")), answers.text(found.get("at"))
    same = found.get("sha256") == sha256 and found.get("marker") == marker and found.get("size") == size
    if found.get("version") != VERSION or not same or session is None or at is None or bounds.moment(at) is None:
        return None
    if not youtube.is_session(session):
        # whoever wrote it: the token goes to YouTube alone, and the channel's own list says whether the film is there
        warn(f"{path} names an upload session that is not at YouTube. It is not used")
        return None
    return Journal(path, session, sha256, marker, size, found.get("finishing") is True, at)


@dataclass(frozen=True)
class Sender:
    """Sends a film through a session in chunks of `chunk` bytes (a multiple of 256 KiB)."""

    channel: Channel
    video: Path
    size: int
    chunk: int
    reporter: Reporter

    def ask(self, session: str) -> Standing:
        """What the session holds, asked patiently. Raises Failure(down) when it does not say."""
        failed = 0
        while True:
            try:
                return self.channel.ask_session(session, self.size)
            except Failure as failure:
                failed = self._pause(failure, failed)

    def go_on(self, journal: Journal) -> Json:
        """The video of a session that an earlier run opened, sent to its end; None when the session is gone."""
        standing = self.ask(journal.session_uri)
        if standing.gone or standing.video is not None:
            return standing.video
        return self.send(journal, standing.received)

    def send(self, journal: Journal, at: int) -> Json:
        """Send everything from byte `at` on and give the video's resource, None when the session is gone.

        The service may keep less than it was sent, and a broken connection says nothing, so the session's own word
        decides where to go on. Raises Failure after PAUSES_S without progress; the journal stays for a later run.
        No byte leaves that is not of the film that was meant: it is hashed whole before the first one, and what is read
        for each chunk is held against that. One that changed meanwhile is not completed, and its session not used
        again. Raises Failure(input) then.
        """
        failed = 0
        blocks = self._blocks(journal)
        while True:
            part = self._part(journal, at, blocks)
            if at + self.chunk >= self.size:
                journal = journal.finish()
            standing, trouble = self._step(journal.session_uri, at, part)
            if standing.gone or standing.video is not None:
                return standing.video
            if standing.received > at:
                failed = 0
                done = standing.received / self.size
                self.reporter.progress(done, f"{standing.received / 1e6:.1f} of {self.size / 1e6:.1f} MB")
            else:
                failed = self._pause(trouble or _stuck(), failed)
            at = standing.received

    def _blocks(self, journal: Journal) -> list[bytes]:
        """The digest of each BLOCK of the film. Raises Failure(input) where it is not the one that was meant."""
        whole, blocks = hashlib.sha256(), []
        for at in range(0, self.size, self.chunk):
            part = self._read(journal, at, min(self.chunk, self.size - at))
            whole.update(part)
            blocks += [_digest(part[start : start + BLOCK]) for start in range(0, len(part), BLOCK)]
        if whole.hexdigest() != journal.sha256:
            raise self._changed(journal)
        return blocks

    def _part(self, journal: Journal, at: int, blocks: list[bytes]) -> bytes:
        """The film's bytes from `at` on that are sent next. Raises Failure(input) where they are others now."""
        end = min(at + self.chunk, self.size)
        if at >= end:
            return b""
        first, last = at // BLOCK, -(-end // BLOCK)
        part = self._read(journal, first * BLOCK, min(last * BLOCK, self.size) - first * BLOCK)
        if [_digest(part[start : start + BLOCK]) for start in range(0, len(part), BLOCK)] != blocks[first:last]:
            raise self._changed(journal)
        return part[at - first * BLOCK : end - first * BLOCK]

    def _read(self, journal: Journal, at: int, length: int) -> bytes:
        try:
            part = youtube.read_chunk(self.video, at, length)
        except OSError as error:
            raise self._changed(journal) from error
        if len(part) != length:
            raise self._changed(journal)
        return part

    def _changed(self, journal: Journal) -> Failure:
        atomic.remove(journal.path)
        return Failure(
            Kind.INPUT, f"{self.video.name} changed while it was sent. The upload was not completed",
            next_step="look at the film, then run it again: it starts another upload",
        )  # fmt: skip

    def _step(self, session: str, at: int, part: bytes) -> tuple[Standing, Failure | None]:
        """Send one chunk, or only ask when nothing is left to send; where the session stands after it."""
        if at >= self.size:
            return self.ask(session), None
        try:
            return self.channel.send_chunk(session, part, at, self.size), None
        except Failure as failure:
            if failure.kind not in PASSING:
                raise
            return self.ask(session), failure

    def _pause(self, failure: Failure, failed: int) -> int:
        """Wait after the `failed`-th failure in a row and count it; a failure that waiting cannot fix is raised."""
        if failure.kind not in PASSING or failed >= len(PAUSES_S):
            raise failure
        time.sleep(PAUSES_S[failed])
        return failed + 1


def _digest(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()


def _stuck() -> Failure:
    return Failure(Kind.DOWN, "the session takes no more bytes", service=youtube.SERVICE, endpoint=youtube.SESSION)
