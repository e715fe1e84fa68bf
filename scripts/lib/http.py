"""HTTP for scripts: one request, one total deadline, one cap on what comes back.

A time limit of httpx covers single reads only, so a server that sends a byte now and then holds a script forever.
Here a timer shuts the socket down when the deadline passes, whatever the exchange is doing (looking up a name
excepted, which has the resolver's own limits). Each request uses its own connection: scripts talk seldom.

Whether a request may be repeated depends on one thing, so the errors keep it apart: `Failure` (down) is raised when
it provably never left, `AnswerLost` when it may have been done; `departures` counts those that left. Redirects are
followed for downloads only, and never into this machine or its network. Answers are asked for as they are; see
`packed` for those that come otherwise.
"""

import ipaddress
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from scripts.lib import answers, bounds, origins, packed
from scripts.lib.failures import AnswerLost, Failure, Kind, strike

if TYPE_CHECKING:  # httpx takes 60-200 ms to import: `--help` and local work do without
    import ssl

    import httpx

AGENT = "videod/0.1"
CONNECT_S = 15.0
SILENCE_S = 60.0
#: An answer without media is some kilobytes; what is larger is not held in memory.
ANSWER_CAP = 4 << 20
#: of a body, as much is looked at for an excerpt
EXCERPT_BYTES = 1 << 16
#: A download slower than this over a whole window of SLOW_WINDOW_S is given up: it would outlast every deadline.
SLOW_BYTES_PER_S = 4096
SLOW_WINDOW_S = 30.0
#: requests of this process that began to be sent, a CONNECT to a proxy left out
_departed = 0
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
REQUEST_IDS = ("request-id", "x-request-id", "x-goog-request-id", "cf-ray")


@dataclass(frozen=True)
class Form:
    """A multipart body: one file under `field` and plain fields beside it."""

    field: str
    filename: str
    data: bytes
    mime: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """A complete answer of any status. `headers` has lower-case names."""

    service: str
    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        told = next((self.headers[name] for name in REQUEST_IDS if name in self.headers), None)
        return None if told is None else bounds.text(strike(told), 200)

    def json(self) -> answers.Json:
        """The body as JSON. Raises AnswerLost (nonsense) when it is none: what was done for it is not readable."""
        try:
            return answers.parse(self.body)
        except ValueError as error:
            raise AnswerLost(
                Kind.NONSENSE, f"the answer is no JSON: {self.excerpt(80)!r}", service=self.service,
                endpoint=self.endpoint, http_status=self.status, request_id=self.request_id,
            ) from error  # fmt: skip

    def json_or_none(self) -> answers.Json:
        try:
            return answers.parse(self.body)
        except ValueError:
            return None

    def excerpt(self, limit: int = 200) -> str:
        """The body as one short line of text, for error messages; secrets go before it is cut."""
        return " ".join(strike(self.body[:EXCERPT_BYTES].decode("utf-8", "replace")).split())[:limit]

    def told(self) -> bytes:
        """The body for whoever reads its words: no text of it holds a secret, and none was cut."""
        try:
            return json.dumps(_struck(answers.parse(self.body))).encode()
        except (ValueError, RecursionError):  # no JSON, or nested endlessly
            return strike(self.body.decode("utf-8", "replace")).encode("utf-8", "replace")

    def failure(
        self, kind: Kind, message: str, *, code: str | None = None, retry_after_s: float | None = None,
        next_step: str | None = None,
    ) -> Failure:  # fmt: skip
        return Failure(kind, message, service=self.service, endpoint=self.endpoint, http_status=self.status, code=code,
                       request_id=self.request_id, retry_after_s=retry_after_s, next_step=next_step)  # fmt: skip

    def lost(self, message: str, kind: Kind = Kind.DOWN) -> AnswerLost:
        return AnswerLost(kind, message, service=self.service, endpoint=self.endpoint, http_status=self.status,
                          request_id=self.request_id)  # fmt: skip

    @property
    def is_page(self) -> bool:
        """Whether the body is a text for people: some gateway's, and not the media that was asked for."""
        return self.body.lstrip()[:1] == b"<"

    def retry_after_s(self) -> float | None:
        """The wait that a Retry-After header asks for, in seconds or as a date, seconds; None for none or nonsense."""
        return bounds.wait_s(self.headers.get("retry-after"), round(time.time() * 1000))


