"""Where the API listens: the Unix socket in the state folder and, if configured, a loopback port."""

import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

#: open requests get so long when the daemon stops, seconds
CLOSE_S = 2.0


class ListenError(Exception):
    """The socket or port cannot be opened; the text says which, why and what to do."""


@dataclass(frozen=True)
class Listening:
    """An API that answers. `port` is the TCP port, None where there is none."""

    runner: web.AppRunner
    socket_path: Path
    port: int | None

    async def close(self) -> None:
        """Take no more, let open requests end, remove the socket file. Safe to call twice."""
        await self.runner.cleanup()
        self.socket_path.unlink(missing_ok=True)


def _bind(path: Path) -> socket.socket:
    """A bound Unix socket that nobody but its owner may open; a stale file of a dead daemon makes room.

    The permissions are set between bind and listen, so there is no moment at which others could connect. The address
    goes through the folder's descriptor: it holds 107 bytes, and a state folder's path may be longer.
    """
    if path.exists() or path.is_symlink():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"{path} is in the way and no socket; move it, then start videod again")
        path.unlink()
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        bound.bind(f"/proc/self/fd/{folder}/{path.name}")
        path.chmod(0o600)
    except OSError as error:
        bound.close()
        raise ListenError(f"the socket {path} cannot be opened: {error.strerror}; check the state folder") from error
    finally:
        os.close(folder)
    return bound


async def serve(app: web.Application, socket_path: Path, http_port: int | None) -> Listening:
    """Listen on `socket_path` and, unless `http_port` is None or 0, on 127.0.0.1. Raises ListenError.

    The caller holds the lock of the state folder, so a socket that is already there belongs to nobody alive.
    """
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_S)
    await runner.setup()
    listening = Listening(runner, socket_path, http_port or None)
    try:
        await web.SockSite(runner, _bind(socket_path)).start()
        if http_port:
            await web.TCPSite(runner, "127.0.0.1", http_port).start()
    except OSError as error:
        await listening.close()
        raise ListenError(
            f"port {http_port} of 127.0.0.1 cannot be opened: {error.strerror}; choose another [daemon].http_port"
        ) from error
    except ListenError:
        await runner.cleanup()
        raise
    return listening
