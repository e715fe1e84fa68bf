"""The warm parent of those who decode: started once by `decoding_room`, it forks one child for each file.

    python -I -B decoding_helper.py SOCKET PACKAGES

PACKAGES is the folder that has Pillow. SOCKET is the daemon's. The first message there says how children look at
pictures (JSON: `wall`, `limits`), each further one is an order with three descriptors: the file, the pipe for what is
said of it, and the line on which this order's end is reported. Hanging up on the line ends the order. This process
reads nothing but orders, and what it imported at startup is all that its children have: a child gets the file and
the pipe, shuts itself in, and decodes (Pillow) or becomes FFmpeg. So a file that takes its decoder over has reached
neither the daemon nor the next file.

Pictures are many and quick, so while they come the child for the next one waits, shut in already.

It imports nothing of videod but `launch` and `still`, because its memory counts.
"""

import ctypes
import gc
import io
import json
import os
import resource
import select
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

sys.path += [str(Path(__file__).resolve().parents[2]), *sys.argv[2:]]
# before `still` makes an error of one of them. A warning is printed with its line of code, which no child can read
warnings.simplefilter("ignore")

# what Pillow would import in the midst of a file, where nothing can be imported any more
from PIL import Image, ImageSequence, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: E402

from videod.adapters import launch, still  # noqa: E402

Image.preinit()
__all__ = ["ImageSequence", "MpoImagePlugin", "PngImagePlugin", "TiffImagePlugin", "WebPImagePlugin"]

#: the longest order, bytes; how many descriptors come with one
ORDER_BYTES, HANDLES = 1 << 16, 3
#: how a child ends that could not be shut in or did not get to its work (EX_OSERR)
NOT_SHUT_IN = 71
#: what differs less all over the picture is one color, steps of 256
FLAT_STEPS = 3
#: what this process and its children may touch at most: they read, they write nothing, they reach nobody
RULES = ("r/", "d/dev/null", "o")
_FILE = 3
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36
_CAPABILITIES_3 = 0x20080522
#: how often strays are looked for while there are some, ms
_STRAYS_MS = 20
#: mallopt(3): memory that was freed stays, for what is as large as the blocks of a picture too, bytes
_KEPT = ((-1, 64 << 20), (-3, 32 << 20))
#: how long a child waits for the next picture, ms
_WAITING_MS = 2000

_libc = ctypes.CDLL(None, use_errno=True)


# ------------------------------------------------------------------------------------------------- in the child


def _bounded(limits: dict[str, int]) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory"]), (resource.RLIMIT_CPU, limits["cpu_s"]), (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits["files"]), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def _shut_in(places: list[str], wall: list[str]) -> None:
    """Behind what this kernel has of Landlock and filters."""
    launch.shut_in([*(places if launch.abi() else ()), *wall])


