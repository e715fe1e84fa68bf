"""What belongs to a job, and what is left alone: real processes in a tree of their own."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from videod.adapters import cgroups, orphans

ROOT = Path(__file__).resolve().parents[2]

#: forks twice into a session of its own after `BEFORE`, and tells its number
LEAVE = """
import os, resource, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    BEFORE
    if os.fork() == 0:
        os.write(write, str(os.getpid()).encode())
        os.execve("/bin/sleep", ["sleep", "1000000"], {})
    os._exit(0)
os.wait()
print(os.read(read, 9).decode(), flush=True)
"""
DAEMON = """
import asyncio, os, resource, sys
from pathlib import Path
from videod.adapters import cgroups, confinement, orphans
from videod.adapters.process import ProcessLauncher
from videod.ports import Spawn

async def lines_of(launcher, code):
    spawn = Spawn((sys.executable, '-c', code), {'PATH': os.environ['PATH']}, Path('.'), 't')
    child = await launcher.start(spawn)
    said = [line async for line in child.lines()]
    return await child.wait(), said

def there(pid):
    try: return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError: return False
"""


def _ran(code: str, *arguments: str) -> str:
    """What a daemon of its own, made of DAEMON and `code`, says."""
    argv = [sys.executable, "-c", DAEMON + code, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip()


@pytest.mark.fault("12.5", "12.9")
@pytest.mark.parametrize("number", [5, 1 << 61, (1 << 62) - 1])
def test_a_stray_that_gave_itself_another_number_ends_with_its_job(number: int) -> None:
    """Here without filters, which refuse it. The last number is higher than most jobs': setting it fails for them."""
    lower = f"""
    try: resource.setrlimit(resource.RLIMIT_RSS, ({number}, {number}))
    except ValueError: pass"""
    code = f"""
async def main():
    launcher = ProcessLauncher()
    code, (pid,) = await lines_of(launcher, {LEAVE.replace("    BEFORE", lower)!r})
    print(code, there(pid))
    launcher.close()
asyncio.run(main())
"""
    assert _ran(code) == "0 False"


