"""What stands around a hostile program: a state folder with all that is worth having, a daemon, neighbors, listeners.

The daemon is this process: it guards itself, answers on the control socket over a real database and starts children
with the launcher, in the confinements that the steps give. What it does with files and words is tried elsewhere.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tests.cli.factory import StudioBox
from tests.core.book import Book
from videod import receipts
from videod.adapters import confinement, walls
from videod.adapters.process import ProcessLauncher
from videod.adapters.youtube_questions import YouTubeQuestions, YouTubeTrouble
from videod.core import offers
from videod.core.services import SERVICES
from videod.core.step import Command
from videod.core.tables import STEPS
from videod.credentials import SECRET_NAMES
from videod.flow.job_command import CommandBuilder
from videod.ports import Child, Confinement, Spawn
from videod.web.api import build_app, serve

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = Path(__file__).with_name("hostile.py")
#: "step/service" -> the script by which that service does the step in the place of its own
OFFERED = {
    offers.key(offer.step, name): offer.script
    for name, service in SERVICES.items()
    for offer in service.offers
    if offer.script
}
#: who is attacked from: each step's own script of ours, those of other services, the one that asks YouTube, and a
#: script of the user's
ASKING, OWN = "ask_youtube", "own"
OURS = (*STEPS, *OFFERED, ASKING)

#: a name that a process left behind bears has this beginning
LEFT = "hx"
#: who ends just now has not been reaped yet
FEW_DEAD = 5
DECOYS = ("truncated", "removed", "renamed", "listed", "flagged", "taken")


def service_of(who: str) -> str:
    """The service that does the step of one of OURS."""
    step, _, other = who.partition("/")
    return other or STEPS[step].service


@dataclass(frozen=True)
class Tried:
    """How one act of one hostile program ended: "through", "held" or "absent", and why."""

    act: str
    who: str
    result: str
    why: str


class _Seen(Exception):
    """The child that would have been started."""

    def __init__(self, spawn: Spawn) -> None:
        super().__init__()
        self.spawn = spawn


class _Looking:
    """A launcher that starts nothing."""

    async def start(self, spawn: Spawn) -> Child:
        raise _Seen(spawn)


async def _token(channel: str) -> str:
    return "ya29.token"


@dataclass
class Town:
    """The folders of one installation, below `at`."""

    at: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state, self.scripts, self.home = self.at / "state", self.at / "scripts", self.at / "home"
        self.channels, self.packages = self.at / "channels", self.at / "packages"
        self.made_credentials = "CREDENTIALS_DIRECTORY" not in self.environ
        self.environ = {"CREDENTIALS_DIRECTORY": str(self.at / "credentials"), **self.environ}
        self.credentials = Path(self.environ["CREDENTIALS_DIRECTORY"])
        self.book = Book()
        self.book.queue()
        self.book.run(until="cleanup/workspace")

    def build(self) -> None:
        for folder in (self.state, self.home, self.channels, self.packages, self.at / "cache"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copytree(ROOT / "scripts", self.scripts, dirs_exist_ok=True)
        for name in {step.script for step in STEPS.values()} | set(OFFERED.values()) | {f"{ASKING}.py", f"{OWN}.py"}:
            shutil.copy(HOSTILE, self.scripts / name)
        if self.made_credentials:
            self.credentials.mkdir(mode=0o700)
            (self.credentials / "kie_api_key").write_text("hush")
        self.other = self.state / "workspaces" / "deep_sea" / "t9" / "plan.json"
        self.other.parent.mkdir(parents=True)
        self.neighbour = self.state / "workspaces" / "deep_sea" / "t8"
        self.neighbour.mkdir()
        files = [self.state / f"decoy-{name}" for name in DECOYS]
        files += [self.other, self.state / "backups" / "videod-1.db", self.home / "private"]
        for path in (*files, *(self.at / name for name in ("master.key", "videod.toml", "channels/deep_sea.yaml"))):
            path.parent.mkdir(exist_ok=True)
            path.write_text("hush")
            path.chmod(0o600)

    @property
    def workspace(self) -> Path:
        return self.builder().workspace(self.book.one)

    def builder(self, **overrides: str) -> CommandBuilder:
        return CommandBuilder(
            state=self.state, scripts=self.scripts, overrides=overrides, urls={}, ffmpeg=lambda: "/usr/bin/true",
            context=lambda task, workspace, outputs: None, secret=lambda name: f"key of {name}", token=_token,
            environ={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.home)},
        )  # fmt: skip

    async def spawn(self, who: str) -> Spawn:
        """The child that the daemon would start for one of OURS, or for the user's own script."""
        if who == ASKING:
            asking = YouTubeQuestions(_Looking(), _token, self.scripts / f"{ASKING}.py", self.state / "asking", {}, {})
            try:
                await asking.channels_mine("wild")
            except _Seen as seen:
                return seen.spawn
            except YouTubeTrouble:
                raise AssertionError("it was not started") from None
        step, _, service = ("image" if who == OWN else who).partition("/")
        made = self.builder(**({step: str(self.scripts / f"{OWN}.py")} if who == OWN else {}))
        # the plan at hand has no split screen: it is a composite's job by another name
        like = "composite" if step == "split_screen" else step
        job = replace(next(job for job in self.book.jobs.values() if job.step == like), step=step)
        if service:
            job = replace(job, service=service)
        made.prepare(self.book.one, job, Command(()))
        return await made.spawn(self.book.one, job, Command(()))


