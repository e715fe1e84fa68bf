"""The cluster in `videod doctor`: is the extra there, does the scheduler answer, which workers can be used."""

from collections.abc import AsyncIterator

from videod.cli.checks import Check, State, fix, note, ok
from videod.config import Settings


async def workers(settings: Settings, offline: bool) -> AsyncIterator[Check]:
    """Nothing where no cluster is set up."""
    if not settings.cluster.on:
        return
    from videod.daemon.cluster import MISSING, installed, reached

    area, address = "cluster", settings.cluster.address
    if not installed():
        yield fix(area, "extra", f"{MISSING}.")
        return
    if offline:
        yield Check(area, "workers", State.UNKNOWN, "Not asked, as you said --offline.")
        return
    from videod.adapters.cluster.check import look

    seen = await look(reached(settings, settings.paths.state.resolve()), timed=False)
    if seen.problem:
        yield fix(
            area, "scheduler", f"{address} cannot be used ({seen.problem}). Start it with `videod cluster scheduler`."
        )
        return
    usable = [one for one in seen.workers if not one.problem]
    for one in seen.workers:
        if one.problem:
            yield fix(area, one.name, f"The worker {one.name} gets no jobs: {one.problem}.")
    if usable:
        slots = sum(one.slots for one in usable)
        yield ok(area, "workers", f"{address}: {', '.join(one.name for one in usable)}, {slots} jobs at once.")
    elif not seen.workers:
        yield fix(area, "workers", f"{address} has no workers. Start one with `videod cluster worker`.")
    for warning in seen.warnings:
        yield note(area, "scheduler", f"{warning[:1].upper()}{warning[1:]}.")
