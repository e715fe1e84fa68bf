"""A worker's side: the plugin that runs videod's scripts on a Dask worker, behind the walls that they have at home.

A job has a folder of its own with copies of its inputs, and leaves its outputs there until they are fetched. When
nobody wants it any more (it was fetched or cancelled, its daemon is gone, the scheduler is), Dask tells the plugin, and
its script ends and its folder goes. A worker that dies takes its scripts with it.
"""

import asyncio
import logging
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from distributed import Worker, WorkerPlugin

from videod import files
from videod.adapters import confinement, walls
from videod.adapters.cluster import orders
from videod.adapters.cluster.depot import Depot, free_bytes
from videod.adapters.cluster.orders import Left, Order, Piece
from videod.adapters.process import ProcessChild, ProcessLauncher
from videod.ports import Confinement, Spawn

log = logging.getLogger(__name__)

#: between TERM and KILL of a script that nobody wants any more, seconds
GRACE_S = 2.0
#: of what a script says is kept: lines, and characters of each
_LINES, _CHARACTERS = 2000, 32_768
#: address of a worker of this process -> its room
_ROOMS: dict[str, "Room"] = {}
#: states of a key in which nobody waits for its result
_OVER = frozenset({"released", "forgotten", "cancelled", "error"})


@dataclass(frozen=True)
class Means:
    """What a worker works with. `folder`: for caches and jobs; `shared`: a folder that the daemon sees as well."""

    folder: Path
    ffmpeg: str
    cap: int = 20 << 30
    shared: Path | None = None


class Room(WorkerPlugin):  # type: ignore[misc]
    """See the module's text."""

    name = orders.PLUGIN

    def __init__(self, means: Means) -> None:
        self._means = means
        self._children: dict[str, ProcessChild] = {}
        self._running: set[str] = set()
        self._unwanted: set[str] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def setup(self, worker: Worker) -> None:
        means = self._means
        state = means.folder.resolve()
        self._jobs = state / "jobs"
        shutil.rmtree(self._jobs, ignore_errors=True)  # of a worker that died here
        files.private_folder(self._jobs)
        self._depot = Depot((means.shared or state) / "files", means.cap)
        found = walls.found(state, os.environ)
        self._lacking = found.lacking
        self._launcher = ProcessLauncher(confinement.host_paths(state, orders.scripts(), os.environ), found.groups)
        self._address = worker.address
        _ROOMS[worker.address] = self

    async def teardown(self, worker: Worker) -> None:
        _ROOMS.pop(self._address, None)
        for child in list(self._children.values()):
            await child.kill(0)
        self._launcher.close()

    def transition(self, key: object, start: str, finish: str, **kwargs: object) -> None:
        if isinstance(key, str) and key.startswith(orders.PLUGIN) and finish in _OVER:
            task = asyncio.get_running_loop().create_task(self._forget(key))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _forget(self, key: str) -> None:
        """End the script of a job, and remove what it left."""
        if key in self._running:
            self._unwanted.add(key)
            if (child := self._children.get(key)) is not None:
                await child.kill(GRACE_S)
        else:
            await asyncio.to_thread(shutil.rmtree, self._folder(key), ignore_errors=True)

    def _folder(self, key: str) -> Path:
        return self._jobs / key.replace("/", "_").replace(" ", "_")

    def about(self) -> dict[str, object]:
        """What `videod cluster check` and the daemon want to know of this worker."""
        return {
            "version": orders.version(), "ffmpeg": self._means.ffmpeg, "free": free_bytes(self._jobs),
            "cores": os.cpu_count() or 1, "lacking": list(self._lacking),
            "shared": str(self._means.shared) if self._means.shared else "",
        }  # fmt: skip

    async def run(self, order: Order) -> Left:
        """Do a job; what goes wrong on this machine is returned, never raised."""
        folder = self._folder(order.key)
        self._running.add(order.key)
        try:
            return await self._run(order, folder)
        except OSError as error:
            trouble = f"{files.reason(error)} ({error.filename})" if error.filename else files.reason(error)
            return Left(-1, (), "", 0, trouble=trouble)
        finally:
            self._children.pop(order.key, None)
            self._running.discard(order.key)
            if order.key in self._unwanted:
                self._unwanted.discard(order.key)
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _run(self, order: Order, folder: Path) -> Left:
        if order.version != orders.version():
            return Left(-1, (), "", 0, trouble=f"it has videod {orders.version()}, the daemon {order.version}")
        missing = await asyncio.to_thread(self._lay_out, order, folder)
        if missing:
            return Left(-1, (), "", 0, missing=missing)
        child = await self._launcher.start(self._spawn(order, folder))
        self._children[order.key] = child
        if order.key in self._unwanted:  # since before it was started
            await child.kill(0)
        here, lines = f"{folder}/", list[str]()
        async for line in child.lines():
            if len(lines) < _LINES:
                lines.append(line[:_CHARACTERS].replace(here, f"{order.token}/"))
        code = await child.wait()
        made = await asyncio.to_thread(self._made, order, folder) if code == 0 else ()
        said = child.stderr_tail().replace(here, f"{order.token}/")
        return Left(code, tuple(lines), said, child.cpu_ms, made)

    def _lay_out(self, order: Order, folder: Path) -> tuple[str, ...]:
        """The job's folder with its inputs; digests of those that are missing. Raises OSError."""
        shutil.rmtree(folder, ignore_errors=True)
        files.private_folder(folder)
        for name, text in order.texts.items():
            files.write_made(folder / name, text.replace(f"{order.token}/", f"{folder}/").encode(), folder)
        (folder / order.output).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        places = {files.inside(folder / one.path, folder): one.sha256 for one in order.pieces}
        return tuple(digest for place, digest in places.items() if not self._depot.copy(digest, place))

    def _spawn(self, order: Order, folder: Path) -> Spawn:
        script, ffmpeg = orders.scripts() / Path(order.script).name, self._means.ffmpeg
        argv = tuple(one.replace(f"{order.token}/", f"{folder}/") for one in order.argv)
        env = {**order.env, "VIDEOD_FFMPEG": ffmpeg, "PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder)}
        writes = (folder / order.writes,) if order.writes else None
        shut = Confinement(reads=(Path(ffmpeg), script), network=False, writes=writes)
        return Spawn((sys.executable, str(script), *argv), env, folder, order.label, order.nice, False, shut)

    def _made(self, order: Order, folder: Path) -> tuple[Piece, ...]:
        """What the script left: its output and the small files beside it. Raises OSError."""
        found = []
        for name in (order.output, *order.beside):
            if files.made(folder / name, folder):
                with files.open_made(folder / name, folder) as source:
                    size, digest = files.fingerprint(source)
                    if self._means.shared is not None:
                        self._depot.add(digest, source)
                found.append(Piece(name, digest, size))
        return tuple(found)

    def part(self, key: str, name: str, offset: int) -> bytes:
        """The next part of a file that a job left. Raises OSError."""
        folder = self._folder(key)
        with files.open_made(folder / name, folder) as source:
            source.seek(offset)
            return source.read(orders.CHUNK)


# ------------------------------------------------------------------- what the daemon's helper has run on a worker


async def run(order: Order, address: str) -> Left:
    return await _ROOMS[address].run(order)


async def about(dask_worker: Worker) -> dict[str, object]:
    return await asyncio.to_thread(_ROOMS[dask_worker.address].about)


async def missing(digests: list[str], dask_worker: Worker) -> list[str]:
    return await asyncio.to_thread(_ROOMS[dask_worker.address]._depot.missing, digests)


async def take(digest: str, offset: int, data: bytes, whole: int, dask_worker: Worker) -> bool:
    return await asyncio.to_thread(_ROOMS[dask_worker.address]._depot.take, digest, offset, data, whole)


async def part(key: str, name: str, offset: int, dask_worker: Worker) -> bytes:
    return await asyncio.to_thread(_ROOMS[dask_worker.address].part, key, name, offset)


async def speed(dask_worker: Worker) -> float:
    """Seconds of processor time that one second of 1080p takes FFmpeg to encode here."""
    room = _ROOMS[dask_worker.address]
    argv = (
        room._means.ffmpeg, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=24:d=1",
        "-c:v", "libx264", "-threads", "1", "-f", "null", "-",
    )  # fmt: skip
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    child = await room._launcher.start(Spawn(argv, env, room._jobs, "speed"))
    async for _ in child.lines():
        pass
    code = await child.wait()
    if code != 0:
        said = child.stderr_tail().strip().splitlines()
        raise OSError(f"FFmpeg does not run there: {said[-1] if said else f'it ended with {code}'}")
    return child.cpu_ms / 1000
