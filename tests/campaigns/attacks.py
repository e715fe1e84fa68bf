"""A daemon whose scripts are taken over in one channel, while another channel's episode is made.

Every script of the attacked channel first tries all acts of `tests/security/hostile.py`, says nonsense of every kind
and floods its output; then it does its work. No act may get through that is not that script's right. The daemon that
was started lives to the end, both episodes are published, the books agree with the accounts of the services, and
`audit` has no objection. As root, as uid 65534 or under the unit (`--in`); `--own`: as custom scripts.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.campaigns.frame import ROOT, Campaign, Missing, Result, main, say
from tests.harness.patience import run as run_program
from tests.harness.patience import until
from tests.live import own_scripts
from tests.live.board import Board
from tests.live.stage import Stage
from tests.security import expected, rig
from tests.security.town import OWN, Tried, open_ports
from videod.core.tables import STEPS
from videod.credentials import SECRET_NAMES

ATTACKED, OTHER = "wild_planet", "deep_ocean"
SECURITY = ROOT / "tests" / "security"
CONFIG = "attacked"
OTHERS = f"workspaces/{OTHER}/decoy/plan.json"
#: script -> step
STEP_OF = {Path(step.script).stem: name for name, step in STEPS.items()}


def take_over(folder: Path, names: list[str]) -> None:
    """Put the hostile program in the place of these scripts of a folder."""
    for name in names:
        (folder / name).rename(folder / f"honest_{name}")
        shutil.copy(SECURITY / "taken_over.py", folder / name)
    shutil.copy(SECURITY / "hostile.py", folder / "hostile.py")


def our_scripts(folder: Path) -> Path:
    """A copy of ours, in the layout of the wheel: programs find their library beside themselves."""
    shutil.copytree(ROOT / "scripts", folder, ignore=shutil.ignore_patterns("lib", "__init__.py", "__pycache__"))
    shutil.copytree(ROOT / "scripts" / "lib", folder / "scripts" / "lib")
    shutil.copy(ROOT / "scripts" / "__init__.py", folder / "scripts" / "__init__.py")
    take_over(folder, sorted({step.script for step in STEPS.values()}))
    return folder


def decoys(made: Stage) -> None:
    """Files worth having, made when the daemon is at work: in an empty state folder they would be those of another."""
    names = ("truncated", "removed", "renamed", "listed", "flagged", "taken")
    files = [made.state / f"decoy-{name}" for name in names] + [made.state / OTHERS, made.folder / "home" / "private"]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("hush")
        path.chmod(0o600)
    owner = made.state.stat()
    below = [made.state / "workspaces", *(made.state / "workspaces").rglob("*"), made.folder / "home"]
    for path in (*files, *below):
        os.chown(path, owner.st_uid, owner.st_gid)


def targets(made: Stage, where: Path, state: Path, scripts: Path) -> dict[str, object]:
    """What to attack, by the paths that the scripts see; `where` and `state` are the folders as they see them."""
    (made.folder / "cache").mkdir()

    def seen(path: Path) -> str:
        return str(where / path.relative_to(made.folder))

    return {
        "channel": ATTACKED, "state": str(state), "database": str(state / "videod.db"),
        "socket": str(state / "videod.sock"), "other": str(state / OTHERS), "home": seen(made.folder / "home"),
        "scripts": seen(scripts), "channels": seen(made.channels), "settings": seen(made.config),
        "cache": seen(made.folder / "cache"), "secrets": list(SECRET_NAMES),
        "paid": [stem for stem, name in STEP_OF.items() if STEPS[name].paid],
        "may": {stem: STEPS[name].secrets for stem, name in STEP_OF.items()},
    }  # fmt: skip


def run(folder: Path, given: argparse.Namespace) -> Result:
    if why := rig.missing(given.place):
        raise Missing(why)
    if given.own and given.place != rig.HERE:
        raise Missing("custom scripts with packages of their own are tried as root only")
    env = own_scripts.host(folder / "bin") if given.own else {}
    made = Stage(folder / "stage", env=env)
    try:
        if given.own:
            scripts = made.folder / "scripts"
            studio = own_scripts.studio(scripts)
            take_over(scripts, sorted(path.name for path in studio.values()))
            with made.config.open("a") as settings:
                settings.write(own_scripts.settings(studio))
        else:
            scripts = our_scripts(made.folder / "scripts")
            made.env["VIDEOD_PATHS_SCRIPTS"] = str(scripts)
        return _attacked(made, scripts, given)
    finally:
        made.close()


def _attacked(made: Stage, scripts: Path, given: argparse.Namespace) -> Result:
    with open_ports(made.folder) as ports, _daemon(made, scripts, given.place, ports), Board(made.env) as board:
        pid = until(lambda: _pid(made, given.place), made.log_tail)
        decoys(made)
        board.write("The crossing", ATTACKED, "brown bears", "A bear crosses a cold river.")
        board.write("The dive", OTHER, "humpback whales", "A whale dives deep for squid.")
        made.wait_for("published", tasks=2, times=3)
        made.wait_until_told()
        assert _pid(made, given.place) == pid, f"the daemon died: {made.log_tail()}"
        tried = _tried(made, given.own)
        wrong = expected.wrong(given.place, tried, strict=False) + _books(made)
        log = made.log.read_text(errors="replace")
        wrong += [
            f"{text!r} of a script stands in the daemon's log" for text in ("\x1b", "\x9b", "\u202e") if text in log
        ]
    assert not wrong, "; ".join(wrong)
    return {
        "in": given.place, "scripts": len(list((made.state / "workspaces").rglob("tried-*.jsonl"))), "acts": len(tried),
        **Counter(one.result for one in tried), "published": 2, "same_daemon": True, "audit": "ok",
    }  # fmt: skip


@contextmanager
def _daemon(made: Stage, scripts: Path, place: str, ports: Mapping[str, object]) -> Iterator[None]:
    """videod at work in the environment."""
    stage, state = (made.folder, made.state) if place == rig.HERE else (Path(rig.STAGE), Path(rig.STAGE, "daemon"))
    if place == rig.UNIT:
        state = Path(rig.STATE)
    told = targets(made, stage, state, scripts) | dict(ports)
    if place != rig.HERE:
        told["unix"] = f"{stage}/out.sock"
    (scripts / "hostile.json").write_text(json.dumps(told))
    if place == rig.HERE:
        made.start()
        yield
        return
    paths = f'[paths]\nscripts = "{stage}/scripts"\nchannels = "{stage}/channels"\nstate = "{state}"\n'
    (made.folder / f"{CONFIG}.toml").write_text(paths)
    env = {name: value for name, value in made.env.items() if name.startswith("VIDEOD_") and name not in SECRET_NAMES}
    del env["VIDEOD_PATHS_SCRIPTS"], env["VIDEOD_PATHS_STATE"]
    secrets = {name: made.env[name] for name in SECRET_NAMES if made.env.get(name)}
    if place == rig.AS_NOBODY:
        for path in (made.state, *made.state.rglob("*")):
            os.chown(path, rig.NOBODY, rig.NOBODY)
        argv = [rig.PYTHON, "-m", "videod", "run", "--config", f"{stage}/{CONFIG}.toml"]
        made.daemon = rig.as_nobody(made.folder, argv, env | secrets, made.log)
        yield
        return
    made.log = made.folder / "log"
    text = (ROOT / "systemd" / "videod.service").read_text()
    text = text.replace("/opt/videod/.venv/bin/videod run", f"{rig.PYTHON} -m videod run")
    text = re.sub(r"^ExecStopPost=(.*\\\n)*.*\n|^(Wants|After)=.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("/etc/videod/videod.toml", f"{stage}/{CONFIG}.toml")
    unit = rig.Unit(made.folder, rig.placed(text, [], env), made.state, secrets, made.log)
    try:
        yield
    finally:
        unit.close()


def _pid(made: Stage, place: str) -> int:
    """The daemon's process, once it has begun its work; 0: there is none."""
    if made.daemon is not None:
        assert made.daemon.poll() is None, f"the daemon ended: {made.log_tail()}"
    if '"event": "daemon_start_done"' not in (made.log.read_text(errors="replace") if made.log.exists() else ""):
        return 0
    if made.daemon is not None:
        return made.daemon.pid
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().split(b"\0")
                if b"run" in line and f"{rig.STAGE}/{CONFIG}.toml".encode() in line:
                    return int(entry.name)
    return 0


