"""YouTube's verdict on an uploaded film: looked at again until it is final; a bad one stops the episode at once."""

from dataclasses import replace

from videod.core import told, verdict
from videod.core.events import VideoLooked
from videod.core.failures import REJECTED, Failure, Kind
from videod.core.ops import Alert
from videod.core.statuses import JobState
from videod.core.transition import StaleEvent, Transition
from videod.core.verdict import BAD, Found, Verdict


def looked(work: Transition, event: VideoLooked) -> Transition:
    """The work after a look at its video. Raises StaleEvent if there was nothing to look at."""
    task = work.task
    upload = next((job for job in work.jobs if job.step == "upload"), None)
    if task.verdict_due is None or upload is None or upload.state is not JobState.DONE or task.youtube_id is None:
        raise StaleEvent("its video is not watched")
    found = Found(Verdict(event.verdict), event.reason)
    looks = task.verdict_looks + 1
    unlisted = found == Found(Verdict.GONE) and task.verdict != Verdict.PROCESSED
    if unlisted and looks < verdict.MISSED:  # YouTube lists a new film late
        found = Found(Verdict.PENDING)
    if found.verdict in BAD:
        return _refused(work.with_task(verdict_looks=looks), found, event.at)
    uploaded_at = upload.ended_at or task.ended_at or event.at
    processed = found.verdict is Verdict.PROCESSED or task.verdict == Verdict.PROCESSED
    due = None if found.verdict is Verdict.UNWATCHED else verdict.next_look(uploaded_at, event.at, processed)
    kept = Verdict.PROCESSED if processed else found.verdict
    if due is None and kept is Verdict.PENDING:
        kept = Verdict.OVERDUE
        text = f"{task.title} ({task.channel_id}): YouTube has not finished processing the film after a week."
        text += f" Look at it in YouTube Studio: {task.youtube_url}"
        work = work.adding(Alert(f"{task.id}:overdue:{event.at}", text))
    return work.with_task(verdict=kept.value, verdict_due=due, verdict_looks=looks)


def _refused(work: Transition, found: Found, at: int) -> Transition:
    """The upload has failed after all. Another try has a place of its own, so that it does not take this result."""
    upload = next(job for job in work.jobs if job.step == "upload")
    url = f". {work.task.youtube_url}" if work.task.youtube_url else ""
    failure = Failure(Kind.INPUT, verdict.sentence(found) + url, "youtube", code=REJECTED, at=at)
    after = replace(
        upload, state=JobState.FAILED, failure=failure, revision=upload.revision + 1, remote_id=None, ended_at=at
    )
    work = work.with_task(verdict=found.verdict.value, verdict_due=None, ended_at=None, youtube_url=None)
    return work.with_job(after).adding(told.alert(work.task, after, failure, suspended=False))
