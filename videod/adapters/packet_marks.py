"""The pictures of a file as they were encoded: a mark of each, without decoding any.

Our films are their cuts, copied packet by packet, and every cut was decoded to its end before. Where the film's packets
are theirs, all of them in order and at an even rate, its pictures need not be decoded once more: that took longer than
making the film. What a film says of itself is not trusted for it, nor the script that made it.
"""

import asyncio
import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from videod.adapters.decoding_room import DecodingRoom, Limits
from videod.core import bounds
from videod.ports import Unchecked

#: parameter sets are repeated in front of key pictures where files are joined; a film's key pictures are decoded
_FILTER = "h264_mp4toannexb,filter_units=remove_types=7|8"
_BASE = re.compile(r"#tb 0: (\d{1,9})/(\d{1,9})$")
_ROW = re.compile(r"0, +(-?\d{1,15}), +(-?\d{1,15}), +\d{1,15}, +\d{1,12}, ([0-9a-f]{64})")
#: what FFmpeg may say of a file in all, bytes; a row has some 110
WORDS_BYTES = 64 << 20
#: memory, bytes, and time, seconds, of a look that decodes nothing
_LIMITS, _LIMIT_S, _NICENESS = Limits(2 << 30, 120), 120.0, 10


@dataclass(frozen=True)
class Marks:
    """`rows`: the SHA-256 of each packet in the order of the file. `even_s`: what a picture lasts, 0.0: it differs."""

    rows: tuple[str, ...]
    even_s: float

    def named(self) -> str:
        """As a fact of a cut: how many there are, and a digest of all."""
        return f"{len(self.rows)}:{_digest(self.rows)}"

    def are(self, parts: Sequence[str]) -> bool:
        """Whether these are the packets of those cuts, all of them, one cut after the other."""
        at = 0
        for part in parts:
            count, _, digest = part.partition(":")
            length = bounds.whole(count) or 0
            if length < 1 or at + length > len(self.rows) or _digest(self.rows[at : at + length]) != digest:
                return False
            at += length
        return bool(parts) and at == len(self.rows) and self.even_s > 0


def _digest(rows: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


async def of(program: str, path: Path, source: BinaryIO, room: DecodingRoom) -> Marks | None:
    """The marks of the H.264 pictures of an open MOV or MP4; None where it has none, or they cannot be read."""
    argv = (
        program, "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe",
        "-format_whitelist", "mov", "-i", f"file:{path.resolve()}", "-map", "0:V:0", "-c", "copy", "-bsf:v", _FILTER,
        "-f", "framehash", "-hash", "sha256", "-flush_packets", "0", "pipe:2",
    )  # fmt: skip
    try:
        async with asyncio.timeout(_LIMIT_S), room.runs(argv, source, _NICENESS, _LIMITS) as visit:
            said = await visit.words.read(WORDS_BYTES)
            while more := await visit.words.read(WORDS_BYTES - len(said)):
                said += more
            code = await visit.ended()
    except (TimeoutError, Unchecked):
        return None
    return _read(said.decode(errors="replace")) if code == 0 else None


def _read(said: str) -> Marks | None:
    rows: list[str] = []
    shown: list[int] = []
    base = 0.0
    for line in said.splitlines():
        if found := _ROW.fullmatch(line):
            shown.append(int(found[2]))
            rows.append(found[3])
        elif found := _BASE.match(line):
            base = int(found[1]) / max(1, int(found[2]))
        elif not line.startswith("#"):
            return None
    shown.sort()
    steps = {later - earlier for earlier, later in itertools.pairwise(shown)}
    even = steps.pop() if len(steps) == 1 else 0
    return Marks(tuple(rows), even * base) if rows else None
