"""Every command line that a document shows is one: parsed by the program that it starts, as if it were typed."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from videod.cli import main

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_PROGRAM = re.compile(r"(?:^|[|&;(`]|\$\(|sudo |\$ )\s*(?:videod|\./run)((?: [^|&;)`\n]*)?)")
#: what stands for a number, a day or a kind in a line that explains a command
_VALUES = {"N": "3", "PORT": "8091", "KIND": "doctor", "SCRIPT": "bash"}


def _lines(text: str) -> Iterator[str]:
    """The lines of code blocks, and code in running text that starts a program."""
    for kind, block in _FENCE.findall(text):
        lines = re.sub(r"\\\n\s*", " ", block).splitlines()
        yield from (re.split(r"(?:^| )#", line)[0] for line in lines if kind == "sh" or line.startswith("$ "))
    yield from re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))


def typed() -> Iterator[tuple[str, str]]:
    """(page, words after `videod`) of every command line."""
    for page in PAGES:
        for line in _lines(page.read_text()):
            for found in _PROGRAM.findall(line):
                words = re.split(r" > | \.\.\.", found)[0].strip()
                if words and not words.startswith(("COMMAND", "report-death")) and not re.match(r"[A-Z][a-z]|:", words):
                    yield page.relative_to(ROOT).as_posix(), words


def parse(words: list[str]) -> None:
    """Parse a command line without running it. Raises what typer says against it."""
    context = typer.main.get_group(main.app).make_context("videod", words)
    while isinstance(context.command, TyperGroup):
        left = [*context._protected_args, *context.args]
        if not left:
            return  # a family of commands, named as such
        name, command, rest = context.command.resolve_command(context, left)
        assert command is not None
        context = command.make_context(name or "", rest, parent=context)


def wrong(line: str) -> str:
    """What is wrong with a command line, or nothing. That an argument is left out is not."""
    words = [_VALUES.get(word, word) for word in shlex.split(line.replace("[", "").replace("]", ""))]
    try:
        parse(words)
    except (typer.Exit, SystemExit):
        return ""
    except typer.TyperException as error:
        left_out = type(error).__name__ in ("MissingParameter", "NoArgsIsHelpError")
        return "" if left_out else f"videod {line}: {error.format_message()}"
    return ""


def test_every_command_line_in_the_documents_is_parsed() -> None:
    lines = sorted(set(typed()))
    assert len({line for _, line in lines}) > 100
    assert [f"{page}: {said}" for page, line in lines if (said := wrong(line))] == []


@pytest.mark.parametrize("line", ["statu", "approve x --dry", "list --limit few", "simulate --bogus", "channels paint"])
def test_a_command_line_that_is_none_is_found(line: str) -> None:
    assert wrong(line)


def test_every_module_and_file_that_a_document_runs_is_there() -> None:
    for page in PAGES:
        for line in _lines(page.read_text()):
            for module in re.findall(r"python3? -m (tests[\w.]*)(?: (\w[\w-]*))?", line):
                name, word = module[0].removesuffix(".NAME"), module[1]
                assert importlib.util.find_spec(name) is not None, f"{page}: {line}"
                if name == "tests.campaigns" and word and word != "NAME":
                    assert (ROOT / "tests/campaigns" / f"{word.replace('-', '_')}.py").is_file(), f"{page}: {line}"
            for script in re.findall(r"python3? (scripts/\w+\.py)|(?:^|\s)\./(test|run)\b", line):
                assert (ROOT / (script[0] or script[1])).is_file(), f"{page}: {line}"
            for test in re.findall(r"\./test ((?:tests/[\w/.]+\s?)+)", line):
                assert all((ROOT / one).exists() for one in test.split()), f"{page}: {line}"
