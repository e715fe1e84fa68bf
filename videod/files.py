"""The one door to files that others made, and taking paths from people: scripts, settings, whoever can write.

A name may lead anywhere by the time it is opened: to a FIFO that blocks forever, a device, a folder, a sparse file of
300 GB, through a link on its way to the database. So what lies in a workspace (`open_made` and what follows it) is
opened without a link anywhere on its way and without waiting, looked at through its descriptor, and read up to a bound;
what is written there gets a name that nobody can guess, beneath a folder that is held open, and is then renamed.

A second name of a file elsewhere (a hard link) cannot be told from the file. It gives nothing away here: the daemon
never writes into a file that is there, and what it sends out was decoded and hashed. A child cannot make one of a file
outside its workspace (`adapters.launch`).
"""

import errno
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import ctypes

#: openat2(2): one number on all architectures
_OPENAT2 = 437
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08
#: what says that this kernel, or a filter before it, has no openat2
_REFUSED = (errno.ENOSYS, errno.EPERM, errno.EAGAIN, errno.E2BIG)
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
#: the host has no more of something for a while: whether a file is there cannot be told then
_LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_LINKED = "it is a link, or a link is on the way to it"


class Unfit(OSError):
    """What stands there is no plain file, or larger than it may be; the text says which."""


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone (`mode` of `mkdir` is the last one's)."""
    for one in (*reversed([above for above in folder.parents if not above.exists()]), folder):
        one.mkdir(mode=0o700, exist_ok=True)


def open_plain(path: Path, *, follow: bool = False) -> BinaryIO:
    """The regular file of the owner's at `path`, open for reading. Never waits; a link is refused unless `follow`.

    Raises OSError, for a path that cannot be one (NUL, half a surrogate pair) as well.
    """
    try:
        return _plain(os.open(path, _READ | (0 if follow else os.O_NOFOLLOW)))
    except ValueError as error:  # NUL; a UnicodeEncodeError is one too
        raise Unfit("its name cannot be that of a file") from error


def _plain(descriptor: int) -> BinaryIO:
    """The open file of a descriptor, which is closed if there is none. Raises Unfit."""
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise Unfit("it is a folder, not a file" if stat.S_ISDIR(mode) else "it is not a plain file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path, most: int, *, follow: bool = False) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises OSError as `open_plain` does."""
    with open_plain(path, follow=follow) as source:
        return _bounded(source, most)


def _bounded(source: BinaryIO, most: int) -> bytes:
    data = source.read(most + 1)
    if len(data) > most:
        raise Unfit(f"it is larger than {most:,} bytes")
    return data


# ----------------------------------------------------------------------------- what others made, in workspaces


@cache
def _libc() -> "ctypes.CDLL":
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _open_beneath(folder: int, parts: tuple[str, ...], flags: int, mode: int = 0) -> int:
    """A descriptor of what lies at `parts` beneath `folder`; no part may be a link. Raises OSError."""
    import ctypes  # commands that only read need it not

    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    how = ctypes.create_string_buffer(struct.pack("=QQQ", flags, mode, _BENEATH | _NO_SYMLINKS | _NO_MAGICLINKS), 24)
    path = os.fsencode("/".join(parts))
    found = int(_libc().syscall(_OPENAT2, ctypes.c_int(folder), ctypes.c_char_p(path), how, ctypes.c_size_t(24)))
    if found >= 0:
        return found
    number = ctypes.get_errno()
    if number in _REFUSED:
        return _walk(folder, parts, flags, mode)
    raise OSError(number, _LINKED if number == errno.ELOOP else os.strerror(number))


def _walk(folder: int, parts: tuple[str, ...], flags: int, mode: int) -> int:
    """As `_open_beneath`, part by part, where the kernel cannot be asked for it."""
    held = []
    try:
        for part in parts[:-1]:
            folder = _step_into(part, folder)
            held.append(folder)
        return os.open(parts[-1], flags, mode, dir_fd=folder)
    finally:
        for one in held:
            os.close(one)


def _step_into(part: str, folder: int) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=folder)
    except NotADirectoryError:
        # of a link in a folder's place openat2 says that it is one
        if stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, _LINKED) from None
        raise


def _parts(path: Path, within: Path) -> tuple[str, ...]:
    """The names on the way from `within` to `path`. Raises Unfit where it does not lie there."""
    try:
        parts = path.relative_to(within).parts
        encoded = [os.fsencode(part) for part in parts]
    except ValueError as error:  # elsewhere; a UnicodeEncodeError is one too
        raise Unfit("it is not in its folder") from error
    if ".." in parts or any(b"\0" in one for one in encoded):
        raise Unfit("its name cannot be that of a file")
    return parts


@contextmanager
def _folder_of(path: Path, within: Path | None) -> Iterator[tuple[int, str]]:
    """The folder of `path`, held open, and its name in there. Raises OSError."""
    root = within or Path("/")
    parts = _parts(path, root)
    if not parts:
        raise Unfit("it is a folder, not a file")
    above = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        folder = _open_beneath(above, parts[:-1], _FOLDER) if parts[1:] else os.dup(above)
    finally:
        os.close(above)
    try:
        yield folder, parts[-1]
    finally:
        os.close(folder)


