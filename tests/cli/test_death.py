"""`videod report-death`: what the unit runs when the process is gone."""

import json
import re
from pathlib import Path

import pytest

from videod.adapters.notifiers.slack import Slack
from videod.cli import main
from videod.core.alerts import Note
from videod.daemon import lives
from videod.ports import BoardError

ROOT = Path(__file__).resolve().parents[2]


class Harness:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self.config = folder / "videod.toml"
        self.config.write_text("")
        self.sent: list[str] = []
        self.down = False
        self.set = monkeypatch.setenv
        for name in ("VIDEOD_PATHS_STATE", "VIDEOD_CONFIG", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.example/T0/B0/secret")
        harness = self

        async def send(slack: Slack, note: Note) -> str:
            if harness.down:
                raise BoardError("down", "Slack cannot be reached at https://hooks.example/T0/B0/secret")
            harness.sent.append(note.text)
            return "ok"

        monkeypatch.setattr(Slack, "send", send)

    def death(self, result: str = "exit-code", code: str = "exited", status: str = "70") -> int:
        for name, value in {"SERVICE_RESULT": result, "EXIT_CODE": code, "EXIT_STATUS": status}.items():
            self.set(name, value)
        return main.run(["report-death", "--config", str(self.config)])

    def record(self) -> dict[str, object]:
        loaded: dict[str, object] = json.loads((self.state / lives.NAME).read_text())
        return loaded


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    return Harness(tmp_path, monkeypatch)


@pytest.mark.fault("1.9")
def test_a_death_is_reported_with_its_last_words_and_a_crash_loop_in_few_messages(harness: Harness) -> None:
    for number in range(1, 13):
        book = lives.Lives((harness.state,), lambda: 1_800_000_000_000)
        book.begin()
        book.say(f"its loop failed: KeyError {number}")
        assert harness.death() == 0
    assert len(harness.sent) == 3
    assert harness.sent[0].startswith("videod died: its loop failed: KeyError 1. systemd starts it again")
    assert "videod died 3 times in " in harness.sent[1] and "KeyError 3" in harness.sent[1]
    assert "videod died 10 times in " in harness.sent[2]


def test_a_death_that_was_reported_is_not_found_again_by_the_next_start(harness: Harness) -> None:
    book = lives.Lives((harness.state,), lambda: 1_800_000_000_000)
    book.begin()
    harness.death()
    record = book.begin()
    assert (record.count, record.told) == (1, 1)


@pytest.mark.parametrize(
    ("result", "code", "status", "words"),
    [
        ("exit-code", "exited", "70", "exited with code 70"),
        ("signal", "killed", "KILL", "signal KILL"),
        ("core-dump", "dumped", "SEGV", "signal SEGV"),
        ("watchdog", "killed", "ABRT", "no heartbeat"),
        ("oom-kill", "killed", "KILL", "out of memory"),
        ("timeout", "killed", "TERM", "in time"),
        ("resources", "", "", "resources"),
        ("something-new", "", "", "something-new"),
    ],
)
def test_without_last_words_the_result_of_systemd_is_said(
    harness: Harness, result: str, code: str, status: str, words: str
) -> None:
    assert harness.death(result, code, status) == 0
    (text,) = harness.sent
    assert words in text


def test_a_clean_stop_says_nothing(harness: Harness) -> None:
    assert harness.death("success", "exited", "0") == 0
    assert harness.sent == [] and list(harness.state.iterdir()) == []


def test_a_wrong_configuration_is_reported_each_time_since_nothing_starts_again(harness: Harness) -> None:
    harness.config.write_text("[nonsense\n")
    for _ in range(2):
        assert harness.death("exit-code", "exited", "78") == 0
    assert len(harness.sent) == 2 and "not started again until you fix that" in harness.sent[0]


def test_what_could_not_be_sent_is_left_for_the_next_and_shows_no_secret(
    harness: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    harness.down = True
    assert harness.death() == 0
    assert harness.record()["told"] == 0
    assert "secret" not in capsys.readouterr().err
    harness.down = False
    assert harness.death() == 0
    assert "2 times" in harness.sent[0]


def test_a_damaged_or_held_database_does_not_matter(harness: Harness) -> None:
    (harness.state / "videod.db").write_bytes(b"garbage" * 1000)
    assert harness.death() == 0
    assert len(harness.sent) == 1


def test_by_hand_it_says_what_it_is_for(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SERVICE_RESULT", raising=False)
    assert main.run(["report-death"]) == 64
    assert "ExecStopPost=" in capsys.readouterr().err


@pytest.mark.fault("1.9")
def test_the_unit_runs_it_whatever_becomes_of_it() -> None:
    unit = (ROOT / "systemd" / "videod.service").read_text()
    (line,) = re.findall(r"^ExecStopPost=(.+)$", unit.replace("\\\n", ""), re.MULTILINE)
    words = line.split()
    # its failure counts nothing, it stands outside the unit's mounts (see the campaign "unit"), and is no root
    assert words[:3] == ["-+/usr/bin/nsenter", "--mount=/proc/1/ns/mnt", "--"]
    assert words[3:6] == ["/usr/bin/setpriv", "--reuid=videod", "--regid=videod"]
    assert " ".join(words[-4:]) == "/opt/videod/.venv/bin/videod report-death --config /etc/videod/videod.toml"
    assert "RuntimeDirectory=videod" in unit and "RuntimeDirectoryPreserve=restart" in unit
