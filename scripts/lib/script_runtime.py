"""How a script talks to whoever started it: events or friendly text on stdout, errors on stderr, exit codes.

With `--events` stdout is JSON lines; without it, text for a person. An expected error (`scripts.lib.failures`) becomes
one `failure` event, a last line on stderr that says what happened and what to do next, and an exit code. Anything else
is a bug and ends with 70.
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
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from scripts.lib import bounds, host
from scripts.lib.atomic import fingerprint
from scripts.lib.failures import MEANING, Fact, Failure, Kind, redact, strike
from scripts.lib.sanitize import encodable, sanitize_line

BUG = 70
INTERRUPTED = 143


class Reporter:
    """Writes progress and results to stdout in the mode that the caller asked for."""

    def __init__(self, events: bool, out: IO[str]) -> None:
        self.events = events
        self._out = out

    def _emit(self, event: dict[str, Fact], text: str) -> None:
        told = {name: strike(value) if isinstance(value, str) else value for name, value in event.items()}
        try:
            self._out.write((json.dumps(told, ensure_ascii=True) if self.events else redact(text)) + "\n")
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
        # what a service counted: a sum that cannot be is an unknown one, and the list's price is booked
        usd, quantity = bounds.usd(usd), bounds.number(quantity, 0.0, bounds.MOST_WHOLE) or 0.0
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

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As usual. Raises Failure(input) for a text that cannot be sent: no UTF-8, or with a NUL in it."""
        found, rest = super().parse_known_args(args, namespace)
        for action in self._actions:
            value = getattr(found, action.dest, None)
            for one in value if isinstance(value, list) else [value]:
                # the name of a file may be any bytes
                if (isinstance(one, str) and encodable(one) != one) or "\0" in str(one):
                    name = max(action.option_strings, key=len, default=action.dest)
                    raise Failure(Kind.INPUT, f"the text of {name} is not UTF-8. Nothing was sent",
                                  next_step=f"save the text of {name} as UTF-8, then run it again")  # fmt: skip
        return found, rest

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
    except KeyboardInterrupt:
        print("interrupted. Run the same command again to continue", file=sys.stderr)
        return 130
    except Exception as bug:  # the one top: whatever it is, the caller gets an exit code and a last line
        known = (_disk_failure(bug) if isinstance(bug, OSError) else None) or host.lack(bug)
        return _admit_bug(parser.prog, bug) if known is None else _give_up(reporter, known)


def _give_up(reporter: Reporter, failure: Failure) -> int:
    reporter.failure(failure)
    print(failure.sentence(), file=sys.stderr, flush=True)
    return MEANING[failure.kind].exit_code


def _admit_bug(program: str, bug: Exception) -> int:
    # the whole first: a secret may go over the end of a line
    for line in strike("".join(traceback.format_exception(bug))).splitlines():
        print(f"{line[: len(line) - len(line.lstrip())]}{sanitize_line(line)}", file=sys.stderr)
    last = f"internal error in {program}: {type(bug).__name__}: {bug}. Next: report it with the lines above."
    print(redact(last), file=sys.stderr, flush=True)
    return BUG
