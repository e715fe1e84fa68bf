"""Who may ask what: on the Unix socket videod's user and root with the secret, on the port whoever reads.

On the socket the kernel names the user, and the secret of the state folder shows that no script asks: none can read it.
The TCP side has no way to tell who asks, so it only ever answers reading requests, and only those that name this host:
a web page in a browser here must neither change nor read anything.
"""

import os
import socket

from aiohttp import web

from videod.guard import requests
from videod.guard.errors import Code
from videod.guard.peer import peer_of
from videod.guard.requests import Manners, Unwelcome
from videod.web import token
from videod.web.listen import TOKEN


def check(request: web.Request) -> None:
    """Raises Unwelcome for whom videod does not answer."""
    channel = request.transport.get_extra_info("socket") if request.transport is not None else None
    if channel is not None and channel.family == socket.AF_UNIX:
        requests.check(request, Manners(names=None))
        _check_peer(request, channel)
        return
    requests.check(request, Manners())
    if request.method not in ("GET", "HEAD"):
        raise Unwelcome(Code.READ_ONLY, "changes are taken on the Unix socket only", "use videod's command line")


def _check_peer(request: web.Request, channel: socket.socket) -> None:
    peer = peer_of(channel)
    if peer is None or not peer.alive:
        hint = "ask from a process that waits for the answer"
        raise Unwelcome(Code.WRONG_USER, "videod cannot tell who asks", hint)
    if peer.uid not in (os.geteuid(), 0):
        ours = token.user_name(os.geteuid())
        raise Unwelcome(
            Code.WRONG_USER, f"videod runs as {ours} and accepts commands only from that user and root",
            f"run the command as that user: sudo -u {ours} videod ...",
        )  # fmt: skip
    if not token.same(request.headers.get(token.HEADER, ""), request.app[TOKEN]):
        raise Unwelcome(
            Code.WRONG_TOKEN, f"the request does not carry the secret of {token.FILE}",
            f"send what the file {token.FILE} beside the socket holds in the header {token.HEADER},"
            " as videod's command line does",
        )  # fmt: skip
