"""Rules of the house that a reader would otherwise have to trust: sizes, names, places, nothing private left behind."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("undisturbed")

ROOT = Path(__file__).parents[2]
TOP = {
    "videod", "scripts", "channels", "state", "tests", "videod.toml", "systemd", "pyproject.toml", "README.md",
    "LICENSE", "CHANGELOG.md", "docs", "uv.lock", "run", "test",
}  # fmt: skip
MODULE_LINES_MAX, FUNCTION_LINES_MAX = 450, 70
#: made by tools or at run time, never part of the repository
_MADE = {"__pycache__", "state", "dist", "uv.lock"}
_MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_MACHINE = re.compile(r"(?<![\w.])/(work|root|Users)/|(?<![\w.])/home/\w|(?<![\w/])shared/\w")
_SECRETS = re.compile(
    r"AIza[0-9A-Za-z_-]{30,}|ntn_[0-9A-Za-z]{40,}|secret_[0-9A-Za-z]{40,}|sk[-_][0-9a-z]{40,}|gh[pousr]_[0-9A-Za-z]{30,}"
    r"|xox[abprs]-[0-9A-Za-z-]{10,}|hooks\.slack\.com/services/T[0-9A-Z]{6,}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[\w-]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
)


def _files() -> Iterator[Path]:
    """Every file of the repository, wherever it was unpacked: hidden and made ones are left out, but for .ci."""
    open_folders = [ROOT]
    while open_folders:
        for path in sorted(open_folders.pop().iterdir()):
            if path.name in _MADE or (path.name.startswith(".") and path.name != ".ci"):
                continue
            if path.is_dir():
                open_folders.append(path)
            else:
                yield path


FILES = tuple(_files())
CODE = tuple(path for path in FILES if path.suffix == ".py")
OURS = tuple(path for path in CODE if path.relative_to(ROOT).parts[0] in ("videod", "scripts"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(path: Path) -> str:
    """The file's text, "" for pictures and other bytes."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def _found(pattern: re.Pattern[str], files: tuple[Path, ...]) -> list[str]:
    return [
        f"{_name(path)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def test_there_is_something_to_look_at() -> None:
    assert len(OURS) > 100
    assert {"README.md", "videod/cli/main.py", ".ci/ensure-env.sh"} <= set(map(_name, FILES))


def test_no_module_is_longer_than_can_be_read_in_one_sitting() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in OURS}
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES_MAX} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in OURS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long[f"{_name(path)}:{node.lineno} {node.name}"] = lines
    assert long == {}


def test_nothing_is_marked_as_unfinished() -> None:
    assert _found(_MARKS, tuple(path for path in FILES if path != Path(__file__))) == []


def test_no_file_is_named_after_nothing_in_particular() -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "misc", "stuff"}
    assert [_name(path) for path in FILES if vague & {path.stem, *path.relative_to(ROOT).parts[:-1]}] == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert _found(_MACHINE, tuple(path for path in FILES if "tests" not in path.relative_to(ROOT).parts)) == []


def test_no_file_holds_what_looks_like_a_secret() -> None:
    assert _found(_SECRETS, tuple(path for path in FILES if path != Path(__file__))) == []


@pytest.mark.parametrize(
    "text",
    ["AIza" + "x" * 35, "ntn_" + "4" * 46, "https://hooks.slack.com/services/T0123456/B1/x", "GOCSPX-" + "a" * 28],
)
def test_a_secret_would_be_seen(text: str) -> None:
    assert _SECRETS.search(f'key = "{text}"')


def test_the_top_level_holds_exactly_what_belongs_there() -> None:
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "__pycache__"}
    assert there == TOP


def test_every_module_says_what_it_is() -> None:
    silent = [
        _name(path) for path in OURS if path.stat().st_size and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []
