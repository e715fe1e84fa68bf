"""What an answer holds is decided by its content, whatever its Content-Encoding says."""

import gzip
import zlib
from pathlib import Path

import pytest

from scripts import generate_video
from scripts.lib import packed
from tests.scripts.conftest import Run
from tests.scripts.test_generate_video import lay_out, wish
from tests.scripts.wire import Say, Wire

LABELS = ("", "identity", "gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "aws-chunked",
          "aws-chunked,gzip", "gzip, gzip", "none", "utf-8", "binary")  # fmt: skip
MEDIA = {
    "mp4": b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40, "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(range(256)), "mp3": b"\xff\xfb\x90\xc4" + bytes(range(256)),
    "id3": b"ID3\x04" + bytes(300), "wav": b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes(300), "text": b'{"detail": "x"}',
    "page": "<html>für alle</html>".encode(), "nothing": b"",
}  # fmt: skip


def taken(data: bytes, label: str, at_once: int = 7) -> bytes:
    return b"".join(packed.unpacked((data[at : at + at_once] for at in range(0, len(data), at_once)), label))


def framed(data: bytes, signed: bool = True) -> bytes:
    """As S3's clients send it: chunks with a signature, and one of nothing at the end."""
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    mark = f";chunk-signature={'ab' * 32}".encode() if signed else b""
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), mark, piece) for piece in pieces)
    return body + b"0" + mark + b"\r\n\r\n"


@pytest.mark.fault("5.6")
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("kind", MEDIA)
def test_a_plain_body_is_taken_whatever_its_label_says(kind: str, label: str) -> None:
    assert taken(MEDIA[kind], label) == MEDIA[kind]


@pytest.mark.fault("5.6")
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("kind", MEDIA)
def test_a_packed_body_is_unpacked_whatever_its_label_says(kind: str, label: str) -> None:
    data = MEDIA[kind]
    assert taken(gzip.compress(data), label) == data
    assert taken(gzip.compress(gzip.compress(data)), label) == data
    assert taken(gzip.compress(data[:100]) + gzip.compress(data[100:]) + b"\0\0", label) == data


@pytest.mark.fault("5.6")
@pytest.mark.parametrize("kind", [kind for kind in MEDIA if kind != "nothing"])
def test_deflate_is_unpacked_with_and_without_its_header_and_chunks_of_a_bucket_are_taken_apart(kind: str) -> None:
    data = MEDIA[kind]
    raw = zlib.compressobj(wbits=-15)
    assert taken(zlib.compress(data), "deflate") == data
    assert taken(raw.compress(data) + raw.flush(), "Deflate") == data
    for signed in (True, False):
        assert taken(framed(data, signed), "aws-chunked") == data
        assert taken(framed(gzip.compress(data), signed), "aws-chunked, gzip") == data


@pytest.mark.parametrize(
    ("data", "label", "cut"),
    [
        (gzip.compress(MEDIA["mp4"])[:-12], "gzip", True),
        (framed(MEDIA["mp4"])[:-400], "aws-chunked", True),
        (framed(MEDIA["mp4"])[:1050], "aws-chunked", True),
        (gzip.compress(MEDIA["mp4"])[:60] + b"\xff" * 60, "gzip", False),
        (b"\x8b\x00\x80\x01\x02", "br", False),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd", False),
    ],
)
def test_what_cannot_be_unpacked_is_no_answer(data: bytes, label: str, cut: bool) -> None:
    with pytest.raises(packed.Unpackable) as caught:
        taken(data, label)
    assert caught.value.cut == cut or label == "gzip"


def test_a_small_answer_that_unpacks_endlessly_comes_in_small_pieces() -> None:
    for piece in packed.unpacked([gzip.compress(bytes(50 << 20))], "gzip"):
        assert len(piece) <= packed.AT_ONCE


@pytest.mark.fault("5.6")
@pytest.mark.parametrize("label", ["gzip", "aws-chunked", "x-gzip", "br"])
def test_a_paid_clip_with_a_wrong_label_is_fetched_once_and_kept(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, label: str
) -> None:
    lay_out(wire, clip)
    wire.on("GET", "/result.mp4", Say(clip, headers={"Content-Encoding": label}))
    ran = run(generate_video.main, *wish(tmp_path, picture))
    assert ran.code == 0 and (tmp_path / "clip.mp4").read_bytes() == clip
    assert len(wire.asked_for("/result.mp4")) == 1
