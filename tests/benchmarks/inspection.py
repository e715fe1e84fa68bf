"""What looking at one produced file costs: a picture, a narration, a clip, a film, as the daemon's runner asks for it.

python -m tests.benchmarks.inspection [--rounds 15]

Each file is looked at `rounds` times by one inspector that is warm; the first look of all, which starts what has to
be started, stands alone. Memory is that of this process and of whatever it keeps running for its looks.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

from tests.benchmarks.figures import machine, median, ms, quantile, rss_mib, table
from tests.scripts import media
from videod.adapters.inspector import MediaInspector
from videod.core.step import Expectation

ANY = Expectation(max_s=200.0)
VIDEO = ("-c:v", "libx264", "-preset", "fast", "-crf", "20", "-pix_fmt", "yuv420p", "-profile:v", "high")


def files(folder: Path) -> dict[str, tuple[Path, str]]:
    """name -> (path, what a step makes of it); kept between runs in `folder`."""
    made = {
        "picture 1376x768 PNG": (folder / "a.png", "image"), "picture 2752x1536 JPEG": (folder / "b.jpg", "image"),
        "narration 8 s MP3": (folder / "voice.mp3", "audio"), "clip 5 s 720p": (folder / "clip5.mp4", "video"),
        "clip 10 s 1080p": (folder / "clip10.mp4", "video"),
    }  # fmt: skip
    if not made["clip 10 s 1080p"][0].exists():
        for name, size in (("a.png", (1376, 768)), ("b.jpg", (2752, 1536))):
            bands = [Image.effect_noise(size, 25 + 10 * band).resize(size) for band in range(3)]
            Image.merge("RGB", bands).save(folder / name)
        media.speech(folder / "voice.mp3", 8.0)
        for name, size, seconds in (("clip5.mp4", "1280x720", 5), ("clip10.mp4", "1920x1080", 10)):
            picture = f"testsrc2=size={size}:rate=24:duration={seconds},noise=alls=3:allf=t"
            media.make(folder / f"part_{name}", "-f", "lavfi", "-i", picture, *VIDEO).rename(folder / name)
    return made


def kept() -> list[int]:
    """The processes that this one keeps running."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


async def measure(folder: Path, rounds: int) -> list[list[str]]:
    inspector = MediaInspector(imageio_ffmpeg.get_ffmpeg_exe)
    made = files(folder)
    rows = []
    path, makes = made["picture 1376x768 PNG"]
    began = time.perf_counter()
    await inspector.inspect(path, makes, ANY)
    rows.append(["the first look of all", ms(time.perf_counter() - began), "", ""])
    for name, (path, makes) in made.items():
        taken = []
        for _ in range(rounds):
            began = time.perf_counter()
            await inspector.inspect(path, makes, ANY)
            taken.append(time.perf_counter() - began)
        rows.append([name, ms(min(taken)), ms(median(taken)), ms(quantile(taken, 0.9))])
    own, others = rss_mib(), [rss_mib(pid) for pid in kept()]
    rows.append(["memory, MiB: this process, others", f"{own:.1f}", f"{sum(others):.1f}", ""])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    folder = Path(tempfile.gettempdir()) / "videod-benchmark-inspection"
    folder.mkdir(exist_ok=True)
    rows = asyncio.run(measure(folder, options.rounds))
    print(f"{machine()}\n")
    print(table(["looking at", "least, ms", "median, ms", "p90, ms"], rows))


if __name__ == "__main__":
    main()
