"""What keeps a demo from continuing is said at once, in one sentence or in the daemon's own words."""

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.factory import NOON, StudioBox
from videod.adapters import disk
from videod.adapters.disk import Room
from videod.channels import load_channels
from videod.cli import demo, demo_trouble
from videod.cli.main import run
from videod.core.failures import Kind
from videod.core.statuses import Gate, Status
from videod.core.suspension import Cause, Suspension
from videod.sandbox.render import encoding
from videod.store import readonly, views

ROOT = Path(__file__).parents[2]


def overview(box: StudioBox, at: int) -> views.Overview:
    connection = readonly.look(box.path)
    try:
        return views.overview(connection, at)
    finally:
        connection.close()


@pytest.mark.fault("8.2")
def test_a_failed_job_is_reported_in_its_own_words_and_ends_the_demo_once_nothing_else_runs(tmp_path: Path) -> None:
    box = StudioBox(tmp_path, NOON)
    task = box.queue("The Cold Crossing", "wild_earth")
    box.bring_to(task, Status.VIDEO_READY)
    box.approve(task, Gate.VIDEO)
    for name in (one for one in box.ready(task) if one.startswith("thumbnail/")):
        box.make(task, name)
    fine = overview(box, box.clock.at)
    assert (demo_trouble.troubles(fine), demo_trouble.stuck(fine)) == ((), False)
    first, *others = box.ready(task)
    box.fail(task, first, Kind.DOWN, "FFmpeg ended with 127: no such program", http_status=500)
    begun = overview(box, box.clock.at)
    assert f"The Cold Crossing: {first} failed: FFmpeg ended with 127: no such program." in demo_trouble.troubles(begun)
    assert not demo_trouble.stuck(begun), "there is more to do"
    for name in others:
        with suppress(AssertionError):  # after some failures the service is not asked any more
            box.fail(task, name, Kind.DOWN, "HTTP 500 from the service", http_status=500)
    assert demo_trouble.stuck(overview(box, box.clock.at))
    box.close()


@pytest.mark.fault("8.2")
def test_a_full_disk_is_reported_and_waited_for_no_longer(tmp_path: Path) -> None:
    box = StudioBox(tmp_path, NOON)
    task = box.queue("The Cold Crossing", "wild_earth")
    box.bring_to(task, Status.ASSETS_APPROVED)
    seen = overview(box, box.clock.at)
    full = replace(seen, suspensions=(Suspension(Cause.DISK, detail="900 MB are free"),))
    assert any("paused until there is space" in text for text in demo_trouble.troubles(full))
    assert demo_trouble.stuck(full) and not demo_trouble.stuck(seen)
    box.close()


@pytest.mark.fault("8.2")
def test_a_small_disk_is_one_sentence_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(disk, "room", lambda _: Room(900 * disk.MB, 10_000 * disk.MB, None))
    assert run(["demo", "--config", str(ROOT / "videod.toml"), "--folder", str(tmp_path / "films")]) == 75
    said = capsys.readouterr().err
    assert "The demo needs 1,680 MB of free disk space" in said and "has 900 MB" in said and "--folder" in said
    assert len([line for line in said.splitlines() if not line.startswith("Starting")]) == 1
    assert not list((tmp_path / "films").rglob("*.json"))


@pytest.mark.fault("8.2")
@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/films"])
def test_a_folder_that_cannot_be_made_is_one_sentence(capsys: pytest.CaptureFixture[str], place: str) -> None:
    assert run(["demo", "--config", str(ROOT / "videod.toml"), "--folder", place]) == 74
    said = capsys.readouterr().err
    assert "The demo cannot work in" in said and "--folder" in said and "Traceback" not in said


@pytest.mark.fault("8.2")
def test_the_samples_come_with_the_package_and_are_valid(tmp_path: Path) -> None:
    assert sorted(path.stem for path in demo.SAMPLES.iterdir()) == sorted(demo.STORIES)
    assert set(load_channels(demo.SAMPLES).channels) == set(demo.STORIES)
    assert demo._sample_channels(tmp_path / "made", (2, 3)) == sorted(demo.STORIES)


@pytest.mark.fault("8.2")
def test_outside_of_any_folder_with_settings_those_of_the_checkout_are_used(tmp_path: Path) -> None:
    code = (
        "import json\nfrom videod.cli import demo\nused, paths = demo._settings(demo.DEFAULT)\n"
        "print(json.dumps([str(used), str(paths.scripts), str(paths.state)]))"
    )
    env = {"PATH": "/usr/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, check=True)
    assert json.loads(done.stdout) == [str(ROOT / "videod.toml"), str(ROOT / "scripts"), str(tmp_path / "state")]


@pytest.mark.fault("8.2")
async def test_the_stand_ins_need_no_nice(monkeypatch: pytest.MonkeyPatch) -> None:
    found = encoding.ffmpeg()
    monkeypatch.setenv("VIDEOD_FFMPEG", found)
    monkeypatch.setenv("PATH", "/nowhere")
    silence = b"RIFF" + (36 + 4410).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
    silence += (22050).to_bytes(4, "little") + (44100).to_bytes(4, "little") + b"\x02\0\x10\0data"
    wav = silence + (4410).to_bytes(4, "little") + b"\0" * 4410
    wanted = encoding.audio_format("mp3_44100_128")
    assert wanted is not None and await encoding.encode(wav, wanted)


@pytest.mark.fault("8.2")
def test_stand_ins_that_are_gone_are_reported_with_their_last_words(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "sandbox.log").write_text("Ready.\nOSError: [Errno 24] Too many open files\n\n")
    env = {"VIDEOD_URL_NOTION": "http://127.0.0.1:1", "VIDEOD_NOTION_PARENT_PAGE": "p"}
    with subprocess.Popen([sys.executable, "-c", ""]) as daemon, pytest.raises(demo.DemoError) as caught:
        demo._live(demo.Stage(tmp_path, env, ""), daemon, 1)
    said = str(caught.value)
    assert said.startswith("The simulated services do not answer any more: OSError: [Errno 24] Too many open files. ")
    assert str(tmp_path / "sandbox" / "sandbox.log") in said and caught.value.code == 69
