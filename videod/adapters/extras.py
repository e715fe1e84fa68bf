"""Looks at a channel's intro, outro and watermark when it is loaded, so that a bad one is known before money is spent.

Films are made without what cannot be used (`scripts/assemble_video.py` decides that with the same means), so nothing
waits for it. Each file is decoded once, until it changes.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from videod import files
from videod.adapters import picture
from videod.adapters.decode import Undecodable, decode
from videod.adapters.decoding_room import DecodingRoom, common
from videod.adapters.sniff import HEAD_BYTES, looks_like
from videod.channels import EXTRAS, Channel
from videod.core.media_checks import objection, objection_to_bytes
from videod.core.step import GIB, Expectation
from videod.ports import Unchecked

#: scripts/assemble_video.py leaves out what is longer; a film may be so much longer than its clips for both together
LONGEST_S = 150.0
FILM = Expectation(max_bytes=4 * GIB, max_s=LONGEST_S, black=1.0)
#: kinds of film that an episode's own steps do not make (`sniff`)
_FILMS = ("a Matroska or WebM file", "an AVI file")
#: as scripts/lib/pictures.py
PIXELS_MAX = 64_000_000


@dataclass(frozen=True)
class Wrong:
    """`key`: intro, outro or watermark. `text`: what is wrong and what follows, as the rest of a sentence about it."""

    key: str
    path: Path
    text: str

    @property
    def sentence(self) -> str:
        return f"{self.key}: {self.path} {self.text}"


class Extras:
    """`ffmpegs`: those that there are, in the order in which they are tried. `room`: where files are decoded."""

    def __init__(self, ffmpegs: Callable[[], Sequence[str]], room: DecodingRoom | None = None) -> None:
        self._ffmpegs = ffmpegs
        self._room = room or common()
        self._known: dict[tuple[object, ...], asyncio.Task[str | None]] = {}
        self._turn = asyncio.Semaphore(1)

    async def wrong(self, channel: Channel) -> list[Wrong]:
        """What is wrong with the extras of a channel. Raises Unchecked when one could not be looked at."""
        found = []
        for key in EXTRAS:
            path: Path | None = getattr(channel, key)
            if path is not None and (text := await self._verdict(key, path)) is not None:
                found.append(Wrong(key, path, text))
        return found

    async def _verdict(self, key: str, path: Path) -> str | None:
        try:
            stamp = await asyncio.to_thread(os.stat, path)
        except (OSError, ValueError) as error:
            return f"cannot be read ({error}). Films are made without it"
        place = (key == "watermark", str(path), stamp.st_mtime_ns, stamp.st_size, stamp.st_ino)
        look = self._known.get(place)
        if look is None:
            look = self._known[place] = asyncio.create_task(
                self._look(key, path, stamp.st_size), name=f"look at {path}"
            )
        try:
            # who asks may have less time than a long intro takes; the look continues and answers the next one
            return await asyncio.shield(look)
        except Unchecked:
            self._known.pop(place, None)
            raise

    async def _look(self, key: str, path: Path, size: int) -> str | None:
        async with self._turn:
            return await (self._watermark if key == "watermark" else self._film)(path, size)

    async def _film(self, path: Path, size: int) -> str | None:
        ffmpeg, *others = self._ffmpegs() or [""]
        if not ffmpeg:
            raise Unchecked("there is no FFmpeg to look at it")
        wrong = objection_to_bytes(size, FILM)
        if wrong is None:
            try:
                with await asyncio.to_thread(_opened, path) as source:
                    found = await decode(ffmpeg, path, "extra", FILM, others, self._room, source)
                if found.sounds:  # it may last longer than the pictures, and is no reason to leave them out
                    found = replace(found, claimed_s=None, guessed_s=None)
                wrong = "holds no video" if found.seen is None else objection(found, "extra", FILM)
            except Undecodable as error:
                wrong = await asyncio.to_thread(_instead, path, "video") or str(error)
            except FileNotFoundError as error:
                raise Unchecked(str(error)) from error
            except OSError as error:
                wrong = f"cannot be read ({files.reason(error)})"
        if wrong is None:
            return None
        return f"{wrong}. Films are made without it. Put a film such as an MP4 in its place, or leave the key out"

    async def _watermark(self, path: Path, size: int) -> str | None:
        try:
            with await asyncio.to_thread(_opened, path) as source:
                found = await picture.decoded(self._room, path, source, PIXELS_MAX)
        except picture.NoPicture as error:
            wrong = await asyncio.to_thread(_instead, path, "image") or str(error)
            return f"{wrong}. Films are made without it. Save it as PNG, or leave the key out"
        except OSError as error:
            return f"cannot be read ({files.reason(error)}). Films are made without it"
        if found.animated:
            return "is animated. Only its first picture is drawn into films. Save that as PNG if it is what you want"
        return None


def _opened(path: Path) -> BinaryIO:
    """The owner's own file, which may lie behind a link."""
    return files.open_plain(path, follow=True)


def _instead(path: Path, makes: str) -> str | None:
    """What is there in place of a film or a picture, where that says more than why it cannot be decoded."""
    try:
        with _opened(path) as source:
            holds = looks_like(source.read(HEAD_BYTES))
    except OSError:
        return None
    if holds is None or makes in holds.serves or holds.words in _FILMS:
        return None
    return f"holds {holds.words}, no {'picture' if makes == 'image' else 'video'}"


async def wrong_everywhere(channels: Iterable[Channel], ffmpegs: Callable[[], Sequence[str]]) -> dict[str, list[Wrong]]:
    """What is wrong with the extras of channels, by channel; a file that could not be looked at is passed over."""
    looks = Extras(ffmpegs)
    found: dict[str, list[Wrong]] = {}
    for channel in channels:
        with contextlib.suppress(Unchecked):
            found[channel.id] = await looks.wrong(channel)
    return found
