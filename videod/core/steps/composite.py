"""The picture that a clip starts from: a character set into an environment, or one image cropped to the frame."""

from dataclasses import replace

from videod.core.legacy_args import options
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan, PlannedClip
from videod.core.statuses import Gate, Status
from videod.core.step import Command, CommandContext, Makes, Per, Step, Usual, positive
from videod.core.step_parts import clip_key, image_names, job, picture_expected, text

#: pixels
FRAME_HEIGHT = 1080


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    return tuple(
        job(STEP, task, policy, clip_key(clip.number), _args(clip), image_names(clip))
        for clip in plan.clips
        if clip.picture.type != "split"
    )


def _args(clip: PlannedClip) -> dict[str, object]:
    images = image_names(clip)
    if clip.picture.type == "full":
        return {"type": "full", "image": images[0]}
    picture = clip.picture
    made: dict[str, object] = {
        "type": "cutout", "character": images[0], "environment": images[1], "scale": picture.scale,
    }  # fmt: skip
    # the usual place is left out: an order from before there were others is the same order
    return made if picture.position == "center" else made | {"position": picture.position}


def _argv(job: Job, at: CommandContext) -> Command:
    output = ("--output", at.path(STEP.output(job, at.task)))
    if job.args["type"] == "full":
        return Command(("--image", at.file(text(job, "image")), *output))
    return Command((
        "--character", at.file(text(job, "character")), "--environment", at.file(text(job, "environment")),
        "--scale", text(job, "scale"), *_position(job), *output,
    ))  # fmt: skip


def _position(job: Job) -> tuple[str, ...]:
    return ("--position", text(job, "position")) if "position" in job.args else ()


def _place(job: Job, task: Task) -> str:
    return f"assets/composites/{job.key}"


def _legacy_units(job: Job, at: CommandContext, command: Command) -> Command:
    """Our scale is a share of the frame's height, an older script's a factor of the picture's own pixels.

    Where the picture was never measured the script's own default counts.
    """
    height = positive(at.facts.get(str(job.args.get("character")), {}).get("height"))
    share = positive(job.args.get("scale"))
    kept = tuple(part for one in options(command) if one[0] != "--scale" for part in one)
    if height is None or share is None or len(kept) == len(command.argv):
        return replace(command, argv=kept)
    return replace(command, argv=(*kept, "--scale", f"{share * FRAME_HEIGHT / height:.4g}"))


def _known_before(command: Command) -> bool:
    """An older script sets a character into an environment; to crop the only picture to the frame is new."""
    return command.argv[0] == "--character"


STEP = Step(
    name="composite",
    script="create_composite.py",
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
    noun="composites",
    usual=Usual(1.2, 1.2),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=picture_expected,
    shown_as="Composite",
    legacy_args=("--character", "--environment", "--output", "--scale"),
    known_before=_known_before,
    legacy_units=_legacy_units,
    model="image",
    travels=True,
)