def _tried(made: Stage, own: bool) -> list[Tried]:
    found = []
    for path in (made.state / "workspaces" / ATTACKED).rglob("tried-*.jsonl"):
        for line in path.read_text().splitlines():
            told = json.loads(line)
            if told["result"] != "left":  # the table of `python -m tests.security` judges these
                who = OWN if own else STEP_OF[told["who"]]
                found.append(Tried(told["act"], who, told["result"], str(told["why"])))
    assert len({one.act for one in found}) > 150, "the hostile program did not run"
    say(f"{len(found)} acts by {len({one.who for one in found})} scripts")
    return found


def _books(made: Stage) -> list[str]:
    wrong = []
    paid = sum(float(str(charge["usd"])) for charge in made.charges())
    known = sum(row["micros"] for row in made.rows("SELECT micros FROM charges")) / 1e6
    if abs(paid - known) > 0.005:
        wrong.append(f"the services took {paid:.4f}, the books say {known:.4f}")
    odd = made.rows("SELECT count(*) AS n FROM charges WHERE micros < 0 OR length(kind) > 100")[0]["n"]
    if odd:
        wrong.append(f"{odd} charges that cannot be")
    env = made.env | {"VIDEOD_PATHS_STATE": str(made.state)}
    audited = run_program([sys.executable, "-m", "videod", "audit", "--config", str(made.config)], env=env)
    if audited.returncode:
        wrong.append(f"audit: {audited.stdout[-600:]}")
    return wrong


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--in", dest="place", choices=rig.ENVIRONMENTS, default=rig.HERE, help="default: root")
    parser.add_argument("--own", action="store_true", help="custom scripts in the place of ours")


CAMPAIGN = Campaign(
    "attacks", "a daemon whose scripts are taken over in one channel, while another channel's episode is made",
    _options, run,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
