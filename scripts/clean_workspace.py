"""Remove the files of a finished episode."""

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import script_runtime
from scripts.lib.failures import Failure, Kind

TASK_ID = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
PLAN = "plan"


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "clean_workspace.py",
        "Remove the files of a finished episode from its workspace. Only a folder named"
        " .../workspaces/<channel>/<task id> that holds plan/ is touched. Running it again is harmless.",
        "python scripts/clean_workspace.py --workspace state/workspaces/wild_north/42 --keep-final",
    )
    parser.add_argument("--workspace", type=Path, required=True, help="the episode's folder")
    parser.add_argument("--keep-final", action="store_true", help="keep <task id>_final.mp4")
    return script_runtime.run(parser, clean, argv)


def clean(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    workspace = _checked(asked.workspace)
    final = workspace / f"{workspace.name}_final.mp4"
    kept = [final] if asked.keep_final and final.is_file() and not final.is_symlink() else []
    doomed = [entry for entry in workspace.iterdir() if entry not in kept] if workspace.is_dir() else []
    if doomed and not (workspace / PLAN).is_dir() and doomed != [final]:
        raise Failure(Kind.INPUT, f"{workspace} holds files but no {PLAN}/: it is not the workspace of an episode")
    # plan/ goes last: a run that was cut short finds it again and continues
    doomed.sort(key=lambda entry: (entry.name == PLAN, entry.name))
    files, freed = 0, 0
    for entry in doomed:
        count, size = _measured(entry)
        _remove(entry)
        files, freed = files + count, freed + size
    if workspace.is_dir() and not kept:
        workspace.rmdir()
    if kept:
        reporter.result(final, removed_files=files, freed_bytes=freed)
    else:
        _tell_gone(workspace, files, freed, reporter.events)


def _tell_gone(workspace: Path, files: int, freed: int, events_wanted: bool) -> None:
    """The result where no file is left to report: 0 bytes and the digest of nothing."""
    facts = {
        "type": "result", "output": str(workspace), "bytes": 0, "sha256": hashlib.sha256().hexdigest(),
        "removed_files": files, "freed_bytes": freed,
    }  # fmt: skip
    print(json.dumps(facts) if events_wanted else f"removed {workspace}: {files} files, {freed:,} bytes", flush=True)


def _checked(given: Path) -> Path:
    if given.is_symlink():
        raise Failure(Kind.INPUT, f"--workspace {given} is a link. Name the folder itself")
    workspace = given.resolve()
    if workspace.parent.parent.name != "workspaces" or not TASK_ID.match(workspace.name):
        raise Failure(Kind.INPUT, f"--workspace {workspace}: is not .../workspaces/<channel>/<task id>")
    if workspace.exists() and not workspace.is_dir():
        raise Failure(Kind.INPUT, f"--workspace {workspace} is not a folder")
    return workspace


def _measured(entry: Path) -> tuple[int, int]:
    """Files and bytes below, links counted as themselves."""
    if entry.is_symlink() or not entry.is_dir():
        return 1, entry.lstat().st_size
    inside = [path for path in entry.rglob("*") if path.is_symlink() or not path.is_dir()]
    return len(inside), sum(path.lstat().st_size for path in inside)


def _remove(entry: Path) -> None:
    if entry.is_symlink() or not entry.is_dir():
        entry.unlink(missing_ok=True)
    else:
        shutil.rmtree(entry)


if __name__ == "__main__":
    sys.exit(main())
