"""A server that gives good answers, except where it is asked to give them in one of the ways in which wires break.

Faults are functions over the raw connection, so that every byte (and every byte that is missing) is meant. A fault
that lasts (a hang, a drip) lasts until the cell is over: a client that ends first has a bound of its own.
"""

import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: a lasting fault gives up after this, seconds: then the client had no bound
PATIENCE_S = 20.0
DRIP_S = 0.02
HUGE_BYTES = 230 << 18
PIECE = b" " * (1 << 18)
#: what a metadata service of a cloud is called, and a file that every machine has
INSIDE, LOCAL_FILE = "http://169.254.169.254/latest/meta-data/", "file:///etc/hostname"
REQUEST_ID = "req-77"
HTML = b"<!DOCTYPE html><html><head><title>Oh no</title></head><body><h1>Bad luck</h1></body></html>"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Good:
    """A good answer."""

    body: bytes = b""
    status: int = 200
    mime: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def told(value: object, status: int = 200, **headers: str) -> Good:
    return Good(json.dumps(value).encode(), status, headers=headers)


Answer = Callable[[Asked], Good]


class Connection(BaseHTTPRequestHandler):
    """One connection of `Faulty`; `plan` is the server."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S

    @property
    def plan(self) -> "Faulty":
        assert isinstance(self.server, _Server)
        return self.server.plan

    def log_message(self, *_: object) -> None:
        pass

    def parse_request(self) -> bool:
        """Also the place to break the connection before the request was read."""
        words = self.raw_requestline.split()
        spot = (words[0].decode(), urlsplit(words[1].decode()).path) if len(words) > 1 else ("", "")
        if self.plan.strikes(*spot, "reset_unread"):
            self.plan.struck += 1
            self.reset()
            return False
        return super().parse_request()

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, urlsplit(self.path).path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.close_connection = True
        good = self.plan.answer(asked)
        fault = self.plan.fault if self.plan.strikes(asked.method, asked.path) else None
        try:
            if fault is None:
                self.send(good.body, good.status, good.mime, **good.headers)
            else:
                self.plan.struck += 1
                FAULTS[fault](self, good)
        except OSError:
            pass  # the client left first, as it should

    do_GET = do_POST = do_PUT = do_PATCH = serve

    def head(self, status: int, mime: str, **headers: str) -> None:
        """`_` in a header's name stands for a hyphen."""
        self.send_response(status)
        for name, value in {"Content-Type": mime, "Connection": "close", "X-Request-Id": REQUEST_ID, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, body: bytes, status: int = 200, mime: str = "application/json", **headers: str) -> None:
        self.head(status, mime, Content_Length=str(len(body)), **headers)
        self.wfile.write(body)

    def reset(self) -> None:
        """Close so that the other side sees a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def last(self, pause_s: float = PATIENCE_S) -> bool:
        """Wait; True while the cell continues and the client may still be there."""
        over = self.plan.over.wait(pause_s)
        if not over and pause_s == PATIENCE_S:
            self.plan.outlasted += 1
        return not over


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    plan: "Faulty"

    def handle_error(self, *_: object) -> None:
        """A client that leaves is no error of the server's."""


class Faulty:
    """`answer` gives the good answers; `fault` spoils those of "METHOD /path" (a pattern), from the `skip`-th on."""

    def __init__(self, answer: Answer) -> None:
        self._good = answer
        self.asked: list[Asked] = []
        self.fault: str | None = None
        self.endpoint = ""
        self.skip = 0
        self.struck = 0
        self.outlasted = 0
        self.over = threading.Event()
        self._seen = 0
        self._server = _Server(("127.0.0.1", 0), Connection)
        self._server.plan = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def set(self, fault: str | None, endpoint: str = "", skip: int = 0) -> None:
        """Begin a cell; what lasts from the last one ends."""
        self.over.set()
        self.over = threading.Event()
        self.fault, self.endpoint, self.skip = fault, endpoint, skip
        self._seen = self.struck = self.outlasted = 0
        self.asked.clear()

    def strikes(self, method: str, path: str, only: str | None = None) -> bool:
        """Whether the fault in force strikes this request. `reset_unread` strikes early, all others late."""
        early = self.fault == "reset_unread"
        if self.fault is None or early != (only == "reset_unread") or not fnmatch(f"{method} {path}", self.endpoint):
            return False
        self._seen += 1
        return self._seen > self.skip

    def answer(self, asked: Asked) -> Good:
        self.asked.append(asked)
        return self._good(asked)

    def times(self, endpoint: str) -> int:
        """How many requests were read that fit the pattern."""
        return sum(fnmatch(f"{one.method} {one.path}", endpoint) for one in self.asked)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


