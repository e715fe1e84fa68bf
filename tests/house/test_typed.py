"""Every command line that a document shows is one: parsed by the program that it starts, as if it were typed."""

import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from tests.cli.factory import CHANNELS, NOON, a_full_studio
from videod.cli import client, main, output

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


def parse(words: list[str]) -> bool:
    """Parse a command line without running it: whether it is more than the name of a family of commands.

    Raises what typer says against it.
    """
    context = typer.main.get_group(main.app).make_context("videod", [*words])
    while isinstance(context.command, TyperGroup):
        left = [*context._protected_args, *context.args]
        if not left:
            return False
        name, command, rest = context.command.resolve_command(context, left)
        assert command is not None
        context = command.make_context(name or "", rest, parent=context)
    return True


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


# ------------------------------------------------------------------------------------------- run, not only parsed

#: first words of a line -> why it is not run here, and what runs it
ONLY_PARSED = {
    "run": "starts a daemon: tests/live",
    "demo": "makes films: tests/live/test_demo.py",
    "watch": "draws a screen until a key ends it: tests/dashboard",
    "sandbox": "needs simulated services that run: tests/sandbox, tests/live/test_first_film.py",
    "notion": "asks Notion: tests/adapters/test_notion_board.py, tests/live/test_first_film.py",
    "balance": "asks the services: tests/cli/test_episode.py",
    "doctor": "asks the services: tests/cli/test_doctor.py",
    "alerts test": "sends messages: tests/cli/test_alerts.py",
    "channels authorize": "opens a browser: tests/live/test_first_film.py",
    "open": "opens a browser: tests/cli/test_episode.py",
    "logs": "reads the journal of a unit: tests/cli/test_episode.py",
    "put": "decodes a file: tests/cli/test_takes.py",
    "export": "reads an episode's files: tests/cli/test_episode.py",
    "restore": "needs an archive: tests/live/test_restore_elsewhere.py",
    "simulate": "plays weeks: tests/simulation/test_simulate.py",
    "web": "needs a page that is served: tests/page",
    "cluster": "needs a scheduler: tests/cluster",
    "docs update": "writes these pages: tests/house/test_docs.py",
}
#: what stands for a name in a line -> an episode, a channel, an entry of the studio that the lines are run in
_NAMED = {
    "EPISODE": "grizzly", "TITLE": "ant road", "owls-1": "owls", "crossing": "grizzly", "JOB": "clip/clip_01",
    "clip/clip_07": "clip/clip_01", "clip_07": "clip_01", "CHANNEL": "wild_planet", "my_channel": "wild_planet",
    "SERVICE": "kie", "ENTRY": "draft", "TEXT": "Slow push in.",
}  # fmt: skip
#: done, refused as it makes no sense there, or a name that the studio does not have
ENDS = (output.OK, output.REFUSED, output.MISSING)


def only_parsed(line: str) -> str | None:
    return next((start for start in ONLY_PARSED if re.match(rf"{start}\b", line)), None)


def whole(words: list[str]) -> bool:
    """Whether a line is more than the name of a command: its arguments are there."""
    try:
        return parse(words)
    except (typer.Exit, SystemExit):
        return True
    except typer.TyperException:
        return False


def to_run(line: str, archive: Path) -> list[str]:
    """The words of a line with names that the studio has."""
    text = re.sub(r"\[[^\]]*\]", "", line).replace("/mnt/backup/videod.tar.gz", str(archive))
    said = [] if "--dry-run" in text or not line.startswith(("channels remove", "channels rename")) else ["--yes"]
    return [*(_NAMED.get(word, _VALUES.get(word, word)) for word in shlex.split(text)), *said]


def a_folder(place: Path) -> None:
    """Settings, channels of the studio and the samples, and the examples."""
    shutil.copytree(ROOT / "channels", place / "channels")
    shutil.copytree(ROOT / "docs/examples", place / "docs/examples")
    shutil.copy(ROOT / "videod.toml", place)
    sample = (place / "channels/wild_planet.yaml").read_text()
    for name in CHANNELS:
        own = sample.replace("wild_planet", name).replace("Wild Planet", name)
        (place / f"channels/{name}.yaml").write_text(own)


def test_every_command_line_that_needs_no_outside_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a studio without Notion, each line in a folder of its own."""
    monkeypatch.setattr(client, "now_ms", lambda: NOON)
    monkeypatch.setenv("VIDEOD_BOARD_KIND", "none")
    ended = dict.fromkeys(ENDS, 0)
    for number, line in enumerate(sorted({line for _, line in typed() if only_parsed(line) is None})):
        place = tmp_path / str(number)
        words = to_run(line, tmp_path / f"{number}.tar.gz")
        if not whole(words):
            continue
        (place / "state").mkdir(parents=True)
        a_folder(place)
        a_full_studio(place / "state", 6).close()
        monkeypatch.chdir(place)
        code, told = main.run(words), capsys.readouterr()
        if code == output.USAGE and all(word.startswith("--") for word in words[1:]):
            continue  # a command or an option that a sentence names
        assert code in ENDS, (line, code, told)
        ended[code] += 1
    assert ended[output.OK] > 40 and ended[output.OK] > 3 * (ended[output.REFUSED] + ended[output.MISSING]), ended


def test_what_is_only_parsed_is_on_a_page_and_names_tests_that_are_there() -> None:
    lines = {line for _, line in typed()}
    for start, why in ONLY_PARSED.items():
        assert any(re.match(rf"{start}\b", line) for line in lines), start
        assert all((ROOT / path).exists() for path in re.findall(r"tests/[\w/]+(?:\.py)?", why)), why
