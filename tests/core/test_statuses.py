from collections.abc import Callable

import pytest

from videod.core.statuses import (
    AT_GATE,
    BY_LABEL,
    CLOSED,
    ERRORS,
    GATES,
    JOB_MOVES,
    LABELS,
    MOVES,
    OF_STORY,
    IllegalMove,
    JobState,
    Status,
    check_job_move,
    check_move,
)


def test_there_are_26_statuses_and_two_of_the_storys_review_each_with_a_label_of_its_own() -> None:
    assert len(set(Status) - OF_STORY) == 26 and len(OF_STORY) == 2
    assert set(LABELS) == set(Status)
    assert len(BY_LABEL) == 28
    assert all("," not in label for label in LABELS.values()), "Notion refuses commas in option names"


def test_there_are_eight_errors_and_four_gates_besides_the_storys() -> None:
    assert len(ERRORS) == 8
    assert len(GATES) == 5
    assert set(AT_GATE) - OF_STORY == {
        Status.ASSETS_READY, Status.VIDEO_READY, Status.AUDIO_READY, Status.ASSEMBLY_COMPLETE,
    }  # fmt: skip


def _reach(start: Status, allowed: Callable[[Status], bool]) -> set[Status]:
    seen, todo = {start}, [start]
    while todo:
        for status in MOVES[todo.pop()]:
            if status not in seen and allowed(status):
                seen.add(status)
                todo.append(status)
    return seen


@pytest.mark.parametrize("status", [status for status in Status if status != Status.PUBLISHED])
def test_every_status_can_still_become_published(status: Status) -> None:
    assert Status.PUBLISHED in _reach(status, lambda _: True)


@pytest.mark.parametrize("status", [one for one in Status if one not in (Status.DRAFT,)])
def test_every_status_is_reachable_from_queued(status: Status) -> None:
    assert status in _reach(Status.QUEUED, lambda _: True)


@pytest.mark.parametrize("status", list(Status))
def test_cancelled_is_open_from_everywhere_but_published(status: Status) -> None:
    open_to = status not in (Status.PUBLISHED, Status.CANCELLED)
    assert (Status.CANCELLED in MOVES[status]) == open_to


def test_every_error_leads_back_to_queued_and_every_working_status_to_an_error() -> None:
    assert all(Status.QUEUED in MOVES[error] for error in ERRORS)
    working = (Status.GENERATING_ASSETS, Status.GENERATING_VIDEO, Status.GENERATING_AUDIO, Status.ASSEMBLING,
               Status.UPLOADING)  # fmt: skip
    assert all(MOVES[status] & ERRORS for status in working)


def test_published_is_the_end_unless_youtube_refuses_the_film_afterwards() -> None:
    assert MOVES[Status.PUBLISHED] == {Status.ERROR_UPLOAD}
    assert Status.PUBLISHED in CLOSED


def test_an_illegal_move_names_both_ends() -> None:
    with pytest.raises(IllegalMove, match="draft to published"):
        check_move(Status.DRAFT, Status.PUBLISHED)
    with pytest.raises(IllegalMove, match="waiting to failed"):
        check_job_move(JobState.WAITING, JobState.FAILED)


@pytest.mark.parametrize("status", list(Status))
def test_staying_is_always_allowed(status: Status) -> None:
    check_move(status, status)


def test_every_job_state_has_a_row() -> None:
    assert set(JOB_MOVES) == set(JobState)
