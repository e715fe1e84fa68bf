"""What a finished file must be to count as done, as the file of its step says it."""

from collections.abc import Iterable
from dataclasses import replace

from videod.core.model import Job
from videod.core.step import Context, Expectation
from videod.core.tables import STEPS


def expectation(job: Job, jobs: Iterable[Job] = (), foreign: bool = False, extras: bool = True) -> Expectation:
    """What the output of `job` must be. `jobs` are those of its task: what was found of the parts decides the length
    of a cut and of the film (unknown parts: wide bounds). `foreign`: a script of the owner's made it;
    `extras`: the channel has an intro or an outro, or nobody knows."""
    made = STEPS[job.step].expects(job, Context({other.name: other for other in jobs}, foreign, extras))
    return replace(made, step=job.step)
