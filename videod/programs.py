"""Custom scripts as programs of this host: how each is started, what it finds on its PATH, what is wrong with it.

A script that is executable and names its interpreter in its first line is run as it is. Any other Python file is run by
the `.venv` (or `venv`) beside it, which holds its own packages, and without one by videod's Python.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from videod import files

#: variables by which a program finds its way out of this host, and the certificates that it trusts
PROXIES = tuple(
    spelt for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for spelt in (name, name.lower())
)
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: folders of a virtual environment beside a script, first match counts
VENVS = (".venv", "venv")
#: what calls ffprobe: by its name, or inside a package
_MEASURING = re.compile(rb"ffprobe|\b(?:pydub|moviepy|ffmpeg_python)\b|^\s*import ffmpeg\b", re.MULTILINE)
_IMPORT = re.compile(rb"^\s*(?:from|import) +([\w, ]+)", re.MULTILINE)
_FFPROBE_HINT = (
    "install FFmpeg with ffprobe (apt install ffmpeg), or name an FFmpeg in [paths].ffmpeg that has it beside it"
)
#: what the kernel reads of a first line, and what is looked at to find the name of a program in a script, bytes
_LINE_BYTES, _SCRIPT_BYTES = 512, 1 << 20


class Unrunnable(ValueError):
    """The script cannot be started; the text is a sentence with the file and what to do."""


def start_of(script: Path, path: str | None = None) -> tuple[str, ...]:
    """What starts `script`, without its arguments. `path`: the PATH that it will have. Raises Unrunnable.

    A file that cannot be read is left to the kernel, which says why.
    """
    python = ".py" in (script.suffix, _real(script).suffix)
    usual = (sys.executable, str(script)) if python else (str(script),)
    try:
        with files.open_plain(script, follow=True) as source:
            head = source.read(_LINE_BYTES)
    except OSError:
        return usual
    runnable = os.access(script, os.X_OK)
    if runnable and head.startswith(b"#!"):
        return _by_its_first_line(script, head, python, path)
    if python:
        return _by_environment(script) or usual
    if not runnable:
        raise Unrunnable(f"{script} is not executable. Run `chmod +x {script}`.")
    if b"\0" not in head:  # no machine code: only a first line says what runs it
        raise Unrunnable(f"{script} does not say what runs it. Begin it with a line such as #!/usr/bin/env python3.")
    return usual


def _by_its_first_line(script: Path, head: bytes, python: bool, path: str | None) -> tuple[str, ...]:
    line = head.split(b"\n", 1)[0]
    words = os.fsdecode(line[2:]).strip().split(None, 1)
    if not words:
        raise Unrunnable(f"{script} names no interpreter in its first line. Write for example #!/usr/bin/env python3.")
    interpreter, rest = words[0], words[1:]
    if not os.access(interpreter, os.X_OK) or Path(interpreter).is_dir():
        raise Unrunnable(f"{script} is run by {interpreter}, which is missing or not executable. Install it, or correct"
                         " the script's first line.")  # fmt: skip
    named = _named_by_env(interpreter, rest)
    if named is not None and shutil.which(named, path=path) is None:
        raise Unrunnable(f"{script} is run by {named}, which is not on PATH. Install it, or correct the script's first"
                         " line.")  # fmt: skip
    if not line.endswith(b"\r"):
        return (str(script),)
    if not python:
        raise Unrunnable(f"{script} has Windows line endings, so its first line names no program. Run `sed -i"
                         f" 's/\\r$//' {script}`.")  # fmt: skip
    # Python bears such line ends, the kernel does not: it would look for a program whose name ends in CR
    return (interpreter, *rest, str(script))


def _named_by_env(interpreter: str, rest: list[str]) -> str | None:
    """The program that `#!/usr/bin/env NAME` looks for; None where the line says no such thing."""
    if Path(interpreter).name != "env" or not rest:
        return None
    words = [word for word in rest[0].split() if not word.startswith("-") and "=" not in word]
    return words[0] if words else None


def _by_environment(script: Path) -> tuple[str, ...] | None:
    """The Python of the virtual environment beside the script, or beside the file that it links to."""
    for folder in dict.fromkeys((script.parent, _real(script).parent)):
        for name in VENVS:
            python = folder / name / "bin" / "python"
            if os.access(python, os.X_OK):
                return (str(python), str(script))
            if os.path.lexists(python) or files.exists(folder / name / "pyvenv.cfg"):
                again = f"`python3 -m venv --clear {folder / name}`"
                raise Unrunnable(f"{script} has a virtual environment whose {python} does not run. Create it again with"
                                 f" {again} and install the script's packages.")  # fmt: skip
    return None


def _real(script: Path) -> Path:
    try:
        return script.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        return script


# ------------------------------------------------------------------------------------------------- ffmpeg, ffprobe


def ffprobe_of(ffmpeg: str, path: str | None = None) -> str | None:
    """The ffprobe beside this FFmpeg, else the one on PATH; None where this host has none."""
    beside = Path(ffmpeg).absolute().with_name("ffprobe")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("ffprobe", path=path)


def tools(folder: Path, ffmpeg: str, path: str | None = None) -> tuple[str, ...]:
    """The programs that `folder` offers under their usual names, `ffmpeg` and, where there is one, `ffprobe`.

    Older scripts call them by name, and a host may have no more than the FFmpeg of a Python package. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = {"ffmpeg": shutil.which(ffmpeg) or ffmpeg, "ffprobe": ffprobe_of(ffmpeg, path)}
    for name, program in found.items():
        place = folder / name
        if program is None:
            place.unlink(missing_ok=True)
        elif not place.is_symlink() or os.readlink(place) != os.path.abspath(program):  # noqa: PTH100, PTH115 - links stay
            temporary = place.with_name(f"{name}.{os.getpid()}.part")
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(os.path.abspath(program))  # noqa: PTH100
            temporary.replace(place)
    return tuple(program for program in found.values() if program is not None)


