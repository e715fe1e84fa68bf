"""What a person sends back: files to regenerate, words to change. The price is known before it is spent.

With `dry_run` the ledger decides as it would and writes nothing: what is said before is what happens after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from videod.core import outlook
from videod.core.events import Event, JobCorrected, RedoAsked
from videod.core.fields import STORY_NUMBERS
from videod.core.model import Job, Task
from videod.core.ops import SaveJob, SaveTask
from videod.core.statuses import AT_GATE, DONE, LABELS, Gate, JobState
from videod.core.step_parts import told_story
from videod.core.tables import REVIEWED, STEPS
from videod.core.wishes import Obstacle, Verb
from videod.guard.errors import Code, ErrorCode, Refused
from videod.web.desk import Desk, Outcome, check


@dataclass(frozen=True)
class Change:
    """What an event makes of an episode: the task and its jobs before and after."""

    before: Task
    after: Task
    jobs: tuple[Job, ...]
    changed: tuple[Job, ...]

    @property
    def remade(self) -> list[Job]:
        """The finished jobs that are regenerated."""
        done = {job.name for job in self.jobs if job.state is DONE}
        return [job for job in self.changed if job.name in done and job.state is not DONE]

    @property
    def cost_micros(self) -> int:
        return sum(job.price_micros for job in self.remade)


@dataclass(frozen=True)
class Notes:
    """What should be different in the next takes: in all of them, and in single ones, by the job's name."""

    of_all: str = ""
    of_each: Mapping[str, str] = field(default_factory=dict)


NO_NOTES = Notes()


async def redo(
    desk: Desk, task_id: str, names: Sequence[str], notes: Notes = NO_NOTES, dry_run: bool = False
) -> Outcome:  # fmt: skip
    """Regenerate finished files of the open review or an earlier one, and everything made from them."""
    task, jobs = await desk.look(task_id)
    lost = {job.name: job for job in jobs if job.name in set(outlook.lost(task, jobs))}
    if lost:
        offered, offer = tuple(lost), "is among the files for which the episode is stopped"
    else:
        offered, offer = outlook.redoable(task, jobs), "can be regenerated now"
        check(Verb.REDO, outlook.redo(task, jobs, None, offered), task)
    chosen = tuple(dict.fromkeys(one_of(name, offered, offer, Code.INVALID) for name in names))
    if not chosen:
        raise Refused(Code.INVALID, "no job was named", f"name some of: {', '.join(offered)}")
    each = {one_of(name, chosen, "is among those to regenerate", Code.INVALID): note
            for name, note in notes.of_each.items()}  # fmt: skip
    _check_noted(chosen if notes.of_all else tuple(each))
    event = RedoAsked(desk.now(), task.id, _gate(task, chosen), chosen, notes.of_all, each, by=desk.by)
    change = await applied(desk, Verb.REDO, event, task, jobs, dry_run)
    if lost:
        return _lost_outcome(change, chosen, {name: job.price_micros for name, job in lost.items()}, dry_run)
    return outcome(change, chosen, dry_run)


def _gate(task: Task, chosen: Sequence[str]) -> Gate:
    steps = {name.split("/")[0] for name in chosen}
    found = next((gate for gate, reviewed in REVIEWED.items() if steps.intersection(reviewed)), Gate.ASSETS)
    return AT_GATE.get(task.status, found)


def _check_noted(names: Sequence[str]) -> None:
    """Raises Refused where one of these jobs takes no note."""
    deaf = [name for name in names if not STEPS[name.split("/")[0]].noted]
    if deaf:
        words = [name for name in deaf if STEPS[name.split("/")[0]].words]
        hint = f"rewrite its text instead: `videod edit EPISODE {words[0]}`" if words else "leave the note out"
        raise Refused(Code.CONFLICT, f"{deaf[0]} takes no note", hint)


async def correct(
    desk: Desk, task_id: str, name: str, word: str, text: str, dry_run: bool = False
) -> Outcome:  # fmt: skip
    """Rewrite one thing of a job; `word`: as commands name it, such as "narration"."""
    task, jobs = await desk.look(task_id)
    offered = tuple(
        job.name for job in jobs if job.state is not JobState.SKIPPED and word in STEPS[job.step].words
    )  # fmt: skip
    chosen = one_of(name, offered, f"takes {word}")
    if check(Verb.CORRECT, outlook.correction(task, jobs, chosen), task):
        return Outcome("nothing changed", False, task)
    job = next(one for one in jobs if one.name == chosen)
    argument, value = STEPS[job.step].words[word], _value(word, text)
    if (told_story(job) if word == "story" else job.args.get(argument)) == value:
        return Outcome("it says that already. Nothing changed", False, task)
    event = JobCorrected(desk.now(), task.id, chosen, {argument: value}, desk.by)
    change = await applied(desk, Verb.CORRECT, event, task, jobs, dry_run)
    if change.remade:
        return outcome(change, (chosen,), dry_run)
    said = "would change" if dry_run else "changed"
    return Outcome(f"{chosen} {said}. It was not made yet, so nothing is thrown away", not dry_run, change.after)


