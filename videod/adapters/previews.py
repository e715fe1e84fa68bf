"""Small previews of files that are larger than the board takes: made by FFmpeg in a child, confined as scripts are.

A preview lies in a folder of its own beside the workspaces, until the board has it: `<mark>/clip_07-preview.mp4`.
It gets that name only when it is whole and small enough, so that one that is there is never regenerated, and one that
was cut off by a crash never counts. A child reads its one source, has no network and writes in that folder alone.
"""

import asyncio
import logging
import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

from videod import files
from videod.adapters.decode import CODECS
from videod.core import bounds
from videod.core.previews import ATTEMPTS, PICTURE, SOUND, kind_of, name_of, picture_side, poster_side, video_rate
from videod.core.sanitize import sanitize_line
from videod.ports import Child, Confinement, Launcher, PreviewError, Spawn

log = logging.getLogger(__name__)

#: behind everything else that computes
NICENESS = 19
#: one run may take so long, seconds: on a busy host it gets what others leave
RUN_S = 1800.0
KILL_S = 1.0
#: what FFmpeg may open; nothing here opens another file
_FORMATS = {PICTURE: "image2,png_pipe,jpeg_pipe,webp_pipe", SOUND: "mp3,wav,ogg,flac,aac,mov"}
_VIDEO_FORMATS = "mov,matroska,mpegts,avi"
_DURATION = re.compile(r"^  Duration: (\d{1,4}):(\d\d):(\d\d\.\d{1,9})", re.MULTILINE)
#: of a file that does not say how long it lasts, seconds
_UNKNOWN_S = 600.0
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")


class FFmpegPreviews:
    """See ports.Previews. `ffmpeg` returns the program's path, or raises FileNotFoundError saying what to install."""

    def __init__(
        self, launcher: Launcher, ffmpeg: Callable[[], str], folder: Path, environ: Mapping[str, str],
        nice: int = NICENESS,
    ) -> None:  # fmt: skip
        self._launcher = launcher
        self._ffmpeg = ffmpeg
        self._folder = folder
        self._nice = nice
        self._env = {name: environ[name] for name in _PASSED_ON if name in environ}

    def ready(self, mark: str, source: Path, limit: int) -> Path | None:
        made = self._folder / mark / self._name(source)
        found = files.seen(made)
        return made if found is not None and files.made(made) and 0 < found.st_size <= limit else None

    async def make(self, mark: str, source: Path, sha256: str, limit: int) -> Path:
        if (made := self.ready(mark, source, limit)) is not None:
            return made
        made = self._folder / mark / self._name(source)
        part = made.with_name(f"part{made.suffix}")
        try:
            files.private_folder(made.parent)
            await self._run(source, part, limit)
            await asyncio.to_thread(_check, source, sha256)
            await asyncio.to_thread(_keep, part, made)
        except OSError as error:
            why = (
                files.reason(error) if error.errno is not None else str(error)
            )  # of a missing program: what to install
            raise PreviewError("down", f"no preview of {source.name} could be made: {why}") from error
        finally:
            part.unlink(missing_ok=True)
        return made

    def drop(self, mark: str) -> None:
        shutil.rmtree(self._folder / mark, ignore_errors=True)

    def keep(self, marks: Collection[str]) -> None:
        with suppress(OSError):
            for left in list(self._folder.iterdir()):
                if left.name not in marks:
                    shutil.rmtree(left, ignore_errors=True)

    def _name(self, source: Path) -> str:
        return name_of(source.name)

    def _order(
        self, kind: str, source: Path, part: Path, seconds: float, limit: int, attempt: int
    ) -> tuple[str, ...]:  # fmt: skip
        """FFmpeg's arguments."""
        return _argv(kind, source, part, seconds, limit, attempt)

    async def _run(self, source: Path, part: Path, limit: int) -> None:
        """Write a preview of at most `limit` bytes to `part`: smaller and smaller, until it fits."""
        kind = kind_of(source.name)
        seconds = 0.0 if kind == PICTURE else await self._seconds(source, part.parent)
        for attempt in range(ATTEMPTS):
            part.unlink(missing_ok=True)
            argv = self._order(kind, source, part, seconds, limit, attempt)
            code, said = await self._ffmpeg_ends(argv, source, part.parent)
            size = 0 if (found := files.seen(part)) is None else found.st_size
            if code != 0 or not size:
                last = sanitize_line((said.strip().splitlines() or [f"FFmpeg ended with code {code}"])[-1])[:200]
                kind_of_failure = "down" if code < 0 else "rejected"
                raise PreviewError(kind_of_failure, f"no preview of {source.name} could be made: {last}")
            if size <= limit:
                return
        raise PreviewError("rejected", f"{source.name} has no preview that fits into {limit:,} bytes")

    async def _seconds(self, source: Path, folder: Path) -> float:
        """How long the source says that it lasts."""
        _, said = await self._ffmpeg_ends(("-i", f"file:{source}"), source, folder)
        found = _DURATION.search(said)
        if found is None:
            return _UNKNOWN_S
        return bounds.number(float(int(found[1]) * 3600 + int(found[2]) * 60) + float(found[3]), 0.1, 1e6) or _UNKNOWN_S

    async def _ffmpeg_ends(self, argv: tuple[str, ...], source: Path, folder: Path) -> tuple[int, str]:
        """The exit code of a run and the end of what it said. Raises PreviewError, OSError."""
        program = self._ffmpeg()
        spawn = Spawn(
            (program, "-hide_banner", "-nostdin", "-nostats", *argv), self._env, folder,
            f"preview {source.name}", self._nice,
            confinement=Confinement(reads=(Path(program), source), network=False),
        )  # fmt: skip
        child = await self._launcher.start(spawn)
        try:
            async with asyncio.timeout(RUN_S):
                return await _ended(child), child.stderr_tail()
        except TimeoutError:
            raise PreviewError(
                "down", f"the preview of {source.name} was not made within {RUN_S / 60:.0f} minutes"
            ) from None
        finally:
            await child.kill(KILL_S)


