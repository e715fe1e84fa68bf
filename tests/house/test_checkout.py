"""`./run` and `./test` from wherever they are called, under any path and locale, with a simulated service for `uv`."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.harness.patience import run

ROOT = Path(__file__).parents[2]
#: what the simulated service for uv does not install
LIBRARIES = sysconfig.get_path("purelib")
#: makes an environment as uv does: an absolute .pth, programs that name their Python by its whole path
UV = f"""#!/bin/sh
set -eu
"{sys.executable}" -m venv --without-pip "$UV_PROJECT_ENVIRONMENT"
for packages in "$UV_PROJECT_ENVIRONMENT"/lib/python3*/site-packages; do
  printf '%s' "$(dirname -- "$UV_PROJECT_ENVIRONMENT")" > "$packages/_videod.pth"
done
for name in videod pytest; do
  printf '#!/bin/sh\\nexec "$(dirname -- "$0")/python" -m videod "$@"\\n' > "$UV_PROJECT_ENVIRONMENT/bin/$name"
  chmod +x "$UV_PROJECT_ENVIRONMENT/bin/$name"
done
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    place = tmp_path / "vidéod tést 北 (1)" / "a 'copy'"
    (place / ".ci").mkdir(parents=True)
    for name in ("run", "test", "uv.lock", "pyproject.toml", ".ci/ensure-env.sh"):
        (place / name).write_bytes((ROOT / name).read_bytes())
        (place / name).chmod(0o755)
    (place / "videod").symlink_to(ROOT / "videod")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "uv").write_text(UV)
    (tools / "uv").chmod(0o755)
    return place


def said(program: Path | str, checkout: Path, **env: str) -> tuple[int, str, str]:
    """Exit code and output of a program with `--version`, called from the folder above the checkout."""
    tools = checkout.parents[1] / "bin"
    named = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    asked = named | {"PATH": f"{tools}:/usr/bin:/bin", "PYTHON": sys.executable, "PYTHONPATH": LIBRARIES} | env
    done = run([program, "--version"], cwd=checkout.parents[1], env=asked)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.fault("8.8")
@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "C.UTF-8"}, {},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)  # fmt: skip
def test_a_checkout_under_any_path_works_in_any_locale(checkout: Path, env: dict[str, str]) -> None:
    for name in ("run", "test"):
        code, out, err = said(checkout / name, checkout, **env)
        assert (code, out.startswith("videod "), "Traceback" in err) == (0, True, False), err


@pytest.mark.fault("8.8")
def test_run_works_through_links_to_itself_and_from_path(checkout: Path) -> None:
    bins = checkout.parents[1] / "bin"
    (bins / "videod").symlink_to(checkout / "run")
    (bins / "again").symlink_to("videod")
    (bins / "folder").symlink_to(checkout)
    answers = [said(program, checkout) for program in (bins / "videod", bins / "again", bins / "folder" / "run")]
    for code, out, err in (*answers, _from_path("again", checkout)):
        assert (code, out.startswith("videod ")) == (0, True), err


def _from_path(name: str, checkout: Path) -> tuple[int, str, str]:
    tools = checkout.parents[1] / "bin"
    env = {"PATH": f"{tools}:/usr/bin:/bin", "PYTHON": sys.executable, "PYTHONPATH": LIBRARIES}
    done = run(["/bin/sh", "-c", f"{name} --version"], env=env)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.fault("8.8")
def test_the_path_of_the_checkout_is_in_no_file_that_python_reads_at_startup(checkout: Path) -> None:
    assert said(checkout / "run", checkout)[0] == 0
    (pth,) = (checkout / ".venv").glob("lib/python3*/site-packages/_videod.pth")
    assert pth.read_bytes() == b"../../../..\n"
    assert (pth.parent / pth.read_text().strip()).resolve() == checkout.resolve()
