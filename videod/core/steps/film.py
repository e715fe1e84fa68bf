"""The film: all cuts joined, with the channel's intro, outro and watermark."""

import json

from videod.core import music
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import (
    KIB,
    PACKETS,
    Command,
    CommandContext,
    Context,
    Expectation,
    Makes,
    Per,
    Step,
    Usual,
    revised,
)
from videod.core.step_parts import WORDLESS, clip_keys, effect_keys, job, names

#: what an intro and an outro may add to a film, where the channel has any, seconds
EXTRAS_S = 300.0
#: how much longer than its parts a film may be: a share for other rates of pictures, and some seconds
FILM_SHARE, FILM_S = 1.02, 3.0
#: so long the end of a film may be silent, where no outro of the channel's is there, seconds
SILENT_END_S = 10.0
#: so much of what a plan says of its mood is kept for choosing the music
MOOD_CHARACTERS = 2000


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    keys = clip_keys(plan)
    mood = " ".join((plan.atmosphere, plan.logline, *vars(plan.arc).values()))[:MOOD_CHARACTERS]
    args: dict[str, object] = {"clips": keys, "mood": mood}
    if (effects := effect_keys(plan, policy.effects)) != keys:
        args["effects"] = effects
    return (job(STEP, task, policy, "film", args, tuple(f"cut/{key}" for key in keys)),)


def _argv(job: Job, at: CommandContext) -> Command:
    clips = []
    keys = names(job, "clips")
    for number, (name, effect) in enumerate(zip(keys, names(job, "effects") or keys, strict=True), start=1):
        parts = {"video": f"clip/{name}", "audio": f"narration/{name}", "sfx": f"sound_effect/{effect}"}
        entry: dict[str, object] = {"clip_number": number, "cut": at.file(f"cut/{name}")}
        ordered = at.ordered.get(f"cut/{name}", {})
        if ordered.get(WORDLESS):
            del parts["audio"]
        if hold := ordered.get("hold"):
            entry["hold"] = hold  # where its cut is of no use, it is cut again as it was ordered
        clips.append(entry | {part: at.file(source) for part, source in parts.items()})
    manifest = revised("plan/manifest", job, ".json")
    extras = tuple(
        part
        for flag, path in (("--intro", at.intro), ("--outro", at.outro), ("--watermark", at.watermark))
        if path is not None
        for part in (flag, path)
    )
    lengths = [at.length_s(f"cut/{name}") for name in names(job, "clips")]
    total = sum(length for length in lengths if length is not None)
    track = music.chosen(at.music, str(job.args.get("mood", "")), total or None, at.task.id)
    if track is not None:
        extras += ("--music", track.path, *(("--music-credit", track.credit) if track.credit else ()))
    argv = ("--manifest", at.path(manifest), "--output", at.path(STEP.output(job, at.task)), *extras)
    return Command(argv, {manifest: json.dumps({"clips": clips}, indent=2)})


def _place(job: Job, task: Task) -> str:
    return f"{task.id}_final"


def _expects(job: Job, context: Context) -> Expectation:
    """About the sum of its cuts, and whatever intro and outro add; another's script makes cuts of its own."""
    silent_end_s = None if context.extras else SILENT_END_S
    keys = names(job, "clips")
    cuts = [context.others.get(f"cut/{key}") for key in keys]
    known = tuple(str(one.facts.get(PACKETS, "")) for one in cuts if one is not None)
    low = high = total = 0.0
    for key in keys:
        parts = [context.length_s(f"{step}/{key}") for step in ("cut", "clip", "narration")]
        cut = parts[0]
        if cut is None:
            return Expectation(
                min_bytes=16 * KIB, min_s=0.3 * len(keys), min_side=240, heard=True, silent_end_s=silent_end_s
            )  # fmt: skip
        total += cut
        lengths = [part for part in parts if part is not None] if context.foreign else [cut]
        low += min(lengths)
        high += max(lengths)
    share, added = 0.95 if context.foreign else 0.98, EXTRAS_S if context.extras else 0.0
    return Expectation(
        min_bytes=16 * KIB, min_s=share * low - 0.5, max_s=FILM_SHARE * high + FILM_S + added,
        about_s=total, min_side=240, heard=True, silent_end_s=silent_end_s,
        parts=known if len(known) == len(keys) and all(known) else (),
    )  # fmt: skip


STEP = Step(
    name="assemble",
    script="assemble_video.py",
    service="ffmpeg",
    after=("cut",),
    per=Per.EPISODE,
    # made while the sounds are reviewed: once they are approved, the film is there. A corrected one makes it again
    gate=None,
    review=Gate.FINAL,
    error=Status.ERROR_ASSEMBLY,
    deadline_s=1800,
    price=None,
    makes=Makes.VIDEO,
    suffix=".mp4",
    secrets=(),
    noun="film",
    # measured on 2 cores with uniform 1080p24 clips, with a margin for clips that must be rendered again
    usual=Usual(40, 40),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    shown_as="Film",
    legacy_args=("--manifest", "--output"),
    travels=True,
)
