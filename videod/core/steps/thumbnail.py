"""Three thumbnails to choose from at the last review: pictures and a frame of the film, with the title in two sizes."""

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan, PlannedClip
from videod.core.statuses import Gate, Status
from videod.core.step import KIB, MIB, Command, CommandContext, Context, Expectation, Makes, Per, Step, Usual
from videod.core.step_parts import THUMBNAILS, clip_key, job, picture_name, text

#: where a story turns that does not say it: the share of its clips that lie before
TURN = 2 / 3


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    made = []
    clips = _clips(plan)
    for key, clip, frame, letters in zip(
        THUMBNAILS, clips, (False, True, False), ("large", "large", "small"), strict=True
    ):
        source = f"clip/{clip_key(clip.number)}" if frame else picture_name(clip)
        args: dict[str, object] = {"picture": source, "letters": letters}
        made.append(job(STEP, task, policy, key, args, (source,)))
    return tuple(made)


def _clips(plan: Plan) -> tuple[PlannedClip, PlannedClip, PlannedClip]:
    """The clip in which the story turns, the one that opens the film, and one where somebody is seen close by."""
    clips, story = plan.clips, plan.story
    turn = story.turn if story is not None else max(1, round(len(clips) * TURN))
    others = [clip for clip in clips if clip.number not in (1, turn)] or list(clips)
    others = [clip for clip in others if clip.picture.type != "split"] or others
    sizes = {number: shot.size for number, shot in enumerate(story.shots, start=1)} if story is not None else {}
    near = next((clip for clip in others if sizes.get(clip.number) in ("close", "medium")), others[-1])
    return clips[min(turn, len(clips)) - 1], clips[0], near


def _argv(job: Job, at: CommandContext) -> Command:
    return Command((
        "--picture", at.file(text(job, "picture")), "--title", at.task.title, "--letters", text(job, "letters"),
        "--output", at.path(STEP.output(job, at.task)),
    ))  # fmt: skip


def _besides(job: Job, at: CommandContext) -> tuple[str, ...]:
    """Where a figure stands in the picture, or stood when the clip began: the title must not hide its head."""
    source = text(job, "picture")
    shown = str(at.ordered.get(source, {}).get("picture", source))
    figure = at.facts.get(shown, {}).get("figure")
    return ("--figure", figure) if isinstance(figure, str) else ()


def _place(job: Job, task: Task) -> str:
    return f"thumbnails/{job.key}"


def _expects(job: Job, context: Context) -> Expectation:
    return Expectation(min_bytes=2 * KIB, max_bytes=2 * MIB, min_side=720)


STEP = Step(
    name="thumbnail",
    script="make_thumbnail.py",
    service="pillow",
    after=("composite", "split_screen", "clip"),
    per=Per.EPISODE,
    gate=Gate.ASSETS,
    review=Gate.FINAL,
    error=Status.ERROR_ASSEMBLY,
    deadline_s=120,
    price=None,
    makes=Makes.IMAGE,
    suffix=".jpg",
    secrets=(),
    noun="thumbnails",
    usual=Usual(1, 1),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    shown_as="Thumbnail",
    besides=_besides,
    without="the film is published with another thumbnail",
    travels=True,
)
