"""Journals of before: receipts, upload sessions and paid answers lay in the workspaces, where any script could write.

The first start that finds no folder of journals takes them over, so that nothing is bought or uploaded twice; after it
what lies in a workspace is no note of ours any more. They stay where they are as well, for whoever goes back.
"""

import errno
import logging
import os
import shutil
from pathlib import Path

from videod import files, receipts
from videod.daemon import refusals, renaming

log = logging.getLogger(__name__)

#: what a note is called after the name of its output, and that of a plan's answers after its stem
_NOTES = (".job.json", ".session.json", ".started")
_ANSWERS, _PLAN = ".answers.json", ".json"
#: answers hold the texts of a plan
MOST_BYTES = 64 << 20
#: there is no note there, and there was none before
_NONE = (errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.EACCES)


def take_over(workspaces: Path) -> None:
    """Raises StartError: an episode that continued without its receipts or files could buy twice."""
    renaming.require_none(workspaces.parent)
    try:
        adopt(workspaces)
    except OSError as error:
        raise refusals.of(error) from error


def adopt(workspaces: Path) -> int | None:
    """How many notes were taken over; None: there are journals already. Raises OSError."""
    place = workspaces / receipts.JOURNALS
    if place.is_dir():
        return None
    new = place.with_name(f"{place.name}.NEW")
    shutil.rmtree(new, ignore_errors=True)  # of a start that was killed
    files.make_folder(new, workspaces)
    count = 0
    for workspace in workspaces.glob("*/*"):
        if workspace.parent.name == workspace.parent.name.lower() and not workspace.is_symlink():
            count += _adopt(workspace, new / workspace.parent.name / workspace.name, workspaces)
    os.sync()
    new.rename(place)
    os.sync()
    if count:
        log.info("journals_adopt_done", extra={"notes": count})
    return count


def _adopt(workspace: Path, journals: Path, workspaces: Path) -> int:
    count = 0
    for folder, _, names in os.walk(workspace):
        for name in names:
            output = _output_of(name)
            if output is None:
                continue
            inside = Path(folder).relative_to(workspace)
            try:
                content = files.read_made(Path(folder).resolve() / name, MOST_BYTES)
            except files.Unfit:
                continue
            except OSError as error:
                if error.errno in _NONE:
                    continue
                raise
            place = receipts.journal_of(workspace, str(inside / output)).name
            files.write_made(journals / place / name, content, workspaces)
            count += 1
    return count


def _output_of(name: str) -> str | None:
    """The output that a file called so is a note about."""
    for ending in _NOTES:
        if name.endswith(ending) and name != ending:
            return name.removesuffix(ending)
    return name.removesuffix(_ANSWERS) + _PLAN if name.endswith(_ANSWERS) and name != _ANSWERS else None