@pytest.mark.fault("12.5")
def test_a_daemon_that_was_given_a_jobs_number_lives_and_so_do_its_helpers_and_strangers() -> None:
    mark = orphans.new_mark()
    stranger = subprocess.Popen(["sleep", "1000000"], preexec_fn=lambda: _limit(mark))  # noqa: PLW1509
    try:
        code = f"""
import subprocess
helper = subprocess.Popen(['sleep', '1000000'])
mark = orphans.begin()
orphans.adopt()
resource.prlimit(os.getpid(), resource.RLIMIT_RSS, (mark, mark))
print(orphans.end(mark), there(os.getpid()), there(helper.pid), there({stranger.pid}))
print(orphans.end({mark}), helper.poll(), there({stranger.pid}))
helper.kill(); helper.wait()
"""
        assert _ran(code).splitlines() == ["0 True True True", "0 None True"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def _limit(mark: int) -> None:
    resource.setrlimit(resource.RLIMIT_RSS, (mark, mark))


@pytest.mark.fault("12.5")
def test_a_chain_of_strays_ends_whole_and_another_jobs_continues() -> None:
    chain = """
import os, time
for _ in range(5):
    if os.fork(): time.sleep(10**6)
    os.setsid()
print('deep', flush=True); time.sleep(10**6)
"""
    patient = LEAVE.replace("BEFORE", "pass") + "time.sleep(10**6)"
    code = f"""
async def main():
    launcher = ProcessLauncher()
    def spawn(code): return Spawn((sys.executable, '-c', code), {{'PATH': os.environ['PATH']}}, Path('.'), 't')
    chain = await launcher.start(spawn({chain!r}))
    other = await launcher.start(spawn({patient!r}))
    assert await anext(chain.lines()) == 'deep'
    said = other.lines()
    pid = await anext(said)
    await chain.kill(0)
    print(len(list(orphans.strays())), there(pid), there(other.pid))
    await other.kill(0)
    print(there(pid))
    try: os.waitpid(-1, os.WNOHANG); print('somebody is left')
    except ChildProcessError: print('nobody is left')
    launcher.close()
asyncio.run(main())
"""
    assert _ran(code).splitlines() == ["0 True True", "False", "nobody is left"]


@pytest.mark.fault("12.5")
def test_one_that_forks_on_and_on_is_found_all_the_same() -> None:
    """Each life is shorter than a look at all processes; how many looks it takes is chance, that it ends is not."""
    chain = """
import os, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    os.close(1); os.close(2); os.write(write, b'.')
    for _ in range(100_000):
        if os.fork(): os._exit(0)
        time.sleep(0.0005)
os.read(read, 1)
"""
    code = f"""
async def main():
    launcher = ProcessLauncher()
    code, _ = await lines_of(launcher, {chain!r})
    rounds = 0
    while orphans.end(0): rounds += 1
    print(code, list(orphans.strays()), rounds, file=sys.stdout)
    launcher.close()
asyncio.run(main())
"""
    assert _ran(code).startswith("0 [] ")


def _lent() -> Path | None:
    """A control group that may be made below our own, where one may."""
    base = cgroups.own_group()
    if base is None:
        return None
    made = base / f"videod-test-{os.getpid()}"
    try:
        made.mkdir()
    except OSError:
        return None
    return made


@pytest.mark.fault("12.5")
def test_a_job_ends_with_its_control_group_whatever_it_forks() -> None:
    base = _lent()
    if base is None or not (base / "cgroup.kill").exists():
        pytest.skip("no control group may be made here, or it cannot be killed")
    bomb = """
import os, time
print(open('/proc/self/cgroup').read().split('0::')[1].split()[0].rsplit('/', 1)[1], flush=True)
for _ in range(6):
    os.fork()
os.setsid() if os.getpid() != os.getpgid(0) else None
time.sleep(10**6)
"""
    code = f"""
base = Path(sys.argv[1])
async def main():
    launcher = ProcessLauncher(groups=cgroups.Groups(base))
    spawn = Spawn((sys.executable, '-c', {bomb!r}), {{'PATH': os.environ['PATH']}}, Path('.'), 't')
    child = await launcher.start(spawn)
    group = base / await anext(child.lines())
    print(group.name.startswith('job.'), group.is_dir())
    print(os.getpid() in map(int, (base / 'daemon' / 'cgroup.procs').read_text().split()))
    await child.kill(0)
    print(group.exists(), len(list(orphans.strays())))
    launcher.close()
asyncio.run(main())
"""
    try:
        assert _ran(code, str(base)).splitlines() == ["True True", "True", "False 0"]
    finally:
        for folder in (*(path for path in base.iterdir() if path.is_dir()), base):
            folder.rmdir()


def test_a_daemon_started_by_hand_takes_no_control_group_of_another() -> None:
    assert cgroups.of_the_unit({}) == (None, None)
    assert cgroups.of_the_unit({"SYSTEMD_EXEC_PID": "1"}) == (None, None)


def test_a_unit_that_lends_no_control_group_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = {"SYSTEMD_EXEC_PID": str(os.getpid())}
    monkeypatch.setattr(cgroups, "own_group", lambda: tmp_path)
    assert "5.14" in (cgroups.of_the_unit(unit)[1] or "")
    (tmp_path / "cgroup.kill").touch()
    (tmp_path / "daemon").touch()
    assert "Delegate=yes" in (cgroups.of_the_unit(unit)[1] or "")
    monkeypatch.setattr(cgroups, "own_group", lambda: None)
    assert "version 2" in (cgroups.of_the_unit(unit)[1] or "")


def test_the_group_of_a_process_is_found_where_its_hierarchy_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {
        "/proc/self/cgroup": "4:memory:/x\n0::/system.slice/videod.service\n",
        "/proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup ro shared:9 - cgroup2 cgroup2 rw\n",
    }
    monkeypatch.setattr(Path, "read_text", lambda self: texts[str(self)])
    assert cgroups.own_group() == Path("/sys/fs/cgroup/system.slice/videod.service")
    texts["/proc/self/mountinfo"] = "30 1 0:26 /system.slice /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    assert cgroups.own_group() == Path("/sys/fs/cgroup/videod.service")
    texts["/proc/self/cgroup"] = "0::/../elsewhere\n"
    assert cgroups.own_group() is None
    texts["/proc/self/mountinfo"] = "30 1 0:26 / /proc rw - proc proc rw\n"
    assert cgroups.own_group() is None
