"""From a plan to the jobs of an episode: which units of work there are, what each needs, what it will cost."""

from collections.abc import Mapping

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.step import Per
from videod.core.step_parts import clip_key, job
from videod.core.tables import ORDER, STEPS


def first_job(task: Task, policy: ChannelPolicy, own: Mapping[str, object] | None = None) -> Job:
    """The one job that an entry starts with: its plan, from the story that the entry brings if it does."""
    return job(STEPS["plan"], task, policy, "plan", dict(own or {}), ())


def jobs_of(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    """Every job of the episode after its plan, all waiting, none with an id: images, then clip by clip, then the rest.

    Raises ValueError when two clips share one picture: they would be paid for twice and look the same.
    """
    pictures: dict[object, int] = {}
    for clip in plan.clips:
        same = pictures.setdefault(clip.picture.identity, clip.number)
        if same != clip.number:
            raise ValueError(f"clips {same} and {clip.number} have the same picture. Give each clip its own")
    jobs = [one for step in STEPS.values() for one in step.jobs(task, plan, policy)]
    images = {image.id: at for at, image in enumerate(plan.images)}
    clips = {clip_key(clip.number): at for at, clip in enumerate(plan.clips)}

    def place(one: Job) -> tuple[int, int, int]:
        per = STEPS[one.step].per
        if per == Per.EPISODE:
            return 2, 0, ORDER[one.step]
        return (0, images[one.key], ORDER[one.step]) if per == Per.IMAGE else (1, clips[one.key], ORDER[one.step])

    return tuple(sorted(jobs, key=place))
