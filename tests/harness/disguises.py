"""Seventy files that pretend to be media: they name other files, are two things at once, or are bombs.

Each is a name and what makes its bytes from what lies outside (`outside`) and from a sound clip, sound and picture.
"""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.harness.outside import Outside
from tests.scripts import media


@dataclass(frozen=True)
class Parts:
    """What disguises are made of: whole files of each kind, and where they would like to get."""

    outside: Outside
    clip: bytes
    long_clip: bytes
    mp3: bytes
    wav: bytes
    png: bytes
    jpeg: bytes
    webp: bytes

    @property
    def film(self) -> str:
        return str(self.outside.film)

    @property
    def url(self) -> str:
        return self.outside.url


def parts(folder: Path, outside: Outside) -> Parts:
    moving = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=1", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    still = ("-f", "lavfi", "-i", "color=red:s=64x64:r=1:d=20000", "-c:v", "libx264", "-preset", "ultrafast")
    noise = Image.merge("RGB", [Image.effect_noise((300, 200), 40 + band) for band in range(3)])
    return Parts(
        outside,
        media.make(folder / "clip.mp4", *moving, "-movflags", "+faststart").read_bytes(),
        media.make(folder / "long.mp4", *still).read_bytes(),
        media.make(folder / "voice.mp3", "-f", "lavfi", "-i", "sine=duration=2").read_bytes(),
        media.make(folder / "voice.wav", "-f", "lavfi", "-i", "sine=duration=1").read_bytes(),
        *(_saved(noise, kind) for kind in ("PNG", "JPEG", "WEBP")),
    )


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