# ------------------------------------------------------------------------------------------------- what is wrong


def problem(step: str, script: Path, path: str | None = None, state: Path | None = None) -> str | None:
    """Why the custom script of `step` cannot be started, as a sentence; None where nothing is known against it."""
    try:
        start_of(script, path)
    except Unrunnable as error:
        return f"[scripts] {step}: {error}"
    if state is None or not _real(script).is_relative_to(_real(state)):
        return None
    return f"[scripts] {step}: {script} is in the state folder, which scripts may not read. Move it elsewhere."


def no_ffprobe(scripts: Mapping[str, Path], ffmpeg: str, path: str | None = None) -> str | None:
    """What is said where custom scripts (by step) may call ffprobe and this host has none."""
    missing = [] if ffprobe_of(ffmpeg, path) is not None else [step for step in scripts if _may_measure(scripts[step])]
    if not missing:
        return None
    steps = ", ".join(missing)
    return (f"[scripts] {steps}: ffprobe is missing on this host. A script that calls it fails, maybe after it has"
            f" paid: {_FFPROBE_HINT}.")  # fmt: skip


def _may_measure(script: Path) -> bool:
    """Whether the script, or a module beside it that it imports, names ffprobe or a package that calls it.

    What is no text may call anything.
    """
    text = _text(script)
    if text is None:
        return True
    names = {name for line in _IMPORT.findall(text) for name in line.decode().replace(",", " ").split()}
    beside = (_text(script.with_name(f"{name}.py")) or b"" for name in names if name.isidentifier())
    return any(_MEASURING.search(one) for one in (text, *beside))


def _text(script: Path) -> bytes | None:
    """The script's text, nothing where it cannot be read; None where it is no text."""
    try:
        found = files.read_bytes(script, _SCRIPT_BYTES, follow=True)
    except OSError:
        return b""
    return None if b"\0" in found else found
