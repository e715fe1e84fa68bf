"""Which settings `videod demo` uses, and where its films lie."""

from pathlib import Path

import pytest

from videod import config
from videod.cli import demo
from videod.cli.main import run


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What an installed package brings; the current folder is an empty one."""
    brought = tmp_path / "package"
    (brought / "scripts").mkdir(parents=True)
    (brought / "videod.toml").write_text("")
    monkeypatch.setattr(config, "PACKAGED", brought)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.delenv("VIDEOD_PATHS_STATE", raising=False)
    return brought


def test_in_an_empty_folder_the_packages_samples_are_shown_and_the_films_lie_in_the_folder(packaged: Path) -> None:
    used, paths = demo._settings(demo.DEFAULT)
    assert used == packaged / "videod.toml"
    assert (paths.channels, paths.scripts) == (packaged / "channels", packaged / "scripts")
    assert paths.state == Path.cwd() / "state"


def test_a_state_folder_that_the_environment_names_is_used(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOD_PATHS_STATE", str(tmp_path / "elsewhere"))
    assert demo._settings(demo.DEFAULT)[1].state == tmp_path / "elsewhere"


def test_settings_of_the_folder_go_first(packaged: Path) -> None:
    Path("videod.toml").write_text('[paths]\nstate = "mine"\n')
    used, paths = demo._settings(demo.DEFAULT)
    assert used == demo.DEFAULT
    assert (paths.state, paths.channels) == (Path.cwd() / "mine", Path.cwd() / "channels")


@pytest.mark.parametrize("argv", [["--config", "other.toml"], ["--config", "other.toml", "--json"]])
def test_a_missing_settings_file_is_one_sentence_and_78(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["demo", *argv]) == 78
    said = capsys.readouterr().err.strip()
    assert "Start videod in the folder of videod.toml or name the file" in said and "\n" not in said
    assert not list(tmp_path.iterdir())
