"""A workspace belongs to scripts: whatever they leave there, the daemon is neither led out of it nor made to wait."""

import asyncio
import ctypes
import errno
import os
import random
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flow.board_double import Clock
from tests.flow.test_confinement import builder
from tests.flow.test_quarantine import TASK, Books, Judge, job, no_token
from videod import files
from videod.core.events import JobFailed
from videod.core.failures import Kind
from videod.core.step import Command
from videod.core.tables import STEPS
from videod.flow import custom_end, started
from videod.flow.assignment import Assignment
from videod.flow.inputs import problem
from videod.flow.job_command import CommandBuilder
from videod.flow.quarantine import put_aside
from videod.flow.runner import Runner
from videod.ports import BadArtefact

MANIFEST = Command(("--manifest", "plan/manifest.json"), {"plan/manifest.json": "{}"})
DOORS = ["openat2", "part by part"]


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of opening: the kernel's own, and ours where a filter or an old kernel refuses that one."""
    if request.param != "openat2":

        class Refusing:
            def syscall(self, *arguments: object) -> int:
                return -1

        monkeypatch.setattr(files, "_libc", Refusing)
        monkeypatch.setattr(ctypes, "get_errno", lambda: errno.ENOSYS)
    return str(request.param)


def trap(at: Path, kind: str, good: Path) -> None:
    """Something else in the place of a file."""
    at.unlink(missing_ok=True)
    match kind:
        case "fifo":
            os.mkfifo(at)
        case "folder":
            at.mkdir()
        case "link":
            at.symlink_to(good)
        case "dangling link":
            at.symlink_to(at.with_name("nowhere"))
        case "link to itself":
            at.symlink_to(at)
        case "device":
            at.symlink_to("/dev/zero")
        case "process":
            at.symlink_to("/proc/self/fd/0")
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(at))


TRAPS = ("fifo", "folder", "link", "dangling link", "link to itself", "device", "process", "socket")


@pytest.mark.fault("12.7", "12.11")
@pytest.mark.parametrize("kind", TRAPS)
def test_a_trap_is_opened_by_nobody(tmp_path: Path, door: str, kind: str) -> None:
    good = tmp_path / "good"
    good.write_text("secret")
    at = tmp_path / "videos" / "clip.mp4"
    at.parent.mkdir()
    trap(at, kind, good)
    with pytest.raises(OSError):
        files.open_made(at)
    with pytest.raises(OSError):
        files.read_made(at, 100, tmp_path)
    assert not files.made(at)


@pytest.mark.fault("12.11")
def test_a_folder_on_the_way_that_is_a_link_leads_nowhere(tmp_path: Path, door: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "clip.mp4").write_text("secret")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "videos").symlink_to(outside)
    at = workspace / "videos" / "clip.mp4"
    for within in (None, workspace):
        with pytest.raises(OSError) as refused:
            files.open_made(at, within)
        assert refused.value.errno == errno.ELOOP
        assert files.seen(at, within) is None
    with pytest.raises(OSError):
        files.write_made(at, b"mine", workspace)
    with pytest.raises(OSError):
        files.move_made(at, "clip.mp4.refused")
    with pytest.raises(OSError):
        files.remove_made(at)
    assert [(one.name, one.read_text()) for one in outside.iterdir()] == [("clip.mp4", "secret")]


