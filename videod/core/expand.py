"""From a plan to the jobs of an episode: which units of work there are, what each needs, what it will cost."""

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan, PlannedClip, PlannedImage
from videod.core.statuses import JobState
from videod.core.steps import STEPS, Step

_FOLDERS = {"character": "characters", "environment": "environments", "prop": "props"}

#: a character that will be cut out must stand before something plain (create_composite keys it from there)
ISOLATED = " Full body, isolated on a plain even light grey background."


def clip_key(number: int) -> str:
    return f"clip_{number:02d}"


def price_micros(step: Step, args: dict[str, object], policy: ChannelPolicy) -> int:
    """The price of one job before it is bought; a narration is priced by its characters, the rest by the piece."""
    if step.price is None:
        return 0
    price = policy.prices_micros[step.price]
    return round(price * len(str(args["text"])) / 1000) if step.price == "narration" else price


def _job(
    task: Task, policy: ChannelPolicy, step: str, key: str, args: dict[str, object], needs: tuple[str, ...]
) -> Job:
    row = STEPS[step]
    return Job(
        task_id=task.id, channel_id=task.channel_id, step=step, key=key, service=row.service, state=JobState.WAITING,
        args=args, needs=needs, price_micros=price_micros(row, args, policy),
    )  # fmt: skip


def first_job(task: Task, policy: ChannelPolicy) -> Job:
    """The one job that an entry starts with: its plan."""
    return _job(task, policy, "plan", "plan", {}, ())


def _image(task: Task, policy: ChannelPolicy, plan: Plan, image: PlannedImage, cut_out: frozenset[str]) -> Job:
    cores = {other.subject: other.id for other in plan.images if other.core}
    needs = ["plan/plan"]
    references: list[str] = []
    if image.kind == "character" and not image.core and image.subject in cores:
        references.append(f"image/{cores[image.subject]}")
    prompt = f"{plan.atmosphere.strip()}\n{image.prompt.strip()}{ISOLATED if image.id in cut_out else ''}"
    args: dict[str, object] = {
        "prompt": prompt, "references": references, "folder": _FOLDERS[image.kind], "aspect": "16:9",
    }  # fmt: skip
    return _job(task, policy, "image", image.id, args, tuple(needs + references))


def _picture(task: Task, policy: ChannelPolicy, clip: PlannedClip) -> Job:
    key, picture = clip_key(clip.number), clip.picture
    names = tuple(f"image/{image}" for image in picture.images)
    if picture.type == "split":
        return _job(task, policy, "split_screen", key, {"left": names[0], "right": names[1]}, names)
    if picture.type == "full":
        return _job(task, policy, "composite", key, {"type": "full", "image": names[0]}, names)
    args: dict[str, object] = {
        "type": "cutout", "character": names[0], "environment": names[1], "scale": picture.scale,
    }  # fmt: skip
    return _job(task, policy, "composite", key, args, names)


def _clip_jobs(task: Task, policy: ChannelPolicy, clip: PlannedClip) -> list[Job]:
    key = clip_key(clip.number)
    picture = _picture(task, policy, clip)
    motion: dict[str, object] = {
        "picture": picture.name, "prompt": clip.motion, "negative": clip.negative or policy.negative_prompt,
        "seconds": policy.clip_seconds,
    }  # fmt: skip
    parts = (f"clip/{key}", f"narration/{key}", f"sound_effect/{key}")
    cut: dict[str, object] = {"video": parts[0], "audio": parts[1], "sfx": parts[2]}
    sound: dict[str, object] = {"text": clip.sound, "seconds": policy.clip_seconds}
    return [
        picture,
        _job(task, policy, "clip", key, motion, (picture.name,)),
        _job(task, policy, "narration", key, {"text": clip.narration}, ("plan/plan",)),
        _job(task, policy, "sound_effect", key, sound, ("plan/plan",)),
        _job(task, policy, "cut", key, cut, parts),
    ]


def jobs_of(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    """Every job of the episode after its plan, all waiting, none with an id.

    Raises ValueError when two clips share one picture: they would be paid for twice and look the same.
    """
    pictures: dict[object, int] = {}
    for clip in plan.clips:
        same = pictures.setdefault((clip.picture.type, clip.picture.images, clip.picture.scale), clip.number)
        if same != clip.number:
            raise ValueError(f"clips {same} and {clip.number} have the same picture; give each clip its own")
    cut_out = frozenset(clip.picture.images[0] for clip in plan.clips if clip.picture.type == "cutout")
    jobs = [_image(task, policy, plan, image, cut_out) for image in plan.images]
    for clip in plan.clips:
        jobs.extend(_clip_jobs(task, policy, clip))
    keys = [clip_key(clip.number) for clip in plan.clips]
    jobs.append(_job(task, policy, "assemble", "film", {"clips": keys}, tuple(f"cut/{key}" for key in keys)))
    about: dict[str, object] = {"description": plan.description, "tags": list(plan.tags)}
    jobs.append(_job(task, policy, "upload", "film", about, ("assemble/film",)))
    jobs.append(_job(task, policy, "cleanup", "workspace", {}, ("upload/film",)))
    return tuple(jobs)
