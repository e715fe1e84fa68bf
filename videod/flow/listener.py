"""What a child says: events on stdout, free text, the end of stderr, and the failure they mean.

`submitted` and `charged` go to the ledger at once; the rest is kept for the outcome. A script that knows no events is
judged by its exit code and its last words. No word of a child leaves here before secrets and control characters do.
"""

import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from videod import receipts
from videod.core import bounds, unsent
from videod.core.charges import MOST_PIECES, WORD_CHARACTERS
from videod.core.events import JobCharged, JobSubmitted
from videod.core.failures import Failure, Kind, classify
from videod.core.model import Job
from videod.core.sanitize import sanitize, sanitize_line
from videod.core.step import Step
from videod.core.tables import step_of
from videod.flow.assignment import Assignment
from videod.ledger import Ledger
from videod.ports import Child, Clock

log = logging.getLogger(__name__)

#: how much of a failed child's stderr is kept
TAIL_CHARACTERS = 4_000
#: a message may list every complaint about a plan
MESSAGE_CHARACTERS = 1500
#: charges and orders that one run of a script may report: each is a row in the ledger. A plan takes a handful
MOST_REPORTED = 100
#: of one line or text of a script so much is looked at, far more than is shown: taking secrets out of a mebibyte would
#: hold the loop for a third of a second
LOOKED_AT_CHARACTERS = 32_768
#: a script that says so much has done more than to fail at its request
TALKATIVE_LINES = 200


class TooMuchReported(Exception):
    """A script reports endless charges and orders; MOST_REPORTED of them are booked."""


@dataclass
class Report:
    """What the script said on stdout. `said`: the end of its free text; older scripts print their errors there."""

    failure: dict[str, object] | None = None
    result: dict[str, object] | None = None
    charged: bool = False
    #: charges and orders
    booked: int = 0
    #: whether its words showed that it came further than its request (`core.unsent`), and lines of text so far
    further: bool = False
    lines: int = 0
    said: deque[str] = field(default_factory=lambda: deque(maxlen=20))


