"""Produced pictures: PNG, JPEG or WEBP, decoded to the last row, neither bombs nor a single color.

They are decoded in the room behind the wall; what is judged here is what it says of them.
"""

import asyncio
import errno
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from videod.adapters.decoding_room import DecodingRoom, crashed
from videod.core import bounds
from videod.core.alike_pictures import LOOK_CHARACTERS, pixels
from videod.core.media_checks import objection_to_size
from videod.core.sanitize import sanitize_line
from videod.core.step import Expectation
from videod.ports import Unchecked

#: 4K of the largest kind a service makes has 17 million; decoded, a picture takes 4 bytes of its decoder for each
PIXELS_MAX = 40_000_000
#: the longest look, seconds; processor time and memory are bounded in the room
LOOK_S = 60.0
#: how often a picture is decoded that breaks its decoder
TRIES = 2
_WORDS_BYTES, _WORDS = 1 << 14, 200
#: the longest side that anything claims
_SIDE = 1 << 31
_FLAT = {"one color": "is a single color", "transparent": "is transparent all over"}


class NoPicture(Exception):
    """The file is no whole picture; the text is the rest of a sentence about it."""


@dataclass(frozen=True)
class Look:
    """A picture that is whole: its size in pixels, as it is shown. `flat`: what is wrong with its only color."""

    width: int
    height: int
    animated: bool
    flat: str | None
    look: str = ""


async def look(room: DecodingRoom, path: Path, source: BinaryIO, expected: Expectation) -> dict[str, object]:
    """Decode the picture; its width and height in pixels, as it is shown.

    Raises NoPicture, Unchecked when it came to nothing.
    """
    found = await decoded(room, path, source, PIXELS_MAX)
    wrong = objection_to_size(found.width, found.height, expected) or found.flat
    if wrong is not None:
        raise NoPicture(wrong)
    facts: dict[str, object] = {"width": found.width, "height": found.height}
    return facts | {"look": found.look} if found.look and expected.step else facts


async def decoded(room: DecodingRoom, path: Path, source: BinaryIO, pixels_max: int) -> Look:
    """What the picture is that is open as `source`, decoded to its last row. Raises as `look`, and OSError."""
    code = 0
    for _ in range(TRIES):
        code, said = await _asked(room, path, source, pixels_max)
        if code == 0:
            return _taken(path, said, pixels_max)
        if not crashed(code):
            raise Unchecked(f"{path.name} could not be checked, its decoder ended with code {code}")
    raise NoPicture(f"crashes its decoder (code {code})")


async def _asked(room: DecodingRoom, path: Path, source: BinaryIO, pixels_max: int) -> tuple[int, bytes]:
    """How the decoder ended, and what it said."""
    try:
        async with (
            asyncio.timeout(LOOK_S),
            room.looks_at(source, pixels_max) as visit,
        ):
            said = b""
            while len(said) <= _WORDS_BYTES and (more := await visit.words.read(_WORDS_BYTES)):
                said += more
            if not said:
                return await visit.ended(), said
            visit.let_go()
            return 0, said if len(said) <= _WORDS_BYTES else b""
    except TimeoutError:
        raise Unchecked(f"{path.name} could not be decoded within {LOOK_S:.0f} s") from None
    except Unchecked as error:
        raise Unchecked(f"{path.name} could not be checked: {error}") from error


def _taken(path: Path, said: bytes, pixels_max: int) -> Look:
    """What a decoder said, of which nothing is certain but that it was one about this file."""
    try:
        told = bounds.loads(said[:_WORDS_BYTES])
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise NoPicture("makes its decoder answer nonsense")
    if told.get("no_memory"):
        raise Unchecked(f"{path.name} could not be checked: there is no memory left for it")
    if (reason := bounds.text(told.get("unreadable"), _WORDS)) is not None:
        raise OSError(errno.EIO, sanitize_line(reason))
    if (reason := bounds.text(told.get("no_picture"), _WORDS)) is not None:
        raise NoPicture(sanitize_line(reason))
    width, height = (bounds.whole(told.get(side), 1, _SIDE) for side in ("width", "height"))
    if width is None or height is None or width * height > pixels_max:
        raise NoPicture("makes its decoder answer nonsense")
    return Look(width, height, told.get("animated") is True, _FLAT.get(str(told.get("flat"))), _small(told.get("look")))


def _small(told: object) -> str:
    look = bounds.text(told, LOOK_CHARACTERS) or ""
    return look if pixels(look) is not None else ""
