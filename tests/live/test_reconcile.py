"""kill -9 of the daemon and its script between a request and its answer: the simulated service's balance settles what
became."""

import http.client
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.harness.patience import PATIENCE_S, happened, run
from tests.live.creator import Creator
from tests.live.stage import Stage
from videod.core.statuses import LABELS, Status

pytestmark = [pytest.mark.live, pytest.mark.long]

CREATE = "/api/v1/jobs/createTask"


class Door:
    """Stands before KIE and passes everything on, but for the `nth` order: that one it swallows, or hands over and
    keeps the answer to itself."""

    def __init__(self, behind: str, nth: int, hands_over: bool) -> None:
        self._behind = urlsplit(behind).netloc
        self._left = nth
        self._hands_over = hands_over
        self.shut = threading.Event()
        self._closing = threading.Event()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def _serve(self) -> None:
                door.serve(self)

            do_GET = do_POST = _serve

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        kept = False
        if request.path == CREATE:
            self._left -= 1
            kept = self._left == 0
        if not kept or self._hands_over:
            status, answer = self._pass_on(request, body)
        if kept:
            self.shut.set()
            self._closing.wait()
            return
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        with closing(http.client.HTTPConnection(self._behind, timeout=PATIENCE_S)) as there:
            there.request(request.command, request.path, body, headers)
            answer = there.getresponse()
            return answer.status, answer.read()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _stage(folder: Path) -> Stage:
    never = {"rebuy_ceiling_usd": 0.0}
    return Stage(folder, never, settings="[services.kie]\nconcurrency = 1\n")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stage]:
    stage = _stage(tmp_path / "stage")
    try:
        yield stage
    finally:
        stage.close()


def _kill_all(made: Stage) -> None:
    """The daemon and the script that pays, at once."""
    made.kill()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"generate_video.py" in line and str(made.state.resolve()).encode() in line:
                os.kill(int(entry.name), signal.SIGKILL)


def _killed_at_the_second_order(made: Stage, hands_over: bool) -> str:
    """An episode whose second clip was ordered when everything was killed; the daemon runs again. Its page's id."""
    behind = made.env["VIDEOD_URL_KIE"]
    door = Door(behind, 2, hands_over)
    try:
        made.env["VIDEOD_URL_KIE"] = door.url
        made.start()
        made.person().write_entries([("wild_planet", ("Crossing", "brown bears", "An old bear crosses a river."))])
        happened(door.shut)
        _kill_all(made)
    finally:
        door.close()
    made.env["VIDEOD_URL_KIE"] = behind
    assert not made.rows("SELECT 1 FROM history WHERE event = 'NothingBought'")
    made.start()
    (row,) = made.rows("SELECT page_id FROM tasks")
    return str(row["page_id"])


def _doubts(made: Stage) -> int:
    (row,) = made.rows("SELECT possibly_paid_twice FROM tasks")
    return int(row["possibly_paid_twice"])


@pytest.mark.whole
def test_an_order_that_was_never_taken_is_placed_again_for_nothing_and_without_a_person(made: Stage) -> None:
    _killed_at_the_second_order(made, hands_over=False)
    made.wait_for("published")
    made.wait_until_told()
    (settled,) = made.rows("SELECT body FROM history WHERE event = 'NothingBought'")
    assert "KIE's balance shows that nothing was bought" in settled["body"]
    assert (_doubts(made), dict(made.bought_twice())) == (0, {})
    assert not made.rows("SELECT 1 FROM attempts WHERE outcome = 'in_doubt'")
    assert sum(charge["kind"] == "clip" for charge in made.charges()) == 2
    command = [sys.executable, "-m", "videod", "audit", "--state", str(made.state), "--config", str(made.config)]
    proof = run(command, env=made.env)
    assert (proof.returncode, proof.stdout.splitlines()[-1]) == (0, "All records agree."), proof.stdout
    assert made.stop() == 0


def test_an_order_that_was_taken_stays_in_doubt_and_is_placed_again_only_by_a_person_and_counted(made: Stage) -> None:
    page = _killed_at_the_second_order(made, hands_over=True)
    made.wait_for("error_video")
    creator = Creator(made)
    try:
        card = creator.wait(page, Status.ERROR_VIDEO, Error_Log="KIE's balance shows that it was paid")
        assert "credits used since 20" in card["Error Log"]
        assert (_doubts(made), dict(made.bought_twice())) == (0, {})
        creator.edit(page, Status=LABELS[Status.QUEUED])
        made.wait_for("published")
    finally:
        creator.close()
    assert (_doubts(made), sum(made.bought_twice().values())) == (1, 1)
    assert not made.rows("SELECT 1 FROM history WHERE event = 'NothingBought'")
    assert made.stop() == 0
