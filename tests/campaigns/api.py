"""Whatever can be made of the OpenAPI document, sent to a daemon with a full database: schemathesis over all its paths.

The requests go through a port of the campaign's own to the control socket, so that changes are asked for as well. The
document is that of the daemon; only the ids in its paths are narrowed to some that are there and one that is not, else
hardly any request would meet an episode. Cursors are narrowed to real ones, so that each other text must be refused.

python -m tests.campaigns api
"""

import argparse
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, say
from tests.cli.factory import fill
from tests.harness import control
from tests.harness.patience import until
from tests.live.stage import Stage, stage
from videod.core.tables import SERVICES
from videod.web import token

#: what may not be: each a check of schemathesis
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method",
    "allow_header_conformance",
)  # fmt: skip
#: what is too large is refused with 413, however it breaks the schema; and the stateful phase gives the cursor of one
#: episode's history to another's, which no schema forbids
_SETTINGS = """
[checks]
negative_data_rejection.expected-statuses = ["4xx"]
[phases.stateful.checks]
positive_data_acceptance.expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "429"]
"""
#: a request that is not answered by then hangs, seconds
HANG_S = 20
#: ids in the paths
IDS = 12
_KEPT = (
    "SELECT id FROM tasks", "SELECT id, status, youtube_url FROM tasks WHERE status = 'published'",
    "SELECT id FROM jobs", "SELECT id, micros FROM charges", "SELECT id FROM history", "SELECT id FROM attempts",
)  # fmt: skip


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        pass
    for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with suppress(OSError):
            end.shutdown(how)


@contextmanager
def a_port(path: Path) -> Iterator[int]:
    """A port of this host that leads to a Unix socket."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    carrying: list[threading.Thread] = []

    def serve() -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            carrying.append(threading.Thread(target=_carry, args=(caller, path), daemon=True))
            carrying[-1].start()

    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listening.close()
        for one in carrying:
            one.join()


def _carry(caller: socket.socket, path: Path) -> None:
    """One connection to its end, both ways."""
    with caller, socket.socket(socket.AF_UNIX) as inside:
        inside.connect(str(path))
        back = threading.Thread(target=_pump, args=(inside, caller), daemon=True)
        back.start()
        _pump(caller, inside)
        back.join()


def narrowed(document: dict, ids: list[str], pages: dict[str, list[str]]) -> dict:
    """The document with names in its paths of which some are there and one is not, and `pages`: path -> real cursors.

    A cursor goes with one order and one episode: those are narrowed as well.
    """
    for path, operations in document["paths"].items():
        known = [*SERVICES, "all", "fax"] if path.startswith("/api/services/") else [*ids, "nobody"]
        if "{id}" in path and path in pages:
            known = [ids[0], "nobody"]
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter.get("in") == "path":
                    parameter["schema"] = {"type": "string", "enum": known}
                elif path in pages and parameter.get("name") == "cursor":
                    parameter["schema"] = {"type": "string", "enum": pages[path]}
                elif parameter.get("name") == "sort":
                    parameter["schema"]["enum"] = [parameter["schema"]["default"]]
    return document


def _pages(state: Path, path: str, count: int = 5) -> list[str]:
    """The first cursors of a list."""
    found: list[str] = []
    for _ in range(count):
        after = f"&cursor={found[-1]}" if found else ""
        status, text = control.get(state, f"{path}?limit=2{after}")
        assert status == 200, text
        found.append(json.loads(text)["next_cursor"])
    return found


def _kept(database: Path) -> list[set[tuple[object, ...]]]:
    """What no request may take away."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        return [set(map(tuple, connection.execute(query))) for query in _KEPT]


def _run(folder: Path, options: argparse.Namespace) -> Result:
    with stage(folder) as made:
        made.state.mkdir(exist_ok=True)
        fill(made.state, options.tasks, time.time_ns() // 1_000_000).close()
        made.start()
        return _fuzz(made, folder, options)


def _fuzz(made: Stage, folder: Path, options: argparse.Namespace) -> Result:
    answering = made.state / "videod.sock"
    until(lambda: answering.exists() and control.get(made.state, "/ready")[0] == 200, made.log_tail)
    assert made.daemon is not None
    before, pid = _kept(made.database), made.daemon.pid
    document = json.loads(control.get(made.state, "/api/openapi.json")[1])
    tasks = json.loads(control.get(made.state, f"/api/tasks?limit={IDS}")[1])["tasks"]
    ids = [one["id"] for one in tasks]
    pages = {"/api/tasks": _pages(made.state, "/api/tasks")}
    pages["/api/tasks/{id}/history"] = _pages(made.state, f"/api/tasks/{ids[0]}/history")
    described = folder / "openapi.json"
    described.write_text(json.dumps(narrowed(document, ids, pages)))
    (folder / "schemathesis.toml").write_text(_SETTINGS)
    report = folder / "report.json"
    with a_port(answering) as port:
        done = _schemathesis(described, port, token.read(made.state), report, options)
    told = json.loads(report.read_text())
    assert done.returncode == 0, _failures(done.stdout)
    assert made.daemon.poll() is None and json.loads(control.get(made.state, "/health")[1])["pid"] == pid
    after = _kept(made.database)
    lost = [query for query, had, has in zip(_KEPT, before, after, strict=True) if had - has]
    assert not lost, lost
    bugs = [line for line in made.log.read_text().splitlines() if "api_request_failed" in line or "Traceback" in line]
    assert not bugs, "\n".join(bugs[:3])
    cases = told["test_cases"]
    return {
        "operations": told["operations"]["tested"], "requests": cases["generated"],
        "failures": cases["unique_failures"], "slowest_allowed_s": HANG_S, "tasks": len(after[0]),
        "changes": len(after[4]) - len(before[4]),
    }  # fmt: skip


def _failures(told: str) -> str:
    """What schemathesis says of its failures, long lines cut."""
    found = told.partition(" FAILURES ")[2].partition(" SUMMARY ")[0] or told
    return "\n".join(line[:300] for line in found.splitlines())


def _schemathesis(
    document: Path, port: int, secret: str, report: Path, options: argparse.Namespace
) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("schemathesis")
    argv = [
        str(program), "run", str(document), "--url", f"http://127.0.0.1:{port}", "--header", f"{token.HEADER}:{secret}",
        "--checks", ",".join(CHECKS), "--seed", str(options.seed), "--max-examples", str(options.examples),
        "--request-timeout", str(HANG_S), "--report-json-path", str(report), "--report", "json",
        # one thread: several make Python 3.11's own parser fail now and then
        "--generation-database", "none", "--suppress-health-check", "all", "--workers", "1", "--continue-on-failure",
        "--warnings", "off", "--phases", options.phases,
    ]  # fmt: skip
    env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()} | {"NO_COLOR": "1"}
    say(f"schemathesis, {options.examples} examples for each path")
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=env, cwd=document.parent)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--examples", type=int, default=50, help="requests of each kind for each path, default 50")
    parser.add_argument("--tasks", type=int, default=60, help="episodes of the database, default 60")
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful", help="of schemathesis")


CAMPAIGN = Campaign(
    "api", "schemathesis over every path of the API, against a daemon with a full database", _options, _run
)
