"""`videod backup` and `videod restore`: copies of the database, archives to move with, and the way back.

A restored database knows less than the world: since it was copied, files may have been bought and films published. So
every open episode that could pay for something again is paused with that sum until you decide, and what the board
shows of it is said. Uploads look for their own marker on the channel first, whatever the database says.
"""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import client, options, output
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Cell, Column, CommandError
from videod.core.model import Job, Task
from videod.core.statuses import LABELS, JobState
from videod.core.tables import STEPS
from videod.dashboard.text import count, money
from videod.store import archives, copies, reads
from videod.web import serializers

if TYPE_CHECKING:
    from videod.cli.archive import Manifest

app = options.app()

#: sysexits: the copy could not be written
UNWRITABLE = 74


@app.command(epilog=examples("videod backup", "videod backup --into /mnt/backup --keep 48", "videod backup --archive"
                             " videod.tar.gz --files"))  # fmt: skip
def backup(
    archive: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write an archive to move with: database, consents, settings, receipts."),
    ] = None,
    media: Annotated[
        bool, typer.Option("--files", help="Also put the files of open episodes into the archive.")
    ] = False,
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for copies. Default: backups in the state folder.")
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="How many copies to keep.")] = 48,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Copy the database while it is in use, or write an archive to move with."""
    where = client.place(state, config)
    if not where.database.is_file():
        raise CommandError(
            output.MISSING, f"there is no database {where.database}", "name the state folder with --state"
        )
    if archive is None:
        if media:
            raise CommandError(output.USAGE, "--files belongs to --archive FILE", "add it, or leave --files out")
        return _copy(where, into or where.state / "backups", keep, as_json)
    return _archive(where, archive, media, as_json)


def _copy(where: client.Place, folder: Path, keep: int, as_json: bool) -> int:
    try:
        made = copies.timed(where.database, folder, client.now_ms(), keep)
    except (sqlite3.Error, OSError) as error:
        raise CommandError(UNWRITABLE, f"no backup of {where.database} in {folder}: {error}", "") from error
    size = made.stat().st_size
    if as_json:
        output.print_json({"file": str(made), "bytes": size})
    else:
        output.say(f"{made} ({size:,} bytes)")
    return output.OK


def _archive(where: client.Place, target: Path, media: bool, as_json: bool) -> int:
    from videod.cli import archive

    if target.exists():
        raise CommandError(output.REFUSED, f"{target} exists already", "name another file, or remove it first")
    with client.looking(where) as connection:
        episodes = reads.open_tasks(connection)
    settings = [where.settings, *sorted(_channels_of(where).glob("*.yaml"))] if where.settings.is_file() else []
    try:
        made = archive.write(
            target.absolute(),
            where.state.absolute(),
            settings,
            episodes,
            serializers.when(client.now_ms()) or "",
            media,
        )
    except archive.ArchiveError as error:
        raise CommandError(UNWRITABLE, str(error), "nothing was changed") from error
    size = target.stat().st_size
    if as_json:
        output.print_json({"file": str(target), "bytes": size, "files": len(made.files), "with_files": media})
        return output.OK
    output.say(
        f"{target}: {count(len(made.files), 'file')}, {size / 1e6:.1f} MB, {count(len(episodes), 'open episode')}."
    )
    output.say("Your keys are not in it. Keep VIDEOD_MASTER_KEY elsewhere: it decrypts the consents.", "dim")
    if not media and episodes:
        output.say("Without --files, videod must buy the media of open episodes again on the new host.", "dim")
    return output.OK


def _channels_of(where: client.Place) -> Path:
    from videod.config import ConfigError, load_settings

    try:
        return load_settings(where.settings, os.environ).paths.channels
    except ConfigError:
        return where.settings.absolute().parent / "channels"


# ------------------------------------------------------------------------------------------- the way back


@dataclass(frozen=True)
class Stake:
    """What an open episode could pay for again: files that are gone, and jobs that the copy knows as unfinished."""

    task: Task
    lost: tuple[Job, ...]
    open: tuple[Job, ...]
    board: str

    @property
    def micros(self) -> int:
        return sum(job.price_micros for job in (*self.lost, *self.open))

    @property
    def reason(self) -> str:
        """Why it is paused, in the words of the board."""
        parts = []
        if self.lost:
            parts.append(f"{count(len(self.lost), 'paid file')} not in the backup")
        if self.open:
            parts.append(f"{count(len(self.open), 'paid job')} that may have run since")
        said = f". The board showed {self.board}" if self.board else ""
        return f"restored from a backup: {' and '.join(parts)}, up to {money(self.micros)} to buy again{said}"


@app.command(epilog=examples("videod restore videod.tar.gz --dry-run", "videod restore videod.tar.gz"))
def restore(
    source: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="An archive, or a copy of the database.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen and what it would cost.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the board what it shows.")] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Set up the state folder again from a backup.

    Nothing is bought before you resume an episode. Settings that are there already stay, and a database that is there
    is kept beside the new one.
    """
    where = client.place(state, config)
    from videod.daemon.lock import LockHeld, hold

    with tempfile.TemporaryDirectory(prefix="videod-restore-", dir=_roomy(where.state)) as folder:
        made = _unpacked(source, Path(folder))
        if dry_run:
            stakes = _stakes(Path(folder), Path(folder), where, offline)
            return _report(stakes, made, as_json, "Nothing was changed.")
        where.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with hold(where.state, "videod restore"):
                told = _put_in_place(Path(folder), where)
                stakes = _stakes(Path(folder), where.state, where, offline)
                _pause(client.Place(Path(folder), where.settings), stakes)
                told = [*_place_database(Path(folder), where), *told]
        except LockHeld as error:
            raise CommandError(output.TEMPORARY, str(error).rstrip("."), "stop videod, then restore") from error
        except OSError as error:
            raise CommandError(UNWRITABLE, f"{error.filename or where.state}: {error.strerror}", "") from error
    if not as_json:
        for line in told:
            output.say(line)
    return _report(
        stakes, made, as_json, "Start videod to continue." if stakes else "Start videod. Nothing waits for you."
    )


