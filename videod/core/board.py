"""What the board shows of a task: pure text from the task and its jobs, absolute statements only.

`entry_view` is compared before and after each event; only what differs is sent. Property names are those of the
entries' data source (requirements FR1, FR4); the Error Log holds what is wrong *now*, not a history.
"""

from collections.abc import Iterable, Sequence

from videod.core import links, services, sourced, wording
from videod.core.advice import advice
from videod.core.failures import POLICY, QUIET, Answer, Failure, Kind
from videod.core.model import Job, Task
from videod.core.moments import clock, iso
from videod.core.sanitize import sanitize_line
from videod.core.statuses import (
    AT_GATE,
    CLOSED,
    DONE,
    ERRORS,
    LABELS,
    READY,
    RUNNING,
    SKIPPED,
    WAITING,
    Gate,
    JobState,
    Status,
)
from videod.core.step_parts import CHOICE, WARNINGS
from videod.core.suspension import OF_CHANNEL
from videod.core.tables import ORDER, REVIEWED, STEPS

#: Notion's rich text holds 2,000 characters an object; the log stays below one object
ERROR_LOG_CHARACTERS = 1900
#: so much of a refused prompt is shown
ASKED_CHARACTERS = 200


def _counts(jobs: Sequence[Job], steps: tuple[str, ...]) -> str:
    parts = []
    for step in steps:
        rows = [job for job in jobs if job.step == step and job.state is not SKIPPED]
        if rows:
            done = sum([job.state is DONE for job in rows])
            parts.append(f"{STEPS[step].noun} {done}/{len(rows)}")
    return ", ".join(parts)


def progress(task: Task, jobs: tuple[Job, ...]) -> str:
    """Such as "composites 18/18, clips 7/18", for the stage the task is in."""
    if task.status == Status.PUBLISHED:
        return "published"
    for gate in Gate:
        looked_at = (*REVIEWED[Gate.STORY], *REVIEWED[gate]) if gate is Gate.ASSETS else REVIEWED[gate]
        rows = [job for job in jobs if job.step in looked_at and job.state is not SKIPPED]
        if gate not in task.approved or not rows or any(job.state is not DONE for job in rows):
            return _with_notes(task, jobs, _counts(rows, looked_at))
    return _with_notes(task, jobs, _counts(jobs, ("upload",)))


def files_note(task: Task, jobs: Sequence[Job]) -> str:
    """When the files of an episode that stopped or was cancelled are removed, or that they were."""
    if task.status not in ERRORS and task.status != Status.CANCELLED:
        return ""
    cleanup = next((job for job in reversed(jobs) if job.step == "cleanup"), None)
    if cleanup is None or cleanup.needs:
        return ""
    if cleanup.state is DONE:
        return "its files were removed"
    return f"its files are removed after {clock(cleanup.due_at)} unless it resumes" if cleanup.state is READY else ""


def _warnings_note(task: Task, jobs: Sequence[Job]) -> str:
    """What compares files is loaded only where it found something: a look at the board needs none of it."""
    if not any(job.facts.get(WARNINGS) for job in jobs):
        return ""
    from videod.core import held_against

    return held_against.note(task, jobs, AT_GATE.get(task.status))


def _with_notes(task: Task, jobs: Sequence[Job], text: str) -> str:
    paused = f"paused: {task.paused}" if task.paused is not None else ""
    suspended = "" if task.suspended is None else wording.note(task.suspended)
    return "; ".join(
        note
        for note in (
            text,
            _sources_note(task, jobs),
            _stories_note(task, jobs),
            _warnings_note(task, jobs),
            _extras_note(task, jobs),
            files_note(task, jobs),
            paused,
            suspended,
            waiting(task),
            task.slow,
        )
        if note
    )


def _sources_note(task: Task, jobs: Sequence[Job]) -> str:
    """At the reviews that show the story: what its facts stand on."""
    if task.status not in (Status.STORY_READY, Status.ASSETS_READY):
        return ""
    return next((sourced.sentence(job.facts) for job in jobs if job.step == "plan"), "")


def _stories_note(task: Task, jobs: Sequence[Job]) -> str:
    """At the review of the story: what there is to choose from, by the numbers of the column Story."""
    plan = next((job for job in jobs if job.step == "plan"), None)
    listed = None if task.status != Status.STORY_READY or plan is None else plan.facts.get(CHOICE)
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ""
    chosen = f"the film tells story {task.story}. " if task.story else ""
    return f"{chosen}{'Choose another one' if chosen else 'choose one'} in Story: " + " ".join(
        f"({at}) {one}" for at, one in enumerate(listed, 1)
    )