def open_made(path: Path, within: Path | None = None) -> BinaryIO:
    """The regular file that others made at the absolute `path`, open for reading.

    Never waits, follows no link on the way from `within` (None: from the root of the file system) to it. Raises
    OSError, Unfit where it is not a plain file.
    """
    root = within or Path("/")
    parts = _parts(path, root)
    if not parts:
        raise Unfit("it is a folder, not a file")
    above = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _plain(_open_beneath(above, parts, _READ))
    finally:
        os.close(above)


def read_made(path: Path, most: int, within: Path | None = None) -> bytes:
    """The content of a file that others made, of at most `most` bytes. Raises OSError as `open_made` does."""
    with open_made(path, within) as source:
        return _bounded(source, most)


def seen(path: Path, within: Path | None = None) -> os.stat_result | None:
    """What stands at `path` itself, a link not followed; None where nothing does, or only links lead there.

    Raises OSError where the host lacks what it takes to look: what is not seen then is not lost.
    """
    try:
        with _folder_of(path, within) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if lacking(error):
            raise
        return None


def lacking(error: BaseException) -> bool:
    """Whether the host lacks something for a while, such as descriptors: nothing is wrong with any file."""
    return isinstance(error, OSError) and error.errno in _LACKS


def made(path: Path, within: Path | None = None) -> bool:
    """Whether a regular file stands there. Raises OSError as `seen` does."""
    found = seen(path, within)
    return found is not None and stat.S_ISREG(found.st_mode)


def fingerprint(source: BinaryIO, most: int | None = None) -> tuple[int, str]:
    """Size and SHA-256 of all that is in an open file, from its beginning. Raises Unfit above `most` bytes."""
    import hashlib  # here, since it takes as long to load as all the rest of this module

    found, size = hashlib.sha256(), 0
    if most is not None and os.fstat(source.fileno()).st_size > most:
        raise Unfit(f"it is larger than {most:,} bytes")
    source.seek(0)
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if most is not None and size > most:
            raise Unfit(f"it is larger than {most:,} bytes")
        found.update(chunk)
    return size, found.hexdigest()


def make_folder(path: Path, within: Path, *, durable: bool = False) -> None:
    """The folder `path` and those on the way to it beneath `within`, which is made too; 0700 where they are new.

    `durable`: new ones outlive a loss of power. Raises OSError where something else stands on the way: a link, a file.
    """
    within.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(within, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        place = within
        for part in _parts(path, within):
            place /= part
            with suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=folder)
                if durable:
                    _force(folder)
            inner = _open_folder(part, folder, place)
            os.close(folder)
            folder = inner
    finally:
        os.close(folder)


def _open_folder(name: str, folder: int, place: Path) -> int:
    """`place` stands in the error. Raises OSError."""
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, _LINKED, str(place)) from None
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place)) from None


def inside(path: Path, within: Path) -> Path:
    """`path`, if it lies in the folder `within`. Raises Unfit where it does not."""
    if not _parts(path, within):
        raise Unfit("it is a folder, not a file")
    return path


def write_made(path: Path, data: bytes, within: Path) -> None:
    """Put `data` at `path`, whole; the folders on the way from `within` are made. Whatever stands there is replaced, a
    link too, never written through. Raises OSError."""
    with arriving(path, within) as stream:
        stream.write(data)


@contextmanager
def arriving(path: Path, within: Path) -> Iterator[BinaryIO]:
    """A file to write and read that takes the place of `path` when the block ends well, as in `write_made`."""
    make_folder(path.parent, within)
    with _folder_of(path, within) as (folder, name):
        part = f".{os.urandom(8).hex()}.part"
        new = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(part, new, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                yield stream
            os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise


def bring(source: Path, path: Path, within: Path) -> None:
    """Rename the owner's file `source` to `path`, durably; folders and links as in `write_made`. Raises OSError."""
    make_folder(path.parent, within, durable=True)
    with _folder_of(path, within) as (folder, name):
        os.rename(source, name, dst_dir_fd=folder)
        _force(folder)


def move_made(path: Path, name: str) -> None:
    """Rename what stands at `path` to `name` beside it. Raises OSError."""
    with _folder_of(path, None) as (folder, old):
        os.rename(old, name, src_dir_fd=folder, dst_dir_fd=folder)


def remove_made(path: Path) -> None:
    """Take what stands at `path` away, durably; a missing one is fine. Raises OSError."""
    with _folder_of(path, None) as (folder, name):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        _force(folder)


def _force(folder: int) -> None:
    """The names in an open folder onto the disk."""
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ----------------------------------------------------------------------------- paths of people


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
        raise ValueError(f"{text[:40]!r} is in an unknown home folder. Write the whole path") from None
    except UnicodeEncodeError:
        raise ValueError("contains half a character, which no path has. Correct the path") from None
    if "\0" in text:
        raise ValueError("contains a NUL character, which no path has. Correct the path")
    if any(len(name) > _NAME_BYTES for name in names) or len(b"/".join(names)) > _PATH_BYTES:
        raise ValueError(f"is longer than a path can be ({text[:40]!r}…). Shorten it")
    return path


def trouble(path: Path) -> str | None:
    """Why `path` cannot be read as a plain file, in words that follow its name; None where it can, or is missing."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return f"cannot be read ({reason(error) if isinstance(error, OSError) else 'its name is not a path'})"
    if stat.S_ISDIR(found.st_mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(found.st_mode):
        return "is not a plain file"
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
