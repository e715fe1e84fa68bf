"""Damaged databases: a page zeroed, bytes flipped, the file cut, the header smashed, the file lost.

Whatever is found makes the start refuse with exit code 74 and the newest good copy named; not one byte is changed, and
`videod status` says one line. Whatever is not found is content that no check could know (a letter in a title): then
the file is whole for SQLite and everything that reads it works. The command that the refusal names is typed, and the
start continues from the copy.
"""

import argparse
import hashlib
import os
import random
import shlex
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.campaigns import invariants
from tests.campaigns.frame import ROOT, Campaign, Result, main, say
from tests.cli.factory import a_full_studio
from videod.store.database import DatabaseError
from videod.store.schema import migrate

PAGE = 4096
BROKEN = 74
#: keys that nobody accepts: the daemon looks at its database before it asks anybody
KEYS = {
    "NOTION_TOKEN": "n" * 20, "GEMINI_API_KEY": "g" * 20, "KIE_API_KEY": "k" * 20, "ELEVENLABS_API_KEY": "e" * 20,
    "VIDEOD_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}  # fmt: skip

Harm = Callable[[bytearray, random.Random], bytearray]


def _zero_page(data: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(len(data) // PAGE) * PAGE
    data[at : at + PAGE] = bytes(PAGE)
    return data


def _flip_byte(data: bytearray, chance: random.Random) -> bytearray:
    data[chance.randrange(len(data))] ^= 0xFF
    return data


def _flip_many(data: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(len(data) - 64)
    data[at : at + 64] = chance.randbytes(64)
    return data


def _cut(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randrange(len(data))]


def _cut_at_page(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randrange(len(data) // PAGE) * PAGE]


def _smash_header(data: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(0, 80)
    data[at : at + 20] = chance.randbytes(20)
    return data


def _swap_pages(data: bytearray, chance: random.Random) -> bytearray:
    first, second = (one * PAGE for one in chance.sample(range(1, len(data) // PAGE), 2))
    data[first : first + PAGE], data[second : second + PAGE] = (
        data[second : second + PAGE], data[first : first + PAGE],
    )  # fmt: skip
    return data


HARMS: dict[str, Harm] = {
    "zero a page": _zero_page, "flip a byte": _flip_byte, "overwrite 64 bytes": _flip_many, "cut": _cut,
    "cut at a page": _cut_at_page, "smash the header": _smash_header, "swap two pages": _swap_pages,
}  # fmt: skip


class Patient:
    """A state folder with a full database, a good copy of it, and settings for the real programs."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir(parents=True)
        a_full_studio(self.state, 20).close()
        self.path = self.state / "videod.db"
        migrate(self.path)
        self.whole = self.path.read_bytes()
        self.config = folder / "videod.toml"
        self.config.write_text(
            f'[paths]\nstate = "{self.state}"\nscripts = "{ROOT / "scripts"}"\nchannels = "{ROOT / "channels"}"\n'
        )
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")} | KEYS
        self.backup()

    def backup(self) -> None:
        self.videod("backup", "--state", str(self.state)).check_returncode()

    def videod(self, *words: str) -> "subprocess.CompletedProcess[str]":
        argv = [sys.executable, "-m", "videod", *words, "--config", str(self.config)]
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)

    def harm(self, data: bytes) -> None:
        for end in ("-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        self.path.write_bytes(data)

    def refusal(self, real: bool) -> str | None:
        """Why the start refuses, None when it does not; by `videod run` itself or by what it calls first."""
        if not real:
            try:
                migrate(self.path)
            except DatabaseError as error:
                return str(error)
            return None
        done = self.videod("run")
        assert done.returncode == BROKEN, (done.returncode, done.stderr[-600:])
        assert "Traceback" not in done.stderr, done.stderr[-2000:]
        return done.stderr


def run(folder: Path, given: argparse.Namespace) -> Result:
    chance = random.Random(given.seed)
    patient = Patient(folder)
    outcomes: Counter[str] = Counter()
    for number in range(given.variants):
        name, harm = list(HARMS.items())[number % len(HARMS)]
        data = bytes(harm(bytearray(patient.whole), chance))
        patient.harm(data)
        text = patient.refusal(real=False)
        if text is None:
            _check_unseen(patient, data)
            outcomes["only content"] += 1
            continue
        outcomes["refused"] += 1
        _check_refused(patient, data, text, name)
        if number < given.real:
            _check_refused(patient, data, patient.refusal(real=True) or "", name)
            _check_status(patient, name)
            _check_untouched(patient, data, name)
            _check_way_back(patient, text)
        if (number + 1) % 20 == 0:
            say(f"{number + 1} variants: {dict(outcomes)}")
    _check_lost(patient)
    return {"variants": given.variants, "by_videod_run": min(given.real, given.variants)} | dict(outcomes)


def _check_refused(patient: Patient, data: bytes, text: str, name: str) -> None:
    for part in (str(patient.path), "Nothing was changed", "backups/videod-", "cp -p"):
        assert part in text, f"{name}: the refusal does not say {part!r}: {text}"
    _check_untouched(patient, data, name)


def _check_untouched(patient: Patient, data: bytes, name: str) -> None:
    now = patient.path.read_bytes()
    assert hashlib.sha256(now).digest() == hashlib.sha256(data).digest(), f"{name}: the file was changed"


def _check_status(patient: Patient, name: str) -> None:
    """Either it could be read all the same, or one line says what is wrong."""
    done = patient.videod("status")
    if done.returncode:
        assert done.stderr.count("\n") == 1 and "videod run" in done.stderr, f"{name}: {done.stderr}"
    assert "Traceback" not in done.stderr, f"{name}: {done.stderr}"


def _check_way_back(patient: Patient, text: str) -> None:
    """Type what the refusal says."""
    (command,) = [line.strip() for line in text.splitlines() if "cp -p" in line]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    migrate(patient.path)
    found = invariants.of_database(patient.path)
    assert not found, found
    kept = list(patient.state.glob("damaged-*/videod.db"))
    assert kept, "the damaged file was not kept aside"
    for folder in patient.state.glob("damaged-*"):
        subprocess.run(["rm", "-r", "--", str(folder)], check=True)


def _check_unseen(patient: Patient, data: bytes) -> None:
    """The check found nothing: then every row must be readable by the code that uses it."""
    with closing(sqlite3.connect(f"file:{patient.path}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert patient.path.stat().st_size == len(data)
    done = patient.videod("status", "--json")
    assert "Traceback" not in done.stderr, done.stderr


def _check_lost(patient: Patient) -> None:
    """An emptied or missing file is no fresh start where there was work before."""
    patient.harm(b"")
    for state in ("is empty", "is missing"):
        text = patient.refusal(real=True) or ""
        assert state in text and "backups/videod-" in text, text
        patient.path.unlink(missing_ok=True)
    _check_way_back_of_nothing(patient)


def _check_way_back_of_nothing(patient: Patient) -> None:
    for copy in patient.state.glob("backups/*.db"):
        copy.unlink()
    (patient.state / "workspaces" / "wild_earth").mkdir(parents=True)
    text = patient.refusal(real=False) or ""
    assert "There is no good copy" in text, text
    assert shlex.quote(str(patient.path)) in text, text


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--variants", type=int, default=140, help="default 140")
    parser.add_argument("--real", type=int, default=70, help="so many of them also with `videod run`, default 70")


CAMPAIGN = Campaign(
    "damage", "a damaged or lost database is refused, left alone, and the way back named", _options, run
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
