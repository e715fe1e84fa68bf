"""What a person may do now and why not, in words: for the Error Log of the board, commands and the API. Pure.

A refusal is one sentence: why it cannot be done, then what to do instead, as a status to set or a command to type.
"""

from videod.core import wording
from videod.core.model import Task
from videod.core.outlook import Action, cancel, redo, retry
from videod.core.statuses import AT_GATE, GATES, LABELS, Status
from videod.core.wishes import Obstacle, Verb


def why_not(verb: Verb, obstacle: Obstacle, task: Task) -> str:
    """Why it cannot be done now, as a clause: "it is already in work"."""
    label = LABELS[task.status]
    match obstacle:
        case Obstacle.ALREADY_APPROVED:
            return "that review is approved already"
        case Obstacle.ALREADY_QUEUED:
            return "it is queued already"
        case Obstacle.ALREADY_CANCELLED:
            return "it is cancelled already"
        case Obstacle.NOT_PAUSED:
            return "it is not paused"
        case Obstacle.NO_CHANNEL:
            return f"channels/{task.channel_id}.yaml is missing"
        case Obstacle.PUBLISHED:
            return "the film is published" if verb == Verb.EDIT else "the episode is published"
        case Obstacle.CLOSED:
            return f"it is {label}. There is nothing to pause"
        case Obstacle.IN_REVIEW:
            return "it waits for your review"
        case Obstacle.IN_WORK:
            return "it is already in work"
        case Obstacle.SUSPENDED:
            return "it is in work" if task.suspended is None else wording.note(task.suspended)
        case Obstacle.NO_REVIEW if verb in (Verb.REDO, Verb.CORRECT, Verb.CHOOSE):
            return f"files are regenerated while a review is open. It is {label}"
        case Obstacle.NO_REVIEW if task.status in AT_GATE:
            return f"that review is not open. It is {label}"
        case Obstacle.NO_REVIEW:
            return f"there is nothing to approve yet. It is {label}"
        case Obstacle.NO_WORDS if verb == Verb.CHOOSE:
            return "no file of yours can take its place"
        case Obstacle.NO_WORDS:
            return "no text of yours goes into that file"
        case Obstacle.SAME_WORDS:
            return "it says that already"
        case Obstacle.SAME_FILE:
            return "that file is in its place already"
        case Obstacle.BEING_MADE:
            return "the file is being made now"
        case Obstacle.UNCONFIRMED:
            return "it is not known whether the file was bought"
        case Obstacle.NOTHING_CHOSEN:
            return "no file was chosen"
        case Obstacle.BEGUN:
            return "the episode has begun for this channel"
        case Obstacle.PLANNED | Obstacle.PLAN_IN_REVIEW:
            return "the plan is written already"
        case Obstacle.NO_STORY:
            return "it has no stories to choose from yet"
        case Obstacle.UPLOADING:
            return "the upload has begun"
        case Obstacle.DISK:
            return "the disk is full"


def on_board(verb: Verb, obstacle: Obstacle, task: Task, field: str = "") -> str:
    """Why not, and what to set instead; a clause without a full stop at its end."""
    instead = _instead(verb, obstacle, task, field)
    return f"{why_not(verb, obstacle, task)}{instead}"


def _instead(verb: Verb, obstacle: Obstacle, task: Task, field: str) -> str:
    """The rest of the sentence, with what divides it from the reason."""
    match obstacle:
        case Obstacle.PUBLISHED if verb == Verb.RETRY:
            return ". Make a new entry for another film"
        case Obstacle.PUBLISHED | Obstacle.UPLOADING if verb == Verb.EDIT:
            return ". Change it in YouTube Studio"
        case Obstacle.IN_REVIEW:
            approved = LABELS[GATES[AT_GATE[task.status]][1]]
            return f". Set {approved} to continue, or tick Redo on the files to regenerate"
        case Obstacle.IN_WORK:
            return ". Set Cancelled first to stop it"
        case Obstacle.SUSPENDED:
            return ". It resumes where it stopped once that is fixed (see Error Log)"
        case Obstacle.NOTHING_CHOSEN:
            return ". Tick Redo on the files to regenerate, then set it again"
        case Obstacle.BEGUN:
            return ". Set Cancelled and make a new entry for the other channel"
        case Obstacle.PLAN_IN_REVIEW:
            return f". To use it, tick Redo on the plan, set Generating Assets, then change {field}"
        case Obstacle.PLANNED:
            return ". Make a new entry for another story"
        case Obstacle.NO_STORY:
            return ". Choose one at Story Ready or Assets Ready"
        case Obstacle.NO_CHANNEL:
            return ". Restore it"
        case _:
            return ""


def hint(verb: Verb, obstacle: Obstacle, task: Task) -> str:
    """What to type instead."""
    match obstacle:
        case Obstacle.NO_CHANNEL:
            return f"restore channels/{task.channel_id}.yaml, then run the command again"
        case Obstacle.PUBLISHED if verb == Verb.CANCEL:
            return f"take it down in YouTube Studio: {task.youtube_url}"
        case Obstacle.PUBLISHED:
            return "make a new entry for another film"
        case Obstacle.IN_REVIEW:
            return f"type `videod approve {task.id}`, or `videod redo {task.id} JOB` to regenerate a file"
        case Obstacle.BEING_MADE:
            return "change it when its review is open"
        case Obstacle.UNCONFIRMED:
            return f"type `videod retry {task.id}` first"
        case Obstacle.NO_WORDS:
            return f"see `videod show {task.id}` for its jobs"
        case Obstacle.NO_STORY:
            return "choose one at Story Ready or Assets Ready"
        case Obstacle.PLANNED if verb == Verb.CORRECT:
            return "make a new entry for another story"
        case Obstacle.UPLOADING:
            return "change it in YouTube Studio once the upload is done"
        case _:
            return f"see `videod why {task.id}` for what it waits for"


def offered(task: Task) -> str:
    """What a person may set on the board now: "it waits for your review: set Approved - Video to continue, ...\""""
    if task.status == Status.PUBLISHED:
        return f"{why_not(Verb.RETRY, Obstacle.PUBLISHED, task)}. Make a new entry for another film"
    parts = []
    gate = AT_GATE.get(task.status)
    if gate is not None:
        _, approved, again = GATES[gate]
        parts.append(f"{LABELS[approved]} to continue")
        if redo(task, (), gate, ()) is Obstacle.NOTHING_CHOSEN:
            parts.append(f"{LABELS[again]} to regenerate the files marked Redo")
    if retry(task) is None:
        parts.append("Queued to start it" if task.status == Status.DRAFT else "Queued to resume")
    if cancel(task) is None:
        parts.append("Cancelled to stop")
    if parts == ["Cancelled to stop"]:
        return f"it is {LABELS[task.status]}: set Cancelled if you want it to stop"
    why = "it waits for your review" if gate is not None else f"it is {LABELS[task.status]}"
    return f"{why}: set {', or '.join([', '.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)}"


def command(action: Action, task: Task) -> str | None:
    """The command that asks for it, or None where the board alone can."""
    match action.verb:
        case Verb.EDIT:
            return None
        case Verb.RESUME_SERVICE:
            return None if action.suspension is None else wording.resume_command(action.suspension)
        case Verb.REDO:
            return f"videod redo {task.id} JOB"
        case Verb.CHOOSE:
            return f"videod takes {task.id} JOB"
        case Verb.CORRECT:
            return f"videod edit {task.id} JOB"
        case _:
            return f"videod {action.verb.value} {task.id}"