def _struck(value: answers.Json) -> answers.Json:
    if isinstance(value, str):
        return strike(value)
    if isinstance(value, list):
        return [_struck(one) for one in value]
    return {strike(name): _struck(one) for name, one in value.items()} if isinstance(value, dict) else value


def departures() -> int:
    """How many requests of this process began to leave it."""
    return _departed


def _count_departure() -> None:
    global _departed  # noqa: PLW0603 - a script is one process with one order on its way
    _departed += 1


def _method(info: Mapping[str, object]) -> object:
    return getattr(info.get("request"), "method", None)


class _Watchdog:
    """Shuts the connection's socket down when the deadline passes. `left`: the request itself began to be sent."""

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self.expired = False
        self.left = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(deadline_s, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> "_Watchdog":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._socket = None

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """httpx's trace hook: learn the socket as soon as there is one, and that the request leaves."""
        # the CONNECT to a proxy goes this way too, and carries nothing of ours
        if event == "http11.send_request_headers.started" and _method(info) != b"CONNECT":
            self.left = True
            _count_departure()
        if event not in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            return
        lookup = getattr(info["return_value"], "get_extra_info", None)
        found = lookup("socket") if callable(lookup) else None
        if isinstance(found, socket.socket):
            self._socket = found
            if self.expired:
                self._shut()

    def _expire(self) -> None:
        self.expired = True
        self._shut()

    def _shut(self) -> None:
        held = self._socket
        if held is not None:
            try:
                # the descriptor's own shutdown also works on a TLS socket, without its closing handshake
                socket.socket.shutdown(held, socket.SHUT_RDWR)
            except OSError:
                return  # it was closed in the same instant


@dataclass(frozen=True)
class Service:
    """One service's address and the headers that each request to it carries."""

    name: str
    base: str
    headers: Mapping[str, str]

    def send(
        self, method: str, path: str, *, deadline_s: float, json: answers.Json = None, content: bytes | None = None,
        form: Form | None = None, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None,
        cap: int = ANSWER_CAP, endpoint: str | None = None,
    ) -> Reply:  # fmt: skip
        """Send one request and take the whole answer, of any status.

        `path` may also be a whole URL; then `endpoint` is the name that errors show in its place. Raises Failure
        (down) when the request was certainly not taken, AnswerLost when it may have been.
        """
        shown = endpoint or f"{method} {path}"
        whole = self.base.rstrip("/") + path if path.startswith("/") else path
        if whole == path and not origins.belongs(whole, self.base):
            # its headers hold a key, which goes to nobody else, whoever said so
            text = f"the address is outside of {_host(self.base)}. Nothing was sent there"
            raise Failure(Kind.NONSENSE, text, service=self.name, endpoint=shown)
        wire: dict[str, object] = {"headers": {**self.headers, **(headers or {})}}
        if params:
            wire["params"] = params
        if json is not None:
            wire["json"] = json
        if content is not None:
            wire["content"] = content
        if form is not None:
            wire["files"] = {form.field: (form.filename, form.data, form.mime)}
            wire["data"] = dict(form.fields)
        body = bytearray()
        call = _Call(self.name, shown, method, whole, wire, deadline_s, cap, follow=False)
        status, answered = _exchange(call, lambda _status: body.extend)
        return Reply(self.name, shown, status, answered, bytes(body))


@dataclass(frozen=True)
class _Call:
    service: str
    endpoint: str
    method: str
    url: str
    wire: dict[str, object]
    deadline_s: float
    cap: int
    follow: bool
    #: for downloads, the address of the service that gave the link
    home: str = ""

    def lost(self, message: str, kind: Kind = Kind.DOWN) -> AnswerLost:
        return AnswerLost(kind, message, service=self.service, endpoint=self.endpoint)

    def unsent(self, kind: Kind, message: str) -> Failure:
        return Failure(kind, message, service=self.service, endpoint=self.endpoint)


def download(url: str, stream: BinaryIO, *, service: str, deadline_s: float, cap: int, home: str) -> Reply:
    """Write the media at `url` into `stream` (of a 200 only); the answer's body holds the text of any other status.

    `home` is the address of the service that gave the link. Raises AnswerLost when the body was cut short, too large,
    too slow or late, or the link leads where it must not, Failure when nothing was reached.
    """
    spoiled = bytearray()

    def sink(status: int) -> Callable[[bytes], object]:
        return stream.write if status == 200 else spoiled.extend

    call = _Call(service, "GET result file", "GET", url, {}, deadline_s, cap, follow=True, home=home)
    status, headers = _exchange(call, sink)
    return Reply(service, call.endpoint, status, headers, bytes(spoiled))


@cache
def _trust() -> "ssl.SSLContext":
    """Reading the certificates takes longer than a request: once is enough for a script that polls."""
    import httpx

    return httpx.create_ssl_context()


def _client(call: _Call) -> "httpx.Client":
    import httpx

    # a picture may take a minute before its first byte; a download that falls silent is dead
    silence_s = min(SILENCE_S, call.deadline_s) if call.follow else call.deadline_s
    return httpx.Client(
        verify=_trust(),
        timeout=httpx.Timeout(silence_s, connect=min(CONNECT_S, call.deadline_s)),
        headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
        follow_redirects=call.follow,
        max_redirects=5,
        limits=httpx.Limits(max_keepalive_connections=0),
        event_hooks={"request": [lambda request: _vet(request.url, call)] if call.follow else []},
        transport=_pinned(call) if call.follow else None,
        # a proxy of the environment must not swallow calls to simulated services on this machine
        trust_env=urlsplit(call.url).hostname not in {"127.0.0.1", "localhost", "::1"},
    )


def _exchange(call: _Call, sink: Callable[[int], Callable[[bytes], object]]) -> tuple[int, dict[str, str]]:
    import httpx

    watchdog = _Watchdog(call.deadline_s)
    try:
        with watchdog, _client(call) as client:
            request = client.build_request(call.method, call.url, **call.wire)  # type: ignore[arg-type]
            request.extensions["trace"] = watchdog.trace
            answer = client.send(request, stream=True)
            try:
                pieces = _unpacked(answer.iter_raw(), answer.headers.get("content-encoding", ""), call)
                _take(pieces, sink(answer.status_code), call)
            finally:
                answer.close()
            if watchdog.expired:  # a body without a stated length ends quietly when its socket is shut
                raise call.lost(_late(call))
            return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}
    except httpx.ProxyError as error:
        raise _refused_by_proxy(call, error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise call.unsent(Kind.DOWN, f"cannot connect to {_host(call.url)}: {_why(error)}") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError, ValueError) as error:
        # what cannot be written down never leaves; the error's own words may hold a key
        if watchdog.left and not isinstance(error, httpx.LocalProtocolError):
            raise call.lost(f"the answer cannot be read: {type(error).__name__}", Kind.NONSENSE) from None
        text = f"the request to {_host(call.url)!r} cannot be written: {type(error).__name__}"
        raise call.unsent(Kind.CONFIGURATION, text) from None
    except (httpx.TransportError, httpx.DecodingError, httpx.TooManyRedirects) as error:
        what = _late(call) if watchdog.expired else f"the connection broke: {_why(error)}"
        raise (call.lost(what) if watchdog.left else call.unsent(Kind.DOWN, what)) from error


