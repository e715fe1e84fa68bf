"""What the narrator says over one clip."""

from collections.abc import Mapping

from videod.core import voice_marks
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import MIB, Command, CommandContext, Context, Expectation, Makes, Per, Price, Step, Usual
from videod.core.step_parts import FIRST, bought_again, channel_file, clip_key, job, spoken, text

#: the fastest and slowest speech, characters a second; narrators speak about 15 (generate_audio refuses above 20)
FASTEST, SLOWEST = 25.0, 4.0
#: so many characters of the narrations before and after go with it, so that a voice speaks a line as part of a whole
NEIGHBOR_CHARACTERS = 400
#: what a service's code holds that does not know a voice, or a model
_VOICE, _MODEL = "voice", "model"
#: what ElevenLabs calls a voice that only paid plans may use
_PLAN = "paid_plan_required"


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    first: dict[str, object] = {FIRST: True} if policy.narration_first else {}
    return tuple(
        job(STEP, task, policy, clip_key(clip.number), {"text": clip.narration, **first}, ("plan/plan",))
        for clip in plan.clips if not clip.wordless
    )  # fmt: skip


def _characters(args: Mapping[str, object]) -> int:
    return len(str(args["text"]))


def _argv(job: Job, at: CommandContext) -> Command:
    return Command((
        "--text", text(job, "text"), "--voice", at.voice_id, "--model", at.models["voice"],
        "--stability", str(at.voice["stability"]), "--similarity", str(at.voice["similarity"]),
        "--style", str(at.voice["style"]), *spoken(at), "--output", at.path(STEP.output(job, at.task)),
        *bought_again(job),
    ), aside=_neighbors(job, at))  # fmt: skip


def _neighbors(job: Job, at: CommandContext) -> tuple[str, ...]:
    """The ends of the narrations beside this one, as they are ordered now.

    They are no part of the order: where one is corrected, those beside it stay as they were bought.
    """
    texts = {other.partition("/")[2]: str(args.get("text", "")).strip() for other, args in at.ordered.items()
             if other.startswith(f"{STEP.name}/")}  # fmt: skip
    keys = sorted((key for key, said in texts.items() if said or key == job.key), key=lambda key: (len(key), key))
    place = keys.index(job.key) if job.key in keys else -1
    if place < 0:
        return ()
    before = texts[keys[place - 1]][-NEIGHBOR_CHARACTERS:] if place else ""
    after = texts[keys[place + 1]][:NEIGHBOR_CHARACTERS] if place + 1 < len(keys) else ""
    return (*(("--previous", before) if before else ()), *(("--next", after) if after else ()))


def _place(job: Job, task: Task) -> str:
    return f"audio/{job.key}"


def _expects(job: Job, context: Context) -> Expectation:
    asked = str(job.args.get("text", ""))
    letters = len(voice_marks.spoken(asked))
    return Expectation(
        min_bytes=500, max_bytes=64 * MIB, min_s=max(0.3, letters / FASTEST),
        max_s=10 + letters / SLOWEST + voice_marks.breaks_s(asked),
    )  # fmt: skip


def _setting(job: Job, code: str) -> str:
    voice, model = f"`voice_id` in {channel_file(job)}", "`voice` in `[models]` of videod.toml"
    if _VOICE in code or code == _PLAN:
        return voice
    return model if _MODEL in code else f"{voice} and {model}"


STEP = Step(
    name="narration",
    script="generate_audio.py",
    service="elevenlabs",
    after=("plan",),
    per=Per.CLIP,
    gate=Gate.VIDEO,
    review=Gate.AUDIO,
    error=Status.ERROR_AUDIO,
    deadline_s=180,
    price=Price("narration", setting="narration_per_1000_characters", count=_characters, per=1000),
    makes=Makes.AUDIO,
    suffix=".mp3",
    secrets=("ELEVENLABS_API_KEY",),
    noun="narrations",
    usual=Usual(2, 6),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    shown_as="Narration",
    words={"narration": "text"},
    legacy_args=("--text", "--output", "--model", "--stability", "--similarity", "--style"),
    legacy_env={"--voice": "ELEVENLABS_VOICE_ID"},
    of_channel=True,
    setting=_setting,
    beside=("{name}.times.json",),
)
