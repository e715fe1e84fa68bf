"""What the books take: whoever reports a charge, a script, its receipt or the daemon that adopts a file.

Scripts may be the user's own, or led astray by what a service sent; so a sum that cannot be is never booked. A charge
below 0, or of a step that buys nothing, is refused. One far above the price of the list is booked at that price, and
people get an alert: budgets would end every episode otherwise. The database refuses the rest
(`migrations/0018_books.sql`).
"""

from dataclasses import replace

from videod.core import bounds
from videod.core.events import JobCharged
from videod.core.sanitize import sanitize_line

#: what one run of a script paid is believed up to this, or up to so many times the price of the list
ALWAYS_MICROS = 10_000_000
MOST_TIMES = 20
#: what a charge is called, and the largest number of pieces
WORD_CHARACTERS = 64
MOST_PIECES = 1e9
MOST_MICROS = round(bounds.MOST_USD * 1_000_000)


def refused(event: JobCharged, paid: bool) -> str | None:
    """Why a charge is not booked at all; None: it is."""
    if event.micros < 0:
        return "it is below 0"
    if event.micros and not paid:
        return "its step buys nothing"
    return None


def ceiling(price_micros: int) -> int:
    """The most that is believed of one run of a job with this price."""
    return min(MOST_MICROS, max(ALWAYS_MICROS, MOST_TIMES * price_micros))


def sound(event: JobCharged) -> JobCharged:
    """The charge with words and numbers that the books can hold."""
    quantity = bounds.number(event.quantity, 0.0, MOST_PIECES)
    return replace(
        event, service=_word(event.service), kind=_word(event.kind), unit=_word(event.unit),
        quantity=0.0 if quantity is None else quantity,
    )  # fmt: skip


def _word(text: str) -> str:
    return (bounds.text(sanitize_line(text), WORD_CHARACTERS) or "").strip() or "unknown"
