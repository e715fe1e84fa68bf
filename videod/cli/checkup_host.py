"""This host: the kernel, the clock, FFmpeg, the state folder with its database and backups, the systemd unit."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from videod.adapters import disk, launch
from videod.cli.checks import Check, fix, note, ok
from videod.config import Settings
from videod.daemon import wiring
from videod.dashboard.running import daemon_of
from videod.dashboard.text import count, span
from videod.store import archives, readonly, soundness

DAY_MS = 86_400_000
#: the backup timer runs hourly: a copy older than this means that it does not, ms
BACKUP_MS = 2 * DAY_MS
#: an episode in work with its clips and the film, bytes
EPISODE_BYTES = 1_000_000_000
_UNIT, _TIMER = "videod.service", "videod-backup.timer"
#: where SQLite cannot lock safely
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p")


def host() -> Iterator[Check]:
    """The system, Python and what the kernel offers for confining scripts."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.platform != "linux":
        yield fix(
            "host", "system", f"videod needs Linux, this is {sys.platform}. Run it in a virtual machine or WSL 2."
        )
    yield ok("host", "python", f"Python {version}.")
    if launch.abi():
        yield ok("host", "confinement", "The kernel confines scripts to their own folders (Landlock).")
    else:
        yield note(
            "host", "confinement", "This kernel has no Landlock, so scripts can access whatever your user can. Use"
            " Linux 5.13 or newer with landlock in its lsm= list.",
        )  # fmt: skip
    wrong = _synchronized()
    yield ok("host", "clock", "The clock is synchronized.") if wrong is None else wrong


