"""Files of episodes for a browser: the takes of their jobs and nothing else, through the one door, in ranges.

An address names a job and the digest of one of its takes; where that lies is what the ledger says, never what the
address says. Players get a sandboxed answer of a known type. Whoever reads slower than a phone does is let go.
"""

import asyncio
import logging
import os
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web

from videod import files
from videod.core.model import Job, Task
from videod.core.step import Makes
from videod.core.step_parts import WORDLESS
from videod.core.tables import STEPS
from videod.flow.lights import POSTER, SMALL, Lights
from videod.flow.placing import INCOMING, SUFFIXES
from videod.guard.errors import Code, Refused
from videod.page.review import MARK, suffix
from videod.store import reads
from videod.store.takes import takes
from videod.web.routes import House

log = logging.getLogger(__name__)

TYPES: Mapping[str, str] = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".mp4": "video/mp4", ".mov": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska",
    ".mp3": "audio/mpeg", ".wav": "audio/wav", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg",
    ".flac": "audio/flac",
}  # fmt: skip
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline",
    "Accept-Ranges": "bytes", "Cache-Control": "private, max-age=604800, immutable",
}  # fmt: skip
_CHUNK = 128 * 1024
#: a chunk must be taken within so long, seconds
TAKEN_S = 20.0
#: addresses whose files are known
KNOWN = 2_000
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
#: bytes of a file of a person's own, by what it is; how long it may take to arrive, seconds
OWN_BYTES = {Makes.IMAGE: 64 << 20, Makes.AUDIO: 64 << 20, Makes.VIDEO: 2 << 30}
UPLOAD_S = 1_800.0


@dataclass(frozen=True)
class Place:
    """Where a take lies."""

    workspace: Path
    output: str
    sha256: str

    @property
    def path(self) -> Path:
        return self.workspace / self.output


