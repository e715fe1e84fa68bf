"""What a service's own balance says of a purchase whose answer was lost. Pure.

A *reading* is the balance at a moment when none of our requests was on its way. From the last reading before
the doubtful request to a reading after it, the balance moved by what was bought in between, less what was given back
for tasks that failed. Most of that is in our ledger; what is not sure there is a span. Only the two ends of the whole
span prove something:

    the balance moved by the least that our own orders explain  -> nothing else was taken: the request never was
    by the most that they and the request unconfirmed explain      -> all of it was taken, the request too

Anything between proves nothing, and neither does a key that others use as well. "Nothing" is what allows a purchase
without a person, so every uncertainty counts against it: whatever may have lowered the balance's movement (a refund)
lowers the least, and whatever we are not sure of costs the proof.

Amounts are thousandths of a service's own credit; a balance is stated as what was used, so that it grows by buying.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from videod.core.service import CREDIT, Remote
from videod.core.services import BALANCES, SERVICES, title

#: services that take an order and give its price back when they fail at it
REFUNDING = frozenset(name for name, tells in BALANCES.items() if tells.orders is not None and tells.orders.refunds)
#: a task ends, well or not, at most this long after it was ordered, ms (KIE gives up after 10 min without an answer)
TASK_MS = 3_600_000
#: a refund shows in the balance at most this long after the task failed, ms
REFUND_MS = 600_000
#: so long a movement that the ledger does not explain (another user of the key, a top-up, another price) makes the
#: balance no proof, ms
STRANGE_MS = 86_400_000


@dataclass(frozen=True)
class NothingBought:
    """An event: the balance shows that the service never took the request of this attempt (0: of an unconfirmed job).

    `evidence` says how, in words. The job may be bought as if it had never been tried.
    """

    at: int
    task_id: str
    job: str
    attempt: int
    evidence: str


@dataclass(frozen=True)
class BalanceReading:
    """A reading of the balance at a quiet moment.

    `attempts` and `history` are the highest ids in the ledger at that moment: what is above came later, whatever the
    clock said. `gap`: what the movement since the reading before has beyond what the ledger explains (0: nothing; None:
    there was nothing to compare with).
    """

    service: str
    at: int
    used: int
    attempts: int
    history: int
    unexplained: int | None = None


class Fate(StrEnum):
    """What became of something that we ordered, or may have."""

    KEPT = "paid for, or still on its way"
    FAILED = "taken, but its price may have been given back"
    UNSURE = "perhaps never taken"


@dataclass(frozen=True)
class Order:
    """One order of ours beside the one unconfirmed. `before`: taken before the reading.

    `price`: None where nobody told. `exact`: the service's own figure, or a price that it has charged before.
    """

    price: int | None
    exact: bool
    before: bool
    fate: Fate


@dataclass(frozen=True)
class Span:
    """The least and the most by which our orders moved the balance; None where that is not known."""

    least: int | None
    most: int | None


class Kind(StrEnum):
    SUBMITTED = "the service named the order"
    CHARGED = "it was charged"
    DOUBTED = "nobody knows whether it was taken"
    SETTLED = "it was found not to be taken"


@dataclass(frozen=True)
class Trace:
    """What the ledger says of a purchase at one service.

    `number` is the history row's; `reference` the service's name of the order, where there is one; `micros` the price
    that was reserved; `credits` what the service says that it took, thousandths, None where it does not say.
    """

    number: int
    at: int
    kind: Kind
    attempt: int
    reference: str | None
    micros: int
    credits: int | None = None


class Finding(StrEnum):
    NOTHING = "nothing was bought"
    ALL = "it was paid"
    UNKNOWN = "no proof"


def _of(order: Order) -> Span:
    price = order.price
    if order.fate == Fate.KEPT:
        sure = 0 if order.before else price if order.exact else None
        return Span(sure, sure)
    if order.before:
        return Span(-price if order.exact and price is not None else None, 0)
    return Span(0, price if order.exact else None)


def span(orders: Iterable[Order]) -> Span:
    """By how much all of `orders` together moved the balance since the reading."""
    least: int | None = 0
    most: int | None = 0
    for one in map(_of, orders):
        least = None if least is None or one.least is None else least + one.least
        most = None if most is None or one.most is None else most + one.most
    return Span(least, most)


def unfinished(service: str, traces: Collection[Trace]) -> tuple[str, ...]:
    """The orders whose price may still be given back, or was, without the ledger knowing: the service must be asked."""
    if service not in REFUNDING:
        return ()
    charged = {trace.reference for trace in traces if trace.kind == Kind.CHARGED}
    found = [trace.reference for trace in traces if trace.kind == Kind.SUBMITTED and trace.reference not in charged]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def untold(service: str, traces: Collection[Trace], proven: Collection[int]) -> bool:
    """Whether an order under way is the first at its price: what it takes shows only when it is done."""
    open_orders = unfinished(service, traces)
    return any(trace.reference in open_orders and trace.micros not in proven for trace in traces)


def orders(
    service: str, reading: BalanceReading, traces: Collection[Trace], proven: Collection[int],
    remotes: Mapping[str, Remote],
    doubted: int = 0,
) -> list[Order]:  # fmt: skip
    """Everything in the ledger that may have moved the balance since `reading`, the attempt `doubted` left out.

    `proven`: prices, micro-dollars, at which the service has charged before. `remotes`: what it says of `unfinished`
    orders; one that it says nothing of may have been given back.
    """
    found = [_charge(trace) for trace in traces if trace.kind == Kind.CHARGED and trace.number > reading.history]
    if service in REFUNDING:
        found = _tasks(service, reading, traces, proven, remotes)
    settled = {trace.attempt for trace in traces if trace.kind == Kind.SETTLED} | {doubted}
    for trace in traces:
        if trace.kind == Kind.DOUBTED and trace.attempt not in settled:
            before = trace.number <= reading.history
            price = units(service, trace.micros)
            if not before:
                found.append(Order(price, trace.micros in proven, before, Fate.UNSURE))
            elif service in REFUNDING:
                found.append(Order(price, trace.micros in proven, before, Fate.FAILED))
    return found


def _charge(trace: Trace) -> Order:
    return Order(trace.credits, trace.credits is not None, False, Fate.KEPT)


def _tasks(
    service: str,
    reading: BalanceReading,
    traces: Collection[Trace],
    proven: Collection[int],
    remotes: Mapping[str, Remote],
) -> list[Order]:
    """The orders of a service that names them, by what became of each."""
    charged = {trace.reference: trace for trace in traces if trace.kind == Kind.CHARGED}
    submitted: dict[str | None, Trace] = {}
    for trace in traces:
        if trace.kind == Kind.SUBMITTED:
            submitted.setdefault(trace.reference, trace)
    found = []
    for reference, trace in submitted.items():
        before, paid = trace.number <= reading.history, charged.get(reference)
        if paid is not None:
            found.append(Order(paid.credits, paid.credits is not None, before, Fate.KEPT))
            continue
        remote = remotes.get(reference or "")
        gone = remote is not None and remote.failed and (remote.ended_at or reading.at) < reading.at - REFUND_MS
        if before and gone:
            continue  # its price was back before the reading
        fate = Fate.KEPT if remote is not None and not remote.failed else Fate.FAILED
        found.append(Order(units(service, trace.micros), trace.micros in proven, before, fate))
    for trace in traces:
        if trace.kind == Kind.CHARGED and trace.reference not in submitted and trace.number > reading.history:
            # ordered nobody knows when: before the reading, or after it
            found.append(Order(trace.credits, trace.credits is not None, False, Fate.UNSURE))
    return found


def judge(moved: int, orders: Iterable[Order], price: int | None) -> Finding:
    """What the movement of the balance says of one request unconfirmed that costs `price` (None: nobody knows)."""
    whole = span(orders)
    if moved == whole.least:
        return Finding.NOTHING
    if whole.most is not None and price is not None and moved == whole.most + price:
        return Finding.ALL
    return Finding.UNKNOWN


def unexplained(moved: int, orders: Iterable[Order]) -> int | None:
    """The part of the movement that `orders` do not explain; None: they do not tell enough.

    Positive: somebody else used the key, or a price was higher. Negative: credits were added, or a price was lower.
    """
    whole = span(orders)
    if whole.least is None:
        return None
    if moved < whole.least:
        return moved - whole.least
    return 0 if whole.most is None or moved <= whole.most else moved - whole.most


def base(readings: Iterable[BalanceReading], attempt: int, asked_at: int) -> BalanceReading | None:
    """The newest reading from before an attempt whose paid request left at `asked_at`, ms.

    None without one, or if the balance moved within a day before the newest reading as the ledger does
    not explain: then it proves nothing.
    """
    known = sorted(readings, key=lambda reading: reading.history)
    if not known:
        return None
    newest = known[-1].at
    if any(reading.unexplained and reading.at > newest - STRANGE_MS for reading in known):
        return None
    before = [reading for reading in known if reading.attempts < attempt and reading.at < asked_at]
    return before[-1] if before else None


def units(service: str, micros: int) -> int | None:
    """A price in micro-dollars as thousandths of the service's credit; None where dollars do not tell."""
    rate = SERVICES[service].micros_per_thousandth if service in SERVICES else None
    return None if rate is None or micros % rate else micros // rate


def credits(amount: int) -> str:
    """An amount for people: "84 credits"."""
    return f"{amount / CREDIT:,.10g} credit{'' if amount == CREDIT else 's'}"


def evidence(service: str, finding: Finding, moved: int, since: str) -> str:
    """What people read of a finding; `since` is the reading's time."""
    name = title(service)
    by = f"{credits(moved)} used since {since}"
    if finding == Finding.NOTHING:
        how = f"{by}, all for other orders" if moved else f"it is what it was at {since}"
        return f"{name}'s balance shows that nothing was bought ({how})"
    if finding == Finding.ALL:
        return f"{name}'s balance shows that it was paid ({by})"
    return f"{name}'s balance does not tell whether it was paid ({by})"
