"""The captions of the film: what is narrated over each cut, as files beside it."""

import json

from videod.core.languages import language
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
    Step,
    Usual,
    positive,
    revised,
)
from videod.core.step_parts import WORDLESS, clip_key, clip_keys, job, names


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    keys = clip_keys(plan)
    silent = {clip_key(clip.number) for clip in plan.clips if clip.wordless}
    needs = tuple(
        f"{step}/{key}" for key in keys for step in ("narration", "cut") if step == "cut" or key not in silent
    )  # fmt: skip
    return (job(STEP, task, policy, "film", {"clips": keys}, ("assemble/film", *needs)),)


def _argv(job: Job, at: CommandContext) -> Command:
    film = at.facts.get("assemble/film", {})
    listed = revised("captions/cuts", job, ".json")
    cuts = [_cut(name, at) for name in names(job, "clips")]
    told = {"opening_s": positive(film.get("opening_s")) or 0.0, "cuts": cuts}
    length = positive(film.get("duration_s"))
    argv = (
        "--list", at.path(listed), "--language", language(at.language).published,
        *(("--film-seconds", f"{length:.3f}") if length else ()), "--output", at.path(STEP.output(job, at.task)),
    )  # fmt: skip
    return Command(argv, {listed: json.dumps(told, ensure_ascii=False, indent=1)})


def _cut(name: str, at: CommandContext) -> dict[str, object]:
    narration, cut = f"narration/{name}", f"cut/{name}"
    place: dict[str, object] = {"cut": f"../{at.outputs[cut]}", "seconds": at.length_s(cut) or 0.05}
    if at.ordered.get(cut, {}).get(WORDLESS):
        return place
    return {
        "text": str(at.ordered.get(narration, {}).get("text", "")), "narration": f"../{at.outputs[narration]}",
        **place,
    }  # fmt: skip


def _place(job: Job, task: Task) -> str:
    return f"{task.id}_final"


def _expects(job: Job, context: Context) -> Expectation:
    # a film whose cuts are not known has none: an empty file
    return Expectation(min_bytes=0, max_bytes=4 * MIB)


STEP = Step(
    name="captions",
    script="make_captions.py",
    service="ffmpeg",
    after=("narration", "cut", "assemble"),
    per=Per.EPISODE,
    gate=None,
    review=Gate.FINAL,
    error=Status.ERROR_ASSEMBLY,
    deadline_s=300,
    price=None,
    makes=Makes.TEXT,
    suffix=".srt",
    secrets=(),
    noun="caption files",
    usual=Usual(0.4, 0.4),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    without="the film is published without captions",
    travels=True,
    beside=("{stem}.vtt",),
)