class Media:
    """Hands files over. `workspace`: where the files of a task lie; `lights` None: there are no light previews."""

    def __init__(self, house: House, workspace: Callable[[str, str], Path], lights: Lights | None) -> None:
        self._house = house
        self._workspace = workspace
        self._lights = lights
        self._known: OrderedDict[tuple[str, str, str], Place] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        rest = "{task}/{step}/{key}/{mark}"
        return [web.get(f"/media/{rest}", self.whole), web.get(f"/small/{rest}", self.small),
                web.get(f"/poster/{rest}", self.poster), web.get("/captions/{task}/{key}", self.captions)]  # fmt: skip

    async def whole(self, request: web.Request) -> web.StreamResponse:
        place = await self._place(request)
        return await self._handed(request, place.path, place.workspace, suffix(place.output))

    async def small(self, request: web.Request) -> web.StreamResponse:
        """The light film; the whole one while it is being made, so that one can look at once."""
        place = await self._place(request)
        made = self._light(SMALL, request, place)
        if made is None:
            return await self._handed(request, place.path, place.workspace, suffix(place.output), kept=False)
        return await self._handed(request, made, None, made.suffix)

    async def poster(self, request: web.Request) -> web.StreamResponse:
        """The small picture. 503 while it is being made: the page asks again."""
        place = await self._place(request)
        made = self._light(POSTER, request, place)
        if made is None:
            return web.Response(status=503, headers={"Retry-After": "2", "Cache-Control": "no-store"})
        return await self._handed(request, made, None, ".jpg")

    async def captions(self, request: web.Request) -> web.StreamResponse:
        """What is said over one clip, as its player shows it; of the key "film" the film's own captions."""
        task_id, key = request.match_info["task"], request.match_info["key"]
        if key == "film":
            return web.Response(text=await self._film_captions(task_id), content_type="text/vtt")
        job = await self._house.store.read(lambda tx: reads.job(tx, task_id, f"narration/{key}"))
        if job is None:
            cut = await self._house.store.read(lambda tx: reads.job(tx, task_id, f"cut/{key}"))
            if cut is None or not cut.args.get(WORDLESS):
                raise web.HTTPNotFound
            return web.Response(text="WEBVTT\n", content_type="text/vtt")
        said = " ".join(str(job.args.get("text", "")).replace("-->", "→").split())
        return web.Response(text=f"WEBVTT\n\n00:00.000 --> 59:59.000\n{_escaped(said)}\n", content_type="text/vtt")

    async def _film_captions(self, task_id: str) -> str:
        jobs = await self._house.store.read(lambda tx: reads.jobs(tx, task_id))
        task = await self._house.store.read(lambda tx: reads.task(tx, task_id))
        found = next((job for job in jobs if job.step == "captions" and job.output), None)
        if task is None or found is None or found.output is None:
            return "WEBVTT\n"
        workspace = self._workspace(task.channel_id, task.id)
        try:
            raw = await asyncio.to_thread(files.read_made, workspace / found.output, 4 << 20, workspace)
        except OSError:
            return "WEBVTT\n"
        return "WEBVTT\n\n" + re.sub(r"(\d\d:\d\d:\d\d),(\d{3})", r"\1.\2", raw.decode("utf-8", "replace"))

    def _light(self, form: str, request: web.Request, place: Place) -> Path | None:
        if self._lights is None:
            return None
        return self._lights.ready(form, request.match_info["task"], place.path, place.sha256)

    async def _place(self, request: web.Request) -> Place:
        """Where the take of an address lies, as the ledger says. Raises HTTPNotFound."""
        info = request.match_info
        task_id, name, mark = info["task"], f"{info['step']}/{info['key']}", info["mark"]
        if re.fullmatch(f"[0-9a-f]{{{MARK}}}", mark) is None:
            raise web.HTTPNotFound
        key = task_id, name, mark
        found = self._known.get(key)
        if found is None:
            found = await self._look(*key)
            self._known[key] = found
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return found

    async def _look(self, task_id: str, name: str, mark: str) -> Place:
        task = await self._house.store.read(lambda tx: reads.task(tx, task_id))
        job = await self._house.store.read(lambda tx: reads.job(tx, task_id, name))
        if task is None or job is None:
            raise web.HTTPNotFound
        known = await self._house.store.read(lambda tx: takes(tx, task_id, name))
        offered = [(one.output, one.sha256) for one in known]
        if job.output is not None and job.sha256 is not None:
            offered.append((job.output, job.sha256))
        found = next(((output, sha) for output, sha in reversed(offered) if sha.startswith(mark)), None)
        if found is None or suffix(found[0]) not in TYPES:
            raise web.HTTPNotFound
        return Place(self._workspace(task.channel_id, task.id), *found)

    async def _handed(
        self, request: web.Request, path: Path, within: Path | None, ending: str, kept: bool = True
    ) -> web.StreamResponse:  # fmt: skip
        try:
            source = await asyncio.to_thread(files.open_made, path, within)
        except OSError:
            return web.Response(status=404, text="This file no longer exists.")
        with source:
            return await _sent(request, source, TYPES[ending], kept)

    # ----------------------------------------------------------------------------------------- files of one's own

    async def taken(self, part: BodyPartReader, task: Task, job: Job) -> str:
        """Keep an uploaded file in `incoming/`; its name there. Raises Refused."""
        makes = STEPS[job.step].makes
        ending = suffix(part.filename or "")
        if ending not in SUFFIXES.get(makes, ()):
            allowed = ", ".join(SUFFIXES.get(makes, ()))
            raise Refused(Code.CONFLICT, f"{job.name} takes no {ending or 'such'} file", f"give one of: {allowed}")
        folder = self._workspace(task.channel_id, task.id).parents[2] / INCOMING
        files.private_folder(folder)
        name = f"{secrets.token_hex(16)}{ending}"
        path = folder / name
        try:
            async with asyncio.timeout(UPLOAD_S):
                await _written(part, path, OWN_BYTES[makes])
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, TimeoutError):
                raise Refused(Code.CONFLICT, "the file took too long to arrive", "use `videod put`") from None
            raise
        return name


async def _written(part: BodyPartReader, path: Path, most: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    size = 0
    with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            if size > most:
                raise Refused(Code.TOO_LARGE, f"the file is larger than {most >> 20} MiB", "give a smaller one")
            await asyncio.to_thread(out.write, chunk)


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a range; None for all of the file. Raises ValueError for one that is not there."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last) if last else size - 1, size - 1)
    if begin > end:
        raise ValueError
    return begin, end


async def _sent(request: web.Request, source: BinaryIO, content_type: str, kept: bool) -> web.StreamResponse:
    """The file or the range of it that is asked for. Raises ConnectionError for a browser that does not take it."""
    size = os.fstat(source.fileno()).st_size
    headers = _HEADERS | {"Content-Type": content_type}
    if not kept:
        headers["Cache-Control"] = "no-store"
    try:
        wanted = _wanted(request.headers.get("Range", ""), size)
    except ValueError:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    begin, end = wanted or (0, size - 1)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {begin}-{end}/{size}"
    answer = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
    answer.content_length = end - begin + 1
    await answer.prepare(request)
    if request.method == "HEAD":
        return answer
    source.seek(begin)
    left = end - begin + 1
    while left > 0 and (chunk := await asyncio.to_thread(source.read, min(_CHUNK, left))):
        try:
            async with asyncio.timeout(TAKEN_S):
                await answer.write(chunk)
        except TimeoutError:
            raise ConnectionResetError("the browser could not receive the file") from None
        left -= len(chunk)
    return answer


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
