"""What a file holds by its first bytes, in a person's words: only to say what came instead of what was due.

Nothing is decided here; what may be opened is decided by the lists of allowed formats in `decode` and `picture`.
"""

from videod.core.sanitize import shows

HEAD_BYTES = 512

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"ID3", "MP3 sound"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "FLAC sound"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "compressed data (gzip)"),
    (b"%PDF", "a PDF document"),
    (b"#extm3u", "a playlist (HLS)"),
    (b"ffconcat version", "a list of other files (ffconcat)"),
    (b"[playlist]", "a playlist"),
)
_INSIDE: tuple[tuple[bytes, str], ...] = (
    (b"<svg", "an SVG drawing"),
    (b"<mpd", "a playlist (DASH)"),
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<?xml", "XML"),
)


def looks_like(head: bytes) -> str | None:
    """What a file that begins with `head` holds; None where nothing can be said."""
    if head.startswith(b"RIFF") and head[8:12] in (b"WAVE", b"WEBP", b"AVI "):
        return {b"WAVE": "WAV sound", b"WEBP": "a WEBP picture", b"AVI ": "an AVI file"}[head[8:12]]
    if head[4:8] == b"ftyp":
        return "an MP4 or MOV file"
    if head and not head.strip(b"\0"):
        return "nothing but zeros"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, name in _STARTS:
        if head.startswith(start) or text.startswith(start):
            return name
    for part, name in _INSIDE:
        if part in text:
            return name
    if text[:1] in (b"{", b"["):
        return "JSON"
    return "text" if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; a letter cut in two at the end does not count."""
    try:
        told = head[: len(head) - 3 if len(head) == HEAD_BYTES else len(head)].decode()
    except UnicodeDecodeError:
        return False
    return bool(told) and all(shows(letter) or letter in "\r\n\t" for letter in told)
