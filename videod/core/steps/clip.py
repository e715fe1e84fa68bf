"""One clip: a picture set into motion by a video model."""

from collections.abc import Mapping

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import (
    KIB,
    MIB,
    Command,
    CommandContext,
    Context,
    Expectation,
    Makes,
    Per,
    Price,
    Step,
    Usual,
    positive,
)
from videod.core.step_parts import (
    FITS,
    WORDLESS_S,
    bought_again,
    clip_key,
    clip_s,
    fitting_s,
    job,
    noted,
    picture_name,
    reworded,
    text,
)

#: shares of the asked length that a clip may have: generate_video takes 0.8, another vendor's 8 s for 10 s pass too
SHARES = (0.75, 1.5)
#: the service that films still shots, and how long they are at least
STILLS, STILL_S = "ffmpeg", 10
#: the lengths that services make; a custom script cannot be asked for one, so any of them is right, seconds
LENGTHS = (5.0, 10.0)


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    made = []
    for clip in plan.clips:
        picture = picture_name(clip)
        args: dict[str, object] = {
            "picture": picture, "prompt": clip.motion, "negative": clip.negative or policy.negative_prompt,
            "seconds": policy.clip_seconds,
        }  # fmt: skip
        if clip.still:  # as long as clips usually are: more of it costs nothing
            args |= {"still": True, "seconds": max(STILL_S, policy.clip_seconds)}
        elif policy.narration_first and clip.wordless:  # it is known before how long it will be
            args["seconds"] = fitting_s(policy, WORDLESS_S + clip.hold)
        elif policy.narration_first:
            args[FITS] = f"narration/{clip_key(clip.number)}"
        service = STILLS if clip.still else None
        made.append(job(STEP, task, policy, clip_key(clip.number), args, (picture,), service))
    return tuple(made)


def _own_price(args: Mapping[str, object], policy: ChannelPolicy) -> int | None:
    """What a clip of that length costs with the channel's model."""
    seconds = clip_s(args)
    return policy.clip_micros.get(seconds) if isinstance(seconds, int) else None


def _argv(job: Job, at: CommandContext) -> Command:
    if job.service == STILLS:
        return Command((
            "--image", at.file(text(job, "picture")), "--motion", noted(job, text(job, "prompt")),
            "--duration", text(job, "seconds"), "--output", at.path(STEP.output(job, at.task)),
        ))  # fmt: skip
    return Command((
        "--image", at.file(text(job, "picture")), "--prompt", reworded(job, text(job, "prompt")),
        "--negative-prompt", text(job, "negative"), "--duration", str(clip_s(job.args)),
        "--model", at.models["video"], "--image-host", at.image_host,
        *(("--image-host-second", at.image_host_second) if at.image_host_second else ()),
        *(("--bucket", at.bucket) if at.bucket else ()),
        "--wait", str(at.clip_wait_s), "--output", at.path(STEP.output(job, at.task)),
        *(("--fetch-only",) if job.fetching else bought_again(job)),
    ))  # fmt: skip


def _place(job: Job, task: Task) -> str:
    return f"videos/{job.key}"


def _expects(job: Job, context: Context) -> Expectation:
    asked = positive(clip_s(job.args))
    if asked is None:
        return Expectation(min_bytes=4 * KIB, max_bytes=512 * MIB, min_s=1.0, max_s=120.0, min_side=240)
    shortest, longest = (asked, asked) if not context.foreign else (min(asked, *LENGTHS), max(asked, *LENGTHS))
    low, high = SHARES[0] * shortest, SHARES[1] * longest + 1
    return Expectation(
        min_bytes=4 * KIB, max_bytes=512 * MIB, min_s=low, max_s=high, about_s=asked, min_side=240
    )  # fmt: skip


STEP = Step(
    name="clip",
    script="generate_video.py",
    service="kie",
    after=("composite", "split_screen"),
    per=Per.CLIP,
    gate=Gate.ASSETS,
    review=Gate.VIDEO,
    error=Status.ERROR_VIDEO,
    deadline_s=1800,
    price=Price("clip", own=_own_price),
    makes=Makes.VIDEO,
    suffix=".mp4",
    secrets=("KIE_API_KEY", "CATBOX_USERHASH", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"),
    noun="clips",
    # Kling 2.5 turbo pro delivers most 10 s clips within 2 to 5 minutes and one in twenty later
    usual=Usual(120, 300, 0.05, 300, 600),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    shown_as="Clip",
    rewordable=True,
    words={"motion": "prompt"},
    noted=True,
    fetchable=True,
    legacy_args=("--image", "--prompt", "--output"),
    model="video",
)
