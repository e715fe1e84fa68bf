"""Films that were made already are found by digest over all channels, and by words among the newest of a channel."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, POLICY, StudioBox, a_plan, at_once
from videod.core.events import JobSucceeded
from videod.core.likeness import ALIKE
from videod.core.statuses import JobState, Status
from videod.store import films

_ALIKE = replace(POLICY, alike=ALIKE)


@pytest.fixture
def box(tmp_path: Path) -> StudioBox:
    return StudioBox(tmp_path, at=NOON - 48 * HOUR, policy=_ALIKE)


def _planned(box: StudioBox, title: str, channel: str = "wild_earth", sha256: str = "plan-1", words: str = "") -> str:
    """An entry whose plan has this digest and these words more in each narration."""
    task = box.queue(title, channel)
    attempt = box.start(task, "plan/plan")
    plan = a_plan()
    clips = tuple(replace(clip, narration=f"{clip.narration} {words}") for clip in plan.clips)
    box.clock.at += 1000
    plan = replace(plan, title=title, clips=clips)
    box.apply(JobSucceeded(box.clock.at, task, "plan/plan", attempt, "plan/plan.json", 9, sha256, {}, plan))
    return task


def _refused(box: StudioBox, task: str) -> str:
    job = box.jobs(task)["plan/plan"]
    if job.state is not JobState.FAILED:
        return ""
    assert box.task(task).status is Status.ERROR_PLANNING and job.failure is not None
    return job.failure.message


OTHER = "where salmon leap and herons wait beside the shallow bend until evening light turns gold over every stone"


def test_the_same_plan_in_another_channel_is_found(box: StudioBox) -> None:
    first = _planned(box, "Bears")
    second = _planned(box, "Owls", "deep_sea", words=OTHER)
    assert _refused(box, first) == ""
    assert f'the same as that of "Bears" (wild_earth, {first})' in _refused(box, second)


def test_the_same_words_under_another_title_in_another_channel_are_found(box: StudioBox) -> None:
    _planned(box, "Bears")
    assert "the same as that" in _refused(box, _planned(box, "Owls", "deep_sea", sha256="plan-2"))


def test_nearly_the_same_words_count_in_the_own_channel_only(box: StudioBox) -> None:
    _planned(box, "Bears")
    assert "nearly that of" in _refused(box, _planned(box, "Owls", sha256="plan-2", words="now"))
    assert _refused(box, _planned(box, "Foxes", "deep_sea", sha256="plan-3", words="then")) == ""
    assert _refused(box, _planned(box, "Herons", sha256="plan-4", words=OTHER)) == ""


def test_a_cancelled_entry_and_the_episode_itself_never_count(box: StudioBox) -> None:
    first = _planned(box, "Bears")
    assert at_once(box.store.read(lambda tx: films.with_plan(tx, first, "plan-1", ""))) == ()
    assert at_once(box.store.read(lambda tx: films.last(tx, "wild_earth", first, 50))) == ()
    box.cancel(first)
    assert _refused(box, _planned(box, "Again")) == ""


def test_only_the_last_films_of_a_channel_are_compared(box: StudioBox) -> None:
    tasks = [_planned(box, f"Film {n}", sha256=f"plan-{n}", words=f"{n} " * 40) for n in range(5)]
    found = at_once(box.store.read(lambda tx: films.last(tx, "wild_earth", tasks[0], 3)))
    assert [film.task_id for film in found] == tasks[:1:-1]
    assert all("The bear goes on, step 4." in film.told for film in found)


def test_a_film_that_was_uploaded_is_found_by_its_digest(box: StudioBox) -> None:
    first = _planned(box, "Bears")
    film = "sha of the film"
    box.bring_to(first, Status.PUBLISHED)
    made = box.jobs(first)["assemble/film"].sha256
    assert made is not None and film
    look = lambda tx: films.sent(tx, "another", made, None)  # noqa: E731
    assert [(one.task_id, one.what) for one in at_once(box.store.read(look))] == [(first, "film")]
    assert at_once(box.store.read(lambda tx: films.sent(tx, first, made, "plan-1"))) == ()
    assert at_once(box.store.read(lambda tx: films.sent(tx, "another", "other", None))) == ()


def test_every_look_goes_by_an_index(box: StudioBox) -> None:
    for statement in (films._SAME_PLAN, films._SAME_WORDS, films._SAME_FILM_SENT, films._SAME_PLAN_SENT, films._LAST):
        marks = statement.count("?")
        rows = at_once(box.store.read(
            lambda tx, one=statement, n=marks: tx.execute(f"EXPLAIN QUERY PLAN {one}", ("x",) * n).fetchall()  # type: ignore[misc]
        ))  # fmt: skip
        assert not any(str(row[3]).startswith("SCAN") for row in rows), (statement, [row[3] for row in rows])
