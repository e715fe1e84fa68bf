"""Clips that are bought as long as their narrations need them, where a channel has those made first.

A clip waits for its narration, but is not made from it: another take of the narration leaves a clip that is paid for as
it is, and the cut makes the two fit.
"""

from dataclasses import replace

from videod.core.model import ChannelPolicy, Job
from videod.core.statuses import DONE, READY, WAITING
from videod.core.step import positive
from videod.core.step_parts import FITS, FITTED, fitting_s, price_micros
from videod.core.tables import step_of

#: around the words of a shot, and what the first and the last one have besides, seconds (scripts/lib/film/pace)
AROUND_S, OPENS_S, CLOSES_S = 1.7, 0.9, 1.2


def needs(job: Job) -> tuple[str, ...]:
    """What must be done before the job may start: what it is made from, and what it is as long as."""
    fits = job.args.get(FITS)
    return job.needs if fits is None or job.fetching else (*job.needs, str(fits))


def fitted(jobs: tuple[Job, ...], policy: ChannelPolicy) -> tuple[Job, ...]:
    """The jobs with clips as long, and as dear, as their narrations make them, where nothing of a clip is ordered."""
    asked = [job for job in jobs if FITS in job.args]
    if not asked:
        return jobs
    said = {job.name: positive(job.facts.get("duration_s")) for job in jobs if job.state is DONE}
    cuts = {str(job.args.get("video")): job.args for job in jobs if job.step == "cut"}
    changed = {}
    for job in asked:
        speech_s = said.get(str(job.args[FITS]))
        if speech_s is None or not _open(job):
            continue
        shot = cuts.get(job.name, {})
        wanted_s = speech_s + AROUND_S + (OPENS_S if shot.get("opens") else 0) + (CLOSES_S if shot.get("closes") else 0)
        seconds = fitting_s(policy, wanted_s + (positive(shot.get("hold")) or 0.0))
        if job.args.get(FITTED) != seconds:
            args = {**job.args, FITTED: seconds}
            changed[job.name] = replace(job, args=args, price_micros=price_micros(step_of(job), args, policy))
    return tuple(changed.get(job.name, job) for job in jobs) if changed else jobs


def _open(job: Job) -> bool:
    """Whether this take was never started: an order that may be on its way keeps what it says."""
    return job.state in (WAITING, READY) and job.digest is None and not job.fetching
