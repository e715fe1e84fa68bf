"""A dissolve at the start of a shot: what the shot before would show next goes while this one comes.

It is made inside the later cut, so that joining the film stays copying. The earlier cut remains as it is.
"""

from dataclasses import dataclass
from pathlib import Path

from scripts.lib.film import ffmpeg, hdr, overlay, picture_format
from scripts.lib.film.ffmpeg import VideoStream
from scripts.lib.film.overlay import LeftOut


@dataclass(frozen=True)
class Outgoing:
    """The pictures of a clip from number `start` on, which fade out over `frames` pictures.

    If there are fewer, the last one is held.
    """

    path: Path
    video: VideoStream
    start: int
    frames: int


def outgoing(clip: Path, ends: int, frames: int, fps: int) -> Outgoing | LeftOut:
    """What follows in `clip` behind its picture `ends`, where its cut ends, or why that cannot be shown.

    Raises Failure(input) where the clip cannot be read.
    """
    video = ffmpeg.probe(clip).video
    if video is None:
        return LeftOut(f"{clip.name} has no pictures")
    if hdr.kind(video.transfer, video.primaries) is not None:
        return LeftOut(f"{clip.name} has other colors than the film")
    pictures = ffmpeg.count_pictures(clip, f"reading {clip.name}", fps, video.stream)
    return Outgoing(clip, video, min(ends, max(0, pictures - 1)), frames)


def inputs(going: Outgoing | None) -> list[str]:
    """FFmpeg's arguments that open it, in front of what `overlay.inputs` opens."""
    return [] if going is None else ffmpeg.given(going.path)


def chain(going: Outgoing | None, number: int, fps: int) -> str:
    """The end of a chain of filters over whose pictures it goes; it is FFmpeg's input `number`."""
    if going is None:
        return "null"
    conformed = picture_format.conforming(going.video, fps)
    return (
        f"null[incoming];[{number}:{going.video.stream.partition(':')[2]}]{conformed},"
        f"trim=start_frame={going.start}:end_frame={going.start + going.frames},setpts=PTS-STARTPTS,"
        f"tpad=stop_mode=clone:stop={going.frames},trim=end_frame={going.frames},{overlay.WITH_ALPHA},"
        f"fade=t=out:start_frame=0:nb_frames={going.frames}:alpha=1[outgoing];"
        f"[incoming][outgoing]overlay=eof_action=pass:enable='lt(n,{going.frames})'"
    )
