"""The documentation is part of the program: what it says of commands, scripts, settings and the unit is tested here."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lib.failures import MEANING
from tests.cli.factory import NOON, a_full_studio
from videod.cli import client, docs, main, output, status_docs
from videod.config import Settings
from videod.core.failures import Kind
from videod.core.statuses import LABELS, MOVES, Status
from videod.core.tables import STEPS
from videod.credentials import SECRET_NAMES
from videod.daemon.heartbeat import HEARTBEAT_S
from videod.daemon.lifecycle import stop_budget_s

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in PAGES}
SCRIPTS = tuple(sorted(path for path in (ROOT / "scripts").glob("*.py") if path.name != "__init__.py"))
UNIT = (ROOT / "systemd" / "videod.service").read_text()
_BLOCK = re.compile(
    r"(?:<!--|#) generated: ([a-z]+)(?: -->)?\n(.*?)\n?^(?:<!-- end -->|# end$)", re.DOTALL | re.MULTILINE
)
#: files of another kind that hold generated parts
MADE = {name: (ROOT / name).read_text() for name in ("videod.toml", "systemd/videod.service")}
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(text: str) -> str:
    """A page without its generated parts."""
    return _BLOCK.sub("", text)


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {title}"
    return found[1]


# ------------------------------------------------------------------------------------------- generated parts


@pytest.mark.parametrize("page", [*TEXTS, *MADE])
def test_generated_parts_are_what_the_code_says_today(page: str) -> None:
    renew = (
        "run: .venv/bin/videod docs update README.md docs/*.md docs/operations/*.md videod.toml systemd/videod.service"
    )
    text = (TEXTS | MADE)[page]
    for name, block in _BLOCK.findall(text):
        assert name in docs.BLOCKS, f"{page}: there is no part {name}"
        assert block == docs.BLOCKS[name](), f"{page}: {name} is old; {renew}"
    assert docs.renewed(text) == text, renew


def test_the_openapi_document_is_what_the_routes_say_today() -> None:
    renew = "run: .venv/bin/videod docs update docs/openapi.json"
    assert (ROOT / "docs" / "openapi.json").read_text() == docs.WHOLE["openapi.json"](), renew


def test_every_generated_part_is_shown_somewhere() -> None:
    shown = {name for text in (TEXTS | MADE).values() for name, _ in _BLOCK.findall(text)}
    assert shown == set(docs.BLOCKS)


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(TEXTS["README.md"].split()) <= 1_000


def test_update_puts_the_parts_into_a_file_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Mine\n\n<!-- generated: steps -->\nold\n<!-- end -->\n\nafter\n")
    assert main.run(["docs", "update", str(page)]) == 0
    assert page.read_text() == f"# Mine\n\n<!-- generated: steps -->\n{docs.steps()}\n<!-- end -->\n\nafter\n"
    page.write_text("<!-- generated: poems -->\n<!-- end -->\n")
    assert main.run(["docs", "update", str(page)]) == output.REFUSED


@pytest.mark.parametrize("name", docs.BLOCKS)
def test_videod_docs_prints_each_part(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["docs", name]) == 0
    assert capsys.readouterr().out == f"{docs.BLOCKS[name]()}\n"


def test_the_diagram_loses_no_dependency() -> None:
    """Arrows that follow from others may be left out, so what can be reached must be all that the table says."""
    arrows: dict[str, set[str]] = {}
    for start, end in re.findall(r"^    (\w+) --> (\w+)$", docs.diagram(), re.MULTILINE):
        arrows.setdefault(start, set()).add(end)

    def reached(node: str) -> set[str]:
        return arrows.get(node, set()).union(*(reached(one) for one in arrows.get(node, set())))

    for step in STEPS.values():
        assert all(step.name in reached(before) for before in step.after)
        assert step.gate is None or step.name in reached(f"gate_{step.gate.value}")


def test_the_status_diagram_has_only_moves_that_are_allowed() -> None:
    moves = re.findall(r"^    (\w+) --> (\w+)$", status_docs.moves(), re.MULTILINE)
    assert len(moves) > 30
    assert all(Status(end) in MOVES[Status(start)] for start, end in moves)
    assert all(label in status_docs.statuses() for label in LABELS.values())


# ------------------------------------------------------------------------------------------- commands


def _help(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    code = 0
    try:
        code = main.run([*words, "--help"])
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else 0
    text = capsys.readouterr().out
    assert code == 0, f"videod {' '.join(words)} --help leaves with {code}"
    return text


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_is_explained_and_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = "\n".join(map(prose, TEXTS.values()))
    ways = rf"`videod {name}\b|^(sudo )?videod {name}\b|^## videod .*\b{name}\b|/run {name}\b"
    assert re.search(ways, told, re.MULTILINE), f"no page tells of videod {name}"
    assert "Usage: videod" in _help([name], capsys)


def test_the_two_commands_of_the_readme_are_there() -> None:
    two = re.findall(r"```sh\n(\./\w+)(?: \w+)?\n```", section(TEXTS["README.md"], "Two commands"))
    assert two == ["./run", "./test"]
    for name in two:
        assert os.access(ROOT / name, os.X_OK)
    assert subprocess.run([ROOT / "run", "--version"], capture_output=True, check=True).stdout.startswith(b"videod ")


def _links() -> Iterator[tuple[str, str]]:
    for page, text in TEXTS.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" not in target:
                yield page, target


@pytest.mark.parametrize(("page", "target"), sorted(set(_links())))
def test_every_link_leads_somewhere(page: str, target: str) -> None:
    name, _, anchor = target.partition("#")
    path = (ROOT / page).parent / name if name else ROOT / page
    assert path.is_file()
    if anchor:
        slugs = {
            re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in _HEADING.findall(path.read_text())
        }
        assert anchor in slugs, f"{name} has {sorted(slugs)}"


def test_the_contents_of_operations_name_every_section_of_its_pages() -> None:
    contents = TEXTS["docs/operations.md"]
    assert len(contents.split()) <= 900, "a guide to a task belongs on a page of docs/operations/"
    for page in sorted((ROOT / "docs" / "operations").glob("*.md")):
        titles = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert titles and f"](operations/{page.name})" in contents
        assert [title for title in titles if f"- [{title}](operations/{page.name}#" not in contents] == []


def test_pictures_are_small_enough_to_load_at_once() -> None:
    assert all(path.stat().st_size < 400_000 for path in (ROOT / "docs").iterdir())


# ------------------------------------------------------------------------------------------- settings, scripts


def test_every_setting_is_in_the_file_or_on_its_page() -> None:
    file, page = (ROOT / "videod.toml").read_text(), TEXTS["docs/settings.md"]
    for name, field in Settings.model_fields.items():
        assert f"[{name}]" in file or f"[{name}." in file, name
        model = field.annotation
        assert isinstance(model, type)
        for key in model.model_fields:
            assert re.search(rf"^\[{name}\.{key}\]|^{key} =", file, re.MULTILINE) or key in page, f"{name}.{key}"


def test_every_secret_is_on_the_page_of_settings() -> None:
    assert all(f"`{name}`" in TEXTS["docs/settings.md"] for name in SECRET_NAMES)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_has_help_and_its_page_names_its_arguments(script: Path) -> None:
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^example:\n +python scripts/{script.name} ", done.stdout, re.MULTILINE)
    takes = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", done.stdout.split("example:")[0])) - {"--help", "--events"}
    told = set(re.findall(r"^\|(.+?)\|", section(TEXTS["docs/scripts.md"], script.name), re.MULTILINE))
    assert set(re.findall(r"`(--[a-z-]+)`", " ".join(told))) == takes


def test_every_script_of_the_step_table_has_its_section() -> None:
    assert {step.script for step in STEPS.values()} <= {script.name for script in SCRIPTS}
    headings = re.findall(r"^## (\w+\.py)$", TEXTS["docs/scripts.md"], re.MULTILINE)
    assert sorted(headings) == [script.name for script in SCRIPTS]


def test_the_page_of_scripts_names_every_exit_code_and_event() -> None:
    page = TEXTS["docs/scripts.md"]
    assert all(f"| {code} |" in page for code in {*(meaning.exit_code for meaning in MEANING.values()), 70})
    assert all(f"| `{name}` |" in page for name in ("progress", "submitted", "charged", "result", "failure"))
    assert all(f"`{kind.value}`" in TEXTS["docs/operations/errors.md"] for kind in Kind)


# ------------------------------------------------------------------------------------------- JSON

#: objects whose names are data: statuses, services, files of channels, what scripts report
_OPEN = {"counts", "facts", "args", "costs_usd", "spend_today_by_service_usd", "channels"}


def _names(body: object) -> Iterator[str]:
    if isinstance(body, list):
        for item in body:
            yield from _names(item)
    if isinstance(body, dict):
        for name, value in body.items():
            yield name
            if name not in _OPEN:
                yield from _names(value)


@pytest.mark.parametrize(
    "words",
    ["status", "alerts",
     "list", "show the-ant-road-15", "show nobody", "why the-ant-road-15", "costs --by episode", "audit",
     "report --month",
     "approve --all --dry-run", "approve --all", "retry the-ant-road-15", "channels list", "channels check"],
)  # fmt: skip
def test_every_name_that_json_output_uses_is_on_its_page(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)
    a_full_studio(tmp_path, 20).close()
    place = [] if words.startswith("channels") else ["--state", str(tmp_path)]
    main.run([*words.split(), "--json", *place, "--config", str(ROOT / "videod.toml")])
    out, err = capsys.readouterr()
    names = set(_names(json.loads(out or err)))
    assert names
    assert {name for name in names if f"`{name}`" not in TEXTS["docs/json.md"]} == set()


# ------------------------------------------------------------------------------------------- the unit


def _value(name: str) -> str:
    return dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line and line[0] != "#")[name]


def test_the_unit_waits_longer_than_a_stop_takes() -> None:
    assert stop_budget_s(Settings()) <= int(_value("TimeoutStopSec")) - 10


def test_the_watchdog_bears_with_a_few_slow_heartbeats() -> None:
    assert _value("Type") == "notify"
    assert int(_value("WatchdogSec")) >= 3 * HEARTBEAT_S


def test_the_unit_loads_exactly_the_secrets_that_the_daemon_reads() -> None:
    loaded = re.findall(r"^LoadCredential=(\w+):videod\.(\w+)$", UNIT, re.MULTILINE)
    assert all(name == file for name, file in loaded)
    assert sorted(name for name, _ in loaded) == sorted(
        name.lower() for name in SECRET_NAMES if name != "YOUTUBE_ACCESS_TOKEN"
    )


def test_the_unit_lets_scripts_be_started_at_a_lower_priority() -> None:
    """`os.nice` is setpriority, which the filter of @resources would refuse: no script could start."""
    filters = re.findall(r"^SystemCallFilter=(.+)$", UNIT, re.MULTILINE)
    assert filters.index("~@privileged @resources") < next(
        number for number, words in enumerate(filters) if "setpriority" in words.split()
    )
    assert "landlock_create_ruleset" in " ".join(filters)


@pytest.mark.fault("12.5", "12.10")
def test_the_unit_lends_what_the_walls_of_scripts_are_made_of() -> None:
    """A part of the control groups that may be written, seccomp(2) for libseccomp; and no namespaces for anybody."""
    assert (_value("Delegate"), _value("ProtectControlGroups")) == ("yes", "no")
    assert "seccomp" in " ".join(re.findall(r"^SystemCallFilter=(.+)$", UNIT, re.MULTILINE)).split()
    assert _value("RestrictNamespaces") == "yes"


def test_a_wrong_configuration_does_not_start_in_a_loop() -> None:
    assert int(_value("RestartPreventExitStatus")) == output.CONFIGURATION == 78
    assert _value("KillMode") == "mixed"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize(("unit", "tenths"), [("videod.service", 15), ("videod-backup.service", 5)])
def test_the_units_stay_hardened(unit: str, tenths: int) -> None:
    argv = ["systemd-analyze", "security", "--offline=true", f"--threshold={tenths}", ROOT / "systemd" / unit]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1]
