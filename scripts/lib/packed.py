"""What an answer holds, whatever its Content-Encoding says of it.

Stores hand out films that were never packed as `gzip` or `aws-chunked`, because whoever put them there said so. The
content decides: what begins like packed data is unpacked, what begins like media or text is taken as it is. All of it
in small pieces, so that a cap holds for what it becomes.
"""

import re
import zlib
from collections.abc import Iterable, Iterator

AT_ONCE = 1 << 18
HEAD_BYTES = 96
#: packed twice happens (a file that was stored packed, packed again on its way); more is somebody's game
LAYERS = 2
_GZIP = b"\x1f\x8b\x08"
_MEDIA = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"RF64", b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"FORM", b"GIF8")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})(;[^\r\n]*)?\r\n")
_CHUNK_HEAD_BYTES = 1024


class Unpackable(Exception):
    """The answer cannot be unpacked; the text says why. `cut`: it ended too early."""

    def __init__(self, message: str, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut


def unpacked(pieces: Iterable[bytes], label: str) -> Iterator[bytes]:
    """The content of an answer whose Content-Encoding header is `label`. Raises Unpackable."""
    labels = {word.strip().lower().removeprefix("x-") for word in label.split(",")} - {"", "identity"}
    head, rest = _begin(pieces)
    if "aws-chunked" in labels and _CHUNK.match(head) and not _media(head):
        head, rest = _begin(_unframed(rest))
    for _ in range(LAYERS):
        if head.startswith(_GZIP):
            head, rest = _begin(_inflated(rest, 31))
        elif "deflate" in labels and not _known(head) and head:
            labels.discard("deflate")
            zlib_header = len(head) > 1 and head[0] & 15 == 8 and (head[0] << 8 | head[1]) % 31 == 0
            head, rest = _begin(_inflated(rest, 15 if zlib_header else -15))
    if head and labels - {"gzip", "deflate", "aws-chunked"} and not _known(head):
        raise Unpackable(f"the answer is packed in a way that was not asked for ({label[:20]})")
    yield from rest


def _begin(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and all of it again."""
    source = iter(pieces)
    head = b""
    while len(head) < HEAD_BYTES and (piece := next(source, None)) is not None:
        head += piece

    def whole() -> Iterator[bytes]:
        if head:
            yield head
        yield from source

    return head[:HEAD_BYTES], whole()


def _media(head: bytes) -> bool:
    mpeg = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return head.startswith(_MEDIA) or head[4:8] == b"ftyp" or mpeg


def _known(head: bytes) -> bool:
    """Whether it begins like media, or like text that somebody wrote."""
    return _media(head) or all(byte >= 32 or byte in b"\t\r\n" for byte in head.removeprefix(b"\xef\xbb\xbf"))


def _inflated(pieces: Iterable[bytes], wbits: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=wbits)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if unpacker.eof:
                    if wbits != 31 or not rest.startswith(_GZIP):
                        return  # what stands behind the end is padding
                    unpacker = zlib.decompressobj(wbits=wbits)  # another member, as joined files have
                yield unpacker.decompress(rest, AT_ONCE)
                rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    except zlib.error as error:
        raise Unpackable(f"the packed answer cannot be unpacked: {error}") from error
    if not unpacker.eof:
        raise Unpackable("the packed answer was cut short", cut=True)


def _unframed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of S3's signed chunks: a length and a signature before each, a chunk of none at the end."""
    source = iter(pieces)
    held = b""
    while True:
        while (found := _CHUNK.match(held)) is None:
            piece = next(source, None)
            if piece is None or len(held) > _CHUNK_HEAD_BYTES:
                raise Unpackable("the answer's chunks were cut short", cut=True)
            held += piece
        held, left = held[found.end() :], int(found[1], 16)
        if left == 0:
            return
        while left:
            if not held:
                held = next(source, b"")
                if not held:
                    raise Unpackable("the answer's chunks were cut short", cut=True)
            yield held[:left]
            held, left = held[left:], left - min(left, len(held))
        while len(held) < 2 and (piece := next(source, None)) is not None:
            held += piece
        held = held.removeprefix(b"\r\n")
