"""Commands read archived episodes like all others; backups and restores have the archive with them."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.cli.factory import NOON, StudioBox
from tests.harness.pasts import archive, archived, opened, told
from videod.cli import client
from videod.cli.checks import Check
from videod.cli.main import run

Out = pytest.CaptureFixture[str]
#: what commands say of the past, word for word
ASKED = (
    ["show", "bears", "--jobs", "--charges"], ["show", "bears", "--json"], ["list", "--json"],
    ["costs", "--by", "episode", "--json"], ["costs", "--by", "day", "--json"], ["audit", "--json"], ["why", "bears"],
    ["open", "bears", "youtube", "--print"],
)  # fmt: skip


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    opened(tmp_path).close()
    return tmp_path


def _archive(state: Path) -> None:
    made = StudioBox(state)
    assert archive(made) == 3
    made.close()


def _past(state: Path) -> dict[str, object]:
    """Without the open episode, which a restore pauses."""
    return {name: one for name, one in told(state / "videod.db").items() if not name.startswith("otters")}


def _said(state: Path, capsys: Out, argv: list[str]) -> str:
    code = run([*argv, "--state", str(state)])
    told_all = capsys.readouterr()
    return f"{code}\n{told_all.out}\n{told_all.err}"


def test_commands_say_of_archived_episodes_what_they_said_before(state: Path, capsys: Out) -> None:
    before = [_said(state, capsys, argv) for argv in ASKED]
    _archive(state)
    after = [_said(state, capsys, argv) for argv in ASKED]
    place = next(line for line in after[0].splitlines() if line.strip().startswith("archive "))
    assert str(state / "archive") in place
    after[0] = after[0].replace(f"{place}\n", "")
    assert after == before


def test_list_shows_only_the_archive_where_asked(state: Path, capsys: Out) -> None:
    assert "No such episode is archived" in _said(state, capsys, ["list", "--archived"])
    _archive(state)
    listed = json.loads(_said(state, capsys, ["list", "--archived", "--json"]).split("\n", 1)[1])
    assert {one["title"] for one in listed["tasks"]} == {"Bears", "Owls", "Foxes"}


def test_export_writes_the_whole_history_of_an_archived_episode(state: Path, tmp_path: Path, capsys: Out) -> None:
    assert run(["export", "bears", str(tmp_path / "before"), "--state", str(state)]) == 0
    _archive(state)
    assert run(["export", "bears", str(tmp_path / "after"), "--state", str(state)]) == 0
    one, other = (json.loads((tmp_path / name / "episode.json").read_text()) for name in ("before", "after"))
    assert one == other and one["jobs"] and one["timeline"] and one["charges"]


def test_a_lost_archive_is_a_clear_answer(state: Path, capsys: Out) -> None:
    _archive(state)
    shutil.rmtree(state / "archive")
    said = _said(state, capsys, ["show", "bears"])
    assert said.startswith("69") and "is archived in" in said and "from a backup" in said and "Traceback" not in said
    assert _said(state, capsys, ["list"]).startswith("0"), "all else works"


def test_copies_of_the_database_have_the_archive_beside_them(state: Path, tmp_path: Path, capsys: Out) -> None:
    _archive(state)
    before = _past(state)
    elsewhere = tmp_path / "mnt"
    for _ in range(2):
        assert run(["backup", "--into", str(elsewhere), "--state", str(state)]) == 0
    kept = sorted(path.name for path in (elsewhere / "archive").iterdir())
    assert kept == sorted(path.name for path in (state / "archive").iterdir())
    new = tmp_path / "new"
    copy = max(elsewhere.glob("videod-*.db"))
    assert run(["restore", str(copy), "--offline", "--state", str(new)]) == 0
    assert _past(new) == before and archived(new / "videod.db")


def test_an_archive_to_move_with_has_the_finished_episodes(state: Path, tmp_path: Path, capsys: Out) -> None:
    _archive(state)
    before = _past(state)
    made = tmp_path / "videod.tar.gz"
    assert run(["backup", "--archive", str(made), "--state", str(state)]) == 0
    new = tmp_path / "new"
    assert run(["restore", str(made), "--offline", "--state", str(new)]) == 0
    assert _past(new) == before and archived(new / "videod.db")


def test_restored_over_another_archive_each_name_means_what_the_database_says(
    state: Path, tmp_path: Path, capsys: Out
) -> None:
    _archive(state)
    before = _past(state)
    made = tmp_path / "videod.tar.gz"
    assert run(["backup", "--archive", str(made), "--state", str(state)]) == 0
    for path in (state / "archive").iterdir():
        path.write_bytes(b"of another one")
    assert run(["restore", str(made), "--offline", "--state", str(state)]) == 0
    assert _past(state) == before
    assert [path for path in (state / "archive").iterdir() if path.name.endswith(".before-restore")]


def test_a_database_of_before_takes_up_what_was_archived_since(state: Path, tmp_path: Path, capsys: Out) -> None:
    before = _past(state)
    older = (state / "videod.db").read_bytes()
    _archive(state)
    files = sorted(path.name for path in (state / "archive").iterdir())
    for end in ("", "-wal", "-shm"):
        (state / f"videod.db{end}").unlink(missing_ok=True)
    (state / "videod.db").write_bytes(older)
    assert _past(state) == before and not archived(state / "videod.db"), "present, so it is not archived"
    _archive(state)
    assert _past(state) == before
    assert sorted(path.name for path in (state / "archive").iterdir()) == files, "nothing is written twice"


@pytest.mark.parametrize("how", ["gone", "cut", "changed"])
def test_audit_and_doctor_name_a_damaged_archive_and_all_else_continues(
    state: Path, capsys: Out, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from videod.cli import checkup_host

    _archive(state)
    first, *_ = sorted((state / "archive").iterdir())
    assert "finished episode" in _state_of(checkup_host.state(state, 0)), "with how many, and their size"
    match how:
        case "gone":
            first.unlink()
        case "cut":
            first.write_bytes(first.read_bytes()[:-20])
        case _:
            body = bytearray(first.read_bytes())
            body[len(body) // 2] ^= 0xFF
            first.write_bytes(bytes(body))
    said = _said(state, capsys, ["audit"])
    assert said.startswith("1") and f"in {first} cannot be read" in said and "beside your backups" in said
    assert said.count("cannot be read") == 1, "the others are fine"
    assert "Traceback" not in said
    if how != "changed":  # only reading it through finds that
        assert f"in {first} cannot be read" in _state_of(checkup_host.state(state, 0))
    for command in (["list"], ["costs"], ["report"]):
        assert _said(state, capsys, command).startswith("0"), command
    shown = [_said(state, capsys, ["show", name])[:2] for name in ("bears", "owls", "foxes")]
    assert sorted(shown) != ["69"] * 3 and ("69" in shown)


def _state_of(checks: Iterable[Check]) -> str:
    return " ".join(one.text for one in checks)


def test_a_damaged_archive_never_takes_the_place_of_its_copy(state: Path, tmp_path: Path, capsys: Out) -> None:
    _archive(state)
    elsewhere = tmp_path / "mnt"
    backup = ["backup", "--into", str(elsewhere), "--state", str(state)]
    assert run(backup) == 0
    first = min((state / "archive").iterdir())
    whole = first.read_bytes()
    assert (elsewhere / "archive" / first.name).stat().st_ino != first.stat().st_ino, (
        "damage in one is none in the other"
    )
    first.write_bytes(whole[:-20])
    assert run(backup) == 0
    kept = [path.read_bytes() for path in (elsewhere / "archive").iterdir() if path.name.startswith(first.name)]
    assert whole in kept
