"""Starts that fail in the midst, and signals that come during one: the process ends, with a sentence and its code."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.harness import control
from tests.harness.patience import run, said, until
from tests.live.stage import ROOT

pytestmark = pytest.mark.live

KEY = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


@dataclass
class Start:
    """A daemon that is about to be started: its folder, environment, and what is done to it before its first line."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    before: str = ""
    settings: str = ""

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def popen(self) -> "subprocess.Popen[str]":
        self.state.mkdir(exist_ok=True)
        config = self.folder / "videod.toml"
        paths = {"state": self.state, "scripts": ROOT / "scripts", "channels": ROOT / "channels"}
        lines = "".join(f"{name} = {json.dumps(str(path))}\n" for name, path in paths.items())
        config.write_text(f"[paths]\n{lines}{self.settings}")
        bare = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")}
        secrets = ("NOTION_TOKEN", "GEMINI_API_KEY", "KIE_API_KEY", "ELEVENLABS_API_KEY")
        env = bare | dict.fromkeys(secrets, "a-key-of-mine-0123456789") | {"VIDEOD_MASTER_KEY": KEY}
        env |= dict.fromkeys(("VIDEOD_URL_NOTION", "VIDEOD_URL_GEMINI", "VIDEOD_URL_KIE"), "http://127.0.0.1:9")
        env |= {"VIDEOD_URL_ELEVENLABS": "http://127.0.0.1:9"} | self.env
        program = f"import sys\n{self.before}\nfrom videod.cli.main import main\nmain()"
        command = [sys.executable, "-c", program, "run", "--config", str(config)]
        return subprocess.Popen(command, env=env, stdout=-1, stderr=-1, text=True, cwd=ROOT)


def a_folder_in_the_place_of_the_turns(start: Start) -> None:
    (start.state / "notion.turn").mkdir(parents=True)


def turns_that_cannot_be_opened(start: Start) -> None:
    start.state.mkdir()
    (start.state / "notion.turn").symlink_to("/nowhere/notion.turn")  # no right helps, not even root's


def a_socket_path_that_is_taken(start: Start) -> None:
    (start.state / "videod.sock").mkdir(parents=True)


def environment(**names: str) -> Callable[[Start], None]:
    return lambda start: start.env.update(names)


def program(lines: str) -> Callable[[Start], None]:
    def prepare(start: Start) -> None:
        start.before = lines

    return prepare


def raising(place: str, name: str, error: str) -> Callable[[Start], None]:
    """The method or function `name` of `place` raises `error` when it is called."""
    return program(f"""
import videod.daemon.assembly, videod.daemon.lifecycle
def fail(*given, **named):
    raise {error}
{place}.{name} = fail
""")


FAULTS: dict[str, tuple[Callable[[Start], None], int, tuple[str, ...]]] = {
    "a socks proxy": (environment(ALL_PROXY="socks5://127.0.0.1:1"), 78, ("ALL_PROXY", "http://HOST:PORT")),
    "a missing certificate": (environment(SSL_CERT_FILE="/nowhere/ca.pem"), 78, ("SSL_CERT_FILE", "/nowhere/ca.pem")),
    "a folder as notion.turn": (a_folder_in_the_place_of_the_turns, 74, ("notion.turn", "Remove it")),
    "a notion.turn that cannot be opened": (turns_that_cannot_be_opened, 74, ("notion.turn", "Remove it")),
    "a folder as socket": (a_socket_path_that_is_taken, 75, ("videod.sock", "in the way")),
    "a bug after the database was opened": (
        raising("videod.daemon.assembly.ClockWatch", "since_last_run", "KeyError('clip_07')"), 70,
        ("because of a bug", "KeyError", "clip_07"),
    ),
    "a bug before the lock": (
        raising("videod.daemon.lifecycle.tables", "check", "ValueError('row 7')"), 70, ("row 7",),
    ),
}  # fmt: skip


@pytest.mark.fault("1.7")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_start_that_fails_ends_with_one_sentence_and_its_code(tmp_path: Path, fault: str) -> None:
    prepare, code, words = FAULTS[fault]
    start = Start(tmp_path)
    prepare(start)
    process = start.popen()
    out, err = said(process)
    assert process.returncode == code, err
    *log, sentence = err.strip().splitlines()
    for word in words:
        assert word in sentence, err
    assert all(isinstance(json.loads(line), dict) for line in log), err  # a traceback stands in the log alone
    assert out == "" and "daemon_end_forced" not in err  # it needed no force to end
    lock = start.state / "lock"
    assert not lock.exists() or not _held(lock)


def _held(lock: Path) -> bool:
    done = subprocess.run(["flock", "--nonblock", str(lock), "true"], check=False)
    return done.returncode != 0


