"""P2: what is done is not run again, whoever asks the ledger for it."""

from pathlib import Path

import pytest

from tests.cli.factory import StudioBox
from videod.core.events import JobStarted
from videod.core.statuses import Status


@pytest.mark.parametrize("reached", [Status.ASSETS_READY, Status.PUBLISHED])
def test_a_finished_job_cannot_be_started_again(tmp_path: Path, reached: Status) -> None:
    box = StudioBox(tmp_path)
    try:
        task = box.bring_to(box.queue("Crossing"), reached)
        before = box.jobs(task)
        for job in before.values():
            if job.ended_at is not None:
                applied = box.apply(JobStarted(box.clock.at + 1, task, job.name, "d" * 64))
                assert not applied.decision.accepted and applied.attempt is None, job.name
        assert box.jobs(task) == before
    finally:
        box.close()


def test_a_running_job_is_not_started_beside_itself(tmp_path: Path) -> None:
    box = StudioBox(tmp_path)
    try:
        task = box.queue("Crossing")
        box.start(task, "plan/plan")
        applied = box.apply(JobStarted(box.clock.at + 1, task, "plan/plan", "d" * 64))
        assert not applied.decision.accepted and applied.attempt is None
    finally:
        box.close()
