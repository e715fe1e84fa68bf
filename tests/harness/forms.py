"""The forms in which sounds, clips and pictures come, made on the spot: by name, each a function of a folder.

Every sound is the same tone of two seconds, every clip and picture the same four fields of color, so that what comes
out can be measured whatever the form was.
"""

import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageCms, ImageDraw

from scripts.lib.film import ffmpeg

CASES = Path(__file__).parents[1] / "cases"
Form = Callable[[Path], Path]
SECONDS = 2.0
TONE = f"sine=frequency=300:duration={SECONDS:g}"
#: red, green, blue and gray, of which none is clipped by any way of saying it
COLORS = ((200, 60, 40), (40, 180, 60), (50, 70, 190), (180, 180, 180))


def made(out: Path, *words: str) -> Path:
    """By the wheel's FFmpeg, whichever one is tried (VIDEOD_FFMPEG)."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-nostdin", *words, ffmpeg.target(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


# ------------------------------------------------------------------------------------------------------- sounds


def _tone(name: str, *words: str, source: str = TONE) -> Form:
    return lambda folder: made(folder / name, "-f", "lavfi", "-i", source, *words)


def _wav(folder: Path, *words: str) -> bytes:
    return made(folder / "plain.wav", "-f", "lavfi", "-i", TONE, "-fflags", "+bitexact", *words).read_bytes()


def with_sizes(data: bytes, riff: int, samples: int) -> bytes:
    """A WAV whose header says these sizes."""
    at = data.index(b"data")
    return data[:4] + struct.pack("<I", riff) + data[8 : at + 4] + struct.pack("<I", samples) + data[at + 8 :]


def _streamed(name: str, riff: int, samples: int, *words: str, cut: int = 0) -> Form:
    def make(folder: Path) -> Path:
        data = with_sizes(_wav(folder, *words), riff, samples)
        (folder / name).write_bytes(data[: len(data) - cut])
        return folder / name

    return make


def _odd(name: str, *words: str) -> Form:
    """One byte too few, and a header that knows it."""

    def make(folder: Path) -> Path:
        data = _wav(folder, *words)[:-1]
        (folder / name).write_bytes(with_sizes(data, len(data) - 8, len(data) - data.index(b"data") - 8))
        return folder / name

    return make


def _mp3(folder: Path, name: str = "part.mp3", *words: str) -> bytes:
    return made(folder / name, "-f", "lavfi", "-i", "sine=frequency=300:duration=1", "-b:a", "64k", *words).read_bytes()


def _joined(name: str, *parts: tuple[str, ...], between: bytes = b"", before: bytes = b"", after: bytes = b"") -> Form:
    def make(folder: Path) -> Path:
        data = [_mp3(folder, f"part{place}.mp3", *words) for place, words in enumerate(parts)]
        (folder / name).write_bytes(before + between.join(data) + after)
        return folder / name

    return make


def _without(name: str, start: int, length: int) -> Form:
    """An MP3 of two seconds with bytes missing in its middle."""

    def make(folder: Path) -> Path:
        data = made(folder / "whole.mp3", "-f", "lavfi", "-i", TONE, "-b:a", "64k", "-write_xing", "0").read_bytes()
        (folder / name).write_bytes(data[:start] + data[start + length :])
        return folder / name

    return make


def _case(name: str) -> Form:
    return lambda _: CASES / name


def cover(folder: Path) -> Path:
    return made(folder / "cover.jpg", "-f", "lavfi", "-i", "color=lime:s=64x64", "-frames:v", "1")


_ID3 = b"ID3\x04\0\0\0\0\0\x64" + bytes(100)
#: a length that the form does not tell in advance is that of the tone
SOUNDS: Mapping[str, Form] = {
    "wav": _tone("a.wav"),
    "wav streamed FFFFFFFF": _streamed("a.wav", 0xFFFFFFFF, 0xFFFFFFFF),
    "wav streamed 7FFFFFFF": _streamed("a.wav", 0x7FFFFFFF, 0x7FFFFFFF),
    "wav streamed 7FFFFFFF-36": _streamed("a.wav", 0x7FFFFFFF, 0x7FFFFFFF - 36),
    "wav streamed 0": _streamed("a.wav", 0, 0),
    "wav streamed 24 bits": _streamed("a.wav", 0xFFFFFFFF, 0xFFFFFFFF, "-c:a", "pcm_s24le"),
    "wav streamed with half a sample": _streamed("a.wav", 0xFFFFFFFF, 0xFFFFFFFF, cut=1),
    "wav odd byte": _odd("a.wav"),
    "wav odd byte 8 kHz": _odd("a.wav", "-ar", "8000"),
    "wav 8 kHz 8 bits": _tone("a.wav", "-ar", "8000", "-c:a", "pcm_u8"),
    "wav float": _tone("a.wav", "-c:a", "pcm_f32le"),
    "wav double": _tone("a.wav", "-c:a", "pcm_f64le"),
    "wav 24 bits": _tone("a.wav", "-c:a", "pcm_s24le"),
    "wav a-law": _tone("a.wav", "-ar", "8000", "-c:a", "pcm_alaw"),
    "wav mu-law": _tone("a.wav", "-ar", "8000", "-c:a", "pcm_mulaw"),
    "wav adpcm": _tone("a.wav", "-c:a", "adpcm_ms"),
    "wav 5.1 96 kHz": _tone("a.wav", "-ac", "6", "-ar", "96000"),
    "wav rf64": _tone("a.wav", "-rf64", "always"),
    "mp3": _tone("a.mp3", "-b:a", "128k"),
    "mp3 8 kHz": _tone("a.mp3", "-ar", "8000"),
    "mp3 variable rate, no header": _tone("a.mp3", "-q:a", "4", "-write_xing", "0"),
    "mp3 two joined": _joined("a.mp3", (), ()),
    "mp3 two of other rates joined": _joined("a.mp3", ("-ar", "44100"), ("-ar", "22050", "-ac", "2")),
    "mp3 joined with tags between": _joined("a.mp3", ("-write_xing", "0"), ("-write_xing", "0"), between=_ID3),
    "mp3 with a tag behind": _joined("a.mp3", (), (), after=b"TAG" + bytes(125)),
    "mp3 behind rubbish": _joined("a.mp3", ("-write_xing", "0"), ("-write_xing", "0"), before=b"\0" * 200),
    "mp3 150 bytes missing": _without("a.mp3", 6000, 150),
    "mp3 half a frame at the end": _without("a.mp3", 15_990, 10_000),
    "ogg vorbis": _tone("a.ogg", "-c:a", "libvorbis"),
    "ogg opus": _tone("a.ogg", "-c:a", "libopus"),
    "flac": _tone("a.flac"),
    "aac": _tone("a.aac"),
    "m4a": _tone("a.m4a"),
    "m4a alac": _tone("a.m4a", "-c:a", "alac"),
    "m4a fragmented": _tone("a.m4a", "-movflags", "+frag_keyframe+empty_moov+default_base_moof"),
    "m4a 5.1": _tone("a.m4a", "-ac", "6"),
    "m4a with a cover": lambda folder: made(
        folder / "a.m4a", *ffmpeg.given(_tone("tone.m4a")(folder)), *ffmpeg.given(cover(folder)), "-map", "0",
        "-map", "1", "-c", "copy", "-disposition:v", "attached_pic",
    ),
    "aiff": _tone("a.aiff"),
    "caf": _tone("a.caf", "-c:a", "pcm_s16le"),
    "w64": _tone("a.w64"),
    "webm": _tone("a.webm", "-c:a", "libopus"),
    "mkv": _tone("a.mkv", "-c:a", "pcm_s16le"),
    "avi": _tone("a.avi", "-c:a", "mp3"),
    "flv": _tone("a.flv", "-c:a", "mp3"),
    "ts": _tone("a.ts", "-c:a", "aac"),
    "case two joined": _case("narration_two_mp3_joined.mp3"),
    "case 150 bytes missing": _case("narration_mp3_150_bytes_missing.mp3"),
    "case whole": _case("narration_ok.wav"),
}  # fmt: skip

# -------------------------------------------------------------------------------------------------------- clips

FIELDS = ",".join(
    f"drawbox=x={x}:y={y}:w=iw/2:h=ih/2:c=0x{red:02x}{green:02x}{blue:02x}:t=fill"
    for (x, y), (red, green, blue) in zip(
        (("0", "0"), ("iw/2", "0"), ("0", "ih/2"), ("iw/2", "ih/2")), COLORS, strict=True
    )
)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10")


def clip(
    name: str, *codec: str, size: str = "320x180", rate: str = "24", after: str = "", matrix: str = "bt709"
) -> Form:
    """Two seconds of the four fields. `after`: more filters, as they lie in the file."""
    source = f"color=c=black:s={size}:r={rate}:d={SECONDS:g},format=rgb24,{FIELDS}"
    said = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"
    chain = f"{source},{said}{after}"
    return lambda folder: made(folder / name, "-f", "lavfi", "-i", chain, *(codec or X264))


def copied(name: str, source: Form, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Form:
    """A clip put into another container, or with other notes, its pictures untouched."""
    return lambda folder: made(folder / name, *before, *ffmpeg.given(source(folder)), "-c", "copy", *after)


def hdr(name: str, transfer: str, primaries: str = "bt2020", codec: tuple[str, ...] = ("libx264",)) -> Form:
    said = (
        ",setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,zscale=t=linear:npl=203,"
        f"format=gbrpf32le,zscale=p={primaries},zscale=t={transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le"
    )
    more = ("-x265-params", "log-level=error") if codec[0] == "libx265" else ()
    return clip(name, "-c:v", *codec, "-preset", "ultrafast", "-crf", "8", *more, after=said)


def with_cover(name: str, first: bool, marked: bool) -> Form:
    def make(folder: Path) -> Path:
        moving = clip("moving.mp4")(folder)
        order = ("1:v", "0:v") if first else ("0:v", "1:v")
        note = ("-disposition:v:0" if first else "-disposition:v:1", "attached_pic") if marked else ()
        words = [
            *ffmpeg.given(moving),
            *ffmpeg.given(cover(folder)),
            "-map",
            order[0],
            "-map",
            order[1],
            "-c",
            "copy",
            *note,
        ]
        return made(folder / name, *words)

    return make


def uneven(name: str) -> Form:
    """Pictures of uneven length, as telephones take them: every third one is missing."""
    return clip(name, *X264, "-fps_mode", "vfr", after=",select='mod(n\\,3)'", rate="30")


def _with_junk(name: str, junk: bytes) -> Form:
    def make(folder: Path) -> Path:
        data = clip("plain.mp4")(folder).read_bytes()
        (folder / name).write_bytes(data + junk)
        return folder / name

    return make


CLIPS: Mapping[str, Form] = {
    "mp4": clip("a.mp4"), "mov": clip("a.mov"), "mkv": clip("a.mkv"), "ts": clip("a.ts"), "avi": clip("a.avi"),
    "flv": clip("a.flv"), "webm vp9": clip("a.webm", "-c:v", "libvpx-vp9", "-b:v", "2M", "-deadline", "realtime"),
    "fragmented": clip("a.mp4", *X264, "-movflags", "+frag_keyframe+empty_moov"),
    "hevc": clip("a.mp4", "-c:v", "libx265", "-preset", "ultrafast", "-crf", "10", "-x265-params", "log-level=error"),
    # these cannot say which matrix they have: below 720 lines players take BT.601
    "mpeg4": clip("a.mp4", "-c:v", "mpeg4", "-q:v", "1", matrix="bt601"),
    "mjpeg avi": clip("a.avi", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", matrix="bt601"),
    "prores": clip("a.mov", "-c:v", "prores_ks", after=",format=yuv422p10le"),
    "prores with alpha": clip("a.mov", "-c:v", "prores_ks", "-profile:v", "4444", after=",format=yuva444p10le"),
    "10 bits": clip("a.mp4", after=",format=yuv420p10le"), "4:4:4": clip("a.mp4", after=",format=yuv444p"),
    "4:2:2": clip("a.mp4", after=",format=yuv422p"),
    "full range": clip("a.mp4", after=",scale=in_range=tv:out_range=pc,format=yuvj420p"),
    "bt601": clip("a.mp4", matrix="bt601", after=",setparams=colorspace=smpte170m"),
    "bt601 untold": clip("a.mp4", matrix="bt601", after=",setparams=colorspace=unknown"),
    "gray pixels": clip("a.mp4", after=",format=yuv420p,setsar=1"),
    **{f"sar {sar} {kind}": clip(f"a.{kind}", size=size, after=f",setsar={sar}")
       for sar, size in (("4/3", "240x180"), ("3/4", "426x180"), ("2/1", "160x180"), ("8/9", "360x180"))
       for kind in ("mp4", "mkv")},
    **{f"turned {turn} {kind}": copied(f"a.{kind}", clip(f"lying.{kind}", after=f",{back}"),
                                      before=("-display_rotation", str(-turn)))
       for turn, back in ((90, "transpose=2"), (180, "hflip,vflip"), (270, "transpose=1")) for kind in ("mp4", "mov")},
    "mirrored": copied("a.mp4", clip("m.mp4", after=",hflip"), before=("-display_hflip",)),
    "flipped": copied("a.mp4", clip("m.mp4", after=",vflip"), before=("-display_vflip",)),
    "interlaced": clip("a.mp4", *X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1", after=",setfield=tff",
                       rate="25"),
    "uneven": uneven("a.mp4"), "uneven mkv": uneven("a.mkv"),
    "23.976": clip("a.mp4", rate="24000/1001"), "25": clip("a.mp4", rate="25"),
    "29.97": clip("a.mp4", rate="30000/1001"),
    "50": clip("a.mp4", rate="50"), "12": clip("a.mp4", rate="12"),
    **{f"starts late {kind}": copied(f"late.{kind}", clip("whole.mp4"), before=("-itsoffset", "0.5"),
                                     after=("-muxdelay", "0")) for kind in ("mp4", "mov", "mkv", "ts")},
    "cover first": with_cover("a.mkv", True, False), "cover first, marked": with_cover("a.mkv", True, True),
    "cover last": with_cover("a.mov", False, False), "cover last, marked": with_cover("a.mp4", False, True),
    "hlg hevc": hdr("a.mp4", "arib-std-b67", codec=("libx265",)), "hlg": hdr("a.mov", "arib-std-b67"),
    "pq hevc": hdr("a.mp4", "smpte2084", codec=("libx265",)), "pq mkv": hdr("a.mkv", "smpte2084"),
    "wide color": hdr("a.mp4", "bt2020-10"), "p3": hdr("a.mp4", "bt709", "smpte432"),
    "upright": clip("a.mp4", size="180x320"), "square": clip("a.mp4", size="240x240"),
    "kling 1924x1076": clip("a.mp4", size="1924x1076"), "4k": clip("a.mp4", size="3840x2160"),
    "tiny": clip("a.mp4", size="64x36"),
    "odd size 4:4:4": clip("a.mp4", size="321x181", after=",format=yuv444p"),
    "with own sound": lambda folder: made(
        folder / "a.mp4", *ffmpeg.given(clip("p.mp4")(folder)), "-f", "lavfi", "-i", TONE, "-map", "0:v", "-map", "1:a",
        "-c:v", "copy", "-c:a", "aac",
    ),
    "rubbish behind": _with_junk("a.mp4", b"\xff\x00 rubbish that is no box at all \x01\x02" * 9),
    "case hlg": _case("clip_hlg.mp4"), "case sdr": _case("clip_sdr_same_picture.mp4"),
    "case sar": _case("clip_sar_4_3.mp4"), "case late": _case("clip_starts_at_500ms.mkv"),
    "case cover": _case("clip_cover_art_first.mkv"), "case intro 1 ms": _case("intro_sound_1ms_late.mkv"),
    "case intro 30 ms": _case("intro_sound_30ms_late.mp4"),
}  # fmt: skip

# ----------------------------------------------------------------------------------------------------- pictures


def scene(size: tuple[int, int] = (640, 360)) -> Image.Image:
    drawn = Image.new("RGB", size)
    pen = ImageDraw.Draw(drawn)
    width, height = size[0] // 2, size[1] // 2
    for (x, y), color in zip(((0, 0), (width, 0), (0, height), (width, height)), COLORS, strict=True):
        pen.rectangle((x, y, x + width, y + height), fill=color)
    return drawn


_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def _picture(name: str, change: Callable[[Image.Image], Image.Image] = lambda one: one, **options: object) -> Form:
    def make(folder: Path) -> Path:
        change(scene()).save(folder / name, **options)
        return folder / name

    return make


def _turned(value: int, name: str = "a.png") -> Form:
    exif = Image.Exif()
    exif[0x0112] = value
    return _picture(name, lambda one: one.transpose(_BACK[value]), exif=exif.tobytes())


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


_INVERTED = Image.new("RGB", (640, 360), "white")
PICTURES: Mapping[str, Form] = {
    "png": _picture("a.png"), "jpeg": _picture("a.jpg", quality=95), "webp": _picture("a.webp", lossless=True),
    "progressive jpeg": _picture("a.jpg", quality=95, progressive=True),
    "rgba": _picture("a.png", lambda one: one.convert("RGBA")),
    "palette": _picture("a.png", lambda one: one.quantize(16)),
    "cmyk": _picture("a.jpg", lambda one: one.convert("CMYK"), quality=97),
    "apng": _picture("a.png", save_all=True, append_images=[_INVERTED]),
    "animated webp": _picture("a.webp", save_all=True, append_images=[_INVERTED], lossless=True),
    "srgb profile": _picture("a.png", icc_profile=_srgb()), "damaged profile": _picture("a.png", icc_profile=b"none"),
    "exif cut": _picture("a.png", exif=b"Exif\0\0MM\0*"), "exif junk": _picture("a.png", exif=b"Exif\0junk" * 3),
    **{f"exif {value}": _turned(value) for value in _BACK}, "jpeg exif 6": _turned(6, "a.jpg"),
    "webp exif 8": _turned(8, "a.webp"),
}  # fmt: skip
#: gray, or a picture of its own: what comes out is held against another way to it
ODD_PICTURES: Mapping[str, Form] = {
    "16 bits of gray": _picture(
        "a.png", lambda one: one.convert("L").convert("I").point(lambda level: level * 257).convert("I;16")
    ),
    "gray": _picture("a.png", lambda one: one.convert("L")),
    "gray with alpha": _picture("a.png", lambda one: one.convert("LA")),
    "case gray16": _case("picture_gray16.png"), "case cmyk": _case("picture_cmyk.jpg"),
    "case exif6": _case("picture_exif6.jpg"), "case exif cut": _case("picture_exif_cut.png"),
    "case exif junk": _case("picture_exif_header_junk.png"), "case tall mark": _case("watermark_200x3000.png"),
    "case apng mark": _case("watermark_apng.png"),
}  # fmt: skip
