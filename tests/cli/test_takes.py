"""Older takes and files of a person's own, through a daemon's socket and in its place while none runs."""

import json
import os
import wave
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.factory import StudioBox
from tests.cli.test_actions import Out, both_ways
from videod.adapters.clock import SystemClock
from videod.cli import client
from videod.cli.main import run
from videod.core.statuses import JobState, Status


def picture(path: Path, size: tuple[int, int] = (1280, 720)) -> Path:
    Image.effect_noise(size, 60).convert("RGB").save(path)
    return path


def workspace(house: Path, box: StudioBox, task: str) -> Path:
    return client.place(house, house.parent / "videod.toml").workspace(box.task(task))


@pytest.mark.fault("2.5")
@both_ways
def test_a_picture_of_ones_own_takes_the_place_of_the_made_one(
    box: StudioBox,
    house: Path,
    tmp_path: Path,
    way,
    capsys: Out,
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.VIDEO_READY)
    mine = picture(tmp_path / "mine.png")
    cost = box.task(task).cost_micros
    with way(house):
        assert run(["put", "bears", "composite/clip_01", str(mine), "--dry-run"]) == 0
        assert box.jobs(task)["composite/clip_01"].args.get("own") is None
        assert run(["put", "bears", "composite/clip_01", str(mine)]) == 0
        assert run(["takes", "bears", "composite/clip_01", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "Bears: your file for composite/clip_01 would be used. 1 job would be regenerated: clip/clip_01"
    )
    assert lines[1] == "Nothing was changed."
    assert lines[2] == lines[0].replace("would be used", "is used").replace("would", "will")
    listed = json.loads("\n".join(lines[3:]))["takes"]
    assert [(one["number"], one["own"], one["in_use"]) for one in listed] == [(1, False, False), (2, True, True)]
    job = box.jobs(task)["composite/clip_01"]
    assert job.output is not None and (workspace(house, box, task) / job.output).read_bytes() == mine.read_bytes()
    assert box.jobs(task)["clip/clip_01"].state is JobState.READY and box.task(task).cost_micros == cost
    assert not list((house / "incoming").iterdir())


@pytest.mark.fault("2.5")
@both_ways
def test_an_older_take_is_used_again(box: StudioBox, house: Path, way, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.VIDEO_READY)
    first = box.jobs(task)["clip/clip_01"]
    with way(house):
        assert run(["takes", "bears", "clip/clip_01"]) == 0
        assert run(["redo", "bears", "clip/clip_01"]) == 0
        box.clock.at = SystemClock().now_ms()  # the command line had the real time
        box.make(task, "clip/clip_01")
        assert box.jobs(task)["clip/clip_01"].output != first.output
        assert run(["takes", "bears", "clip/clip_01", "--use", "1"]) == 0
        assert run(["takes", "bears", "clip/clip_01", "--use", "1"]) == 0
        assert run(["takes", "bears", "clip/clip_01", "--use", "9"]) == 65
    told = capsys.readouterr().out
    assert box.jobs(task)["clip/clip_01"].output == first.output
    assert "take 1 of clip/clip_01 is used." in told and "in use already. Nothing changed" in told
    assert "has 2 takes, none with the number 9" in told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("small.png", "small.png"), ("broken.png", "cannot be used"), ("silent.txt", "takes no .txt file"),
        ("sound.wav", "takes no .wav file"), ("playlist.mp4", "takes no .mp4 file"), ("missing.png", "cannot be read"),
        ("pipe.png", "cannot be read"), ("folder.png", "cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_changes_nothing_and_leaves_nothing_behind(
    box: StudioBox,
    house: Path,
    tmp_path: Path,
    name: str,
    said: str,
    capsys: Out,
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.VIDEO_READY)
    picture(tmp_path / "small.png", (20, 20))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 4000)
    (tmp_path / "silent.txt").write_text("no picture")
    (tmp_path / "playlist.mp4").write_text("#EXTM3U\nhttp://127.0.0.1/x.ts\n")
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\0" * 8000)
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    before = box.jobs(task)
    assert run(["put", "bears", "composite/clip_01", str(tmp_path / name)]) != 0
    told = capsys.readouterr()
    assert said.removeprefix("small.png") in told.out + told.err
    assert box.jobs(task) == before
    assert not (house / "incoming").exists() or not list((house / "incoming").iterdir())


def test_a_link_in_the_workspace_leads_a_persons_file_nowhere(
    box: StudioBox,
    house: Path,
    tmp_path: Path,
    capsys: Out,
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.VIDEO_READY)
    place = workspace(house, box, task)
    place.mkdir(parents=True, exist_ok=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (place / "own").symlink_to(elsewhere)
    assert run(["put", "bears", "composite/clip_01", str(picture(tmp_path / "mine.png"))]) == 65
    assert "could not be kept" in capsys.readouterr().out
    assert list(elsewhere.iterdir()) == []
    assert box.jobs(task)["composite/clip_01"].args.get("own") is None
