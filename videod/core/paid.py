"""What earlier attempts of a job paid, as the ledger had it, and as a journal keeps it for an older copy of that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Paid:
    """The money of one attempt that began at `began`, micro-dollars, booked at `at` (both ms).

    `sure`: it was charged; otherwise it may have been paid, until that is `over`. The time of its begin names an
    attempt: an older copy of the ledger gives the numbers of lost attempts to others.
    """

    began: int
    at: int
    micros: int
    sure: bool
    over: bool = False


def missing(noted: Sequence[Paid], known: Iterable[Paid]) -> tuple[Paid, ...]:
    """What is in the journal and not in the ledger. What was charged is known of no more as something unconfirmed."""
    booked = {(one.began, one.sure): one.micros for one in known}
    found = []
    for one in noted:
        if one.sure:
            left = one.micros - booked.get((one.began, True), 0)
        else:
            left = 0 if (one.began, False) in booked or (one.began, True) in booked else one.micros
        if left > 0:
            found.append(replace(one, micros=left))
    return tuple(found)
