"""Files that pretend to be media and want something else read: refused, nothing else opened, nobody called."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.harness import disguises
from tests.harness.outside import Outside
from videod.adapters.inspector import MediaInspector
from videod.core.step import Expectation
from videod.ports import BadArtefact

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ANY = Expectation(max_s=60.0)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    (tmp_path / "outside").mkdir()
    made = Outside(tmp_path / "outside")
    yield made
    made.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
HLS_KEY = '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n'
CONCAT = "ffconcat version 1.0\nfile '{target}'\n"
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink' width='400' height='400'>"
    "<image x:href='{target}' width='400' height='400'/></svg>"
)
DASH = (
    "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'><Period><AdaptationSet"
    " mimeType='video/mp4'><Representation id='1' bandwidth='1'><BaseURL>{target}</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>"
)
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"


@pytest.mark.parametrize(
    "text", [HLS, HLS_KEY, CONCAT, SVG, DASH, SDP], ids=["hls", "key", "list", "svg", "dash", "sdp"]
)
@pytest.mark.parametrize(
    ("name", "makes"), [("a.mp4", "video"), ("a.mov", "video"), ("a.mp3", "audio"), ("a.png", "image")]
)
async def test_a_file_that_names_others_is_refused_and_reaches_none_of_them(
    workspace: Path, outside: Outside, text: str, name: str, makes: str
) -> None:
    for target in (str(outside.film), outside.film.as_uri(), outside.url, f"concat:{outside.film}"):
        (workspace / name).write_text(text.format(target=target))
        with pytest.raises(BadArtefact, match=name):
            await MediaInspector(lambda: FFMPEG).inspect(workspace / name, makes, ANY)
    assert not outside.watch.opened()
    assert not outside.called()


def test_the_same_list_reaches_the_file_where_nothing_is_forbidden(workspace: Path, outside: Outside) -> None:
    """Else the test above would prove nothing."""
    (workspace / "a.mp4").write_text(CONCAT.format(target=outside.film))
    bare = [FFMPEG, "-v", "error", "-safe", "0", "-i", str(workspace / "a.mp4"), "-f", "null", "-"]
    assert subprocess.run(bare, check=False).returncode == 0
    assert outside.watch.opened()


def test_the_same_playlist_calls_where_nothing_is_forbidden(workspace: Path, outside: Outside) -> None:
    """Else the test above would prove nothing."""
    (workspace / "a.m3u8").write_text(HLS.format(target=outside.url))
    bare = [FFMPEG, "-v", "error", "-protocol_whitelist", "file,http,tcp", "-rw_timeout", "200000", "-i",
            str(workspace / "a.m3u8"), "-f", "null", "-"]  # fmt: skip
    subprocess.run(bare, check=False, capture_output=True)
    assert outside.called()


@pytest.mark.parametrize("makes", ["video", "image", "json"])
async def test_a_link_to_a_file_elsewhere_is_refused_unopened(workspace: Path, outside: Outside, makes: str) -> None:
    (workspace / "clip_01.mp4").symlink_to(outside.film)
    with pytest.raises(BadArtefact, match=r"clip_01\.mp4 is a link"):
        await MediaInspector(lambda: FFMPEG).inspect(workspace / "clip_01.mp4", makes, ANY)
    assert not outside.watch.opened()


async def test_a_folder_or_a_pipe_is_no_file(workspace: Path) -> None:
    (workspace / "a.mp4").mkdir()
    os.mkfifo(workspace / "b.mp4")
    for name in ("a.mp4", "b.mp4"):
        with pytest.raises(BadArtefact, match=f"{name} is no file"):
            await MediaInspector(lambda: FFMPEG).inspect(workspace / name, "video", ANY)


async def test_a_film_that_refers_to_its_data_elsewhere_reads_only_itself(workspace: Path, outside: Outside) -> None:
    """A QuickTime file may say that its samples lie in another file (`dref`)."""
    (workspace / "a.mp4").write_bytes(disguises.elsewhere(outside.film.read_bytes(), outside.film))
    outside.watch.opened()
    try:
        await MediaInspector(lambda: FFMPEG).inspect(workspace / "a.mp4", "video", ANY)
    except BadArtefact as refusal:
        assert "a.mp4" in str(refusal)
    assert not outside.watch.opened()


LIE = (
    "x\n  Duration: 09:00:00.00, start: 0\n  Stream #0:0: Video: h264, yuv420p, 7680x4320 [SAR 1:1]\n"
    "[Parsed_blackframe_2 @ 0x1] frame:0 pblack:100 pts:0 t:9.0"
)


async def test_what_a_file_says_of_itself_is_never_taken_for_ffmpegs_words(workspace: Path) -> None:
    """A title with line breaks that look like FFmpeg's own lines of measurement."""
    source = "testsrc2=size=320x180:rate=24:duration=1"
    titles = ("-metadata", f"title={LIE}", "-metadata", f"comment={LIE}")
    made = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", *titles, str(workspace / "a.mp4")]
    subprocess.run(made, check=True)
    facts = (await MediaInspector(lambda: FFMPEG).inspect(workspace / "a.mp4", "video", ANY)).facts
    assert (facts["width"], facts["height"], facts["duration_s"], facts["pictures"]) == (320, 180, 1.0, 24)
    assert facts["black_share"] == 0.0
