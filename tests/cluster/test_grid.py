"""Scheduler and worker as processes of their own, with TLS: what they cut is, byte by byte, what is cut at home."""

import asyncio
import hashlib
import json
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.lib.film import ffmpeg
from tests.cluster.grid import ROOT, Grid
from tests.scripts import media
from videod.adapters.cluster.launcher import Cluster, ClusterChild, ClusterLauncher, Rules
from videod.adapters.cluster.orders import Reached
from videod.adapters.process import ProcessLauncher
from videod.core.tables import STEPS
from videod.ports import Child, Confinement, Errand, Spawn

FFMPEG = ffmpeg.ffmpeg_path()
pytestmark = [pytest.mark.live, pytest.mark.long]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def spawn(home: Path, step: str, output: str, inputs: list[Path], *words: str, texts: tuple[Path, ...] = ()) -> Spawn:
    """A job of a step as the daemon builds it."""
    out, known = home / output, STEPS[step]
    out.parent.mkdir(exist_ok=True)
    small = tuple(
        home / name for path in inputs for one in STEPS.values()
        for name in one.companions(str(path.relative_to(home))) if (home / name).exists()
    )  # fmt: skip
    beside = tuple(home / name for name in known.companions(output))
    errand = Errand(known.service, {path: digest(path) for path in inputs}, small, texts, out, beside)
    argv = (sys.executable, str(ROOT / "scripts" / known.script), *words, "--output", str(out), "--events")
    shut = Confinement(reads=(Path(FFMPEG), ROOT / "scripts" / known.script), network=False)
    return Spawn(argv, {"VIDEOD_FFMPEG": FFMPEG}, home, f"t1 {step}/x", 0, False, shut, errand)


async def ended(child: Child) -> int:
    async for _ in child.lines():
        pass
    return await child.wait()


async def test_a_cut_and_a_film_of_a_worker_are_those_of_home(tmp_path: Path) -> None:
    home = tmp_path / "state" / "workspaces" / "wild" / "t1"
    (home / "videos").mkdir(parents=True)
    clip = media.clip(home / "videos/clip_01.mp4", 7.0)
    voice, effect = media.speech(home / "videos/voice.mp3", 3.0), media.sound(home / "videos/sfx.mp3", "sine=d=7")
    grid = await asyncio.to_thread(Grid, tmp_path / "grid")
    try:
        await asyncio.to_thread(grid.ready)
        tls = grid.tls
        cluster = Cluster(
            Reached(
                f"tls://127.0.0.1:{grid.line.port}", "test", str(ROOT / "scripts"), f"{tls}/ca.pem",
                f"{tls}/client.pem", f"{tls}/client.key",
            ),
            False,
        )  # fmt: skip
        here = ProcessLauncher()
        there = ClusterLauncher(here, cluster, Rules(False, True, lambda service: 1))
        watching = asyncio.create_task(cluster.run())
        parts = ["--video", str(clip), "--audio", str(voice), "--sfx", str(effect), "--inspected", "--opens"]
        made = {}
        for name, launcher in (("here", here), ("there", there)):
            cut = f"cuts/{name}.mov"
            child = await launcher.start(spawn(home, "cut", cut, [clip, voice, effect], *parts))
            assert isinstance(child, ClusterChild) is (name == "there")
            assert await ended(child) == 0, child.stderr_tail()
            listed = home / "plan" / f"{name}.json"
            listed.parent.mkdir(exist_ok=True)
            sources = {"video": clip, "audio": voice, "sfx": effect, "cut": home / cut}
            entry = {"clip_number": 1, **{part: str(path) for part, path in sources.items()}}
            listed.write_text(json.dumps({"clips": [entry]}))
            film = spawn(
                home, "assemble", f"{name}_final.mp4", [clip, voice, effect, home / cut], "--manifest", str(listed),
                texts=(listed,),
            )  # fmt: skip
            child = await launcher.start(film)
            assert isinstance(child, ClusterChild) is (name == "there")
            assert await ended(child) == 0, child.stderr_tail()
            made[name] = [
                digest(home / cut), digest(home / f"{cut}.checked.json"), digest(home / f"{cut}.said.json"),
                digest(home / f"{name}_final.mp4"),
            ]  # fmt: skip
        assert made["here"] == made["there"]
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        here.close()
    finally:
        await asyncio.to_thread(grid.close)
