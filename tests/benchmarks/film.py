"""The film: our cuts and copy-assembly against the plain way, which encodes every clip again.

python -m tests.benchmarks.film [--clips 18]

Both make the same film from the same clips (10 s, 1080p24, grainy, about 10 Mbit/s), narrations and effects: trimmed to
the narration, both sounds mixed, -14 LUFS. The plain way is what a pipeline writes first: one FFmpeg run for each clip
(x264 fast, CRF 18), a concat, two passes of loudnorm. Ours runs the project's own scripts as the daemon does, two at a
time; after the approval of the audio only the last of them is left to do.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.film import ffmpeg
from tests.scripts import media

ROOT = Path(__file__).resolve().parents[2]
#: targets: the whole from uniform parts at least ten times as fast as the plain way; approval to film within 3 s
WHOLE_RATIO, APPROVED_S = 10.0, 3.0
CLIP_S, NARRATION_S = 10.04, 8.0


@dataclass(frozen=True)
class Parts:
    clip: Path
    voice: Path
    effect: Path


@dataclass(frozen=True)
class Taken:
    """Seconds of one way: elapsed and of CPU (children included)."""

    wall: float
    cpu: float


def timed(work: Callable[[], None]) -> Taken:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def material(folder: Path, clips: int) -> list[Parts]:
    """Clips as a video service delivers them, with narrations and effects; kept between runs in `folder`."""
    made = []
    for number in range(clips):
        clip = folder / f"clip_{number:02d}.mp4"
        if not clip.exists():
            picture = f"testsrc2=size=1920x1080:rate=24:duration={CLIP_S},hue=h={number * 20},noise=alls=3:allf=t"
            codec = ("-c:v", "libx264", "-preset", "fast", "-crf", "20", "-pix_fmt", "yuv420p", "-profile:v", "high")
            part = media.make(folder / f"part_{number:02d}.mp4", "-f", "lavfi", "-i", picture, *codec)
            part.rename(clip)
        voice, effect = folder / f"voice_{number:02d}.mp3", folder / f"effect_{number:02d}.mp3"
        if not effect.exists():
            media.speech(voice, NARRATION_S - (number % 3) * 0.25)
            media.sound(effect, f"anoisesrc=color=brown:amplitude=0.3:duration=10:seed={number}", 2)
        made.append(Parts(clip, voice, effect))
    return made


def run(*arguments: str) -> None:
    env = os.environ | {"VIDEOD_FFMPEG": ffmpeg.ffmpeg_path()}
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)


def two_at_a_time(work: Callable[[int], None], count: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(count)))


def ours(parts: Sequence[Parts], folder: Path) -> tuple[Taken, Taken]:
    """What runs while the audio is reviewed, and what is left after its approval."""
    rows = [
        {"clip_number": number + 1, "video": str(one.clip), "audio": str(one.voice), "sfx": str(one.effect),
         "cut": str(folder / f"cut_{number:02d}.mov")}
        for number, one in enumerate(parts)
    ]  # fmt: skip

    def cut(number: int) -> None:
        one = parts[number]
        run(sys.executable, str(ROOT / "scripts/cut_clip.py"), "--video", str(one.clip), "--audio", str(one.voice),
            "--sfx", str(one.effect), "--output", str(folder / f"cut_{number:02d}.mov"))  # fmt: skip

    manifest = media.manifest(folder / "manifest.json", rows)
    assemble = (sys.executable, str(ROOT / "scripts/assemble_video.py"), "--manifest", str(manifest))
    return (
        timed(lambda: two_at_a_time(cut, len(parts))),
        timed(lambda: run(*assemble, "--output", str(folder / "ours.mp4"))),
    )


def plain(parts: Sequence[Parts], folder: Path) -> Taken:
    tool = ffmpeg.ffmpeg_path()

    def encode(number: int) -> None:
        one = parts[number]
        seconds = (ffmpeg.probe(one.voice).duration_s or NARRATION_S) + 0.25
        mix = "[1:a]apad[v];[2:a]volume=-14dB[e];[v][e]amix=inputs=2:duration=first:normalize=0[a]"
        run(tool, "-v", "error", "-nostdin", "-y", "-i", str(one.clip), "-i", str(one.voice), "-i", str(one.effect),
            "-filter_complex", mix, "-map", "0:v", "-map", "[a]", "-t", f"{seconds:.3f}", "-c:v", "libx264", "-preset",
            "fast", "-crf", "18", "-c:a", "pcm_s16le", "-ar", "48000", "-ac", "2",
            str(folder / f"plain_{number:02d}.mov"))  # fmt: skip

    def whole() -> None:
        two_at_a_time(encode, len(parts))
        names = folder / "names.txt"
        names.write_text("".join(f"file 'plain_{number:02d}.mov'\n" for number in range(len(parts))))
        joined = (tool, "-v", "error", "-nostdin", "-y", "-f", "concat", "-safe", "0", "-i", str(names))
        loud = "loudnorm=I=-14:TP=-1:LRA=11"
        run(*joined, "-vn", "-af", f"{loud}:print_format=json", "-f", "null", "-")
        run(*joined, "-c:v", "copy", "-af", loud, "-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-movflags",
            "+faststart", str(folder / "plain.mp4"))  # fmt: skip

    return timed(whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=18)
    options = parser.parse_args()
    kept = Path(tempfile.gettempdir()) / "videod-benchmark-film"
    kept.mkdir(exist_ok=True)
    parts = material(kept, options.clips)
    with tempfile.TemporaryDirectory(prefix="videod-film-") as name:
        folder = Path(name)
        before, after = ours(parts, folder)
        theirs = plain(parts, folder)
        pictures = [len(media.picture_sums(folder / film)) for film in ("ours.mp4", "plain.mp4")]
    wall, cpu = before.wall + after.wall, before.cpu + after.cpu
    print(f"{options.clips} clips of {CLIP_S} s, 1080p; pictures in the films: ours {pictures[0]}, plain {pictures[1]}")
    print(f"cuts, while clips and sounds come in  {before.wall:6.1f} s, {before.cpu:6.1f} s of CPU")
    print(f"after the audio is approved           {after.wall:6.1f} s, {after.cpu:6.1f} s of CPU"
          f" ({after.wall / APPROVED_S:.2f} of the {APPROVED_S:g} s allowed for 18 clips)")  # fmt: skip
    print(f"both                                  {wall:6.1f} s, {cpu:6.1f} s of CPU")
    print(f"the plain way                         {theirs.wall:6.1f} s, {theirs.cpu:6.1f} s of CPU")
    print(f"ratio: {theirs.wall / wall:.1f} x faster, {theirs.cpu / cpu:.1f} x less CPU (at least {WHOLE_RATIO:g});"
          f" after the approval {theirs.wall / after.wall:.0f} x")  # fmt: skip


if __name__ == "__main__":
    main()
