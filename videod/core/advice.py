"""What a person does about a failure: the one place for its wording. Pure.

Every answer names the key, the file or the command; none promises a retry that will not come. Answers are clauses
without a full stop, for "What to do: ...".
"""

from videod.core import services
from videod.core.derive import spared
from videod.core.failures import (
    ALIKE,
    BAD_FILE,
    LOST_FILE,
    OWN_PROGRAM,
    PAID_WITHOUT_FILE,
    POLICY,
    REJECTED,
    Answer,
    Failure,
    Kind,
)
from videod.core.model import Job
from videod.core.statuses import JobState
from videod.core.step_parts import channel_file
from videod.core.tables import STEPS


def advice(job: Job, failure: Failure) -> str:
    """What a person does about it; empty where there is nothing to say."""
    if spared(job):
        again = f"To get it, run `videod redo {job.task_id} {job.name}` at the review of the film"
        return f"nothing: {STEPS[job.step].without}. {again}"
    if job.state == JobState.FAILED and POLICY[failure.kind].answer == Answer.AGAIN:
        return f"videod has stopped trying. See `videod show {job.task_id}`, then set Queued to try again"
    if failure.code in (LOST_FILE, BAD_FILE):
        return _lost(job, failure)
    if failure.code == REJECTED:
        return (
            "look at the film in YouTube Studio, where you can appeal. To upload it again, delete it there and set"
            " Queued. To leave it as it is, set Cancelled"
        )
    if failure.code == ALIKE:
        another = ", or change the Topic or the Story Direction first for another plan" if job.step == "plan" else ""
        return f"set Cancelled, or set Queued to make this film anyway{another}"
    if job.state == JobState.READY and failure.kind in _ONCE_MORE:
        return _ONCE_MORE[failure.kind]
    if (other := STEPS[job.step].refused) is not None and failure.kind in (Kind.INPUT, Kind.REFUSED):
        return other
    match failure.kind:
        case Kind.CREDENTIALS:
            return _credentials(job, failure)
        case Kind.CONFIGURATION:
            return f"check {setting(job, failure)}, then set Queued"
        case Kind.QUOTA:
            return _quota(job, failure)
        case Kind.BUDGET:
            return f"raise `episode_cap_usd` in {channel_file(job)} if the episode is worth it, then set Queued"
        case Kind.INPUT:
            return f"look at the input of {job.name} in `videod show {job.task_id}` and fix it, then set Queued"
        case Kind.USAGE:
            return f"make the program in `[scripts] {job.step}` of videod.toml accept these arguments, then set Queued"
        case Kind.IN_DOUBT if failure.code == PAID_WITHOUT_FILE:
            return (
                f"look for the job in your account of {job.service}. If it was made, save its file in that place and"
                " set Queued: videod uses it and pays nothing. Otherwise set Queued to buy it again, or Cancelled"
            )
        case Kind.IN_DOUBT:
            return f"look for the job in the log of {job.service}. Set Queued to buy it again, or Cancelled"
        case Kind.DISK:
            return "free space on the disk of `[paths] state` in videod.toml. videod resumes automatically"
        case Kind.BUG:
            return f"nothing yet. videod retries automatically, `videod show {job.task_id}` has the script's own words"
        case _:
            return POLICY[failure.kind].advice


def _lost(job: Job, failure: Failure) -> str:
    price = f"${job.price_micros / 1e6:.2f}"
    free = ". If you still have that file, put it back first and it costs nothing" if failure.code == LOST_FILE else ""
    return (
        f"set Queued to generate it again for {price}, or Cancelled to stop. Nothing more is bought for this episode"
        f" until then{free}"
    )


#: what videod does automatically after the first of these
_ONCE_MORE = {
    Kind.REFUSED: "nothing. videod rewords it and tries once more",
    Kind.IN_DOUBT: "nothing. videod buys it once more, as the channel's rebuy_ceiling_usd allows",
}


def _credentials(job: Job, failure: Failure) -> str:
    blamed, own = services.named(failure.service, job.service), services.named(job.service)
    if blamed is not None and blamed.key is not None:
        return f"put a valid key into {blamed.key} and restart videod"
    if own is not None and own.issued is not None:
        resume = f"`videod resume {job.service} --channel {job.channel_id}`"
        return f"run `videod channels authorize {job.channel_id}`, then {resume}"
    return (
        f"give the program in `[scripts] {job.step}` of videod.toml a valid key, then run `videod resume {job.service}`"
    )


def _quota(job: Job, failure: Failure) -> str:
    blamed = services.named(failure.service, job.service)
    if failure.until_person:
        resume = f"`videod resume {job.service}`"
        if resume in failure.message:
            return ""  # it says itself what to do
        return f"top up at {blamed.credit_at if blamed and blamed.credit_at else job.service}, then run {resume}"
    if (spent := services.out_of_credit(failure, job.service)) is not None:
        return f"top up at {spent.credit_at}, then run `videod resume {job.service}`"
    again = "nothing. videod resumes automatically at that time"
    if blamed is None or blamed.credit_at is None:
        return again
    return f"{again}. If credit is used up, buy some at {blamed.credit_at} and run `videod resume {job.service}`"


def setting(job: Job, failure: Failure) -> str:
    """The setting that a service or a script refused, with its file, as far as it can be known."""
    if failure.code == OWN_PROGRAM:
        return "the program that `[scripts]` in videod.toml names. Its packages belong in a `.venv` beside it"
    step, blamed = STEPS[job.step], services.named(failure.service)
    if blamed is not None and blamed.settings is not None:
        return blamed.settings
    if step.setting is not None:
        return step.setting(job, (failure.code or "").lower())
    if step.model is not None:
        return f"`{step.model}` in `[models]` of videod.toml"
    return f"`[paths] ffmpeg` and `[scripts] {job.step}` in videod.toml"
