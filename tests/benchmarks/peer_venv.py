"""The peers' own virtual environment, made on demand under the temporary folder; never part of the project's."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PINS = {
    "huey": "3.5.4", "persist-queue": "1.1.0", "litequeue": "0.9", "dbos": "3.4.0", "procrastinate": "3.10.0",
    "pgqueuer": "1.6.0", "asyncpg": "0.32.0", "psycopg[binary,pool]": "3.3.9",
}  # fmt: skip
FOLDER = Path(os.environ.get("VIDEOD_BENCHMARKS", Path(tempfile.gettempdir()) / "videod-benchmarks"))


def python() -> Path:
    """The environment's interpreter; the environment is made with it where it is not there."""
    interpreter = FOLDER / "peers" / "bin" / "python"
    if not interpreter.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER / "peers")], check=True)
    return interpreter


def install() -> dict[str, str]:
    """Install the pinned peers, each on its own, so that one that fails hides no other; returns peer -> why not."""
    interpreter, stamp = python(), FOLDER / "peers" / "installed"
    have = set(stamp.read_text().split("\n")) if stamp.exists() else set()
    missing = {}
    for name, version in PINS.items():
        pin = f"{name}=={version}"
        if pin in have:
            continue
        done = subprocess.run(
            [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pin],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            have.add(pin)
        else:
            missing[name] = (done.stderr.strip().splitlines() or ["pip failed"])[-1][:200]
    stamp.write_text("\n".join(sorted(have)))
    return missing
