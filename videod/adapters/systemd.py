"""Telling systemd: READY, STATUS, WATCHDOG. Without NOTIFY_SOCKET every call does nothing."""

import os
import socket


def notify(message: str, environ: dict[str, str] | None = None) -> bool:
    """Send one datagram such as "READY=1" to the service manager; True when there is one that took it."""
    address = (os.environ if environ is None else environ).get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect(address)
            channel.sendall(message.encode())
        except OSError:
            return False
    return True


def watchdog_interval_s(environ: dict[str, str] | None = None) -> float | None:
    """Half of WATCHDOG_USEC in seconds, or None when no watchdog is set for this process."""
    values = os.environ if environ is None else environ
    if not values.get("WATCHDOG_USEC") or values.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(values["WATCHDOG_USEC"]) / 2e6
