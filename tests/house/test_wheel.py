"""What is installed: by `./run`, only what videod imports; by the wheel, one package that works in an empty folder."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from email.parser import Parser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("undisturbed")

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
#: dependencies that no code names: why they are there
UNNAMED = {
    "google-auth-oauthlib": "the owner asked for it beside google-api-python-client",
    "tzdata": "zoneinfo reads it where the system has no time zones",
}
#: imported where somebody asks for it, with a sentence where it is missing; comes with the tools of ./test
ONLY_FOR_S3 = {"moto", "werkzeug"}
#: the extra `timeline`, likewise
ONLY_FOR_EDITORS = {"opentimelineio"}
#: the extra `cluster`, likewise
ONLY_FOR_CLUSTERS = {"dask", "distributed"}


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower().replace("_", "-") for text in requirements}


def _imported() -> set[str]:
    """Top-level names that videod and its scripts import, wherever in a file."""
    found = set()
    for room in ("videod", "scripts"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {name.name.partition(".")[0] for name in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"videod", "scripts"}


def _distributions() -> set[str]:
    homes = packages_distributions()
    return {
        home.lower().replace("_", "-")
        for name in _imported() - ONLY_FOR_S3 - ONLY_FOR_EDITORS - ONLY_FOR_CLUSTERS
        for home in homes[name]
    }


def test_every_dependency_is_imported_by_videod_or_its_scripts_or_has_a_reason() -> None:
    assert _names(PROJECT["project"]["dependencies"]) - _distributions() == set(UNNAMED)


def test_everything_that_videod_imports_is_a_dependency() -> None:
    # pydantic_core comes with pydantic and is nobody's to choose
    assert _distributions() - _names(PROJECT["project"]["dependencies"]) == {"pydantic-core"}


def test_run_installs_no_tool_of_the_tests() -> None:
    assert set(PROJECT["project"]["optional-dependencies"]) == {"voice", "timeline", "cluster"}
    setup = (ROOT / ".ci" / "ensure-env.sh").read_text()
    assert "GROUPS_ARG=--no-dev" in setup and set(re.findall(r"--extra (\w+)", setup)) == {"voice"}


def test_only_the_demo_installs_a_neural_voice(tmp_path: Path) -> None:
    setup = (ROOT / ".ci" / "ensure-env.sh").read_text()
    chosen = setup[setup.index('[ "$KIND ${1:-}"') : setup.index("STAMP=")]
    for kind, word, extra in (
        ("run", "demo", "--extra voice"),
        ("run", "status", ""),
        ("run", "", ""),
        ("dev", "", ""),
    ):
        asks = f'set -eu\nKIND={kind}\n{chosen}\nprintf %s "$EXTRA"'
        said = subprocess.run(["sh", "-c", asks, "sh", *([word] if word else [])], capture_output=True, check=True)
        assert said.stdout.decode() == extra


# ---------------------------------------------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="this environment is older than uv.lock: ./test brings it up to date")
    folder = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip would lay it down."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(site: Path, cwd: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Python with the unpacked wheel and the libraries; with -S it reads no .pth, which would lead to the checkout."""
    named = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")}
    env = named | {"PYTHONPATH": f"{site}:{sysconfig.get_path('purelib')}", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = (sys.executable, "-S", *argv)
    return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_the_wheel_brings_one_package_and_one_extra(site: Path) -> None:
    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} == {"videod"}
    (info,) = site.glob("*.dist-info")
    told = Parser().parsestr((info / "METADATA").read_text())
    assert sorted(told.get_all("Provides-Extra") or []) == ["cluster", "timeline", "voice"]
    asked = [one for one in told.get_all("Requires-Dist") or [] if "extra ==" not in one]
    assert _names(asked) == _names(PROJECT["project"]["dependencies"])


def test_the_wheel_holds_every_file_of_the_package_the_scripts_and_the_samples(site: Path) -> None:
    packaged = site / "videod" / "_packaged"
    homes = {
        "videod": site / "videod", "channels": packaged / "channels", "scripts/lib": packaged / "scripts/scripts/lib",
        "scripts": packaged / "scripts",
    }  # fmt: skip
    for room, home in homes.items():
        for path in (ROOT / room).rglob("*"):
            inner = path.relative_to(ROOT / room)
            lib = room == "scripts" and (inner.parts[0] == "lib" or inner.name == "__init__.py")
            if path.is_file() and path.suffix not in (".pyc", ".part") and not lib:
                assert (home / inner).read_bytes() == path.read_bytes(), inner
    assert (packaged / "videod.toml").read_bytes() == (ROOT / "videod.toml").read_bytes()
    assert not (packaged / "scripts" / "lib").exists()


#: one Python shows the help of every script in the folder that it is given, as each would be run alone
HELPS = """
import os, runpy, sys
folder = sys.argv[1]
for name in sys.argv[2:]:
    sys.path[0], sys.argv = folder, [name, "--help"]
    try:
        runpy.run_path(os.path.join(folder, name), run_name="__main__")
    except SystemExit as end:
        print(f"ended {name} {end.code}")
"""


def test_each_script_of_the_wheel_finds_its_modules(site: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in (ROOT / "scripts").glob("[!_]*.py"))
    (tmp_path / "helps.py").write_text(HELPS)
    done = run(site, tmp_path, str(tmp_path / "helps.py"), str(site / "videod" / "_packaged" / "scripts"), *names)
    assert done.returncode == 0, done.stderr
    for name in names:
        assert f"usage: {name}" in done.stdout and f"ended {name} 0" in done.stdout, done.stderr


def test_the_scripts_of_the_wheel_are_not_importable_from_outside(site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path, "-c", "import videod, scripts")
    assert "No module named 'scripts'" in done.stderr


ASKED = "from pathlib import Path; from videod.config import *; print(load_settings(Path('videod.toml')).paths.scripts)"


@pytest.mark.parametrize("text", ["", '[paths]\nscripts = "scripts"\n'])
def test_an_installed_videod_takes_the_scripts_of_its_package(site: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "videod.toml").write_text(text)
    assert run(site, tmp_path, "-c", ASKED).stdout.strip() == str(site / "videod" / "_packaged" / "scripts")


@pytest.mark.parametrize("name", ["scripts", "mine"])
def test_scripts_beside_the_settings_and_named_ones_go_first(site: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "videod.toml").write_text(f'[paths]\nscripts = "{name}"\n')
    if name == "scripts":
        (tmp_path / name).mkdir()
    assert run(site, tmp_path, "-c", ASKED).stdout.strip() == str(tmp_path / name)


@pytest.mark.parametrize("argv", [("run",), ("run", "--sandbox")])
def test_an_installed_daemon_in_an_empty_folder_says_where_settings_to_copy_lie(
    site: Path, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    done = run(site, tmp_path, "-m", "videod", *argv)
    example = site / "videod" / "_packaged" / "videod.toml"
    assert done.returncode == 78 and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Start videod in the folder of videod.toml or name the file" in done.stderr
    assert f"there is one to copy: {example}" in done.stderr
    assert not list(tmp_path.iterdir())
