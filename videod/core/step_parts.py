"""What the files of several steps are made of: jobs, arguments, prompts, expectations."""

from collections.abc import Mapping

from videod.core import offers
from videod.core.languages import language
from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan, PlannedClip
from videod.core.statuses import JobState
from videod.core.step import MIB, CommandContext, Context, Expectation, Step

#: fact of a job: what is odd about its file (`core/held_against`)
WARNINGS = "warnings"


def job(
    step: Step, task: Task, policy: ChannelPolicy, key: str, args: dict[str, object], needs: tuple[str, ...],
    service: str | None = None,
) -> Job:  # fmt: skip
    """One waiting job of `step` at the service that is chosen for it and the prices in force, without an id.

    `service`: the one that the plan chooses for it.
    """
    step = offers.chosen(step, policy) if service is None else offers.at(step, service)
    return Job(
        task_id=task.id, channel_id=task.channel_id, step=step.name, key=key, service=step.service,
        state=JobState.WAITING, args=args, needs=needs, price_micros=price_micros(step, args, policy),
    )  # fmt: skip


def price_micros(step: Step, args: dict[str, object], policy: ChannelPolicy) -> int:
    """The price of one job before it is bought."""
    return 0 if step.price is None else step.price.micros(args, policy)


# ------------------------------------------------------------------------------------------------- jobs


def clip_key(number: int) -> str:
    return f"clip_{number:02d}"


def clip_keys(plan: Plan) -> list[str]:
    return [clip_key(clip.number) for clip in plan.clips]


def picture_name(clip: PlannedClip) -> str:
    """The job that makes the picture which this clip starts from."""
    step = "split_screen" if clip.picture.type == "split" else "composite"
    return f"{step}/{clip_key(clip.number)}"


def image_names(clip: PlannedClip) -> tuple[str, ...]:
    """The jobs that make the images in a clip's picture."""
    return tuple(f"image/{image}" for image in clip.picture.images)


def effect_keys(plan: Plan, most: int | None) -> list[str]:
    """For each clip the key of the sound effect that it has: its own, or with `most` that of the first clip there.

    The clips of one place share an effect. Where there are more places than `most`, those with the fewest clips take
    the effect of what comes before them: the sound of a place runs on.
    """
    keys = clip_keys(plan)
    if most is None or most >= len(keys):
        return keys
    group = places(plan)
    while len(set(group)) > max(1, most):
        least = min(set(group), key=lambda one: (group.count(one), -group.index(one)))
        first = group.index(least)
        taken = group[first - 1] if first else next(one for one in group if one != least)
        group = [taken if one == least else one for one in group]
    return [keys[group.index(one)] for one in group]


def places(plan: Plan) -> list[str]:
    """Where each clip is: as the story says, else the environment in its picture, else a place of its own."""
    named = {image.id: image.subject for image in plan.images if image.kind == "environment"}
    found = []
    for at, clip in enumerate(plan.clips):
        shown = plan.story.shots[at].place if plan.story is not None and at < len(plan.story.shots) else ""
        place = shown or next((named[image] for image in clip.picture.images if image in named), "")
        found.append(" ".join(place.casefold().split()) or clip_key(clip.number))
    return found


# ------------------------------------------------------------------------------------------------- arguments


def text(job: Job, name: str) -> str:
    return str(job.args[name])


def names(job: Job, name: str) -> tuple[str, ...]:
    value = job.args.get(name, ())
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def bought_again(job: Job) -> tuple[str, ...]:
    return ("--buy-again",) if job.buy_again else ()


#: the argument that holds what a person wants to be different in the next take
NOTE = "note"


#: the argument that holds the number of the story that a person chose: the plan is made from there on
STORY = "story"


#: among the facts of a finished plan: the number of the story that it tells
TOLD = "told"
#: and each story that there is, in a sentence
CHOICE = "choice"


def told_story(plan: Job) -> object:
    """The number of the story that the plan tells, or is to tell; None where nobody knows."""
    return plan.args.get(STORY, plan.facts.get(TOLD))


#: the keys of the thumbnails, in the order in which they are offered: the first is used where nobody chooses
THUMBNAILS = ("one", "two", "three")

#: the argument that says that a job is done with the first ones, whatever its step waits for
FIRST = "first"
#: the argument that names the narration which a clip is as long as; and how many seconds that came to
FITS, FITTED = "fits", "fitted"

#: the argument of a cut over which nobody speaks; and its seconds, besides the plan's `hold` (scripts/lib/film/pace)
WORDLESS, WORDLESS_S = "wordless", 4.0

#: no shorter clip is bought, whatever is said over it: a cut lasts 5.5 s where its clip has them, less where it has not
LEAST_CLIP_S = 5


def fitting_s(policy: ChannelPolicy, wanted_s: float) -> int:
    """The shortest clip that the channel's model makes for so many seconds; the channel's usual one at most."""
    known = sorted(one for one in policy.clip_micros if LEAST_CLIP_S <= one <= policy.clip_seconds)
    return next((one for one in known if one >= wanted_s), policy.clip_seconds)


def clip_s(args: Mapping[str, object]) -> object:
    """How many seconds of a clip are ordered."""
    return args.get(FITTED, args.get("seconds"))


#: the argument that says that a person gave the file: it stays when what the job would be made from changes
OWN = "own"


def without_own(args: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in args.items() if name != OWN}


def noted(job: Job, prompt: str) -> str:
    """The prompt with the note of a person who sent the last take back."""
    note = job.args.get(NOTE)
    return f"{prompt}\nImportant correction of an earlier version: {note}" if note else prompt


#: put before a prompt that was refused once; it changes the register, never the subject
REWORDING = "A calm and family-friendly wildlife documentary photograph, no violence, no blood. "


def reworded(job: Job, prompt: str) -> str:
    prompt = noted(job, prompt)
    return REWORDING + prompt if job.reworded else prompt


def channel_file(job: Job) -> str:
    return f"channels/{job.channel_id}.yaml"


# ------------------------------------------------------------------------------------------------- expectations


def picture_expected(job: Job, context: Context) -> Expectation:
    return Expectation(min_bytes=500, max_bytes=128 * MIB, min_side=256)


def spoken(at: CommandContext) -> tuple[str, ...]:
    """The language, where it is not English: the default of the scripts."""
    code = language(at.language).base
    return ("--language", code) if code != "en" else ()
