"""Power cuts: the real ledger on an ext4 file system whose unwritten half is thrown away at a random moment.

A loop image in memory is mounted without ext4's own kindness to unsynced renames; the child works, is stopped, and
FS_IOC_SHUTDOWN without a journal flush drops everything that was not forced to disk. After a fresh mount the database
is opened as videod opens it and compared with what the child was given before the cut. Needs root, loop devices, ext4.
"""

import argparse
import fcntl
import hashlib
import json
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.campaigns import invariants
from tests.campaigns.frame import ROOT, Campaign, Missing, Result, main, need_program, need_root, say
from tests.campaigns.writer import content
from videod.store.schema import migrate

EXT4_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2
IMAGE_BYTES = 256 << 20
#: no early write-back, no write of renamed files: only what is asked for reaches the disk
OPTIONS = "loop,noauto_da_alloc,commit=300"
#: cuts per life: a new file system begins, so that the database's own birth is cut as well
LIFE = 10
ORDER = ("intent", "submitted", "received")


class Disk:
    """An ext4 file system that can lose its power."""

    def __init__(self, folder: Path) -> None:
        need_root()
        need_program("mkfs.ext4")
        memory = Path("/dev/shm")
        self._image = (memory if os.access(memory, os.W_OK) else folder) / f"videod-powercut-{os.getpid()}.img"
        self.root = folder / "disk"
        self.root.mkdir(parents=True)

    def new(self) -> None:
        self.close()
        with self._image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        _command("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()

    def _mount(self) -> None:
        try:
            _command("mount", "-o", OPTIONS, str(self._image), str(self.root))
        except subprocess.CalledProcessError as error:
            raise Missing(f"an image cannot be mounted here: {error.stderr.decode().strip()}") from error

    def cut(self) -> None:
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        finally:
            os.close(folder)

    def back(self) -> None:
        _command("umount", str(self.root))
        self._mount()

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.root)], capture_output=True, check=False)
        self._image.unlink(missing_ok=True)


def _command(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


def run(folder: Path, given: argparse.Namespace) -> Result:
    chance = random.Random(given.seed)
    disk = Disk(folder)
    counts = {"event": 0, "file": 0, "receipt": 0, "post": 0}
    try:
        for number in range(given.cuts):
            if number % LIFE == 0:
                disk.new()
                told: list[list[str]] = []
            # the first cut of a life may fall before there is a database at all
            new = _work_until_cut(disk, chance, early=number % LIFE == 0)
            told += new
            disk.back()
            for kind in counts:
                counts[kind] += sum(line[0] == kind for line in new)
            found = lost(disk.root / "state", told)
            assert not found, f"cut {number + 1}: {len(found)} promises broken, first {found[:3]}"
            told = [line for line in told if line[0] in ("event", "file")]  # the rest may rightly change later
            if (number + 1) % 10 == 0:
                say(f"{number + 1} cuts, {counts['event']} acknowledged transitions, none lost")
    finally:
        disk.close()
    return {"cuts": given.cuts, "acknowledged": counts, "lost": 0, "torn": 0, "opened_clean": given.cuts}


def _work_until_cut(disk: Disk, chance: random.Random, early: bool) -> list[list[str]]:
    """Let the child work for a random time, cut its power; returns what it had been told before."""
    state = disk.root / "state"
    argv = [sys.executable, "-m", "tests.campaigns.writer", str(state)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        begun = b""
        if early:
            time.sleep(chance.uniform(0.3, 0.9))
        else:
            begun = child.stdout.readline()
            time.sleep(chance.uniform(0, 0.5))
        child.send_signal(signal.SIGSTOP)
        while _condition(child.pid) not in "TZ":
            time.sleep(0.0005)
        disk.cut()
        child.kill()
        lines = (begun + child.stdout.read()).decode().splitlines(keepends=True)
    return [line.split() for line in lines if line.endswith("\n")]


def _condition(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def lost(state: Path, told: list[list[str]]) -> list[str]:
    """What the state folder no longer holds of what was reported, and whatever else is wrong with it."""
    database = state / "videod.db"
    if not told and not database.exists():
        return []
    migrate(database)  # as a start does: examines it, migrates it
    found = invariants.of_database(database, state / "workspaces")
    with closing(invariants.look(database)) as connection:
        found += [text for line in told if (text := _missing(connection, state, line))]
    found += [
        f"torn: {path}" for path in state.glob("workspaces/**/*.*")
        if path.is_file() and ".part" not in path.name and not path.name.endswith(".job.json")
        and path.read_bytes() != content(str(path.relative_to(state)))
    ]  # fmt: skip
    return found


def _missing(connection: sqlite3.Connection, state: Path, line: list[str]) -> str | None:
    gone = " ".join(line)
    match line:
        case ["event", task, at, event]:
            query = "SELECT 1 FROM history WHERE task_id = ? AND at = ? AND event = ?"
            return None if connection.execute(query, (task, int(at), event)).fetchone() else gone
        case ["file", path, sha256]:
            there = state / path
            return None if there.is_file() and hashlib.sha256(there.read_bytes()).hexdigest() == sha256 else gone
        case ["receipt", path, kept]:
            try:
                now = json.loads((state / f"{path}.job.json").read_bytes())["state"]
            except (OSError, ValueError, KeyError):
                return gone
            return None if ORDER.index(now) >= ORDER.index(kept) else gone
        case ["post", target, key, version]:
            query = "SELECT version FROM outbox WHERE target = ? AND key = ? AND version <= ?"
            return gone if connection.execute(query, (target, key, int(version))).fetchone() else None
    return None


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cuts", type=int, default=100, help="default 100")


CAMPAIGN = Campaign("powercut", "power cuts lose no acknowledged transition, file or receipt", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
