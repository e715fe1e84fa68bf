"""Who got an episode over its trouble: videod alone, or a person. Faces of the definitions in docs/reports.md."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, StudioBox, at_once
from videod.core.events import EntryQueued, ServiceFreed
from videod.core.failures import Kind
from videod.core.measures import Outcome, Report
from videod.core.reconcile import NothingBought
from videod.core.statuses import Status
from videod.core.suspension import Cause
from videod.store import reports

CLIP = "clip/clip_01"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[StudioBox]:
    one = StudioBox(tmp_path)
    yield one
    one.close()


def filming(box: StudioBox) -> str:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    while made := [one for one in box.ready(task) if not one.startswith("clip/")]:
        box.make(task, made[0], 1000)
    return task


def again(box: StudioBox, task: str) -> None:
    """Somebody sets Queued."""
    one, at = box.task(task), box.clock.at
    box.apply(EntryQueued(at, one.page_id, one.channel_id, one.title, one.topic, one.direction, one.priority, None))


def freed(box: StudioBox, task: str, cause: Cause) -> None:
    at_once(box.ledger.release("kie", "", cause))
    box.apply(ServiceFreed(box.clock.at, task, "kie"))


def found_unbought(box: StudioBox, task: str) -> None:
    """The balance shows that nothing was taken: it continues automatically."""
    attempt = box.fail(task, CLIP, Kind.IN_DOUBT)
    assert box.task(task).status == Status.ERROR_VIDEO
    box.apply(NothingBought(box.clock.at, task, CLIP, attempt, "the balance"))


def bought_again(box: StudioBox, task: str) -> None:
    box.fail(task, CLIP, Kind.IN_DOUBT)
    again(box, task)


def quota_that_ends(box: StudioBox, task: str) -> None:
    box.fail(task, CLIP, Kind.QUOTA, retry_after_ms=HOUR)
    box.clock.at += HOUR
    freed(box, task, Cause.QUOTA)


def quota_until_a_person(box: StudioBox, task: str) -> None:
    box.fail(task, CLIP, Kind.QUOTA, until_person=True)
    freed(box, task, Cause.QUOTA)


def key_put_in(box: StudioBox, task: str) -> None:
    box.fail(task, CLIP, Kind.CREDENTIALS)
    freed(box, task, Cause.CREDENTIALS)


def reworded(box: StudioBox, task: str) -> None:
    box.fail(task, CLIP, Kind.REFUSED)


def refused_for_good(box: StudioBox, task: str) -> None:
    box.fail(task, CLIP, Kind.REFUSED)
    box.fail(task, CLIP, Kind.REFUSED)
    again(box, task)


def only_busy(box: StudioBox, task: str) -> None:
    box.fail(task, CLIP, Kind.BUSY)
    box.clock.at += HOUR


def hurried(box: StudioBox, task: str) -> None:
    """A person sets Queued while it waits for its retry: nothing depended on that."""
    box.fail(task, CLIP, Kind.DOWN)
    again(box, task)
    box.clock.at += HOUR


FACES = [
    (found_unbought, Outcome.RECOVERED), (bought_again, Outcome.HELPED), (quota_that_ends, Outcome.RECOVERED),
    (quota_until_a_person, Outcome.HELPED), (key_put_in, Outcome.HELPED), (reworded, Outcome.RECOVERED),
    (refused_for_good, Outcome.HELPED), (only_busy, Outcome.CLEAN), (hurried, Outcome.RECOVERED),
]  # fmt: skip


def read(box: StudioBox) -> Report:
    return at_once(box.store.read(lambda tx: reports.report(tx, 0, box.clock.at + 1)))


@pytest.mark.parametrize(("trouble", "outcome"), FACES, ids=[face.__name__ for face, _ in FACES])
def test_a_published_film_says_who_got_it_there(
    box: StudioBox, trouble: Callable[[StudioBox, str], None], outcome: Outcome
) -> None:
    task = filming(box)
    trouble(box, task)
    box.bring_to(task, Status.PUBLISHED)
    (ending,) = read(box).endings
    assert (ending.outcome, ending.person) == (outcome, outcome is Outcome.HELPED)
    assert [row for row in read(box).troubles if row.jobs != row.recovered + row.helped + row.stopped] == []
    assert read(box).retrying == 0


def test_a_cancelled_episode_counts_only_where_an_error_made_somebody_give_up(box: StudioBox) -> None:
    by_whim, given_up = filming(box), box.queue("Owls", "deep_sea")
    box.cancel(by_whim)
    box.fail(given_up, "plan/plan", Kind.INPUT)
    box.cancel(given_up)
    found = read(box)
    assert {one.task_id: one.person for one in found.of(Outcome.CANCELLED)} == {by_whim: False, given_up: True}
    assert (found.alone().part, found.alone().whole) == (0, 1)


def test_an_episode_that_stopped_and_was_queued_again_is_no_ending_yet(box: StudioBox) -> None:
    task = filming(box)
    box.fail(task, CLIP, Kind.INPUT)
    stopped_at = box.clock.at
    assert [one.outcome for one in read(box).endings] == [Outcome.STOPPED]
    box.clock.at += HOUR
    again(box, task)
    box.clock.at += HOUR
    assert read(box).endings == ()
    earlier = at_once(box.store.read(lambda tx: reports.report(tx, 0, stopped_at + 1)))
    assert [one.outcome for one in earlier.endings] == [Outcome.STOPPED]


def test_a_job_that_waits_for_its_retry_is_counted_as_such_until_its_episode_is_cancelled(box: StudioBox) -> None:
    task = filming(box)
    box.fail(task, CLIP, Kind.DOWN)
    assert read(box).retrying == 1 and read(box).troubles == ()
    box.cancel(task)
    assert read(box).retrying == 0