#: a job of the neighbor's: it has secrets of its own and waits to be ended
NEIGHBOUR = "import sys; print('here', flush=True); sys.stdin.read(); __import__('signal').pause()"


@contextmanager
def open_ports(at: Path) -> Iterator[dict[str, object]]:
    """Whoever else listens on this host: TCP, UDP, a Unix socket of each kind, an abstract one. Nobody answers."""
    unix, abstract = str(at / "out.sock"), f"videod-hostile-{os.getpid()}"
    over_tcp, udp = socket.create_server(("127.0.0.1", 0), backlog=1024), socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    made = [over_tcp, udp]
    for kind, name in ((socket.SOCK_STREAM, unix), (socket.SOCK_STREAM, f"\0{abstract}"),
                       (socket.SOCK_DGRAM, f"{unix}.dgram")):  # fmt: skip
        one = socket.socket(socket.AF_UNIX, kind)
        one.bind(name)
        if kind == socket.SOCK_STREAM:
            one.listen(1024)
        made.append(one)
    try:
        yield {
            "tcp": over_tcp.getsockname()[1], "udp": udp.getsockname()[1], "unix": unix, "abstract": abstract,
        }  # fmt: skip
    finally:
        for one in made:
            one.close()


@asynccontextmanager
async def neighbour(town: Town, launcher: ProcessLauncher) -> AsyncIterator[Child]:
    """A job of another channel that is at work meanwhile."""
    env = {"KIE_API_KEY": "key of the neighbor"}
    argv = (sys.executable, "-c", NEIGHBOUR)
    child = await launcher.start(Spawn(argv, env, town.neighbour, "neighbour", confinement=Confinement()))
    async for line in child.lines():
        assert line == "here", line
        break
    yield child
    await child.kill(0)


async def attacked(town: Town, programs: Sequence[str], only: Sequence[str] = ()) -> list[Tried]:
    """Run the hostile program in the place of each of `programs`, one after the other."""
    confinement.guard_self()
    box = StudioBox(town.state)
    app = build_app(box.ledger, box.store, box.clock, str, lambda: {"kie": 8})
    listening = await serve(app, town.state / "videod.sock", None)
    # under the unit each job gets a control group, as the daemon's do
    groups = walls.found(town.state, os.environ).groups
    launcher = ProcessLauncher(confinement.host_paths(town.state, town.scripts, town.environ), groups)
    found: list[Tried] = []
    try:
        with open_ports(town.at) as ports:
            async with neighbour(town, launcher) as other:
                describe(town, ports, other)
                for who in programs:
                    found += await one(town, launcher, who, only)
                found += await reaped(town, launcher)
    finally:
        await listening.close()
        launcher.close()
        box.close()
    return found


