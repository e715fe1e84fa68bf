"""A person sends back what was made: with a note, or with other words in its order. What hangs on it is regenerated.

A review that was passed opens again where one of its files is regenerated, so that nothing is bought on the strength of
an approval that was for something else.
"""

from collections.abc import Mapping
from dataclasses import replace

from videod.core import fields, outlook, told
from videod.core.by_lost import new_take
from videod.core.by_people import again, blocked, queued
from videod.core.derive import affected, stops
from videod.core.events import EntryQueued, FileChosen, JobCorrected, RedoAsked
from videod.core.lessons import lesson
from videod.core.model import Job, Task
from videod.core.ops import ShowAsset
from videod.core.statuses import DONE, Gate
from videod.core.step_parts import NOTE, OWN, STORY, price_micros, told_story, without_own
from videod.core.tables import REVIEWED, STEPS, step_of
from videod.core.transition import StaleEvent, Transition
from videod.core.wishes import Obstacle, Verb


def redo(work: Transition, event: RedoAsked) -> Transition:
    """Other takes of finished files, and of all that is made from them."""
    words = _rewritten(work, event)
    names = (*event.names, *words)
    obstacle = outlook.redo(work.task, work.jobs, event.gate, names)
    if obstacle is not None:
        return blocked(work, f"redo of {event.gate.value}", Verb.REDO, obstacle)
    lost = set(outlook.lost(work.task, work.jobs)).intersection(event.names)
    if lost:
        return _redo_lost(work, lost, event.at)
    chosen = set(outlook.redoable(work.task, work.jobs)).intersection(names)
    if "plan/plan" in chosen:  # a redo wants another plan, not this story again
        work = _whole(work)
    for job in work.jobs:
        if job.name in chosen and (changes := words.get(job.name, {}) | _note_of(job, event)):
            learned = lesson(job, changes)
            work = (work if learned is None else work.adding(learned)).with_job(_ordered(work, job, changes))
    return _sent_back(work, chosen, event.at)


def _rewritten(work: Transition, event: RedoAsked) -> dict[str, dict[str, object]]:
    """The words of the event that differ from those of the orders: only these are a reason to regenerate a file."""
    found: dict[str, dict[str, object]] = {}
    for name, changes in event.words.items():
        job = work.job(name)
        if job is not None and (
            new := {key: value for key, value in _known(job, changes).items() if _said(job, key) != value}
        ):
            found[name] = new
    return found


def _note_of(job: Job, event: RedoAsked) -> dict[str, object]:
    note = event.notes.get(job.name) or event.note
    return {NOTE: note} if note and STEPS[job.step].noted else {}


def _known(job: Job, changes: Mapping[str, object]) -> dict[str, object]:
    """The changes of what a person may rewrite of the job."""
    arguments = set(STEPS[job.step].words.values())
    return {name: value for name, value in changes.items() if name in arguments}


def _whole(work: Transition) -> Transition:
    """The plan ordered with stories of its own."""
    plan = work.job("plan/plan")
    if plan is None or STORY not in plan.args:
        return work
    args = {name: value for name, value in plan.args.items() if name != STORY}
    return work.with_job(replace(plan, args=args, price_micros=price_micros(step_of(plan), args, work.policy)))


def another_story(work: Transition, number: str, at: int) -> Transition:
    """The plan made from another of its stories on. Whether that may be is asked before."""
    plan = work.job("plan/plan")
    if plan is None:
        raise _late(Obstacle.NO_STORY)
    return correct(work, JobCorrected(at, work.task.id, plan.name, {STORY: int(number)}, "notion"))


def correct(work: Transition, event: JobCorrected) -> Transition:
    """The job's order with the words that a person wrote; a file that was made from others is regenerated."""
    job = work.job(event.job)
    obstacle = outlook.correction(work.task, work.jobs, event.job)
    if job is None or obstacle is not None:
        raise _late(obstacle or Obstacle.NOTHING_CHOSEN)
    changes = _known(job, event.changes)
    if all(_said(job, name) == value for name, value in changes.items()):
        raise _late(Obstacle.SAME_WORDS)
    learned = lesson(job, changes)
    work = work if learned is None else work.adding(learned)
    changed = _ordered(work, job, changes)
    work = work.with_job(changed)
    if job.step == "upload" and "thumbnail" in changes:
        work = work.with_task(thumbnail=str(changes["thumbnail"]))
    if STORY in changes and work.task.story:
        work = work.with_task(story=str(changes[STORY]))
    if job.state is DONE:
        return _sent_back(work, {job.name}, event.at)
    if stops(job):
        return _resumed(work.with_job(again(changed, event.at)), (changed,), event.at)
    # not begun: nothing was made from the old words. Begun in vain: what the next attempt makes is another take
    return (work.with_job(again(changed, event.at)) if job.attempt else work).with_task(error="")