def _extras_note(task: Task, jobs: Sequence[Job]) -> str:
    """What YouTube did not take besides the film."""
    if task.status != Status.PUBLISHED:
        return ""
    facts = next((job.facts for job in jobs if job.step == "upload"), {})
    told = {name: facts.get(name) for name in ("captions", "thumbnail")}
    return "; ".join(f"{name} {said}" for name, said in told.items() if isinstance(said, str) and said != "uploaded")


#: statuses that say themselves what the entry waits for
_SAYS_IT = frozenset(AT_GATE) | CLOSED | ERRORS


def waiting(task: Task) -> str:
    """What it waits for although nothing failed; empty where its status, a pause or its service says more."""
    if task.waits is None or task.suspended is not None or task.paused is not None or task.status in _SAYS_IT:
        return ""
    return wording.waiting(task.waits)


def failure_line(job: Job, waits: int) -> str:
    """One line of the Error Log: when, which job, where, what, how often tried, when next, what to do (FR31)."""
    failure = job.failure
    if failure is None:
        return ""
    when = clock(_failed_at(job, failure))
    where = " ".join(part for part in (failure.service or job.service, failure.endpoint) if part)
    marks = [f"HTTP {failure.http_status}" if failure.http_status else "", failure.code or ""]
    marks.append(f"request {failure.request_id}" if failure.request_id else "")
    inside = ", ".join(mark for mark in marks if mark)
    text = f"{when} {job.name} ({where}): {sentence(failure.message)}" + (f" [{inside}]" if inside else "")
    if job.state == JobState.READY and job.attempts:
        text += f" Retry {job.attempts} of {waits} at {clock(job.due_at)}."
    elif job.state == JobState.RUNNING:
        text += " It is being tried again now."
    elif job.attempts > 1:
        text += f" Tried {job.attempts} times."
    return text + _outlook(job, failure)


def _failed_at(job: Job, failure: Failure) -> int:
    """When it failed, ms. Rows of before 0.2 do not have it: of those the end of the job's last attempt is known."""
    return failure.at or job.ended_at or job.started_at or 0


def _outlook(job: Job, failure: Failure) -> str:
    """What was refused, when it resumes, what to do: each if there is something to say."""
    again = None if job.attempts else again_at(job)
    told = advice(job, failure)
    refused = f" Refused was: {asked(job)}." if failure.kind == Kind.REFUSED else ""
    goes_on = "" if again is None else f" Resumes at {clock(again)}."
    return f"{refused}{goes_on}" + (f" What to do: {told}." if told else "")


def alert(task: Task, job: Job, failure: Failure) -> str:
    """What an alert says of it outside the board: title, channel, job, reason, what to do, the entry's address."""
    about = f"{task.title} ({task.channel_id}), {job.name}"
    return f"{about}: {sentence(failure.message)}{_outlook(job, failure)} {links.of_entry(task.page_id)}".rstrip()


def sentence(message: str) -> str:
    """A script's or a service's words with a full stop behind them."""
    text = message.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def asked(job: Job) -> str:
    """What a paid request asked for, in quotes: the end of its prompt, which is its own part of it, cut to one line."""
    lines = str(job.args.get("prompt") or job.args.get("text") or job.name).strip().splitlines()
    text = sanitize_line(lines[-1]).rstrip(".")
    return f'"{text}"' if len(text) <= ASKED_CHARACTERS else f'"{text[: ASKED_CHARACTERS - 1]}…"'


def again_at(job: Job) -> int | None:
    """When a ready job that failed is tried again, ms: its own time, or the end of its service's suspension."""
    failure = job.failure
    timeless = (Kind.CREDENTIALS, Kind.REFUSED, Kind.IN_DOUBT)
    if failure is None or job.state != JobState.READY or failure.kind in timeless or failure.until_person:
        return None
    if services.out_of_credit(failure, job.service) is not None:
        return None
    if POLICY[failure.kind].answer == Answer.SUSPEND:
        return _failed_at(job, failure) + (failure.retry_after_ms or POLICY[failure.kind].wait_ms)
    return job.due_at or None


def error_log(task: Task, jobs: tuple[Job, ...], waits: int) -> str:
    """What is wrong now, the earliest step first, cut to what one Notion text object holds."""
    troubled = [job for job in jobs if job.failure is not None and job.state is not SKIPPED]
    troubled.sort(key=lambda job: (job.state == JobState.READY, ORDER[job.step], job.key))
    lines = [task.error] if task.error else []
    lines += [failure_line(job, waits) for job in troubled if job.failure and job.failure.kind not in QUIET]
    text = "\n".join(lines)
    return text if len(text) <= ERROR_LOG_CHARACTERS else text[: ERROR_LOG_CHARACTERS - 1] + "…"


