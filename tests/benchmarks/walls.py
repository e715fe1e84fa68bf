"""What the walls around a film's scripts cost: CPU of 18 cuts and the film, confined as the daemon starts them.

python -m tests.benchmarks.walls [--turns 3] [--clips 18] [--against TREE[:SCRIPTS] ...]

One fixed set of inputs; the ways take turns script by script, so that a busy host touches all alike. Ways: this tree's
launcher, the same without a confinement, and those of other checkouts (`git worktree add`): their launcher with their
own scripts, or with the scripts of the folder SCRIPTS (`.`: this tree's), which tells walls and scripts apart. CPU is
that of the children, from their launch to their end, as the kernel counts it.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: goal: so much more CPU at most than without the walls
MORE = 0.02


@dataclass(frozen=True)
class Way:
    """How scripts are started: `tree`'s launcher with the scripts of `scripts`; `bare`: in no confinement."""

    name: str
    tree: Path
    scripts: Path
    bare: bool = False


class Worker:
    """A process that starts scripts in one way, as the daemon of its tree would."""

    def __init__(self, way: Way, folder: Path) -> None:
        program = (sys.executable, "-P", str(Path(__file__).resolve()), "--worker", way.scripts, folder, int(way.bare))
        env = os.environ | {"PYTHONPATH": str(way.tree)}
        self._process = subprocess.Popen(
            [str(word) for word in program], env=env, cwd=way.tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def run(self, script: str, *arguments: str) -> float:
        """Seconds of CPU."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([script, *arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{script} failed")
        return float(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


async def work(scripts: Path, folder: Path, bare: bool) -> None:
    """Run what stdin says, one script after the other; print the CPU of each."""
    from scripts.lib.film import ffmpeg
    from videod.adapters.confinement import host_paths
    from videod.adapters.process import ProcessLauncher
    from videod.ports import Confinement, Spawn

    tool = ffmpeg.ffmpeg_path()
    workspace = folder / "state" / "workspaces" / "wild" / "bear"
    launcher = ProcessLauncher(None if bare else host_paths(folder / "state", scripts, os.environ))
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env |= {"VIDEOD_FFMPEG": tool, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(scripts.parent)}
    while line := await asyncio.to_thread(sys.stdin.readline):
        script, *arguments = json.loads(line)
        shut = None if bare else Confinement(reads=(Path(tool), scripts / script), network=False)
        argv = (sys.executable, str(scripts / script), *arguments)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = await launcher.start(Spawn(argv, env, workspace, "bear cut/clip", confinement=shut))
        async for _ in child.lines():
            pass
        if await child.wait():
            sys.exit(f"{script}: {child.stderr_tail()}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, flush=True)
    launcher.close()


def turn(ways: dict[str, tuple[Worker, Path]], clips: int) -> dict[str, tuple[float, float]]:
    """(CPU of the cuts, of the film) of each way."""
    from tests.scripts import media

    cuts, films = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
    for number in range(clips):
        for name, (worker, at) in ways.items():
            given = (("--video", "clip", "mp4"), ("--audio", "voice", "mp3"), ("--sfx", "effect", "mp3"))
            words = [word for flag, what, end in given for word in (flag, str(at / f"{what}_{number:02d}.{end}"))]
            cuts[name] += worker.run("cut_clip.py", *words, "--output", str(at / f"cut_{number:02d}.mov"))
    for name, (worker, at) in ways.items():
        rows: list[dict[str, object]] = [
            {"clip_number": number + 1, "video": str(at / f"clip_{number:02d}.mp4"),
             "audio": str(at / f"voice_{number:02d}.mp3"), "sfx": str(at / f"effect_{number:02d}.mp3"),
             "cut": str(at / f"cut_{number:02d}.mov")}
            for number in range(clips)
        ]  # fmt: skip
        manifest = media.manifest(at / "manifest.json", rows)
        film = str(at / "film.mp4")
        films[name] = worker.run("assemble_video.py", "--manifest", str(manifest), "--output", film)
        for made in (*at.glob("cut_*"), at / "film.mp4"):
            made.unlink()
    return {name: (cuts[name], films[name]) for name in ways}


def ways_of(against: Sequence[str]) -> list[Way]:
    found = [Way("these walls", ROOT, ROOT / "scripts"), Way("no walls", ROOT, ROOT / "scripts", bare=True)]
    for one in against:
        tree, _, scripts = one.partition(":")
        place = Path(tree).resolve()
        found.append(Way(one, place, (Path(scripts).resolve() if scripts else place) / "scripts"))
    return found


def main() -> None:
    from tests.benchmarks.film import material

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--clips", type=int, default=18)
    parser.add_argument("--against", action="append", default=[], metavar="TREE[:SCRIPTS]")
    options = parser.parse_args()
    kept = Path(tempfile.gettempdir()) / "videod-benchmark-film"
    kept.mkdir(exist_ok=True)
    material(kept, options.clips)
    with tempfile.TemporaryDirectory(prefix="videod-walls-") as name:
        ways: dict[str, tuple[Worker, Path]] = {}
        for number, way in enumerate(ways_of(options.against)):
            folder = Path(name, str(number))
            workspace = folder / "state" / "workspaces" / "wild" / "bear"
            shutil.copytree(kept, workspace)
            ways[way.name] = (Worker(way, folder), workspace)
        turns = []
        for number in range(options.turns):
            turns.append(turn(ways, options.clips))
            print(f"turn {number + 1}: " + ", ".join(
                f"{way} {cuts:.2f} + {film:.2f} s" for way, (cuts, film) in turns[-1].items()
            ), flush=True)  # fmt: skip
        for worker, _ in ways.values():
            worker.close()
    sums = {way: [sum(one[way]) for one in turns] for way in ways}
    mine = sums["these walls"]
    for way, theirs in sums.items():
        ratios = [ours / other - 1 for ours, other in zip(mine, theirs, strict=True)]
        print(f"{way:30} {statistics.median(theirs):6.2f} s of CPU; these walls {statistics.median(ratios):+.1%}"
              f" ({min(ratios):+.1%} to {max(ratios):+.1%}; at most {MORE:+.0%})")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        asyncio.run(work(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "1"))
    else:
        main()
