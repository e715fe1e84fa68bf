"""A film out of verified segments: joined by copying packets, all parameter sets listed, checked packet by packet.

FFmpeg's concat returns 0 with a film cut short when a part is broken, so its exit code proves nothing. Here every
segment was decoded before, and the film is right exactly if it holds their packets, all of them, in order, at a
constant rate.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, mp4, packets, picture_format
from scripts.lib.film.segment import Segment

OUT_OF_STEP_S_MAX = 0.040
PRIMED = "noise=amount=0:drop='eq(n,0)',setts=ts=(N-1)*1024:duration=1024"
"""AAC begins with one packet that only starts the decoder. Left out, no edit list must hide it, which YouTube asks for.

The times of the pictures need none either, where they may lie before those of decoding (`negative_cts_offsets`)."""


def concat_list(segments: Sequence[Segment], fps: int, out: Path) -> None:
    """Write FFmpeg's list of the segments. Durations are given, so that rounding in a file cannot add up."""
    lines = ["ffconcat version 1.0"]
    for segment in segments:
        quoted = str(segment.path.resolve()).replace("'", "'\\''")
        lines += [f"file 'file:{quoted}'", f"duration {float(Fraction(segment.frames, fps)):.9f}"]
    out.write_text("\n".join(lines) + "\n")


def clashing(segments: Sequence[Segment]) -> list[int]:
    """Which segments (by index) cannot stand in one film with the others as they are: the fewest pictures.

    Two encoders may use one parameter set number for different settings; the larger group keeps its packets.
    """
    weight: dict[mp4.Avc, int] = {}
    for segment in segments:
        weight[segment.avc] = weight.get(segment.avc, 0) + segment.frames
    kept: mp4.Avc | None = None
    for avc in sorted(weight, key=lambda avc: -weight[avc]):
        if kept is None or not kept.clashes(avc):
            kept = avc if kept is None else kept.joined(avc)
    return [index for index, segment in enumerate(segments) if kept is None or kept.clashes(segment.avc)]


def free_sps_id(segments: Sequence[Segment]) -> int:
    """A parameter set number for our encoder that none of these segments uses: the house's own, else another."""
    taken = {number for segment in segments for _, number in segment.avc.ids()}
    wished = picture_format.HOUSE_SPS_ID
    return wished if wished not in taken else min(set(range(32)) - taken)


INDEX_BYTES, INDEX_PICTURE_BYTES = 1 << 16, 256
"""Room for the index in front of the media, and for each picture with its sound: more than FFmpeg writes at most."""


def join(segments: Sequence[Segment], parts: Path, sound: Path, fps: int, film: Path, stream: BinaryIO) -> None:
    """Write the film to `film`, which is open as `stream`: pictures of the concat list `parts`, the finished `sound`.

    The index lies in front from the start, in a room of its own: a film of 400 MB is not copied to put it there.
    """
    # one decoding delay for all, else joining a stream without B-pictures to one with them turns times back
    delay = max(segment.delay for segment in segments)
    times = f"setts=pts=round(PTS*TB*{fps})/({fps}*TB):dts=(N-{delay})/({fps}*TB)"
    room = INDEX_BYTES + INDEX_PICTURE_BYTES * sum(segment.frames for segment in segments)
    ffmpeg.run(
        [
            "-v", "error", "-xerror", "-y", *ffmpeg.own_list(parts), *ffmpeg.given(sound),
            "-map", "0:v:0", "-map", "1:a:0", "-c", "copy", "-bsf:v", times, "-bsf:a", PRIMED, "-map_metadata", "-1",
            "-movflags", "+negative_cts_offsets", "-use_editlist", "0", "-moov_size", str(room),
            "-video_track_timescale", str(fps * picture_format.TIMESCALE_PER_PICTURE),
            "-fflags", "+bitexact", "-f", "mp4", ffmpeg.target(film),
        ],
        "joining the clips",
    )  # fmt: skip
    avc = segments[0].avc
    for segment in segments[1:]:
        avc = avc.joined(segment.avc)
    mp4.described_in_place(stream, film, avc, (picture_format.WIDTH, picture_format.HEIGHT))


def verify(film: Path, segments: Sequence[Segment], sound: Path, samples: int, fps: int) -> int:
    """The number of pictures of a film that is exactly its segments and its sound.

    Raises Failure(input) naming the first clip whose pictures are not all there, or saying what is out of step.
    """
    pictures, *others = packets.listings(film, ("0:v:0", "0:a:0"), "checking the film", packets.PICTURES_ONLY)
    start = 0
    for segment in segments:
        if pictures.digest(start, segment.frames) != segment.digest:
            raise Failure(Kind.INPUT, f"{segment.name}: its pictures did not come through whole into the film")
        start += segment.frames
    if len(pictures.packets) != start or pictures.numbers(fps) is None:
        raise Failure(Kind.INPUT, f"the film has {len(pictures.packets)} uneven pictures instead of {start}")
    heard = others[0] if others else None
    if heard is None or heard.digest() != packets.listing(sound, "0:a:0", "checking the encoded sound").digest(1):
        raise Failure(Kind.INPUT, "the film's sound is not the one that was measured")
    apart_s = abs(Fraction(start, fps) - Fraction(samples, 48_000))
    if apart_s > OUT_OF_STEP_S_MAX:
        raise Failure(Kind.INPUT, f"picture and sound of the film end {float(apart_s):.3f} s apart")
    if not mp4.is_fast_start(film):
        raise Failure(Kind.INPUT, "the film's index is not in front of its media")
    return start