def _synchronized() -> Check | None:
    """What timedatectl says of the clock; a look at the board compares it with Notion's as well."""
    said = _said("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said == "no":
        return note(
            "host", "clock", "The clock is not synchronized. Daily limits and budgets depend on it: run"
            " `timedatectl set-ntp true`, or install chrony.",
        )  # fmt: skip
    return None


def _said(*argv: str) -> str | None:
    """What a program of the system prints, None where it is not there or fails."""
    if shutil.which(argv[0]) is None:
        return None
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def state(folder: Path, now_ms: int) -> Iterator[Check]:
    """The state folder: may this user write there, is there room, who reads it, is the database whole."""
    area = "state"
    if not folder.exists():
        parent = next(one for one in folder.absolute().parents if one.exists())
        if not os.access(parent, os.W_OK):
            yield fix(area, "folder", f"{folder} does not exist and you may not create it. Run `sudo install -d -m 0700"
                       f" -o {_me()} {folder}`, or set `state` in [paths] of videod.toml.")  # fmt: skip
        else:
            yield ok(area, "folder", f"{folder} will be created at the first start.")
        yield from _room(parent)
        return
    why = disk.unusable(folder)
    if why is not None:
        yield fix(area, "folder", f"{why[:1].upper()}{why[1:]}.")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield fix(area, "permissions", f"Other users can look into {folder} (mode {mode:04o}), which contains tokens"
                   f" and the ledger. Run `chmod 700 {folder}`.")  # fmt: skip
    else:
        yield ok(area, "folder", f"{folder} is writable, and only you can read it.")
    if (kind := _file_system(folder)) in _NETWORK:
        yield fix(area, "disk", f"{folder} is on a network file system ({kind}), where SQLite cannot lock safely. Set"
                   " `state` in [paths] of videod.toml to a local disk.")  # fmt: skip
    yield from _room(folder)
    yield from _database(folder, now_ms)


def _me() -> str:
    return os.environ.get("USER") or str(os.geteuid())


def _room(folder: Path) -> Iterator[Check]:
    left = disk.room(folder)
    free = f"{left.free / 1e9:.1f} GB free"
    if left.free < EPISODE_BYTES:
        yield fix("state", "disk", f"Only {free}. An episode in work takes about 1 GB. Free some space, or set `state`"
                   " in [paths] of videod.toml to a larger disk.")  # fmt: skip
    elif left.files is not None and left.files < 1_000:
        yield fix("state", "disk", f"The disk has only {left.files} inodes left. Remove files that you do not need.")
    else:
        yield ok("state", "disk", f"{free}.")


def _file_system(folder: Path) -> str:
    """The type of the file system that the folder lies on, "" where nobody says."""
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        _, place, found, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        if len(place) >= len(best) and folder.absolute().is_relative_to(place):
            best, kind = place, found
    return kind


def _archive(connection: sqlite3.Connection) -> Iterator[Check]:
    """Whether the files of archived episodes are there; `videod audit` reads them through."""
    try:
        held, wrong = archives.volume(connection), archives.damaged(connection, deep=False)
    except sqlite3.OperationalError:
        return  # of an older videod, which had none
    for one in wrong:
        yield fix("state", "archive", f"{count(one.episodes, 'archived episode')} in {one.path} cannot be read:"
                   f" {one.why}. Put that file back from `archive` beside your backups.")  # fmt: skip
    if held.episodes and not wrong:
        yield ok("state", "archive", f"{count(held.episodes, 'finished episode')} in {count(held.files, 'file')}"
                  f" ({held.size / 1e6:.1f} MB) of {archives.folder_of(connection)}.")  # fmt: skip


def _database(folder: Path, now_ms: int) -> Iterator[Check]:
    path = folder / "videod.db"
    running = daemon_of(folder)
    yield ok("state", "daemon", f"videod {running.version} is running (process {running.pid})." if running
              else "videod is not running.")  # fmt: skip
    if not path.exists():
        yield ok("state", "database", "There is no database yet. The first start creates it.")
        return
    try:
        connection = readonly.look(path)
    except (readonly.NoDatabase, sqlite3.Error) as error:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            yield fix("state", "database", str(soundness.damaged(path, str(error))))
            return
        told = str(error).replace("; ", ". ").rstrip(".")
        yield fix("state", "database", f"{told[:1].upper()}{told[1:]}.")
        return
    with closing(connection):
        try:
            wrong = soundness.complaints(path, limit=1)
        except sqlite3.Error as error:
            wrong = [str(error)]
        used = connection.execute("SELECT count(*) FROM tasks").fetchone()[0] if not wrong else 0
        past = list(_archive(connection)) if not wrong else []
    if wrong:
        yield fix("state", "database", f"{path} is damaged: {wrong[0]}. {soundness.way_back(path)}")
        return
    yield ok("state", "database", f"The database is intact ({used} episodes, {path.stat().st_size / 1e6:.1f} MB).")
    yield from past
    newest = max((one.stat().st_mtime_ns // 1_000_000 for one in folder.glob("backups/videod-*.db")), default=None)
    if newest is None and used:
        yield fix("state", "backup", "There is no backup of the database. Run `systemctl enable --now"
                   " videod-backup.timer`, or `videod backup` from your own timer.")  # fmt: skip
    elif newest is not None and now_ms - newest > BACKUP_MS:
        yield fix("state", "backup", f"The newest backup is {span(now_ms - newest)} old. See `systemctl status"
                   " videod-backup.timer`, or run `videod backup`.")  # fmt: skip
    elif newest is not None:
        yield ok("state", "backup", f"The newest backup is {span(max(0, now_ms - newest))} old.")


def programs(settings: Settings) -> Iterator[Check]:
    """FFmpeg that is there and runs."""
    found = wiring.ffmpegs(settings.paths.ffmpeg)
    if not found:
        yield fix("host", "ffmpeg", "FFmpeg is missing. Install it (`apt install ffmpeg`), or name it in `ffmpeg` of"
                   " [paths] in videod.toml.")  # fmt: skip
        return
    chosen = settings.paths.ffmpeg
    if chosen is not None and str(chosen) != found[0]:
        yield fix(
            "host", "ffmpeg", f"{chosen}, named in `ffmpeg` of [paths], is not a program. Correct it, or leave it out."
        )
    version = _said(found[0], "-version")
    if version is None:
        yield fix("host", "ffmpeg", f"{found[0]} does not run. Reinstall it (`apt install --reinstall ffmpeg`).")
    else:
        yield ok("host", "ffmpeg", f"{' '.join(version.split()[:3])} at {found[0]}.")


def unit() -> Iterator[Check]:
    """The systemd unit, where systemd runs this host; nothing where it does not."""
    if not Path("/run/systemd/system").is_dir():
        return
    enabled = _said("systemctl", "is-enabled", _UNIT)
    if enabled is None or "not-found" in enabled:
        yield note("unit", _UNIT, "The unit is not installed, so videod does not start with this host. See"
                    " docs/operations.md.")  # fmt: skip
        return
    if enabled != "enabled":
        yield fix("unit", _UNIT, f"The unit is {enabled}, so videod does not start with this host. Run `systemctl"
                   " enable --now videod`.")  # fmt: skip
    active = _said("systemctl", "is-active", _UNIT)
    if active != "active":
        yield fix("unit", _UNIT, f"The unit is {active}. `journalctl -u videod -n 20` shows why.")
    elif enabled == "enabled":
        yield ok("unit", _UNIT, "The unit is enabled and active.")
    if _said("systemctl", "is-active", _TIMER) != "active":
        yield fix("unit", _TIMER, "The hourly backup is off. Run `systemctl enable --now videod-backup.timer`.")
