"""The loopback address to which Google's consent page sends the browser: one answer counts, whoever else connects.

Browsers open connections ahead of need and leave them silent, and anybody on this host can connect. So every
connection has a thread of its own and some seconds for its request, however it trickles; the oldest gives way where
there are too many, and none is waited for at the end. Only requests in this address's own name are answered.
"""

import hmac
import html
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scripts.lib.failures import Failure, Kind

ADDRESS = "127.0.0.1"
#: connections at once; the oldest of more is closed
MOST_CONNECTIONS = 64
#: the names by which the browser may call this address; it was reported the first one
NAMES = (ADDRESS, "localhost")
#: a connection that has not sent its request by then is closed, seconds; the next word of it must come in SILENT_S
REQUEST_S, SILENT_S = 30.0, 15.0
#: a connection that the host had no descriptor for is tried again after so long, seconds
PAUSE_S = 0.1
#: an authorization code is some 70 characters, an error of OAuth a short word (RFC 6749, 4.1.2.1)
CODE_CHARACTERS, ERROR_CHARACTERS = 2048, 60


class Arrival:
    """What the browser brought back; filled once, by the first request with the right state.

    `settle(code)` gives the sentence for the person at the browser: what became of the consent. It raises nothing.
    """

    def __init__(self, settle: Callable[[str], str] | None = None) -> None:
        self.code: str | None = None
        self.error: str | None = None
        self._settle = settle
        self._sentence = "videod may now upload"
        self._lock = threading.Lock()
        self._told = threading.Event()

    def take(self, query: dict[str, list[str]]) -> str | None:
        """Keep the answer; the sentence for the person at the browser, None where it is no answer."""
        code, error = _code(query), _error(query)
        with self._lock:
            if code is None and error is None:
                return None
            if self.code is None and self.error is None:
                self.code, self.error = code, None if code is not None else error
                if code is not None and self._settle is not None:
                    self._sentence = self._settle(code)
            return self._sentence if self.code is not None else f"Google says: {self.error}"

    def told(self) -> None:
        """The person at the browser has read what became of it: whoever waits may go on."""
        self._told.set()

    def wait(self, timeout_s: float) -> None:
        """Until there is an answer, or no longer than this."""
        self._told.wait(timeout_s)


def _code(query: dict[str, list[str]]) -> str | None:
    given = query.get("code", [""])[0]
    fits = 0 < len(given) <= CODE_CHARACTERS and given.isascii() and given.isprintable()
    return given if fits else None


def _error(query: dict[str, list[str]]) -> str | None:
    """A word of OAuth; of anything else, which may be anybody's text, only its letters."""
    if "error" not in query:
        return None
    return re.sub(r"[^a-z0-9_.-]+", "_", query["error"][0][:ERROR_CHARACTERS].lower()).strip("_") or "unknown_error"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        #: connections that have not sent their request yet, the oldest first, with the time they came (steady clock)
        self._open: dict[int, tuple[socket.socket, float]] = {}
        self._guard = threading.Lock()
        super().__init__((ADDRESS, port), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:
            time.sleep(PAUSE_S)  # a host without descriptors would be asked again at once, forever
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            if len(self._open) >= MOST_CONNECTIONS:
                _wake(self._open.pop(next(iter(self._open)))[0])
            self._open[id(request)] = (request, time.monotonic())
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Called after each look for new connections."""
        late = time.monotonic() - REQUEST_S
        with self._guard:
            for key in [key for key, (_, began) in self._open.items() if began < late]:
                _wake(self._open.pop(key)[0])

    def has_asked(self, request: Any) -> None:
        """Its request is here: from now on it waits for us."""
        with self._guard:
            self._open.pop(id(request), None)

    def shutdown_request(self, request: Any) -> None:
        self.has_asked(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a connection that broke is no news, and its traceback could hold the code."""


def _wake(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)  # its thread wakes up and closes it


def _in_our_name(hosts: list[str] | None) -> bool:
    """Whether the one Host header names this address, with whatever port (a tunnel may have another)."""
    if hosts is None or len(hosts) != 1:
        return False
    name, _, port = hosts[0].strip().lower().partition(":")
    return name in NAMES and (port.isdecimal() or not port)


def _handler(state: str, arrival: Arrival) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        timeout = SILENT_S

        def do_GET(self) -> None:
            if isinstance(self.server, _Server):
                self.server.has_asked(self.request)
            if not _in_our_name(self.headers.get_all("Host")):
                self._say(403, "This address answers only in its own name.")
                return
            try:
                query = parse_qs(urlsplit(self.path).query)
            except ValueError:
                query = {}
            if not hmac.compare_digest(query.get("state", [""])[0].encode(errors="replace"), state.encode()):
                self._say(404, "This is not the answer that videod waits for.")
                return
            told = arrival.take(query)
            if told is None:
                self._say(400, "The answer contains neither a code nor an error.")
                return
            try:
                self._say(200, f"{told}. You can close this window.")
            finally:
                arrival.told()

        def _say(self, status: int, text: str) -> None:
            body = f"<!doctype html><meta charset=utf-8><title>videod</title><p>{html.escape(text)}".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the request line holds the code."""

    return Answer


@contextmanager
def listening(port: int, state: str, arrival: Arrival) -> Iterator[int]:
    """Wait on loopback for the answer that carries `state`; yields the port (`port` 0 is any free one).

    Raises Failure(configuration) where the port cannot be used.
    """
    try:
        server = _Server(port, _handler(state, arrival))
    except OSError as error:
        raise Failure(Kind.CONFIGURATION, f"port {port} cannot be used: {error.strerror}") from error
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
