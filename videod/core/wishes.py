"""What a person may ask for, and what may stand in its way: two closed sets. Pure."""

from enum import StrEnum


class Verb(StrEnum):
    """What a person may ask for. The value is that of `--json`, and of the command where there is one."""

    APPROVE = "approve"
    REDO = "redo"
    RETRY = "retry"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    #: let the service that the episode waits for start jobs again
    RESUME_SERVICE = "resume_service"
    #: rewrite words that a file is ordered with
    CORRECT = "correct"
    #: put another file in the place of one
    CHOOSE = "choose"
    #: change a field of the entry
    EDIT = "edit"


class Obstacle(StrEnum):
    """Why something cannot be done now. The value is that of `--json`."""

    ALREADY_APPROVED = "already_approved"
    ALREADY_QUEUED = "already_queued"
    ALREADY_CANCELLED = "already_cancelled"
    NOT_PAUSED = "not_paused"
    #: the channel's file is missing: nothing begins
    NO_CHANNEL = "no_channel"
    PUBLISHED = "published"
    #: it is cancelled or a draft: nothing would start anyway
    CLOSED = "closed"
    IN_REVIEW = "in_review"
    IN_WORK = "in_work"
    #: a service or a budget refused its work; it resumes automatically
    SUSPENDED = "suspended"
    #: that review is not open
    NO_REVIEW = "no_review"
    #: none of the named files can be regenerated
    NOTHING_CHOSEN = "nothing_chosen"
    #: nothing that a person writes goes into that file
    NO_WORDS = "no_words"
    #: it says so already
    SAME_WORDS = "same_words"
    #: that file is in its place already
    SAME_FILE = "same_file"
    #: the file is being made now
    BEING_MADE = "being_made"
    #: nobody knows whether the file was bought
    UNCONFIRMED = "unconfirmed"
    #: the episode has begun for its channel
    BEGUN = "begun"
    PLANNED = "planned"
    #: no stories were written, or the story is the creator's own
    NO_STORY = "no_story"
    #: the plan is written, and its review is open: it may be written again
    PLAN_IN_REVIEW = "plan_in_review"
    UPLOADING = "uploading"
    #: only a person can free the disk
    DISK = "disk"


#: nothing has to be done, since it is so
ALREADY = frozenset(
    {
        Obstacle.ALREADY_APPROVED,
        Obstacle.ALREADY_QUEUED,
        Obstacle.ALREADY_CANCELLED,
        Obstacle.NOT_PAUSED,
        Obstacle.SAME_WORDS,
        Obstacle.SAME_FILE,
    }
)
