"""What a balance proves: never that nothing was bought when something was, whatever else may have happened."""

import itertools
import random
from dataclasses import replace

import pytest

from tests.core.book import Book
from tests.harness.world import policy
from videod.core import reconcile
from videod.core.events import CancelAsked
from videod.core.failures import Kind as FailureKind
from videod.core.ops import CloseAttempt
from videod.core.reconcile import BalanceReading, Fate, Finding, Kind, NothingBought, Order, Span, Trace
from videod.core.service import Remote
from videod.core.statuses import JobState, Status

CLIP, SHORT = 84_000, 42_000
MICROS = 420_000
NOW = 1_795_000_000_000
MARK = BalanceReading("kie", NOW, used=-900_000, attempts=10, history=100)


# ------------------------------------------------------------------------------------------- the judgment

#: an order as the books see it -> what it may really have moved
_REAL = {
    Order(CLIP, True, True, Fate.KEPT): (0,),
    Order(None, False, True, Fate.KEPT): (0,),
    Order(CLIP, True, False, Fate.KEPT): (CLIP,),
    Order(SHORT, True, False, Fate.KEPT): (SHORT,),
    Order(CLIP, False, False, Fate.KEPT): (SHORT, CLIP),
    Order(None, False, False, Fate.KEPT): (SHORT, CLIP),
    Order(CLIP, True, False, Fate.FAILED): (0, CLIP),
    Order(CLIP, False, False, Fate.FAILED): (0, SHORT, CLIP),
    Order(CLIP, True, True, Fate.FAILED): (-CLIP, 0),
    Order(SHORT, True, True, Fate.FAILED): (-SHORT, 0),
    Order(CLIP, False, True, Fate.FAILED): (-CLIP, -SHORT, 0),
    Order(CLIP, True, False, Fate.UNSURE): (0, CLIP),
    Order(None, False, False, Fate.UNSURE): (0, SHORT, CLIP),
}


def test_no_mixture_of_up_to_three_orders_makes_a_bought_one_look_as_if_it_were_not() -> None:
    """Every combination, every truth behind it, and the doubted request at its list price or at another."""
    proofs = 0
    for number in range(4):
        for orders in itertools.combinations_with_replacement(_REAL, number):
            for moves in itertools.product(*(_REAL[order] for order in orders)):
                for doubted in (0, CLIP, SHORT):
                    finding = reconcile.judge(sum(moves) + doubted, orders, CLIP)
                    assert finding != Finding.NOTHING or doubted == 0, (orders, moves, doubted)
                    assert finding != Finding.ALL or doubted > 0, (orders, moves, doubted)
                    proofs += finding != Finding.UNKNOWN
    assert proofs > 500


@pytest.mark.parametrize("number", range(5))
def test_orders_that_are_certain_prove_both_ways(number: int) -> None:
    orders = [Order(CLIP, True, False, Fate.KEPT)] * number + [Order(CLIP, True, True, Fate.KEPT)] * 7
    assert reconcile.judge(number * CLIP, orders, CLIP) == Finding.NOTHING
    assert reconcile.judge((number + 1) * CLIP, orders, CLIP) == Finding.ALL
    for strange in (-1, 1, SHORT, 5 * CLIP):
        assert reconcile.judge(number * CLIP + strange, orders, CLIP) == Finding.UNKNOWN


def test_of_two_requests_in_doubt_one_taken_proves_nothing() -> None:
    other = Order(CLIP, True, False, Fate.UNSURE)
    assert reconcile.judge(0, [other], CLIP) == Finding.NOTHING
    assert reconcile.judge(CLIP, [other], CLIP) == Finding.UNKNOWN
    assert reconcile.judge(2 * CLIP, [other], CLIP) == Finding.ALL


def test_a_top_up_proves_nothing() -> None:
    assert reconcile.judge(CLIP - 1_000_000, [], CLIP) == Finding.UNKNOWN


def test_a_price_that_nobody_told_is_no_hindrance_to_see_that_nothing_was_bought() -> None:
    assert reconcile.judge(0, [], None) == Finding.NOTHING
    assert reconcile.judge(53_000, [], None) == Finding.UNKNOWN


