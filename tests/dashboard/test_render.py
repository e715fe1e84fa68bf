"""The looks: frames as golden texts at fixed sizes, and what must hold at every size.

`VIDEOD_WRITE_GOLDEN=1 pytest tests/dashboard` writes the golden texts again; look at the difference before keeping it.
"""

import io
import os
import pty
import select
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyte
import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.cli.factory import HOUR, MINUTE, NOON, SWIFT, StudioBox, a_full_studio, fill
from tests.harness.patience import ended, until
from videod.core.failures import Kind
from videod.core.statuses import Status
from videod.dashboard import live, render, rows, view
from videod.dashboard.running import Daemon

GOLDEN = Path(__file__).parent / "golden"
LIMITS = {"gemini": 12, "pillow": 2, "kie": 8, "elevenlabs": 6, "ffmpeg": 2, "youtube": 2}
AROUND = rows.Surroundings(Daemon(4711, "0.1.0", NOON - 3 * HOUR), LIMITS)


def drawn(shown: view.View, width: int, height: int) -> str:
    """The frame as plain text."""
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(render.screen(shown, width, height))
    return capture.get()


def snapshot(box: StudioBox, around: rows.Surroundings = AROUND) -> view.View:
    return view.snapshot(rows.load(box.store._connection, NOON, around))


