"""How a custom script is started, what it finds on its PATH, and what is said of one that cannot run."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from videod import programs
from videod.programs import Unrunnable, start_of

SAYS_PYTHON = "import sys; print(sys.prefix)\n"


def script(folder: Path, text: str = SAYS_PYTHON, name: str = "own.py", mode: int = 0o644) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


def environment(folder: Path, name: str = ".venv") -> Path:
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder / name)
    return folder / name


@pytest.mark.fault("9.3")
def test_an_executable_script_with_a_first_line_is_run_as_it_is(tmp_path: Path) -> None:
    environment(tmp_path)
    for name in ("own.py", "own"):
        path = script(tmp_path, f"#!{sys.executable}\n{SAYS_PYTHON}", name, 0o755)
        assert start_of(path) == (str(path),)
    path = script(tmp_path, "#!/usr/bin/env -S LANG=C sh -e\n", "own.sh", 0o755)
    assert start_of(path) == (str(path),)


@pytest.mark.fault("9.3")
@pytest.mark.parametrize("name", [".venv", "venv"])
@pytest.mark.parametrize("text", [SAYS_PYTHON, f"#!/usr/bin/env python3\n{SAYS_PYTHON}"])
def test_any_other_python_file_runs_in_the_environment_beside_it(tmp_path: Path, name: str, text: str) -> None:
    made = environment(tmp_path, name)
    path = script(tmp_path, text)
    start = start_of(path)
    assert start == (str(made / "bin" / "python"), str(path))
    assert Path(subprocess.run(start, capture_output=True, text=True, check=True).stdout.strip()) == made


@pytest.mark.fault("9.3")
def test_an_executable_python_file_without_a_first_line_runs_there_too(tmp_path: Path) -> None:
    made = environment(tmp_path)
    assert start_of(script(tmp_path, mode=0o755))[0] == str(made / "bin" / "python")


@pytest.mark.fault("9.3")
def test_without_an_environment_it_is_videods_python(tmp_path: Path) -> None:
    path = script(tmp_path)
    (tmp_path / "venv").mkdir()  # a folder of that name is none
    assert start_of(path) == (sys.executable, str(path))


@pytest.mark.fault("9.3")
@pytest.mark.parametrize("beside", ["link", "file"])
def test_a_link_is_run_as_it_is_named_with_the_environment_of_either_place(tmp_path: Path, beside: str) -> None:
    path = script(tmp_path / "file")
    (tmp_path / "link").mkdir()
    link = tmp_path / "link" / "generate_video"
    link.symlink_to(path)
    made = environment(tmp_path / beside)
    assert start_of(link) == (str(made / "bin" / "python"), str(link))


@pytest.mark.fault("9.3")
def test_windows_line_ends_are_no_harm_to_a_python_file(tmp_path: Path) -> None:
    path = script(tmp_path, f"#!{sys.executable}\r\nprint('well')\r\n", mode=0o755)
    assert subprocess.run(start_of(path), capture_output=True, text=True, check=True).stdout == "well\n"


@pytest.mark.fault("9.3")
@pytest.mark.parametrize(
    ("text", "name", "mode", "told"),
    [
        ("#!/opt/old/python2\nprint(1)\n", "own.py", 0o755, "is run by /opt/old/python2, which is missing"),
        ("#!/usr/bin/env python9.9\nprint(1)\n", "own.py", 0o755, "is run by python9.9, which is not on PATH"),
        ("#!/usr/bin/env -S A=1 node22 --x\n", "own", 0o755, "is run by node22, which is not on PATH"),
        ("#!/opt/gone/bin/python\r\nprint(1)\r\n", "own.py", 0o755, "is run by /opt/gone/bin/python, which is missing"),
        ("#!/bin\nx\n", "own", 0o755, "is run by /bin, which is missing or not executable"),
        ("#!\nx\n", "own", 0o755, "names no interpreter"),
        ("#!/bin/sh\r\necho\r\n", "own.sh", 0o755, "has Windows line endings"),
        ("#!/bin/sh\necho\n", "own.sh", 0o644, "is not executable. Run `chmod +x"),
        ("echo\n", "own.sh", 0o755, "does not say what runs it"),
    ],
)
def test_a_script_that_cannot_run_is_named_with_what_to_do(
    tmp_path: Path, text: str, name: str, mode: int, told: str
) -> None:
    path = script(tmp_path, text, name, mode)
    with pytest.raises(Unrunnable) as refused:
        start_of(path, "/usr/bin:/bin")
    assert told in str(refused.value) and str(path) in str(refused.value)
    assert programs.problem("clip", path, "/usr/bin:/bin") == f"[scripts] clip: {refused.value}"


@pytest.mark.fault("9.3")
def test_an_environment_whose_python_is_gone_is_named(tmp_path: Path) -> None:
    made = environment(tmp_path)
    (made / "bin" / "python").unlink()
    (made / "bin" / "python").symlink_to("/opt/gone/python3.9")
    with pytest.raises(Unrunnable, match=r"venv --clear"):
        start_of(script(tmp_path))


def test_a_machine_program_and_what_cannot_be_read_are_left_to_the_kernel(tmp_path: Path) -> None:
    program = script(tmp_path, "\x7fELF\x00\x00", "own", 0o755)
    assert start_of(program) == (str(program),)
    assert start_of(tmp_path / "gone.py") == (sys.executable, str(tmp_path / "gone.py"))
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "own")
    assert start_of(tmp_path / "pipe" / "own") == (str(tmp_path / "pipe" / "own"),)


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {path.name}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.fault("9.4")
def test_both_programs_are_there_under_their_names_whatever_they_are_called(tmp_path: Path) -> None:
    wheel = program(tmp_path / "wheel" / "ffmpeg-linux-x86_64-v7.1")
    probe = program(tmp_path / "usr" / "ffprobe")
    assert programs.tools(tmp_path / "bin", wheel, str(tmp_path / "usr")) == (wheel, probe)
    said = [
        subprocess.run([tmp_path / "bin" / name], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("ffmpeg", "ffprobe")
    ]
    assert said == ["ffmpeg-linux-x86_64-v7.1", "ffprobe"]


@pytest.mark.fault("9.4")
def test_the_ffprobe_beside_the_ffmpeg_in_use_comes_first_and_one_that_went_is_taken_away(tmp_path: Path) -> None:
    ffmpeg, beside = program(tmp_path / "own" / "ffmpeg"), program(tmp_path / "own" / "ffprobe")
    other = program(tmp_path / "usr" / "ffprobe")
    path = str(tmp_path / "usr")
    assert programs.tools(tmp_path / "bin", ffmpeg, path) == (ffmpeg, beside)
    Path(beside).unlink()
    assert programs.tools(tmp_path / "bin", ffmpeg, path) == (ffmpeg, other)
    Path(other).unlink()
    assert programs.tools(tmp_path / "bin", ffmpeg, path) == (ffmpeg,)
    assert sorted(one.name for one in (tmp_path / "bin").iterdir()) == ["ffmpeg"]


@pytest.mark.fault("9.4")
def test_a_missing_ffprobe_is_said_for_the_scripts_that_may_call_it(tmp_path: Path) -> None:
    ffmpeg = program(tmp_path / "wheel" / "ffmpeg-7")
    plain, measuring = script(tmp_path / "a"), script(tmp_path / "b", 'subprocess.run(["ffprobe", path])\n')
    script(tmp_path / "c", "from pydub import AudioSegment\n", "sounds.py")
    importing = script(tmp_path / "c", "import os, sounds\n")
    machine = script(tmp_path / "d", "\x7fELF\x00", "own", 0o755)
    own = {"image": plain, "composite": measuring, "narration": importing, "clip": machine}
    told = programs.no_ffprobe(own, ffmpeg, str(tmp_path / "wheel"))
    assert told is not None and told.startswith("[scripts] composite, narration, clip: ffprobe is missing on this host")
    assert "apt install ffmpeg" in told
    assert programs.no_ffprobe({"image": plain}, ffmpeg, str(tmp_path / "wheel")) is None
    program(tmp_path / "wheel" / "ffprobe")
    assert programs.no_ffprobe(own, ffmpeg, str(tmp_path / "wheel")) is None


@pytest.mark.fault("9.3")
def test_a_script_in_the_state_folder_is_named_since_no_script_may_read_there(tmp_path: Path) -> None:
    told = programs.problem("image", script(tmp_path / "state" / "mine"), state=tmp_path / "state")
    assert told is not None and "is in the state folder" in told
