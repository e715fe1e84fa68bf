"""Every broken answer at every endpoint that the scripts and the daemon call, compared with the table of services.

python -m tests.campaigns http [--only "kie createTask"]
"""

import argparse
import logging
import random
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns import frame, http_daemon
from tests.campaigns.faulty import FAULTS, REQUEST_ID, Faulty
from tests.campaigns.http_cells import ENDPOINTS, Endpoint, Ran, Services, hurried, run, surroundings
from tests.campaigns.http_table import TABLE

#: what lasts is waited for this long; the deadlines that the scripts set themselves are compared with their steps'
HURRY_S = 0.25
LASTING = ("hang", "drip", "drip_head")
#: what a broken answer may take above what the program had before, MiB
MEMORY_MIB = 64
BULKY = ("huge", "bomb")
#: "429_wait" carries this Retry-After
WAIT_S = 7.0


@dataclass(frozen=True)
class Cell:
    endpoint: str
    fault: str
    wanted: str
    got: str
    complaints: tuple[str, ...]

    @property
    def right(self) -> bool:
        return self.wanted == self.got and not self.complaints


# ------------------------------------------------------------------------------------------- watching the process


class Connects:
    """Addresses that this process connected to, other than loopback, since the last look."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._thread = threading.current_thread()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            host = str(arguments[1][0])
            if host not in ("127.0.0.1", "localhost", "::1"):
                self._seen.append(host)

    def look(self) -> list[str]:
        seen, self._seen = self._seen, []
        return seen


_connects: list[Connects] = []


def strangers() -> list[str]:
    """Hosts outside this machine that were connected to since the last call; an audit hook can only be set once."""
    if not _connects:
        _connects.append(Connects())
    return _connects[0].look()


@contextmanager
def peak() -> Iterator[list[float]]:
    """Yields a list that afterwards holds by how much the memory of this process had grown at its peak, MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    before, grown = _kib("VmRSS"), []
    yield grown
    grown.append((_kib("VmHWM") - before) / 1024)


def _kib(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


# ------------------------------------------------------------------------------------------- the scripts' cells


def cells(endpoint: Endpoint, folder: Path, faults: list[str] | None = None) -> Iterator[Cell]:
    """The row of one endpoint of the scripts; `faults` limits it."""
    services = Services()
    server = Faulty(services)
    services.url, services.poor, services.expired = server.url, endpoint.poor, endpoint.expired
    row = TABLE[endpoint.name]
    try:
        for fault in faults or [*FAULTS, "nobody"]:
            if fault == "nobody" and not endpoint.urls:
                continue
            place = folder / f"{endpoint.name} {fault}".replace(" ", "-")
            place.mkdir()
            yield _cell(server, endpoint, fault, row[fault], place)
    finally:
        server.close()


def _cell(server: Faulty, endpoint: Endpoint, fault: str, wanted: str, folder: Path) -> Cell:
    server.set(None if fault == "nobody" else fault, endpoint.spot)
    strangers()
    nobody = endpoint.urls if fault == "nobody" else ()
    with surroundings(server, nobody), hurried(HURRY_S if fault in LASTING else 600), peak() as grown:
        ran = run(endpoint, folder)
    found = []
    if server.outlasted:
        found.append("it outlasted the patience of the server: it has no bound of its own")
    if fault in BULKY and grown[0] > MEMORY_MIB:
        found.append(f"it took {grown[0]:.0f} MiB")
    found += [f"it connected to {host}" for host in strangers()]
    if fault != "nobody" and not server.struck:
        found.append("the fault never struck")
    if ran.code:
        found += _told(endpoint, fault, ran)
    if endpoint.paid:
        found += _money(server, endpoint, ran, folder)
    return Cell(endpoint.name, fault, wanted, ran.outcome, tuple(found))


def _told(endpoint: Endpoint, fault: str, ran: Ran) -> list[str]:
    """What is missing in the failure event: service, endpoint, status and request id where there was an answer."""
    failure, found = ran.failure, []
    if failure.get("service") != endpoint.service:
        found.append(f"service is {failure.get('service')}")
    if not re.fullmatch(re.escape(endpoint.shown).replace(r"\*", ".*"), str(failure.get("endpoint"))):
        found.append(f"endpoint is {failure.get('endpoint')}")
    status = fault.split("_")[0]
    if status.isdecimal() and not endpoint.poor:
        if failure.get("http_status") != int(status):
            found.append(f"http_status is {failure.get('http_status')}")
        if failure.get("request_id") != REQUEST_ID:
            found.append(f"request_id is {failure.get('request_id')}")
    if fault == "429_wait" and failure["kind"] == "busy" and failure.get("retry_after_s") != WAIT_S:
        found.append(f"retry_after_s is {failure.get('retry_after_s')}")
    if not str(failure.get("message")).strip():
        found.append("it has no message")
    return found


def _money(server: Faulty, endpoint: Endpoint, ran: Ran, folder: Path) -> list[str]:
    """A doubt stays on disk and is not bought away by running again; a certain failure leaves nothing behind."""
    kept = {"in_doubt": "intent", "done": "received"}.get(ran.outcome)
    found = [] if ran.paper == kept else [f"its receipt says {ran.paper}, not {kept}"]
    if ran.outcome in ("in_doubt", "done"):
        server.set(None)
        with surroundings(server):
            again = run(endpoint, folder)
        if server.times(endpoint.spot):
            found.append("the next run ordered once more")
        if again.outcome != ran.outcome:
            found.append(f"the next run ends as {again.outcome}")
    return found


# ------------------------------------------------------------------------------------------- the campaign


def deadlines(folder: Path) -> list[tuple[str, str, float]]:
    """(endpoint's row, endpoint as called, seconds it is given) of every call that a good run of each script makes."""
    found: list[tuple[str, str, float]] = []
    for endpoint in ENDPOINTS:
        services = Services()
        server = Faulty(services)
        services.url, services.poor, services.expired = server.url, endpoint.poor, endpoint.expired
        place = folder / f"good {endpoint.name}".replace(" ", "-")
        place.mkdir()
        try:
            with surroundings(server), hurried(600) as asked:
                run(endpoint, place)
        finally:
            server.close()
        found += [(endpoint.name, called, seconds) for called, seconds in asked]
    return found


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="", help='one row of the matrix, such as "kie createTask"')


def _run(folder: Path, given: argparse.Namespace) -> frame.Result:
    logging.getLogger("videod").addHandler(logging.NullHandler())  # what goes wrong here is meant to
    random.seed(given.seed)
    wrong, number = [], 0
    for row, made in _rows(folder, given.only):
        right = 0
        for cell in made:
            number += 1
            right += cell.right
            if not cell.right:
                wrong.append(cell)
                frame.say(f"WRONG {cell.endpoint}, {cell.fault}: {cell.got}, not {cell.wanted} {cell.complaints}")
        frame.say(f"{row}: {right} right")
    assert number, f"there is no row {given.only!r}"
    assert not wrong, f"{len(wrong)} of {number} cells are wrong"
    return {"endpoints": len(TABLE), "cells": number, "wrong": 0}


def _rows(folder: Path, only: str) -> Iterator[tuple[str, Iterator[Cell]]]:
    for endpoint in ENDPOINTS:
        if only in ("", endpoint.name):
            yield endpoint.name, cells(endpoint, folder)
    for name in http_daemon.ROWS:
        if only in ("", name):
            yield name, http_daemon.cells(name, folder, Cell, strangers, peak)


CAMPAIGN = frame.Campaign(
    "http", "every broken answer at every endpoint, against the table of services", _options, _run
)
