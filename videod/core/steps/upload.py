"""The film on YouTube."""

from videod.core import chapters, metadata
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
from videod.core.step_parts import THUMBNAILS, channel_file, clip_keys, job, names, text


def marker_of(task_id: str) -> str:
    """The line in a video's description by which its own upload is found again."""
    return f"videod:{task_id}"


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    about: dict[str, object] = {
        "description": plan.description, "tags": list(plan.tags), "clips": clip_keys(plan),
        "beats": [clip.beat for clip in plan.clips],
    }  # fmt: skip
    thumbnails = tuple(f"thumbnail/{key}" for key in THUMBNAILS)
    return (job(STEP, task, policy, "film", about, ("assemble/film", "captions/film", *thumbnails)),)


def _argv(job: Job, at: CommandContext) -> Command:
    description = revised("upload/description", job, ".txt")
    credit = at.facts.get("assemble/film", {}).get("music_credit")
    told = metadata.render(
        at.description_template, at.task.title, at.task.topic, at.channel_name, text(job, "description"),
        credit if isinstance(credit, str) else "", _chapters(job, at),
    )  # fmt: skip
    tags = metadata.tags(at.tags, names(job, "tags"))
    kids = "--made-for-kids" if at.made_for_kids else "--not-made-for-kids"
    argv = (
        "--video", at.file("assemble/film"), "--title", at.task.title, "--description-file", at.path(description),
        "--tags", ",".join(tags), "--category", at.category, "--privacy", at.privacy, kids, "--synthetic-media",
        "--language", language(at.language).published, "--marker", marker_of(at.task.id),
        "--output", at.path(STEP.output(job, at.task)),
    )  # fmt: skip
    return Command(argv, {description: told})


def _chapters(job: Job, at: CommandContext) -> str:
    if chapters.has_own(text(job, "description")):
        return ""
    film = at.facts.get("assemble/film", {})
    lengths = [at.length_s(f"cut/{key}") for key in names(job, "clips")]
    opening_s, length_s = positive(film.get("opening_s")) or 0.0, positive(film.get("duration_s"))
    return chapters.lines(names(job, "beats"), lengths, opening_s, length_s)


def _besides(job: Job, at: CommandContext) -> tuple[str, ...]:
    """Captions, and the thumbnail that was chosen, the first that the episode has where none was."""
    numbered = {str(number): f"thumbnail/{key}" for number, key in enumerate(THUMBNAILS, start=1)}
    chosen = numbered.get(str(job.args.get("thumbnail") or at.task.thumbnail), "")
    there = next((name for name in (chosen, *numbered.values()) if name in at.outputs), "")
    given = {"--captions": "captions/film", "--thumbnail": there}
    return tuple(part for flag, name in given.items() if name in at.outputs for part in (flag, at.file(name)))


def _place(job: Job, task: Task) -> str:
    return "upload/result"


def _expects(job: Job, context: Context) -> Expectation:
    return Expectation(max_bytes=MIB)


#: what scripts/lib/youtube_channel.py calls a consent that is not for the channel of the file
_CONSENT = ("wrongchannel", "nochannel", "severalchannels", "insufficientpermissions")


def _setting(job: Job, code: str) -> str:
    if code in _CONSENT:
        return (
            f"`youtube_channel` in {channel_file(job)}, or the consent (`videod channels authorize {job.channel_id}`)"
        )
    return f"`youtube_channel` and `category` in {channel_file(job)}"


STEP = Step(
    name="upload",
    script="upload_video.py",
    service="youtube",
    after=("assemble", "captions", "thumbnail"),
    per=Per.EPISODE,
    gate=Gate.FINAL,
    review=None,
    error=Status.ERROR_UPLOAD,
    deadline_s=6 * 3600,
    price=None,
    makes=Makes.JSON,
    suffix=".json",
    secrets=("YOUTUBE_ACCESS_TOKEN",),
    noun="upload",
    usual=Usual(30, 30),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    of_channel=True,
    words={"description": "description", "tags": "tags", "thumbnail": "thumbnail"},
    besides=_besides,
    setting=_setting,
)
