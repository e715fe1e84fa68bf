"""What a file holds by its first bytes: only to say in a person's words what came instead of what was due.

Nothing is decided here; what may be opened is decided by the lists of allowed formats in `decode` and `picture`.
"""

from dataclasses import dataclass

from videod.core.sanitize import shows

HEAD_BYTES = 512


@dataclass(frozen=True)
class Content:
    """`words` for a person; `serves`: what a step may make of this kind (json, text, image, video, audio)."""

    words: str
    serves: tuple[str, ...] = ()


_JSON, _TEXT = Content("JSON", ("json", "text")), Content("text", ("json", "text"))
_MP4 = Content("an MP4 or MOV file", ("video", "audio"))

_STARTS: tuple[tuple[bytes, Content], ...] = (
    (b"\x89PNG\r\n", Content("a PNG picture", ("image",))),
    (b"\xff\xd8\xff", Content("a JPEG picture", ("image",))),
    (b"GIF8", Content("a GIF picture", ("image",))),
    (b"ID3", Content("MP3 sound", ("audio",))),
    (b"OggS", Content("an Ogg file", ("audio",))),
    (b"fLaC", Content("FLAC sound", ("audio",))),
    (b"\x1aE\xdf\xa3", Content("a Matroska or WebM file")),
    (b"PK\x03\x04", Content("a ZIP archive")),
    (b"\x1f\x8b", Content("compressed data (gzip)")),
    (b"%PDF", Content("a PDF document")),
    (b"#extm3u", Content("a playlist (HLS)")),
    (b"ffconcat version", Content("a list of other files (ffconcat)")),
    (b"[playlist]", Content("a playlist")),
)
_INSIDE: tuple[tuple[bytes, Content], ...] = (
    (b"<svg", Content("an SVG drawing")),
    (b"<mpd", Content("a playlist (DASH)")),
    (b"<!doctype html", Content("HTML")),
    (b"<html", Content("HTML")),
    (b"<?xml", Content("XML")),
)

_RIFF = {
    b"WAVE": Content("WAV sound", ("audio",)), b"WEBP": Content("a WEBP picture", ("image",)),
    b"AVI ": Content("an AVI file"),
}  # fmt: skip

#: the kinds of content that are recognized
KNOWN = (_JSON, _TEXT, _MP4, *_RIFF.values(), *(one for _, one in (*_STARTS, *_INSIDE)))


def looks_like(head: bytes) -> Content | None:
    """What a file that begins with `head` holds; None where nothing can be said."""
    if head.startswith(b"RIFF") and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _MP4
    if head and not head.strip(b"\0"):
        return Content("nothing but zeros")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, name in _STARTS:
        if head.startswith(start) or text.startswith(start):
            return name
    for part, name in _INSIDE:
        if part in text:
            return name
    if text[:1] in (b"{", b"["):
        return _JSON
    return _TEXT if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; a letter cut in two at the end does not count."""
    try:
        told = head[: len(head) - 3 if len(head) == HEAD_BYTES else len(head)].decode()
    except UnicodeDecodeError:
        return False
    return bool(told) and all(shows(letter) or letter in "\r\n\t" for letter in told)