# ------------------------------------------------------------------------------------------------- parts of files


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, *more: bytes, rows: bytes = b"") -> bytes:
    """A gray PNG that claims this size and holds what is given."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def box(name: bytes, *inside: bytes) -> bytes:
    data = b"".join(inside)
    return struct.pack(">I", 8 + len(data)) + name + data


def wav_of(claimed: int, data: bytes, rate: int = 44100, kind: int = 1, bits: int = 16) -> bytes:
    head = struct.pack("<HHIIHH", kind, 1, rate, rate * bits // 8, bits // 8, bits)
    return (
        b"RIFF"
        + struct.pack("<I", claimed)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + head
        + (b"data" + struct.pack("<I", claimed) + data)
    )


def _patched(data: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """`data` with `value` so many bytes after the (first) name of a box."""
    at = data.index(name) + 4 + offset
    return data[:at] + value + data[at + len(value) :]


def _grown(data: bytes, at: int, old: bytes, new: bytes) -> bytes:
    """`data` with `old` at `at` replaced, and every box around that place made longer by the difference."""
    more, changed = len(new) - len(old), bytearray(data)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = data.rindex(name, 0, at) - 4
        changed[place : place + 4] = (int.from_bytes(data[place : place + 4], "big") + more).to_bytes(4, "big")
    changed[at : at + len(old)] = new
    return bytes(changed)


def elsewhere(data: bytes, path: Path) -> bytes:
    """A film that says that its samples lie in another file (`dref`)."""
    own = b"\0\0\0\x0curl \0\0\0\x01"
    assert data.count(own) == 1
    told = str(path).encode()
    new = (12 + len(told) + 1).to_bytes(4, "big") + b"url \0\0\0\0" + told + b"\0"
    return _grown(data, data.index(own), own, new)


def _gab2(target: str) -> bytes:
    """Subtitles in an AVI, which FFmpeg opens as a file of their own kind: here a playlist."""
    told = HLS.format(target=target).encode()
    stream = b"GAB2\0\x02\0" + struct.pack("<I", 0) + struct.pack("<HI", 4, len(told)) + told
    return b"RIFF" + struct.pack("<I", 4 + 8 + len(stream)) + b"AVI LIST" + struct.pack("<I", len(stream)) + stream


def _within(png: bytes, name: bytes, data: bytes) -> bytes:
    """The PNG with one more chunk behind its head."""
    return png[:33] + chunk(name, data) + png[33:]


CASES = Path(__file__).parents[1] / "cases"
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink' width='400' height='400'>"
    "<image x:href='{target}' width='400' height='400'/></svg>"
)
XXE = "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM '{target}'>]><svg xmlns='http://www.w3.org/2000/svg'>&x;</svg>"
LAUGHS = "<?xml version='1.0'?><!DOCTYPE z [<!ENTITY a 'ha'>{entities}]><svg>&l;</svg>"
DASH = (
    "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'><Period><AdaptationSet"
    " mimeType='video/mp4'><Representation id='1' bandwidth='1'><BaseURL>{target}</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>"
)
SDP = "v=0\no=- 0 0 IN IP4 {host}\ns=x\nc=IN IP4 {host}\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
PS = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n({target}) (r) file 99 string readstring pop print showpage\n"

Make = Callable[[Parts], bytes]


def _text(form: str, target: str = "{film}") -> Make:
    def make(parts: Parts) -> bytes:
        host, port = parts.outside.address.split(":")
        names = {
            "film": parts.film,
            "url": parts.url,
            "text": str(parts.outside.text),
            "picture": parts.outside.picture,
        }
        return form.format(target=target.format(**names), host=host, port=port).encode()

    return make


LISTS: dict[str, Make] = {
    "hls of a file": _text(HLS), "hls of a file by its scheme": _text(HLS, "file://{film}"),
    "hls of a host": _text(HLS, "{url}"), "hls of a concat": _text(HLS, "concat:{film}|{film}"),
    "hls of a part of a file": _text(HLS, "subfile,,start,0,end,999,,:{film}"),
    "hls of a cipher": _text(HLS, "crypto:{film}"), "hls behind a mark": _text("\ufeff" + HLS),
    "hls with a key": _text('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:1,\n{target}\n', "{url}"),
    "hls with a map": _text('#EXTM3U\n#EXT-X-MAP:URI="{target}"\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n'),
    "hls of playlists": _text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n", "{url}"),
    "dash of a file": _text(DASH), "dash of a host": _text(DASH, "{url}"),
    "pls": _text("[playlist]\nFile1={target}\nNumberOfEntries=1\nVersion=2\n", "{url}"),
    "asx": _text("<asx version='3.0'><entry><ref href='{target}'/></entry></asx>", "{url}"),
    "xspf": _text("<?xml version='1.0'?><playlist xmlns='http://xspf.org/ns/0/'><track><location>{target}</location>"
                  "</track></playlist>", "{url}"),
    "reference": _text("[Reference]\nRef1={target}\n", "{url}"), "rtsp text": _text("RTSPtext{target}\n", "{url}"),
    "ffconcat of a file": _text("ffconcat version 1.0\nfile '{target}'\n"),
    "ffconcat of a host": _text("ffconcat version 1.0\nfile '{target}'\n", "{url}"),
    "ffconcat with options": _text("ffconcat version 1.0\nfile '{target}'\noption protocol_whitelist file,http,tcp\n"),
    "ffconcat of a neighbor": _text("ffconcat version 1.0\nfile '../outside/secret.mp4'\n"),
    "ffconcat without a version": _text("file '{target}'\nduration 1\n"),
    "sdp": _text(SDP), "sdp of a group": _text(SDP.replace("{host}", "239.1.2.3", 1)),
    "avisynth": _text('FFmpegSource2("{target}")\n'), "vapoursynth": _text("open('{target}').read()\n"),
    "vobsub": _text("# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 0\n# {target}\n"),
    "lavfi": _text("movie={target}"), "webvtt": _text("WEBVTT\n\n00:00.000 --> 00:01.000\n{target}\n"),
}  # fmt: skip
DRAWINGS: dict[str, Make] = {
    "svg of a picture": _text(SVG, "{picture}"), "svg of a host": _text(SVG, "{url}"),
    "svg entity": _text(XXE, "{text}"),
    "svg of laughs": lambda _: LAUGHS.format(
        entities="".join(f"<!ENTITY {one} '{f'&{other};' * 10}'>" for other, one in zip("abcdefghijk", "bcdefghijkl",
                                                                                       strict=True))
    ).encode(),
    "postscript": _text(PS, "{text}"), "html": _text("<html><img src='{target}'></html>", "{url}"),
}  # fmt: skip
POLYGLOTS: dict[str, Make] = {
    "png and html": lambda it: it.png + b"<html><script src='" + it.url.encode() + b"'></script>",
    "png with a playlist": lambda it: _within(it.png, b"tEXt", b"x\0" + HLS.format(target=it.url).encode()),
    "jpeg and zip": lambda it: it.jpeg + b"PK\x03\x04" + HLS.format(target=it.film).encode(),
    "gif and script": lambda it: b"GIF89a/*" + bytes(200) + b"*/=1;fetch('" + it.url.encode() + b"')",
    "id3 and playlist": lambda it: b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + HLS.format(target=it.url).encode(),
    "ftyp and playlist": lambda it: box(b"ftyp", b"isom\0\0\x02\0isom") + HLS.format(target=it.film).encode(),
    "riff and drawing": lambda it: b"RIFF\xff\0\0\0WEBP" + SVG.format(target=it.url).encode(),
    "pdf and png": lambda it: b"%PDF-1.7\n" + it.png, "sound and film": lambda it: it.mp3 + it.clip,
    "film elsewhere": lambda it: elsewhere(it.clip, it.outside.film),
    "reference movie": lambda it: box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"rmra", box(b"rmda", box(
        b"rdrf", b"\0\0\0\0url ", struct.pack(">I", len(it.url)), it.url.encode())))),
    "packed index": lambda it: box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(
        b"cmvd", struct.pack(">I", 1 << 31), zlib.compress(bytes(1 << 22))))),
    "avi subtitles": lambda it: _gab2(it.film), "ogg head": lambda it: b"OggS" + HLS.format(target=it.url).encode(),
}  # fmt: skip
BOMBS: dict[str, Make] = {
    "60,000 pixels square": lambda _: png_of(60_000, 60_000), "8,000 pixels square": lambda _: png_of(8_000, 8_000),
    "a line of pixels": lambda _: png_of(2**31 - 1, 1),
    "text that unpacks": lambda it: _within(it.png, b"zTXt", b"x\0\0" + zlib.compress(bytes(1 << 26))),
    "profile that unpacks": lambda it: _within(it.png, b"iCCP", b"x\0\0" + zlib.compress(bytes(1 << 26))),
    "rows that unpack": lambda _: png_of(300, 300, rows=bytes(1 << 26)),
    "jpeg of 65,500 square": lambda it: _sized(it.jpeg, 65_500), "seconds of a film": lambda it: it.long_clip,
    "a billion samples": lambda it: _patched(it.clip, b"stsz", 8, struct.pack(">I", 2**31 - 1)),
    "sound of 4 GB": lambda it: wav_of(0xFFFFFF00, bytes(200)),
    "sound of a day": lambda it: wav_of(1 << 26, bytes(1 << 26), 800),
    "infinite sound": lambda _: wav_of(4000, struct.pack("<f", float("inf")) * 1000, 8000, 3, 32),
}  # fmt: skip
CUT: dict[str, Make] = {
    "half a png": lambda it: it.png[: len(it.png) // 2], "half a jpeg": lambda it: it.jpeg[: len(it.jpeg) // 2],
    "half a webp": lambda it: it.webp[: len(it.webp) // 2], "half a film": lambda it: it.clip[: len(it.clip) // 2],
    "a head of a film": lambda it: it.clip[:40], "half a wav": lambda it: it.wav[:60],
}  # fmt: skip
#: which passes where it is what it says, or may: whole, in an odd way
WHOLE: dict[str, Make] = {
    "16 bits of gray": lambda _: (CASES / "picture_gray16.png").read_bytes(),
    "film of a year": lambda it: _patched(it.clip, b"mvhd", 16, struct.pack(">I", 2**31 - 1)),
    "many pictures": lambda _: _saved(Image.linear_gradient("L"), "PNG", save_all=True, append_images=[
        Image.effect_noise((256, 256), 40)] * 20),
    "film with a lie as title": lambda it: it.clip + box(b"free", b"\n  Duration: 99:00:00.00, start: 0\n"),
}  # fmt: skip


def _sized(jpeg: bytes, side: int) -> bytes:
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", side, side) + jpeg[at + 4 :]


ALL: Mapping[str, Make] = LISTS | DRAWINGS | POLYGLOTS | BOMBS | CUT | WHOLE
