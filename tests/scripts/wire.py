"""A small HTTP server whose answers a test lays out beforehand, and which remembers what it was asked."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


@dataclass(frozen=True)
class Say:
    """One answer. `cut` closes the connection before anything is sent; `stated` lies about the length."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stated: int | None = None
    drip_s: float = 0.0


def say(value: object, status: int = 200, **headers: str) -> Say:
    return Say(json.dumps(value).encode(), status, {"Content-Type": "application/json", **headers})


Answer = Say | Callable[[Asked], Say]


class Wire:
    """`on` lays out the answers of one endpoint, used in order; the last one repeats."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, parse_qs(parts.query), headers, body)
                wire.asked.append(asked)
                self._give(wire.answer(asked))

            def _give(self, answer: Say) -> None:
                self.close_connection = True
                if answer.cut:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Connection", "close")
                self.send_header("Content-Length", str(len(answer.body) if answer.stated is None else answer.stated))
                self.end_headers()
                try:
                    for at in range(0, len(answer.body), 1 if answer.drip_s else 1 << 20):
                        self.wfile.write(answer.body[at : at + (1 if answer.drip_s else 1 << 20)])
                        self.wfile.flush()
                        time.sleep(answer.drip_s)
                except OSError:
                    pass

            do_GET = do_POST = do_PUT = _serve

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path] = list(answers)

    def answer(self, asked: Asked) -> Say:
        laid = self._answers.get((asked.method, asked.path))
        if not laid:
            return say({"error": {"message": f"nothing laid out for {asked.method} {asked.path}"}}, 418)
        answer = laid.pop(0) if len(laid) > 1 else laid[0]
        return answer if isinstance(answer, Say) else answer(asked)

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
