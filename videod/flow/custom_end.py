"""What the end of a paid custom script means: the file that it left counts, whatever its exit code; else its words.

It keeps no receipt. So where there is no file, something may have been bought, unless the script says by its events or
its last words prove that it was not. A person decides then; nothing is bought again unasked.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from videod import files, receipts
from videod.core import unsent
from videod.core.failures import OWN_PROGRAM, PAID_WITHOUT_FILE, Failure, Kind
from videod.core.model import Job
from videod.core.step import Step
from videod.flow.listener import Report

#: which file it is: inode, bytes, time of its last change
Mark = tuple[int, int, int]


def mark(output: Path) -> Mark | None:
    """What lies in the place of the output; None if nothing does, or nobody can know."""
    seen = files.seen(output)
    return None if seen is None else (seen.st_ino, seen.st_size, seen.st_mtime_ns)


@dataclass(frozen=True)
class End:
    """How a script ended. `place`: of its output, in the episode's folder; `code`: below 0 where it was ended."""

    output: Path
    place: str
    code: int
    words: str
    report: Report


def failure(job: Job, step: Step, why: Failure, end: End) -> Failure:
    """`why` with the kind that is proven, or the doubt whether it has paid."""
    kept = receipts.read(end.output)
    state = None if kept is None else kept.state
    if state in (receipts.State.SUBMITTED, receipts.State.RECEIVED):
        return why  # it keeps receipts as ours do: started again, it continues with what it bought
    if state is None and not end.report.booked:
        if end.report.failure is not None and why.kind != Kind.IN_DOUBT:
            return why  # its own word, by the events of ours
        kind = unsent.proven(end.code, end.words, step.fetchable, end.report.further)
        if kind is not None:
            ours = kind in (Kind.CONFIGURATION, Kind.USAGE)
            return replace(why, kind=kind, code=OWN_PROGRAM if ours else why.code)
    how = f"ended with exit code {end.code}" if end.code > 0 else "ended well" if end.code == 0 else "was killed"
    text = f"your script for {job.name} {how} and left no usable {end.place}. It may have paid"
    text += f" (${job.price_micros / 1e6:.2f}): {why.message}"
    return Failure(Kind.IN_DOUBT, text, service=step.service, code=PAID_WITHOUT_FILE)
