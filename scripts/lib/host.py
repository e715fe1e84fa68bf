"""What this host lacks at a moment: memory, processes, open files. Nobody's fault, and tried again."""

import errno
import re
import resource

from scripts.lib.failures import Failure, Kind

SERVICE = "host"
WAIT_S = 60.0
LACKS = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOBUFS})
_WORDS = re.compile(
    r"Cannot allocate memory|Resource temporarily unavailable|failed to map segment|pthread_create|malloc of size"
    r"|Too many open files|can't start new thread|can't allocate lock|MemoryError|bad_alloc|[Oo]ut of memory"
    r"|cannot create shared object descriptor"
)


def lacking(words: str) -> bool:
    """Whether these words of a program are about what this host lacks."""
    return _WORDS.search(words) is not None


def memory_is_bounded() -> bool:
    """Whether this process may have only so much memory (`ulimit -v`): then a crash may be the want of it."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def failure(message: str) -> Failure:
    """Down, not busy: where it does not pass, a person must hear of it."""
    return Failure(
        Kind.DOWN, f"this host did not have enough memory, processes or open files: {message}", service=SERVICE,
        retry_after_s=WAIT_S, next_step="raise the limits (ulimit, MemoryMax=, TasksMax=) or run it again later",
    )  # fmt: skip


def lack(error: BaseException, during: str = "") -> Failure | None:
    """The failure that an error means where the host lacks something, else None."""
    known = (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno in LACKS)
        or (isinstance(error, RuntimeError | ImportError) and lacking(str(error)))
    )
    if not known:
        return None
    return failure(f"{during}: {type(error).__name__} {error}".strip(": "))