@pytest.mark.fault("12.11")
@pytest.mark.parametrize("name", ["../secret", "videos/../../secret", "/etc/hostname", "a\0b", "\ud800"])
def test_no_name_leads_out_of_its_folder(tmp_path: Path, door: str, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    workspace = tmp_path / "workspace"
    (workspace / "videos").mkdir(parents=True)
    with pytest.raises(OSError):
        files.open_made(workspace / name, workspace)
    with pytest.raises(OSError):
        files.write_made(workspace / name / "x", b"", workspace)


def test_a_plain_file_is_read_and_hashed_by_both_doors(tmp_path: Path, door: str) -> None:
    at = tmp_path / "videos" / "clip.mp4"
    files.write_made(at, b"abc", tmp_path)
    assert files.read_made(at, 3) == files.read_made(at, 3, tmp_path) == b"abc"
    with files.open_made(at) as source:
        assert files.fingerprint(source)[0] == 3
        assert files.fingerprint(source, 3)[1].startswith("ba7816bf")
        with pytest.raises(files.Unfit):
            files.fingerprint(source, 2)
    assert [one.name for one in at.parent.iterdir()] == ["clip.mp4"]
    with pytest.raises(files.Unfit):
        files.read_made(at, 2)


@pytest.mark.fault("12.7")
def test_a_hole_of_300_gb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    at = tmp_path / "clip.mp4"
    at.touch()
    os.truncate(at, 300 << 30)
    with files.open_made(at) as source, pytest.raises(files.Unfit):
        files.fingerprint(source, 1 << 30)
    done = replace(job("clip"), bytes=10, sha256="0" * 64)
    assert problem(at, done) == "has 322,122,547,200 bytes instead of 10"


# ------------------------------------------------------------------------------ what the daemon itself writes there


@pytest.mark.fault("12.11")
@pytest.mark.parametrize("planted", ["plan/manifest.json", "plan/manifest.json.PID.part"])
def test_a_link_in_the_place_of_what_is_written_is_not_followed(tmp_path: Path, planted: str) -> None:
    made = builder(tmp_path)
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    workspace = made.workspace(TASK)
    (workspace / "plan").mkdir(parents=True)
    (workspace / planted.replace("PID", str(os.getpid()))).symlink_to(outside)
    made.prepare(TASK, job("assemble", "film"), MANIFEST)
    assert outside.read_text() == "mine"
    assert (workspace / "plan/manifest.json").read_text() == "{}"
    assert not (workspace / "plan/manifest.json").is_symlink()


@pytest.mark.fault("12.11")
@pytest.mark.parametrize("folder", ["upload", "assets", "assets/composites"])
def test_a_link_in_the_place_of_a_folder_stops_the_job_and_nothing_is_written_behind_it(
    tmp_path: Path, folder: str
) -> None:
    made = builder(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    at = made.workspace(TASK) / folder
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(outside)
    told = Command((), {"upload/description.txt": "words"}) if folder == "upload" else Command(())
    doing = job("upload", "film") if folder == "upload" else job("composite")
    with pytest.raises(OSError) as error:
        made.prepare(TASK, doing, told)
    assert (error.value.errno, error.value.filename) == (errno.ELOOP, str(at))
    assert list(outside.iterdir()) == []


def test_a_step_without_an_output_needs_no_folder(tmp_path: Path) -> None:
    made = builder(tmp_path)
    assert made.prepare(TASK, job("cleanup", "workspace"), Command(())) == made.workspace(TASK)


@pytest.mark.fault("12.11")
def test_a_refused_file_behind_a_linked_folder_stays_where_it_is(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "clip.mp4").write_text("mine")
    (tmp_path / "videos").symlink_to(outside)
    assert put_aside(tmp_path / "videos" / "clip.mp4") is None
    assert custom_end.mark(tmp_path / "videos" / "clip.mp4") is None
    assert [one.name for one in outside.iterdir()] == ["clip.mp4"]


@pytest.mark.fault("12.11")
def test_the_note_of_a_started_script_is_written_through_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    (tmp_path / "clip.mp4.started.part").symlink_to(outside)
    (tmp_path / "clip.mp4.started").symlink_to(outside)
    started.note(tmp_path / "clip.mp4", 7, 1_000)
    assert outside.read_text() == "mine"
    assert started.read(tmp_path / "clip.mp4") == started.Start(7, 1_000)


# ------------------------------------------------------------------------------------------------ a whole job


class Trapping:
    """A script that leaves a trap in the place of its receipt, or of its output, and dies. Implements Launcher."""

    pid = 0

    def __init__(self, place: str, code: int) -> None:
        self.place = place
        self.code = code

    async def start(self, spawn: object) -> "Trapping":
        argv = spawn.argv  # type: ignore[attr-defined]
        output = Path(argv[argv.index("--output") + 1])
        os.mkfifo(output.with_name(f"{output.name}{self.place}"))
        return self

    async def lines(self):  # type: ignore[no-untyped-def]
        for line in ():
            yield line

    async def wait(self) -> int:
        return self.code

    async def kill(self, grace_s: float) -> None:
        return

    def stderr_tail(self) -> str:
        return ""


@pytest.mark.fault("12.7")
@pytest.mark.parametrize("owners", [False, True])
@pytest.mark.parametrize(("place", "code"), [(".job.json", -9), (".job.json", 0), ("", 0), ("", -9)])
async def test_a_pipe_in_the_place_of_a_file_fails_its_job_and_holds_up_nobody(
    tmp_path: Path, owners: bool, place: str, code: int
) -> None:
    made = job("clip")
    books = Books()
    found = CommandBuilder(
        state=tmp_path, scripts=Path("scripts"), overrides={"clip": "/own/script.py"} if owners else {}, urls={},
        ffmpeg=lambda: "ffmpeg", context=lambda *_: None, secret=lambda name: None, token=no_token, environ={},
    )  # fmt: skip
    output = found.workspace(TASK) / STEPS["clip"].output(made, TASK)
    judge = Judge(BadArtefact("clip_01.mp4 is no file, not a plain file"))
    runner = Runner(books, Trapping(place, code), judge, found, Clock(), random.Random(1), lambda text: text)
    await asyncio.wait_for(
        runner.run(Assignment(TASK, made, made.attempt, Command(("--output", str(output))))), None
    )  # fmt: skip
    (failed,) = [one for one in books.said if isinstance(one, JobFailed)]
    assert failed.failure.kind in (Kind.NONSENSE, Kind.IN_DOUBT, Kind.LOST)
