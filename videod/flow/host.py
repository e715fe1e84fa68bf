"""What an error of the operating system means: the disk, the host's lack of something, or a path that must be fixed."""

import errno

from videod.core.failures import HOST, Failure, Kind

#: only these are about the disk itself
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
#: the host has no more of something for a while; nobody's fault
LACKS = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOBUFS})
#: so long such a job waits, ms
LACK_WAIT_MS = 30_000

_CAUSES = {
    errno.ENOENT: "it does not exist",
    errno.ENOTDIR: "a file is in the place of a folder. Move it away",
    errno.EEXIST: "a file is in the place of a folder. Move it away",
    errno.EISDIR: "a folder is in the place of a file. Move it away",
    errno.EACCES: "videod may not use it. Check its owner and mode",
    errno.EPERM: "videod may not use it. Check its owner and mode",
    errno.ENOEXEC: "it cannot be run. Begin it with a line such as #!/usr/bin/env python3",
    errno.ELOOP: "it is a link in a place where videod follows none, or its links form a circle. Move it away",
    errno.ENAMETOOLONG: "its name is too long",
    errno.E2BIG: "the script's arguments are too long. Shorten the texts of the episode or the channel",
}


def failure_of(error: OSError, during: str) -> Failure | None:
    """The failure that `error` means for a job; None where it is about no file and no lack: a bug, or the network."""
    number, path = error.errno, error.filename2 or error.filename
    reason = error.strerror or str(error)
    if number in DISK:
        return Failure(Kind.DISK, f"{during} failed: {reason}" + (f" ({path})" if path else ""))
    if number in LACKS:
        text = f"{during} failed because this host is short of resources ({reason}). videod tries again"
        return Failure(Kind.BUSY, text, service=HOST, retry_after_ms=LACK_WAIT_MS)
    if number == errno.E2BIG or (path and number is not None):
        cause = _CAUSES.get(number, reason)
        return Failure(Kind.CONFIGURATION, f"{path}: {cause}" if path else f"{during} failed: {cause}")
    return None


#: what `adapters/launch.py` says of a program that the kernel would not run, and the errors by the kernel's words
_CANNOT_RUN = "cannot run "
_BY_WORDS = {
    "No space left on device": errno.ENOSPC, "Input/output error": errno.EIO, "Cannot allocate memory": errno.ENOMEM,
    "Too many open files": errno.EMFILE, "Too many open files in system": errno.ENFILE,
    "Resource temporarily unavailable": errno.EAGAIN, "Exec format error": errno.ENOEXEC,
    "Permission denied": errno.EACCES, "No such file or directory": errno.ENOENT, "Not a directory": errno.ENOTDIR,
    "Is a directory": errno.EISDIR, "Too many levels of symbolic links": errno.ELOOP,
    "File name too long": errno.ENAMETOOLONG, "Argument list too long": errno.E2BIG,
}  # fmt: skip


def never_ran(code: int, tail: str) -> Failure | None:
    """The failure of a program that never began: the kernel refused it, or Python could not read it."""
    last = tail.strip().splitlines()[-1] if tail.strip() else ""
    if code == 127 and last.startswith(_CANNOT_RUN):
        path, _, words = last.removeprefix(_CANNOT_RUN).rpartition(": ")
        number = _BY_WORDS.get(words)
        if number is None:
            return Failure(Kind.CONFIGURATION, f"{path}: {words}")
        return failure_of(OSError(number, words, path), "starting the script")
    if code in (1, 2) and ("can't open file '" in last or "can't find '__main__' module in '" in last):
        path = last.split("'")[-2]
        cause = (
            "it is a folder, not a script" if "__main__" in last else last.rpartition("] ")[2] or "it cannot be read"
        )
        return Failure(Kind.CONFIGURATION, f"{path}: {cause}. Check `[scripts]` in `videod.toml`")
    return None
