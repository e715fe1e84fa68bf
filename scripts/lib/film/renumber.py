"""H.264 whose parameter sets get other numbers, so that it can share a film with pictures of another encoder.

A decoder keeps one parameter set per number, and most encoders number theirs 0. Nothing is encoded for it: each slice
names its set near its beginning, in a code whose length grows with the number. A number whose code is exactly one byte
longer moves all behind it by a whole byte, so that the coded pictures stay as they are, bit by bit.
"""

import struct
from collections.abc import Collection, Iterator
from itertools import pairwise
from pathlib import Path

from scripts.lib.film import ffmpeg, mp4, picture_format
from scripts.lib.film.mp4 import Avc

SLICES, SETS, APART = {1, 5}, {7, 8}, {2, 3, 4}
"""Types of NAL units: pictures, parameter sets (which no copied clip has inside), pictures in parts."""
LENGTH_BYTES = 4
GROUPS = 16
"""So many numbers there are, for each old one, whose code is a byte longer."""
HEAD_BYTES = 40
"""What is looked at of a slice; its number lies in the first few."""
SPS_MOST = 31


class _Other(Exception):
    """The file is not built as FFmpeg builds one, or not as this module can change it."""


def renumbered(source: Path, avc: Avc, taken: Collection[tuple[str, int]], out: Path, fps: int) -> Avc | None:
    """Write `source` (a segment with the parameter sets `avc`) to `out` with numbers that are not `taken`.

    None: it cannot be done. Raises Failure when FFmpeg cannot read the file.
    """
    found = _numbers(avc, taken)
    if found is None:
        return None
    sps, pps = found
    bare, changed = out.with_name(f"{out.stem}_bare.mov"), out.with_name(f"{out.stem}_numbered.mov")
    task = f"{source.name}: numbering its parameter sets"
    scale = str(fps * picture_format.TIMESCALE_PER_PICTURE)
    exact = ["-c", "copy", "-map_metadata", "-1", "-video_track_timescale", scale, "-fflags", "+bitexact", "-f", "mov"]
    ffmpeg.run(
        ["-v", "error", "-xerror", "-y", *ffmpeg.given(source), "-map", "0:v:0", *exact, ffmpeg.target(bare)], task
    )
    try:
        new = Avc(
            tuple(_set(unit, 4, sps) for unit in avc.sps),
            tuple(_set(unit, 1, pps, sps) for unit in avc.pps),
        )  # fmt: skip
        _rewrite(bare, changed, new, pps)
    except (_Other, LookupError, ValueError, StopIteration, struct.error):
        return None
    both = [*ffmpeg.given(changed), *ffmpeg.given(source), "-map", "0:v:0", "-map", "1:a"]
    ffmpeg.run(["-v", "error", "-xerror", "-y", *both, *exact, ffmpeg.target(out)], task)
    bare.unlink()
    changed.unlink()
    return new


def _numbers(avc: Avc, taken: Collection[tuple[str, int]]) -> tuple[dict[int, int], dict[int, int]] | None:
    """Old number -> new one, of the sequence and of the picture parameter sets; None: there are none left."""
    old = {kind: [number for name, number in avc.ids() if name == kind] for kind in ("sps", "pps")}
    free = [number for number in range(SPS_MOST + 1) if ("sps", number) not in taken]
    if len(free) < len(old["sps"]) or max(old["pps"]) > 14:
        return None
    for group in range(GROUPS):
        pps = {number: _longer(number, group) for number in old["pps"]}
        if not any(("pps", number) in taken for number in pps.values()):
            return dict(zip(old["sps"], free, strict=False)), pps
    return None


def _longer(number: int, group: int) -> int:
    """The number of a group whose code is eight bits longer than that of `number`."""
    short = (number + 1).bit_length() - 1
    return ((1 << (short + 4)) - 1) + (number + 1 - (1 << short)) + (group << short)


def _code(number: int) -> str:
    """A number as ue(v): so many zeros as it has bits behind the first, then itself."""
    return f"{number + 1:b}".rjust(2 * (number + 1).bit_length() - 1, "0")


