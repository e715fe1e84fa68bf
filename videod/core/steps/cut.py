"""One clip cut to its narration, with its sound: a piece of the film."""

from videod.core.languages import language
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import GIB, KIB, Command, CommandContext, Context, Expectation, Makes, Per, Step, Usual, positive
from videod.core.step_parts import WORDLESS, WORDLESS_S, clip_keys, effect_keys, job, places, text

#: no cut of ours is shorter where its clip is not (scripts/lib/film/pace: 5.5), less a picture or two
LEAST_S = 5.4
#: the arguments of a cut that dissolves from the one before: how long, s, and which that is
DISSOLVE, AFTER = "dissolve", "after"


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    made = []
    keys, effects, there = clip_keys(plan), effect_keys(plan, policy.effects), places(plan)
    for number, (key, effect, clip) in enumerate(zip(keys, effects, plan.clips, strict=True)):
        parts = {"video": f"clip/{key}", "audio": f"narration/{key}", "sfx": f"sound_effect/{effect}"}
        if clip.wordless:
            del parts["audio"]
        args: dict[str, object] = {**parts, **({WORDLESS: True} if clip.wordless else {})}
        args |= {"opens": True} if key == keys[0] else {}
        args |= {"closes": True} if key == keys[-1] else {}
        args |= {"hold": clip.hold} if clip.hold else {}
        needs = tuple(parts.values())
        if policy.dissolve_s and number and there[number] != there[number - 1]:
            args |= {DISSOLVE: policy.dissolve_s, AFTER: keys[number - 1]}
            needs += (f"clip/{keys[number - 1]}", f"cut/{keys[number - 1]}")
        made.append(job(STEP, task, policy, key, args, needs))
    return tuple(made)


def _argv(job: Job, at: CommandContext) -> Command:
    place = tuple(f"--{name}" for name in ("opens", "closes") if job.args.get(name))
    return Command((
        "--video", at.file(text(job, "video")),
        *(() if job.args.get(WORDLESS) else ("--audio", at.file(text(job, "audio")))),
        "--sfx", at.file(text(job, "sfx")), "--output", at.path(STEP.output(job, at.task)), "--inspected", *place,
        *(("--watermark", at.watermark) if at.watermark else ()),
        *(("--hold", str(job.args["hold"])) if job.args.get("hold") else ()),
    ))  # fmt: skip


def _besides(job: Job, at: CommandContext) -> tuple[str, ...]:
    """What is drawn where the channel wants it: what is said, the title, what shows before and goes."""
    said = at.ordered.get(str(job.args.get("audio")), {}).get("text") if at.burn_captions else None
    words: tuple[str, ...] = ("--burn-captions", str(said), "--language", language(at.language).base) if said else ()
    if at.title_s and job.args.get("opens"):
        words += ("--title", at.task.title, "--title-seconds", f"{at.title_s:g}")
    if (before := job.args.get(AFTER)) is not None:
        words += ("--dissolve", text(job, DISSOLVE), "--after-clip", at.file(f"clip/{before}"),
                  "--after-cut", at.file(f"cut/{before}"))  # fmt: skip
    return words


def _place(job: Job, task: Task) -> str:
    return f"cuts/{job.key}"


def _expects(job: Job, context: Context) -> Expectation:
    """A clip trimmed to the words of its narration and some time around them; ours is never shorter than a breath.

    Another's script may take the shorter of the two, or the whole clip.
    """
    if job.args.get(WORDLESS):
        return _wordless(job, context)
    lengths = [context.length_s(str(job.args.get(part))) for part in ("video", "audio")]
    known = [length for length in lengths if length is not None]
    low, high = (0.95 * min(known) - 0.25, 1.05 * max(known) + 10.5) if len(known) == 2 else (0.3, 300.0)
    if not context.foreign:
        low = min(low, LEAST_S)  # silence at the ends of a narration is left out
    spoken = lengths[1]
    return Expectation(
        min_bytes=4 * KIB, max_bytes=GIB, min_s=low, max_s=high, about_s=spoken, min_side=240, heard=True
    )  # fmt: skip


def _wordless(job: Job, context: Context) -> Expectation:
    """As long as its plan says, within its clip; another's script may take the whole clip."""
    clip_s = context.length_s(str(job.args.get("video")))
    wanted_s = WORDLESS_S + (positive(job.args.get("hold")) or 0.0)
    about_s = wanted_s if clip_s is None else min(wanted_s, clip_s)
    high_s = about_s if not context.foreign or clip_s is None else max(about_s, clip_s)
    return Expectation(
        min_bytes=4 * KIB, max_bytes=GIB, min_s=0.9 * about_s - 0.25, max_s=1.05 * high_s + 1.0, about_s=about_s,
        min_side=240, heard=True,
    )  # fmt: skip


STEP = Step(
    name="cut",
    script="cut_clip.py",
    service="ffmpeg",
    after=("clip", "narration", "sound_effect"),
    per=Per.CLIP,
    gate=None,
    review=Gate.FINAL,
    error=Status.ERROR_ASSEMBLY,
    deadline_s=300,
    price=None,
    makes=Makes.VIDEO,
    suffix=".mov",
    secrets=(),
    noun="cuts",
    usual=Usual(1, 2),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    besides=_besides,
    travels=True,
    beside=("{name}.checked.json", "{name}.said.json"),
)
