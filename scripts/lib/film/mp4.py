"""The few boxes of an MP4 or MOV file that must be read or written by ourselves.

FFmpeg does the muxing. Two things it cannot do are done here: read the H.264 parameter sets of a file without
`ffprobe`, and finish a film whose parts come from different encoders, i.e. list the parameter sets of all parts in
the one `avcC` box and put the index (`moov`) in front of the media. Layouts: ISO/IEC 14496-12 and 14496-15.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scripts.lib.failures import Failure, Kind

MOOV_BYTES_MAX = 64 << 20
_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_WHOLE = {b"moov", b"mdat"}
_MEDIA = {b"moov", b"mdat", b"moof"}
_SAMPLE_ENTRY_BYTES = 86
"""From the start of a visual sample entry to its first child box."""
_ENTRY_SIZE_AT = 32
_DESCRIBED = {b"avcC", b"colr", b"pasp"}
COLR_709 = struct.pack(">I4s4sHHHB", 19, b"colr", b"nclx", 1, 1, 1, 0)
"""Primaries, transfer and matrix of BT.709, limited range."""


@dataclass(frozen=True)
class Box:
    """A box at `start`; `body` is where its payload begins, `end` the first byte after it."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Avc:
    """H.264 parameter sets as raw NAL units, in the order of the file."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]

    def ids(self) -> dict[tuple[str, int], bytes]:
        """Each parameter set under its kind and number; a decoder keeps one per number."""
        numbered = {("sps", _exp_golomb(unit, 4)): unit for unit in self.sps}
        return numbered | {("pps", _exp_golomb(unit, 1)): unit for unit in self.pps}

    def clashes(self, other: "Avc") -> bool:
        """Whether both use one number for different parameter sets, so that they cannot share a film."""
        mine, theirs = self.ids(), other.ids()
        return any(mine[key] != theirs[key] for key in mine.keys() & theirs.keys())

    def joined(self, other: "Avc") -> "Avc":
        return Avc(_union(self.sps, other.sps), _union(self.pps, other.pps))

    def box(self) -> bytes:
        """The `avcC` box. The header names the highest level of all parts."""
        first = max(self.sps, key=lambda unit: (unit[1], unit[3]))
        parts = [bytes([1, first[1], first[2], first[3], 0xFF, 0xE0 | len(self.sps)])]
        parts += [struct.pack(">H", len(unit)) + unit for unit in self.sps]
        parts.append(bytes([len(self.pps)]))
        parts += [struct.pack(">H", len(unit)) + unit for unit in self.pps]
        if first[1] in {100, 110, 122, 144}:
            parts.append(b"\xfd\xf8\xf8\x00")  # 4:2:0, 8 bit, no SPS extension: the only kind that is copied
        body = b"".join(parts)
        return struct.pack(">I4s", 8 + len(body), b"avcC") + body


def _union(left: tuple[bytes, ...], right: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(left + right))


def _exp_golomb(unit: bytes, at: int) -> int:
    """The first ue(v) number that starts at byte `at`: identifiers are small, so 8 bytes hold it."""
    bits = "".join(f"{byte:08b}" for byte in unit[at : at + 8])
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1


def top_boxes(path: Path) -> list[Box]:
    """The boxes of the file itself. Raises Failure(input) when it ends before they do."""
    size = path.stat().st_size
    found: list[Box] = []
    with path.open("rb") as stream:
        at = 0
        while at + 8 <= size and len(found) < 1000:
            stream.seek(at)
            box = _header(stream.read(16), at, size)
            if {one.kind for one in found} >= _WHOLE and (box is None or box.kind not in _MEDIA):
                break  # what some programs append is no box
            if box is None or box.end > size:
                raise Failure(Kind.INPUT, f"{path} is cut off: its boxes end after the file does")
            found.append(box)
            at = box.end
    return found


def _header(head: bytes, at: int, size: int) -> Box | None:
    length, kind = struct.unpack(">I4s", head[:8])
    body = at + 8
    if length == 1 and len(head) == 16:
        length, body = struct.unpack(">Q", head[8:])[0], at + 16
    elif length == 0:
        length = size - at
    return Box(kind, at, body, at + length) if length >= body - at else None


def is_fast_start(path: Path) -> bool:
    """Whether the index comes before the media, so that a player can begin before it has the whole file."""
    kinds = [box.kind for box in top_boxes(path)]
    return b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")


def read_avc(path: Path) -> Avc | None:
    """The parameter sets of the first H.264 track; None when the file is no MP4 or MOV with such a track."""
    try:
        moov = index(path)
    except Failure:
        return None
    found = None if moov is None else _find_avcc(moov)
    if moov is None or found is None:
        return None
    body = moov[found[-1].body : found[-1].end]
    try:
        return _parse_avcc(body)
    except (IndexError, struct.error):
        return None


def index(path: Path) -> bytes | None:
    """The `moov` box; None where there is none of a sensible size. Raises Failure(input) for a file cut off."""
    box = next((box for box in top_boxes(path) if box.kind == b"moov"), None)
    if box is None or box.end - box.start > MOOV_BYTES_MAX:
        return None
    with path.open("rb") as stream:
        stream.seek(box.start)
        return stream.read(box.end - box.start)


def _children(data: bytes, start: int, end: int) -> Iterator[Box]:
    at = start
    while at + 8 <= end:
        box = _header(data[at : at + 16], at, end)
        if box is None or box.end > end:
            return
        yield box
        at = box.end


def leaves(moov: bytes) -> Iterator[tuple[Box, ...]]:
    """Every box of an index that holds no others, each with the boxes around it, outermost first."""
    return _leaves(moov, (), 0, len(moov))


def _leaves(data: bytes, parents: tuple[Box, ...], start: int, end: int) -> Iterator[tuple[Box, ...]]:
    for box in _children(data, start, end):
        if box.kind in _PARENTS:
            yield from _leaves(data, (*parents, box), box.body, box.end)
        else:
            yield (*parents, box)


def _find_avcc(moov: bytes) -> tuple[Box, ...] | None:
    for trail in leaves(moov):
        if trail[-1].kind != b"stsd":
            continue
        entry = next(_children(moov, trail[-1].body + 8, trail[-1].end), None)
        if entry is None or entry.kind not in {b"avc1", b"avc3"}:
            continue
        for box in _children(moov, entry.start + _SAMPLE_ENTRY_BYTES, entry.end):
            if box.kind == b"avcC":
                return (*trail, entry, box)
    return None


def _parse_avcc(body: bytes) -> Avc:
    sps, at = _units(body, 6, body[5] & 0x1F)
    pps, _ = _units(body, at + 1, body[at])
    if not sps or not pps or any(len(unit) < 4 for unit in sps):
        raise IndexError("no parameter sets")
    return Avc(sps, pps)


def _units(body: bytes, at: int, count: int) -> tuple[tuple[bytes, ...], int]:
    """`count` units, each behind its 16-bit length, and where they end."""
    units: list[bytes] = []
    for _ in range(count):
        (length,) = struct.unpack_from(">H", body, at)
        units.append(body[at + 2 : at + 2 + length])
        at += 2 + length
    return tuple(units), at


def finish(source: Path, out: BinaryIO, avc: Avc, size: tuple[int, int]) -> None:
    """Write the MP4 at `source` into `out` with the index in front, `avc` as its parameter sets, in BT.709 and `size`.

    Raises Failure(input) when the file has not the boxes that FFmpeg writes.
    """
    boxes = {box.kind: box for box in top_boxes(source)}
    moov = index(source)
    trail = None if moov is None else _find_avcc(moov)
    if moov is None or trail is None or not {b"ftyp", b"mdat"} <= boxes.keys():
        raise Failure(Kind.INPUT, f"{source} is not a finished MP4 film")
    told = _described(moov, trail, avc, size)
    head, media = boxes[b"ftyp"], boxes[b"mdat"]
    shift = (head.end - head.start) + len(told) - media.start
    with source.open("rb") as stream:
        out.write(stream.read(head.end))
        out.write(_shifted(told, shift))
        out.flush()
        _copy(stream, media, out)


def described_in_place(film: BinaryIO, path: Path, avc: Avc, size: tuple[int, int]) -> None:
    """The same for a film, open for writing, whose index already lies in front and has room behind it (`free`).

    Raises Failure(input) when it is not built so.
    """
    boxes = top_boxes(path)
    kinds = [box.kind for box in boxes]
    moov = index(path)
    trail = None if moov is None else _find_avcc(moov)
    place = kinds.index(b"moov") if b"moov" in kinds else len(kinds)
    if moov is None or trail is None or kinds[place + 1 : place + 2] != [b"free"]:
        raise Failure(Kind.INPUT, f"{path} is not a film with room for its index")
    new = _described(moov, trail, avc, size)
    room = boxes[place + 1].end - boxes[place].start - len(new)
    if room < 8:
        raise Failure(Kind.INPUT, f"{path} has no room for its index")
    film.seek(boxes[place].start)
    film.write(new + struct.pack(">I4s", room, b"free"))
    film.flush()


def _described(moov: bytes, trail: tuple[Box, ...], avc: Avc, size: tuple[int, int]) -> bytes:
    """The index with another description of its pictures: parameter sets, colors, size in square pixels."""
    entry = trail[-2]
    children = _children(moov, entry.start + _SAMPLE_ENTRY_BYTES, entry.end)
    kept = b"".join(moov[box.start : box.end] for box in children if box.kind not in _DESCRIBED)
    head = bytearray(moov[entry.start : entry.start + _SAMPLE_ENTRY_BYTES])
    new = avc.box() + COLR_709 + kept
    struct.pack_into(">I", head, 0, len(head) + len(new))
    struct.pack_into(">HH", head, _ENTRY_SIZE_AT, *size)
    grown = len(head) + len(new) - (entry.end - entry.start)
    changed = bytearray(moov[: entry.start] + head + new + moov[entry.end :])
    for box in trail[:-2]:
        struct.pack_into(">I", changed, box.start, box.end - box.start + grown)
    track = next(box for box in trail if box.kind == b"trak")
    for box in _children(moov, track.body, track.end):
        if box.kind == b"tkhd":  # it lies before what has grown; its last two fields are the size, 16.16 each
            struct.pack_into(">II", changed, box.end - 8, size[0] << 16, size[1] << 16)
    return bytes(changed)


def sample_sizes(moov: bytes) -> tuple[int, ...]:
    """The size of each sample of the only track. Raises StopIteration or struct.error where it is not listed."""
    box = next(trail[-1] for trail in leaves(moov) if trail[-1].kind == b"stsz")
    same, count = struct.unpack_from(">II", moov, box.body + 4)
    return (same,) * count if same else struct.unpack_from(f">{count}I", moov, box.body + 12)


def reindexed(moov: bytes, avc: Avc, size: tuple[int, int], sizes: list[int], moved: dict[int, int]) -> bytes:
    """The index of samples that have other sizes and places: `moved` is where each begins, by where it did."""
    changed = bytearray(moov)
    for trail in leaves(moov):
        box = trail[-1]
        if box.kind == b"stsz":
            struct.pack_into(f">{len(sizes)}I", changed, box.body + 12, *sizes)
        elif box.kind in {b"stco", b"co64"}:
            form = "I" if box.kind == b"stco" else "Q"
            (count,) = struct.unpack_from(">I", moov, box.body + 4)
            offsets = struct.unpack_from(f">{count}{form}", moov, box.body + 8)
            struct.pack_into(f">{count}{form}", changed, box.body + 8, *(moved[offset] for offset in offsets))
    trail_of = _find_avcc(bytes(changed))
    if trail_of is None:
        raise struct.error("no picture track")
    return _described(bytes(changed), trail_of, avc, size)


def _shifted(moov: bytes, shift: int) -> bytes:
    """The index with every chunk offset moved by `shift` bytes."""
    changed = bytearray(moov)
    for trail in leaves(moov):
        box = trail[-1]
        if box.kind not in {b"stco", b"co64"}:
            continue
        form = "I" if box.kind == b"stco" else "Q"
        (count,) = struct.unpack_from(">I", moov, box.body + 4)
        offsets = struct.unpack_from(f">{count}{form}", moov, box.body + 8)
        struct.pack_into(f">{count}{form}", changed, box.body + 8, *(offset + shift for offset in offsets))
    return bytes(changed)


def _copy(stream: BinaryIO, media: Box, out: BinaryIO) -> None:
    at = media.start
    while at < media.end:
        sent = os.sendfile(out.fileno(), stream.fileno(), at, min(media.end - at, 1 << 24))
        if sent == 0:
            raise Failure(Kind.INPUT, "the film shrank while it was being copied")
        at += sent
