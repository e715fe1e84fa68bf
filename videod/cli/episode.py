"""`videod open`, `videod logs` and `videod export`: one episode's film, its log lines, everything of it in a folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from videod.cli import client, options, output
from videod.cli.options import AsJson, Config, Episode, OneEpisode, StateFolder, examples
from videod.cli.output import CommandError
from videod.core import bounds, links
from videod.core.model import Job, Task
from videod.core.sanitize import sanitize_screen
from videod.core.statuses import JobState
from videod.dashboard.text import count
from videod.store import in_full
from videod.web import details

app = options.app()

#: sysexits: a file could not be written
_UNWRITABLE = 74


class What(StrEnum):
    """What of an episode is opened."""

    FILM = "film"
    PAGE = "page"
    FOLDER = "folder"
    BOARD = "board"
    YOUTUBE = "youtube"


@app.command(name="open", epilog=examples("videod open", "videod open grizzly page", "videod open grizzly folder"
                                           " --print"))  # fmt: skip
def open_(
    episode: OneEpisode = None,
    what: Annotated[What | None, typer.Argument(metavar="[WHAT]", help="Default: the film, else the folder.")] = None,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the path or address instead of opening it.")
    ] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Open the page in your browser, or an episode's film, folder or address.

    Without an episode this is the page of all of them: a link that works once, within ten minutes.
    """
    where = client.place(state, config)
    if episode is None or what is What.PAGE:
        return _page(where, episode, only_print, as_json)
    with client.looking(where) as connection:
        seen = in_full.detail(connection, client.one_task(connection, episode), client.now_ms())
    place = _place(seen.task, seen.jobs, where.workspace(seen.task), what)
    if as_json:
        output.print_json({"task": seen.task.id, "place": place})
        return output.OK
    print(sanitize_screen(place))
    if not only_print:
        show_place(place)
    return output.OK


def place_of(where: client.Place, name: str) -> str:
    """The path of an episode's film, else its folder. Raises CommandError."""
    with client.looking(where) as connection:
        seen = in_full.detail(connection, client.one_task(connection, name), client.now_ms())
    return _place(seen.task, seen.jobs, where.workspace(seen.task), None)


def _page(where: client.Place, episode: str | None, only_print: bool, as_json: bool) -> int:
    """Open the page, that of an episode where one is named."""
    from videod.cli.web import link
    from videod.web.sessions import OWNER_NAME, Role

    task = None
    if episode is not None:
        with client.looking(where) as connection:
            task = client.one_task(connection, episode)
    address, _, secret = link(where, OWNER_NAME, Role.OWNER).partition("#")
    place = f"{address}{'' if task is None else f'?to=/episodes/{task.id}'}#{secret}"
    if as_json:
        output.print_json({"task": None if task is None else task.id, "place": place})
        return output.OK
    print(sanitize_screen(place))
    if not only_print:
        show_place(place)
    return output.OK


def _place(task: Task, jobs: Iterable[Job], workspace: Path, what: What | None) -> str:
    """The path or address. Raises CommandError where the episode has none yet."""
    film = next((workspace / job.output for job in jobs if job.step == "assemble" and job.output), None)
    has_film = film is not None and film.is_file()
    if what in (What.FILM, None) and film is not None and has_film:
        return str(film)
    if what is What.BOARD and (page := links.of_entry(task.page_id)):
        return page
    if what is What.BOARD:
        told = f"{task.title} has no page in Notion: the board is videod's own"
        raise CommandError(output.MISSING, told, f"`videod show {task.id}` shows the episode")
    if what is What.YOUTUBE and task.youtube_url:
        return task.youtube_url
    if what in (What.FOLDER, None) and workspace.is_dir():
        return str(workspace)
    told = {What.FILM: "has no film yet", What.YOUTUBE: "is not on YouTube yet"}.get(
        what or What.FOLDER, "has no folder"
    )
    raise CommandError(output.MISSING, f"{task.title} {told}", f"`videod why {task.id}` says what it waits for")


def show_place(place: str) -> None:
    """Hand it to the desktop, where there is one; its address was printed anyway."""
    opener = shutil.which("xdg-open") or shutil.which("wslview")
    if opener is None or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "wsl" in opener):
        return
    subprocess.Popen(
        [opener, place], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------- logs


@app.command(
    epilog=examples("videod logs grizzly", "videod logs grizzly --file state/demo-1/daemon.log --level warning")
)
def logs(
    episode: Episode,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A log that you kept. Default: the journal of the unit.")
    ] = None,
    unit: Annotated[str, typer.Option(metavar="UNIT", help="The systemd unit.")] = "videod",
    level: Annotated[
        str, typer.Option(metavar="LEVEL", help="The lowest level to show: debug, info, warning or error.")
    ] = "info",
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Show the log lines of one episode, oldest first."""
    least = _LEVELS.get(level.lower())
    if least is None:
        raise CommandError(output.USAGE, f"there is no level {level!r}", f"levels: {', '.join(_LEVELS)}")
    with client.looking(client.place(state, config)) as connection:
        task = client.one_task(connection, episode)
    shown = 0
    for line in _lines(file, unit):
        if line.get("task") != task.id or _LEVELS.get(str(line.get("level", "")).lower(), 99) < least:
            continue
        shown += 1
        print(json.dumps(line) if as_json else _told(line))
    if not shown and not as_json:
        output.say(f"No lines of {task.title} in {file or f'the journal of {unit}'}.", "dim")
    return output.OK


_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
#: said first, or of no use to a reader
_KNOWN = ("at", "level", "event", "task", "channel")


def _lines(file: Path | None, unit: str) -> Iterator[dict[str, object]]:
    """Each line that is one of videod's."""
    for raw in _source(file, unit):
        if not raw.startswith("{"):
            continue
        try:
            line = bounds.loads(raw)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def _source(file: Path | None, unit: str) -> Iterator[str]:
    if file is not None:
        if not file.is_file():
            raise CommandError(output.MISSING, f"there is no file {file}", "name the log with --file")
        with file.open(errors="replace") as source:
            yield from source
        return
    if shutil.which("journalctl") is None:
        raise CommandError(output.MISSING, "this host has no journal", "name the log with --file FILE")
    argv = ["journalctl", "--unit", unit, "--output", "cat", "--no-pager"]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"
    ) as asked:
        assert asked.stdout is not None
        yield from asked.stdout


