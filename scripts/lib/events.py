"""How a script talks to whoever started it: events or friendly text on stdout, errors on stderr, exit codes.

With `--events` stdout is JSON lines; without it, text for a person. An expected error is a `Failure`: it becomes one
`failure` event, a last line on stderr that says what happened and what to do next, and an exit code. Anything else
is a bug and ends with 70. Secrets of the environment are struck out of every error text.
"""

import argparse
import errno
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from scripts.lib import bounds
from scripts.lib.atomic import fingerprint


class Kind(StrEnum):
    """Why a script gave up, as the daemon's retry table knows it."""

    BUSY = "busy"
    QUOTA = "quota"
    DOWN = "down"
    REFUSED = "refused"
    NONSENSE = "nonsense"
    CREDENTIALS = "credentials"
    INPUT = "input"
    USAGE = "usage"
    CONFIGURATION = "configuration"
    DISK = "disk"
    IN_DOUBT = "in_doubt"


#: what a service says of itself, without end as it may be
MESSAGE_CHARACTERS, CODE_CHARACTERS = 4_000, 200

BUG = 70
INTERRUPTED = 143

EXIT_CODES = {
    Kind.USAGE: 64,
    Kind.INPUT: 65,
    Kind.REFUSED: 65,
    Kind.DOWN: 69,
    Kind.DISK: 74,
    Kind.BUSY: 75,
    Kind.QUOTA: 75,
    Kind.IN_DOUBT: 75,
    Kind.NONSENSE: 76,
    Kind.CREDENTIALS: 77,
    Kind.CONFIGURATION: 78,
}

NEXT_STEPS = {
    Kind.BUSY: "run the same command again later",
    Kind.QUOTA: "wait for the quota's reset or add credit, then run it again",
    Kind.DOWN: "run the same command again in some minutes",
    Kind.REFUSED: "re-word the prompt; the same request will be refused again",
    Kind.NONSENSE: "run it again; if it repeats, the service has changed its answers",
    Kind.CREDENTIALS: "check the key or token named above",
    Kind.INPUT: "mend the input named above",
    Kind.USAGE: "see --help",
    Kind.CONFIGURATION: "mend the setting named above",
    Kind.DISK: "make room on the disk, then run it again",
    Kind.IN_DOUBT: "check the service's own records; --buy-again orders a second one",
}

SECRETS = (
    "NOTION_TOKEN", "GEMINI_API_KEY", "KIE_API_KEY", "ELEVENLABS_API_KEY", "GOOGLE_CLIENT_SECRET",
    "YOUTUBE_ACCESS_TOKEN", "SLACK_WEBHOOK_URL", "R2_SECRET_ACCESS_KEY", "R2_ACCESS_KEY_ID", "CATBOX_USERHASH",
    "VIDEOD_MASTER_KEY",
)  # fmt: skip

Fact = str | int | float | bool | list[str] | None


class Failure(Exception):
    """An expected error. `retry_after_s` is set when the service, or its calendar, says when to come back."""

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        service: str | None = None,
        endpoint: str | None = None,
        http_status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.service = service
        self.endpoint = endpoint
        self.http_status = http_status
        self.code = code if code is None or len(code) <= CODE_CHARACTERS else None
        self.request_id = request_id
        # a calendar may name a day of 25 hours or the end of a month: whoever waits so long asks once more in between
        wait_s = bounds.number(retry_after_s, 0.0, bounds.MOST_WHOLE)
        self.retry_after_s = None if wait_s is None else min(wait_s, bounds.LONGEST_WAIT_S)
        self.next_step = next_step

    def sentence(self) -> str:
        """What happened, where, and what to do next, on one line."""
        where = " ".join(part for part in (self.service, self.endpoint) if part)
        marks = [f"HTTP {self.http_status}" if self.http_status is not None else "",
                 f"code {self.code}" if self.code else "",
                 f"request {self.request_id}" if self.request_id else "",
                 f"retry after {self.retry_after_s:.0f} s" if self.retry_after_s is not None else ""]  # fmt: skip
        detail = ", ".join(mark for mark in marks if mark)
        told = bounds.text(redact(self.message), MESSAGE_CHARACTERS)
        text = f"{where + ': ' if where else ''}{told}{f' ({detail})' if detail else ''}"
        return redact(f"{self.kind.value}: {text}. Next: {self.next_step or NEXT_STEPS[self.kind]}.")

    def event(self) -> dict[str, Fact]:
        return {
            "type": "failure", "kind": self.kind.value, "service": self.service, "endpoint": self.endpoint,
            "http_status": self.http_status, "code": self.code,
            "message": bounds.text(redact(self.message), MESSAGE_CHARACTERS),
            "request_id": self.request_id, "retry_after_s": self.retry_after_s,
        }  # fmt: skip


class AnswerLost(Failure):
    """The request left this machine, yet no usable answer came back: the service may have done, and billed, it."""


def redact(text: str) -> str:
    """`text` on one line with the value of every secret of the environment struck out."""
    for name in SECRETS:
        value = os.environ.get(name, "")
        if len(value) >= 6:
            text = text.replace(value, f"({name})")
    return " ".join(text.split())


