"""A failure of captions or of a thumbnail stops no episode: the film is published without, and an alert says so."""

from dataclasses import replace

import pytest

from tests.core.book import Book
from tests.core.test_steps import context
from tests.harness.world import policy
from videod.core import outlook
from videod.core.alerts import CAUSES
from videod.core.board import entry_view
from videod.core.events import Event, FileChosen, GateApproved, JobCrashed, JobDied, JobSetAside, RedoAsked
from videod.core.failures import Failure, Kind
from videod.core.ops import Alert
from videod.core.statuses import Gate, JobState, Status
from videod.core.tables import SPARED, STEPS

NAMES = ("captions/film", "thumbnail/two")
#: how a script may end: a bug, a file it cannot use, a host that lacks something, killed, an odd file
KINDS = (Kind.BUG, Kind.INPUT, Kind.USAGE, Kind.CONFIGURATION, Kind.NONSENSE, Kind.LOST, Kind.DOWN, Kind.REFUSED)
BUG = Failure(Kind.BUG, "videod itself failed")


def before(name: str) -> Book:
    """An episode in which that job is the last one that is left before the review of the film."""
    paper = Book(policy=policy(auto_gates=frozenset()))
    paper.queue()
    for gate in (Gate.ASSETS, Gate.VIDEO, Gate.AUDIO):
        paper.run(until=name)
        paper.apply(GateApproved(paper.now(), paper.one.id, gate, "me"))
    paper.run(until=name)
    assert paper.ready() == [name] and paper.one.status is Status.ASSEMBLING
    return paper


def fail(paper: Book, name: str, kind: Kind = Kind.BUG) -> list[Alert]:
    """Let it fail until it is tried no more, at most twice; the alerts that were sent."""
    told: list[Alert] = []
    for _ in range(2):
        paper.start(name)
        paper.fail(name, kind)
        told += [op for op in paper.last.ops if isinstance(op, Alert)]
        if paper.jobs[name].state is JobState.FAILED:
            return told
    raise AssertionError(f"tried more than twice: {paper.jobs[name]}")


def approve(paper: Book) -> None:
    assert paper.one.status is Status.ASSEMBLY_COMPLETE
    paper.apply(GateApproved(paper.now(), paper.one.id, Gate.FINAL, "me"))
    paper.run()


def test_it_is_so_for_captions_and_thumbnails_only() -> None:
    assert {"captions", "thumbnail"} == SPARED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_failure_ends_in_a_published_film_and_one_alert(name: str, kind: Kind) -> None:
    paper = before(name)
    (told,) = fail(paper, name, kind)
    without = STEPS[name.split("/")[0]].without
    assert without in told.text and "set Queued" not in told.text
    assert next(cause for cause in CAUSES if cause.fits(told.key)).name == "without"
    log = str(entry_view(paper.one, tuple(paper.jobs.values()), 3)["Error Log"])
    assert name in log and without in log and f"videod redo {paper.one.id} {name}" in log
    approve(paper)
    assert paper.one.status is Status.PUBLISHED
    assert paper.jobs[name].state is JobState.FAILED


def test_all_of_them_may_fail() -> None:
    paper = before("captions/film")
    fail(paper, "captions/film")
    for name in ("thumbnail/one", "thumbnail/two", "thumbnail/three"):
        paper.jobs[name] = replace(paper.jobs[name], state=JobState.FAILED, failure=BUG)
    approve(paper)
    assert paper.one.status is Status.PUBLISHED


def test_a_channel_without_reviews_publishes_without_them() -> None:
    paper = Book()
    paper.queue()
    paper.run(until="captions/film")
    fail(paper, "captions/film")
    paper.run()
    assert paper.one.status is Status.PUBLISHED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["dies", "crashes", "is set aside"])
def test_videods_own_death_or_crash_at_it_stops_no_episode(name: str, how: str) -> None:
    paper = before(name)
    events: list[Event] = []
    if how == "dies":
        paper.start(name)
        events = [JobDied(paper.now(), paper.one.id, name, paper.jobs[name].attempt, 1, "now", doubt=False)]
    elif how == "crashes":
        events = [JobCrashed(paper.now(), paper.one.id, name, BUG, 0.5) for _ in range(2)]
    else:
        events = [JobSetAside(paper.now(), paper.one.id, name, BUG)]
    for event in events:
        assert paper.apply(event).accepted
    assert paper.jobs[name].state is JobState.FAILED
    assert any(isinstance(op, Alert) for op in paper.last.ops)
    assert paper.one.status in (Status.ASSEMBLY_COMPLETE, Status.ASSEMBLING)
    paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.FINAL, ()))  # any event: the status follows
    approve(paper)
    assert paper.one.status is Status.PUBLISHED


@pytest.mark.parametrize("name", NAMES)
def test_it_is_tried_again_when_a_person_asks_at_the_review_of_the_film(name: str) -> None:
    paper = before(name)
    fail(paper, name)
    assert name in outlook.redoable(paper.one, tuple(paper.jobs.values()))
    assert paper.apply(RedoAsked(paper.now(), paper.one.id, Gate.FINAL, (name,))).accepted
    assert paper.ready() == [name] and paper.one.status is Status.ASSEMBLING
    paper.do(name)
    assert paper.one.status is Status.ASSEMBLY_COMPLETE and paper.jobs[name].state is JobState.DONE


def test_a_picture_of_ones_own_takes_the_place_of_the_thumbnail_that_failed() -> None:
    paper = before("thumbnail/two")
    fail(paper, "thumbnail/two")
    chosen = FileChosen(paper.now(), paper.one.id, "thumbnail/two", "own/mine.jpg", 9, "sha", {}, own=True, by="me")
    assert paper.apply(chosen).accepted
    assert paper.jobs["thumbnail/two"].state is JobState.DONE and paper.one.status is Status.ASSEMBLY_COMPLETE
    approve(paper)
    assert paper.one.status is Status.PUBLISHED


def test_another_failure_still_stops_the_episode_and_is_what_it_waits_for() -> None:
    paper = Book()
    paper.queue()
    paper.run(until="thumbnail/one")
    paper.jobs["assemble/film"] = replace(paper.jobs["assemble/film"], state=JobState.READY, output=None)
    fail(paper, "thumbnail/one")
    paper.start("assemble/film")
    paper.fail("assemble/film", Kind.INPUT)
    assert paper.one.status is Status.ERROR_ASSEMBLY
    waits = outlook.awaited(paper.one, tuple(paper.jobs.values()), (), True, paper.at)
    assert waits.job is not None and waits.job.name == "assemble/film"
    paper.queue()
    assert {"assemble/film", "thumbnail/one"} <= set(paper.ready())


@pytest.mark.parametrize(
    ("chosen", "there", "used"),
    [("2", ("one", "two", "three"), "two"), (None, ("one", "two"), "one"), ("2", ("one", "three"), "one"),
     (None, ("three",), "three"), ("1", (), None)],
)  # fmt: skip
def test_the_upload_takes_the_chosen_thumbnail_or_the_first_that_there_is(
    chosen: str | None, there: tuple[str, ...], used: str | None
) -> None:
    paper = before("captions/film")
    upload = paper.jobs["upload/film"]
    upload = replace(upload, args=upload.args | ({"thumbnail": chosen} if chosen else {}))
    at = context(paper.one, outputs={f"thumbnail/{key}": f"thumbnails/{key}.jpg" for key in there})
    besides = STEPS["upload"].besides
    assert besides is not None
    words = besides(upload, at)
    assert words == (() if used is None else ("--thumbnail", at.path(f"thumbnails/{used}.jpg")))
