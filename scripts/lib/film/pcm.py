"""The sounds of a MOV read as they lie in it: samples without loss need no program that reads the whole file.

Sound lies between the pictures, so FFmpeg reads all of a film's 400 MB to hand out the 80 MB of it. What is not stored
as plain little-endian samples of 16 bits is left to FFmpeg.
"""

import os
import struct
from itertools import pairwise
from pathlib import Path

from scripts.lib.film import mp4
from scripts.lib.film.mp4 import Box

PLAIN = b"sowt"
_ENTRY_CHANNELS_AT, _ENTRY_BITS_AT = 24, 26
_BITS = 16


def tracks(path: Path) -> list[bytes] | None:
    """The samples of each sound of the file, in its order; None unless all of them are plain. Raises OSError."""
    try:
        moov = mp4.index(path)
        found = [] if moov is None else [one for one in _tables(moov) if one is not None]
        if moov is None or not found:
            return None
        with path.open("rb") as stream:
            return [_read(stream.fileno(), one) for one in found]
    except (ValueError, struct.error, StopIteration):
        return None


Places = list[tuple[int, int]]


def _tables(moov: bytes) -> list[Places | None]:
    """Of each track with sound where its samples lie: offset and length of each run of them. None: it has none.

    Raises ValueError for sound that is not plain.
    """
    by_track: dict[Box, dict[bytes, Box]] = {}
    for trail in mp4.leaves(moov):
        track = next((box for box in trail if box.kind == b"trak"), None)
        if track is not None and (trail[-1].kind != b"hdlr" or trail[-2].kind == b"mdia"):
            by_track.setdefault(track, {})[trail[-1].kind] = trail[-1]
    return [_places(moov, boxes) for boxes in by_track.values()]


def _places(moov: bytes, boxes: dict[bytes, Box]) -> Places | None:
    if moov[boxes[b"hdlr"].body + 8 : boxes[b"hdlr"].body + 12] != b"soun":
        return None
    entry = boxes[b"stsd"].body + 8
    (channels,), (bits,) = (struct.unpack_from(">H", moov, entry + at) for at in (_ENTRY_CHANNELS_AT, _ENTRY_BITS_AT))
    size, count = struct.unpack_from(">II", moov, boxes[b"stsz"].body + 4)
    if moov[entry + 4 : entry + 8] != PLAIN or bits != _BITS or size != channels * _BITS // 8:
        raise ValueError("not plain samples")
    wide = b"co64" in boxes
    table = boxes[b"co64" if wide else b"stco"]
    (chunks,) = struct.unpack_from(">I", moov, table.body + 4)
    offsets = struct.unpack_from(f">{chunks}{'Q' if wide else 'I'}", moov, table.body + 8)
    (runs,) = struct.unpack_from(">I", moov, boxes[b"stsc"].body + 4)
    steps = list(struct.iter_unpack(">III", moov[boxes[b"stsc"].body + 8 :][: 12 * runs]))
    steps.append((chunks + 1, 0, 0))
    places: Places = []
    for (first, samples, _), (beyond, _, _) in pairwise(steps):
        places += [(offset, samples * size) for offset in offsets[first - 1 : beyond - 1]]
    if sum(length for _, length in places) != count * size:
        raise ValueError("its tables do not agree")
    return places


def _read(descriptor: int, places: Places) -> bytes:
    data = b"".join(os.pread(descriptor, length, offset) for offset, length in places)
    if len(data) != sum(length for _, length in places):
        raise ValueError("the file is shorter than its index")
    return data
