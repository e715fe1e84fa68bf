"""The tutorial, word by word: its commands are typed in its order in a new folder, on the simulated services; once with
a board in Notion, once with videod's own."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.patience import ended, until
from tests.live.stage import ROOT
from videod.cli import rehearsal
from videod.core.statuses import Status
from videod.sandbox.notion import BOARD_PAGE_ID

pytestmark = pytest.mark.live
PAGE = (ROOT / "docs/first-film.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(OWN_BOARD,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
QUICK = ("--generation", "1.5", "--latency", "gemini=0.1", "--latency", "elevenlabs=0.1", "--plain",
         "--notion-rate", "600")  # fmt: skip


class Evening:
    """A person's folder and terminal: `videod` on the PATH, a browser that agrees to everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tools = folder.parent / "bin"
        self._tools.mkdir()
        self._tool("videod", f'exec {sys.executable} -m videod "$@"')
        self._tool("browser", 'exec curl -sSL -o /dev/null "$1&login_hint=my_channel"')
        found, self._sandbox = rehearsal.attach_or_start(folder.parent / "sandbox", list(QUICK))
        given = found["environment"]
        assert isinstance(given, dict)
        self.secrets = {name: value for name, value in given.items() if not name.startswith("VIDEOD_")}
        addresses = {name: value for name, value in given.items() if name.startswith("VIDEOD_")}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")}
        self.env = plain | addresses | {
            "PATH": f"{self._tools}:{os.environ['PATH']}", "BROWSER": f"{self._tools}/browser %s",
            "PYTHONPATH": str(ROOT), "VIDEOD_DAEMON_POLL_INTERVAL_S": "0.5", "VIDEOD_LIMITS_ALIKE": "0",
        }  # fmt: skip
        self.daemon: subprocess.Popen[bytes] | None = None
        shutil.copy(ROOT / ".env.example", folder)
        shutil.copytree(ROOT / "channels", folder / "channels")
        (folder / "videod.toml").write_text(f'[paths]\nscripts = "{ROOT / "scripts"}"\n')

    def _tool(self, name: str, body: str) -> None:
        path = self._tools / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def type(self, block: str) -> str:
        """What the commands of a block print; each must do its work."""
        text = block.replace("LINK-OF-THE-PAGE", f"https://www.notion.so/{BOARD_PAGE_ID.replace('-', '')}")
        done = subprocess.run(
            ["sh", "-e", "-c", text], cwd=self.folder, env=self.env, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def start(self, block: str) -> Path:
        """The same in the background; its output is in the file."""
        log = self.folder.parent / f"{len(list(self.folder.parent.glob('*.log')))}.log"
        with log.open("wb") as out:
            self.daemon = subprocess.Popen(
                ["sh", "-c", f"exec {block.strip()}"], cwd=self.folder, env=self.env, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        return log

    def wait_for(self, status: Status | None, log: Path) -> None:
        """Until the episode shows this status, or is there. Asks the database: a command is a program to start."""
        until(lambda: self._has(status), lambda: (status, log.read_text()[-2000:]))

    def _has(self, status: Status | None) -> bool:
        connection = sqlite3.connect(f"file:{self.folder / 'state/videod.db'}?mode=ro", uri=True)
        try:
            shown = {status for (status,) in connection.execute("SELECT status FROM tasks")}
            return bool(shown) if status is None else status.value in shown
        finally:
            connection.close()

    def interrupt(self) -> int:
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGINT)
        return ended(self.daemon)

    def fill_in(self, name: str, value: str) -> None:
        path = self.folder / ".env"
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", path.read_text(), flags=re.MULTILINE)
        assert count == 1, f".env.example has no {name}"
        path.write_text(text)

    def close(self) -> None:
        if self.daemon is not None and self.daemon.poll() is None:
            self.interrupt()
        if self._sandbox is not None:
            self._sandbox.terminate()
            ended(self._sandbox)


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    (tmp_path / "work").mkdir()
    made = Evening(tmp_path / "work")
    try:
        yield made
    finally:
        made.close()


def _shows(log: Path, word: bytes) -> None:
    until(lambda: word in log.read_bytes(), lambda: log.read_text()[-2000:])


def _own_channel(folder: Path) -> None:
    """What the tutorial says of the channel's file, and a film that is small enough for a test."""
    text = (folder / "channels/wild_planet.yaml").read_text()
    changes = {"id: wild_planet": "id: my_channel", "UCwild_planet": "UCmy_channel", "clips: 18": "clips: 2",
               "images: 22": "images: 3", "final: auto": "final: review"}  # fmt: skip
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "channels/my_channel.yaml").write_text(text)
    for sample in ("wild_planet", "deep_ocean"):
        (folder / f"channels/{sample}.yaml").unlink()


def _in_notion(evening: Evening, init: str, check: str) -> None:
    evening.fill_in("NOTION_TOKEN", evening.secrets["NOTION_TOKEN"])
    told = evening.type(init)
    page = re.search(r'parent_page = "[^"]+"', told)
    assert page is not None, told
    with (evening.folder / "videod.toml").open("a") as settings:
        settings.write(f"[notion]\n{page[0]}\n")
    evening.type(check)


@pytest.mark.parametrize(
    "notion",
    [
        pytest.param(True, id="in Notion", marks=pytest.mark.long),
        pytest.param(False, id="without Notion", marks=pytest.mark.whole),
    ],
)
def test_the_first_film_is_made_by_the_letter_of_the_tutorial(evening: Evening, notion: bool) -> None:
    blocks = [block for block in BLOCKS if notion or not block.startswith("videod notion")]
    assert len(BLOCKS) - len(blocks) == (0 if notion else 2)
    typed = iter(blocks)
    first = next(typed)
    if not notion:
        first = f"{first.strip()} --board none"
        assert f"`{first}`" in PAGE
    rehearse = evening.start(first)
    _shows(rehearse, b"http://127.0.0.1:" if notion else b"videod new")
    evening.interrupt()

    evening.type(next(typed))
    assert (evening.folder / ".env").stat().st_mode & 0o777 == 0o600
    if notion:
        _in_notion(evening, next(typed), next(typed))
    else:
        with (evening.folder / "videod.toml").open("a") as settings:
            settings.write(OWN_BOARD)

    for name in ("GEMINI_API_KEY", "KIE_API_KEY", "ELEVENLABS_API_KEY", "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"):
        evening.fill_in(name, evening.secrets[name])
    evening.fill_in("VIDEOD_MASTER_KEY", evening.type("videod secrets new-key").strip().splitlines()[-1])
    listed = evening.type(next(typed))
    assert "GEMINI_API_KEY" in listed and evening.secrets["GEMINI_API_KEY"] not in listed

    _own_channel(evening.folder)
    evening.type(next(typed))
    assert "my_channel" in evening.type(next(typed))
    evening.type(next(typed))

    daemon = evening.start(next(typed))
    _shows(daemon, b"daemon_start_done")
    new, why = next(typed).strip().splitlines()
    evening.type(new)
    evening.wait_for(None, daemon)
    assert evening.type(why)
    approve = next(typed)
    assert list(typed) == [], "the tutorial has a block that nobody types"
    for review in (Status.ASSETS_READY, Status.VIDEO_READY, Status.AUDIO_READY, Status.ASSEMBLY_COMPLETE):
        evening.wait_for(review, daemon)
        evening.type(approve)
    evening.wait_for(Status.PUBLISHED, daemon)
    assert "published" in evening.type("videod list --json")
    assert evening.interrupt() == 0
