"""A real daemon on a real sandbox, both processes of their own, and a person at the board."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.harness.patience import PATIENCE_S, ended, until
from videod.cli import rehearsal
from videod.cli.demo_person import Person
from videod.core.stages import STAGES
from videod.sandbox.attach import call

ROOT = Path(__file__).resolve().parents[2]
#: step -> kind of its purchase in the vendors' own books
_BOUGHT = {
    "plan": "text", "image": "image", "clip": "clip", "narration": "speech", "sound_effect": "sound_effect",
    "upload": "upload",
}  # fmt: skip
#: step -> orders that one finished job takes, where it is not one
ORDERS = {"plan": len(STAGES)}

#: requests a minute that the simulated Notion takes: those of its larger plans
NOTION_PER_MINUTE = 600


class Stage:
    """Folder, environment and processes of one live test. `channel` overrides fields of the sample channels."""

    def __init__(
        self, folder: Path, channel: dict[str, object] | None = None, sandbox: Sequence[str] = (),
        settings: str = "", env: dict[str, str] | None = None, board: str = "notion",
    ) -> None:  # fmt: skip
        self.folder = folder
        self.state = folder / "daemon"
        self.root = folder / "sandbox"
        self.channels = folder / "channels"
        self.config = folder / "videod.toml"
        self.daemon: subprocess.Popen[bytes] | None = None
        self._people: list[Person] = []
        self.channels.mkdir(parents=True)
        for name in ("wild_planet", "deep_ocean"):
            body = yaml.safe_load((ROOT / "channels" / f"{name}.yaml").read_text())
            body |= {"clips": 2, "images": 3, "rebuy_ceiling_usd": 20.0}
            body["gates"] = dict.fromkeys(("assets", "video", "audio", "final"), "auto")
            body["publish_without_review"] = True
            (self.channels / f"{name}.yaml").write_text(yaml.safe_dump(body | (channel or {})))
        paths = f'[paths]\nscripts = "{ROOT / "scripts"}"\nchannels = "{self.channels}"\n'
        self.config.write_text(paths + settings)
        quick = ("--generation", "1.5", "--latency", "gemini=0.1", "--latency", "elevenlabs=0.1", "--plain")
        # what is tried here waits for the board; the pace of the smaller plans has tests of its own
        quick += ("--notion-rate", str(NOTION_PER_MINUTE))
        self.found, self.sandbox = rehearsal.attach_or_start(self.root, [*quick, *sandbox])
        self.env = rehearsal.environment(self.root, self.found, self.state, board)
        self.env |= {"VIDEOD_DAEMON_POLL_INTERVAL_S": "0.5", "VIDEOD_DAEMON_LOOK_AFTER_S": "3"}
        # whoever kills a daemon on purpose means no job of it
        self.env |= {"VIDEOD_RETRY_DEATHS": "1000"} | (env or {})
        rehearsal.prepare(self.env, ["wild_planet", "deep_ocean"], self.state)
        self.log = folder / "daemon.log"

    @property
    def database(self) -> Path:
        return self.state / "videod.db"

    def channel(self, name: str) -> dict[str, object]:
        """What the file of a channel says."""
        found: dict[str, object] = yaml.safe_load((self.channels / f"{name}.yaml").read_text())
        return found

    def start(self, *flags: str, **env: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as out:
            self.daemon = subprocess.Popen(
                [sys.executable, "-m", "videod", "run", "--config", str(self.config), *flags], env=self.env | env,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        return self.daemon

    def kill(self) -> None:
        """kill -9 of the daemon alone, as the out-of-memory killer would."""
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def stop(self) -> int:
        assert self.daemon is not None
        if self.daemon.poll() is None:
            self.daemon.terminate()
        return ended(self.daemon)

    def person(self) -> Person:
        made = Person(self.env, self.database)
        self._people.append(made)
        return made

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        if not self.database.exists():
            return []
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=PATIENCE_S)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            return []  # not migrated yet
        finally:
            connection.close()

    def statuses(self) -> list[str]:
        return [row["status"] for row in self.rows("SELECT status FROM tasks ORDER BY created_at")]

    def wait_for(self, *statuses: str, tasks: int = 1, times: float = 1) -> None:
        """Until all of at least `tasks` tasks are in one of `statuses`, `times` as patiently as other waits.

        Raises AssertionError with the log's end when it hangs or the daemon ends.
        """

        def reached() -> bool:
            now = self.statuses()
            if len(now) >= tasks and set(now) <= set(statuses):
                return True
            if self.daemon is not None and self.daemon.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.daemon.returncode}: {self.log_tail()}")
            return False

        until(reached, lambda: (self.statuses(), self.log_tail()), times)

    def wait_until_told(self, times: float = 1) -> None:
        """Until the board knows everything."""
        left = "SELECT * FROM outbox"
        until(lambda: not self.rows(left), lambda: [dict(row) for row in self.rows(left)], times)

    def asked(self, service: str, path: str = "", method: str = "") -> list[dict[str, object]]:
        """The simulated service's log of one service, oldest first."""
        answer = self.admin(f"/requests?service={service}&last=20000")
        assert isinstance(answer, dict)
        rows: list[dict[str, object]] = answer["requests"]
        return [row for row in rows if path in str(row["path"]) and method in ("", row["method"])]

    def daemon_looks(self, times: int = 6) -> None:
        """Until the daemon has asked the board so many more times what is new: what it does automatically is begun
        then."""

        def looks() -> int:
            found = self.asked("notion", "/query", "POST")
            return sum("notion" in str(row["headers"]).lower() for row in found)

        before = looks()
        until(lambda: looks() >= before + times, self.log_tail)

    def log_tail(self) -> str:
        return self.log.read_text()[-3000:] if self.log.exists() else ""

    def charges(self) -> list[dict[str, object]]:
        path = self.root / "charges.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def bought_twice(self) -> Counter[str]:
        """Request -> purchases beyond the first, refunds taken off."""
        counts: Counter[str] = Counter()
        for charge in self.charges():
            sign = -1 if charge["kind"] == "refund" else 1
            kind = "clip" if charge["kind"] == "refund" else charge["kind"]
            counts[f"{charge['service']} {kind} {charge['key']}"] += sign
        return Counter({name: count - 1 for name, count in counts.items() if count > 1})

    def bought(self, kind: str) -> int:
        """Purchases of this kind in the vendors' own books."""
        return sum(charge["kind"] == kind for charge in self.charges())

    def bought_beyond(self, begun: bool = False) -> Counter[str]:
        """Kind -> purchases beyond one for each finished job, refunds taken off; below zero: one was never bought.

        Unlike `bought_twice` it bears episodes that ask for the same, as two of one topic do. `begun`: beyond one
        for each job that was ever started.
        """
        beyond: Counter[str] = Counter()
        which = "id IN (SELECT job_id FROM attempts)" if begun else "state = 'done'"
        finished = "SELECT 1 FROM jobs WHERE step = ? AND service <> 'ffmpeg'"  # still shots are not bought
        for step, kind in _BOUGHT.items():
            beyond[kind] = -len(self.rows(f"{finished} AND {which}", step)) * ORDERS.get(step, 1)
        for charge in self.charges():
            kind = "clip" if charge["kind"] == "refund" else str(charge["kind"])
            if kind in beyond:
                beyond[kind] += -1 if charge["kind"] == "refund" else 1
        return Counter({kind: count for kind, count in beyond.items() if count})

    def check_purchases(self) -> None:
        """Raises AssertionError unless each finished job was bought once, and nothing else.

        Plans are left out: one that breaks the rules of the craft is asked for again.
        """
        beyond = self.bought_beyond()
        del beyond["text"]
        assert not beyond, beyond

    def admin(self, path: str, method: str = "GET", body: object = None) -> object:
        return call(f"{self.found['admin']}{path}", method, body, PATIENCE_S)

    def fault(self, **fields: object) -> None:
        """From now on the simulated services fail as told, until their /reset."""
        self.admin("/faults", "POST", fields)

    def children(self) -> list[str]:
        """Command lines of processes that work in this stage's state folder, the daemon itself left out."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            daemon = self.daemon.pid if self.daemon else -1
            if str(self.state.resolve()) in line and int(entry.name) not in (daemon, os.getpid()):
                found.append(line)
        return found

    def close(self) -> None:
        for person in self._people:
            person.close()
        if self.daemon is not None and self.daemon.poll() is None:
            self.stop()
        if self.sandbox is not None:
            self.sandbox.terminate()
            ended(self.sandbox)


@contextmanager
def stage(folder: Path, **options: object) -> Iterator[Stage]:
    made = Stage(folder, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()
