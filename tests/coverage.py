"""How much of each room the tests run: `./test --coverage [PYTEST ARGS]`. Fails below BOUNDS.

Lines, not branches. Child processes count too: each of them starts measuring automatically. The live tests are left
out: their daemons are killed, as is part of the point, and a killed process leaves no figures.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]
ALL = "all"
#: room -> the least share of its lines that tests run
BOUNDS: Mapping[str, float] = {"core": 0.90, "store": 0.90, "ledger": 0.90, "flow": 0.90, ALL: 0.80}


def room(file: Path) -> str:
    """`videod/core/plan.py` -> core, `videod/ledger.py` -> ledger, `scripts/lib/http.py` -> scripts."""
    parts = file.relative_to(ROOT).parts
    return parts[1].removesuffix(".py") if parts[0] == "videod" else parts[0]


def measure(folder: Path, words: list[str]) -> int:
    """Run pytest with every process writing its figures to `folder`; its exit code."""
    env = os.environ | {
        "COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), "COVERAGE_FILE": str(folder / "data"),
    }  # fmt: skip
    workers = os.environ.get("VIDEOD_TEST_WORKERS", "3")
    pytest = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadfile", "-m", "not live"]
    return subprocess.run([*pytest, *words], cwd=ROOT, env=env, check=False).returncode


def shares(folder: Path) -> dict[str, tuple[int, int]]:
    """Room -> (lines, lines that ran)."""
    found = Coverage(data_file=str(folder / "data"), config_file=str(ROOT / "pyproject.toml"))
    found.combine(strict=True)
    lines: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for file in [*ROOT.glob("videod/**/*.py"), *ROOT.glob("scripts/**/*.py")]:
        _, statements, _, missing, _ = found.analysis2(str(file))
        for name in (room(file), ALL):
            lines[name] += len(statements)
            missed[name] += len(missing)
    return {
        name: (lines[name], lines[name] - missed[name]) for name in sorted(lines, key=lambda one: (one == ALL, one))
    }


def report(found: Mapping[str, tuple[int, int]]) -> list[str]:
    """Print the table; rooms below their bound."""
    below = []
    for name, (lines, ran) in found.items():
        share, bound = ran / max(1, lines), BOUNDS.get(name)
        low = bound is not None and share < bound
        below += [name] if low else []
        wanted = "" if bound is None else f"  at least {bound:.0%}{': TOO LOW' if low else ''}"
        print(f"{name:12} {lines:6} lines  {share:7.1%}{wanted}")
    return below


def main(words: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="videod-coverage-") as folder:
        code = measure(Path(folder), words)
        below = report(shares(Path(folder)))
    if below:
        print(f"too little is run by tests in: {', '.join(below)}", file=sys.stderr)
    return code or int(bool(below))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