def _said(job: Job, name: str) -> object:
    """What the job's order says; of a plan the story that it tells."""
    return told_story(job) if job.step == "plan" and name == STORY else job.args.get(name)


def choose(work: Transition, event: FileChosen) -> Transition:
    """The job done with another file than its own; what was made from that one is made again."""
    job = work.job(event.job)
    obstacle = outlook.choice(work.task, work.jobs, event.job)
    if job is None or obstacle is not None:
        raise _late(obstacle or Obstacle.NOTHING_CHOSEN)
    if job.state is DONE and (job.output, job.sha256) == (event.output, event.sha256):
        raise _late(Obstacle.SAME_FILE)
    args = without_own(job.args) | ({OWN: True} if event.own else {})
    done = replace(
        job, state=DONE, args=args, output=event.output, bytes=event.bytes, sha256=event.sha256,
        facts=dict(event.facts), failure=None, attempts=0, due_at=0, deaths=0, digest=None, remote_id=None,
        buy_again=False, reworded=False, ended_at=event.at,
    )  # fmt: skip
    work = work.with_job(done)
    shown_as = STEPS[job.step].shown_as
    if shown_as is not None:
        row = ShowAsset(work.task.page_id, job.name, shown_as, event.output, job.revision, event.sha256)
        work = work.adding(row)
    made_from = affected(work.jobs, {job.name}) - {job.name}
    work = _made_again(work, made_from, event.at) if job.state is DONE else work
    return _resumed(work, (job,), event.at) if stops(job) else work


def _late(obstacle: Obstacle) -> StaleEvent:
    return StaleEvent(obstacle.value, obstacle=obstacle)


def _ordered(work: Transition, job: Job, changes: Mapping[str, object]) -> Job:
    """The job ordered with other words, at the price of them."""
    args = job.args | dict(changes)
    return replace(job, args=args, price_micros=price_micros(step_of(job), args, work.policy))


def _sent_back(work: Transition, chosen: set[str], at: int) -> Transition:
    # a new plan says itself what follows from it: what it leaves as it was is not bought again
    return _made_again(work, affected(work.jobs, chosen - {"plan/plan"}) | chosen, at)


def _made_again(work: Transition, reached: set[str], at: int) -> Transition:
    jobs = tuple(again(job, at) if job.name in reached else job for job in work.jobs)
    closed = reopened({job.step for job in work.jobs if job.name in reached}, work.task)
    task = work.task
    return replace(work, jobs=jobs).with_task(
        error="", approved=task.approved - closed, reviewed=task.reviewed - closed
    )  # fmt: skip


def reopened(steps: set[str], task: Task) -> frozenset[Gate]:
    """The passed reviews that look at files of these steps."""
    return frozenset(gate for gate in task.approved if steps.intersection(REVIEWED[gate]))


def _redo_lost(work: Transition, names: set[str], at: int) -> Transition:
    """Other takes of files for which the episode is stopped; it resumes when nothing else stops it.

    What was made from them before stays: nothing is bought that was not asked for.
    """
    chosen = tuple(job for job in work.jobs if job.name in names)
    jobs = tuple(new_take(job, at) if job.name in names else job for job in work.jobs)
    return _resumed(replace(work, jobs=jobs), chosen, at)


def _resumed(work: Transition, chosen: tuple[Job, ...], at: int) -> Transition:
    """The work resumed where nothing else than the chosen jobs stopped it."""
    task = work.task
    work = work.adding(told.tried_again(task, chosen, at))
    if task.cancelled or any(stops(job) for job in work.jobs):
        return work
    return queued(work, EntryQueued(at, task.page_id, **fields.of(task)))
