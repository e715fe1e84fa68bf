"""One child process from start to outcome: start, read, deadline, verify, one outcome event.

Whatever happens, the attempt ends with exactly one JobSucceeded or JobFailed. What a script reports on the way
(`submitted`, `charged`) goes to the ledger at once. A script that knows none of this is judged by its exit code, its
output file and the text on stderr. A paid script that was killed leaves a receipt; "intent" without an answer means
that the purchase is unconfirmed, and says so.
"""

import asyncio
import json
import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from videod import files, programs, receipts
from videod.core import held_against, reports, services
from videod.core.events import InputLost, JobFailed, JobSucceeded
from videod.core.expect import expectation
from videod.core.failures import (
    BOOKED_UNCHECKED,
    BOUGHT_UNCHECKED,
    OWN_PROGRAM,
    PAID_WITHOUT_FILE,
    USELESS_FILE,
    Failure,
    Kind,
)
from videod.core.plan import PlanError
from videod.core.reconcile import NothingBought
from videod.core.step import Step
from videod.core.tables import step_of
from videod.flow import custom_end, elsewhere, film_report, host
from videod.flow.aside import Aside, at_once
from videod.flow.assignment import Assignment
from videod.flow.crashes import Crashes, Place, log_failed, of_the_house
from videod.flow.inputs import Inputs, read_plan
from videod.flow.job_command import CommandBuilder
from videod.flow.listener import Listener, Report, TooMuchReported, too_much, unheard
from videod.flow.purchase_check import PurchaseCheck
from videod.flow.purchases import Purchases
from videod.flow.quarantine import put_aside
from videod.ledger import Ledger
from videod.ports import (
    BadArtefact,
    BoardError,
    Chance,
    Child,
    Clock,
    Inspector,
    Interrupted,
    Launcher,
    TokenError,
    Unchecked,
)

log = logging.getLogger(__name__)

#: between TERM and KILL of a child whose time is over, seconds
KILL_GRACE_S = 5.0
#: why the daemon itself ends a child, as text of the failure
STOPPING = "videod was stopped"
#: name of the fact that holds the attempts which a stop left open on purpose
LEFT_OPEN = "left_open"
#: before an upload continues with another access token, ms
TOKEN_WAIT_MS = 1_000


Outcome = InputLost | JobSucceeded | JobFailed


