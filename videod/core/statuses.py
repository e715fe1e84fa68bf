"""The 26 statuses of a task and the two of the story's review, the states of a job, and every move between them.

A task (one entry, one episode) shows exactly one status on the board; requirements call the four `*_READY` and
`ASSEMBLY_COMPLETE` ones review gates. `OF_STORY` are shown where a channel reviews the story before anything is drawn:
elsewhere that review is passed in the same step in which it opens, and nobody sees its statuses. The status is
*derived* from the task's facts and its jobs by `workflow.derive`; the table `MOVES` below is the law that every derived
step is checked against, and what the diagram in docs/statuses.md is drawn from. A job (one image, one clip) has seven
states; `JOB_MOVES` is their law.

Nothing here knows why a move happens. An illegal move raises `IllegalMove` and changes nothing.
"""

from enum import StrEnum


class Status(StrEnum):
    """A task's status. The value is stored; `LABELS` has what people read in Notion."""

    DRAFT = "draft"
    QUEUED = "queued"
    GENERATING_ASSETS = "generating_assets"
    STORY_READY = "story_ready"
    STORY_APPROVED = "story_approved"
    ASSETS_READY = "assets_ready"
    ASSETS_APPROVED = "assets_approved"
    GENERATING_VIDEO = "generating_video"
    VIDEO_READY = "video_ready"
    VIDEO_APPROVED = "video_approved"
    GENERATING_AUDIO = "generating_audio"
    AUDIO_READY = "audio_ready"
    AUDIO_APPROVED = "audio_approved"
    ASSEMBLING = "assembling"
    ASSEMBLY_COMPLETE = "assembly_complete"
    FINAL_APPROVED = "final_approved"
    UPLOADING = "uploading"
    PUBLISHED = "published"
    ERROR_PLANNING = "error_planning"
    ERROR_ASSETS = "error_assets"
    ERROR_COMPOSITES = "error_composites"
    ERROR_VIDEO = "error_video"
    ERROR_AUDIO = "error_audio"
    ERROR_SFX = "error_sfx"
    ERROR_ASSEMBLY = "error_assembly"
    ERROR_UPLOAD = "error_upload"
    QUOTA_EXCEEDED = "quota_exceeded"
    CANCELLED = "cancelled"


LABELS: dict[Status, str] = {
    Status.DRAFT: "Draft",
    Status.QUEUED: "Queued",
    Status.GENERATING_ASSETS: "Generating Assets",
    Status.STORY_READY: "Story Ready",
    Status.STORY_APPROVED: "Approved - Story",
    Status.ASSETS_READY: "Assets Ready",
    Status.ASSETS_APPROVED: "Approved - Assets",
    Status.GENERATING_VIDEO: "Generating Video",
    Status.VIDEO_READY: "Video Ready",
    Status.VIDEO_APPROVED: "Approved - Video",
    Status.GENERATING_AUDIO: "Generating Audio",
    Status.AUDIO_READY: "Audio Ready",
    Status.AUDIO_APPROVED: "Approved - Audio",
    Status.ASSEMBLING: "Assembling",
    Status.ASSEMBLY_COMPLETE: "Assembly Complete",
    Status.FINAL_APPROVED: "Approved - Final",
    Status.UPLOADING: "Uploading",
    Status.PUBLISHED: "Published",
    Status.ERROR_PLANNING: "Error: Planning Failed",
    Status.ERROR_ASSETS: "Error: Asset Generation Failed",
    Status.ERROR_COMPOSITES: "Error: Composite Failed",
    Status.ERROR_VIDEO: "Error: Video Generation Failed",
    Status.ERROR_AUDIO: "Error: Audio Generation Failed",
    Status.ERROR_SFX: "Error: Sound Effects Failed",
    Status.ERROR_ASSEMBLY: "Error: Assembly Failed",
    Status.ERROR_UPLOAD: "Error: Upload Failed",
    Status.QUOTA_EXCEEDED: "Quota Exceeded",
    Status.CANCELLED: "Cancelled",
}

#: shown and offered only where a channel reviews the story
OF_STORY: frozenset[Status] = frozenset({Status.STORY_READY, Status.STORY_APPROVED})