def next_retry(jobs: tuple[Job, ...]) -> str | None:
    """When the next failed job is tried again, or None.

    It ignores the time: nothing would update the board when a view changes with time alone.
    """
    due = [when for job in jobs if job.failure is not None and (when := again_at(job)) is not None]
    return iso(min(due)) if due else None


def _next_upload(task: Task) -> str | None:
    """When a film may be uploaded that its channel's own limits hold back, or None."""
    if task.waits is None or task.waits.cause not in OF_CHANNEL or task.waits.until_ms is None or not waiting(task):
        return None
    return iso(task.waits.until_ms)


def pending_cost_micros(jobs: tuple[Job, ...], gate: Gate) -> int:
    """What passing `gate` will make ready to be bought: shown before a person approves."""
    gates = list(Gate)
    later = gates[gates.index(gate) + 1 :]
    steps = REVIEWED[later[0]] if later else ()
    return sum(job.price_micros for job in jobs if job.step in steps and job.state in (WAITING, READY))


#: a job in these is neither made nor left out
_TO_COME = (WAITING, READY, RUNNING)


def foreseen_micros(task: Task, jobs: tuple[Job, ...]) -> int:
    """What the episode comes to: what counts already, and what is still bought for it if nothing is made again."""
    return task.counted_micros + sum(job.price_micros for job in jobs if job.state in _TO_COME)


def target_words(task: Task, jobs: tuple[Job, ...], target: int | None) -> str:
    """Such as "the episode comes to about $3.91 (target $4.00)"; empty where there is no target."""
    if target is None:
        return ""
    foreseen = foreseen_micros(task, jobs)
    missed = f", ${(foreseen - target) / 1e6:.2f} over it" if foreseen > target else ""
    return f"the episode comes to about ${foreseen / 1e6:.2f} (target ${target / 1e6:.2f}{missed})"


def cost_words(task: Task) -> str:
    """Such as "cost $1.21 (+$0.42 possibly paid)": what was charged, and apart what may have been paid besides."""
    possible = f" (+${task.possible_micros / 1e6:.2f} possibly paid)" if task.possible_micros else ""
    return f"cost ${task.cost_micros / 1e6:.2f}{possible}"


def unseen(before: Task, after: Task, changed: Iterable[tuple[Job, Job]]) -> bool:
    """True where `entry_view` surely says what it said: nothing but jobs without trouble that begin.

    `changed`: each job as it was and as it is. Starts are half of all events, and two views a good part of their cost.
    """
    return after is before and after.status not in AT_GATE and all(
        one.state in _TO_COME and one.failure is None and one.step != "cleanup" for pair in changed for one in pair
    )  # fmt: skip


#: what videod writes on an entry, empty: for a copy, which brings the values of the entry that it was made from
EMPTY: dict[str, object] = {
    "Progress": "", "Story": None, "Thumbnail": None, "Next Retry": None, "Cost": None, "YouTube URL": None,
    "Videod Key": "",
}  # fmt: skip


def entry_view(task: Task, jobs: tuple[Job, ...], waits: int, target: int | None = None) -> dict[str, object]:
    """Property name -> value of everything videod writes on the entry; `target`: what it is meant to cost."""
    shown = progress(task, jobs)
    if task.status in AT_GATE:
        cost = pending_cost_micros(jobs, AT_GATE[task.status]) / 1e6
        if cost:
            shown += f". Approving will cost about ${cost:.2f}"
        if words := target_words(task, jobs, target):
            shown += f". {words[:1].upper()}{words[1:]}"
    troubled = tuple([job for job in jobs if job.failure is not None])  # few, looked at twice
    if task.possible_micros:
        shown += f". C{cost_words(task)[1:]}"
    if task.possibly_paid_twice:
        shown += f". Possibly paid twice: {task.possibly_paid_twice}"
    told: dict[str, object] = {"Story": task.story} if task.story else {}
    told |= {"Thumbnail": task.thumbnail} if task.thumbnail else {}
    return told | {
        "Status": LABELS[task.status],
        "Progress": shown,
        "Error Log": error_log(task, troubled, waits),
        "Next Retry": next_retry(troubled) or _next_upload(task),
        "Cost": round(task.counted_micros / 1e6, 4),
        "YouTube URL": task.youtube_url,
        "Videod Key": task.id,
    }
