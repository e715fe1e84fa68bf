"""`videod takes | put`: which files were made for a job, and other files in their place.

JSON of `takes`: {"task", "job", "takes": [{"number", "at", "file", "bytes", "sha256", "own", "in_use", "there"}]}.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from videod import files
from videod.cli import client, options, output
from videod.cli.actions import DryRun, Request, Yes, tasks_named, weighed
from videod.cli.client import Place
from videod.cli.options import AsJson, Config, Episode, StateFolder, examples
from videod.cli.output import Cell, Column, CommandError
from videod.cli.show import size_of
from videod.core import outlook
from videod.core.model import Job, Task
from videod.dashboard.text import clock
from videod.flow.placing import INCOMING, SUFFIXES
from videod.guard.errors import Refused
from videod.store import reads
from videod.store.takes import Take
from videod.store.takes import takes as takes_of
from videod.web.corrections import one_of
from videod.web.serializers import moment

app = options.app()

JobName = Annotated[
    str, typer.Argument(metavar="JOB", help="A job, such as `clip/clip_07`, or `assemble` for the film.")
]
_USED = (Column("take"), Column("made"), Column("size", 2), Column("", 0), Column("file", 3, 12))


@app.command(epilog=examples("videod takes grizzly clip/clip_07", "videod takes grizzly clip/clip_07 --use 1"))
def takes(
    episode: Episode,
    job: JobName,
    use: Annotated[
        int | None, typer.Option(metavar="TAKE", min=1, help="Use this take, at no cost of its own.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """List the files that were made for a job, or use an older one."""
    where = client.place(state, config)
    (task,) = tasks_named(where, [episode])
    if use is not None:
        body: dict[str, object] = {"job": job, "number": use}
        return weighed(where, as_json, [Request("take", task.id, body, task.title)], dry_run, yes)
    with client.looking(where) as connection:
        at, jobs = client.now_ms(), reads.jobs(connection, task.id)
        one = _job(jobs, job)
        found = takes_of(connection, task.id, one.name)
    rows = [_row(where, task, one, take) for take in found]
    if as_json:
        output.print_json({"task": task.id, "job": one.name, "takes": rows})
        return output.OK
    if not rows:
        output.say(f"{one.name} was not made yet.")
        return output.OK
    lines: list[list[str | Cell]] = [
        [str(take.number), clock(take.at, at), size_of(take.bytes), _remark(row), take.output]
        for take, row in zip(found, rows, strict=True)
    ]
    output.table(_USED, lines)
    if len(rows) > 1:
        output.say(f"`videod takes {task.id} {one.name} --use TAKE` uses another one.", "dim")
    return output.OK


def _job(jobs: tuple[Job, ...], name: str) -> Job:
    try:
        chosen = one_of(name, tuple(job.name for job in jobs if job.step in outlook.PUT), "has takes")
    except Refused as error:
        raise CommandError(output.USAGE, str(error), error.hint) from error
    return next(job for job in jobs if job.name == chosen)


def _row(where: Place, task: Task, job: Job, take: Take) -> dict[str, object]:
    path = where.workspace(task) / take.output
    used = (take.output, take.sha256) == (job.output, job.sha256)
    return {
        "number": take.number, "at": moment(take.at), "file": str(path), "bytes": take.bytes, "sha256": take.sha256,
        "own": take.own, "in_use": used, "there": files.exists(path),
    }  # fmt: skip


def _remark(row: dict[str, object]) -> str:
    said = ["in use"] if row["in_use"] else []
    said += ["yours"] if row["own"] else []
    said += [] if row["there"] else ["gone"]
    return ", ".join(said)


@app.command(
    epilog=examples("videod put grizzly clip/clip_07 river.mp4", "videod put grizzly assemble film.mp4 --dry-run")
)
def put(
    episode: Episode,
    job: JobName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture, clip, sound or film of your own.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Use a file of your own in place of one that was made."""
    where = client.place(state, config)
    (task,) = tasks_named(where, [episode])
    suffix = file.suffix.lower()
    if not any(suffix in allowed for allowed in SUFFIXES.values()):
        known = ", ".join(one for allowed in SUFFIXES.values() for one in allowed)
        raise CommandError(output.USAGE, f"{file}: videod takes no {suffix or 'such'} file", f"give one of: {known}")
    with _handed(where, file, suffix) as name:
        return weighed(where, as_json, [Request("put", task.id, {"job": job, "file": name}, task.title)], dry_run, yes)


@contextmanager
def _handed(where: Place, file: Path, suffix: str) -> Iterator[str]:
    """The name under which a copy of the file waits in `incoming/`; what is not taken goes again."""
    folder = where.state / INCOMING
    name = f"{secrets.token_hex(16)}{suffix}"
    owner = where.state.stat()
    try:
        files.private_folder(folder)
        with files.open_plain(file, follow=True) as source, (folder / name).open("xb") as copy:
            os.fchmod(copy.fileno(), stat.S_IRUSR | stat.S_IWUSR)
            shutil.copyfileobj(source, copy, 1 << 20)
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.chown(folder, owner.st_uid, owner.st_gid)
            os.chown(folder / name, owner.st_uid, owner.st_gid)
    except OSError as error:
        (folder / name).unlink(missing_ok=True)
        raise CommandError(output.MISSING, f"{file} cannot be read: {files.reason(error)}", "check its path") from error
    try:
        yield name
    finally:
        (folder / name).unlink(missing_ok=True)
