"""Looking at produced files: is it there, whole, and what it should be? Nothing counts as done before.

A file is refused in words that begin with its name. It is opened once, and decoded in a room behind a wall
(`decoding_room`): pictures by Pillow, sound and video by FFmpeg, two of each kind at a time (`checking_lane`).
"""

import asyncio
import os
import stat
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from videod import files
from videod.adapters import packet_marks, picture
from videod.adapters.checking_lane import CheckingLane
from videod.adapters.decode import Undecodable, decode
from videod.adapters.decoding_room import DecodingRoom, common
from videod.adapters.packet_marks import Marks
from videod.adapters.picture import NoPicture
from videod.adapters.sniff import HEAD_BYTES, looks_like
from videod.core import bounds, content
from videod.core.held_against import WARNINGS
from videod.core.media_checks import Decoded, objection, objection_to_bytes
from videod.core.step import PACKETS, Expectation
from videod.ports import Artefact, BadArtefact, Unchecked

AT_ONCE = 2
#: a plan has some ten kilobytes, what a step reports of itself less
DOCUMENT_BYTES = 4 << 20
_WORKSPACES = "workspaces"
_NAMES = {"json": "JSON", "image": "picture", "video": "video", "audio": "sound", "text": "text"}


class MediaInspector:
    """See ports.Inspector. `ffmpeg` returns the program's path, or raises FileNotFoundError saying what to install.

    `others`: the programs that come after it in line, for the minute in which it does not run. `room`: where files are
    decoded, that of this process by default.
    """

    def __init__(
        self, ffmpeg: Callable[[], str], others: Callable[[], Sequence[str]] = tuple, room: DecodingRoom | None = None
    ) -> None:
        self._ffmpeg = ffmpeg
        self._others = others
        self._room = room or common()
        self._lane = CheckingLane()
        self._pictures = asyncio.Semaphore(AT_ONCE)

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        if makes == "nothing":
            return Artefact(0, "")
        try:
            mark = _mark(path)
        except OSError as error:
            raise Unchecked(f"{path.name} could not be looked at: {files.reason(error)}") from error
        wrong = objection_to_bytes(mark[0], expected)
        if wrong is not None:
            raise _refusal(path, makes, wrong)
        try:
            async with self._turn(path, makes):
                with await asyncio.to_thread(_opened, path) as source:
                    facts = await self._facts(path, source, makes, expected)
                    size, digest = await asyncio.to_thread(files.fingerprint, source)
                    last = _mark_of(os.fstat(source.fileno()))
                    lies_there = _mark(path)
        except (Undecodable, NoPicture) as error:
            raise _refusal(path, makes, str(error)) from error
        except OSError as error:  # of FFmpeg that is missing as well, which its caller tells apart
            if isinstance(error, FileNotFoundError):
                raise
            raise Unchecked(f"{path.name} could not be read: {files.reason(error)}") from error
        if not mark == last == lies_there:  # what was decoded is not what was hashed, or not what lies there
            raise BadArtefact(f"{path.name} was changed while it was looked at")
        return Artefact(size, digest, facts)

    @asynccontextmanager
    async def _turn(self, path: Path, makes: str) -> AsyncIterator[None]:
        if makes == "image":
            async with self._pictures:
                yield
        elif makes in ("video", "audio"):
            async with self._lane.turn(_channel_of(path)):
                yield
        else:
            yield

    async def _facts(self, path: Path, source: BinaryIO, makes: str, expected: Expectation) -> dict[str, object]:
        if makes == "json":
            return await asyncio.to_thread(_document, path)
        if makes == "text":
            return await asyncio.to_thread(_text, path, expected)
        if makes == "image":
            return await picture.look(self._room, path, source, expected)
        program = self._ffmpeg()
        others = [other for other in self._others() if other != program]
        marks = None
        if makes == "video" and (expected.parts or expected.step == "cut"):
            marks = await packet_marks.of(program, path, source, self._room)
        known = marks is not None and marks.are(expected.parts)
        found = await decode(program, path, makes, expected, others, self._room, source, known)
        if marks is not None and known:
            found = _known(found, marks)
        wrong = objection(found, makes, expected)
        if wrong is not None:
            raise Undecodable(wrong)
        named = {PACKETS: marks.named()} if marks is not None and expected.step == "cut" else {}
        return _measured(found, expected.step) | named


def _known(found: Decoded, marks: Marks) -> Decoded:
    """A film whose pictures are those of its cuts: as many as there are, their content said of the cuts already."""
    if found.seen is None:
        return found
    seen = replace(found.seen, pictures=len(marks.rows), seconds=len(marks.rows) * marks.even_s)
    content = None if found.content is None else replace(found.content, frames=(), frozen=(), seconds=seen.seconds)
    return replace(found, seen=seen, content=content)


