"""Starts that are refused and changes that are not taken: exit code and text for the person at the terminal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.patience import run as run_program
from tests.harness.patience import until
from tests.live.creator import Creator, channel_file
from tests.live.stage import ROOT, Stage, stage
from videod.core.statuses import Status

pytestmark = pytest.mark.live

CONFIGURATION, BUSY = 78, 75


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage whose daemon is at work."""
    gates = dict.fromkeys(("assets", "video", "audio", "final"), "review")
    with stage(tmp_path_factory.mktemp("starts"), channel={"clips": 2, "images": 4, "gates": gates}) as made:
        made.start()
        until(lambda: b"daemon_start_done" in made.log.read_bytes(), made.log_tail)
        yield made


def run(config: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """`videod run` of a configuration that must not come far."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")}
    command = [sys.executable, "-m", "videod", "run", "--config", str(config)]
    return run_program(command, env=bare | env)


def status(at: Stage) -> dict[str, object]:
    command = [sys.executable, "-m", "videod", "status", "--json", "--state", str(at.state)]
    done = run_program(command, env=at.env, check=True)
    loaded: dict[str, object] = json.loads(done.stdout)
    return loaded


def problems(at: Stage) -> str:
    return json.dumps(status(at)["problems"])


# ------------------------------------------------------------------------------------------------ files and tools


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[paths]\nstate = "s"\n\n[daemon\nhttp_port = 0\n', ("videod.toml:4:", "line 4")),
        ("[daemon]\npoll_intervall_s = 5\n", ("videod.toml:2: daemon.poll_intervall_s", "poll_interval_s")),
        ('[daemon]\n\npoll_interval_s = "often"\n', ("videod.toml:3: daemon.poll_interval_s", "number", "3")),
        ('[paths]\nffmpeg = "/opt/nowhere/ffmpeg"\n', ("videod.toml:2: paths.ffmpeg", "/opt/nowhere/ffmpeg", "leave")),
    ],
)
def test_a_broken_settings_file_is_refused_with_file_line_and_what_to_type(
    tmp_path: Path, text: str, parts: tuple[str, ...]
) -> None:
    config = tmp_path / "videod.toml"
    config.write_text(text)
    done = run(config)
    assert done.returncode == CONFIGURATION, done.stderr
    for part in parts:
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "s").exists() and not (tmp_path / "state").exists()


def test_an_ffmpeg_that_is_not_there_is_refused_by_the_name_of_its_variable(tmp_path: Path) -> None:
    config = tmp_path / "videod.toml"
    config.write_text("")
    done = run(config, VIDEOD_PATHS_FFMPEG="/opt/nowhere/ffmpeg")
    assert done.returncode == CONFIGURATION
    for part in ("VIDEOD_PATHS_FFMPEG", "there is no file /opt/nowhere/ffmpeg", "Correct the path"):
        assert part in done.stderr


def test_missing_keys_are_all_named_at_once_with_the_way_to_try_without(tmp_path: Path) -> None:
    config = tmp_path / "videod.toml"
    config.write_text(f'[paths]\nscripts = "{ROOT / "scripts"}"\nchannels = "{ROOT / "channels"}"\n')
    done = run(config, GEMINI_API_KEY="a-key-of-mine-0123456789")
    assert done.returncode == CONFIGURATION
    for part in ("NOTION_TOKEN", "KIE_API_KEY", "ELEVENLABS_API_KEY", "VIDEOD_MASTER_KEY", "videod run --sandbox"):
        assert part in done.stderr
    assert "GEMINI_API_KEY" not in done.stderr and "a-key-of-mine" not in done.stderr


def test_a_master_key_that_is_none_is_said_without_showing_it(tmp_path: Path) -> None:
    config = tmp_path / "videod.toml"
    config.write_text(f'[paths]\nscripts = "{ROOT / "scripts"}"\nchannels = "{ROOT / "channels"}"\n')
    others = ("NOTION_TOKEN", "GEMINI_API_KEY", "KIE_API_KEY", "ELEVENLABS_API_KEY")
    done = run(config, **dict.fromkeys(others, "a-key-of-mine-0123456789"), VIDEOD_MASTER_KEY="my-dogs-name")
    assert done.returncode == CONFIGURATION
    assert "VIDEOD_MASTER_KEY is not a key" in done.stderr and "videod secrets new-key" in done.stderr
    assert "dogs" not in done.stderr and "Traceback" not in done.stderr


def test_a_broken_channel_file_stops_the_start_with_file_line_and_field(tmp_path: Path) -> None:
    channels = tmp_path / "channels"
    channels.mkdir()
    good = (ROOT / "channels" / "wild_planet.yaml").read_text()
    (channels / "wild_planet.yaml").write_text(good.replace("clip_seconds: 10", "clip_seconds: ten"))
    config = tmp_path / "videod.toml"
    config.write_text(f'[paths]\nchannels = "{channels}"\n')
    done = run(config)
    line = good[: good.index("clip_seconds")].count("\n") + 1
    assert done.returncode == CONFIGURATION
    for part in (f"wild_planet.yaml:{line}: clip_seconds", "ten"):
        assert part in done.stderr


# ------------------------------------------------------------------------------------------------ while one runs


def test_a_second_daemon_on_the_same_state_leaves_at_once_and_names_the_first(running: Stage) -> None:
    assert running.daemon is not None
    done = run_program([sys.executable, "-m", "videod", "run", "--config", running.config], env=running.env)
    assert done.returncode == BUSY
    for part in (f"pid {running.daemon.pid}", str(running.state), "Stop it first"):
        assert part in done.stderr
    assert "daemon_" not in done.stdout + done.stderr  # it went no further, so it was waiting for nothing
    assert running.daemon.poll() is None
    daemon = status(running)["daemon"]
    assert isinstance(daemon, dict) and (daemon["running"], daemon["pid"]) == (True, running.daemon.pid)


def test_a_broken_channel_edit_is_refused_while_running_and_the_fixed_one_is_taken_up(running: Stage) -> None:
    path = channel_file(running, "deep_ocean")
    good = path.read_text()
    assert problems(running) == "[]"
    path.write_text(good.replace("clips: 2", "clips: two"))
    until(lambda: "clips" in problems(running), running.log_tail)
    told = problems(running)
    for part in ("the old one is in force", "deep_ocean.yaml:", "clips"):
        assert part in told
    creator = Creator(running)
    page = creator.write("Still Two Clips")
    creator.wait(page, Status.ASSETS_READY)
    creator.close()
    assert len(creator.jobs(page, "clip")) == 2
    path.write_text(good.replace("clips: 2", "clips: 3"))
    until(lambda: problems(running) == "[]", running.log_tail)
    assert len(_refused(running)) == 1
    path.write_text(good)


def test_a_hangup_takes_the_same_look_and_says_the_same(running: Stage) -> None:
    assert running.daemon is not None
    before = len(_refused(running))
    good = running.config.read_text()
    running.config.write_text(good + "\n[limits]\nmax_episodes_in_work = 0\n")
    running.daemon.send_signal(signal.SIGHUP)
    until(lambda: "max_episodes_in_work" in problems(running), running.log_tail)
    assert len(_refused(running)) == before + 1
    assert running.daemon.poll() is None
    running.config.write_text(good)
    running.daemon.send_signal(signal.SIGHUP)
    until(lambda: problems(running) == "[]", running.log_tail)


@pytest.mark.long
def test_what_was_refused_is_forgotten_at_the_next_start(running: Stage) -> None:
    path = channel_file(running, "deep_ocean")
    good = path.read_text()
    path.write_text("id: [")
    until(lambda: "deep_ocean.yaml" in problems(running), running.log_tail)
    assert running.stop() == 0
    path.write_text(good)
    running.start()
    until(lambda: problems(running) == "[]", running.log_tail)


def _refused(at: Stage) -> list[str]:
    lines = at.log.read_text().splitlines()
    return [line for line in lines if '"config_reload_refused"' in line]