def _roomy(state: Path) -> Path:
    """The nearest folder that is there: what is unpacked is renamed into place, never copied."""
    return next(one for one in (state, *state.absolute().parents) if one.is_dir())


def _unpacked(source: Path, folder: Path) -> "Manifest":
    """The archive's content, or a bare copy of the database, in `folder`."""
    from videod.cli import archive

    if not source.is_file():
        raise CommandError(output.MISSING, f"there is no file {source}", "name an archive or a copy of the database")
    with source.open("rb") as start:
        bare = start.read(16) == b"SQLite format 3\0"
    try:
        if not bare:
            return archive.unpack(source, folder)
        copies.copy(source.absolute(), folder / archive.DATABASE)
        copies.archive(source.absolute().with_name(archives.FOLDER), folder / archives.FOLDER)
        made = serializers.when(source.stat().st_mtime_ns // 1_000_000) or ""
        return archive.Manifest(made, "", False, {archive.DATABASE: (source.stat().st_size, "")})
    except (archive.ArchiveError, sqlite3.Error, OSError) as error:
        raise CommandError(output.REFUSED, str(error), "nothing was changed") from error


def _put_in_place(folder: Path, where: client.Place) -> list[str]:
    """Move what was unpacked beside the database into its place. Returns what to say."""
    from videod.daemon import journals

    told = []
    for workspaces in (where.state / "workspaces", folder / "workspaces"):
        if workspaces.is_dir():  # of before, with receipts beside the files: one that has journals is not looked at
            journals.adopt(workspaces)
    _give_way(folder / archives.FOLDER, where.state / archives.FOLDER)
    for name in ("tokens", "workspaces", archives.FOLDER):
        _merge(folder / name, where.state / name)
    settings = folder / "settings"
    if settings.is_dir() and not where.settings.exists():
        where.settings.absolute().parent.mkdir(parents=True, exist_ok=True)
        _merge(settings, where.settings.absolute().parent)
        told.append(f"Settings and channel files were written beside {where.settings}.")
    elif settings.is_dir():
        told.append(f"{where.settings} exists already and was not changed.")
    return told


def _place_database(folder: Path, where: client.Place) -> list[str]:
    """The database comes last, with every pause in it: a start that finds it there buys nothing unasked."""
    told = []
    names = [f"videod.db{end}" for end in ("", "-wal", "-shm")]
    present = [where.state / name for name in names if (where.state / name).exists()]
    if present:
        aside = next(one for n in range(1, 10_000) if not (one := where.state / f"before-restore-{n}").exists())
        aside.mkdir(mode=0o700)
        for path in present:
            path.rename(aside / path.name)
        told.append(f"The old database is kept in {aside}.")
    for name in reversed(names):
        if (folder / name).exists():
            (folder / name).rename(where.state / name)
    return told


def _give_way(source: Path, target: Path) -> None:
    """A file of another archive that has the name of one that the database points to gets another name."""
    for path in source.iterdir() if source.is_dir() else ():
        place = target / path.name
        if os.path.lexists(place) and (place.is_symlink() or place.read_bytes() != path.read_bytes()):
            place.rename(place.with_name(f"{place.name}.before-restore"))


def _merge(source: Path, target: Path) -> None:
    """Move every file to its place below `target` unless one is there: what is here is newer than any backup."""
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        elif not os.path.lexists(place):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(path, place)


def _stakes(folder: Path, state: Path, where: client.Place, offline: bool) -> list[Stake]:
    """The open episodes of the database in `folder` that could pay again, with what the board shows of each.

    `state` has the files.
    """
    with closing(sqlite3.connect(f"file:{folder / 'videod.db'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        known = [(task, reads.jobs(connection, task.id)) for task in reads.open_tasks(connection)]
    found = []
    for task, jobs in known:
        workspace = state / "workspaces" / task.channel_id / task.id
        paid = [job for job in jobs if job.price_micros > 0 and job.step != "upload"]
        lost = tuple(job for job in paid if job.state is JobState.DONE and not _there(workspace, job, task))
        unfinished = tuple(job for job in paid if job.state not in (JobState.DONE, JobState.SKIPPED))
        if lost or (unfinished and task.started_at is not None):
            found.append(Stake(task, lost, unfinished, ""))
    shown = {} if offline or not found else _shown(where, [one.task for one in found])
    return [Stake(one.task, one.lost, one.open, shown.get(one.task.id, "")) for one in found]


def _there(workspace: Path, job: Job, task: Task) -> bool:
    return (workspace / STEPS[job.step].output(job, task)).is_file()


def _shown(where: client.Place, tasks: Sequence[Task]) -> Mapping[str, str]:
    """What the board shows now, by episode; nothing where it cannot be asked."""
    from videod.cli import board

    try:
        return board.statuses(where.settings, tasks)
    except CommandError:
        return {}


def _pause(where: client.Place, stakes: Sequence[Stake]) -> None:
    from videod.cli import desk

    with desk.desk(where) as handler:
        for one in stakes:
            asyncio.run(handler.pause_task(one.task.id, one.reason))


def _report(stakes: Sequence[Stake], made: "Manifest", as_json: bool, last: str) -> int:
    total = sum(one.micros for one in stakes)
    if as_json:
        rows = [
            {"task": one.task.id, "title": one.task.title, "status": one.task.status.value, "board": one.board or None,
             "files_lost": [job.name for job in one.lost], "unfinished": [job.name for job in one.open],
             "usd": serializers.usd(one.micros)}
            for one in stakes
        ]  # fmt: skip
        output.print_json({"made_at": made.made_at, "paused": rows, "usd": serializers.usd(total)})
        return output.OK
    output.say(f"Backup of {made.made_at}.")
    if stakes:
        output.say("")
        output.heading(f"Paused until you decide ({len(stakes)})")
        head = (
            Column("episode"), Column("title", least=14), Column("status then", 1), Column("the board shows"),
            Column("files lost", 2), Column("unfinished", 3), Column("to buy again"),
        )  # fmt: skip
        output.table(head, [_row(one) for one in stakes], indent="  ")
        output.say(
            f"  Up to {money(total)} in all. `videod resume EPISODE` buys what is missing. If its film is on YouTube"
            " already, `videod cancel EPISODE`.", "dim",
        )  # fmt: skip
    output.say(last)
    return output.OK


def _row(one: Stake) -> list[str | Cell]:
    lost, unfinished = str(len(one.lost) or ""), str(len(one.open) or "")
    title = Cell(one.task.title, "bold")
    return [one.task.id, title, LABELS[one.task.status], one.board, lost, unfinished, money(one.micros)]