async def _ended(child: Child) -> int:
    async for _ in child.lines():
        pass
    return await child.wait()


def _check(source: Path, sha256: str) -> None:
    """Raises PreviewError where the source is not the file that was checked, OSError where it cannot be read."""
    with files.open_made(source) as opened:
        if files.fingerprint(opened)[1] != sha256:
            raise PreviewError("changed", f"{source.name} is not the file that was checked: its content has changed")


def _keep(part: Path, made: Path) -> None:
    """Give the whole preview its name, durably."""
    with files.open_made(part) as opened:
        os.fsync(opened.fileno())
    part.replace(made)


class FFmpegPosters(FFmpegPreviews):
    """A small picture of a picture, or of the beginning of a film."""

    def _name(self, source: Path) -> str:
        return "poster.jpg"

    def _order(
        self, kind: str, source: Path, part: Path, seconds: float, limit: int, attempt: int
    ) -> tuple[str, ...]:  # fmt: skip
        return _still(kind, source, part, *poster_side(attempt))


def _given(kind: str, source: Path) -> tuple[str, ...]:
    codecs = ("-codec_whitelist", CODECS["audio" if kind == SOUND else "video"]) if kind != PICTURE else ()
    return (
        "-protocol_whitelist", "file", "-format_whitelist", _FORMATS.get(kind, _VIDEO_FORMATS), *codecs,
        "-threads", "1", "-i", f"file:{source}",
    )  # fmt: skip


def _still(kind: str, source: Path, part: Path, side: int, quality: int) -> tuple[str, ...]:
    # what is transparent is white, as on the board
    look = (
        f"[0:v]scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease,format=rgba,split[a][b];"
        "[a]drawbox=x=0:y=0:w=iw:h=ih:c=white:t=fill:replace=1[w];[w][b]overlay=format=rgb,format=yuvj420p"
    )
    return (
        *_given(kind, source), "-filter_complex", look, "-frames:v", "1", "-q:v", str(quality), "-f", "image2",
        *_plain(part),
    )  # fmt: skip


def _plain(part: Path) -> tuple[str, ...]:
    return "-map_metadata", "-1", "-y", f"file:{part}"


def _argv(kind: str, source: Path, part: Path, seconds: float, limit: int, attempt: int) -> tuple[str, ...]:
    if kind == PICTURE:
        return _still(kind, source, part, *picture_side(attempt))
    given, plain = _given(kind, source), _plain(part)
    rate = video_rate(kind, seconds, limit, attempt)
    sound = ("-b:a", f"{rate.sound}k", "-ac", "2" if rate.sound >= 96 else "1")
    if kind == SOUND:
        return (*given, "-map", "0:a:0", "-c:a", "libmp3lame", *sound, "-f", "mp3", *plain)
    return (
        *given, "-map", "0:V:0", "-map", "0:a:0?", "-vf", f"scale=-2:'min({rate.height},trunc(ih/2)*2)',format=yuv420p",
        "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-b:v", f"{rate.picture}k",
        "-maxrate", f"{rate.picture}k", "-bufsize", f"{2 * rate.picture}k", "-c:a", "aac", *sound,
        "-movflags", "+faststart", "-f", "mp4", *plain,
    )  # fmt: skip
