"""Previews made by the real FFmpeg: small enough, whole, made once, and nothing but their own source in reach."""

import asyncio
import hashlib
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from videod.adapters.confinement import host_paths
from videod.adapters.previews import FFmpegPreviews
from videod.adapters.process import ProcessLauncher
from videod.daemon.wiring import ffmpeg_finder
from videod.ports import Child, PreviewError, Spawn

SCRIPTS = Path(__file__).parents[2] / "scripts"
FFMPEG = ffmpeg_finder(None)
SOURCES = {
    "clip_07.mp4": ("testsrc2=s=320x180:r=12:d=1,noise=alls=60:allf=t", "-c:v", "mpeg4", "-q:v", "2"),
    "bear.png": ("testsrc2=s=320x240,noise=alls=60:allf=t,format=rgba,colorchannelmixer=aa=0.5", "-frames:v", "1"),
    "voice.wav": ("anoisesrc=d=2:r=24000",),
}
LIMIT = 40_000


@dataclass
class Watched:
    """Starts children as ever, and remembers what it was asked to start."""

    inner: ProcessLauncher
    spawns: list[Spawn] = field(default_factory=list)

    async def start(self, spawn: Spawn) -> Child:
        self.spawns.append(spawn)
        return await self.inner.start(spawn)


@dataclass
class House:
    state: Path
    launcher: Watched
    previews: FFmpegPreviews

    async def source(self, name: str) -> Path:
        path = self.state / "workspaces" / "wild" / "owls" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        argv = (FFMPEG(), "-v", "error", "-y", "-f", "lavfi", "-i", *SOURCES[name], str(path))
        await asyncio.to_thread(subprocess.run, argv, check=True)
        return path

    async def make(self, source: Path, limit: int = LIMIT) -> Path:
        return await self.previews.make("mark", source, hashlib.sha256(source.read_bytes()).hexdigest(), limit)

    def left(self) -> list[str]:
        return sorted(one.name for one in (self.state / "previews").rglob("*") if one.is_file())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    state = tmp_path / "state"
    state.mkdir()
    launcher = Watched(ProcessLauncher(host_paths(state, SCRIPTS, os.environ)))
    # not behind others: on a busy host a test would wait for minutes
    yield House(state, launcher, FFmpegPreviews(launcher, FFMPEG, state / "previews", os.environ, nice=0))
    launcher.inner.close()


@pytest.mark.parametrize(("name", "made", "holds"), [
    ("clip_07.mp4", "clip_07-preview.mp4", "Video: h264"), ("bear.png", "bear-preview.jpg", "Video: mjpeg"),
    ("voice.wav", "voice-preview.mp3", "Audio: mp3"),
])  # fmt: skip
async def test_a_preview_fits_plays_and_is_made_once(house: House, name: str, made: str, holds: str) -> None:
    source = await house.source(name)
    assert source.stat().st_size > LIMIT, "otherwise it needs none"
    preview = await house.make(source)
    assert preview.name == made and 0 < preview.stat().st_size <= LIMIT and house.left() == [made]
    looked = await asyncio.to_thread(
        subprocess.run, (FFMPEG(), "-i", preview, "-f", "null", "-"), capture_output=True, text=True
    )
    assert looked.returncode == 0 and holds in looked.stderr
    started = len(house.launcher.spawns)
    assert await house.make(source) == preview and house.previews.ready("mark", source, LIMIT) == preview
    assert len(house.launcher.spawns) == started
    assert house.previews.ready("mark", source, 100) is None, "the plan may have become a smaller one"
    house.previews.drop("mark")
    assert house.left() == [] and house.previews.ready("mark", source, LIMIT) is None


async def test_a_child_reads_its_source_alone_and_has_no_network(house: House) -> None:
    await house.make(await house.source("voice.wav"))
    for spawn in house.launcher.spawns:
        confined = spawn.confinement
        assert confined is not None and not confined.network and not confined.trusted and confined.writes is None
        assert [path.name for path in confined.reads][1:] == ["voice.wav"] and spawn.cwd.parent.name == "previews"
        assert not any("SECRET" in name or "KEY" in name or "TOKEN" in name for name in spawn.env)


async def test_what_a_crash_left_half_made_never_counts(house: House) -> None:
    source = await house.source("bear.png")
    half = house.state / "previews" / "mark" / "part.jpg"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half a picture")
    assert house.previews.ready("mark", source, LIMIT) is None
    await house.make(source)
    assert house.left() == ["bear-preview.jpg"]


@pytest.mark.parametrize(("content", "kind"), [(b"<svg/>", "rejected"), (b"#EXTM3U\nfile:///etc/passwd\n", "rejected")])
async def test_a_file_that_holds_something_else_has_no_preview(house: House, content: bytes, kind: str) -> None:
    source = await house.source("clip_07.mp4")
    source.write_bytes(content)
    with pytest.raises(PreviewError, match="no preview of clip_07") as refused:
        await house.make(source)
    assert refused.value.kind == kind and house.left() == []


async def test_a_preview_of_another_file_than_the_checked_one_is_not_kept(house: House) -> None:
    source = await house.source("bear.png")
    with pytest.raises(PreviewError, match="not the file that was checked") as refused:
        await house.previews.make("mark", source, "0" * 64, LIMIT)
    assert refused.value.kind == "changed" and house.left() == []


async def test_what_does_not_fit_at_all_says_so(house: House) -> None:
    with pytest.raises(PreviewError, match="no preview that fits into 300 bytes") as refused:
        await house.make(await house.source("bear.png"), 300)
    assert refused.value.kind == "rejected" and house.left() == []


async def test_a_missing_source_and_a_missing_program_are_no_end(house: House, tmp_path: Path) -> None:
    with pytest.raises(PreviewError):
        await house.previews.make("mark", tmp_path / "gone.png", "0" * 64, LIMIT)

    def nowhere() -> str:
        raise FileNotFoundError("FFmpeg is missing: install it")

    source = await house.source("bear.png")
    lacking = FFmpegPreviews(house.launcher, nowhere, house.state / "previews", os.environ)
    with pytest.raises(PreviewError, match="install it") as refused:
        await lacking.make("mark", source, "0" * 64, LIMIT)
    assert refused.value.kind == "down"


async def test_only_previews_that_somebody_waits_for_are_kept(house: House) -> None:
    source = await house.source("bear.png")
    await house.make(source)
    house.previews.keep({"mark"})
    assert house.left()
    house.previews.keep(())
    assert house.left() == []
