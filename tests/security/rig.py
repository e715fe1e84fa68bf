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
from collections.abc import Sequence
from pathlib import Path

from tests.harness.patience import ended
from videod.credentials import SECRET_NAMES

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
NOBODY = 65534
HERE, AS_NOBODY, UNIT = "root", "uid 65534", "unit"
ENVIRONMENTS = (HERE, AS_NOBODY, UNIT)
#: in both rigs: Python, its packages and these tests, where another user may read them
PLACES = """set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/stage /run/python /run/source /run/packages
mount --bind {python} /run/python
mount --bind {source} /run/source
mount --bind {packages} /run/packages
mount --bind {folder} /run/stage
"""
NOBODYS = """mount --bind {folder} /run/stage
cd /run/source
exec setpriv --reuid {nobody} --regid {nobody} --clear-groups env -i {env} \
  /run/python/bin/{program} -m {module} {words}
"""
UNITS = """mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
{groups}
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mkdir /run/etc /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work /etc
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/cache
mkdir -p /run/systemd/system /etc/credstore /var/lib/videod
echo 'videod:x:64000:' >> /etc/group
echo 'videod:x:64000:64000::/nonexistent:/usr/sbin/nologin' >> /etc/passwd
mount --bind {folder}/home /var/lib/videod
cp {folder}/videod.service /run/systemd/system/
cp {folder}/credentials/* /etc/credstore/
chmod 600 /etc/credstore/*
mount --make-rshared /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=videod-test \
  /lib/systemd/systemd --system --unit=videod.service --log-target=console --show-status=no
"""
#: what a program at another place needs to find Python's library and these tests
ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": "/run/source:/run/packages",
    "LD_LIBRARY_PATH": "/run/python/lib", "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip
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


class Attack:
    """One run of a module of these tests in an environment; `folder` holds what it wrote."""

    def __init__(self, environment: str, folder: Path, module: str, words: Sequence[str] = ()) -> None:
        self.folder = folder / "home"
        self._stage, self._log = folder, folder / "log"
        self._groups: list[Path] = []
        self.folder.mkdir(parents=True)
        start = {HERE: self._here, AS_NOBODY: self._nobody, UNIT: self._unit}[environment]
        self.process = start(module, list(words))

    def _popen(self, argv: Sequence[str], **more: object) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as out:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **more)  # type: ignore[call-overload,no-any-return]

    def _here(self, module: str, words: list[str]) -> "subprocess.Popen[bytes]":
        return self._popen([sys.executable, "-m", module, str(self.folder), *words], cwd=ROOT)

    def _filled(self, text: str, **more: str) -> str:
        at = {
            "folder": self._stage,
            "python": sys.base_prefix,
            "source": ROOT,
            "packages": sysconfig.get_path("purelib"),
        }
        for name, value in ({name: shlex.quote(str(path)) for name, path in at.items()} | more).items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _script(self, text: str) -> list[str]:
        path = self._stage / "begin.sh"
        path.write_text(text)
        return ["/bin/sh", str(path)]

    def _nobody(self, module: str, words: list[str]) -> "subprocess.Popen[bytes]":
        os.chown(self.folder, NOBODY, NOBODY)
        text = self._filled(
            PLACES + NOBODYS, nobody=str(NOBODY), env=shlex.join(f"{name}={value}" for name, value in ENV.items()),
            program=_program(), module=module, words=shlex.join(["/run/stage/home", *words]),
        )  # fmt: skip
        self._stage.chmod(0o755)
        return self._popen(["unshare", "--mount", *self._script(text)])

    def _unit(self, module: str, words: list[str]) -> "subprocess.Popen[bytes]":
        (self._stage / "credentials").mkdir()
        for name in SECRET_NAMES:
            (self._stage / "credentials" / f"videod.{name.lower()}").write_text(f"key of {name}")
        (self._stage / "videod.service").write_text(unit(module, words))
        self._groups = [path / f"videod-attacks-{os.getpid()}" for path in groups().values()]
        for path in self._groups:
            path.mkdir(exist_ok=True)
        joins = "".join(f"echo $$ > {shlex.quote(str(path))}/cgroup.procs; " for path in self._groups)
        begin = shlex.join(self._script(self._filled(PLACES + UNITS, groups=_mounts())))
        inside = "unshare --mount --pid --cgroup --uts --ipc --fork --kill-child --mount-proc"
        return self._popen(["/bin/sh", "-c", f"{joins}exec {inside} {begin}"])

    def wait(self) -> int:
        return ended(self.process)

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()  # the first process of its namespace takes all the others with it
        ended(self.process)
        for path in self._groups:
            for inner in sorted((one for one in path.rglob("*") if one.is_dir()), reverse=True):
                inner.rmdir()
            path.rmdir()


def _program() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


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
    start = shlex.join([f"/run/python/bin/{_program()}", "-m", module, "/var/lib/videod", *words])
    lines = [f'Environment="{name}={value}"' for name, value in ENV.items()]
    lines += ["Type=exec", "WorkingDirectory=/run/source", f"ExecStart={start}"]
    lines += ["StandardOutput=append:/run/stage/log", "StandardError=append:/run/stage/log"]
    text = text.replace("[Service]\n", "[Service]\n{}\n".format("\n".join(lines))).replace("PYTHONSAFEPATH=1", "")
    return text.replace("[Unit]\n", "[Unit]\nDefaultDependencies=no\nSuccessAction=exit\nFailureAction=exit\n")
