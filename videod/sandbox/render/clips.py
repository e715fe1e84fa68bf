"""Clips that really move: the uploaded picture under a travelling crop, as H.264 that can be cut bit-exactly.

The cheap way is to scale the still once, repeat it with the `loop` filter and let `crop` travel: about 1.1 s of one
core for 10 s of 1080p, a few per cent above a motionless clip. A true zoom (`zoompan`) takes about 1.8 s and is
only used when the motion prompt asks for one. Clips that people are to look at move by parts of a pixel, at five times
the price. Every clip of one size has the same codec parameters: fixed x264
settings, one thread, no B-frames and a closed GOP of one second, so that clips can be joined without re-encoding.
"""

import asyncio
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

FPS = 24
AT_ONCE = 2
#: How much larger than the frame the picture is scaled, so that the crop has room to travel.
ROOM = 1.12
#: zoompan places its window on even pixels of the source: a little larger hides the steps, much larger costs time.
ZOOM_SOURCE = 1.12
_TURN = r"\b(pan|track|truck|slide|move|sweep|follow)(s|ning|ing)?\b[^.]{0,20}\b"
_LIFT = r"\b(tilt|crane|pan|boom)(s|ning|ing)?\b[^.]{0,20}\b"
MOVES = {
    "push": r"\b(push(es|ing)?[ -]?in|zoom(s|ing)?[ -]?in|doll(y|ies)[ -]?in|moves? closer|closes? in|creep)",
    "pull": r"\b(pull(s|ing)?[ -]?(back|out|away)|zoom(s|ing)?[ -]?out|doll(y|ies)[ -]?(out|back)|widen)",
    "left": _TURN + r"left(?! to right)|right to left",
    "right": _TURN + r"right(?! to left)|left to right",
    "up": _LIFT + r"up|\brises?\b|upward",
    "down": _LIFT + r"down|\bdescend|downward",
}
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class RenderError(Exception):
    """FFmpeg could not make the clip; the text is the end of what it said."""


@dataclass(frozen=True)
class Motion:
    """How the window travels: `dx`, `dy` from -1 to 1 of the room there is, `zoom` as the change of scale (0.1: in)."""

    dx: float
    dy: float
    zoom: float
    drift: float


@dataclass(frozen=True)
class Coded:
    """How pictures are coded: `group` from one key picture to the next, `between` B-pictures, colors named or not."""

    group: int = FPS
    between: int = 0
    tagged: bool = True

    def arguments(self) -> list[str]:
        named = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
        unnamed = ["-colorspace", "unknown", "-color_primaries", "unknown", "-color_trc", "unknown"]
        groups = ["-g", str(self.group), "-keyint_min", str(min(self.group, FPS)), "-sc_threshold", "0"]
        return [*groups, "-bf", str(self.between), *(named if self.tagged else unnamed)]


def motion_of(prompt: str) -> Motion:
    """The motion that the words of a prompt ask for; without any such word a gentle drift, chosen by its digest."""
    text = prompt.lower()
    moves = {name for name, pattern in MOVES.items() if re.search(pattern, text)}
    pace = 0.6 if re.search(r"\b(slow|slowly|gentle|gently|subtle|subtly)\b", text) else 1.0
    pace = 1.3 if re.search(r"\b(fast|quick|quickly|sudden|suddenly|rapid|rapidly|whip)\b", text) else pace
    digest = hashlib.sha256(prompt.encode()).digest()
    dx = pace * (("right" in moves) - ("left" in moves)) * 0.7
    dy = pace * (("down" in moves) - ("up" in moves)) * 0.7
    zoom = pace * (("push" in moves) - ("pull" in moves)) * 0.1
    if not dx and not dy and not zoom:
        dx, dy = (0.45 if digest[0] & 1 else -0.45), (0.25 if digest[1] & 1 else -0.25)
    return Motion(max(-1.0, min(1.0, dx)), max(-1.0, min(1.0, dy)), zoom, 0.05 + digest[2] / 255 * 0.05)


def _even(value: float) -> int:
    return max(2, 2 * round(value / 2))


def _crop_filters(motion: Motion, size: tuple[int, int], frames: int) -> str:
    width, height = size
    wide, high = _even(width * ROOM), _even(height * ROOM)
    at = f"(n/{max(1, frames - 1)})"
    sway = f"{motion.drift:.4f}*sin(2*PI*{at})"
    x = f"(iw-ow)*clip(0.5+{motion.dx / 2:.4f}*(2*{at}-1)+{sway},0,1)"
    y = f"(ih-oh)*clip(0.5+{motion.dy / 2:.4f}*(2*{at}-1)+{sway},0,1)"
    return (
        f"scale={wide}:{high}:force_original_aspect_ratio=increase:out_color_matrix=bt709:out_range=tv,"
        f"crop={wide}:{high},format=yuv420p,loop=loop={frames - 1}:size=1:start=0,setpts=N/{FPS}/TB,"
        f"crop={width}:{height}:x='{x}':y='{y}'"
    )