#: a start that waits where a test wants it, having said so
WAITING = """
import asyncio, sys, threading
import videod.daemon.assembly
async def wait(*given, **named):
    print("here", flush=True)
    await asyncio.sleep(1000)
videod.daemon.assembly.ClockWatch.since_last_run = wait
"""
WAITING_BEFORE_THE_LOCK = """
import time
import videod.daemon.lifecycle
def wait(*given, **named):
    print("here", flush=True)
    time.sleep(1000)
videod.daemon.lifecycle.tables.check = wait
"""


@pytest.mark.fault("13.14", "1.7")
@pytest.mark.parametrize(
    ("moment", "number"),
    [(WAITING, signal.SIGQUIT), (WAITING, signal.SIGTERM), (WAITING_BEFORE_THE_LOCK, signal.SIGTERM)],
)
def test_a_stop_during_a_start_ends_it_cleanly(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    start = Start(tmp_path, before=moment)
    process = start.popen()
    assert process.stdout is not None and process.stdout.readline() == "here\n"
    process.send_signal(number)
    _, err = said(process)
    assert process.returncode == 0, err
    assert "Traceback" not in err and "daemon_end_forced" not in err


@pytest.mark.fault("13.14")
def test_no_other_signal_ends_a_start(tmp_path: Path) -> None:
    start = Start(tmp_path, before=WAITING_BEFORE_THE_LOCK)
    process = start.popen()
    assert process.stdout is not None and process.stdout.readline() == "here\n"
    others = ("HUP", "USR1", "USR2", "ALRM", "PIPE", "VTALRM", "PROF", "XFSZ", "IO", "PWR", "RTMIN", "RTMAX")
    for name in others:
        process.send_signal(getattr(signal, f"SIG{name}"))
    process.terminate()
    _, err = said(process)
    assert process.returncode == 0, err  # so it was the last one that ended it


def _until_said(process: "subprocess.Popen[str]", event: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if f'"{event}"' in line:
            return
    raise AssertionError(f"it ended with {process.wait()} before {event}")


@pytest.mark.fault("1.9")
def test_the_start_after_a_death_says_so_in_status_and_a_clean_end_leaves_nothing_to_say(tmp_path: Path) -> None:
    start = Start(tmp_path)
    killed = start.popen()
    _until_said(killed, "daemon_start_done")
    killed.kill()
    killed.communicate()
    process = start.popen()
    _until_said(process, "daemon_start_done")
    command = [sys.executable, "-m", "videod", "status", "--json", "--state", str(start.state)]
    problems = until(lambda: json.loads(run(command, check=True).stdout)["problems"])
    assert any(problem.startswith("videod died: it was ended from outside") for problem in problems)
    process.terminate()
    said(process)
    assert process.returncode == 0
    assert json.loads((start.state / "lives.json").read_text())["alive"] is False


def _until_told(start: Start, process: "subprocess.Popen[str]", problem: str) -> None:
    """Until `status` names the problem; the daemon lives and answers all the while."""
    command = [sys.executable, "-m", "videod", "status", "--json", "--state", str(start.state)]

    def told() -> bool:
        assert process.poll() is None
        assert control.get(start.state, "/health")[0] == 200
        return problem in run(command, check=True).stdout

    until(told)


@pytest.mark.fault("13.7")
@pytest.mark.long
def test_a_daemon_whose_locks_others_hold_answers_says_so_and_does_what_was_asked_afterwards(tmp_path: Path) -> None:
    page = "11111111-1111-4111-8111-111111111111"
    start = Start(tmp_path, settings=f'\n[notion]\nparent_page = "{page}"\n')
    process = start.popen()
    _until_said(process, "daemon_start_done")
    turns = os.open(start.state / "notion.turn", os.O_RDWR)
    fcntl.flock(turns, fcntl.LOCK_EX)
    _until_told(start, process, "notion.turn cannot be shared")
    os.close(turns)
    browser = sqlite3.connect(start.state / "videod.db", isolation_level=None)
    browser.execute("BEGIN IMMEDIATE")
    command = [sys.executable, "-m", "videod", "pause", "kie", "--state", str(start.state)]
    asked = subprocess.Popen(command, stdout=-1, stderr=-1, text=True)
    _until_said(process, "store_held_waiting")
    _until_told(start, process, "another program holds the database")
    browser.execute("ROLLBACK")
    browser.close()
    _until_said(process, "store_held_recovered")
    _, err = said(asked)
    assert asked.returncode == 0 or "It will still do what you asked" in err
    process.terminate()
    said(process)
    assert process.returncode == 0