class Listener:
    """See the module's text. `redact` takes secrets out of any text that came from a child."""

    def __init__(self, ledger: Ledger, clock: Clock, redact: Callable[[str], str]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._strike = redact
        # first the secrets go, then what would steer a terminal or break a row; whole lines stay
        self._redact: Callable[[str], str] = lambda text: sanitize(redact(text))

    async def listen(self, work: Assignment, child: Child, report: Report) -> None:
        """Read the child's stdout; JSON objects with a known type are events, everything else is its log.

        Raises TooMuchReported.
        """
        async for line in child.lines():
            message = self._event(line)
            kind = message.get("type")
            if kind in ("submitted", "charged"):
                report.booked += 1
                if report.booked > MOST_REPORTED:
                    raise TooMuchReported
            match kind:
                case "submitted":
                    await self._submit(work, message)
                case "charged":
                    # a refused one leaves the price of a paid step to be booked with its file
                    report.charged = await self.charge(work, message) or report.charged
                case "failure":
                    report.failure = message
                case "result":
                    report.result = bounds.scalars(message)
                case "progress":
                    log.debug("listener_progress_heard", extra=_place(work) | {
                        "share": bounds.number(message.get("done"), 0.0, 1.0),
                        "text": self._word(message.get("message"), 500),
                    })  # fmt: skip
                case _ if line.strip():
                    text = self._redact(line[:LOOKED_AT_CHARACTERS])[:500]
                    report.said.append(text)
                    report.lines += 1
                    report.further = report.further or report.lines > TALKATIVE_LINES or unsent.shows_more(text)
                    log.debug("listener_text_heard", extra={"task": work.task.id, "text": text})

    def _event(self, line: str) -> dict[str, object]:
        """The object of a line, its texts without secrets before anything cuts them; empty for anything else."""
        if not line.startswith("{"):
            return {}
        try:
            loaded = bounds.loads(line)
        except ValueError:
            return {}
        if not isinstance(loaded, dict):
            return {}
        told = {
            self._redact(name[:LOOKED_AT_CHARACTERS]): (
                self._redact(value[:LOOKED_AT_CHARACTERS]) if isinstance(value, str) else value
            )
            for name, value in loaded.items()
        }
        name = loaded.get("remote_id")
        if isinstance(name, str) and (len(name) > LOOKED_AT_CHARACTERS or self._strike(name) != name):
            told["remote_id"] = None  # half of a name is no name
        return told

    async def _submit(self, work: Assignment, message: dict[str, object]) -> None:
        reference = receipts.reference(message.get("remote_id"))
        if reference is None:
            log.warning("listener_order_refused", extra=_place(work) | {"error": "the order has no usable name"})
            return
        await self._ledger.apply(JobSubmitted(
            self._clock.now_ms(), work.task.id, work.job.name, work.attempt, reference,
        ))  # fmt: skip

    async def charge(self, work: Assignment, message: dict[str, object]) -> bool:
        """Book what a script, or its receipt, says that it paid; whether that was done.

        The job's own price is booked where the message names no amount, or nonsense in its place. A script can give no
        money back, and one of a step that buys nothing can spend none: such a charge is refused.
        """
        usd, step = message.get("usd"), step_of(work.job)
        told = bounds.micros(usd)
        below = bounds.number(usd, -math.inf, 0.0)
        refused = "it is below 0" if below else None
        if refused is None and not step.paid and told != 0:
            refused = f"{step.name} buys nothing"
        if told is None and usd is not None:
            log.warning("listener_sum_nonsense", extra=_place(work) | {"usd": self._word(usd, 100) or "no number"})
        if refused is not None:
            log.warning("listener_charge_refused", extra=_place(work) | {"error": refused})
            return False
        unit = self._word(message.get("unit")) or "piece"
        await self._ledger.apply(JobCharged(
            self._clock.now_ms(), work.task.id, work.job.name, work.attempt,
            self._word(message.get("service")) or work.job.service, self._word(message.get("kind")) or step.name,
            _quantity(message.get("quantity"), unit), unit, work.job.price_micros if told is None else told,
            receipts.reference(message.get("remote_id")),
        ))  # fmt: skip
        return True

    def _word(self, value: object, most: int = WORD_CHARACTERS) -> str | None:
        """A short text of a script on one line; None for anything else."""
        told = bounds.text(value, bounds.MOST_WHOLE)
        return None if told is None else bounds.text(sanitize_line(self._redact(told)), most)

    def tail(self, child: Child) -> str:
        """The end of its stderr: first the secrets go, then it is cut, or the rest of one could be left."""
        return self._redact(child.stderr_tail())[-TAIL_CHARACTERS:]

    def words(self, child: Child, report: Report) -> str:
        """What is kept of the text on both streams."""
        return "\n".join((*report.said, self.tail(child)))

    def why(self, step: Step, child: Child, code: int, report: Report) -> Failure:
        """Why a child ended with `code`: as it told itself, or as its last words read."""
        if report.failure is not None:
            return self._told(report.failure, step)
        tail = self.tail(child).strip() or "\n".join(report.said)
        last = tail.splitlines()[-1][:500] if tail else f"{step.script} ended with code {code} and said nothing"
        return Failure(classify(code, tail), last, service=step.service)

    def _told(self, message: dict[str, object], step: Step) -> Failure:
        def text(name: str, most: int = 500) -> str | None:
            value = bounds.text(message.get(name), bounds.MOST_WHOLE)
            return None if value is None else bounds.text(self._redact(value), most)

        try:
            kind = Kind(str(message.get("kind")))
        except ValueError:
            kind = Kind.BUG
        wait = bounds.wait_s(message.get("retry_after_s"), self._clock.now_ms())
        said = text("message", MESSAGE_CHARACTERS) or "no message"
        return Failure(
            kind, said, text("service") or step.service, text("endpoint"),
            bounds.whole(message.get("http_status"), 100, 999), text("code"), text("request_id"),
            None if wait is None else round(wait * 1000), until_person=message.get("until_person") is True,
        )  # fmt: skip


def _place(work: Assignment) -> dict[str, object]:
    return {"task": work.task.id, "channel": work.task.channel_id, "job": work.job.name}


def _quantity(value: object, unit: str) -> float:
    """1 where nobody told, or nonsense; but credits that nobody counted must prove nothing when a balance is judged."""
    found = bounds.number(value, 0.0, MOST_PIECES)
    return found if found is not None else 0.0 if unit == "credit" else 1.0


def too_much(step: Step) -> Failure:
    """The failure of a script that reported endless charges."""
    text = (
        f"the program for {step.name} reported more than {MOST_REPORTED} charges and orders in one run, so videod"
        f" killed it. The first {MOST_REPORTED} are recorded. Correct it (`{step.name}` in [scripts] names it)"
    )
    return Failure(Kind.CONFIGURATION, text, step.service)


def unheard(job: Job, papers: Path, piece: dict[str, object]) -> dict[str, object] | None:
    """The charge of a purchase that its script found made and this ledger never heard of: it is an older copy."""
    kept = receipts.read(papers)
    if kept is None or kept.state is not receipts.State.RECEIVED:
        return None
    another = kept.remote_id is not None and job.charge_ref is not None and kept.remote_id != job.charge_ref
    if job.cost_micros and not another:
        return None
    return piece | {"usd": None if kept.micros is None else kept.micros / 1e6, "remote_id": kept.remote_id}