def _powerless() -> None:
    """Without root's powers, where root runs this; nobody else has any."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    _libc.capset(header, (ctypes.c_uint32 * 6)())


def _alone(parent: int, null: int) -> None:
    """In a session of its own, dead with its parent, and silent."""
    os.setsid()
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)
    for number in (0, 1, 2):
        os.dup2(null, number)


def _only(handle: int) -> None:
    """With nothing else open but this, as number 3."""
    os.dup2(handle, _FILE, inheritable=False)
    os.closerange(_FILE + 1, 4096)


def _become(order: dict[str, object], file: int, words: int) -> None:
    """FFmpeg, which may read this file, programs and libraries, and speaks on stderr."""
    nice, places, wall, argv = order["nice"], order["places"], order["wall"], order["argv"]
    assert isinstance(nice, int) and isinstance(places, list) and isinstance(wall, list) and isinstance(argv, list)
    limits = order["limits"]
    assert isinstance(limits, dict)
    os.dup2(words, 2)
    _only(file)
    _bounded(limits)
    launch.stand_back(nice)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # by what is open, not by its name: the name may lead elsewhere by now
    _shut_in([*places, f"i/proc/self/fd/{_FILE}", "o"], wall)
    try:
        os.execvpe(argv[0], argv, {"PATH": os.environ.get("PATH", os.defpath)})  # noqa: S606 - its purpose
    except OSError as error:
        os.write(2, f"cannot run {argv[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _wait_for_a_picture(line: socket.socket, wall: list[str], limits: dict[str, int], samples: list[bytes]) -> None:
    """Shut in, with all at hand that decoding needs, until there is a picture; then look at it."""
    _only(line.fileno())
    line.detach()
    _bounded(limits)
    _powerless()
    for sample in samples:  # its own copies of what they touch are made now
        _flat(still.decoded(io.BytesIO(sample), 1 << 20).picture)
    _shut_in(["o"], wall)
    asked = socket.socket(fileno=_FILE)
    data, handles, _, _ = socket.recv_fds(asked, ORDER_BYTES, 2)
    if not data:
        return
    order = json.loads(data)
    os.dup2(handles[1], 1)
    os.close(handles[1])
    asked.close()
    with os.fdopen(handles[0], "rb") as source:
        os.write(1, json.dumps(_seen(source, order["pixels_max"])).encode())
    os.close(1)  # who listens need not wait until all is taken down here


def _seen(source: BinaryIO, pixels_max: int) -> dict[str, object]:
    """Decode a picture and say what it is: `width`, `height`, `animated`, `flat` (what is said of a picture without an
    edge), or why not: `no_picture`, `unreadable`, `no_memory`."""
    try:
        source.seek(0)  # its place is shared with whoever looked before
        found = still.decoded(source, pixels_max)
        width, height = found.size
        return {"width": width, "height": height, "animated": found.animated, "flat": _flat(found.picture),
                "look": _small(found.picture)}  # fmt: skip
    except still.NoPicture as error:
        return {"no_picture": str(error)}
    except MemoryError:
        return {"no_memory": True}
    except OSError as error:
        return {"unreadable": error.strerror or type(error).__name__}


def _small(picture: Image.Image) -> str:
    """The picture at 16x9 pixels, what overhangs cut off, as hexadecimal text; empty where it has no such size."""
    try:
        wide = min(picture.width, picture.height * 16 / 9)
        left, top = (picture.width - wide) / 2, (picture.height - wide * 9 / 16) / 2
        box = (left, top, left + wide, top + wide * 9 / 16)
        return picture.convert("RGB").resize((16, 9), Image.Resampling.BOX, box).tobytes().hex()
    except (ValueError, OSError):
        return ""


def _flat(picture: Image.Image) -> str | None:
    """A picture without a single edge was not drawn by anyone; a silhouette differs in its alpha channel alone."""
    if picture.mode in ("P", "PA"):  # two places of a palette may hold one color
        picture = picture.convert("RGB")
    extrema = picture.getextrema()
    bands = [extrema] if isinstance(extrema[0], int | float) else list(extrema)
    names = picture.getbands()
    # 16 bits of gray count in steps of 256
    scale = 257.0 if picture.mode.startswith("I") else 1.0
    ranges = [(float(low) / scale, float(high) / scale) for low, high in bands]
    if names[-1] == "A" and ranges[-1][1] == 0:
        return "transparent"
    if any(high - low > FLAT_STEPS for low, high in ranges):
        return None
    return "one color"


# ------------------------------------------------------------------------------------------------- in the parent


class Helper:
    """Takes orders until the daemon closes its end. `first`: the message on how pictures are looked at."""

    def __init__(self, control: socket.socket, first: dict[str, object]) -> None:
        wall, limits = first["wall"], first["limits"]
        assert isinstance(wall, list) and isinstance(limits, dict)
        self._control, self._wall, self._limits = control, wall, limits
        self._pid = os.getpid()
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self._samples = [_sample(kind) for kind in still.FORMATS]
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        #: by what is polled: the child's process handle, and its line
        self._ends: dict[int, tuple[int, socket.socket]] = {}
        self._lines: dict[int, int] = {}
        #: the child that waits for a picture, and where it hears of it
        self._waiting: tuple[int, socket.socket] | None = None
        self._strays = False

    def serve(self) -> None:
        while True:
            happened = self._poll.poll(_STRAYS_MS if self._strays else _WAITING_MS if self._waiting else None)
            for handle, _ in happened:
                if handle == self._control.fileno():
                    if not self._take():
                        return
                elif handle in self._lines:
                    self._stop(handle)
                elif handle in self._ends:
                    self._end(handle)
            if self._strays:
                self._end_strays()
            elif not happened:
                self._dismiss()

    def _take(self) -> bool:
        """Start what is ordered. False when the daemon has gone."""
        try:
            data, handles, _, _ = socket.recv_fds(self._control, ORDER_BYTES, HANDLES)
        except ConnectionError:
            return False
        if not data:
            return False
        # where no descriptor was left for them all, the order's line closes, and that says it
        if len(handles) == HANDLES:
            order, line = json.loads(data), socket.socket(fileno=handles.pop())
            picture = order["do"] == "look"
            try:
                pid = self._hand_over(data, handles) if picture else self._run(order, handles)
            except OSError:
                line.close()
            else:
                self._follow(pid, line)
            if picture:
                with suppress(OSError):
                    self._waiting = self._waiter()
        for handle in handles:
            os.close(handle)
        return True

    def _follow(self, pid: int, line: socket.socket) -> None:
        end = os.pidfd_open(pid)
        self._ends[end], self._lines[line.fileno()] = (pid, line), pid
        self._poll.register(end, select.POLLIN)
        self._poll.register(line, select.POLLIN)

    def _run(self, order: dict[str, object], handles: list[int]) -> int:
        pid = os.fork()
        if pid == 0:
            self._live(lambda: _become(order, *handles))
        return pid

    def _live(self, work: Callable[[], None]) -> NoReturn:
        """The whole life of a child."""
        code = NOT_SHUT_IN
        try:
            _alone(self._pid, self._null)
            work()
            code = 0
        finally:
            os._exit(code)

    def _waiter(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            pid = os.fork()
            if pid == 0:
                self._live(lambda: _wait_for_a_picture(theirs, self._wall, self._limits, self._samples))
        return pid, ours

    def _hand_over(self, data: bytes, handles: list[int]) -> int:
        """Give the picture to the child that waits; to a new one if that has died or never existed."""
        if self._waiting is not None:
            try:
                pid = self._told(self._waiting, data, handles)
            except OSError:
                self._dismiss()
            else:
                self._waiting = None
                return pid
        return self._told(self._waiter(), data, handles)

    @staticmethod
    def _told(waiter: tuple[int, socket.socket], data: bytes, handles: list[int]) -> int:
        pid, line = waiter
        socket.send_fds(line, [data], handles)
        line.close()
        return pid

    def _dismiss(self) -> None:
        """No picture came for a while: whoever waits for one costs memory."""
        if self._waiting is not None:
            pid, line = self._waiting
            self._waiting = None
            line.close()
            _kill_group(pid)
            os.waitpid(pid, 0)

    def _stop(self, handle: int) -> None:
        """The daemon hung up: nobody waits for this one any more."""
        self._poll.unregister(handle)
        _kill_group(self._lines.pop(handle))

    def _end(self, end: int) -> None:
        pid, line = self._ends.pop(end)
        self._poll.unregister(end)
        os.close(end)
        _kill_group(pid)  # what is left of it, before its number can be given away
        _, status = os.waitpid(pid, 0)
        self._end_strays()
        if self._lines.pop(line.fileno(), None) is not None:
            self._poll.unregister(line)
        with suppress(OSError), line:
            line.send(b"%d" % os.waitstatus_to_exitcode(status))

    def _end_strays(self) -> None:
        """Kill what a child left behind in a session of its own: it fell to this process."""
        known = {pid for pid, _ in (*self._ends.values(), *((self._waiting,) if self._waiting else ()))}
        self._strays = False
        for pid in _children():
            if pid not in known:
                self._strays = True
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, os.WNOHANG)

    def end_all(self) -> None:
        for pid, _ in self._ends.values():
            _kill_group(pid)


def _sample(kind: str) -> bytes:
    made = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(made, kind)
    return made.getvalue()


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as told:  # noqa: PTH123
            return [int(pid) for pid in told.read().split()]
    except OSError:  # a kernel without it
        return []


def _kill_group(pid: int) -> None:
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(OSError):  # it may not have got to its own session yet
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Serve until the daemon goes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for name, size in _KEPT:
        if hasattr(_libc, "mallopt"):  # glibc
            _libc.mallopt(name, size)
    first = control.recv(ORDER_BYTES)
    if not first:
        return
    helper = Helper(control, json.loads(first))
    if launch.abi():
        launch.shut_in(list(RULES))
    gc.collect()
    gc.disable()
    gc.freeze()
    try:
        helper.serve()
    finally:
        helper.end_all()


if __name__ == "__main__":
    main()
