"""Cleaning up: only workspaces of episodes, as often as one likes, never through a link."""

from pathlib import Path

import pytest

from scripts import clean_workspace
from tests.scripts.conftest import Run


def a_workspace(root: Path, task: str = "42") -> Path:
    workspace = root / "workspaces" / "wild_north" / task
    for name in ("plan/plan.json", "assets/characters/bear.png", "videos/clip_01.mp4", f"{task}_final.mp4"):
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    return workspace


def test_everything_of_the_episode_goes_and_nothing_else(tmp_path: Path, run: Run) -> None:
    workspace, other = a_workspace(tmp_path), a_workspace(tmp_path, "43")
    ran = run(clean_workspace.main, "--workspace", workspace)
    assert ran.code == 0 and (ran.result["removed_files"], ran.result["freed_bytes"]) == (4, 20)
    assert not workspace.exists() and (other / "plan/plan.json").exists()


def test_the_film_can_be_kept(tmp_path: Path, run: Run) -> None:
    workspace = a_workspace(tmp_path)
    ran = run(clean_workspace.main, "--workspace", workspace, "--keep-final")
    assert ran.code == 0 and ran.result["output"].endswith("42_final.mp4") and ran.result["bytes"] == 5
    assert [entry.name for entry in workspace.iterdir()] == ["42_final.mp4"]


@pytest.mark.parametrize("first", [(), ("--keep-final",)])
@pytest.mark.parametrize("second", [(), ("--keep-final",)])
def test_cleaning_again_is_harmless(first: tuple[str, ...], second: tuple[str, ...], tmp_path: Path, run: Run) -> None:
    workspace = a_workspace(tmp_path)
    for words in (first, second, second):
        assert run(clean_workspace.main, "--workspace", workspace, *words).code == 0
    assert (workspace / "42_final.mp4").exists() == (first == second == ("--keep-final",))


@pytest.mark.parametrize("name", ["workspaces/42", "elsewhere/wild_north/42", "workspaces/wild_north/.hidden", "."])
def test_a_path_that_is_no_workspace_is_refused(name: str, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "root" / name
    (folder / "plan").mkdir(parents=True)
    (folder / "file").touch()
    ran = run(clean_workspace.main, "--workspace", folder)
    assert ran.code == 65 and (folder / "file").exists()


def test_a_folder_without_a_plan_is_refused(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "workspaces" / "wild_north" / "photos"
    folder.mkdir(parents=True)
    (folder / "family.jpg").touch()
    ran = run(clean_workspace.main, "--workspace", folder)
    assert ran.code == 65 and (folder / "family.jpg").exists()


def test_links_are_removed_and_never_followed(tmp_path: Path, run: Run) -> None:
    workspace, precious = a_workspace(tmp_path), tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (workspace / "assets" / "link").symlink_to(precious)
    (workspace / "link").symlink_to(precious)
    linked = workspace.with_name("44")
    linked.symlink_to(workspace)
    assert run(clean_workspace.main, "--workspace", linked).code == 65
    assert run(clean_workspace.main, "--workspace", workspace).code == 0
    assert not workspace.exists() and (precious / "file").exists()


def test_a_run_that_was_cut_short_is_finished_by_the_next(tmp_path: Path, run: Run) -> None:
    workspace = a_workspace(tmp_path)
    (workspace / "videos/clip_01.mp4").unlink()
    (workspace / "42_final.mp4").unlink()
    assert run(clean_workspace.main, "--workspace", workspace).code == 0
    assert not workspace.exists()