def _read(bits: str, at: int) -> tuple[int, int]:
    """The ue(v) number at a bit, and where it ends."""
    one = bits.index("1", at)
    end = 2 * one - at + 1
    return int(bits[one:end], 2) - 1, end


def _set(unit: bytes, at: int, *maps: dict[int, int]) -> bytes:
    """A parameter set whose first numbers, from byte `at`, are replaced by those of `maps`."""
    raw = _plain(unit)
    bits = "".join(f"{byte:08b}" for byte in raw[at:])
    bits = bits[: bits.rindex("1")]  # what ends the set, and fills its last byte
    place, head = 0, ""
    for numbers in maps:
        number, place = _read(bits, place)
        head += _code(numbers[number])
    whole = f"{head}{bits[place:]}1"
    whole += "0" * (-len(whole) % 8)
    return _guarded(raw[:at] + int(whole, 2).to_bytes(len(whole) // 8))


def _slice(unit: bytes, pps: dict[int, int]) -> bytes:
    """A slice that names another picture parameter set: behind it all is a byte further on."""
    cut = len(unit)
    if cut > HEAD_BYTES:
        # where no zero stands before: what guards zeros in front knows nothing of what is behind
        cut = next(at for at in range(HEAD_BYTES // 2, cut) if unit[at - 1])
    raw = _plain(unit[:cut])
    bits = "".join(f"{byte:08b}" for byte in raw[1:])
    _, at = _read(bits, 0)
    _, at = _read(bits, at)
    number, end = _read(bits, at)
    whole = bits[:at] + _code(pps[number]) + bits[end:]
    if len(whole) != len(bits) + 8:
        raise _Other
    return _guarded(raw[:1] + int(whole, 2).to_bytes(len(whole) // 8)) + unit[cut:]


def _plain(unit: bytes) -> bytes:
    """A unit without the bytes that keep it from looking like the start of another one."""
    return unit.replace(b"\0\0\3", b"\0\0")


def _guarded(raw: bytes) -> bytes:
    out, zeros = bytearray(), 0
    for byte in raw:
        if zeros == 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _rewrite(source: Path, out: Path, avc: Avc, pps: dict[int, int]) -> None:
    """Write the pictures of `source`, whose only track they are, with other numbers and the sets `avc`."""
    data = source.read_bytes()
    boxes = {box.kind: box for box in mp4.top_boxes(source)}
    media, moov = boxes.get(b"mdat"), boxes.get(b"moov")
    if media is None or moov is None or moov.start < media.start:
        raise _Other
    index = data[moov.start : moov.end]
    sizes = mp4.sample_sizes(index)
    places = [media.body]
    for count in sizes:
        places.append(places[-1] + count)
    if places[-1] != media.end:
        raise _Other
    made = [b"".join(_units(data[start:end], pps)) for start, end in pairwise(places)]
    moved, at = {}, media.body
    for start, sample in zip(places, made, strict=False):  # the last place is the end
        moved[start] = at
        at += len(sample)
    size = (picture_format.WIDTH, picture_format.HEIGHT)
    payload = b"".join(made)
    head = bytearray(data[: media.body])
    if media.body - media.start != 8:
        raise _Other
    struct.pack_into(">I", head, media.start, 8 + len(payload))
    out.write_bytes(bytes(head) + payload + mp4.reindexed(index, avc, size, [len(one) for one in made], moved))


def _units(sample: bytes, pps: dict[int, int]) -> Iterator[bytes]:
    at = 0
    while at < len(sample):
        (length,) = struct.unpack_from(">I", sample, at)
        unit = sample[at + LENGTH_BYTES : at + LENGTH_BYTES + length]
        kind = unit[0] & 31
        if kind in SETS or kind in APART or len(unit) != length:
            raise _Other
        unit = _slice(unit, pps) if kind in SLICES else unit
        yield struct.pack(">I", len(unit)) + unit
        at += LENGTH_BYTES + length
