"""How many descriptors this process may have: what listeners take must leave enough for its own work."""

import resource
from contextlib import suppress

#: as in systemd/videod.service; a host's hard limit may be a million, which makes older programs slow to start
WANTED = 8192


def take() -> None:
    """Raise the soft limit, a shell's habit (1024), towards WANTED, as far as the host's hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def share(parts: int, most: int, least: int = 8) -> int:
    """A listener's connections: one of `parts` equal shares of the descriptors, from `least` to `most`."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if soft == resource.RLIM_INFINITY else max(least, min(most, soft // parts))