def _told(line: dict[str, object]) -> str:
    """Time, level, event, and what else the line says."""
    time, name = str(line.get("at", "")), str(line.get("event", ""))
    rest = " ".join(f"{key}={value}" for key, value in line.items() if key not in _KNOWN and value not in (None, ""))
    level = str(line.get("level", "")).lower()
    told = sanitize_screen(f"{time}  {level:8}{name}  {rest}".rstrip())
    return output.paint(told, {"warning": "review", "error": "bad", "critical": "bad"}.get(level, "plain"))


# ------------------------------------------------------------------------------------------- export


@app.command(epilog=examples("videod export grizzly ~/grizzly", "videod export grizzly ~/grizzly --timeline"))
def export(
    episode: Episode,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, or is empty.")],
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Also write the edit for other editors (OpenTimelineIO, FCP XML).")
    ] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Copy an episode's plan, files, history, costs and digests into a folder."""
    from videod import files
    from videod.cli import edit_export
    from videod.cli.show import configured

    where, at = client.place(state, config), client.now_ms()
    with client.looking(where) as connection:
        seen = in_full.detail(connection, client.one_task(connection, episode), at)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(output.REFUSED, f"{folder} is not empty", "name a folder that does not exist yet")
    workspace = where.workspace(seen.task)
    editing = edit_export.order(where, seen.task, seen.jobs) if timeline else None
    copied: list[tuple[str, int, str]] = []
    missing, changed = [], []
    folder.mkdir(parents=True, exist_ok=True)
    made = [job for job in seen.jobs if job.state is JobState.DONE and job.output]
    for number, job in enumerate(made, start=1):
        _progress(number, len(made))
        name = str(job.output)
        try:
            source = files.open_made(workspace / name, workspace)
        except OSError:
            missing.append(name)
            continue
        with source:
            found = _fingerprint(source, job)
            if found is None:
                changed.append(name)
                continue
            _copy(source, folder / name)
        copied.append((name, *found))
    body = details.detail(seen, at, workspace, configured(seen.task))
    (folder / "episode.json").write_text(json.dumps(body, indent=2) + "\n")
    (folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, _, digest in copied))
    written = edit_export.write(editing, folder / "edit") if editing is not None else []
    if as_json:
        listed = [{"file": name, "bytes": size, "sha256": digest} for name, size, digest in copied]
        output.print_json(
            {"task": seen.task.id, "folder": str(folder), "files": listed, "missing": missing, "changed": changed}
            | ({"timeline": [f"edit/{name}" for name in written]} if editing is not None else {})
        )
        return output.OK
    size = sum(size for _, size, _ in copied)
    output.say(f"{seen.task.title}: {count(len(copied), 'file')} ({size / 1e6:,.1f} MB) in {folder}.")
    output.say(
        "  episode.json has the entry, jobs, history and costs. `sha256sum -c SHA256SUMS` checks the files.", "dim"
    )
    if written:
        output.say(f"  The edit is in {folder / 'edit'}: {', '.join(written)}.")
    for names, why in ((missing, "no longer here"), (changed, "changed since videod checked them, and left out")):
        if names:
            more = " ..." if len(names) > 5 else ""
            output.say(f"  {count(len(names), 'file')} {why}: {', '.join(names[:5])}{more}", "review")
    return output.OK


def _fingerprint(source: BinaryIO, job: Job) -> tuple[int, str] | None:
    """Size and digest of the file; None where it is not the one that videod checked."""
    from videod import files

    try:
        found = files.fingerprint(source, job.bytes)
    except OSError:
        return None
    return found if job.sha256 in (None, found[1]) else None


def _copy(source: BinaryIO, target: Path) -> None:
    """Raises CommandError where the folder does not take it."""
    source.seek(0)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise CommandError(
            _UNWRITABLE, f"{target} cannot be written: {error.strerror}", "free some space there"
        ) from error


def _progress(number: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if number == of else "\r"
        print(f"  {number} of {of} files", end=end, file=sys.stderr, flush=True)
