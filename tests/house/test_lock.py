import subprocess
import sys
from pathlib import Path

import pytest

from videod.daemon.lock import LockHeld, hold
from videod.dashboard.running import daemon_of


def test_the_second_daemon_is_given_who_holds_the_state(tmp_path: Path) -> None:
    program = f"from pathlib import Path\nfrom videod.daemon.lock import hold\nwith hold(Path({str(tmp_path)!r})):\n"
    program += "    print('held', flush=True)\n    input()\n"
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(LockHeld, match=f"pid {first.pid}"), hold(tmp_path):
            pass
        running = daemon_of(tmp_path)
        assert running is not None
        assert running.pid == first.pid
        first.kill()
    with hold(tmp_path):
        pass
    assert daemon_of(tmp_path) is None


def test_nobody_holds_a_folder_without_a_lock(tmp_path: Path) -> None:
    assert daemon_of(tmp_path / "none") is None
