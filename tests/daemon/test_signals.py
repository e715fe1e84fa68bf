"""A stop in the first moments of a start, while modules are read: the process ends as asked, with no traceback."""

import subprocess
import sys

import pytest

#: what is run in place of `python -m videod run`: SIGTERM comes when this module begins to be read
_STOPPED_AT = """
import os, signal, sys

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[-1]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGTERM)

module = sys.argv[-1]
sys.modules.pop(module, None)
sys.meta_path.insert(0, Stop())
sys.argv = ["videod", "run", module]
from videod.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["videod.daemon.ending", "logging", "string", "traceback"])
def test_a_stop_while_modules_are_read_is_a_stop(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", _STOPPED_AT, module], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


#: what is run in place of the daemon: SIGTERM comes in a destructor, where Python drops what is raised
_LOST = """
import asyncio, os, signal, sys
from pathlib import Path
from videod.daemon import lifecycle, signals

class Torn:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

async def live():
    stopping = asyncio.Event()
    lifecycle._listen_to_signals(stopping, asyncio.Event(), Path("."))
    await stopping.wait()

sys.unraisablehook = lambda _: None
signals.hear()
torn = Torn()
del torn
asyncio.run(live())
print("stopped")
"""


def test_a_stop_that_python_lost_during_the_start_ends_the_daemon_when_it_listens() -> None:
    done = subprocess.run([sys.executable, "-c", _LOST], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr


_LOST_COMMAND = """
import os, signal, sys
from videod.cli import interrupts

class Torn:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

sys.unraisablehook = lambda _: None
interrupts.hear()
torn = Torn()
del torn
assert interrupts.Heard.number == signal.SIGINT
interrupts.Heard.since -= 2  # a person waits a moment, then presses Ctrl-C again
try:
    os.kill(os.getpid(), signal.SIGINT)
except interrupts.Interrupted:
    print("interrupted")
"""


def test_a_second_ctrl_c_ends_a_command_whose_first_one_python_lost() -> None:
    done = subprocess.run([sys.executable, "-c", _LOST_COMMAND], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
