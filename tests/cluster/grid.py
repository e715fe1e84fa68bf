"""A scheduler and workers as processes of their own, with TLS, and a line to them that can be cut."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.harness.patience import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]


class Line:
    """Passes connections on to `target`, unless it is cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._cut = threading.Event()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._cut.set()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        self._cut.clear()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._server.accept()
            except OSError:
                return
            if self._cut.is_set():
                ours.close()
                continue
            threading.Thread(target=self._pass, args=(ours,), daemon=True).start()

    def _pass(self, ours: socket.socket) -> None:
        try:
            theirs = socket.create_connection(("127.0.0.1", self._target), timeout=PATIENCE_S)
        except OSError:
            ours.close()
            return
        theirs.settimeout(None)
        pair = {ours: theirs, theirs: ours}
        self._open |= set(pair)
        try:
            while True:
                for one in select.select(list(pair), [], [])[0]:
                    if not (data := one.recv(1 << 16)):
                        return
                    pair[one].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            self._open -= set(pair)
            for one in pair:
                one.close()

    def close(self) -> None:
        self.cut()
        self._server.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Grid:
    """`settings`: what a daemon needs in videod.toml."""

    def __init__(self, folder: Path, workers: int = 1, slots: int = 1, more: str = "") -> None:
        self.folder = folder
        self.tls = folder / "tls"
        self._videod("certificates", str(self.tls)).wait()
        self._port = _free_port()
        self.line = Line(self._port)
        self._slots = slots
        self.scheduler = self._start_scheduler()
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        for number in range(workers):
            self.start_worker(f"w{number}")
        self.settings = (
            f'[cluster]\naddress = "tls://127.0.0.1:{self.line.port}"\nca = "{self.tls}/ca.pem"\n'
            f'cert = "{self.tls}/client.pem"\nkey = "{self.tls}/client.key"\n{more}'
        )

    def _videod(self, *words: str) -> "subprocess.Popen[bytes]":
        self.folder.mkdir(parents=True, exist_ok=True)
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (self.folder / f"{words[0]}.log").open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "videod", "cluster", *words], env=env, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, cwd=self.folder, start_new_session=True,
            )  # fmt: skip

    def _start_scheduler(self) -> "subprocess.Popen[bytes]":
        return self._videod("scheduler", f"127.0.0.1:{self._port}", "--tls", str(self.tls))

    def start_worker(self, name: str, *more: str) -> None:
        self.workers[name] = self._videod(
            "worker", f"tls://127.0.0.1:{self._port}", "--tls", str(self.tls), "--name", name,
            "--folder", str(self.folder / name), "--slots", str(self._slots), "--listen", "127.0.0.1:0", *more,
        )  # fmt: skip

    def ready(self) -> None:
        """Until every worker has joined."""
        log = self.folder / "worker.log"
        until(lambda: log.exists() and log.read_text().count("tls://") >= len(self.workers), self.said)

    def said(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))

    def kill_worker(self, name: str) -> None:
        worker = self.workers[name]
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        self.start_worker(name)

    def kill_scheduler(self, away_s: float) -> None:
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()
        time.sleep(away_s)
        self.scheduler = self._start_scheduler()

    def close(self) -> None:
        self.line.close()
        for one in (*self.workers.values(), self.scheduler):
            one.kill()
            one.wait()
