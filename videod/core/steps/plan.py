"""The plan of the episode: the one job that an entry starts with; all others follow from it."""

import json

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import MIB, Command, CommandContext, Context, Expectation, Makes, Per, Price, Step, Usual
from videod.core.step_parts import bought_again, noted, spoken


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    return ()  # it is there before the plan: `expand.first_job`


#: the channel's voice, wishes and last stories, for the script to read
CHANNEL_FILE = "plan/channel.json"


def _argv(job: Job, at: CommandContext) -> Command:
    habits = {
        "pace": at.pace, "clip_seconds": at.clip_seconds, "likes": list(at.likes), "banned": list(at.banned),
        "before": [dict(story) for story in at.before],
    }  # fmt: skip
    return Command((
        "--title", at.task.title, "--topic", at.task.topic, "--direction", noted(job, at.task.direction),
        "--channel-name", at.channel_name, "--brand", at.brand, "--clips", str(at.clips), "--images", str(at.images),
        "--model", at.models["text"], "--light-model", at.models["text_light"],
        "--channel-file", at.path(CHANNEL_FILE), "--output", at.path(STEP.output(job, at.task)), *spoken(at),
        *_sources(at), *bought_again(job),
    ), {CHANNEL_FILE: json.dumps(habits, ensure_ascii=False)})  # fmt: skip


def _sources(at: CommandContext) -> tuple[str, ...]:
    """Where facts are read, as far as it is not what the script does anyway."""
    search = ("--search",) if at.search else ()
    if at.reads != "wikipedia":
        return ("--facts", at.reads, *search)
    return ("--contact", at.contact, *search) if at.contact else search


def _place(job: Job, task: Task) -> str:
    return "plan/plan"


def _expects(job: Job, context: Context) -> Expectation:
    return Expectation(max_bytes=4 * MIB)


STEP = Step(
    name="plan",
    script="generate_plan.py",
    service="gemini",
    after=(),
    per=Per.EPISODE,
    gate=None,
    review=Gate.ASSETS,
    error=Status.ERROR_PLANNING,
    deadline_s=1500,
    price=Price("plan"),
    makes=Makes.JSON,
    suffix=".json",
    secrets=("GEMINI_API_KEY",),
    noun="plan",
    usual=Usual(20, 40),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    shown_as="Plan",
    noted=True,
    model="text",
    recalls=True,
    refused="change the Topic or the Story Direction, then set Queued",
)
