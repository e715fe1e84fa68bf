"""Asking a daemon over its control socket, as the command line does: with the secret of its state folder."""

import http.client
import socket
from pathlib import Path

import aiohttp

from videod.web import token


def session(state: Path) -> aiohttp.ClientSession:
    connector = aiohttp.UnixConnector(str(state / "videod.sock"))
    return aiohttp.ClientSession(connector=connector, headers={token.HEADER: token.read(state)})


def get(state: Path, path: str, timeout_s: float = 60.0) -> tuple[int, str]:
    """(status, body)."""
    connection = http.client.HTTPConnection("videod", timeout=timeout_s)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(state / "videod.sock"))  # waits where many others do
    connection.sock.settimeout(timeout_s)
    try:
        connection.request("GET", path, headers={token.HEADER: token.read(state)})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
