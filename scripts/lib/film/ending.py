"""A clip whose last second fades to black: its pictures are copied, but for those that change.

Fading needs an encoder, and an encoder needs the processor for half a minute where a whole clip goes through it. So the
pictures before are kept packet by packet, and only the rest is encoded, under a parameter set of its own.
"""

from pathlib import Path

from scripts.lib.film import ffmpeg, mp4, packets, picture_format
from scripts.lib.film.picture_format import Encoder


def kept(numbers: tuple[int, ...], frames: int, fade: int) -> int:
    """How many pictures of `frames` can be copied before the last `fade` of them; 0: none."""
    return next((count for count in range(frames - fade, 0, -1) if packets.closed_cut(numbers[:count], count)), 0)


def faded(path: Path, video: ffmpeg.VideoStream, copied: int, frames: int, fade: int, room: Path, fps: int) -> Path:
    """The first `frames` pictures of a clip as a MOV in `room`, the last `fade` of them going to black.

    Raises Failure(input) when the clip cannot be read.
    """
    task, made = f"{path.name}: fading", room / "ending.mov"
    head, whole, tail, listed = (room / f"ending_{name}" for name in ("head.mov", "whole.mov", "tail.mov", "list"))
    told = f"{picture_format.told_copied(video)},setts=pts=PTS-STARTPTS:dts=DTS-STARTPTS"
    first = f"{told},noise=amount=0:drop='gte(n,{copied})'"
    for out, chain in ((whole, told), (head, first)):
        _run([*ffmpeg.given(path), "-map", video.stream, "-c", "copy", "-bsf:v", chain], out, fps, task)
    black = f"fade=t=out:start_frame={frames - copied - fade}:nb_frames={fade}"
    chain = f"trim=start_frame={copied}:end_frame={frames},setpts=PTS-STARTPTS,{black}"
    _run([*ffmpeg.given(whole), "-vf", chain, *Encoder(fps).arguments(), "-fps_mode", "passthrough"], tail, fps, task)
    parts = [packets.listing(part, "0:v:0", task) for part in (head, tail)]
    delay = max(part.delay(fps) for part in parts)
    lines = [f"file 'file:{part.resolve()}'\nduration {count / fps:.9f}" for part, count in
             ((head, copied), (tail, frames - copied))]  # fmt: skip
    listed.write_text("\n".join(["ffconcat version 1.0", *lines, ""]))
    times = f"setts=pts=round(PTS*TB*{fps})/({fps}*TB):dts=(N-{delay})/({fps}*TB)"
    joined = room / "ending_joined.mov"
    _run([*ffmpeg.own_list(listed), "-map", "0:v:0", "-c", "copy", "-bsf:v", times], joined, fps, task)
    sets = [avc for part in (head, tail) if (avc := mp4.read_avc(part)) is not None]
    with made.open("wb") as stream:
        size = (picture_format.WIDTH, picture_format.HEIGHT)
        mp4.finish(joined, stream, sets[0].joined(sets[-1]), size)
    return made


def _run(words: list[str], out: Path, fps: int, task: str) -> None:
    scale = str(fps * picture_format.TIMESCALE_PER_PICTURE)
    exact = ["-an", "-map_metadata", "-1", "-video_track_timescale", scale, "-fflags", "+bitexact", "-f", "mov"]
    ffmpeg.run(["-v", "error", "-xerror", "-y", *words, *exact, ffmpeg.target(out)], task)
