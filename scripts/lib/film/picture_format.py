"""The one picture format of a film, and how a clip that has another is brought to it.

A clip that already has it is copied packet by packet; only the others are encoded, all with the same settings, so
that their packets fit together. Encoded parts use their own parameter set number: parts from two encoders can then
stand in one film, because a decoder keeps one parameter set per number.
"""

from dataclasses import dataclass

from scripts.lib.film import hdr
from scripts.lib.film.ffmpeg import VideoStream

WIDTH = 1920
HEIGHT = 1080
FPS = 24
TIMESCALE_PER_PICTURE = 512
HOUSE_SPS_ID = 7
BLOCK = 16
GOP_S = 0.5
B_PICTURES = 2
LEVEL, LEVEL_KBIT = "4.1", 50_000
"""The level of our encodes, and what a second of them may have at most (62,500 in profile High)."""
CRF_CUT = 15
"""Veryfast at 14.8 has the SSIM of fast at 18, for under half of the processor time and 28 % more bytes."""


@dataclass(frozen=True)
class Encoder:
    """How a part is encoded. One thread gives the same bytes on every machine; 0 takes all processors."""

    fps: int = FPS
    sps_id: int = HOUSE_SPS_ID
    crf: int = CRF_CUT
    threads: int = 1

    def arguments(self) -> list[str]:
        colour = "colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off"
        return [
            "-c:v", "libx264", "-preset", "veryfast", "-crf", str(self.crf), "-profile:v", "high",
            "-pix_fmt", "yuv420p", "-threads", str(self.threads), "-g", str(round(GOP_S * self.fps)),
            "-bf", str(B_PICTURES), "-level:v", LEVEL, "-maxrate", f"{LEVEL_KBIT}k", "-bufsize", f"{LEVEL_KBIT}k",
            "-x264-params", f"sps-id={self.sps_id}:open-gop=0:scenecut=0:{colour}",
        ]  # fmt: skip


def oddity(video: VideoStream, fps: int) -> str | None:
    """Why the headers of a clip forbid to copy it; None when they allow it."""
    if (known := hdr.kind(video.transfer, video.primaries)) is not None:
        return f"{known}, mapped to BT.709"
    if video.codec != "h264" or video.profile != "High":
        return f"codec {video.codec} {video.profile}".rstrip()
    if video.pixel_format != "yuv420p":
        return f"pixel format {video.pixel_format}"
    if {video.matrix, video.primaries, video.transfer} - {"", "bt709"}:
        return f"colors {video.matrix or '?'}/{video.primaries or '?'}/{video.transfer or '?'}"
    if cropping(video) is None:
        return f"size {video.width}x{video.height}"
    if abs(video.fps - fps) > 0.005:
        return f"frame rate {video.fps:g}"
    return None if video.upright else "rotated, interlaced or oblong pixels"


def cropping(video: VideoStream) -> tuple[int, int] | None:
    """How many pixels a decoder should leave out on the right and below, of what is coded, to show the film's size.

    Encoders code whole blocks of 16: of 1924x1076 they code 1936x1088, of which 1920x1080 can be shown as they are.
    (0, 0): it has that size. None: it has not enough, or so much more that cropping would change the picture.
    """
    if (video.width, video.height) == (WIDTH, HEIGHT):
        return 0, 0
    right, below = (_coded(side) - wanted for side, wanted in ((video.width, WIDTH), (video.height, HEIGHT)))
    near = abs(video.width - WIDTH) <= BLOCK and abs(video.height - HEIGHT) <= BLOCK
    return (right, below) if near and right >= 0 and below >= 0 else None


def told_copied(video: VideoStream) -> str:
    """The bitstream filter that makes copied pictures say of themselves what they are: BT.709, and the film's size."""
    right, below = cropping(video) or (0, 0)
    cropped = f":crop_right={right}:crop_bottom={below}" if right or below else ""
    colors = "colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0"
    return f"h264_metadata={colors}{cropped}"


