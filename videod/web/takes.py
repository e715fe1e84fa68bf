"""Other files in the place of what was made: an older take, or one of a person's own. Both cost nothing themselves."""

from videod.core import outlook
from videod.core.events import FileChosen
from videod.core.model import Job, Task
from videod.core.wishes import Verb
from videod.guard.errors import Code, Refused
from videod.web.corrections import applied, one_of, outcome
from videod.web.desk import Desk, Outcome, check


async def take(desk: Desk, task_id: str, name: str, number: int, dry_run: bool = False) -> Outcome:
    """Use the take `number` of a job, counted from 1, the oldest."""
    task, jobs, job = await _place(desk, task_id, name)
    known = await desk.takes(task.id, job.name)
    one = next((one for one in known if one.number == number), None)
    if one is None:
        hint = f"see `videod takes {task.id} {job.name}`"
        raise Refused(Code.CONFLICT, f"{job.name} has {len(known)} takes, none with the number {number}", hint)
    if (one.output, one.sha256) == (job.output, job.sha256):
        return Outcome("that take is in use already. Nothing changed", False, task)
    event = FileChosen(desk.now(), task.id, job.name, one.output, one.bytes, one.sha256, one.facts, one.own, desk.by)
    return await _chosen(desk, event, task, jobs, f"take {number} of {job.name}", dry_run)


async def put(desk: Desk, task_id: str, name: str, file: str | None, dry_run: bool = False) -> Outcome:
    """Use a file of a person's own, which lies in `incoming/`; without it only the price is said (`dry_run`)."""
    task, jobs, job = await _place(desk, task_id, name)
    if dry_run:
        event = FileChosen(desk.now(), task.id, job.name, "own", 0, "", {}, True, desk.by)
        return await _chosen(desk, event, task, jobs, f"your file for {job.name}", dry_run)
    if desk.placing is None or file is None:
        raise Refused(Code.CONFLICT, "no file was handed over", "use `videod put EPISODE JOB FILE`")
    event = await desk.placing.placed(task, jobs, job, file, desk.by)
    return await _chosen(desk, event, task, jobs, f"your file for {job.name}", dry_run)


async def _place(desk: Desk, task_id: str, name: str) -> tuple[Task, tuple[Job, ...], Job]:
    """The task, its jobs and the one that is meant. Raises Refused where no file can take its place now."""
    task, jobs = await desk.look(task_id)
    offered = tuple(job.name for job in jobs if job.step in outlook.PUT)
    chosen = one_of(name, offered, "takes a file of yours")
    check(Verb.CHOOSE, outlook.choice(task, jobs, chosen), task)
    return task, jobs, next(job for job in jobs if job.name == chosen)


async def _chosen(
    desk: Desk, event: FileChosen, task: Task, jobs: tuple[Job, ...], what: str, dry_run: bool
) -> Outcome:  # fmt: skip
    change = await applied(desk, Verb.CHOOSE, event, task, jobs, dry_run)
    text = f"{what} {'would be' if dry_run else 'is'} used"
    if not change.remade:
        return Outcome(text, not dry_run, change.after)
    told = outcome(change, tuple(job.name for job in change.remade), dry_run)
    return Outcome(f"{text}. {told.text}", told.changed, told.task, told.cost_micros)
