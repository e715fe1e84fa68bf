"""The demo shows how far it is, how long it will take and what to type next."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.patience import run
from videod.cli import demo
from videod.cli.demo_show import Work, about, left_s

ROOT = Path(__file__).parents[2]


@pytest.mark.fault("8.3")
def test_the_bar_starts_at_nothing_and_is_full_when_all_is_done() -> None:
    work = Work(episodes=1, clips=2, images=4)
    each = ["composite", "clip", "narration", "sound_effect", "cut"]
    whole = [*each, *each, *["image"] * 4, "plan", "assemble", "upload"]
    assert (work.share([]), work.share(whole), work.share([*whole, "cleanup"])) == (0.0, 1.0, 1.0)
    assert 0 < work.share(["plan"]) < work.share(["plan", "cut"]) < 1
    assert Work(2, 2, 4).share(whole) == 0.5


@pytest.mark.fault("8.3")
def test_the_time_left_follows_the_pace_and_is_not_guessed_too_early() -> None:
    assert left_s(0.05, 10) is None
    assert left_s(0.25, 20) == pytest.approx(60)
    assert about(60) == "about 60 s left" and about(4) == "a few seconds left" and about(150) == "about 2 minutes left"


@pytest.mark.fault("8.3")
def test_the_last_line_says_what_to_type_next_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    said = demo._next(Path("state/demo-1"))
    assert "`./run run --sandbox`" in said and "`./run doctor`" in said and said.endswith("delete state/demo-1.")


@pytest.mark.fault("8.3")
def test_what_installs_in_silence_shows_dots_on_a_terminal_and_a_line_in_a_log(tmp_path: Path) -> None:
    """The shell function that the first start runs pip and the compiler in."""
    setup = (ROOT / ".ci" / "ensure-env.sh").read_text()
    function = setup[setup.index("  dotted() {") : setup.index("  if command -v uv")]
    for quiet, dots in (("", True), ("-q", False)):
        wait = f"until grep -q '[.]' '{tmp_path}/said'; do sleep 0.05; done" if dots else "true"
        asks = f'set -eu; QUIET={quiet}\n{function}\ndotted working sh -c "$1"'
        with (tmp_path / "said").open("w") as out:
            subprocess.run(["sh", "-c", asks, "sh", wait], stderr=out, check=True)
        said = (tmp_path / "said").read_text()
        assert said.startswith("videod: working ") and ("." in said) is dots and said.endswith("\n")
    failed = run(["sh", "-c", f"set -eu; QUIET=-q\n{function}\ndotted working false; echo not reached"])
    assert (failed.returncode, failed.stdout) == (1, "")


def test_a_demo_in_a_pipe_does_not_wait_for_a_person() -> None:
    asks = "import sys; from videod.cli import demo; sys.exit(demo._watched(False) or demo._watched(True))"
    assert run([sys.executable, "-c", asks], cwd=ROOT).returncode == 0