def describe(town: Town, ports: Mapping[str, object], other: Child) -> None:
    temporary = town.state / "tmp" / str(other.pid) / "film.part"
    temporary.write_text("hush")
    notes = {"videos/clip_99.mp4": ".job.json", "videos/removed": ".job.json", "upload/result.json": ".session.json"}
    noted = {receipts.noted(town.workspace, output): ending for output, ending in notes.items()}
    journals = [place.with_name(f"{place.name}{ending}") for place, ending in noted.items()]
    for path in journals:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    may = {Path(step.script).stem: step.secrets for step in STEPS.values()}
    may |= {OWN: STEPS["image"].secrets, ASKING: ("YOUTUBE_ACCESS_TOKEN",)}
    credential = next((path for path in sorted(town.credentials.iterdir()) if path.is_file()), town.credentials)
    told = dict(ports) | {
        "daemon": os.getpid(), "other_job": other.pid, "state": str(town.state),
        "database": str(town.state / "videod.db"),
        "socket": str(town.state / "videod.sock"), "other": str(town.other), "other_temporary": str(temporary),
        "key": str(town.state.parent / "master.key"), "credential": str(credential), "home": str(town.home),
        "scripts": str(town.scripts), "channels": str(town.channels), "settings": str(town.at / "videod.toml"),
        "packages": str(town.packages), "cache": str(town.at / "cache"), "secrets": list(SECRET_NAMES), "may": may,
        "journals": [str(path) for path in journals],
    }  # fmt: skip
    (town.scripts / "hostile.json").write_text(json.dumps(told))


async def one(town: Town, launcher: ProcessLauncher, who: str, only: Sequence[str]) -> list[Tried]:
    town.workspace.mkdir(parents=True, exist_ok=True)
    spawn = await town.spawn(who)
    if only:
        place = spawn.argv.index(next(word for word in spawn.argv if word.startswith(str(town.scripts))))
        spawn = replace(spawn, argv=(*spawn.argv[: place + 1], "--only", ",".join(only)))
    child = await launcher.start(spawn)
    told = [json.loads(line) async for line in child.lines() if line.startswith('{"act"')]
    code = await child.wait()
    if code or not told:
        raise AssertionError(f"the hostile program in the place of {who} ended with {code}: {child.stderr_tail()}")
    return [judged(who, act) for act in told]


async def reaped(town: Town, launcher: ProcessLauncher) -> list[Tried]:
    """After one more job nobody waits to be reaped: the dead take numbers, of which the unit allows so many."""
    child = await launcher.start(
        Spawn((sys.executable, "-c", ""), {}, town.neighbour, "last", confinement=Confinement())
    )
    await child.wait()
    dead = sum(parent == os.getpid() for _, _, parent, _ in remaining())
    return [Tried("outlive_by_forking_on_and_on", OURS[0], "through", f"{dead} not reaped")] if dead > FEW_DEAD else []


def judged(who: str, told: Mapping[str, object]) -> Tried:
    """After its job was waited for nothing of it may be there."""
    why, result = told["why"], str(told["result"])
    if isinstance(why, dict):
        left = [(pid, dead) for pid, name, _, dead in remaining() if name == why["left"]]
        alive = sum(not dead for _, dead in left)
        result, why = ("through", f"{alive} left") if alive else ("held", "all gone")
        for pid, _ in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    return Tried(str(told["act"]), who, result, str(why))


def remaining() -> list[tuple[int, str, int, bool]]:
    """Processes with LEFT in their name: number, name, parent, and whether all of its threads are dead, so that it only
    waits to be reaped."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                name = (entry / "comm").read_text().strip()
                if name.startswith(LEFT):
                    parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                    threads = [(task / "stat").read_text() for task in (entry / "task").iterdir()]
                    dead = all(stat.rpartition(")")[2].split()[0] in "ZX" for stat in threads)
                    found.append((int(entry.name), name, int(parent), dead))
    return found


def main(argv: list[str]) -> int:
    """`FOLDER [PROGRAM,...] [ACT,...]`: attack here, as whoever this is; the table goes to FOLDER/tried.json."""
    folder = Path(argv[0])
    programs = argv[1].split(",") if argv[1:] and argv[1] else (*OURS, OWN)
    only = argv[2].split(",") if argv[2:] and argv[2] else ()
    town = Town(folder / "town", os.environ)
    town.build()
    tried = asyncio.run(attacked(town, programs, only))
    (folder / "tried.json").write_text(json.dumps([asdict(one) for one in tried]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
