"""Where attacks are run: as root, as uid 65534, and under the unit with all its protections by a systemd of its own.

Each needs a folder that is empty, and gives back the process that attacks there. What was tried is in the folder then.
Nothing of the host is changed: mounts, users and control groups are made in namespaces that end with it.
"""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.harness.patience import ended, until
from videod.credentials import SECRET_NAMES

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
NOBODY = 65534
HERE, AS_NOBODY, UNIT = "root", "uid 65534", "unit"
ENVIRONMENTS = (HERE, AS_NOBODY, UNIT)
#: in both rigs: Python, the program and the tests where another user and a unit without home directories find them
PLACES = """set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/stage /run/python /run/app /run/etc /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work /etc
mount --bind {python} /run/python
mount --bind {source} /run/app
mount -t tmpfs -o mode=755 tmpfs /run/app/.venv
mkdir -p /run/app/.venv/bin /run/app/.venv/lib/{program}/site-packages
ln -s /run/python/bin/{program} /run/app/.venv/bin/python
echo 'home = /run/python/bin' > /run/app/.venv/pyvenv.cfg
mount --bind {packages} /run/app/.venv/lib/{program}/site-packages
ldconfig /run/python/lib
mount --bind {folder} /run/stage
"""
NOBODYS = """cd /run/app
exec setpriv --reuid {nobody} --regid {nobody} --clear-groups env -i {env} {command}
"""
UNITS = """mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
{groups}
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/cache
mkdir -p /run/systemd/system /etc/credstore /var/lib/videod
echo 'videod:x:64000:' >> /etc/group
echo 'videod:x:64000:64000::/nonexistent:/usr/sbin/nologin' >> /etc/passwd
mount --bind {home} /var/lib/videod
cp {folder}/videod.service /run/systemd/system/
cp {folder}/credentials/* /etc/credstore/
chmod 600 /etc/credstore/*
mount --make-rshared /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=videod-test \
  /lib/systemd/systemd --system --unit=videod.service --log-target=console --show-status=no
"""
PYTHON, STAGE, STATE = "/run/app/.venv/bin/python", "/run/stage", "/var/lib/videod"
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
#: lines of the unit that start, restart or wait for the daemon; all that protects stays
_STARTING = re.compile(
    r"^(Wants|After|Type|NotifyAccess|ExecReload|Timeout\w+|WatchdogSec|Restart\w*|WorkingDirectory|Documentation)=.*\n"
    r"|^ExecStopPost=(.*\\\n)*.*\n|^ExecStart=.*\n",
    re.MULTILINE,
)


def missing(environment: str) -> str:
    """Why there is no such environment here; empty: there is."""
    if environment == HERE:
        return ""
    if os.geteuid() != 0:
        return "it needs root, to become somebody else"
    if environment == UNIT and not SYSTEMD.exists():
        return "systemd is not installed (apt-get install systemd)"
    if environment == UNIT and not groups():
        return "no control groups can be made for a systemd of its own"
    if not (ROOT / ".venv" / "bin").is_dir():
        return "the tests do not run in .venv"
    done = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return "" if done.returncode == 0 else "no mounts can be made (unshare --mount)"


def groups() -> dict[str, Path]:
    """Hierarchies in which a systemd gets a group: name -> our own group's folder."""
    found = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, name, place = line.split(":", 2)
        base = {"": "unified", "name=systemd": "systemd"}.get(name)
        if base is not None:
            folder = Path("/sys/fs/cgroup", base, place.strip("/"))
            if not name and not Path("/sys/fs/cgroup/unified").is_dir():
                folder = Path("/sys/fs/cgroup", place.strip("/"))
            if os.access(folder, os.W_OK):
                found[base] = folder
    return found


def _begin(stage: Path, text: str, **more: str) -> list[str]:
    """The command that runs a script of mounts, filled in."""
    at = {
        "folder": stage, "python": sys.base_prefix, "source": ROOT, "packages": sysconfig.get_path("purelib"),
        "program": f"python{sys.version_info.major}.{sys.version_info.minor}", "nobody": NOBODY,
    }  # fmt: skip
    for name, value in ({name: shlex.quote(str(path)) for name, path in at.items()} | more).items():
        text = text.replace(f"{{{name}}}", value)
    path = stage / "begin.sh"
    path.write_text(text)
    return ["/bin/sh", str(path)]


