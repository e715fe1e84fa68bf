"""Reading small files that others made: scripts, people, whoever can write into a folder.

A name may lead anywhere by the time it is opened: to a FIFO that blocks for ever, a device, a folder, a sparse file of
300 GB. So a file is opened without waiting, looked at through its descriptor, and read up to a bound.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


class Unfit(OSError):
    """What stands there is no plain file, or larger than it may be; the text says which."""


def open_plain(path: Path, *, follow: bool = False) -> BinaryIO:
    """The regular file at `path`, open for reading. Never blocks on a FIFO; a link is refused unless `follow`.

    Raises OSError, for a path that cannot be one (NUL, half a surrogate pair) as well.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:  # NUL; a UnicodeEncodeError is one too
        raise Unfit("its name cannot be that of a file") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise Unfit("it is a folder, not a file" if stat.S_ISDIR(mode) else "it is no plain file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path, most: int, *, follow: bool = False) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises OSError as `open_plain` does."""
    with open_plain(path, follow=follow) as source:
        data = source.read(most + 1)
    if len(data) > most:
        raise Unfit(f"it is larger than {most:,} bytes")
    return data


def reason(error: OSError) -> str:
    """Why, in few words, without the path."""
    return error.strerror or (str(error) if isinstance(error, Unfit) else type(error).__name__)
