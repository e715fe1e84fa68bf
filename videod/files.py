"""Reading small files that others made, and taking paths from people: scripts, settings, whoever can write.

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


#: what Linux takes: bytes of one name, and of a whole path with its end
_NAME_BYTES, _PATH_BYTES = 255, 4095


def placed(text: str, folder: Path) -> Path:
    """A path that a person wrote, from `folder`, with `~` for a home.

    Raises ValueError, with a sentence, for a text that can be the path of nothing.
    """
    try:
        path = folder / Path(text).expanduser()
        names = [os.fsencode(part) for part in path.parts]
    except RuntimeError:  # no such user, or nobody knows the home of this one
        raise ValueError(f"{text[:40]!r} is in a home that is not known here; write the whole path") from None
    except UnicodeEncodeError:
        raise ValueError("holds half a character, which no path has; correct the path") from None
    if "\0" in text:
        raise ValueError("holds a NUL character, which no path has; correct the path")
    if any(len(name) > _NAME_BYTES for name in names) or len(b"/".join(names)) > _PATH_BYTES:
        raise ValueError(f"is longer than a path can be ({text[:40]!r}…); shorten it")
    return path


def trouble(path: Path) -> str | None:
    """Why `path` cannot be read as a plain file, in words that follow its name; None where it can, or is missing."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return f"cannot be read ({reason(error) if isinstance(error, OSError) else 'its name is no path'})"
    if stat.S_ISDIR(found.st_mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(found.st_mode):
        return "is no plain file"
    return None if os.access(path, os.R_OK) else "may not be read"


def exists(path: Path) -> bool:
    """Whether something stands there; what cannot even be asked for does not."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def reason(error: OSError) -> str:
    """Why, in few words, without the path."""
    return error.strerror or (str(error) if isinstance(error, Unfit) else type(error).__name__)
