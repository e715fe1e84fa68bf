"""A real daemon on a small disk of its own that somebody else fills in the midst of an episode, and frees again.

Disks without a single free byte, and kills on them: `python -m tests.campaigns disk`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns.disk import end_well, pauses, small_stage
from tests.faults import mounts
from tests.harness.patience import ended, until

pytestmark = [pytest.mark.live, pytest.mark.long]


def test_too_little_space_pauses_and_enough_lets_the_episode_end_with_nothing_bought_twice(tmp_path: Path) -> None:
    with small_stage(tmp_path) as (at, creator):
        at.start()
        # the episode is not over before the disk is full
        at.fault(service="kie", kind="hold", endpoint="POST *createTask")
        creator.write("The deep")
        until(lambda: any(charge["kind"] == "image" for charge in at.charges()), at.log_tail)
        assert (at.state / "reserve").stat().st_size == 10_000_000
        mounts.fill(at.state / "ballast", leave=290_000_000)
        until(lambda: pauses(at), at.log_tail)
        (reason,) = pauses(at)
        assert "MB left (work resumes at 438 MB). Free some" in reason
        creator.wait_for_alert("videod is paused", "MB left")
        shown = subprocess.run(
            [sys.executable, "-m", "videod", "status", "--state", str(at.state)], env=at.env, capture_output=True,
            text=True, check=True,
        ).stdout  # fmt: skip
        assert "everything is paused until there is space" in shown
        at.admin("/reset", "POST")
        until(lambda: not at.rows("SELECT 1 FROM jobs WHERE state = 'running'"), at.log_tail)
        before = len(at.charges())
        at.daemon_looks()
        assert len(at.charges()) == before and at.statuses() != ["published"]
        (at.state / "ballast").unlink()
        assert end_well(at, creator) == 0
        assert at.bought_twice() == {}


def test_a_disk_that_is_unmounted_ends_the_daemon_which_writes_nothing_in_its_place(tmp_path: Path) -> None:
    with small_stage(tmp_path) as (at, _):
        at.start()
        until(lambda: "daemon_start_done" in (at.log.read_text() if at.log.exists() else ""), at.log_tail)
        mounts.unmount(at.state)
        assert at.daemon is not None and ended(at.daemon) == 74
        assert "Was its disk unmounted?" in at.log_tail()
        assert list(at.state.iterdir()) == []
