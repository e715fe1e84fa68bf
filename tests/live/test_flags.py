"""`videod run` with every flag it has: it starts, works and stops."""

import inspect
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.harness.patience import ended, until
from tests.live.board import Board
from tests.live.stage import ROOT
from videod.cli import rehearsal, run
from videod.sandbox.attach import attach

pytestmark = pytest.mark.live


def flags(config: Path) -> list[str]:
    """Every option of `videod run`: flags as they are, the others with their usual value."""
    told: list[str] = []
    for option in typer.main.get_command(run.app).params:
        name = str(option.opts[0])
        if option.name not in inspect.signature(run.run).parameters:
            continue  # the parser's own, which install what completes commands
        usual = {"--config": str(config), "--board": "notion"}.get(name, str(option.default))
        told += [name] if getattr(option, "is_flag", False) else [name, usual]
    return told


@pytest.mark.fault("9.9")
def test_the_daemon_works_with_every_flag_at_once(tmp_path: Path) -> None:
    config, state, log = tmp_path / "videod.toml", tmp_path / "state", tmp_path / "log"
    config.write_text(f'[paths]\nscripts = "{ROOT / "scripts"}"\nchannels = "{ROOT / "channels"}"\nstate = "state"\n')
    asked = flags(config)
    assert {"--sandbox", "--verbose"} <= set(asked)
    with log.open("wb") as out:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "videod", "run", *asked], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            cwd=tmp_path, start_new_session=True,
        )  # fmt: skip

    def says(word: str) -> bool:
        assert daemon.poll() is None, f"{asked}: it ended with {daemon.returncode}: {log.read_text()[-2000:]}"
        return word in log.read_text()

    try:
        until(lambda: says("daemon_start_done"), log.read_text)
        found = attach(state / "sandbox")
        assert found is not None
        with Board(rehearsal.environment(state / "sandbox", found, state / "sandbox" / "daemon")) as board:
            board.write("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
            until(lambda: says("listener_progress_heard"), log.read_text)
        daemon.send_signal(signal.SIGTERM)
        assert ended(daemon) == 0
        assert attach(state / "sandbox") is None, "what it started is left"
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
