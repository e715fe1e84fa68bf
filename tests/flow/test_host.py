"""What an error of the operating system means for the job that met it."""

import errno
import os

import pytest

from videod.core.failures import Kind
from videod.flow.host import failure_of, never_ran


def _error(number: int, path: str | None = "/w/videos/clip_01.mp4") -> OSError:
    return OSError(number, os.strerror(number), path) if path else OSError(number, os.strerror(number))


@pytest.mark.fault("10.3")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_full_or_failing_disk_is_a_disk_failure(number: int) -> None:
    found = failure_of(_error(number), "starting the script")
    assert found is not None and found.kind == Kind.DISK


@pytest.mark.fault("10.3")
@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE])
def test_what_the_host_lacks_is_waited_for_without_blame(number: int) -> None:
    found = failure_of(_error(number, None), "starting the script")
    assert found is not None
    assert (found.kind, found.service) == (Kind.BUSY, "host")
    assert found.retry_after_ms


@pytest.mark.fault("10.3")
@pytest.mark.parametrize(
    "number",
    [
        errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ELOOP,
        errno.ENAMETOOLONG, errno.ENOENT, errno.EXDEV, errno.ETXTBSY,
    ],
)  # fmt: skip
def test_anything_else_names_the_path_and_the_cause(number: int) -> None:
    found = failure_of(_error(number), "starting the script")
    assert found is not None
    assert found.kind == Kind.CONFIGURATION
    assert found.message.startswith("/w/videos/clip_01.mp4: ") and len(found.message) > 30


def test_an_error_of_the_network_or_of_a_timer_is_about_no_file() -> None:
    assert failure_of(ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "x") is None
    assert failure_of(TimeoutError(), "x") is None


@pytest.mark.fault("10.3")
@pytest.mark.parametrize(
    ("code", "tail", "kind", "told"),
    [
        (127, "cannot run /opt/clip: Permission denied\n", Kind.CONFIGURATION, "/opt/clip: videod may not use it"),
        (127, "cannot run /opt/clip: Exec format error\n", Kind.CONFIGURATION, "#!/usr/bin/env python3"),
        (127, "cannot run /opt/clip: No such file or directory\n", Kind.CONFIGURATION, "/opt/clip: it does not exist"),
        (127, "cannot run /opt/clip: Cannot allocate memory\n", Kind.BUSY, "short of resources"),
        (127, "cannot run /opt/clip: Input/output error\n", Kind.DISK, "Input/output error"),
        (1, "/usr/bin/python: can't find '__main__' module in '/opt/clip.py'\n", Kind.CONFIGURATION, "it is a folder"),
        (2, "python: can't open file '/opt/clip.py': [Errno 2] No such file or directory\n", Kind.CONFIGURATION,
         "/opt/clip.py: No such file or directory"),
    ],
)  # fmt: skip
def test_a_program_that_never_began_is_named_with_its_cause(code: int, tail: str, kind: Kind, told: str) -> None:
    found = never_ran(code, tail)
    assert found is not None
    assert found.kind == kind
    assert told in found.message


@pytest.mark.parametrize(("code", "tail"), [(1, "Traceback: KeyError"), (127, "sh: foo: not found"), (2, ""), (0, "")])
def test_a_program_that_ran_is_judged_by_its_own_words(code: int, tail: str) -> None:
    assert never_ran(code, tail) is None