def compare(name: str, frame: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("VIDEOD_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(frame)
    assert frame == path.read_text()


@pytest.fixture(scope="module")
def views_by_size(tmp_path_factory: pytest.TempPathFactory) -> dict[int, view.View]:
    found = {}
    for tasks in (0, 1, 20):
        box = a_full_studio(tmp_path_factory.mktemp(f"studio{tasks}"), tasks)
        seen = snapshot(box, AROUND if tasks else rows.Surroundings(None, LIMITS))
        # a swift step more or less is no other picture
        found[tasks] = replace(seen, events=tuple(one for one in seen.events if one.text.split("/")[0] not in SWIFT))
        box.close()
    return found


SIZES = ((60, 24), (80, 24), (120, 40))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("tasks", [0, 1, 20])
def test_the_frame_is_the_golden_one(views_by_size: dict[int, view.View], tasks: int, size: tuple[int, int]) -> None:
    compare(f"{tasks}_tasks_{size[0]}x{size[1]}", drawn(views_by_size[tasks], *size))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_trouble_is_shown_where_it_is(tmp_path: Path, size: tuple[int, int]) -> None:
    box = StudioBox(tmp_path, at=NOON - HOUR)
    suspended = box.bring_to(box.queue("No Credit"), Status.ASSETS_APPROVED)
    doubtful = box.bring_to(box.queue("Doubtful"), Status.ASSETS_APPROVED)
    retried = box.queue("Unlucky", "deep_sea")
    box.clock.at = NOON - 2 * MINUTE
    box.fail(doubtful, "clip/clip_01", Kind.IN_DOUBT, "the answer was lost")
    box.fail(suspended, "clip/clip_01", Kind.QUOTA, "402 insufficient credits", retry_after_ms=HOUR)
    box.clock.at = NOON - 30_000
    box.fail(retried, "plan/plan", Kind.DOWN, "HTTP 503")
    frame = drawn(snapshot(box), *size)
    box.close()
    compare(f"trouble_{size[0]}x{size[1]}", frame)
    assert "waiting until 12:58 UTC" in frame
    assert "1 unconfirmed purchase" in frame
    assert "plan/plan retry 1 of 4" in frame


@pytest.mark.parametrize("width", [20, 40, 59, 60, 61, 79, 80, 99, 100, 101, 149, 150, 220])
@pytest.mark.parametrize("height", [5, 12, 24, 60])
@pytest.mark.parametrize("tasks", [0, 1, 20])
def test_no_frame_is_larger_than_the_terminal(
    views_by_size: dict[int, view.View], tasks: int, width: int, height: int
) -> None:
    lines = drawn(views_by_size[tasks], width, height).splitlines()
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize("height", [16, 24, 40])
def test_nobody_is_left_out_without_being_counted(views_by_size: dict[int, view.View], height: int) -> None:
    frame = drawn(views_by_size[20], 80, height)
    assert "needs your attention: 6 to review, 2 stopped" in frame
    titles = [line.title for line in views_by_size[20].reviews + views_by_size[20].errors]
    shown = sum(f"\n{title} " in frame for title in titles)
    assert shown == 8 or f"… and {8 - shown} more wait for you" in frame


def test_markup_in_a_title_is_only_text(views_by_size: dict[int, view.View]) -> None:
    assert "[/nope] [31mRed 5" in drawn(views_by_size[20], 120, 40)


def test_many_warnings_leave_room_for_the_work(views_by_size: dict[int, view.View]) -> None:
    many = replace(views_by_size[20], warnings=tuple(f"problem {n}" for n in range(30)))
    frame = drawn(many, 80, 24)
    assert "! … and 27 more: videod status" in frame
    assert "needs you" in frame


@pytest.mark.parametrize(
    ("bar", "picture"),
    [
        (view.Bar("video", 0, 0, 0, 0), "········"),
        (view.Bar("video", 0, 0, 0, 36), "░░░░░░░░"),
        (view.Bar("video", 36, 0, 0, 36), "████████"),
        (view.Bar("video", 35, 1, 0, 36), "███████▓"),
        (view.Bar("video", 18, 8, 1, 36), "████▓▓▒░"),
        (view.Bar("upload", 0, 1, 0, 1), "▓▓▓▓▓▓▓▓"),
    ],
)
def test_a_bar_is_only_full_when_all_is_done(bar: view.Bar, picture: str) -> None:
    assert render.bar(bar).plain == picture


# ------------------------------------------------------------------------------------------- the live loop


def test_a_pipe_gets_one_frame(tmp_path: Path) -> None:
    a_full_studio(tmp_path, 20).close()
    file = io.StringIO()
    live.once(tmp_path / "videod.db", AROUND, NOON, Console(file=file, width=120))
    assert file.getvalue().count("needs you") == 1
    assert "\x1b" not in file.getvalue()


def test_a_change_of_the_database_is_drawn_at_once(tmp_path: Path) -> None:
    box = StudioBox(tmp_path, at=NOON)
    frames: list[str] = []
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True, _environ={})

    def stop() -> bool:
        if len(frames) == 0:
            box.queue("Just Queued")
        frames.append(file.getvalue())
        return "Just Queued" in frames[-1] or len(frames) > 40

    live.watch(tmp_path / "videod.db", lambda: AROUND, lambda: NOON, console, stop)
    box.close()
    assert "Just Queued" in frames[-1]
    assert len(frames) <= 3


@pytest.mark.live
def test_a_real_terminal_shows_the_screen_and_is_left_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path, 10, time.time_ns() // 1_000_000).close()
    master, slave = pty.openpty()
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    # whoever runs the tests in the background may have had SIGINT ignored for all that it starts
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    code += "from videod.cli.main import run; sys.exit(run(['watch', *sys.argv[1:]]))"
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    argv = [sys.executable, "-c", code, "--state", str(tmp_path)]
    child = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )  # fmt: skip
    os.close(slave)
    raw = b""

    def read() -> bool:
        """Feed what the child wrote to the screen; False when there is nothing more for now."""
        nonlocal raw
        if not select.select([master], [], [], 0.2)[0]:
            return False
        try:
            data = os.read(master, 65536)
        except OSError:
            return False
        raw += data
        stream.feed(data)
        return True

    def read_until(done) -> None:
        until(lambda: done() or (read(), done())[1])

    try:
        read_until(lambda: any("needs you" in line for line in screen.display))
        assert any("Grizzly Crossing 1" in line for line in screen.display)
        child.send_signal(2)
        read_until(lambda: child.poll() is not None)
        while read():
            pass
        assert ended(child) == 0
    finally:
        child.kill()
        child.wait()
        os.close(master)
    assert raw.count(b"\x1b[?1049h") == raw.count(b"\x1b[?1049l") == 1
    assert raw.rindex(b"\x1b[?25h") > raw.rindex(b"\x1b[?25l")