BY_LABEL: dict[str, Status] = {label: status for status, label in LABELS.items()}


class Gate(StrEnum):
    """A point where a person looks before more money is spent."""

    STORY = "story"
    ASSETS = "assets"
    VIDEO = "video"
    AUDIO = "audio"
    FINAL = "final"


#: gate -> (status while it waits, status once approved, status that asks for a redo)
GATES: dict[Gate, tuple[Status, Status, Status]] = {
    Gate.STORY: (Status.STORY_READY, Status.STORY_APPROVED, Status.GENERATING_ASSETS),
    Gate.ASSETS: (Status.ASSETS_READY, Status.ASSETS_APPROVED, Status.GENERATING_ASSETS),
    Gate.VIDEO: (Status.VIDEO_READY, Status.VIDEO_APPROVED, Status.GENERATING_VIDEO),
    Gate.AUDIO: (Status.AUDIO_READY, Status.AUDIO_APPROVED, Status.GENERATING_AUDIO),
    Gate.FINAL: (Status.ASSEMBLY_COMPLETE, Status.FINAL_APPROVED, Status.ASSEMBLING),
}

AT_GATE: dict[Status, Gate] = {waiting: gate for gate, (waiting, _, _) in GATES.items()}
APPROVES: dict[Status, Gate] = {approved: gate for gate, (_, approved, _) in GATES.items()}
#: the later review where two have one status
REDOES: dict[Status, Gate] = {redo: gate for gate, (_, _, redo) in GATES.items()}

ERRORS: frozenset[Status] = frozenset(status for status in Status if status.value.startswith("error_"))
#: no job of such a task may start
CLOSED: frozenset[Status] = frozenset({Status.DRAFT, Status.PUBLISHED, Status.CANCELLED})


class Phase(StrEnum):
    """What a status means for whoever looks at many tasks; stored beside the status."""

    QUEUED = "queued"
    WORK = "work"
    REVIEW = "review"
    ERROR = "error"
    CLOSED = "closed"


def _phase(status: Status) -> Phase:
    if status in AT_GATE:
        return Phase.REVIEW
    if status in ERRORS:
        return Phase.ERROR
    if status in CLOSED:
        return Phase.CLOSED
    return Phase.QUEUED if status == Status.QUEUED else Phase.WORK


PHASES: dict[Status, Phase] = {status: _phase(status) for status in Status}

