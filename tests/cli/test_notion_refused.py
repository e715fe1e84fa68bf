"""`videod notion` where no connection can be made: a sentence and its code, never a traceback."""

from pathlib import Path

import pytest

from videod.cli import main

Out = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "state").mkdir()
    made = tmp_path / "videod.toml"
    made.write_text("")
    monkeypatch.setenv("NOTION_TOKEN", "ntn_a_token_of_a_test")
    monkeypatch.setenv("VIDEOD_URL_NOTION", "http://127.0.0.1:9")
    monkeypatch.delenv("VIDEOD_PATHS_STATE", raising=False)
    return made


@pytest.mark.fault("1.7")
def test_a_proxy_that_cannot_be_used_is_named(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert main.run(["notion", "check", "--config", str(config)]) == 78
    assert capsys.readouterr().err.startswith("ALL_PROXY names a proxy")


@pytest.mark.fault("1.7")
def test_a_file_of_turns_that_is_none_is_named(config: Path, capsys: Out) -> None:
    (config.parent / "state" / "notion.turn").mkdir()
    assert main.run(["notion", "check", "--config", str(config)]) == 74
    assert "notion.turn cannot be used" in capsys.readouterr().err
