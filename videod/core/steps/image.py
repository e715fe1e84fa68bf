"""One image of the plan: a character, an environment or a prop."""

from videod.core import key_colours
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan, PlannedImage
from videod.core.statuses import Gate, Status
from videod.core.step import Command, CommandContext, Makes, Per, Price, Step, Usual
from videod.core.step_parts import bought_again, job, names, picture_expected, reworded, text

_FOLDERS = {"character": "characters", "environment": "environments", "prop": "props"}

#: a character that will be cut out stands before a color that it does not have (create_composite keys it from there)
ISOLATED = " Full body, isolated on a {ground} that no part of it has, with a soft contact shadow."

#: shapes that Gemini draws: of the frame, and the nearest to half of it (957x1080), of which 11 % is cut off
FRAME, HALF = "16:9", "1:1"


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    cut_out = frozenset(clip.picture.images[0] for clip in plan.clips if clip.picture.type == "cutout")
    halves = {name for clip in plan.clips if clip.picture.type == "split" for name in clip.picture.images}
    # one that is seen whole as well keeps the frame's shape
    halves -= {name for clip in plan.clips if clip.picture.type != "split" for name in clip.picture.images}
    return tuple(
        _job(task, plan, policy, image, image.id in cut_out, HALF if image.id in halves else FRAME)
        for image in plan.images
    )


def _job(task: Task, plan: Plan, policy: ChannelPolicy, image: PlannedImage, cut_out: bool, aspect: str) -> Job:
    cores = {other.subject: other.id for other in plan.images if other.core}
    references: list[str] = []
    if image.kind == "character" and not image.core:
        shown = [name for name in dict.fromkeys((image.subject, *image.others)) if name in cores]
        references += [f"image/{cores[name]}" for name in shown]
    before = _ground(plan, image) if cut_out else {}
    prompt = f"{_atmosphere(plan, image)}\n{image.prompt.strip()}{isolated(str(before['ground'])) if before else ''}"
    if len(references) > 1:
        prompt += " " + " ".join(f"Reference {at} shows {name}." for at, name in enumerate(shown, start=1))
    args: dict[str, object] = {
        "prompt": prompt, "references": references, "folder": _FOLDERS[image.kind], "aspect": aspect,
        **before,
    }  # fmt: skip
    return job(STEP, task, policy, image.id, args, ("plan/plan", *references))


def isolated(hue: str) -> str:
    """What is ordered of a figure that is drawn before this hue."""
    return ISOLATED.format(ground=key_colours.GROUNDS[hue])


def _ground(plan: Plan, image: PlannedImage) -> dict[str, object]:
    """The hue that a figure is drawn before, and whether it may be several animals, by all words of its character."""
    core = next((one.prompt for one in plan.images if one.core and one.subject == image.subject), "")
    named = (image.subject, image.species or "", *image.others)
    hue = key_colours.chosen(image.key, *named, core, image.prompt)
    several = bool(image.others) or key_colours.group(*named, core, image.prompt)
    return {"ground": hue, "group": True} if several else {"ground": hue}


def _checked(job: Job) -> tuple[str, ...]:
    """An order from before figures had a ground with a hue is not held to one."""
    if "ground" not in job.args:
        return ()
    return ("--ground", text(job, "ground"), *(("--group",) if job.args.get("group") else ()))


def _atmosphere(plan: Plan, image: PlannedImage) -> str:
    return plan.atmospheres[min(max(image.time, 1), len(plan.atmospheres)) - 1].strip()


def _known_before(command: Command) -> bool:
    """An older script follows one reference; several characters in one picture are new."""
    return command.argv.count("--reference-image") <= 1


def _argv(job: Job, at: CommandContext) -> Command:
    references = tuple(part for name in names(job, "references") for part in ("--reference-image", at.file(name)))
    return Command((
        "--prompt", reworded(job, text(job, "prompt")), *references, "--aspect-ratio", text(job, "aspect"),
        "--image-size", at.image_size, "--model", at.models["image"],
        "--output", at.path(STEP.output(job, at.task)), *_checked(job),
        *bought_again(job),
    ))  # fmt: skip


def _place(job: Job, task: Task) -> str:
    return f"assets/{job.args['folder']}/{job.key}"


STEP = Step(
    name="image",
    script="generate_asset.py",
    service="gemini",
    after=("plan",),
    per=Per.IMAGE,
    gate=Gate.STORY,
    review=Gate.ASSETS,
    error=Status.ERROR_ASSETS,
    deadline_s=300,
    price=Price("image"),
    makes=Makes.IMAGE,
    suffix=".png",
    secrets=("GEMINI_API_KEY",),
    noun="images",
    usual=Usual(8, 20),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=picture_expected,
    shown_as="Image",
    rewordable=True,
    words={"prompt": "prompt"},
    noted=True,
    legacy_args=("--prompt", "--output", "--reference-image"),
    known_before=_known_before,
    model="image",
)