def _value(word: str, text: str) -> object:
    """The argument's value. Raises Refused."""
    if word == "story":
        if text.strip() not in STORY_NUMBERS:
            raise Refused(Code.INVALID, f"there is no story {text[:20]}", f"name one of: {', '.join(STORY_NUMBERS)}")
        return int(text)
    if word == "thumbnail" and text.strip() not in ("1", "2", "3"):
        raise Refused(Code.INVALID, f"there is no thumbnail {text.strip()[:20]!r}", "choose 1, 2 or 3")
    return [tag for tag in (part.strip() for part in text.split(",")) if tag] if word == "tags" else text.strip()


async def applied(
    desk: Desk, verb: Verb, event: Event, task: Task, jobs: tuple[Job, ...], dry_run: bool
) -> Change:  # fmt: skip
    if not dry_run:
        after = await desk.apply(verb, event, task)
        _, renewed = await desk.look(task.id)
        return Change(task, after, jobs, renewed)
    decision = await desk.foresee(verb, event, task)
    saved = {op.job.name: op.job for op in decision.ops if isinstance(op, SaveJob)}
    after = next((op.task for op in decision.ops if isinstance(op, SaveTask)), task)
    return Change(task, after, jobs, tuple(saved.get(job.name, job) for job in jobs))


def _listed(names: Sequence[str]) -> str:
    """The first five names."""
    return f"{', '.join(names[:5])}{' ...' if len(names) > 5 else ''}"


def outcome(change: Change, chosen: Sequence[str], dry_run: bool) -> Outcome:
    count, will = len(change.remade), "would" if dry_run else "will"
    text = f"{count} job{'s' if count != 1 else ''} {will} be regenerated: {_listed(chosen)}"
    more = count - len(chosen)
    if more > 0:
        text += f" and {more} made from {'it' if len(chosen) == 1 else 'them'}"
    again = [gate.value for gate in Gate if gate in change.before.approved - change.after.approved]
    if again:
        text += f". The review of the {' and '.join(again)} {'would open' if dry_run else 'opens'} again"
    return Outcome(text, not dry_run, change.after, change.cost_micros)


def _lost_outcome(change: Change, chosen: Sequence[str], prices: Mapping[str, int], dry_run: bool) -> Outcome:
    """The answer where files were lost that the episode is stopped for, although their review has passed."""
    will = "would" if dry_run else "will"
    text = f"{len(chosen)} job{'s' if len(chosen) != 1 else ''} {will} be regenerated: {_listed(chosen)}"
    stuck = (JobState.FAILED, JobState.IN_DOUBT)
    left = [job.name for job in change.jobs if job.state in stuck and job.name not in chosen]
    if left:
        text += f". The episode stays stopped for {_listed(left)}"
    else:
        text += f". The episode resumes, it is {LABELS[change.after.status]} {'then' if dry_run else 'now'}"
    return Outcome(text, not dry_run, change.after, sum(prices[name] for name in chosen))


def one_of(name: str, offered: tuple[str, ...], offer: str, code: ErrorCode = Obstacle.NOTHING_CHOSEN) -> str:
    """The job's full name; what it makes ("film"), its key or step alone will do where only one of those offered has
    it. Raises Refused."""
    if name in offered:
        return name
    parts = {one: one.split("/", 1) for one in offered}
    same = (
        [one for one, (step, _) in parts.items() if STEPS[step].noun == name]
        or [one for one, (_, key) in parts.items() if key == name]
        or [one for one, (step, _) in parts.items() if step == name]
    )
    if len(same) == 1:
        return same[0]
    which = f"{name} may be {' or '.join(same)}" if same else f"no job {name} {offer}"
    choices = ", ".join(offered)
    if same:
        raise Refused(code, which, "name one of them")
    raise Refused(code, which, f"name one of: {choices}" if choices else "see `videod show` for the jobs")