# ---------------------------------------------------------------------------------------------------- the faults


def _status(status: int, body: bytes = HTML, mime: str = "text/html", **headers: str) -> "Fault":
    def strike(at: Connection, _: Good) -> None:
        at.send(body, status, mime, **headers)

    return strike


def _hang(at: Connection, _: Good) -> None:
    at.last()


def _drip(at: Connection, good: Good) -> None:
    at.head(good.status, good.mime, Content_Length=str(10_000_000))
    for _ in range(int(PATIENCE_S / DRIP_S)):
        at.wfile.write(b" ")
        if not at.last(DRIP_S):
            return
    at.plan.outlasted += 1


def _drip_head(at: Connection, _: Good) -> None:
    at.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(int(PATIENCE_S / DRIP_S)):
        at.wfile.write(b"X-%d: y\r\n" % number)
        if not at.last(DRIP_S):
            return
    at.plan.outlasted += 1


def _reset_read(at: Connection, _: Good) -> None:
    at.reset()


def _cut_length(at: Connection, good: Good) -> None:
    at.head(good.status, good.mime, Content_Length=str(len(good.body) + 100), **good.headers)
    at.wfile.write(good.body[: len(good.body) // 2])


def _cut_chunks(at: Connection, good: Good) -> None:
    half = good.body[: len(good.body) // 2] or b" "
    at.head(good.status, good.mime, Transfer_Encoding="chunked", **good.headers)
    at.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))


def _cut_close(at: Connection, good: Good) -> None:
    """No length is stated: the half looks whole."""
    at.head(good.status, good.mime, **good.headers)
    at.wfile.write(good.body[: len(good.body) // 2])


def _other(body: bytes, mime: str = "application/json") -> "Fault":
    def strike(at: Connection, good: Good) -> None:
        at.send(body, 200, mime)

    return strike


def _mislabelled(at: Connection, good: Good) -> None:
    at.send(good.body, good.status, "text/plain; charset=us-ascii", **good.headers)


def _huge(at: Connection, good: Good) -> None:
    at.head(200, good.mime, Content_Length=str(HUGE_BYTES))
    for _ in range(HUGE_BYTES // len(PIECE)):
        at.wfile.write(PIECE)


@cache
def _packed() -> bytes:
    """About 128 KB that become 128 MiB."""
    packer = zlib.compressobj(6, wbits=31)
    return b"".join(packer.compress(PIECE) for _ in range((128 << 20) // len(PIECE))) + packer.flush()


def _bomb(at: Connection, good: Good) -> None:
    at.send(_packed(), 200, good.mime, Content_Encoding="gzip")


Fault = Callable[[Connection, Good], None]

FAULTS: dict[str, Fault] = {
    "429_wait": _status(429, b'{"message": "slow down"}', "application/json", Retry_After="7"),
    "429_bare": _status(429, b"{}", "application/json"),
    "429_html": _status(429),
    "408": _status(408),
    "500": _status(500),
    "502": _status(502),
    "503": _status(503),
    "504": _status(504),
    "529": _status(529),
    "hang": _hang,
    "drip": _drip,
    "drip_head": _drip_head,
    "reset_unread": _reset_read,
    "reset_read": _reset_read,
    "cut_length": _cut_length,
    "cut_chunks": _cut_chunks,
    "cut_close": _cut_close,
    "wrong_type": _other(b'["what", "is", "this"]'),
    "malformed": _other(b'{"unfinished": ['),
    "deep": _other(b"[" * 100_000),
    "empty": _other(b""),
    "page": _other(HTML, "text/html"),
    "mislabelled": _mislabelled,
    "huge": _huge,
    "bomb": _bomb,
    "to_file": _status(302, b"", Location=LOCAL_FILE),
    "to_inside": _status(307, b"", Location=INSIDE),
}
