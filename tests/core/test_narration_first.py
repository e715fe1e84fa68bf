"""Narrations made first: clips are bought as long as those need them, at a price that is known before."""

from dataclasses import replace

import pytest

from tests.core.book import Book, small_plan
from tests.core.test_steps import context
from tests.harness.world import policy
from videod.core import fitting
from videod.core.events import GateApproved, JobSucceeded, RedoAsked
from videod.core.failures import Kind
from videod.core.statuses import Gate, JobState, Status
from videod.core.step_parts import fitting_s
from videod.core.tables import step_of

CLIPS = ("clip/clip_01", "clip/clip_02")
PRICES = {5: 210_000, 10: 420_000}


def paper(first: bool = True, clips: int = 2) -> Book:
    made = Book(policy=replace(policy(auto_gates=frozenset()), narration_first=first, clip_micros=PRICES, clips=clips))
    made.queue()
    return made


def made(book: Book, lengths: dict[str, float], until: Gate) -> Book:
    """The book at that review, each narration as long as `lengths` says (seconds)."""
    while book.one.status != {Gate.ASSETS: Status.ASSETS_READY, Gate.AUDIO: Status.AUDIO_READY}[until]:
        ready = [name for name in book.ready() if name != "cleanup/workspace"]
        if not ready:
            gate = Gate.ASSETS if book.one.status is Status.ASSETS_READY else Gate.VIDEO
            book.apply(GateApproved(book.now(), book.one.id, gate, "me"))
            continue
        spoken(book, ready[0], lengths) if ready[0].startswith("narration/") else book.do(ready[0])
    return book


def spoken(book: Book, name: str, lengths: dict[str, float]) -> None:
    book.start(name)
    job = book.jobs[name]
    facts: dict[str, object] = {"duration_s": lengths[job.key]}
    book.apply(JobSucceeded(book.now(), book.one.id, name, job.attempt, f"{name}.out", 9, f"sha-{name}", facts, None))


def approved(book: Book) -> None:
    """The clips are next."""
    book.apply(GateApproved(book.now(), book.one.id, Gate.ASSETS, "me"))
    while ready := [name for name in book.ready() if name not in CLIPS]:
        book.do(ready[0])


def seconds(book: Book) -> list[object]:
    return [book.jobs[name].args.get("fitted") for name in CLIPS]


def test_a_channel_without_it_orders_what_it_always_did() -> None:
    book = made(paper(first=False), {}, Gate.ASSETS)
    assert book.jobs["narration/clip_01"].state is JobState.WAITING
    assert "fits" not in book.jobs[CLIPS[0]].args and "first" not in book.jobs["narration/clip_01"].args


def test_narrations_are_made_with_the_images_and_the_review_knows_what_the_clips_cost() -> None:
    book = made(paper(), {"clip_01": 1.5, "clip_02": 6.0}, Gate.ASSETS)
    assert [book.jobs[f"narration/clip_0{number}"].state for number in (1, 2)] == [JobState.DONE] * 2
    assert seconds(book) == [5, 10]
    told = [book.jobs[name].price_micros for name in CLIPS]
    assert told == [210_000, 420_000]
    approved(book)
    for name, price in zip(CLIPS, told, strict=True):
        argv = step_of(book.jobs[name]).argv(book.jobs[name], context(book.one)).argv
        assert argv[argv.index("--duration") + 1] == str(book.jobs[name].args["fitted"])
        book.start(name)
        assert (book.jobs[name].state, book.jobs[name].price_micros) == (JobState.RUNNING, price)


def test_the_review_before_the_clips_waits_for_what_sets_their_price() -> None:
    book = paper()
    while ready := [name for name in book.ready() if not name.startswith(("narration/", "cleanup"))]:
        book.do(ready[0])
    assert book.one.status is Status.GENERATING_ASSETS
    assert [book.jobs[name].price_micros for name in CLIPS] == [420_000] * 2, "at most"
    spoken(book, "narration/clip_02", {"clip_02": 1.0})
    assert book.one.status is Status.GENERATING_ASSETS
    spoken(book, "narration/clip_01", {"clip_01": 6.0})
    assert book.one.status is Status.ASSETS_READY
    assert [book.jobs[name].price_micros for name in CLIPS] == [420_000, 210_000]


def test_a_clip_waits_for_its_narration_where_that_is_made_again() -> None:
    book = made(paper(), {"clip_01": 2.0, "clip_02": 1.0}, Gate.ASSETS)
    clip = replace(book.jobs[CLIPS[0]], state=JobState.WAITING)
    assert set(fitting.needs(clip)) == {*clip.needs, "narration/clip_01"}
    fetched = replace(clip, sha256="a", remote_id="b")
    assert fitting.needs(fetched) == clip.needs


def test_another_take_of_a_narration_leaves_the_clip_that_was_paid_for() -> None:
    book = made(paper(), {"clip_01": 2.0, "clip_02": 2.0}, Gate.AUDIO)
    before = [book.jobs[name] for name in CLIPS]
    book.apply(RedoAsked(book.now(), book.one.id, Gate.AUDIO, ("narration/clip_01",)))
    spoken(book, "narration/clip_01", {"clip_01": 7.0})
    assert [book.jobs[name] for name in CLIPS] == before
    assert book.jobs["cut/clip_01"].state is JobState.READY


def test_an_order_that_may_be_on_its_way_keeps_its_length() -> None:
    book = made(paper(), {"clip_01": 2.0, "clip_02": 2.0}, Gate.ASSETS)
    approved(book)
    book.start(CLIPS[0])
    book.fail(CLIPS[0], Kind.DOWN)
    failed = book.jobs[CLIPS[0]]
    narration = replace(book.jobs["narration/clip_01"], facts={"duration_s": 7.0})
    assert fitting.fitted((failed, narration), book.policy)[0] is failed


def test_a_new_plan_with_the_same_words_keeps_clips_and_their_lengths() -> None:
    book = made(paper(), {"clip_01": 2.0, "clip_02": 2.0}, Gate.AUDIO)
    before = {name: book.jobs[name] for name in CLIPS}
    book.apply(RedoAsked(book.now(), book.one.id, Gate.STORY, ("plan/plan",)))
    if book.jobs["plan/plan"].state is JobState.READY:
        book.start("plan/plan")
        book.succeed("plan/plan", small_plan())
    assert {name: book.jobs[name].args for name in CLIPS} == {name: job.args for name, job in before.items()}
    assert [book.jobs[name].state for name in CLIPS] == [JobState.DONE] * 2


@pytest.mark.parametrize(
    ("known", "wanted", "found"),
    [
        ((5, 10), 4.0, 5), ((5, 10), 5.0, 5), ((5, 10), 5.1, 10), ((5, 10), 12.0, 10), (range(3, 16), 4.2, 5),
        (range(3, 16), 7.7, 8), (range(3, 16), 14.0, 10), ((), 4.0, 10), ((6, 10), 4.0, 6),
    ],
)  # fmt: skip
def test_the_shortest_clip_that_the_model_makes_is_bought_and_none_beyond_the_channels_length(
    known: tuple[int, ...], wanted: float, found: int
) -> None:
    channel = replace(policy(), clip_micros=dict.fromkeys(known, 1), clip_seconds=10)
    assert fitting_s(channel, wanted) == found
