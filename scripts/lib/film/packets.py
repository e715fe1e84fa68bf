"""The packets of a stream as they lie in a file: when they are decoded and shown, how long they are, what is in them.

Listed by FFmpeg's `framecrc` output, which reads and never decodes. From the list one can tell whether a clip has a
constant frame rate, where it may be cut without touching a picture, and whether a film holds exactly the packets of
its parts.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg

# Parameter sets are left out of the check sums: joining files repeats them in front of key pictures.
_KEY, _DISCARD = 1, 4
PICTURES_ONLY = "h264_mp4toannexb,filter_units=remove_types=7|8"


@dataclass(frozen=True)
class Packet:
    """`dts`, `pts` and `duration` in units of the list's time base; `check` is size and Adler-32 of the payload.

    `shown`: False for what an edit list leaves out.
    """

    dts: int
    pts: int
    duration: int
    check: str
    key: bool
    shown: bool = True


@dataclass(frozen=True)
class PacketList:
    """The packets of one stream in decoding order."""

    time_base: Fraction
    packets: tuple[Packet, ...]

    def numbers(self, fps: int) -> list[int] | None:
        """For each packet in decoding order the number of its picture in showing order, counted from 0.

        None unless the pictures come at exactly `fps`, none missing, none twice, the first packet being a key
        picture and the first shown.
        """
        if not self.packets or not self.packets[0].key or not all(packet.shown for packet in self.packets):
            return None
        start = self.packets[0].pts
        ticks = 1 / (self.time_base * fps)
        if ticks.denominator != 1 or ticks < 1:
            return None
        places = [divmod(packet.pts - start, ticks.numerator) for packet in self.packets]
        numbers = [number for number, rest in places if rest == 0]
        return numbers if sorted(numbers) == list(range(len(self.packets))) else None

    @property
    def start_s(self) -> float:
        """When the first of it is shown, in seconds from the start of the file."""
        return float(min(packet.pts for packet in self.packets if packet.shown) * self.time_base)

    def delay(self, fps: int) -> int:
        """How many pictures the decoding runs ahead of the showing (the reordering depth of the stream)."""
        first = self.packets[0]
        return max(0, round((first.pts - first.dts) * self.time_base * fps))

    @property
    def length(self) -> Fraction:
        """How long all of it lasts together, in seconds."""
        return sum(packet.duration for packet in self.packets) * self.time_base

    def digest(self, start: int = 0, count: int | None = None) -> str:
        """SHA-256 over the check sums of `count` packets from `start`, in decoding order."""
        end = None if count is None else start + count
        return hashlib.sha256("\n".join(packet.check for packet in self.packets[start:end]).encode()).hexdigest()


def listing(path: Path, stream: str, task: str, bitstream_filter: str = "") -> PacketList:
    """The packets of `stream` ("0:v:0", "0:a:0"). Raises Failure(input) when the file cannot be read to its end."""
    return listings(path, (stream,), task, bitstream_filter)[0]


def listings(path: Path, streams: Sequence[str], task: str, pictures_filter: str = "") -> list[PacketList]:
    """The packets of each stream that is there, the first of which must be; the file is read once for all of them.

    `pictures_filter`: a bitstream filter for the first. "0:a" names all sounds. Raises Failure(input) as `listing`.
    """
    maps = [word for place, one in enumerate(streams) for word in ("-map", f"{one}?" if place else one)]
    chain = ["-bsf:0", pictures_filter] if pictures_filter else []
    arguments = ["-v", "error", "-xerror", *ffmpeg.given(path), *maps, "-c", "copy", *chain]
    said = ffmpeg.run([*arguments, "-f", "framecrc", "-"], task)
    bases: dict[str, Fraction] = {}
    rows: dict[str, list[Packet]] = {}
    for line in said.output.splitlines():
        if line.startswith("#tb "):
            number, _, base = line.removeprefix("#tb ").partition(":")
            bases[number] = Fraction(base.strip())
        elif line and not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            rows.setdefault(fields[0], []).append(_packet(fields))
    if "0" not in rows or not bases.keys() >= rows.keys():
        raise Failure(Kind.INPUT, f"{task}: {path.name} holds nothing to read")
    return [PacketList(base, tuple(rows.get(number, ()))) for number, base in bases.items()]


def _packet(fields: Sequence[str]) -> Packet:
    # flags are printed only where they are not those of a plain key packet
    flags = next((int(field[2:], 16) for field in fields[6:] if field.startswith("F=")), _KEY)
    return Packet(
        int(fields[1]), int(fields[2]), int(fields[3]), f"{fields[4]} {fields[5]}", bool(flags & _KEY),
        not flags & _DISCARD,
    )  # fmt: skip


def closed_cut(numbers: Sequence[int], wanted: int) -> int | None:
    """The smallest k >= `wanted` for which the first k packets in decoding order are the first k pictures.

    Cutting there leaves no picture without the ones it is predicted from, so the packets can be copied as they are.
    None when there are fewer than `wanted` pictures.
    """
    highest = -1
    for count, number in enumerate(numbers, start=1):
        highest = max(highest, number)
        if count >= wanted and highest == count - 1:
            return count
    return None
