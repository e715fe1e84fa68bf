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