@pytest.mark.parametrize(
    ("moved", "found"),
    [(0, None), (CLIP, 0), (CLIP - 1, -1), (2 * CLIP, 0), (2 * CLIP + 5, 5), (-500_000, -500_000 - CLIP)],
)
def test_the_gap_is_what_the_books_do_not_explain(moved: int, found: int | None) -> None:
    orders = [Order(CLIP, found is not None, False, Fate.KEPT), Order(CLIP, True, False, Fate.UNSURE)]
    assert reconcile.unexplained(moved, orders) == found


# ------------------------------------------------------------------------------------------- which mark


def _marks(*gaps: int | None) -> list[BalanceReading]:
    return [
        replace(MARK, at=NOW + 30_000 * n, attempts=10 + n, history=100 + n, unexplained=gap)
        for n, gap in enumerate(gaps)
    ]


def test_the_newest_mark_from_before_the_attempt_counts() -> None:
    marks = _marks(None, 0, 0, 0)
    assert reconcile.base(marks, 12, NOW + 10**9) == marks[1]
    assert reconcile.base(marks[::-1], 99, NOW + 10**9) == marks[3]
    assert reconcile.base(marks, 10, NOW + 10**9) is None
    assert reconcile.base([], 12, NOW) is None


def test_an_older_intent_than_the_mark_is_not_judged_by_it() -> None:
    """A database from a backup: its attempts begin again, the receipts in the workspaces do not."""
    marks = _marks(None, 0, 0)
    assert reconcile.base(marks, 99, NOW + 45_000) == marks[1]
    assert reconcile.base(marks, 99, NOW) is None


@pytest.mark.parametrize("gap", [1, -1, 5_000_000, -5_000_000])
def test_a_balance_that_moved_strangely_proves_nothing_for_a_day(gap: int) -> None:
    marks = _marks(None, gap, 0)
    assert reconcile.base(marks, 99, NOW + 10**12) is None
    later = [*marks, replace(marks[-1], at=marks[1].at + reconcile.STRANGE_MS, history=999)]
    assert reconcile.base(later, 99, NOW + 10**12) == later[-1]


# ------------------------------------------------------------------------------------------- the books


def _trace(number: int, kind: Kind, reference: str | None = None, **more: int) -> Trace:
    values = {"at": NOW + number - 100, "attempt": number, "micros": MICROS} | more
    return Trace(number=number, kind=kind, reference=reference, **values)


def _span(*traces: Trace, service: str = "kie", **remotes: Remote) -> Span:
    proven = frozenset({MICROS})
    return reconcile.span(reconcile.orders(service, MARK, traces, proven, remotes, doubted=777))


RUNNING, FAILED = Remote(failed=False), Remote(True, NOW + 5_000)


@pytest.mark.parametrize(
    ("number", "remote", "found"),
    [
        (101, RUNNING, Span(CLIP, CLIP)), (101, FAILED, Span(0, CLIP)), (101, None, Span(0, CLIP)),
        (99, RUNNING, Span(0, 0)), (99, FAILED, Span(-CLIP, 0)), (99, None, Span(-CLIP, 0)),
        (99, Remote(True, NOW - reconcile.REFUND_MS - 1), Span(0, 0)),
        (99, Remote(True, NOW - reconcile.REFUND_MS + 1), Span(-CLIP, 0)), (99, Remote(True), Span(-CLIP, 0)),
    ],
)  # fmt: skip
def test_a_task_under_way_counts_by_when_it_was_ordered_and_whether_it_failed(
    number: int, remote: Remote | None, found: Span
) -> None:
    trace = _trace(number, Kind.SUBMITTED, "a")
    assert _span(trace, **({"a": remote} if remote else {})) == found
    assert reconcile.unfinished("kie", [trace]) == ("a",)


def test_a_charged_task_counts_once_at_the_services_own_figure() -> None:
    told = [_trace(101, Kind.SUBMITTED, "a"), _trace(105, Kind.SUBMITTED, "a")]
    paid = _trace(110, Kind.CHARGED, "a", credits=SHORT)
    assert _span(*told, paid) == Span(SHORT, SHORT)
    assert reconcile.unfinished("kie", [*told, paid]) == ()
    assert _span(*told, replace(paid, credits=None)) == Span(None, None)
    assert _span(_trace(99, Kind.SUBMITTED, "a"), paid) == Span(0, 0), "it was paid for before the mark"
    assert _span(paid) == Span(0, SHORT), "nobody knows when it was ordered"


