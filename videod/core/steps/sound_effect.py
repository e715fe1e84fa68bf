"""The sound of one clip's scene."""

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import (
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
from videod.core.step_parts import bought_again, clip_key, effect_keys, job, noted, text

#: shares of the asked length: its service may trim or loop an effect
SHARES = (0.5, 2.0)


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    made = []
    own = set(effect_keys(plan, policy.effects))
    for clip in (one for one in plan.clips if clip_key(one.number) in own):
        args: dict[str, object] = {"text": clip.sound, "seconds": policy.clip_seconds}
        made.append(job(STEP, task, policy, clip_key(clip.number), args, ("plan/plan",)))
    return tuple(made)


def _argv(job: Job, at: CommandContext) -> Command:
    return Command((
        "--text", noted(job, text(job, "text")), "--duration", text(job, "seconds"),
        "--output", at.path(STEP.output(job, at.task)), *bought_again(job),
    ))  # fmt: skip


def _place(job: Job, task: Task) -> str:
    return f"sfx/{job.key}"


def _expects(job: Job, context: Context) -> Expectation:
    asked = positive(job.args.get("seconds"))
    low, high = (0.3, 120.0) if asked is None else (SHARES[0] * asked, SHARES[1] * asked + 2)
    return Expectation(min_bytes=500, max_bytes=64 * MIB, min_s=low, max_s=high, about_s=asked)


def _setting(job: Job, code: str) -> str:
    return "that the ElevenLabs plan of ELEVENLABS_API_KEY includes sound effects"


STEP = Step(
    name="sound_effect",
    script="generate_sound_effects.py",
    service="elevenlabs",
    after=("plan",),
    per=Per.CLIP,
    gate=Gate.VIDEO,
    review=Gate.AUDIO,
    error=Status.ERROR_SFX,
    deadline_s=180,
    price=Price("effect"),
    makes=Makes.AUDIO,
    suffix=".mp3",
    secrets=("ELEVENLABS_API_KEY",),
    noun="effects",
    usual=Usual(2, 6),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    shown_as="Sound Effect",
    words={"effect": "text"},
    noted=True,
    legacy_args=("--text", "--output", "--duration"),
    setting=_setting,
)
