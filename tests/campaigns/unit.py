"""The unit under a real systemd: when the daemon dies, ExecStopPost= alerts people, with the unit's credentials.

A systemd of its own (pid 1 of new namespaces, in control groups of its own) runs systemd/videod.service on the stand-
ins, with its user and all its protections. Only this is changed: where the program lies, no dependencies on other
units, output into a file. The secrets come by LoadCredential= alone. A film is published, with a control group for
each job, behind every wall. The daemon is killed three times, which people hear of at the first and the third, and
ends at last for a wrong setting.
"""

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.campaigns.frame import ROOT, Campaign, Missing, Result, main, need_program, need_root, say
from tests.harness.patience import ended, until
from tests.live.creator import Creator
from tests.live.stage import Stage
from videod.core.statuses import Status
from videod.credentials import SECRET_NAMES
from videod.daemon import lives

SYSTEMD = Path("/lib/systemd/systemd")
GROUPS = ("systemd", "unified")
STAGE = "/run/stage"
#: run as the first process of the new namespaces: nothing of it is seen outside
BEGIN = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /sys/fs/cgroup
mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/systemd
mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t tmpfs tmpfs /run
mkdir /run/etc /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work /etc
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/cache
mkdir -p /run/stage /run/systemd/system /run/python /run/source /run/site-packages /etc/credstore /var/lib/videod
echo 'videod:x:64000:' >> /etc/group
echo 'videod:x:64000:64000::/nonexistent:/usr/sbin/nologin' >> /etc/passwd
mount --bind {python} /run/python
mount --bind {source} /run/source
mount --bind {packages} /run/site-packages
echo /run/python/lib > /etc/ld.so.conf.d/0-python.conf
/sbin/ldconfig
mount --bind {folder} /run/stage
mount --bind {folder}/daemon /var/lib/videod
cp /run/stage/unit/videod.service /run/systemd/system/
cp /run/stage/credentials/* /etc/credstore/
chmod 600 /etc/credstore/*
mount --make-rshared /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=videod-test \
  /lib/systemd/systemd --system --unit=videod.service --log-target=console --show-status=no
"""


def run(folder: Path, given: argparse.Namespace) -> Result:
    need_root()
    need_program("unshare")
    if not SYSTEMD.exists():
        raise Missing("systemd is not installed")
    made = Stage(folder / "stage")
    places = _groups()
    manager: subprocess.Popen[bytes] | None = None
    try:
        creator = Creator(made)
        _prepare(made)
        manager = _systemd(made, places)
        told, pid = [], 0
        for number in range(4):
            pid = until(lambda other=pid: _ready(made, manager, other), lambda: _said(made))  # type: ignore[misc]
            told.append(len(creator.alerts()))
            group = Path(f"/proc/{pid}/cgroup").read_text().rpartition("0::")[2].split()[0]
            assert group.endswith("/videod.service/daemon"), group  # the unit lends groups for its jobs
            if number == 0:
                _episode(made, creator, Path("/sys/fs/cgroup/unified", group.lstrip("/")).parent)
            say(f"daemon {pid} is ready, people heard of {_deaths(made)} deaths in {told[-1]} messages")
            if number < 3:
                os.kill(pid, signal.SIGKILL)
        assert told == [0, 1, 1, 2], (told, creator.alerts(), _said(made))
        (made.folder / "unit.toml").write_text("[nonsense\n")
        os.kill(pid, signal.SIGKILL)
        creator.wait_for_alert("not started again until you fix that")
        alerts = creator.alerts()
        assert "signal KILL" in alerts[0] and "3 times" in alerts[1], alerts
        return {"kills": 4, "wrong_setting": 1, "alerts": alerts, "secrets_in_the_environment": 0}
    finally:
        if manager is not None:
            manager.kill()  # pid 1 of its namespace takes all the others with it
            ended(manager)
        made.close()
        for place in places:
            _remove(place)


def _episode(made: Stage, creator: Creator, base: Path) -> None:
    """A film is made and published behind all walls; of its jobs' control groups none is left."""
    page = creator.write("A whale dives")
    creator.wait(page, Status.PUBLISHED)
    (walls,) = (json.loads(line) for line in made.log.read_text().splitlines() if '"launch_walls_' in line)
    assert walls["event"] == "launch_walls_ready" and walls["seccomp"] and walls["control_groups"], walls
    assert not list(base.glob("job.*")), list(base.glob("job.*"))


def _groups() -> list[Path]:
    places = [Path("/sys/fs/cgroup", name) / f"videod-unit-{os.getpid()}" for name in GROUPS]
    for place in places:
        if not place.parent.is_dir():
            raise Missing(f"{place.parent} is not there")
        place.mkdir()
    return places


def _remove(place: Path) -> None:
    for inner in sorted((path for path in place.rglob("*") if path.is_dir()), reverse=True):
        inner.rmdir()
    place.rmdir()


def _prepare(made: Stage) -> None:
    """The unit, its settings and its secrets, in the stage's folder."""
    (made.folder / "unit").mkdir()
    (made.folder / "credentials").mkdir()
    for name in SECRET_NAMES:
        if value := made.env.get(name):
            (made.folder / "credentials" / f"videod.{name.lower()}").write_text(value)
    paths = f'[paths]\nscripts = "/run/source/scripts"\nchannels = "{STAGE}/channels"\nstate = "/var/lib/videod"\n'
    (made.folder / "unit.toml").write_text(paths)
    text = (ROOT / "systemd" / "videod.service").read_text()
    program = _environment(made.folder / "venv")
    text = text.replace("/opt/videod/.venv/bin/videod", f"{program} -m videod")
    text = text.replace("/etc/videod/videod.toml", f"{STAGE}/unit.toml")
    text = re.sub(r"^(Wants|After)=.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("[Unit]\n", "[Unit]\nDefaultDependencies=no\n")
    urls = {name: value for name, value in made.env.items() if name.startswith("VIDEOD_URL_")}
    urls |= {name: made.env[name] for name in ("VIDEOD_NOTION_PARENT_PAGE",)}
    lines = "".join(f'Environment="{name}={value}"\n' for name, value in urls.items())
    output = f"StandardOutput=append:{STAGE}/daemon.log\nStandardError=append:{STAGE}/daemon.log\n"
    text = text.replace("[Service]\n", f"[Service]\n{lines}{output}").replace("PYTHONSAFEPATH=1", "")
    (made.folder / "unit" / "videod.service").write_text(text)


def _environment(folder: Path) -> str:
    """A virtual environment as an installation has one, for scripts as well; its Python, as the unit sees it."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / name / "site-packages"
    packages.mkdir(parents=True)
    (packages / "videod.pth").write_text("/run/source\n/run/site-packages\n")
    (folder / "pyvenv.cfg").write_text("home = /run/python/bin\n")
    (folder / "bin").mkdir()
    (folder / "bin" / name).symlink_to(f"/run/python/bin/{name}")
    return f"{STAGE}/venv/bin/{name}"


def _systemd(made: Stage, places: list[Path]) -> "subprocess.Popen[bytes]":
    script = made.folder / "begin.sh"
    places_of = {
        "folder": made.folder, "python": sys.base_prefix, "source": ROOT, "packages": sysconfig.get_path("purelib"),
    }  # fmt: skip
    text = BEGIN
    for name, path in places_of.items():
        text = text.replace(f"{{{name}}}", shlex.quote(str(path)))
    script.write_text(text)
    joins = "".join(f"echo $$ > {place}/cgroup.procs; " for place in places)
    inside = ["unshare", "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    command = f"{joins}exec {shlex.join([*inside, '/bin/sh', str(script)])}"
    with (made.folder / "systemd.log").open("ab") as out:
        return subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def _ready(made: Stage, manager: "subprocess.Popen[bytes] | None", other: int) -> int:
    """The pid of the unit's daemon, but for the `other`, once it has begun its work and wrote so; else 0."""
    assert manager is not None and manager.poll() is None, _said(made)
    begun = made.log.read_text().count('"event": "daemon_start_done"') if made.log.exists() else 0
    if begun <= _deaths(made):
        return 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"run" in line and f"{STAGE}/unit.toml".encode() in line and entry.name != str(other):
                return _clean(entry)
    return 0


def _clean(entry: Path) -> int:
    """The pid of this process, in whose environment no secret stands."""
    names = {one.split(b"=")[0].decode() for one in (entry / "environ").read_bytes().split(b"\0")}
    assert not names & set(SECRET_NAMES), names
    return int(entry.name)


def _deaths(made: Stage) -> int:
    try:
        return int(json.loads((made.state / lives.NAME).read_text())["count"])
    except (OSError, ValueError):
        return 0


def _said(made: Stage) -> str:
    return (made.folder / "systemd.log").read_text()[-3000:] + made.log_tail()


def _options(parser: argparse.ArgumentParser) -> None:
    del parser


CAMPAIGN = Campaign(
    "unit", "the unit under a real systemd: it alerts people of each death, with its own credentials", _options, run
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