def test_a_price_at_which_the_service_never_charged_proves_nothing() -> None:
    assert _span(_trace(101, Kind.SUBMITTED, "a", micros=1_000), a=RUNNING) == Span(None, None)


def test_other_doubts_may_have_been_taken_and_given_back() -> None:
    assert _span(_trace(101, Kind.DOUBTED)) == Span(0, CLIP)
    assert _span(_trace(99, Kind.DOUBTED)) == Span(-CLIP, 0)
    assert _span(_trace(101, Kind.DOUBTED, attempt=777)) == Span(0, 0), "the one that is judged"
    settled = _trace(102, Kind.SETTLED, attempt=101)
    assert _span(_trace(101, Kind.DOUBTED), settled) == Span(0, 0), "the balance showed that it was not taken"


def test_a_service_that_answers_at_once_gives_nothing_back() -> None:
    mark = [_trace(99, Kind.CHARGED, "r", credits=53_000), _trace(99, Kind.DOUBTED)]
    assert _span(*mark, _trace(101, Kind.CHARGED, "s", credits=53_000), service="elevenlabs") == Span(53_000, 53_000)
    assert _span(_trace(101, Kind.CHARGED, "s"), service="elevenlabs") == Span(None, None)
    assert _span(_trace(101, Kind.DOUBTED), service="elevenlabs") == Span(0, None)
    assert reconcile.unfinished("elevenlabs", [_trace(101, Kind.SUBMITTED, "a")]) == ()


