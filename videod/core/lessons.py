"""What a creator corrects in a narration is an example for the channel's next plans. Pure.

Both texts are foreign: they are cleaned and cut before they are kept, since they go into a prompt.
"""

from collections.abc import Mapping

from videod.core.model import Job
from videod.core.ops import KeepLesson
from videod.core.sanitize import sanitize_line

#: so many are kept of a channel, and characters of each text
MOST, TEXT_MAX = 12, 300
#: of which jobs, and which of their words
STEP, WORD = "narration", "text"


def lesson(job: Job, changes: Mapping[str, object]) -> KeepLesson | None:
    """What is learned from a correction; None where no line was corrected."""
    was, now = (cleaned(held.get(WORD)) for held in (job.args, changes))
    if job.step != STEP or not was or not now or was == now:
        return None
    return KeepLesson(job.channel_id, job.task_id, job.name, was, now)


def cleaned(text: object) -> str:
    return " ".join(sanitize_line(text).split())[:TEXT_MAX] if isinstance(text, str) else ""
