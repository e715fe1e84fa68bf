"""Opens thousands of connections to one listener of this host and finishes no request; prints what became of them.

    python tests/harness/flooding.py ADDRESS COUNT SECONDS

ADDRESS is the path of a Unix socket or a port of 127.0.0.1. COUNT connections are opened as fast as they are taken;
each says nothing, half a head, a body of which a byte comes a second, or a whole request in another host's name. Until
SECONDS have passed, one that is closed is opened again. Prints one JSON object; apart from videod, so that it has a
process and descriptors of its own.
"""

import errno
import json
import os
import resource
import select
import socket
import sys
import time
from collections import Counter

BEGINNINGS = (
    b"", b"GET /health HTTP/1.1\r\nHost: local", b"GET / HTTP/1.1\r\n",
    b"POST /api/services/kie/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 5000\r\n\r\n{",
    b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
)  # fmt: skip
#: new connections in one go, so that those that are open are looked after
TURN = 50


class Flood:
    """`at_once` connections to `address` at a time. `counts`: opened, kept, closed, and answers by status."""

    def __init__(self, address: str, at_once: int) -> None:
        self.address = address
        self.at_once = at_once
        self.counts: Counter[str] = Counter()
        self._open: dict[int, tuple[socket.socket, bytes]] = {}
        self._poll = select.epoll()

    def run(self, seconds: float) -> dict[str, int]:
        until, trickled = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < until:
            for _ in range(TURN):
                if len(self._open) >= self.at_once or not self._one_more():
                    break
            for handle, what in self._poll.poll(0.01, 500):
                self._look(handle, what)
            if time.monotonic() - trickled >= 1:
                trickled = time.monotonic()
                self._trickle()
        self.counts["kept"] = len(self._open)
        return dict(self.counts)

    def _one_more(self) -> bool:
        unix = not self.address.isdecimal()
        made = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        made.setblocking(False)
        began = BEGINNINGS[self.counts["opened"] % len(BEGINNINGS)]
        try:
            code = made.connect_ex(self.address if unix else ("127.0.0.1", int(self.address)))
        except OSError as error:
            code = error.errno or -1
        if code not in (0, errno.EINPROGRESS):
            made.close()
            self.counts["not taken"] += 1
            return False
        self.counts["opened"] += 1
        self._open[made.fileno()] = (made, began)
        self._poll.register(made, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP)
        return True

    def _look(self, handle: int, what: int) -> None:
        made, began = self._open[handle]
        try:
            if what & select.EPOLLIN and (said := made.recv(4096)):
                self.counts[f"answered {said.split()[1].decode() if said.startswith(b'HTTP/') else '?'}"] += 1
                return
            if what & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                raise ConnectionResetError
            made.sendall(began)
            self._poll.modify(made, select.EPOLLIN | select.EPOLLRDHUP)
        except OSError:
            self.counts["closed"] += 1
            del self._open[handle]
            made.close()

    def _trickle(self) -> None:
        for made, began in list(self._open.values()):
            if began.endswith(b"{"):
                try:
                    made.send(b" ")
                except OSError:
                    continue


if __name__ == "__main__":
    os.nice(10)  # what is tried is the listener, not who gets the processor
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(Flood(sys.argv[1], int(sys.argv[2])).run(float(sys.argv[3]))))