def secret(name: str, purpose: str) -> str:
    """The value of a secret, which comes from the environment only. Raises Failure(credentials) when it is unset."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise Failure(Kind.CREDENTIALS, f"{name} is not set; it is needed for {purpose}",
                      next_step=f"put {name} into the environment")  # fmt: skip
    return value


class Reporter:
    """Writes progress and results to stdout in the mode that the caller asked for."""

    def __init__(self, events: bool, out: IO[str]) -> None:
        self.events = events
        self._out = out

    def _emit(self, event: dict[str, Fact], text: str) -> None:
        try:
            self._out.write((json.dumps(event, ensure_ascii=True) if self.events else text) + "\n")
            self._out.flush()
        except BrokenPipeError:
            # nobody listens any more; what was paid for must still reach the disk
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)

    def progress(self, done: float, message: str) -> None:
        share = round(min(1.0, max(0.0, done)), 3)
        self._emit({"type": "progress", "done": share, "message": message}, f"[{share:4.0%}] {message}")

    def submitted(self, service: str, remote_id: str, shown: str | None = None) -> None:
        """`shown` stands for the id in friendly text, when the id itself grants access."""
        event: dict[str, Fact] = {"type": "submitted", "service": service, "remote_id": remote_id}
        self._emit(event, f"{service} took the job: {shown or remote_id}")

    def charged(
        self, service: str, kind: str, quantity: float, unit: str, usd: float | None, remote_id: str | None = None
    ) -> None:
        """A cost in `unit`s; `usd` is None when the price is not known. `remote_id` lets a reader drop a repetition."""
        event: dict[str, Fact] = {
            "type": "charged", "service": service, "kind": kind, "quantity": quantity, "unit": unit, "usd": usd,
        }  # fmt: skip
        if remote_id is not None:
            event["remote_id"] = remote_id
        price = "price unknown" if usd is None else f"{usd:.4f} USD"
        self._emit(event, f"{service} charged {quantity:g} {unit} for {kind} ({price})")

    def result(self, output: Path, **facts: Fact) -> None:
        """The output file stands in its place: reports its size and digest with the script's own facts."""
        size, digest = fingerprint(output)
        event: dict[str, Fact] = {"type": "result", "output": str(output), "bytes": size, "sha256": digest, **facts}
        told = ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
        self._emit(event, f"wrote {output} ({size:,} bytes{', ' + told if told else ''})")

    def failure(self, failure: Failure) -> None:
        """A failure event; in friendly mode stderr alone tells it."""
        if self.events:
            self._emit(failure.event(), "")


def warn(text: str) -> None:
    """Free text for a person; never the last line of a failed run."""
    print(f"warning: {redact(text)}", file=sys.stderr, flush=True)


class Arguments(argparse.ArgumentParser):
    """An argument parser that fails with a `Failure` instead of exit code 2, and shows an example in `--help`."""

    def __init__(self, prog: str, description: str, example: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.add_argument("--events", action="store_true", help="report as JSON lines on stdout")

    def error(self, message: str) -> NoReturn:
        raise Failure(Kind.USAGE, message, next_step=f"see python scripts/{self.prog} --help")


@contextmanager
def _polite_end() -> Iterator[None]:
    """Turn SIGTERM into SystemExit so that unfinished files are removed on the way out."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(INTERRUPTED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _disk_failure(error: OSError) -> Failure | None:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}:
        return Failure(Kind.DISK, f"cannot write {error.filename or 'a file'}: {error.strerror}")
    if error.errno in {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR}:
        return Failure(Kind.INPUT, f"cannot use {error.filename}: {error.strerror}")
    return None


def run(
    parser: Arguments, work: Callable[[argparse.Namespace, Reporter], None], argv: Sequence[str] | None = None
) -> int:
    """The whole life of a script: parse, work, report. Returns the exit code; never raises for an expected error."""
    words = list(sys.argv[1:] if argv is None else argv)
    reporter = Reporter("--events" in words, sys.stdout)
    try:
        with _polite_end():
            work(parser.parse_args(words), reporter)
        return 0
    except Failure as failure:
        return _give_up(reporter, failure)
    except OSError as error:
        known = _disk_failure(error)
        if known is not None:
            return _give_up(reporter, known)
        return _admit_bug(parser.prog, error)
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    except Exception as bug:  # the one top: whatever it is, the caller gets an exit code and a last line
        return _admit_bug(parser.prog, bug)


def _give_up(reporter: Reporter, failure: Failure) -> int:
    reporter.failure(failure)
    print(failure.sentence(), file=sys.stderr, flush=True)
    return EXIT_CODES[failure.kind]


def _admit_bug(program: str, bug: Exception) -> int:
    trace = "".join(traceback.format_exception(bug)).splitlines()
    for line in trace:
        print(f"{line[: len(line) - len(line.lstrip())]}{redact(line)}", file=sys.stderr)
    last = f"internal error in {program}: {type(bug).__name__}: {bug}. Next: report it with the lines above."
    print(redact(last), file=sys.stderr, flush=True)
    return BUG