def _channel_of(path: Path) -> str:
    """Whose file it is: files lie in workspaces/CHANNEL/TASK."""
    parts = path.parts
    return parts[parts.index(_WORKSPACES) + 1] if _WORKSPACES in parts[:-2] else ""


#: which file it is: bytes, device, inode, time of the last change, ns (nobody can set that one)
_Mark = tuple[int, int, int, int]


def _mark(path: Path) -> _Mark:
    """Of a file that lies here itself: a link could lead anywhere, and what it leads to be changed later.

    One with another name elsewhere could be exactly the file that this name must not lead to.
    """
    found = files.seen(path)
    if found is None:
        raise BadArtefact(f"the script ended well but {path.name} is missing")
    if not stat.S_ISREG(found.st_mode):
        raise BadArtefact(f"{path.name} is {'a link' if stat.S_ISLNK(found.st_mode) else 'no file'}, not a plain file")
    if found.st_nlink > 1:
        raise BadArtefact(f"{path.name} has another name elsewhere (a hard link), so it may change. It must be a copy")
    return _mark_of(found)


def _mark_of(found: os.stat_result) -> _Mark:
    return found.st_size, found.st_dev, found.st_ino, found.st_ctime_ns


def _opened(path: Path) -> BinaryIO:
    try:
        return files.open_made(path)
    except (FileNotFoundError, PermissionError, files.Unfit) as error:
        raise BadArtefact(f"{path.name} was changed while it was looked at: {files.reason(error)}") from error


def _refusal(path: Path, makes: str, wrong: str) -> BadArtefact:
    """The refusal in words; what came in place of a video or a picture says more than why it cannot be decoded."""
    try:
        with files.open_made(path) as source:
            holds = looks_like(source.read(HEAD_BYTES))
    except OSError as error:
        return BadArtefact(f"{path.name} {wrong} ({files.reason(error)})")
    if holds is None or makes in holds.serves:
        return BadArtefact(f"{path.name} {wrong}")
    return BadArtefact(f"{path.name} holds {holds.words}, no {_NAMES[makes]}")


def _measured(found: Decoded, step: str) -> dict[str, object]:
    seen, heard = found.seen, found.heard
    facts: dict[str, object] = {"duration_s": round(found.seconds, 3)}
    if seen is not None:
        facts |= {
            "duration_s": round(seen.seconds, 3), "video": seen.codec, "width": seen.width, "height": seen.height,
            "pictures": seen.pictures, "black_share": round(seen.black, 4),
        }  # fmt: skip
    if heard is not None:
        facts |= {
            "audio": heard.codec, "sample_rate": heard.rate_hz, "sound_s": round(heard.seconds, 3),
            "mean_volume_db": round(heard.mean_db, 1), "peak_volume_db": round(heard.peak_db, 1),
        }  # fmt: skip
    return facts | _content(found, step)


def _content(found: Decoded, step: str) -> dict[str, object]:
    """What is odd about the file, and what the next ones are held against; nothing where nobody asked for it."""
    seen = found.content
    if seen is None or not step:
        return {}
    odd = list(content.oddities(seen, step))
    facts: dict[str, object] = {}
    if seen.sound is not None and step == "narration":
        facts["speech_s"] = round(content.speech_s(seen.sound), 2)
    if seen.frames and step == "clip":
        odd += [moved] if (moved := content.drifts(seen.frames)) is not None else []
        facts["look"] = seen.look
    if seen.frames and step in ("cut", "assemble"):
        facts["marks"] = content.marks(seen)
    return facts | ({WARNINGS: odd} if odd else {})


def _document(path: Path) -> dict[str, object]:
    try:
        loaded = bounds.loads(files.read_made(path, DOCUMENT_BYTES))
    except (OSError, ValueError) as error:
        if files.lacking(error):
            raise
        raise Undecodable(f"cannot be read ({error})") from error
    if not isinstance(loaded, dict):
        raise Undecodable("contains no JSON object")
    # scalars only: what a step reports of itself, such as a video id and its address
    return bounds.scalars(loaded)


def _text(path: Path, expected: Expectation) -> dict[str, object]:
    """A text that a person can read, such as captions: UTF-8 without control characters."""
    try:
        told = files.read_made(path, min(expected.max_bytes, DOCUMENT_BYTES)).decode()
    except (OSError, ValueError) as error:
        if files.lacking(error):
            raise
        raise Undecodable(f"cannot be read as text ({error})") from error
    strange = next((letter for letter in told if unicodedata.category(letter) == "Cc" and letter not in "\r\n\t"), None)
    if strange is not None:
        raise Undecodable(f"holds the control character U+{ord(strange):04X}")
    if not told.strip() and expected.min_bytes > 0:
        raise Undecodable("holds nothing but blanks")
    return {"lines": len(told.splitlines())}
