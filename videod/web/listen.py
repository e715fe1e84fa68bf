"""Where the API listens: the Unix socket in the state folder and, if configured, a loopback port."""

import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from videod.guard import descriptors
from videod.guard.connections import Door, Limits, Listener
from videod.web import token

#: the secret of the control socket, for the application that answers there
TOKEN = web.AppKey("token", str)
#: the sockets that it is reached by
DOORS = web.AppKey("doors", list[Door])
#: connections at the socket and at the port: the command line asks one thing at a time, a monitor keeps one or two;
#: both together take at most an eighth of the descriptors
MOST, PARTS = 512, 16
#: open requests get so long when the daemon stops, seconds
CLOSE_S = 2.0


class ListenError(Exception):
    """The socket or port cannot be opened; the text says which, why and what to do."""


@dataclass(frozen=True)
class Listening:
    """An API that answers. `port` is the TCP port, None if there is none."""

    listener: Listener
    socket_path: Path
    port: int | None

    async def close(self) -> None:
        """Take no more, let open requests end, remove the socket file and its secret. Safe to call twice."""
        await self.listener.close()
        self.socket_path.unlink(missing_ok=True)
        self.socket_path.with_name(token.FILE).unlink(missing_ok=True)


def _bind(path: Path) -> socket.socket:
    """A bound Unix socket that nobody but its owner may open; a stale file of a dead daemon makes room.

    The permissions are set between bind and listen, so there is no moment at which others could connect. The address
    goes through the folder's descriptor: it holds 107 bytes, and a state folder's path may be longer.
    """
    if path.exists() or path.is_symlink():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"{path} is in the way and is not a socket. Move it, then start videod again")
        path.unlink()
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        bound.bind(f"/proc/self/fd/{folder}/{path.name}")
        path.chmod(0o600)
    except OSError as error:
        bound.close()
        raise ListenError(f"the socket {path} cannot be opened: {error.strerror}. Check the state folder") from error
    finally:
        os.close(folder)
    return bound


async def serve(app: web.Application, socket_path: Path, http_port: int | None) -> Listening:
    """Listen on `socket_path` and, unless `http_port` is None or 0, on 127.0.0.1. Raises ListenError.

    The caller holds the lock of the state folder, so a socket that is already there belongs to nobody alive.
    """
    try:
        app[TOKEN] = token.new(socket_path.parent)
    except OSError as error:
        raise ListenError(
            f"{socket_path.parent / token.FILE} cannot be written: {error.strerror}. Check the state folder"
        ) from error
    listener = Listener(app, CLOSE_S)
    app[DOORS] = listener.doors
    await listener.start()
    listening = Listening(listener, socket_path, http_port or None)
    try:
        limits = Limits(descriptors.share(PARTS, MOST))
        listener.listen("socket", _bind(socket_path), limits)
        if http_port:
            listener.listen("port", _bind_port(http_port), limits)
    except ListenError:
        await listener.close()
        raise
    except OSError as error:
        await listening.close()
        raise ListenError(
            f"port {http_port} of 127.0.0.1 cannot be opened: {error.strerror}. Choose another [daemon].http_port"
        ) from error
    return listening


def _bind_port(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound
