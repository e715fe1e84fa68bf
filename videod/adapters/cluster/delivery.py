"""Files on their way: inputs to a worker that lacks them, what a job made from there to its place at home.

What arrives is written beside its place, compared with the digest the worker gave, and then moved there (`files`).
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from distributed import Client

from videod import files
from videod.adapters.cluster import orders, room
from videod.adapters.cluster.depot import Depot
from videod.adapters.cluster.orders import Order, Piece
from videod.adapters.cluster.roster import Lost, Worker, ask, words

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Delivery:
    """`shared`: a folder that the workers see as well, None where files travel."""

    def __init__(self, shared: Path | None) -> None:
        self._sending: dict[tuple[str, str], asyncio.Lock] = {}
        self._shared = Depot(shared / "files", 1 << 62, 0) if shared else None

    async def send(self, client: Client, worker: Worker, order: Order, sources: Mapping[str, Path]) -> None:
        """Bring the worker whatever it lacks of the job's inputs. Raises Lost, OSError."""
        sizes = {piece.sha256: piece.bytes for piece in order.pieces}
        unsure = [digest for digest in sizes if digest not in worker.sent]
        if self._shared is not None:
            for digest in await asyncio.to_thread(self._shared.missing, sizes):
                with files.open_plain(sources[digest]) as source:
                    await asyncio.to_thread(self._shared.add, digest, source)
            return
        if not unsure:
            return
        told = await ask(client, worker, room.missing, unsure)
        lacking = [one for one in told if one in sizes] if isinstance(told, list) else unsure
        worker.sent |= set(unsure) - set(lacking)
        for digest in lacking:
            async with self._sending.setdefault((worker.address, digest), asyncio.Lock()):
                if digest not in worker.sent:
                    await self._send_one(client, worker, digest, sources[digest], sizes[digest])
                    worker.sent.add(digest)

    async def _send_one(self, client: Client, worker: Worker, digest: str, path: Path, size: int) -> None:
        offset = 0
        with files.open_plain(path, follow=True) as source:
            while True:
                data = await asyncio.to_thread(source.read, orders.CHUNK)
                if await ask(client, worker, room.take, digest, offset, data, size):
                    return
                offset += len(data)
                if not data:
                    raise Lost(f"{path.name} was changed while it was sent", blame=False)

    async def fetch(self, client: Client, worker: Worker, order: Order, home: Path, made: tuple[Piece, ...]) -> None:
        """Put what was made in its place at home: first the small files, then the output. Raises Lost."""
        expected = (order.output, *order.beside)
        found = {piece.path: piece for piece in made if piece.path in expected}
        if order.output not in found:
            raise Lost(f"the worker {worker.name} says that its script ended well, but there is no file")
        for name in reversed(expected):
            if name not in found:
                continue
            piece = found[name]
            if not _DIGEST.fullmatch(piece.sha256):
                raise Lost(f"the worker {worker.name} gives no digest of the file it made")
            if piece.bytes > orders.OUTPUT_BYTES:
                raise Lost(f"the worker {worker.name} made a file of {piece.bytes:,} bytes")
            try:
                with files.arriving(home / name, home) as stream:
                    await self._copy(client, worker, order.key, piece, stream.write)
                    size, digest = await asyncio.to_thread(files.fingerprint, stream)
                    if (size, digest) != (piece.bytes, piece.sha256):
                        raise Lost(f"the worker {worker.name} sent another file than the one it says it made")
            except OSError as error:
                raise Lost(f"{name} cannot be written here: {files.reason(error)}", blame=False) from error

    async def _copy(
        self, client: Client, worker: Worker, key: str, piece: Piece, write: Callable[[bytes], object]
    ) -> None:
        offset = 0
        if self._shared is not None:
            with files.open_plain(self._shared.folder / piece.sha256) as source:
                while chunk := await asyncio.to_thread(source.read, orders.CHUNK):
                    write(chunk)
            return
        while offset < piece.bytes:
            try:
                data = await ask(client, worker, room.part, key, piece.path, offset)
            except OSError as error:  # Dask's are too
                raise Lost(f"the worker {worker.name} was lost while its file was fetched ({words(error)})") from error
            if not isinstance(data, bytes) or not data:
                raise Lost(f"the worker {worker.name} sent less of {piece.path} than it says it made")
            await asyncio.to_thread(write, data)
            offset += len(data)