def _refused_by_proxy(call: _Call, error: Exception) -> Failure:
    """A proxy that does not lead on: nothing of the request was sent."""
    said = _why(error)
    if not re.search(r"\b407\b", said):
        return call.unsent(Kind.DOWN, f"the proxy does not lead to {_host(call.url)}: {said}")
    failure = call.unsent(Kind.CONFIGURATION, f"the proxy of this machine asks for a login: {said}")
    failure.http_status, failure.next_step = 407, "put user and password of the proxy into HTTPS_PROXY"
    return failure


def _vet(url: "httpx.URL", call: _Call) -> None:
    """Raise AnswerLost for a link that leads to no web server, or from outside into this machine or its network.

    What a name leads to is judged where it is connected to (`_Pinned`); a proxy of the environment connects
    automatically, and its names are judged here where this machine knows them too.
    """
    if url.scheme not in {"http", "https"}:
        raise call.lost(f"the link leads to {url.scheme}:, which is no web address", Kind.NONSENSE)
    _judge(origins.inside(url.host), url.host, call)
    if any(os.environ.get(name) or os.environ.get(name.lower()) for name in PROXIES):
        with suppress(OSError, UnicodeError):  # only the proxy knows the name
            _addresses(url.host, url.port or 443, call)


def _judge(near: str | None, shown: str, call: _Call) -> None:
    """Raise AnswerLost for an address of this machine or its network, unless the service itself is at such a one."""
    if near is not None and (near == "link-local" or near != origins.inside(urlsplit(call.home).hostname or "")):
        raise call.lost(f"the link leads into this machine's own network ({shown})", Kind.NONSENSE)