def _zoom_filters(motion: Motion, size: tuple[int, int], frames: int) -> str:
    width, height = size
    wide, high = _even(width * ZOOM_SOURCE), _even(height * ZOOM_SOURCE)
    at = f"(on/{max(1, frames - 1)})"
    share = at if motion.zoom > 0 else f"(1-{at})"
    # zoompan cuts its window down to whole, and its corner to even, pixels. Shrinking by four at a time keeps the
    # centre still; the half pixel stays clear of rounding errors, the whole one makes "down" into "nearest".
    zoom = f"iw/(iw-4*floor(iw*{abs(motion.zoom):.4f}*{share}/4)+0.5)"
    x = f"(iw-iw/zoom)*(0.5+{motion.dx / 2:.4f}*(2*{at}-1))+1"
    y = f"(ih-ih/zoom)*(0.5+{motion.dy / 2:.4f}*(2*{at}-1))+1"
    return (
        f"scale={wide}:{high}:force_original_aspect_ratio=increase:out_color_matrix=bt709:out_range=tv,"
        f"crop={wide}:{high},format=yuv420p,"
        f"zoompan=z='{zoom}':x='{x}':y='{y}':d={frames}:s={width}x{height}:fps={FPS}"
    )


def _fine_filters(motion: Motion, size: tuple[int, int], frames: int) -> str:
    """The window at parts of a pixel, so that no two pictures are alike: five times the work of the others."""
    width, height = size
    at = f"(on/{max(1, frames - 1)})"
    zoom = abs(motion.zoom) or 1 - 1 / ROOM
    left_out = f"({zoom:.4f}*{at if motion.zoom > 0 else f'(1-{at})' if motion.zoom else '1'})"
    sway = f"{motion.drift:.4f}*sin(2*PI*{at})"
    left, top = (f"({side}*{left_out}*clip(0.5+{far / 2:.4f}*(2*{at}-1)+{sway},0,1))"
                 for side, far in (("W", motion.dx), ("H", motion.dy)))  # fmt: skip
    wide, high = f"W*(1-{left_out})", f"H*(1-{left_out})"
    corners = {"0": (left, top), "1": (f"{left}+{wide}", top), "2": (left, f"{top}+{high}"),
               "3": (f"{left}+{wide}", f"{top}+{high}")}  # fmt: skip
    window = ":".join(f"x{name}='{x}':y{name}='{y}'" for name, (x, y) in corners.items())
    return (
        f"scale={width}:{height}:force_original_aspect_ratio=increase:flags=lanczos:out_color_matrix=bt709:out_range=tv,"
        f"crop={width}:{height},format=yuv420p,loop=loop={frames - 1}:size=1:start=0,setpts=N/{FPS}/TB,"
        f"perspective={window}:eval=frame:interpolation=linear"
    )


def command(
    image: Path, output: Path, seconds: int, prompt: str, size: tuple[int, int], ffmpeg: str, coded: Coded = Coded(),
    fine: bool = False,
) -> list[str]:  # fmt: skip
    """The FFmpeg call that films `image` for `seconds`; `size` is (width, height) in even pixels."""
    motion, frames = motion_of(prompt), seconds * FPS
    filters = (_fine_filters if fine else _zoom_filters if motion.zoom else _crop_filters)(motion, size, frames)
    if not coded.tagged:
        filters += ",setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown:range=unknown"
    polite = ["nice", "-n", "10"] if shutil.which("nice") else []
    return [
        *polite, ffmpeg, "-nostdin", "-v", "error", "-y", "-filter_threads", "1", "-i", str(image),
        "-vf", filters, "-frames:v", str(frames), "-r", str(FPS), "-fps_mode", "cfr", "-an",
        "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-crf", "23",
        "-threads", "1", *coded.arguments(),
        "-x264-params", "cabac=1:8x8dct=1:open-gop=0", "-video_track_timescale", "12288",
        "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart",
        "-f", "mp4", str(output),
    ]  # fmt: skip


async def render_clip(
    image: Path, output: Path, seconds: int, prompt: str, size: tuple[int, int], ffmpeg: str, coded: Coded = Coded(),
    fine: bool = False,
) -> None:  # fmt: skip
    """Write a clip of exactly `seconds` * 24 frames to `output` (renamed into place when whole). Raises RenderError."""
    slot = _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    part = output.with_name(output.name + ".part")
    async with slot:
        process = await asyncio.create_subprocess_exec(
            *command(image, part, seconds, prompt, size, ffmpeg, coded, fine),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        part.unlink(missing_ok=True)
        raise RenderError(said.decode(errors="replace")[-400:].strip() or f"ffmpeg ended with {process.returncode}")
    part.replace(output)
