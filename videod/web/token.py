"""The secret that every request over the control socket carries: a file beside it, new at each start.

Whoever can read it may command the daemon: its user and root. No script can, since none may read the state folder. It
never stands in an argument, an environment or a log.
"""

import os
import pwd
from pathlib import Path

from videod.files import read_bytes

FILE, HEADER = "control.token", "X-Videod-Token"
_BYTES = 32
_MOST_BYTES = 200


def new(folder: Path) -> str:
    """Make a token and keep it in `folder`, for this user only; it takes the place of an earlier one."""
    token = os.urandom(_BYTES).hex()
    part = folder / f".{FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as out:
        out.write(token + "\n")
    part.replace(folder / FILE)
    return token


def read(folder: Path) -> str:
    """The token of the daemon that works in `folder`. Raises OSError."""
    return read_bytes(folder / FILE, _MOST_BYTES).decode("ascii", "replace").strip()


def same(given: str, token: str) -> bool:
    """Compared in a time that says nothing of where they differ."""
    import hmac  # not for commands that only read the token

    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def user_name(uid: int) -> str:
    """As `sudo -u` takes it; "#1000" where the host knows no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