_WORKING = (
    Status.GENERATING_ASSETS,
    Status.GENERATING_VIDEO,
    Status.GENERATING_AUDIO,
    Status.ASSEMBLING,
    Status.UPLOADING,
)
#: the error that a job of its own stage may cause while the task shows this status; cutting may fail while the audio
#: gate is open
OWN_ERRORS: dict[Status, tuple[Status, ...]] = {
    Status.GENERATING_ASSETS: (Status.ERROR_PLANNING, Status.ERROR_ASSETS, Status.ERROR_COMPOSITES),
    # a job may fail before any of its stage has started: its price would break a cap, its command cannot be built
    Status.STORY_APPROVED: (Status.ERROR_ASSETS,),
    Status.ASSETS_APPROVED: (Status.ERROR_COMPOSITES, Status.ERROR_VIDEO),
    Status.VIDEO_APPROVED: (Status.ERROR_AUDIO, Status.ERROR_SFX),
    Status.FINAL_APPROVED: (Status.ERROR_UPLOAD,),
    Status.GENERATING_VIDEO: (Status.ERROR_COMPOSITES, Status.ERROR_VIDEO),
    Status.GENERATING_AUDIO: (Status.ERROR_AUDIO, Status.ERROR_SFX, Status.ERROR_ASSEMBLY),
    Status.AUDIO_READY: (Status.ERROR_ASSEMBLY,),
    Status.AUDIO_APPROVED: (Status.ERROR_ASSEMBLY,),
    Status.ASSEMBLING: (Status.ERROR_ASSEMBLY,),
    Status.UPLOADING: (Status.ERROR_UPLOAD,),
}
_SPOILT_ASSETS = (Status.ERROR_ASSETS, Status.ERROR_COMPOSITES)
_SPOILT_VIDEO = (*_SPOILT_ASSETS, Status.ERROR_VIDEO)
_SPOILT_FILM = (*_SPOILT_VIDEO, Status.ERROR_AUDIO, Status.ERROR_SFX, Status.ERROR_ASSEMBLY)
#: the error that a file of an earlier stage causes when it is found lost, or of no use
_EARLIER_ERRORS: dict[Status, tuple[Status, ...]] = {
    Status.ASSETS_APPROVED: _SPOILT_ASSETS,
    Status.GENERATING_VIDEO: _SPOILT_ASSETS,
    Status.VIDEO_READY: _SPOILT_VIDEO,
    Status.VIDEO_APPROVED: _SPOILT_VIDEO,
    Status.GENERATING_AUDIO: _SPOILT_VIDEO,
    Status.AUDIO_READY: _SPOILT_FILM,
    Status.AUDIO_APPROVED: _SPOILT_FILM,
    Status.ASSEMBLING: _SPOILT_FILM,
    Status.FINAL_APPROVED: _SPOILT_FILM,
    Status.UPLOADING: _SPOILT_FILM,
}
#: the way of an episode that nobody sends back
FORWARD: dict[Status, tuple[Status, ...]] = {
    Status.DRAFT: (Status.QUEUED,),
    Status.QUEUED: (*_WORKING, *AT_GATE, *APPROVES, Status.DRAFT, Status.PUBLISHED, *ERRORS),
    Status.GENERATING_ASSETS: (Status.STORY_READY, Status.ASSETS_READY),
    Status.STORY_READY: (Status.STORY_APPROVED, Status.GENERATING_ASSETS),
    Status.STORY_APPROVED: (Status.GENERATING_ASSETS, Status.ASSETS_READY),
    Status.ASSETS_READY: (Status.ASSETS_APPROVED, Status.GENERATING_ASSETS),
    Status.ASSETS_APPROVED: (Status.GENERATING_VIDEO, Status.VIDEO_READY),
    Status.GENERATING_VIDEO: (Status.VIDEO_READY,),
    Status.VIDEO_READY: (Status.VIDEO_APPROVED, Status.GENERATING_VIDEO),
    Status.VIDEO_APPROVED: (Status.GENERATING_AUDIO, Status.AUDIO_READY),
    Status.GENERATING_AUDIO: (Status.AUDIO_READY,),
    Status.AUDIO_READY: (Status.AUDIO_APPROVED, Status.GENERATING_AUDIO),
    Status.AUDIO_APPROVED: (Status.ASSEMBLING, Status.ASSEMBLY_COMPLETE),
    Status.ASSEMBLING: (Status.ASSEMBLY_COMPLETE,),
    Status.ASSEMBLY_COMPLETE: (Status.FINAL_APPROVED,),
    # back to the review: the film was lost, and the one made in its place is another
    Status.FINAL_APPROVED: (Status.UPLOADING, Status.PUBLISHED, Status.ASSEMBLY_COMPLETE),
    Status.UPLOADING: (Status.PUBLISHED, Status.ASSEMBLY_COMPLETE),
    Status.QUOTA_EXCEEDED: (*_WORKING, *AT_GATE, *APPROVES, Status.QUEUED, Status.PUBLISHED, *ERRORS),
    # published: its upload was ending when it was cancelled
    Status.CANCELLED: (Status.QUEUED, Status.PUBLISHED),
    # YouTube refused the film after it was uploaded
    Status.PUBLISHED: (Status.ERROR_UPLOAD,),
}

#: the status while the files of a review are made
MAKING: dict[Gate, Status] = {
    Gate.STORY: Status.GENERATING_ASSETS,
    Gate.ASSETS: Status.GENERATING_ASSETS,
    Gate.VIDEO: Status.GENERATING_VIDEO,
    Gate.AUDIO: Status.GENERATING_AUDIO,
    Gate.FINAL: Status.ASSEMBLING,
}


def _sent_back() -> dict[Status, frozenset[Status]]:
    """Where a file of an earlier review takes an episode that a person sent back, and how it returns."""
    gates = list(Gate)
    table: dict[Status, frozenset[Status]] = {}
    for at, gate in enumerate(gates):
        waiting, approved, _ = GATES[gate]
        later = gates[at + 1 :]
        table[waiting] = frozenset(MAKING[one] for one in gates[: at + 1])
        table[approved] = frozenset(MAKING[one] for one in later) | {GATES[one][0] for one in later}
        table[approved] |= {GATES[one][1] for one in later if one is not Gate.FINAL}
    return table


