"""A loopback proxy that spoils a share of the answers which pass through it, by the seed.

It stands between a real daemon and a simulated service. What it spoils was carried out: the simulated service has
done, and booked, it."""

import json
import random
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.harness import nonsense
from tests.harness.patience import PATIENCE_S

#: what a connection carries for itself
_OWN = {"connection", "content-length", "transfer-encoding", "host", "keep-alive", "accept-encoding", "date", "server"}
STATUSES = (200, 201, 204, 301, 302, 400, 401, 402, 403, 404, 408, 409, 418, 422, 425, 429, 500, 502, 503, 504, 529)
WAITS = ("inf", "-1", "nan", "1e400", "99999999999999999999", "1798600000000", "soon", "9" * 400, "0", "7", "86400",
         "Fri, 31 Dec 9999 23:59:59 GMT")  # fmt: skip


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay(), urllib.request.ProxyHandler({}))


class Mutating:
    """In front of `upstream`; of every answer the `share`-th part is spoiled. `done` counts what was done."""

    def __init__(self, name: str, upstream: str, share: float, seed: int) -> None:
        self.name, self.upstream, self.share = name, upstream.rstrip("/"), share
        self.done: Counter[str] = Counter()
        self._chance = random.Random(f"{seed} {name}")
        self._turn = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def serve(self) -> None:
                self.close_connection = True
                with suppress(OSError, HTTPException):  # one of the two ends left
                    proxy.pass_on(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve

        self._handler = Handler
        self.url = f"http://127.0.0.1:{self.open(0)}"

    def open(self, port: int) -> int:
        """Listen at this port, 0: at any; returns it."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Listen no longer: who connects is refused."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def pass_on(self, at: BaseHTTPRequestHandler) -> None:
        body = at.rfile.read(int(at.headers.get("Content-Length") or 0))
        if "chunked" in (at.headers.get("Transfer-Encoding") or ""):
            body = _chunks(at)
        headers = {name: value for name, value in at.headers.items() if name.lower() not in _OWN}
        status, told, answer = self._ask(at.command, at.path, headers, body)
        fields = {name: value for name, value in told.items() if name.lower() not in _OWN}
        # what leads back to the simulated service leads through here again
        answer = answer.replace(self.upstream.encode(), self.url.encode())
        fields = {name: value.replace(self.upstream, self.url) for name, value in fields.items()}
        with self._turn:
            status, fields, answer, length = self._spoiled(status, fields, answer)
        at.send_response(status)
        for name, value in fields.items():
            at.send_header(name, value)
        at.send_header("Content-Length", str(length))
        at.send_header("Connection", "close")
        at.end_headers()
        if at.command != "HEAD":
            at.wfile.write(answer)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, HTTPMessage, bytes]:
        request = urllib.request.Request(self.upstream + path, data=body or None, headers=dict(headers), method=method)
        try:
            with _OPENER.open(request, timeout=PATIENCE_S) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def _spoiled(self, status: int, fields: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes, int]:
        chance = self._chance
        if chance.random() >= self.share:
            self.done["passed"] += 1
            return status, fields, body, len(body)
        how = chance.choice(("status", "wait", "values", "values", "values", "keys", "cut", "short", "type", "other"))
        self.done[how] += 1
        if how == "status":
            status = chance.choice(STATUSES)
        elif how == "wait":
            status, fields = chance.choice((429, 503, 529)), fields | {"Retry-After": chance.choice(WAITS)}
        elif how in ("values", "keys"):
            body = _mutated(chance, body, how == "keys")
            fields = {name: chance.choice(WAITS) if _telling(name) else value for name, value in fields.items()}
        elif how == "short":
            return status, fields, body[: len(body) // 2], len(body)
        elif how == "cut":
            body = body[: chance.randrange(len(body) + 1)]
        elif how == "type":
            fields = {name: value for name, value in fields.items() if name.lower() != "content-type"}
            fields["Content-Type"] = chance.choice(("text/html", "text/plain; charset=martian", "image/png", "x"))
        else:
            body = nonsense.document(chance, ("code", "data", "id", "results", "error"))
        return status, fields, body, len(body)


def _telling(name: str) -> bool:
    return name.lower() in ("retry-after", "character-cost", "x-character-count", "range")


def _chunks(at: BaseHTTPRequestHandler) -> bytes:
    body = bytearray()
    while size := int(at.rfile.readline().split(b";")[0] or b"0", 16):
        body += at.rfile.read(size)
        at.rfile.readline()
    at.rfile.readline()
    return bytes(body)


def _mutated(chance: random.Random, body: bytes, drop: bool) -> bytes:
    """The JSON of `body` with one to three of its values replaced by nonsense, or (`drop`) left out."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body[: chance.randrange(len(body) + 1)]
    marks: dict[str, str] = {}
    for number in range(chance.randrange(1, 4)):
        places = list(_places(document))
        if not places:
            break
        holder, key = chance.choice(places)
        if drop:
            del holder[key]  # type: ignore[attr-defined]
        else:
            mark = f"@@{number}@@"
            marks[f'"{mark}"'] = nonsense.value(chance, 1)
            holder[key] = mark  # type: ignore[index]
    text = json.dumps(document)
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text.encode("utf-8", "surrogatepass")


def _places(document: object) -> list[tuple[object, object]]:
    found: list[tuple[object, object]] = []
    open_ones = [document]
    while open_ones and len(found) < 5_000:
        one = open_ones.pop()
        inner = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, value in inner:
            found.append((one, key))
            open_ones.append(value)
    return found


def base_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
