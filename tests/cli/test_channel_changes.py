"""A channel gets another ID, or is taken out: what goes along, what stays, what is asked, and kills in the midst."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.cli.factory import NOON, at_once
from tests.harness import pasts
from videod.adapters.oauth import KIND, Grant, seal, unseal, vault
from videod.cli import client
from videod.cli.main import run as command
from videod.core.consents import KEPT
from videod.core.statuses import Status
from videod.daemon import renaming
from videod.daemon.journals import take_over
from videod.daemon.lock import hold
from videod.daemon.refusals import StartError
from videod.flow import edits
from videod.store import channel_views, in_full, readonly, reads, reports

CHANNEL = """# our first one
name: {name}
youtube_channel: UC{name}
voice_id: sandbox-narrator-1
brand: Stories of wild animals in cold places.
"""
KEY = Fernet.generate_key().decode()


class House:
    """A studio with a past, an episode in work, files, a consent; `wild_earth` is the channel that changes."""

    def __init__(self, home: Path) -> None:
        self.home, self.state = home, home / "state"
        box = pasts.opened(self.state)
        pasts.archive(box)
        self.open = at_once(box.store.read(reads.open_tasks))[0].id
        grant = Grant("wild_earth", KIND, "1//refresh", ("upload",), "2026-11-01T00:00:00Z")
        at_once(box.ledger.seal_token("wild_earth", KIND, seal(grant, vault(KEY)), NOON))
        at_once(box.ledger.set_value(f"{KEPT}wild_earth", "{}"))
        box.close()
        for folder in renaming.Places(self.state, home / "channels").folders("wild_earth"):
            (folder / self.open).mkdir(parents=True)
            (folder / self.open / "kept").write_text("made")

    @property
    def database(self) -> Path:
        return self.state / "videod.db"

    def run(self, *words: str) -> int:
        try:
            return command(["channels", *words, "--config", str(self.home / "videod.toml")])
        except SystemExit as end:
            return int(end.code or 0)

    def rows_of(self, channel: str) -> int:
        with closing(sqlite3.connect(self.database)) as connection:
            tables = [
                row[0]
                for row in connection.execute(
                    "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c"
                    " WHERE m.type = 'table' AND c.name = 'channel_id'"
                )
            ]
            assert len(tables) > 10
            return sum(
                connection.execute(f"SELECT count(*) FROM {table} WHERE channel_id = ?", (channel,)).fetchone()[0]
                for table in tables
            )

    def spend(self, channel: str) -> float:
        with closing(readonly.look(self.database)) as connection:
            return sum(one.micros for one in reports.spend(connection, "channel", 0) if one.key == channel)

    def token_of(self, channel: str) -> Grant:
        with closing(readonly.look(self.database)) as connection:
            text = reads.sealed_token(connection, channel, KIND)
        assert text is not None
        return unseal(text, channel, vault(KEY))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(client, "now_ms", lambda: NOON + 1)
    monkeypatch.setenv("VIDEOD_MASTER_KEY", KEY)
    for folder in ("channels", "state"):
        (tmp_path / folder).mkdir()
    for name in ("wild_earth", "deep_sea"):
        (tmp_path / "channels" / f"{name}.yaml").write_text(CHANNEL.format(name=name))
    (tmp_path / "videod.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    yield House(tmp_path)


def test_a_renamed_channel_takes_everything_along(house: House) -> None:
    spent = house.spend("wild_earth")
    assert spent > 0
    with closing(readonly.look(house.database)) as connection:
        archived = {row[0] for row in connection.execute("SELECT task_id FROM archived")}
    assert house.run("rename", "wild_earth", "cold_earth", "--yes") == 0
    assert house.rows_of("wild_earth") == 0 and house.spend("cold_earth") == spent
    assert house.token_of("cold_earth").refresh_token == "1//refresh"
    assert (house.home / "channels" / "cold_earth.yaml").read_text() == CHANNEL.format(name="wild_earth")
    assert not (house.home / "channels" / "wild_earth.yaml").exists()
    for folder in renaming.Places(house.state, house.home / "channels").folders("cold_earth"):
        assert (folder / house.open / "kept").read_text() == "made"
    with closing(readonly.look(house.database)) as connection:
        task = reads.task(connection, house.open)
        assert task is not None and task.channel_id == "cold_earth"
        entry = reads.pending_message(connection, "entry", task.page_id)
        assert entry is not None and entry.body["Channel"] == "cold_earth"
        assert reads.value(connection, f"{KEPT}cold_earth") == "{}"
        renamed = 0
        for name in archived:
            old = reads.task(connection, name)
            assert old is not None
            shown = in_full.detail(connection, old, NOON)
            assert shown.archived and {job.channel_id for job in shown.jobs} == {old.channel_id}
            renamed += old.channel_id == "cold_earth"
        assert renamed
    assert not (house.state / renaming.NOTE).exists()


def test_an_archived_episode_of_a_renamed_channel_comes_back_under_the_new_name(house: House) -> None:
    from videod.store import archiving

    house.run("rename", "wild_earth", "cold_earth", "--yes")
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        name = connection.execute(
            "SELECT task_id FROM archived JOIN tasks ON tasks.id = task_id WHERE channel_id = 'cold_earth'"
        ).fetchone()[0]
        connection.execute("BEGIN")
        assert archiving.take_back(connection, name)
        connection.execute("COMMIT")
    assert house.rows_of("wild_earth") == 0


def test_a_file_that_names_its_id_gets_the_new_one(house: House) -> None:
    file = house.home / "channels" / "wild_earth.yaml"
    file.write_text("id: wild_earth  # as ever\n" + file.read_text())
    file.chmod(0o640)
    assert house.run("rename", "wild_earth", "cold_earth", "--yes") == 0
    new = house.home / "channels" / "cold_earth.yaml"
    assert new.read_text().startswith("id: cold_earth\n") and new.stat().st_mode & 0o777 == 0o640
    assert not file.exists() and house.run("check") == 0


@pytest.mark.parametrize("step", ["folder", "ledger", "token", "file", "end"])
def test_a_rename_that_was_killed_lets_no_daemon_start_and_is_finished_by_the_same_command(
    house: House, step: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        match step:
            case "folder":
                patched.setattr(renaming.os, "sync", _second(kill, os.sync))
            case "ledger":
                patched.setattr(renaming, "with_ledger", kill)
            case "token":
                patched.setattr(renaming, "_rename_file", kill)
            case "file":
                patched.setattr(renaming, "_rename_file", lambda before, after: (before.rename(after), kill()))
            case _:
                patched.setattr(renaming.os, "sync", _second(kill, os.sync, 2))
        with pytest.raises(Killed):
            house.run("rename", "wild_earth", "cold_earth", "--yes")
    with pytest.raises(StartError, match="Run `videod channels rename wild_earth cold_earth` to finish it"):
        take_over(house.state / "workspaces")
    assert house.run("rename", "wild_earth", "warm_earth", "--yes") != 0, "only the one that was begun"
    assert house.run("remove", "wild_earth", "--yes") != 0
    assert house.run("rename", "wild_earth", "cold_earth") == 0, "it was agreed to before"
    assert house.rows_of("wild_earth") == 0 and house.token_of("cold_earth").refresh_token == "1//refresh"
    assert (house.home / "channels" / "cold_earth.yaml").exists()
    take_over(house.state / "workspaces")


def _second(kill: object, real: object, after: int = 1) -> object:
    calls = iter(range(100))
    return lambda: kill() if next(calls) == after else real()


def test_a_file_that_a_person_renamed_is_followed_by_everything_else(house: House) -> None:
    (house.home / "channels" / "wild_earth.yaml").rename(house.home / "channels" / "cold_earth.yaml")
    assert house.run("rename", "wild_earth", "cold_earth", "--yes") == 0
    assert house.rows_of("wild_earth") == 0 and (house.home / "channels" / "cold_earth.yaml").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("wild_earth", "deep_sea", "exists already"),
        ("wild_earth", "Wild Earth", "cannot be the new ID"),
        ("wild_earth", "../x", "cannot be the new ID"),
        ("wild_earth", "wild_earth", "cannot be the new ID"),
        ("nobody", "somebody", "there is no channel"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused_and_nothing_changes(
    house: House, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = house.rows_of("wild_earth")
    assert house.run("rename", old, new, "--yes") != 0
    assert said in capsys.readouterr().err and house.rows_of("wild_earth") == before


def test_channels_with_episodes_are_not_merged(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.home / "channels" / "deep_sea.yaml").unlink()
    assert house.run("rename", "wild_earth", "deep_sea", "--yes") != 0
    assert "channels cannot be merged" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("rename", "wild_earth", "cold_earth"), ("remove", "wild_earth")])
def test_nothing_changes_while_a_daemon_runs_or_where_nobody_can_be_asked(
    house: House, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = house.rows_of("wild_earth")
    with hold(house.state):
        assert house.run(*words, "--yes") == 75
    assert "Stop videod" in capsys.readouterr().err
    assert house.run(*words) == 64 and "--yes" in capsys.readouterr().err
    assert house.run(*words, "--dry-run") == 0
    assert "Nothing was changed." in capsys.readouterr().out
    assert house.run(*words, "--dry-run", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["done"] is False and told["open"] == [house.open] and told["consent"] is True
    assert house.rows_of("wild_earth") == before and not (house.state / renaming.NOTE).exists()


def test_a_person_at_a_terminal_is_asked_first(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []

    def answer(text: str, default: bool) -> bool:
        asked.append(text)
        return len(asked) > 1

    monkeypatch.setattr("typer.confirm", answer)
    before = house.rows_of("wild_earth")
    assert house.run("rename", "wild_earth", "cold_earth") != 0
    assert house.rows_of("wild_earth") == before and "Its consent for uploads moves along." in capsys.readouterr().out
    assert house.run("rename", "wild_earth", "cold_earth") == 0
    assert asked == ["Rename wild_earth to cold_earth?"] * 2


def test_a_consent_that_cannot_be_opened_is_left_behind_only_when_asked(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIDEOD_MASTER_KEY", Fernet.generate_key().decode())
    assert house.run("rename", "wild_earth", "cold_earth", "--yes") == 78
    assert "--new-consent" in capsys.readouterr().err
    assert house.rows_of("cold_earth") == 0 and not (house.state / renaming.NOTE).exists()
    assert house.run("rename", "wild_earth", "cold_earth", "--yes", "--new-consent") == 0
    assert "videod channels authorize cold_earth" in capsys.readouterr().out


def test_the_newer_consent_of_file_and_database_goes_along(house: House) -> None:
    grant = replace(house.token_of("wild_earth"), refresh_token="1//newer", obtained_at="2026-11-20T00:00:00Z")
    token = house.state / "tokens" / "wild_earth.token"
    token.parent.mkdir(exist_ok=True)
    token.write_text(seal(grant, vault(KEY)))
    assert house.run("rename", "wild_earth", "cold_earth", "--yes") == 0
    assert house.token_of("cold_earth").refresh_token == "1//newer" and not token.exists()


def test_entries_that_still_have_the_earlier_name_count_as_the_new_one(house: House) -> None:
    house.run("rename", "wild_earth", "cold_earth", "--yes")
    (house.home / "channels" / "warm_earth.yaml").unlink(missing_ok=True)
    house.run("rename", "cold_earth", "warm_earth", "--yes")
    with closing(readonly.look(house.database)) as connection:
        earlier = channel_views.earlier_names(connection)
    assert earlier == {"wild_earth": "warm_earth", "cold_earth": "warm_earth"}
    known = {"warm_earth": "Earth"}
    for said in ("wild_earth", "cold_earth", "warm_earth"):
        assert edits.named({"Channel": said}, known, earlier)["Channel"] == "warm_earth"
    assert edits.named({"Channel": "other"}, known, earlier)["Channel"] == "other"
    assert edits.named({"Channel": "wild_earth"}, known | {"wild_earth": "New"}, earlier)["Channel"] == "wild_earth"
    house.run("rename", "warm_earth", "wild_earth", "--yes")
    with closing(readonly.look(house.database)) as connection:
        assert channel_views.earlier_names(connection) == {"cold_earth": "wild_earth", "warm_earth": "wild_earth"}


# ------------------------------------------------------------------------------------------- taking one out


@pytest.mark.parametrize("cancel", [False, True])
def test_a_removed_channel_loses_its_consent_and_nothing_of_its_past(
    house: House, cancel: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    spent = house.spend("wild_earth")
    assert house.run("remove", "wild_earth", "--yes", "--json", *(["--cancel-episodes"] if cancel else [])) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["cancelled"] == int(cancel) and told["done"]
    assert Path(told["file"]) == house.home / "channels" / "removed" / "wild_earth.yaml" and Path(told["file"]).exists()
    assert house.spend("wild_earth") == spent
    with closing(readonly.look(house.database)) as connection:
        assert reads.sealed_token(connection, "wild_earth", KIND) is None
        assert reads.value(connection, f"{KEPT}wild_earth") is None
        task = reads.task(connection, house.open)
        assert task is not None and task.status == (Status.CANCELLED if cancel else Status.ASSETS_READY)
        for (name,) in connection.execute("SELECT task_id FROM archived").fetchall():
            old = reads.task(connection, name)
            assert old is not None and in_full.detail(connection, old, NOON).jobs
    assert house.run("list") == 0 and house.run("remove", "wild_earth", "--dry-run") == 0
    assert house.run("remove", "nobody", "--yes") != 0


def test_the_files_of_a_removed_channel_are_removed_in_their_time(tmp_path: Path) -> None:
    from pathlib import PurePosixPath

    from videod.core.step import digest
    from videod.core.tables import STEPS
    from videod.flow.job_command import CommandBuilder

    builder = object.__new__(CommandBuilder)
    found = builder._without_channel(STEPS["cleanup"], PurePosixPath("/w"))
    assert found is not None and found[0].argv == ("--workspace", "/w")
    assert found[1] == digest(STEPS["cleanup"], found[0], PurePosixPath("/w"), {})
    assert builder._without_channel(STEPS["image"], PurePosixPath("/w")) is None
