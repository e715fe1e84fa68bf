"""Run between the daemon and each script: `python -I -S launch.py PARENT NICE SIGNAL PROGRAM ARGS`.

It asks the kernel to send this process SIGNAL when the daemon dies: KILL, so that two never run for one job, or TERM
for our own paid scripts, which first finish the call that is being paid for (recovery waits for them). It forbids core
dumps (they would hold secrets), lowers its priority and becomes the script. It is a program because doing this between
fork and exec inside a threaded daemon is not safe.
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, nice, number, program = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)  # the daemon died before the kernel was asked
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if nice:
        os.nice(nice)
    try:
        os.execvp(program, sys.argv[4:])  # noqa: S606 - becoming the script is this program's purpose
    except OSError as error:
        sys.stderr.write(f"cannot run {program}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()