def _coded(side: int) -> int:
    return -(-side // BLOCK) * BLOCK


def bordered(video: VideoStream) -> bool:
    """Whether a picture is so nearly of the film's size that it is better cut and mirrored at its edge than scaled."""
    return abs(video.width - WIDTH) <= BLOCK and abs(video.height - HEIGHT) <= BLOCK


def conforming(video: VideoStream, fps: int, whole: bool = False, table: str | None = None, slower: float = 1.0) -> str:
    """The filter chain to 1920x1080 at `fps`, limited range, BT.709; cropped to fill, or `whole` inside black bars.

    `table`: the file of `hdr.write_table`, for pictures that are HDR or wide. `slower`: how many times as long it
    lasts; pictures in between are blended, since repeated ones would stutter.
    """
    chain = ["bwdif=mode=send_frame"] if video.interlaced else []
    # an untagged picture is taken for what players take it for: BT.709 from 720 lines on, BT.601 below
    matrix = "auto" if video.matrix else ("bt709" if video.height >= 720 else "bt601")
    if table is not None and not video.matrix:
        matrix = "bt2020"
    if slower > 1.0:
        chain += [
            f"setpts=(PTS-STARTPTS)*{slower:.6f}",
            f"framerate=fps={fps}:interp_start=0:interp_end=255:scene=100",
            f"settb=1/{fps}",
            "setpts=N",
        ]
    else:
        chain += ["setpts=PTS-STARTPTS", f"fps={fps}"]
    scale = f"scale={_size(video, whole)}:in_color_matrix={matrix}"
    fill = f"pad={WIDTH}:{HEIGHT}:-1:-1" if whole else f"crop={WIDTH}:{HEIGHT}"
    if bordered(video) and not video.oblong and not turned(video):
        scale, fill = f"scale=in_color_matrix={matrix}", _mirrored(video)
    if table is None:
        chain += [f"{scale}:out_color_matrix=bt709:out_range=tv:flags=lanczos+accurate_rnd", fill]
    else:
        chain += [
            f"{scale}:flags=bicubic", "format=gbrp12le", fill, f"lut3d=file={table}:interp=tetrahedral",
            "scale=out_color_matrix=bt709:out_range=tv",
        ]  # fmt: skip
    chain += [
        "setsar=1", "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv", "format=yuv420p",
    ]  # fmt: skip
    return ",".join(chain)


def turned(video: VideoStream) -> bool:
    return not video.upright and not video.oblong and not video.interlaced


def _mirrored(video: VideoStream) -> str:
    """The middle of a picture of about the film's size, what it lacks mirrored at its edges."""
    wide, high = min(video.width, WIDTH), min(video.height, HEIGHT)
    left, above = (WIDTH - wide) // 2, (HEIGHT - high) // 2
    right, below = WIDTH - wide - left, HEIGHT - high - above
    chain = f"crop={wide}:{high}"
    if (wide, high) == (WIDTH, HEIGHT):
        return chain
    return (
        f"{chain},format=yuv420p,pad={WIDTH}:{HEIGHT}:{left // 2 * 2}:{above // 2 * 2},"
        f"fillborders=left={left // 2 * 2}:right={right + left % 2}:top={above // 2 * 2}:bottom={below + above % 2}"
        ":mode=mirror"
    )


def _size(video: VideoStream, whole: bool) -> str:
    """The size to scale to, as it is shown: pixels that are not square count with their shape."""
    size = f"{WIDTH}:{HEIGHT}"
    if not video.oblong:
        return f"{size}:force_original_aspect_ratio={'decrease' if whole else 'increase'}"
    shape, frame = "clip(dar,0.1,10)", f"{WIDTH}/{HEIGHT}"
    wide, high = f"round({HEIGHT}*{shape})", f"round({WIDTH}/{shape})"
    if whole:
        return f"w='if(gte({shape},{frame}),{WIDTH},{wide})':h='if(gte({shape},{frame}),{high},{HEIGHT})'"
    return f"w='if(gte({shape},{frame}),{wide},{WIDTH})':h='if(gte({shape},{frame}),{HEIGHT},{high})'"