def _addresses(host: str, port: int, call: _Call) -> list[str]:
    """Every address of a host, none of which is inside. Raises OSError, or AnswerLost for one that is."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        near = origins.kind(ipaddress.ip_address(address))
        _judge(near, host if host == address else f"{host} is {address}", call)
    return list(dict.fromkeys(found))


def _pinned(call: _Call) -> "httpx.BaseTransport":
    """A transport that looks a name up once, judges all its addresses, and connects to one of those.

    Also after a redirect. The name stays that of the certificate and of the Host header.
    """
    import httpcore
    import httpx

    class Backend(httpcore.SyncBackend):
        def connect_tcp(  # type: ignore[no-untyped-def]
            self, host, port, timeout=None, local_address=None, socket_options=None
        ) -> httpcore.NetworkStream:
            try:
                found = _addresses(host, port, call)
            except (OSError, UnicodeError) as error:
                raise httpcore.ConnectError(str(error)) from error
            failed: Exception = httpcore.ConnectError("it has no address")
            for address in found:
                try:
                    return super().connect_tcp(address, port, timeout, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failed = error
            raise failed

    made = httpx.HTTPTransport(verify=_trust(), trust_env=False)
    made._pool = httpcore.ConnectionPool(ssl_context=_trust(), max_keepalive_connections=0, network_backend=Backend())
    return made


def _unpacked(pieces: Iterable[bytes], encoding: str, call: _Call) -> Iterator[bytes]:
    try:
        yield from packed.unpacked(pieces, encoding)
    except packed.Unpackable as error:
        raise call.lost(str(error), Kind.DOWN if error.cut else Kind.NONSENSE) from error


def _take(pieces: Iterable[bytes], write: Callable[[bytes], object], call: _Call) -> None:
    taken = 0
    window_start, window_bytes = time.monotonic(), 0
    for piece in pieces:
        taken += len(piece)
        window_bytes += len(piece)
        if taken > call.cap:
            raise call.lost(f"the answer is larger than {call.cap:,} bytes", Kind.NONSENSE)
        write(piece)
        passed = time.monotonic() - window_start
        if passed >= SLOW_WINDOW_S:
            if window_bytes < SLOW_BYTES_PER_S * passed:
                raise call.lost(f"the answer crawls at {window_bytes / passed:.0f} bytes/s")
            window_start, window_bytes = time.monotonic(), 0


def _late(call: _Call) -> str:
    return f"no complete answer within {call.deadline_s:.0f} s"


def _host(url: str) -> str:
    return urlsplit(url).netloc or url[:40]


def _why(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
