"""The plan of the episode: the one job that an entry starts with; all others follow from it.

An entry may bring its story (`core/own_story`): then the planner only makes pictures, motion and sounds for its script,
or a whole plan is checked and taken as it is.
"""

import json
import math
import zlib
from collections.abc import Mapping

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import MIB, Command, CommandContext, Context, Expectation, Makes, Per, Price, Step, Usual
from videod.core.step_parts import STORY, bought_again, names, noted, spoken
from videod.core.story import IMAGES_MAX, PLAN, SCRIPT


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    return ()  # it is there before the plan: `expand.first_job`


#: the channel's voice, wishes and last stories, for the script to read
CHANNEL_FILE = "plan/channel.json"


def _argv(job: Job, at: CommandContext) -> Command:
    clips, images = at.clips, at.images
    options, held = _own(job, at)
    if (lines := names(job, SCRIPT)) and not job.args.get(PLAN):
        clips, images = len(lines), min(IMAGES_MAX, math.ceil(at.images * len(lines) / at.clips))
    habits = {
        "pace": at.pace, "clip_seconds": at.clip_seconds, "likes": list(at.likes), "banned": list(at.banned),
        "before": [dict(story) for story in at.before],
        **({"lessons": [{"was": was, "now": now} for was, now in at.lessons]} if at.lessons else {}),
        **({"stills": list(at.stills)} if at.stills[1] else {}),
        **({"wordless": at.wordless} if at.wordless else {}),
    }  # fmt: skip
    return Command((
        "--title", at.task.title, "--topic", at.task.topic, "--direction", noted(job, at.task.direction),
        "--channel-name", at.channel_name, "--brand", at.brand, "--clips", str(clips), "--images", str(images),
        "--model", at.models["text"], "--light-model", at.models["text_light"],
        "--channel-file", at.path(CHANNEL_FILE), "--output", at.path(STEP.output(job, at.task)), *spoken(at),
        *options, *_sources(at), *_chosen(job), *bought_again(job),
    ), {CHANNEL_FILE: json.dumps(habits, ensure_ascii=False)} | held)  # fmt: skip


def _own(job: Job, at: CommandContext) -> tuple[tuple[str, ...], dict[str, str]]:
    """The options and the file of a story that the entry brings. The file's name tells which it is."""
    if plan := job.args.get(PLAN):
        text, option, suffix = json.dumps(plan, ensure_ascii=False), "--plan", ".json"
    elif lines := names(job, SCRIPT):
        text, option, suffix = "\n\n".join(lines) + "\n", "--script", ".txt"
    else:
        return (), {}
    name = f"plan/own_{zlib.crc32(text.encode('utf-8', 'replace')):08x}{suffix}"
    return (option, at.path(name)), {name: text}


def _asked(args: Mapping[str, object]) -> int:
    """What of a whole plan is asked for: nothing where it is there already, the rest where its stories are."""
    if args.get(PLAN):
        return 0
    return FROM_BEATS if STORY in args else WHOLE


def _known_before(command: Command) -> bool:
    return not {"--plan", "--script"}.intersection(command.argv)


def _sources(at: CommandContext) -> tuple[str, ...]:
    """Where facts are read, as far as it is not what the script does anyway."""
    search = ("--search",) if at.search else ()
    if at.reads != "wikipedia":
        return ("--facts", at.reads, *search)
    return ("--contact", at.contact, *search) if at.contact else search


def _chosen(job: Job) -> tuple[str, ...]:
    """The story that a person chose of those that the last plan wrote."""
    return ("--story", str(job.args[STORY])) if STORY in job.args else ()


#: what the stages after the stories cost of a whole plan
FROM_BEATS, WHOLE = 3, 4


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
    review=Gate.STORY,
    error=Status.ERROR_PLANNING,
    deadline_s=1500,
    price=Price("plan", count=_asked, per=WHOLE),
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
    words={"story": STORY},
    model="text",
    recalls=True,
    known_before=_known_before,
    refused="change the Topic or the Story Direction, then set Queued",
)
