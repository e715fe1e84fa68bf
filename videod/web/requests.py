"""What a person may ask for, as events for the ledger: approve, retry, cancel, redo, pause, resume.

The API and, while no daemon runs, the command line both come through here, so that a request means the same on either
way. What makes no sense is refused before it becomes an event, with the reason and the next thing to do.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from videod.core import fields, outlook, wording
from videod.core.board import pending_cost_micros
from videod.core.events import (
    CancelAsked,
    EntryQueued,
    GateApproved,
    LessonForgotten,
    ServiceFreed,
    TaskPaused,
    TaskResumed,
)
from videod.core.model import Task
from videod.core.row_texts import NOTE_CHARACTERS, WORDS_CHARACTERS
from videod.core.statuses import AT_GATE, LABELS, Gate, JobState
from videod.core.suspension import EVERY_SERVICE, NEW_EPISODES, OF_CHANNEL, Cause, Suspension
from videod.core.tables import ALL, SERVICES, STEPS
from videod.core.wishes import Obstacle, Verb
from videod.flow.placing import HANDED
from videod.guard.errors import Code, Refused
from videod.store import lessons, reads
from videod.web import corrections, takes
from videod.web.desk import Desk, Outcome, check
from videod.web.values import ByName, Choice, Field, Fields, Flag, Many, Text, Whole, of_body

log = logging.getLogger(__name__)


#: the doorbell of the look at the settings, and where it is kept that a person asked for one
PREFLIGHT, PREFLIGHT_ASKED = "preflight", "preflight_asked"
#: what a request may say in words, and the most jobs it may name
TEXT_CHARACTERS = 500
NAMES_MOST = 1_000
LESSON_NUMBERS = 2**53


class RequestHandler(Desk):
    """Takes requests. Every method raises Refused, or returns what was changed."""

    async def approve(self, task_id: str, gate: str | None) -> Outcome:
        """Pass the gate at which the task waits; `gate` makes sure that it is the one that was meant."""
        task, jobs = await self.look(task_id)
        meant = None if gate is None else _gate(gate)
        obstacle = outlook.approval(task, meant)
        if obstacle is Obstacle.ALREADY_APPROVED and meant is not None:
            return Outcome(f"the {meant.value} were approved before. Nothing changed", False, task)
        check(Verb.APPROVE, obstacle, task)
        at_gate = AT_GATE[task.status]
        cost = pending_cost_micros(jobs, at_gate)
        event = GateApproved(self.now(), task.id, at_gate, self.by)
        after = await self.apply(Verb.APPROVE, event, task)
        return Outcome(f"{at_gate.value} approved. It is {LABELS[after.status]} now", True, after, cost)

    async def retry(self, task_id: str) -> Outcome:
        """Let a stopped task go on from where it stopped, now; the same as setting Queued on the board."""
        task, jobs = await self.look(task_id)
        if check(Verb.RETRY, outlook.retry(task), task):
            return Outcome("it is queued already. Nothing changed", False, task)
        again = sum(job.price_micros for job in jobs if job.state in (JobState.FAILED, JobState.IN_DOUBT))
        event = EntryQueued(self.now(), task.page_id, by=self.by, **fields.of(task))
        after = await self.apply(Verb.RETRY, event, task)
        doubts = sum(job.state == JobState.IN_DOUBT for job in jobs)
        text = f"it resumes where it stopped. It is {LABELS[after.status]} now"
        if doubts:
            text += f". {doubts} unconfirmed purchase{'s' if doubts > 1 else ''} will be bought again"
        return Outcome(text, True, after, again)

    async def cancel(self, task_id: str) -> Outcome:
        """Stop a task; what is made stays, and `retry` continues from there."""
        task, _ = await self.look(task_id)
        if check(Verb.CANCEL, outlook.cancel(task), task):
            return Outcome("it was cancelled before. Nothing changed", False, task)
        after = await self.apply(Verb.CANCEL, CancelAsked(self.now(), task.id, self.by), task)
        return Outcome(f"cancelled. `videod retry {task.id}` resumes it", True, after)

    async def resume(self, service: str, channel_id: str | None, only: Cause | None = None) -> Outcome:
        """Let a suspended service ("all": every one) start jobs again; the episodes that waited for it resume.

        `only`: no other cause is lifted.
        """
        name = _service(service)
        at = self.now()
        found = await self._store.read(lambda connection: reads.suspensions(connection, at))
        wanted = [one for one in found if one.service == name and channel_id in (None, one.channel_id)]
        wanted = [one for one in wanted if only in (None, one.cause)]
        where = f" for {channel_id}" if channel_id else ""
        if any(one.cause is Cause.DISK for one in wanted):
            raise Refused(Obstacle.DISK, "the disk is full", "free some space. videod then resumes automatically")
        limits = [one for one in wanted if one.cause in OF_CHANNEL]
        if limits and len(limits) == len(wanted):
            key = "upload_spacing_h" if limits[0].cause is Cause.SPACING else "uploads_per_day"
            hint = f"change `{key}` in channels/{limits[0].channel_id}.yaml. videod then resumes automatically"
            raise Refused(Code.CONFLICT, wording.reason(limits[0]), hint)
        if not wanted:
            others = [one for one in found if one.service == EVERY_SERVICE]
            more = f". But everything is paused ({wording.explained(others[0])}): `videod resume all`" if others else ""
            return Outcome(f"{service} is not paused{where}. Nothing changed{more}", False)
        asked = [one for one in wanted if one.cause is Cause.SETTINGS]
        wanted = [one for one in wanted if one.cause is not Cause.SETTINGS]
        if asked:  # whoever looked ends it, as soon as the setting is right
            await self._ledger.set_value(PREFLIGHT_ASKED, str(at))
            self._ledger.wakeups.wake(PREFLIGHT)
        if asked and not wanted:
            text = f"videod checks the settings{where} again now. It resumes when they are right"
            return Outcome(f"{text} ({wording.short(asked[0])})", False)
        # before the release: a lane that is free starts one of their jobs at once, and they no longer seem to wait
        freed = [task for task in await self._suspended(name) if _concerns(task, wanted)]
        for one in wanted:
            if one.cause is Cause.DOWN:
                await self._ledger.ask_at_once(name, at)
            else:
                await self._ledger.release(name, one.channel_id, one.cause)
        for task in freed:
            await self._ledger.apply(ServiceFreed(at, task.id, service))
        log.info("requests_service_resumed", extra={"service": service, "channel": channel_id, "by": self.by})
        tasks = f"{len(freed)} task{'s' if len(freed) != 1 else ''}"
        waited = f", and {tasks} no longer wait{'' if len(freed) != 1 else 's'} for it" if freed else ""
        return Outcome(f"{'everything' if name == EVERY_SERVICE else service} resumes{where}{waited}", True)

    async def pause(self, service: str, channel_id: str | None, reason: str | None) -> Outcome:
        """Start nothing more at a service ("all": every one), or only nothing of one channel; what runs continues."""
        name = _service(service)
        at = self.now()
        if channel_id is not None and not self._ledger.knows(channel_id):
            hint = "see `videod channels` for the ids"
            raise Refused(Code.UNKNOWN_CHANNEL, f"there is no channel {channel_id}", hint)
        why = reason or f"by hand ({self.by})"
        await self._ledger.suspend(Suspension(Cause.PERSON, name, channel_id or "", detail=why), at)
        log.info(
            "requests_service_paused", extra={"service": service, "channel": channel_id, "by": self.by, "why": why}
        )
        where = f" --channel {channel_id}" if channel_id else ""
        what = "everything" if name == EVERY_SERVICE else service
        text = f"{what} is paused{f' for {channel_id}' if channel_id else ''}. Running jobs finish"
        return Outcome(f"{text}, `videod resume {service}{where}` resumes it", True)

    async def pause_task(self, task_id: str, reason: str | None) -> Outcome:
        """Start nothing more of one task; what runs continues to its end."""
        task, _ = await self.look(task_id)
        check(Verb.PAUSE, outlook.pause(task), task)
        if task.paused is not None and reason in (None, task.paused):
            return Outcome(f"it was paused before: {task.paused}. Nothing changed", False, task)
        why = reason or f"by hand ({self.by})"
        after = await self.apply(Verb.PAUSE, TaskPaused(self.now(), task.id, why), task)
        return Outcome(f"paused. Running jobs finish, `videod resume {task.id}` starts the rest", True, after)

    async def resume_task(self, task_id: str) -> Outcome:
        task, _ = await self.look(task_id)
        if check(Verb.RESUME, outlook.resume(task), task):
            return Outcome("it is not paused. Nothing changed", False, task)
        after = await self.apply(Verb.RESUME, TaskResumed(self.now(), task.id, self.by), task)
        return Outcome(f"it resumes. It is {LABELS[after.status]} now", True, after)

    async def forget_lesson(self, channel_id: str, number: int) -> Outcome:
        """Learn no longer from one correction."""
        found = await self._store.read(lambda connection: lessons.lessons(connection, channel_id))
        if number not in {one.number for one in found}:
            hint = f"see `videod channels lessons {channel_id}` for their numbers"
            raise Refused(Code.CONFLICT, f"{channel_id} has no lesson {number}", hint)
        await self._ledger.apply(LessonForgotten(self.now(), channel_id, number))
        return Outcome(f"lesson {number} is forgotten", True)

    async def _suspended(self, service: str) -> list[Task]:
        tasks = await self._store.read(reads.open_tasks)
        return [task for task in tasks if task.suspended is not None and task.suspended.service == service]


def _service(name: str) -> str:
    """The name in the ledger. Raises Refused for an unknown one."""
    if name == ALL:
        return EVERY_SERVICE
    if name not in (*SERVICES, NEW_EPISODES):
        raise Refused(Code.UNKNOWN_SERVICE, f"there is no service {name}", f"name one of: {', '.join(SERVICES)}, {ALL}")
    return name


def _concerns(task: Task, freed: list[Suspension]) -> bool:
    return any(one.channel_id in ("", task.channel_id) for one in freed)


def _gate(name: str) -> Gate:
    try:
        return Gate(name)
    except ValueError:
        raise Refused(
            Code.INVALID, f"there is no gate {name}", f"name one of: {', '.join(gate.value for gate in Gate)}"
        ) from None


# ------------------------------------------------------------------------------------------- by name


@dataclass(frozen=True)
class Wish:
    """One verb: what it does, and what the JSON body of its request may say."""

    about: str
    fields: Fields = field(default_factory=dict)


_REASON = Field(Text(TEXT_CHARACTERS, least=0), "Shown in `status`, in `watch` and on the board.")
_CHANNEL = Field(Text(TEXT_CHARACTERS), "Only for this channel.")
_DRY_RUN = Field(Flag(), "Only show what would happen and what it would cost.", default=False)
#: what a person may rewrite, as commands name it
WORDS = tuple(dict.fromkeys(word for step in STEPS.values() for word in step.words))
TASK_VERBS = {
    "approve": Wish("Approve an open review.", {
        "gate": Field(Choice(tuple(gate.value for gate in Gate)), "Only if this review is open."),
    }),
    "retry": Wish("Resume a failed or cancelled episode where it stopped."),
    "cancel": Wish("Stop an episode and keep its files."),
    "redo": Wish("Regenerate files of the open review or an earlier one.", {
        "jobs": Field(Many(Text(TEXT_CHARACTERS, least=0), 1, NAMES_MOST), "The names of jobs.", required=True),
        "note": Field(Text(NOTE_CHARACTERS, lines=True), "What should be different in the next take."),
        "notes": Field(ByName(Text(NOTE_CHARACTERS, lines=True), NAMES_MOST), "The same of single jobs, by name."),
        "dry_run": _DRY_RUN,
    }),
    "correct": Wish("Rewrite the text that a file is made from. What depends on it is regenerated.", {
        "job": Field(Text(TEXT_CHARACTERS), "The name of the job.", required=True),
        "field": Field(Choice(WORDS), "What is rewritten of it.", required=True),
        "text": Field(Text(WORDS_CHARACTERS, lines=True), "What it says now.", required=True),
        "dry_run": _DRY_RUN,
    }),
    "take": Wish("Use an older take of a file. What was made from the newer one is regenerated.", {
        "job": Field(Text(TEXT_CHARACTERS), "The name of the job.", required=True),
        "number": Field(Whole(1, NAMES_MOST), "The take's number, from 1, the oldest.", required=True),
        "dry_run": _DRY_RUN,
    }),
    "put": Wish("Use a file of your own that `videod put` hands over. What was made from the old one is regenerated.", {
        "job": Field(Text(TEXT_CHARACTERS), "The name of the job.", required=True),
        "file": Field(Text(TEXT_CHARACTERS, pattern=HANDED), "Its name in `incoming/` of the state folder."),
        "dry_run": _DRY_RUN,
    }),
    "pause": Wish("Start nothing more of an episode.", {"reason": _REASON}),
    "resume": Wish("Resume a paused episode."),
}  # fmt: skip
SERVICE_VERBS = {
    "pause": Wish("Start nothing more at a service. `all` is every one.", {"channel": _CHANNEL, "reason": _REASON}),
    "resume": Wish("Resume a service. `all` is every one.", {"channel": _CHANNEL}),
}
CHANNEL_VERBS = {
    "forget": Wish("Forget a lesson of a channel.", {
        "number": Field(Whole(1, LESSON_NUMBERS), "Its number, as `videod channels lessons` shows it.", required=True),
    }),
}  # fmt: skip
ROOMS: Mapping[str, Mapping[str, Wish]] = {
    "tasks": TASK_VERBS, "services": SERVICE_VERBS, "channels": CHANNEL_VERBS,
}  # fmt: skip


async def perform(handler: RequestHandler, room: str, verb: str, target: str, body: Mapping[str, object]) -> Outcome:
    """The request `verb` on a thing of the `room` (a key of ROOMS), with its JSON body. Raises Refused."""
    wish = ROOMS[room].get(verb)
    if wish is None:
        raise Refused(Code.NOT_FOUND, f"there is nothing called {verb}", f"name one of: {', '.join(ROOMS[room])}")
    asked = of_body(body, wish.fields)
    match room, verb:
        case "tasks", "approve":
            return await handler.approve(target, _text(asked, "gate"))
        case "tasks", "retry":
            return await handler.retry(target)
        case "tasks", "cancel":
            return await handler.cancel(target)
        case "tasks", "redo":
            names, notes = asked["jobs"], asked["notes"] or {}
            assert isinstance(names, tuple) and isinstance(notes, dict)
            said = corrections.Notes(_text(asked, "note") or "", notes)
            return await corrections.redo(handler, target, names, said, asked["dry_run"] is True)
        case "tasks", "correct":
            job, word, text = (str(asked[name]) for name in ("job", "field", "text"))
            return await corrections.correct(handler, target, job, word, text, asked["dry_run"] is True)
        case "tasks", "take":
            number, dry_run = asked["number"], asked["dry_run"] is True
            assert isinstance(number, int)
            return await takes.take(handler, target, str(asked["job"]), number, dry_run)
        case "tasks", "put":
            return await takes.put(handler, target, str(asked["job"]), _text(asked, "file"), asked["dry_run"] is True)
        case "tasks", "pause":
            return await handler.pause_task(target, _text(asked, "reason"))
        case "tasks", _:
            return await handler.resume_task(target)
        case "channels", _:
            number = asked["number"]
            assert isinstance(number, int)
            return await handler.forget_lesson(target, number)
        case _, "pause":
            return await handler.pause(target, _text(asked, "channel"), _text(asked, "reason"))
        case _:
            return await handler.resume(target, _text(asked, "channel"))


def _text(asked: Mapping[str, object], name: str) -> str | None:
    value = asked[name]
    return value if isinstance(value, str) else None
