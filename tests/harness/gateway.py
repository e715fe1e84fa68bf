"""A board that goes away for one daemon: what stands before the simulated service refuses connections, or asks to wait.

A person talks to the simulated service itself and continues writing meanwhile. Every request is noted, answered well
or not."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPMessage

from tests.harness.mutating import Mutating

_BUSY = {"object": "error", "status": 429, "code": "rate_limited", "message": "You have been rate limited."}


@dataclass(frozen=True)
class Asked:
    """One request: when it came (seconds since the epoch), what was answered, and the Status it set, if any."""

    at: float
    method: str
    path: str
    status: int
    label: str


class Gateway(Mutating):
    """In front of `upstream`. While `wait_s` is set every request is answered with 429 and this Retry-After."""

    def __init__(self, name: str, upstream: str) -> None:
        self.asked: list[Asked] = []
        self.wait_s: int | None = None
        super().__init__(name, upstream, share=0.0, seed=0)

    def reopen(self) -> None:
        """Listen again where it listened before it was closed."""
        self.open(int(self.url.rsplit(":", 1)[1]))

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, HTTPMessage, bytes]:
        at = time.time()
        if self.wait_s is None:
            answer = super()._ask(method, path, headers, body)
        else:
            told = HTTPMessage()
            told["Retry-After"], told["Content-Type"] = str(self.wait_s), "application/json"
            answer = 429, told, json.dumps(_BUSY).encode()
        self.asked.append(Asked(at, method, path, answer[0], _label(method, path, body)))
        return answer


def _label(method: str, path: str, body: bytes) -> str:
    """The Status that a request writes on an entry."""
    if method != "PATCH" or not path.startswith("/v1/pages/"):
        return ""
    status = json.loads(body).get("properties", {}).get("Status") or {}
    return str((status.get("select") or {}).get("name") or "")