def as_nobody(stage: Path, argv: Sequence[str], env: Mapping[str, str], out: Path) -> "subprocess.Popen[bytes]":
    """Run a program as uid 65534. `stage` is /run/stage for it; what it writes there must be that user's."""
    stage.chmod(0o755)
    words = shlex.join(f"{name}={value}" for name, value in (ENV | dict(env)).items())
    return _popen(["unshare", "--mount", *_begin(stage, PLACES + NOBODYS, env=words, command=shlex.join(argv))], out)


class Unit:
    """A systemd of its own that runs `text` as videod.service, until it ends or is closed.

    `stage` is /run/stage for the service, `home` its state folder.
    """

    def __init__(self, stage: Path, text: str, home: Path, credentials: Mapping[str, str], out: Path) -> None:
        (stage / "credentials").mkdir()
        for name, value in credentials.items():
            (stage / "credentials" / f"videod.{name.lower()}").write_text(value)
        (stage / "videod.service").write_text(text)
        self._groups = [path / f"videod-attacks-{os.getpid()}" for path in groups().values()]
        for path in self._groups:
            path.mkdir(exist_ok=True)
        joins = "".join(f"echo $$ > {shlex.quote(str(path))}/cgroup.procs; " for path in self._groups)
        begin = shlex.join(_begin(stage, PLACES + UNITS, groups=_mounts(), home=shlex.quote(str(home))))
        inside = "unshare --mount --pid --cgroup --uts --ipc --fork --kill-child --mount-proc"
        self.process = _popen(["/bin/sh", "-c", f"{joins}exec {inside} {begin}"], out)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()  # the first process of its namespace takes all the others with it
        ended(self.process)
        for path in self._groups:
            until(lambda path=path: _removed(path))  # type: ignore[misc]


def _removed(group: Path) -> bool:
    """Whether a control group is gone, with those below it; not as long as the kernel still ends what was in it."""
    try:
        for inner in sorted((one for one in group.rglob("*") if one.is_dir()), reverse=True):
            inner.rmdir()
        group.rmdir()
    except FileNotFoundError:
        return not group.exists()
    except OSError:
        return False
    return True


def _popen(argv: Sequence[str], out: Path, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
    with out.open("ab") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd)


class Attack:
    """One run of a module of these tests in an environment, with a folder as its first argument; that is `folder`."""

    def __init__(self, environment: str, stage: Path, module: str, words: Sequence[str] = ()) -> None:
        self.folder, self._log = stage / "home", stage / "log"
        self.folder.mkdir(parents=True)
        self._unit: Unit | None = None
        if environment == HERE:
            self.process = _popen([sys.executable, "-m", module, str(self.folder), *words], self._log, ROOT)
        elif environment == AS_NOBODY:
            os.chown(self.folder, NOBODY, NOBODY)
            self.process = as_nobody(stage, [PYTHON, "-m", module, f"{STAGE}/home", *words], {}, self._log)
        else:
            credentials = {name: f"key-of-{name}" for name in SECRET_NAMES}
            self._unit = Unit(stage, unit(module, words), self.folder, credentials, self._log)
            self.process = self._unit.process

    def wait(self) -> int:
        return ended(self.process)

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""

    def close(self) -> None:
        if self._unit is not None:
            self._unit.close()
        elif self.process.poll() is None:
            self.process.kill()
            ended(self.process)


def _mounts() -> str:
    """The control groups as the systemd of its own sees them: those of this host, from its own group on."""
    if "systemd" not in groups():
        return "mount -t cgroup2 cgroup2 /sys/fs/cgroup"
    return (
        "mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/systemd\n"
        "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified\n"
        "mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd"
    )


def unit(module: str, words: Sequence[str]) -> str:
    """The project's own unit with a module of these tests in the daemon's place; its manager ends with it."""
    text = _STARTING.sub("", (ROOT / "systemd" / "videod.service").read_text())
    lines = ["Type=exec", "WorkingDirectory=/run/app", f"ExecStart={shlex.join([PYTHON, '-m', module, STATE, *words])}"]
    text = placed(text, lines, {})
    return text.replace("[Unit]\n", "[Unit]\nSuccessAction=exit\nFailureAction=exit\n")


def placed(text: str, lines: Sequence[str], env: Mapping[str, str]) -> str:
    """A unit with more `lines` and environment, without other units, with its output in the stage's `log`."""
    more = [*lines, f"StandardOutput=append:{STAGE}/log", f"StandardError=append:{STAGE}/log"]
    more += [f'Environment="{name}={value}"' for name, value in (ENV | dict(env)).items()]
    text = text.replace("[Service]\n", "[Service]\n{}\n".format("\n".join(more))).replace("PYTHONSAFEPATH=1", "")
    return text.replace("[Unit]\n", "[Unit]\nDefaultDependencies=no\n")
