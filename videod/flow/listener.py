"""What a child says: events on stdout, free text, the end of stderr, and the failure they mean.

`submitted` and `charged` go to the ledger at once; the rest is kept for the outcome. A script that knows no events is
judged by its exit code and its last words. No word of a child leaves here before secrets and control characters do.
"""

import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from videod.core.events import JobCharged, JobSubmitted
from videod.core.failures import Failure, Kind, classify
from videod.core.plain_text import harmless
from videod.core.steps import Step
from videod.flow.assignment import Assignment
from videod.ledger import Ledger
from videod.seams import Child, Clock

log = logging.getLogger(__name__)

#: how much of a failed child's stderr is kept
TAIL_CHARACTERS = 4_000
#: a message may list every complaint about a plan
MESSAGE_CHARACTERS = 1500


@dataclass
class Report:
    """What the script said on stdout. `said`: the end of its free text; older scripts print their errors there."""

    failure: dict[str, object] | None = None
    result: dict[str, object] | None = None
    charged: bool = False
    said: deque[str] = field(default_factory=lambda: deque(maxlen=20))


class Listener:
    """See the module's text. `redact` takes secrets out of any text that came from a child."""

    def __init__(self, ledger: Ledger, clock: Clock, redact: Callable[[str], str]) -> None:
        self._ledger = ledger
        self._clock = clock
        # first the secrets go, then what would steer a terminal or break a row; whole lines stay
        self._redact: Callable[[str], str] = lambda text: harmless(redact(text))

    async def listen(self, work: Assignment, child: Child, report: Report) -> None:
        """Read the child's stdout; JSON objects with a known type are events, everything else is its log."""
        async for line in child.lines():
            message = _event(line)
            match message.get("type"):
                case "submitted":
                    await self._ledger.apply(JobSubmitted(
                        self._clock.now_ms(), work.task.id, work.job.name, work.attempt, str(message.get("remote_id")),
                    ))  # fmt: skip
                case "charged":
                    report.charged = True
                    await self.charge(work, message)
                case "failure":
                    report.failure = message
                case "result":
                    report.result = message
                case "progress":
                    log.debug("listener_progress_heard", extra={"task": work.task.id, "job": work.job.name} | message)
                case _ if line.strip():
                    text = self._redact(line)[:500]
                    report.said.append(text)
                    log.debug("listener_text_heard", extra={"task": work.task.id, "text": text})

    async def charge(self, work: Assignment, message: dict[str, object]) -> None:
        """Book what a script, or its receipt, says that it paid; the job's own price where it names no amount."""
        usd = message.get("usd")
        micros = round(float(usd) * 1e6) if isinstance(usd, int | float) else work.job.price_micros
        quantity = message.get("quantity")
        await self._ledger.apply(JobCharged(
            self._clock.now_ms(), work.task.id, work.job.name, work.attempt, str(message.get("service")),
            str(message.get("kind")), float(quantity) if isinstance(quantity, int | float) else 1.0,
            str(message.get("unit")), micros, None if message.get("remote_id") is None else str(message["remote_id"]),
        ))  # fmt: skip

    def tail(self, child: Child) -> str:
        """The end of its stderr: first the secrets go, then it is cut, or the rest of one could be left."""
        return self._redact(child.stderr_tail())[-TAIL_CHARACTERS:]

    def why(self, step: Step, child: Child, code: int, report: Report) -> Failure:
        """Why a child ended with `code`: as it told itself, or as its last words read."""
        if report.failure is not None:
            return self._told(report.failure, step)
        tail = self.tail(child).strip() or "\n".join(report.said)
        last = tail.splitlines()[-1][:500] if tail else f"{step.script} ended with code {code} and said nothing"
        return Failure(classify(code, tail), last, service=step.service)

    def _told(self, message: dict[str, object], step: Step) -> Failure:
        def text(name: str, most: int = 500) -> str | None:
            value = message.get(name)
            if value is None:
                return None
            told = self._redact(str(value))
            return told if len(told) <= most else f"{told[: most - 1]}…"

        try:
            kind = Kind(str(message.get("kind")))
        except ValueError:
            kind = Kind.BUG
        wait, status = message.get("retry_after_s"), message.get("http_status")
        said = text("message", MESSAGE_CHARACTERS) or "no message"
        return Failure(
            kind, said, text("service") or step.service, text("endpoint"),
            status if isinstance(status, int) else None, text("code"), text("request_id"),
            round(float(wait) * 1000) if isinstance(wait, int | float) else None,
        )  # fmt: skip


def _event(line: str) -> dict[str, object]:
    if not line.startswith("{"):
        return {}
    try:
        loaded = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {name: harmless(value) if isinstance(value, str) else value for name, value in loaded.items()}
