"""What a person does about a failure: the one place for its wording. Pure.

Every answer names the key, the file or the command; none promises a retry that will not come. Answers are clauses
without a full stop, for "What to do: ...".
"""

from videod.core import services
from videod.core.failures import BAD_FILE, LOST_FILE, POLICY, Answer, Failure, Kind
from videod.core.model import Job
from videod.core.statuses import JobState

#: step -> key of `[models]` in videod.toml that names its model
_MODELS = {"plan": "text", "image": "image", "composite": "image", "clip": "video"}
#: `Failure.code` of a service that does not know a voice, or a model
_VOICE, _MODEL = "voice", "model"


def advice(job: Job, failure: Failure) -> str:
    """What a person does about it; empty where there is nothing to say."""
    if job.state == JobState.FAILED and POLICY[failure.kind].answer == Answer.AGAIN:
        return f"videod has stopped trying; see `videod show {job.task_id}`, then set Queued to try again"
    if failure.code in (LOST_FILE, BAD_FILE):
        return _lost(job, failure)
    if job.state == JobState.READY and failure.kind in _ONCE_MORE:
        return _ONCE_MORE[failure.kind]
    if job.step == "plan" and failure.kind in (Kind.INPUT, Kind.REFUSED):
        return "change the Topic or the Story Direction, then set Queued"
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
        case Kind.IN_DOUBT:
            return f"look for the job in the log of {job.service}; set Queued to buy it again, or Cancelled"
        case Kind.DISK:
            return "free space on the disk of `[paths] state` in videod.toml; videod resumes automatically"
        case Kind.BUG:
            return f"nothing yet; videod retries automatically, `videod show {job.task_id}` has the script's own words"
        case _:
            return POLICY[failure.kind].advice


def _lost(job: Job, failure: Failure) -> str:
    price = f"${job.price_micros / 1e6:.2f}"
    free = (
        "; if you still have the very file, put it back first and it costs nothing" if failure.code == LOST_FILE else ""
    )
    return (
        f"set Queued to generate it again for {price}, or Cancelled to stop; nothing more is bought for this episode"
        f" until then{free}"
    )


#: what videod does automatically after the first of these
_ONCE_MORE = {
    Kind.REFUSED: "nothing; videod tries it once more, re-worded",
    Kind.IN_DOUBT: "nothing; videod buys it once more, as the channel's rebuy_ceiling_usd allows",
}


def channel_file(job: Job) -> str:
    return f"channels/{job.channel_id}.yaml"


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
    again = "nothing; videod resumes automatically at that time"
    blamed = services.named(failure.service, job.service)
    if blamed is None or blamed.credit_at is None:
        return again
    return f"{again}. If credit is used up, buy some at {blamed.credit_at} and run `videod resume {job.service}`"


def setting(job: Job, failure: Failure) -> str:
    """The setting that a service or a script refused, with its file, as far as it can be known."""
    code = (failure.code or "").lower()
    model = _MODELS.get(job.step)
    blamed = services.named(failure.service)
    if blamed is not None and blamed.settings is not None:
        return blamed.settings
    if job.step == "narration":
        voice, spoken = f"`voice_id` in {channel_file(job)}", "`voice` in `[models]` of videod.toml"
        if _VOICE in code:
            return voice
        return spoken if _MODEL in code else f"{voice} and {spoken}"
    if job.step == "sound_effect":
        return "that the ElevenLabs plan of ELEVENLABS_API_KEY includes sound effects"
    if job.step == "upload":
        return f"`youtube_channel` and `category` in {channel_file(job)}"
    if model is not None:
        return f"`{model}` in `[models]` of videod.toml"
    return f"`[paths] ffmpeg` and `[scripts] {job.step}` in videod.toml"