class _Account:
    """A KIE account that lives by chance: orders, ends, refunds that come late; and what our books hold of it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.used, self.number, self.at = 0, 100, NOW
        self.traces: list[Trace] = []
        self.open: dict[str, int] = {}
        self.remotes: dict[str, Remote] = {}
        self.owed: list[tuple[int, int]] = []

    def note(self, kind: Kind, reference: str | None, **more: int) -> None:
        self.number += 1
        values = {"attempt": self.number, "micros": MICROS} | more
        self.traces.append(Trace(self.number, self.at, kind, reference=reference, **values))

    def order(self) -> None:
        reference = f"task{self.number}"
        self.used += CLIP
        self.open[reference] = self.number
        self.note(Kind.SUBMITTED, reference)

    def doubt(self, taken: bool) -> None:
        self.number += 1
        if taken:
            self.used += CLIP
            if self.chance.random() < 0.3:
                self.owed.append((self.at + self.chance.randrange(reconcile.REFUND_MS), CLIP))
        self.note(Kind.DOUBTED, None)

    def step(self) -> None:
        self.at += self.chance.randrange(1_000, 60_000)
        self.used -= sum(price for due, price in self.owed if due <= self.at)
        self.owed = [(due, price) for due, price in self.owed if due > self.at]
        act = self.chance.random()
        if act < 0.4:
            self.order()
        elif act < 0.7 and self.open:
            reference = self.chance.choice(sorted(self.open))
            self.open.pop(reference)
            self.note(Kind.CHARGED, reference, credits=CLIP)
        elif act < 0.85 and self.open:
            reference = self.chance.choice(sorted(self.open))
            self.open.pop(reference)
            self.remotes[reference] = Remote(True, self.at)
            if self.chance.random() < 0.9:  # some failed tasks are billed all the same
                self.owed.append((self.at + self.chance.randrange(reconcile.REFUND_MS), CLIP))
        elif act < 0.9:
            self.doubt(self.chance.random() < 0.5)


@pytest.mark.parametrize("seed", range(4))
def test_a_thousand_accounts_by_chance_are_never_read_as_nothing_bought_when_it_was(seed: int) -> None:
    chance = random.Random(seed)
    found = dict.fromkeys(Finding, 0)
    for _ in range(1000):
        account = _Account(chance)
        for _ in range(chance.randrange(12)):
            account.step()
        mark = BalanceReading("kie", account.at, account.used, account.number, account.number)
        for _ in range(chance.randrange(6)):
            account.step()
        taken = chance.random() < 0.5
        account.used += CLIP if taken else 0
        remotes = dict.fromkeys(account.open, RUNNING) | account.remotes
        orders = reconcile.orders("kie", mark, account.traces, {MICROS}, remotes)
        finding = reconcile.judge(account.used - mark.used, orders, CLIP)
        assert finding != Finding.NOTHING or not taken, (account.traces, mark)
        assert finding != Finding.ALL or taken, (account.traces, mark)
        found[finding] += 1
    assert min(found.values()) > 30, found


# ------------------------------------------------------------------------------------------- what people read


def test_amounts_and_evidence_are_said_in_words() -> None:
    assert [reconcile.credits(amount) for amount in (0, 1000, 84_000, 22_500, 1_234_000)] == [
        "0 credits", "1 credit", "84 credits", "22.5 credits", "1,234 credits",
    ]  # fmt: skip
    told = {finding: reconcile.evidence("kie", finding, CLIP, "12:00") for finding in Finding}
    assert told[Finding.NOTHING].startswith("KIE's balance shows that nothing was bought (84 credits used since 12:00")
    assert told[Finding.ALL] == "KIE's balance shows that it was paid (84 credits used since 12:00)"
    assert "does not tell" in told[Finding.UNKNOWN]
    assert "it is what it was at 12:00" in reconcile.evidence("elevenlabs", Finding.NOTHING, 0, "12:00")
    assert (reconcile.units("kie", MICROS), reconcile.units("kie", 3)) == (CLIP, None)
    assert reconcile.units("elevenlabs", MICROS) is None


# ------------------------------------------------------------------------------------------- what follows


def _doubtful(ceiling: int) -> Book:
    book = Book(policy(rebuy_ceiling_micros=ceiling))
    book.queue()
    book.run("clip/clip_01")
    book.start("clip/clip_01")
    return book


def _nothing(book: Book, name: str = "clip/clip_01") -> NothingBought:
    return NothingBought(book.now(), book.one.id, name, book.jobs[name].attempt, "KIE's balance shows it")


def test_what_was_never_bought_is_ready_at_once_uncounted_and_without_a_new_purchase_of_the_old() -> None:
    book = _doubtful(0)
    before = book.jobs["clip/clip_01"]
    decision = book.apply(_nothing(book))
    job = book.jobs["clip/clip_01"]
    assert (job.state, job.attempts, job.buy_again, job.failure) == (JobState.READY, before.attempts, False, None)
    assert (book.one.possibly_paid_twice, book.one.rebought_micros, book.one.status) == (0, 0, Status.GENERATING_VIDEO)
    assert CloseAttempt("clip/clip_01", before.attempt, "not_bought") in decision.ops
    book.do("clip/clip_01")


def test_a_stopped_episode_continues_automatically_when_its_doubt_is_settled() -> None:
    book = _doubtful(0)
    book.fail("clip/clip_01", FailureKind.IN_DOUBT)
    assert (book.jobs["clip/clip_01"].state, book.one.status) == (JobState.IN_DOUBT, Status.ERROR_VIDEO)
    book.apply(_nothing(book))
    assert (book.jobs["clip/clip_01"].state, book.one.status) == (JobState.READY, Status.GENERATING_VIDEO)
    assert (book.one.possibly_paid_twice, book.jobs["clip/clip_01"].buy_again) == (0, False)


def test_an_episode_with_another_error_keeps_showing_it() -> None:
    book = Book(policy(rebuy_ceiling_micros=0))
    book.queue()
    clips = ["clip/clip_01", "clip/clip_02"]
    while left := [name for name in book.ready() if name not in clips]:
        book.do(left[0])
    book.start(clips[0])
    book.start(clips[1])
    book.fail(clips[0], FailureKind.IN_DOUBT)
    book.fail(clips[1], FailureKind.INPUT)
    book.apply(_nothing(book))
    # it continues when a person has decided about the other one
    assert (book.jobs["clip/clip_01"].state, book.one.status) == (JobState.WAITING, Status.ERROR_VIDEO)


def test_a_cancelled_episode_stays_cancelled() -> None:
    book = _doubtful(0)
    book.fail("clip/clip_01", FailureKind.IN_DOUBT)
    book.apply(CancelAsked(book.now(), book.one.id))
    book.apply(_nothing(book))
    assert book.one.status == Status.CANCELLED


def test_a_finding_that_comes_too_late_changes_nothing() -> None:
    book = _doubtful(MICROS)
    late = replace(_nothing(book), attempt=1)
    assert not book.apply(late).accepted
    book.fail("clip/clip_01", FailureKind.IN_DOUBT)
    assert book.jobs["clip/clip_01"].buy_again
    assert not book.apply(_nothing(book)).accepted
    assert book.one.possibly_paid_twice == 1
