"""Looking at produced files: is it there, whole, and what it should be?

Pictures are decoded with Pillow; audio is decoded and video demuxed to its last packet with FFmpeg, which catches
files that end early although their header is sound.
"""

import asyncio
import hashlib
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from videod.edge.process import tethered
from videod.seams import Artefact, BadArtefact

#: a hostile file must not make FFmpeg fetch or read anything else
_SAFE = ("-protocol_whitelist", "file,pipe", "-format_whitelist", "mov,mp3,wav,matroska,ogg,flac,aac")
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)")
_VIDEO = re.compile(r"Stream #\S+.*: Video: (\w+).*?, (\d{2,5})x(\d{2,5})")
_AUDIO = re.compile(r"Stream #\S+.*: Audio: (\w+).*?, (\d+) Hz")
CHECK_S = 120
#: how `nice` and shells end when the program behind them cannot be started, or is not there
NO_PROGRAM = (126, 127)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _picture(path: Path) -> dict[str, object]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as picture:
                picture.load()
                return {"width": picture.width, "height": picture.height}
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombWarning) as error:
        raise BadArtefact(f"{path.name} is no whole picture: {error}") from error


def _document(path: Path) -> dict[str, object]:
    try:
        loaded = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadArtefact(f"{path.name} is no JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise BadArtefact(f"{path.name} holds no JSON object")
    # scalars only: what a step reports of itself, such as a video id and its address
    return {name: value for name, value in loaded.items() if isinstance(value, str | int | float | bool)}


class MediaInspector:
    """See seams.Inspector. `ffmpeg` returns the program's path, or raises FileNotFoundError saying what to install."""

    def __init__(self, ffmpeg: Callable[[], str]) -> None:
        self._ffmpeg = ffmpeg
        self._turns = asyncio.Semaphore(2)

    async def inspect(self, path: Path, makes: str) -> Artefact:
        if makes == "nothing":
            return Artefact(0, "")
        if not path.is_file() or path.stat().st_size == 0:
            raise BadArtefact(f"the script ended well but {path.name} {'is empty' if path.is_file() else 'is missing'}")
        facts: Mapping[str, object] = {}
        if makes == "json":
            facts = await asyncio.to_thread(_document, path)
        elif makes == "image":
            facts = await asyncio.to_thread(_picture, path)
        elif makes in ("video", "audio"):
            facts = await self._media(path, makes)
        return Artefact(path.stat().st_size, await asyncio.to_thread(_sha256, path), facts)

    async def _media(self, path: Path, makes: str) -> dict[str, object]:
        whole = (
            ("-map", "0:a", "-f", "null", "-") if makes == "audio" else ("-map", "0", "-c", "copy", "-f", "null", "-")
        )
        argv = (self._ffmpeg(), "-hide_banner", "-nostdin", "-xerror", *_SAFE, "-i", str(path), *whole)
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                *tethered(10), *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE, env={"PATH": os.environ.get("PATH", os.defpath)},
            )  # fmt: skip
            try:
                async with asyncio.timeout(CHECK_S):
                    _, raw = await process.communicate()
            except TimeoutError:
                process.kill()
                await process.wait()
                raise BadArtefact(f"{path.name} could not be read within {CHECK_S} s") from None
        text = raw.decode(errors="replace")
        said = (text.strip().splitlines() or [f"FFmpeg ended with code {process.returncode}"])[-1][:300]
        if process.returncode in NO_PROGRAM:
            raise FileNotFoundError(
                f"FFmpeg does not run ({argv[0]}: {said}); install it, or name a working one in [paths].ffmpeg of"
                " videod.toml and restart videod"
            )
        if process.returncode != 0:
            raise BadArtefact(f"{path.name} is no whole {makes} file: {said}")
        return _facts(path, makes, text)


def _facts(path: Path, makes: str, text: str) -> dict[str, object]:
    duration, video, audio = _DURATION.search(text), _VIDEO.search(text), _AUDIO.search(text)
    if duration is None or (makes == "video" and video is None) or (makes == "audio" and audio is None):
        raise BadArtefact(f"{path.name} holds no {makes}")
    hours, minutes, seconds = duration.groups()
    facts: dict[str, object] = {"duration_s": round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 3)}
    if video is not None:
        facts |= {"video": video[1], "width": int(video[2]), "height": int(video[3])}
    if audio is not None:
        facts |= {"audio": audio[1], "sample_rate": int(audio[2])}
    if facts["duration_s"] == 0:
        raise BadArtefact(f"{path.name} has no length")
    return facts
