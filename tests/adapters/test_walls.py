"""What the walls lack is said, in the log and to `status`."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from videod.adapters import cgroups, launch, seccomp, walls
from videod.files import private_folder


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A host that lacks nothing, to take things from."""
    monkeypatch.setattr(launch, "abi", lambda: 7)
    monkeypatch.setattr(seccomp, "missing", lambda: None)
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    yield monkeypatch


def _private(folder: Path) -> Path:
    folder.chmod(0o700)
    return folder


def test_a_host_that_gives_all_has_nothing_to_say(
    whole: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert walls.found(_private(tmp_path), {}).problems() == ()
    assert [record.message for record in caplog.records] == ["launch_walls_ready"]


@pytest.mark.parametrize(("version", "words"), [
    (0, "no Landlock"), (2, "empty files of the user of videod"), (5, "signal other programs"),
])  # fmt: skip
def test_an_old_kernel_is_named_with_what_it_leaves_open(
    whole: pytest.MonkeyPatch, tmp_path: Path, version: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole.setattr(launch, "abi", lambda: version)
    (said,) = walls.found(_private(tmp_path), {}).problems()
    assert words in said
    assert [record.message for record in caplog.records] == ["launch_walls_incomplete"]


def test_missing_filters_groups_and_numbers_are_named_each(whole: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole.setattr(seccomp, "missing", lambda: "libseccomp is not installed")
    whole.setattr(cgroups, "own_group", lambda: None)
    whole.setattr(resource, "getrlimit", lambda _which: (4096, 4096))
    said = walls.found(_private(tmp_path), {"SYSTEMD_EXEC_PID": str(os.getpid())}).problems()
    assert [words.split()[0] for words in said] == ["no", "jobs", "LimitRSS="]


@pytest.mark.fault("12.22")
@pytest.mark.parametrize("mode", [0o755, 0o711, 0o750, 0o701])
def test_a_state_folder_that_others_may_enter_is_named_for_as_long_as_it_is_so(
    whole: pytest.MonkeyPatch, tmp_path: Path, mode: int
) -> None:
    found = walls.found(_private(tmp_path), {})
    tmp_path.chmod(mode)
    (said,) = found.problems()
    assert f"mode {mode:o}" in said and f"chmod 700 {tmp_path}" in said
    _private(tmp_path)
    assert found.problems() == ()


@pytest.mark.fault("12.22")
def test_a_folder_of_its_own_is_closed_to_others_and_so_are_those_made_above_it(tmp_path: Path) -> None:
    """`mkdir` gives its mode to the last one only: a rehearsal made its state by way of tokens/."""
    tmp_path.chmod(0o755)
    before = os.umask(0)
    try:
        private_folder(tmp_path / "state" / "demo" / "tokens")
        private_folder(tmp_path / "state" / "demo" / "tokens")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in (".", "state", "state/demo", "state/demo/tokens")]
    assert modes == [0o755, 0o700, 0o700, 0o700]
