"""The hostile program in the place of a script of ours and of one of the user's: what it may not do is held.

`python -m tests.security` tries every script in every environment; here are those that differ, and a selection.
"""

from pathlib import Path

import pytest

from tests.security import expected, hostile, rig
from tests.security.__main__ import tried
from tests.security.town import OFFERED, OURS, OWN
from videod.adapters import launch
from videod.core.tables import STEPS

needs_walls = pytest.mark.skipif(launch.abi() < 6, reason="this kernel's Landlock is older than ABI 6: walls are lower")
#: one act of each kind, where a user of its own and the unit's filters might make a difference
TELLING = (
    "read_database", "read_credentials_directory", "read_other_workspace", "read_environ_of_daemon",
    "read_environ_of_other_job", "make_in_state_folder", "write_in_other_workspace", "make_in_tmp", "chmod_database",
    "chown_database", "hardlink_database_in", "make_block_device", "connect_tcp", "connect_mptcp", "send_udp",
    "open_raw", "connect_unix_socket_elsewhere", "command_daemon", "command_daemon_for_a_dead_peer",
    "command_daemon_with_a_lower_mark", "unshare_user", "trace_daemon", "take_descriptor_of_daemon",
    "limit_files_of_daemon", "limit_processor_of_other_job", "signal_daemon", "change_priority_of_daemon",
    "open_io_uring", "outlive_with_a_lower_mark", "outlive_as_a_sibling",
)  # fmt: skip


def test_there_are_far_more_acts_than_eighty_and_none_is_named_twice() -> None:
    assert len(hostile.ACTS) > 150
    assert set(TELLING) <= set(hostile.ACTS)
    assert {act for act, _, _ in expected.KNOWN_OPEN} | set(expected.OWN_MAY) <= set(hostile.ACTS)


def test_every_script_that_the_daemon_starts_is_attacked_from() -> None:
    scripts = {path.stem for path in (rig.ROOT / "scripts").glob("*.py")} - {"__init__"}
    # these are run by a person at a terminal
    scripts -= {"youtube_auth", "export_timeline"}
    known = {name: step.script for name, step in STEPS.items()} | OFFERED
    assert {Path(known.get(name, name)).stem for name in OURS} == scripts


@pytest.mark.fault("12.3", "12.5", "12.6", "12.10")
@needs_walls
def test_a_script_that_was_taken_over_gains_nothing(tmp_path: Path) -> None:
    assert expected.wrong(rig.HERE, tried(rig.HERE, tmp_path / "here", ("cut", OWN)), strict=False) == []


@pytest.mark.fault("12.10")
@needs_walls
def test_nor_one_that_asks_a_service(tmp_path: Path) -> None:
    """It has TCP and UDP as a client, and no other socket."""
    sockets = tuple(name for name, what in hostile.GROUPS.items() if what in ("sockets", "control"))
    assert expected.wrong(rig.HERE, tried(rig.HERE, tmp_path / "here", ("clip",), sockets), strict=False) == []


@pytest.mark.fault("12.3", "12.5", "12.6", "12.10")
@needs_walls
@pytest.mark.parametrize("place", [rig.AS_NOBODY, rig.UNIT])
def test_nor_does_it_under_another_user_and_under_the_unit(place: str, tmp_path: Path) -> None:
    if why := rig.missing(place):
        pytest.skip(why)
    found = tried(place, tmp_path / "there", ("cut", OWN), TELLING)
    assert {one.act for one in found} == set(TELLING)
    assert expected.wrong(place, found, strict=False) == []