class Runner:
    """Runs assignments; `redact` takes secrets out of any text that came from a child, `deadline_s` bounds a step."""

    def __init__(
        self, ledger: Ledger, launcher: Launcher, inspector: Inspector, builder: CommandBuilder, clock: Clock,
        chance: Chance,
        redact: Callable[[str], str], deadline_s: Callable[[Step], float] = lambda step: step.deadline_s,
        purchase_check: PurchaseCheck | None = None, inputs: Inputs | None = None,
    ) -> None:  # fmt: skip
        self._purchase_check = purchase_check
        self._inputs = inputs
        self._aside: Aside = inputs.aside if inputs is not None else at_once
        self._purchases = Purchases(ledger, builder, clock, self._aside)
        self._deadline_s = deadline_s
        self._ledger = ledger
        self._launcher = launcher
        self._inspector = inspector
        self._builder = builder
        self._clock = clock
        self._chance = chance
        self._listener = Listener(ledger, clock, redact)
        self.crashes = Crashes(ledger, clock, chance, redact)
        self._left: list[int] = []

    async def run(self, work: Assignment) -> None:
        """Do the job and report its outcome. When cancelled: end the child, report, then be cancelled.

        A purchase unconfirmed that can be looked into is not reported then: the next start finds the attempt open and
        looks.
        """
        context = {"task": work.task.id, "channel": work.task.channel_id, "job": work.job.name}
        log.info("runner_job_started", extra=context | {"attempt": work.attempt})
        try:
            attempted = await self._looked_at(work)
        except asyncio.CancelledError:  # nothing was started, so nothing is unconfirmed
            interrupted = self._failed(work, Failure(Kind.INTERRUPTED, STOPPING))
            await asyncio.shield(self._ledger.apply(interrupted))
            raise
        try:
            attempted = attempted or await self._attempt(work)
            attempted = await self._blamed(work, attempted)
            if isinstance(attempted, JobFailed):
                log_failed(attempted.failure, context)
            outcome = await self._looked_into(work, attempted)
        except asyncio.CancelledError:
            await self._leave(work)
            raise
        try:
            await self._ledger.apply(outcome)
        except Exception as error:
            await self.crashes.book(self._place(work, "recording its outcome"), error)
            return
        doubted = isinstance(outcome, JobFailed) and outcome.failure.kind == Kind.IN_DOUBT
        if self._silent_purchase(work) and not doubted:  # an older copy of the ledger would not know of a doubt
            made = outcome.sha256 if isinstance(outcome, JobSucceeded) else None
            await self._purchases.ended(work, made)
        if isinstance(outcome, JobSucceeded):
            if step_of(work.job).removes_workspace:
                await self._aside(lambda: self._builder.forget(work.task))
            log.info("runner_job_done", extra=context | {"bytes": outcome.bytes})
        elif isinstance(outcome, NothingBought):
            log.info("runner_job_released", extra=context | {"evidence": outcome.evidence})

    async def _looked_at(self, work: Assignment) -> Outcome | None:
        """The outcome of a job whose script need not or cannot start, judged by the files that lie there."""
        if self._inputs is None:
            return None
        try:
            return await self._inputs.before(work)
        except Unchecked as error:  # no verdict on a file that lies there: it is looked at again, not bought again
            return self._failed(work, self._to_check_again(work, error))
        except FileNotFoundError as error:  # FFmpeg is missing
            return self._failed(work, Failure(Kind.CONFIGURATION, str(error)))
        except OSError as error:
            during = "reading the job's inputs"
            lack = host.failure_of(error, during) if files.lacking(error) else None
            return self._failed(work, lack or Failure(Kind.DISK, f"the job's inputs cannot be read: {error}"))
        except Exception as error:
            return self._failed(work, self._told(work, error, "looking at its inputs"))

    def _to_check_again(self, work: Assignment, error: Unchecked) -> Failure:
        """What a check means that came to nothing. What a custom script bought is in the ledger by now."""
        code = BOOKED_UNCHECKED if self._silent_purchase(work) else None
        return Failure(Kind.LOST, str(error), service=step_of(work.job).service, code=code)

    async def _blamed(self, work: Assignment, outcome: Outcome) -> Outcome:
        """The outcome; where the job failed on a file that an earlier job made, that file instead."""
        if self._inputs is None or not isinstance(outcome, JobFailed):
            return outcome
        try:
            return await self._inputs.after(work, outcome)
        except Exception as error:  # the failure itself is known and stays
            self._told(work, error, "looking for the file at fault")
            return outcome

    def _silent_purchase(self, work: Assignment) -> bool:
        """Whether a custom script pays, which keeps no receipt."""
        step = step_of(work.job)
        return step.paid and self._builder.silent(step)

    def _place(self, work: Assignment, during: str) -> Place:
        return Place("runner", work.task.id, work.task.channel_id, work.job.name, work.attempt, during)

    async def _leave(self, work: Assignment) -> None:
        """The daemon stops: the attempt is booked as interrupted, or left open where the next start looks into it."""
        try:
            ended = self._ended_by_us(work)
            if not self._can_look(work, ended.failure) and not self._may_have_left_a_file(work):
                await asyncio.shield(self._ledger.apply(ended))
                return
        except Exception as error:
            await asyncio.shield(self.crashes.book(self._place(work, "ending it"), error))
            return
        self._left.append(work.attempt)
        await asyncio.shield(self._ledger.set_value(LEFT_OPEN, json.dumps(self._left)))

    def _may_have_left_a_file(self, work: Assignment) -> bool:
        """Whether a paid custom script wrote what it bought before it was ended: the next start looks at it."""
        output = self._builder.workspace(work.task) / step_of(work.job).output(work.job, work.task)
        return self._silent_purchase(work) and files.made(output)

    def _can_look(self, work: Assignment, failure: Failure) -> bool:
        # that nobody was reached is a custom script's word alone, and may be about its download
        told = self._silent_purchase(work) and failure.kind in (Kind.DOWN, Kind.BUSY)
        asked = told or failure.kind == Kind.IN_DOUBT
        return asked and self._purchase_check is not None and self._purchase_check.covers(work.job)

    async def _looked_into(self, work: Assignment, outcome: Outcome) -> Outcome | NothingBought:
        """The outcome, where a purchase is unconfirmed after a look at what the service itself knows of it."""
        if (
            not isinstance(outcome, JobFailed)
            or self._purchase_check is None
            or not self._can_look(work, outcome.failure)
        ):
            return outcome
        try:
            found = await self._purchase_check.settle(work.task, work.job, work.attempt, outcome.failure)
        except Exception as error:  # the doubt itself is known and stays
            self._told(work, error, "looking into its purchase")
            return outcome
        return found if isinstance(found, NothingBought) else replace(outcome, at=self._clock.now_ms(), failure=found)

    def _told(self, work: Assignment, error: Exception, during: str) -> Failure:
        """The crash in the log, and as a failure of the job. Raises `error` where it is the daemon's own."""
        place = self._place(work, during)
        self.crashes.tell(place, error)
        if of_the_house(error):
            raise error
        return self.crashes.failure(error, during)

    def may_end_now(self, work: Assignment) -> bool:
        """Whether ending this child now surely buys nothing twice: unpaid work, or a remote job with its id kept."""
        step = step_of(work.job)
        if not step.paid:
            return True
        try:
            kept = receipts.read(self._builder.papers(work.task, work.job))
        except Exception as error:  # it gets the grace of a call that may be on its way
            self._told(work, error, "reading its receipt")
            return False
        return kept is not None and kept.state is receipts.State.SUBMITTED

    async def _attempt(self, work: Assignment) -> JobSucceeded | JobFailed:
        """The outcome, whatever happens: a crash of videod itself is a failure of the job. The child is gone then."""
        step = step_of(work.job)
        try:
            before = custom_end.mark(self._builder.workspace(work.task) / step.output(work.job, work.task))
            began = await self._start(work)
        except Exception as error:
            return self._failed(work, self._told(work, error, "starting it"))
        if isinstance(began, JobFailed):
            return began
        output, child = began
        report = Report()
        try:
            await elsewhere.note(self._ledger, self._clock, work, child)
            code = await self._follow(work, step, child, report)
            await elsewhere.note(self._ledger, self._clock, work, child)
        except Interrupted as lost:
            return self._failed(work, Failure(Kind.INTERRUPTED, str(lost)), child)
        except asyncio.CancelledError:
            await asyncio.shield(child.kill(KILL_GRACE_S))
            raise
        except Exception as error:
            await child.kill(KILL_GRACE_S)
            return self._failed(work, self._doubted(work, self._told(work, error, "listening to its script")), child)
        try:
            if code == 0:
                return await self._verify(work, step, output, report, child)
            failed = code if isinstance(code, JobFailed) else self._ended_badly(work, step, child, code, report)
            left = custom_end.mark(output)
            if not self._silent_purchase(work) or left is None or left == before:
                return failed
            # what a custom script bought is there, whatever else went wrong with it
            made = await self._verify(work, step, output, report, child, failed)
        except Exception as error:
            ended = code.exit_code or -1 if isinstance(code, JobFailed) else code
            return self._failed(work, await self._unchecked(work, step, output, report, error, ended), child, ended)
        if isinstance(made, JobSucceeded):
            log.info(
                "runner_file_adopted", extra={"task": work.task.id, "job": work.job.name, "exit_code": failed.exit_code}
            )
        return made

    def _ended_badly(self, work: Assignment, step: Step, child: Child, code: int, report: Report) -> JobFailed:
        failure = self._ran_out(work, self._why(work, step, child, code, report))
        return self._failed(work, failure, child, code)

    def _without_file(self, work: Assignment, child: Child, code: int, report: Report, why: Failure) -> Failure:
        """`why`, or what it means that a paid custom script ended and nothing usable lies there."""
        if not self._silent_purchase(work):
            return why
        step = step_of(work.job)
        place = step.output(work.job, work.task)
        words = self._listener.words(child, report)
        end = custom_end.End(self._builder.workspace(work.task) / place, place, code, words, report)
        return custom_end.failure(work.job, step, why, end)

    async def _unchecked(
        self, work: Assignment, step: Step, output: Path, report: Report, error: Exception, code: int
    ) -> Failure:
        """The crash after the script's end. What it bought is booked; nobody buys it again unasked."""
        known = host.failure_of(error, "checking what the script made") if isinstance(error, OSError) else None
        failure = known or self._told(work, error, "checking what it made")
        if code != 0:
            return self._doubted(work, failure) if code < 0 or self._silent_purchase(work) else failure
        try:
            await self._book_untold(work, step, output, report)
        except Exception as worse:
            self._told(work, worse, "booking what it bought")
        silent = step.paid and self._builder.silent(step)
        return replace(failure, code=BOUGHT_UNCHECKED) if silent else failure

    async def _start(self, work: Assignment) -> tuple[Path, Child] | JobFailed:
        """The place of the output and the running child, or why there is none."""
        try:
            output = await self._aside(lambda: self._builder.prepare(work.task, work.job, work.command))
            spawn = await self._builder.spawn(work.task, work.job, work.command)
            await self._purchases.begins(work)
            return output, await self._launcher.start(spawn)
        except TokenError as error:
            kind = Kind.CREDENTIALS if error.permanent else Kind.DOWN
            failure = Failure(kind, str(error), "google", "POST /token", error.http_status, error.code)
            return self._failed(work, failure)
        except BoardError as error:
            said = f"the entry's page could not be read for its sources: {error}"
            return self._failed(work, Failure(Kind.DOWN, said, "notion", "GET /blocks"))
        except FileNotFoundError as error:
            missing = host.failure_of(error, "starting the script")
            return self._failed(work, missing or Failure(Kind.CONFIGURATION, str(error)))
        except programs.Unrunnable as error:
            return self._failed(work, Failure(Kind.CONFIGURATION, str(error), code=OWN_PROGRAM))
        except ValueError as error:  # NUL in an argument: a setting or a channel's file holds what is no text
            return self._failed(work, Failure(Kind.CONFIGURATION, f"the child could not be started: {error}"))
        except OSError as error:
            known = host.failure_of(error, "starting the script")
            return self._failed(work, known or self._told(work, error, "starting it"))

    async def _follow(self, work: Assignment, step: Step, child: Child, report: Report) -> int | JobFailed:
        """The exit code of the child, or that it was ended: its time was over, or it reported endless charges."""
        try:
            async with asyncio.timeout(deadline := self._deadline_s(step)):
                await self._listener.listen(work, child, report)
                return await child.wait()
        except TimeoutError:
            await child.kill(KILL_GRACE_S)
            late = Failure(Kind.TIMEOUT, f"{step.script} took longer than its {deadline:.0f} s and was killed")
            if (there := elsewhere.disbelieved(child, late.message)) is not None:
                return self._failed(work, there, child)
            ended = self._without_file(work, child, -signal.SIGTERM, report, late)
            return self._failed(work, ended if self._silent_purchase(work) else self._doubted(work, late), child)
        except TooMuchReported:
            await child.kill(KILL_GRACE_S)
            return self._failed(work, self._doubted(work, too_much(step)), child)

    def _why(self, work: Assignment, step: Step, child: Child, code: int, report: Report) -> Failure:
        if report.failure is None and (unrun := host.never_ran(code, self._listener.tail(child))) is not None:
            return unrun
        failure = self._listener.why(step, child, code, report)
        if self._silent_purchase(work):
            return self._without_file(work, child, code, report, failure)
        return self._doubted(work, failure) if code < 0 and report.failure is None else failure

    def _ran_out(self, work: Assignment, failure: Failure) -> Failure:
        """`failure`, or a moment's wait where only the access token may have run out during a long upload."""
        blamed = services.named(failure.service)
        about_it = blamed is not None and blamed.issued is not None
        refused = (failure.kind, failure.http_status) == (Kind.CREDENTIALS, 401)
        if not about_it or not refused or not self._builder.another_token(work.task.channel_id):
            return failure
        message = f"the access token ran out, it continues with another one ({failure.message})"
        return replace(failure, kind=Kind.BUSY, message=message, retry_after_ms=TOKEN_WAIT_MS)

    def _doubted(self, work: Assignment, failure: Failure) -> Failure:
        """`failure`, or the doubt whether a purchase was made, where a paid script was ended in the middle."""
        step = step_of(work.job)
        if not step.paid:
            return failure
        doubt = receipts.doubt(self._builder.papers(work.task, work.job), work.job, self._builder.silent(step))
        if doubt is not None and self._builder.silent(step) and failure.kind != Kind.INTERRUPTED:
            doubt = replace(doubt, code=PAID_WITHOUT_FILE)
        if doubt is not None and failure.kind == Kind.CONFIGURATION:  # what a person must correct is said as well
            return replace(doubt, message=f"{doubt.message}. {failure.message}")
        return doubt or failure

    def _ended_by_us(self, work: Assignment) -> JobFailed:
        return self._failed(work, self._doubted(work, Failure(Kind.INTERRUPTED, STOPPING)))

    def _failed(
        self, work: Assignment, failure: Failure, child: Child | None = None, code: int | None = None
    ) -> JobFailed:
        tail = self._listener.tail(child) if child else ""
        return JobFailed(
            self._clock.now_ms(), work.task.id, work.job.name, work.attempt, failure, self._chance.random(), tail, code
        )

    async def _verify(
        self, work: Assignment, step: Step, output: Path, report: Report, child: Child, failed: JobFailed | None = None
    ) -> JobSucceeded | JobFailed:
        """The outcome that the file decides. `failed`: that of its script, which stays where the file is of no use."""
        foreign = self._builder.foreign(step, work.command)
        _, parts = await self._ledger.look(work.task.id)  # whichever step it is: its file says what it needs of them
        extras = self._builder.extras(work.task)
        try:
            artefact = await self._inspector.inspect(output, step.makes, expectation(work.job, parts, foreign, extras))
            most = self._builder.wordless(work.task)
            plan = await self._aside(lambda: read_plan(output, most)) if step.name == "plan" else None
        except FileNotFoundError as error:  # FFmpeg is missing
            return self._failed(work, Failure(Kind.CONFIGURATION, str(error)), child, 0)
        except PlanError as error:
            if failed is not None:
                return failed
            if self._silent_purchase(work):
                await self._book_untold(work, step, output, report)
            return self._failed(work, Failure(Kind.INPUT, str(error), service=step.service), child, 0)
        except Unchecked as error:  # no verdict on the file: it stays, and nothing is bought in its place
            if self._silent_purchase(work):
                await self._book_untold(work, step, output, report)
            return self._failed(work, self._to_check_again(work, error), child, 0)
        except BadArtefact as error:
            kept = put_aside(output)
            if (there := elsewhere.disbelieved(child, str(error))) is not None:
                return self._failed(work, there, child)
            if failed is not None:
                return failed
            if kept is None and self._silent_purchase(work):
                missing = Failure(Kind.NONSENSE, str(error), service=step.service)
                return self._failed(work, self._without_file(work, child, 0, report, missing), child, 0)
            if kept is not None:
                await self._book_untold(work, step, output, report)
            told = f"{error} (kept as {kept.name})" if kept is not None else str(error)
            useless = Failure(Kind.NONSENSE, told, service=step.service, code=USELESS_FILE)
            return self._failed(work, useless, child, 0)
        await self._book_untold(work, step, output, report)
        known = dict(artefact.facts) | reports.told(report.result)
        found = held_against.warned(work.job, known, parts, artefact.sha256)
        if step.name == "assemble":
            await self._aside(lambda: film_report.write(output, parts, found))
        if lacking := reports.lacking(step.name, found, self._builder.silent(step)):
            return self._failed(work, lacking, child, 0)
        relative = step.output(work.job, work.task)
        return JobSucceeded(
            self._clock.now_ms(), work.task.id, work.job.name, work.attempt, relative, artefact.bytes, artefact.sha256,
            found, plan,
        )  # fmt: skip

    async def _book_untold(self, work: Assignment, step: Step, output: Path, report: Report) -> None:
        """The charge of a file that was made, good or refused, where its script said nothing of money."""
        piece: dict[str, object] = {"service": step.service, "kind": step.name, "unit": "piece"}
        foreign, papers = self._builder.foreign(step, work.command), self._builder.papers(work.task, work.job)
        if step.paid and not report.charged and (owed := piece if foreign else unheard(work.job, papers, piece)):
            await self._listener.charge(work, owed)