SENT_BACK: dict[Status, frozenset[Status]] = _sent_back()
#: a cut that was running when the episode was sent back may fail, or find its files lost
_SENT_BACK_ERRORS: dict[Status, tuple[Status, ...]] = dict.fromkeys(
    (
        Status.GENERATING_ASSETS,
        Status.STORY_READY,
        Status.STORY_APPROVED,
        Status.ASSETS_READY,
        Status.ASSETS_APPROVED,
        Status.GENERATING_VIDEO,
        Status.VIDEO_READY,
        Status.VIDEO_APPROVED,
    ),
    _SPOILT_FILM,
)


def _moves() -> dict[Status, frozenset[Status]]:
    table: dict[Status, set[Status]] = {status: set(FORWARD.get(status, ())) for status in Status}
    for status in Status:
        if status not in (Status.PUBLISHED, Status.CANCELLED):
            table[status].add(Status.CANCELLED)
    for status, reached in SENT_BACK.items():
        table[status].update(reached)
    for errors in (OWN_ERRORS, _EARLIER_ERRORS, _SENT_BACK_ERRORS):
        for status, caused in errors.items():
            table[status].update(caused)
    # at a review too: a job of a later stage may still run when a person sent the episode back
    for status in (*_WORKING, *AT_GATE, *APPROVES, Status.QUEUED):
        table[status].add(Status.QUOTA_EXCEEDED)
    for error in ERRORS:
        # a person queues it again; several failed jobs may be fixed one after another, the earliest step shows
        table[error].update({Status.QUEUED, *ERRORS} - {error})
    return {status: frozenset(targets) for status, targets in table.items()}


MOVES: dict[Status, frozenset[Status]] = _moves()


class IllegalMove(ValueError):
    """A move that the table does not have; the message names both ends."""


def check_move(before: Status, after: Status) -> None:
    """Raise IllegalMove unless `before` may become `after`; staying is no move and always allowed."""
    if before != after and after not in MOVES[before]:
        raise IllegalMove(f"a task cannot go from {before.value} to {after.value}")


class JobState(StrEnum):
    """The state of one unit of work. READY with a `due_at` in the future is a wait for a retry."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    IN_DOUBT = "in_doubt"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


#: the states as names: Python 3.11 looks up `JobState.DONE` eight times as slowly, and every decision compares the
#: states of a hundred jobs again and again
WAITING, READY, RUNNING, IN_DOUBT, DONE, FAILED, SKIPPED = JobState


JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    # done without a start: a person gave the file
    JobState.WAITING: frozenset({JobState.READY, JobState.SKIPPED, JobState.DONE}),
    # failed without a start: the episode's cap would be broken
    JobState.READY: frozenset({JobState.RUNNING, JobState.WAITING, JobState.SKIPPED, JobState.FAILED, JobState.DONE}),
    JobState.RUNNING: frozenset(
        {JobState.DONE, JobState.READY, JobState.FAILED, JobState.IN_DOUBT, JobState.WAITING, JobState.SKIPPED}
    ),
    JobState.IN_DOUBT: frozenset({JobState.READY, JobState.DONE, JobState.WAITING, JobState.SKIPPED}),
    # a redo, or its file was lost: what only money brings back stops
    JobState.DONE: frozenset({JobState.READY, JobState.WAITING, JobState.SKIPPED, JobState.FAILED}),
    # a person queued it again; done: the plan was good, and only repeated another
    JobState.FAILED: frozenset({JobState.READY, JobState.WAITING, JobState.SKIPPED, JobState.DONE}),
    JobState.SKIPPED: frozenset({JobState.WAITING}),
}


def check_job_move(before: JobState, after: JobState) -> None:
    """Raise IllegalMove unless a job in `before` may become `after`; staying is no move."""
    if before != after and after not in JOB_MOVES[before]:
        raise IllegalMove(f"a job cannot go from {before.value} to {after.value}")
