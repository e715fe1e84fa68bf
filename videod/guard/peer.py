"""Who is at the other end of a Unix socket, as the kernel says: the user and the process that connected.

The kernel notes both when the connection is made. Who passes the descriptor on, or dies, changes neither; so whoever
is dead by now is nobody that could be answered, and is taken for unknown.
"""

import errno
import os
import select
import socket
import struct
from dataclasses import dataclass

#: pid, uid and gid
_CREDENTIALS = struct.Struct("3i")
#: Linux 6.5: a handle of the process that connected (include/uapi/asm-generic/socket.h)
_SO_PEERPIDFD = 77


@dataclass(frozen=True)
class Peer:
    """`uid` of the user, `alive`: whether the process that connected still runs."""

    uid: int
    alive: bool


def peer_of(channel: socket.socket) -> Peer | None:
    """None where the kernel does not say, or speaks of a process that this one cannot see."""
    try:
        pid, uid, _ = _CREDENTIALS.unpack(channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    except OSError:
        return None
    return Peer(uid, _lives(channel, pid)) if pid > 0 else None


def _lives(channel: socket.socket, pid: int) -> bool:
    try:
        handle = channel.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:  # it is gone
            return False
        try:
            handle = os.pidfd_open(pid)  # on an older kernel: whoever has the number now
        except OSError:
            return False
    try:
        os.set_inheritable(handle, False)
        looked = select.poll()
        looked.register(handle, select.POLLIN)
        return not looked.poll(0)  # it becomes readable when the process ends
    finally:
        os.close(handle)
