"""The picture that a clip starts from: two images side by side."""

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Gate, Status
from videod.core.step import Command, CommandContext, Makes, Per, Step, Usual
from videod.core.step_parts import clip_key, image_names, job, picture_expected, text


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    made = []
    for clip in plan.clips:
        if clip.picture.type == "split":
            images = image_names(clip)
            made.append(job(STEP, task, policy, clip_key(clip.number), {"left": images[0], "right": images[1]}, images))
    return tuple(made)


def _argv(job: Job, at: CommandContext) -> Command:
    sides = ("--left", at.file(text(job, "left")), "--right", at.file(text(job, "right")))
    return Command((*sides, "--output", at.path(STEP.output(job, at.task))))


def _place(job: Job, task: Task) -> str:
    return f"assets/composites/{job.key}"


STEP = Step(
    name="split_screen",
    script="create_split_screen.py",
    service="pillow",
    after=("image",),
    per=Per.CLIP,
    gate=Gate.STORY,
    review=Gate.ASSETS,
    error=Status.ERROR_COMPOSITES,
    deadline_s=120,
    price=None,
    makes=Makes.IMAGE,
    suffix=".png",
    secrets=(),
    noun="split screens",
    usual=Usual(1.2, 1.2),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=picture_expected,
    shown_as="Composite",
    travels=True,
)
