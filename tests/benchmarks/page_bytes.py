"""What a browser loads to review an episode of 22 pictures and 18 clips, review by review.

python -m tests.benchmarks.page_bytes

A real chromium on a phone's screen opens each review, loads all of its pictures and plays its clips. Every preview is
as large as videod lets one become, each narration as long as its clip, so no episode takes more. Bytes
are those of answers' bodies and heads.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

from tests.benchmarks.figures import machine, table
from tests.cli import factory
from tests.cli.factory import HOUR, NOON, StudioBox
from tests.page.browser import NoPreviews, page_over
from videod.core.model import Job
from videod.core.statuses import Status
from videod.core.step import Makes, revised
from videod.core.tables import STEPS
from videod.flow.lights import POSTER_BYTES, SMALL_BYTES
from videod.web.sessions import Role

CLIPS, IMAGES = 18, 22
#: seconds of a clip, bytes of its narration (128 kbit/s)
SECONDS, VOICE_BYTES = 10, 160_000
#: review -> (status, bytes that it may take, what is pressed)
REVIEWS = {
    "pictures": (Status.ASSETS_READY, 1_500_000, ""),
    "clips": (Status.VIDEO_READY, 8_000_000, "video"),
    "sound": (Status.AUDIO_READY, 0, "#play"),
    "film": (Status.ASSEMBLY_COMPLETE, 0, ""),
}
PHONE = {"width": 390, "height": 844}


class Largest(NoPreviews):
    """Previews that are exactly as large as they may be."""

    def __init__(self, folder: Path) -> None:
        self._files = {POSTER_BYTES: folder / "poster.jpg", SMALL_BYTES: folder / "small.mp4"}
        poster, film = self._files.values()
        Image.effect_noise((320, 180), 40).convert("RGB").save(poster, quality=20)
        argv = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", f"testsrc=s=480x270:d={SECONDS}:r=12"]
        argv += ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-b:v", "150k", "-movflags", "+faststart", str(film)]
        subprocess.run(argv, check=True)
        for limit, path in self._files.items():
            size = path.stat().st_size
            assert size <= limit, (path, size)
            with path.open("ab") as out:  # after the picture's end, in a free box behind the film
                left = limit - size
                head = left.to_bytes(4, "big") + b"free" if path.suffix == ".mp4" else b""
                out.write(head + bytes(left - len(head)))

    def ready(self, mark: str, source: Path, limit: int) -> Path | None:
        return self._files[limit]


@contextmanager
def full_size() -> Iterator[None]:
    """Plans of the factory have 18 clips and 22 images, and files are called as scripts call them."""
    plan = factory.a_plan(CLIPS, IMAGES)
    endings = {Makes.IMAGE: ".png", Makes.VIDEO: ".mp4", Makes.AUDIO: ".mp3"}

    def named(stem: str, job: Job, _: str) -> str:
        return revised(stem, job, endings.get(STEPS[job.step].makes, ".json"))

    with patch.object(factory, "a_plan", lambda: plan), patch.object(factory, "revised", named):
        yield


def narrated(box: StudioBox, task_id: str) -> None:
    """Sounds as large as they are."""
    task = box.task(task_id)
    for job in box.jobs(task_id).values():
        if job.step in ("narration", "sound_effect") and job.output:
            path = box.state / "workspaces" / task.channel_id / task_id / job.output
            path.parent.mkdir(parents=True, exist_ok=True)
            argv = [get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", f"sine=d={SECONDS}", "-b:a", "128k"]
            if not (path.parent / "sound.mp3").exists():
                subprocess.run([*argv, str(path.parent / "sound.mp3")], check=True)
            shutil.copy(path.parent / "sound.mp3", path)


class Loaded:
    """What one page has loaded so far, as the browser's own network log says it."""

    def __init__(self) -> None:
        self.bytes = 0
        self.rooms: Counter[str] = Counter()

    async def listen(self, context: Any, page: Any) -> None:
        log = await context.new_cdp_session(page)
        log.on("Network.requestWillBeSent", self._asked)
        log.on("Network.responseReceived", lambda told: self._came(told["response"]["encodedDataLength"]))
        log.on("Network.dataReceived", lambda told: self._came(told["dataLength"]))
        await log.send("Network.enable")

    def _asked(self, told: Any) -> None:
        url = urlsplit(told["request"]["url"])
        if url.scheme == "http":  # a player's own buttons are data: addresses
            self.rooms[url.path.split("/")[1]] += 1

    def _came(self, amount: float) -> None:
        self.bytes += int(amount)


async def loaded(context: Any, address: str, pressed: str) -> tuple[int, int, int, Counter[str]]:
    """Bytes and requests of the opened page, bytes once it was scrolled and heard through, and requests by room."""
    page, found = await context.new_page(), Loaded()
    page.set_default_timeout(60_000)
    await found.listen(context, page)
    await page.goto(address)
    await page.wait_for_load_state("load")
    first = found.bytes, sum(found.rooms.values())
    await page.evaluate("for (const one of document.images) one.loading = 'eager'")  # all that scrolling would bring
    while not await page.evaluate("[...document.images].every(one => one.complete)"):
        await asyncio.sleep(0.1)
    if pressed == "video":  # each clip whole, as somebody who looks at all of them loads it
        await page.evaluate(
            "async () => { for (const one of document.querySelectorAll('video'))"
            " await (await fetch(one.src)).arrayBuffer(); }"
        )
    elif pressed:
        await page.evaluate("scrollTo(0, 0)")
        await page.locator(pressed).click()
        for number in range(CLIPS):
            await page.wait_for_selector("#viewer video")
            for _ in range(100):
                if await page.evaluate("document.querySelector('#viewer video').readyState > 2"):
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(f"clip {number + 1} of the rough cut does not play")
            await page.locator("#viewer [data-step='1']").click()
    await asyncio.sleep(1)
    await page.close()
    return *first, found.bytes, found.rooms


async def measure(folder: Path) -> tuple[list[list[str]], bool]:
    from playwright.async_api import async_playwright

    rows, kept = [], True
    with full_size():
        for name, (status, most, pressed) in REVIEWS.items():
            state = folder / name
            state.mkdir()
            box = StudioBox(state, at=NOON - 12 * HOUR)
            task = box.bring_to(box.queue("The bear who would not cross"), status)
            narrated(box, task)
            async with page_over(box, Largest(state)) as page, async_playwright() as play:
                browser = await play.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
                )
                context = await browser.new_context(viewport=PHONE)
                link = page.sessions.link("Mina", Role.OWNER)
                door = await context.new_page()
                await door.goto(f"http://127.0.0.1:{page.port}/enter#{link}")
                await door.wait_for_url(f"http://127.0.0.1:{page.port}/")
                await door.close()
                opened, asked, all_, rooms = await loaded(
                    context, f"http://127.0.0.1:{page.port}/episodes/{task}", pressed
                )
                await browser.close()
            await box.store.close()
            within = not most or all_ <= most
            kept = kept and within
            said = ", ".join(f"{count} {room}" for room, count in rooms.most_common())
            goal = f"{most / 1e6:.1f} MB: {'met' if within else 'missed'}" if most else ""
            print(f"{name}: {all_:,} bytes", flush=True)
            rows.append([name, f"{opened / 1e6:.2f} MB", str(asked), f"{all_ / 1e6:.2f} MB", said, goal])
    return rows, kept


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="videod-page-bytes-") as name:
        rows, kept = asyncio.run(measure(Path(name)))
    print(f"{machine()}; {IMAGES} pictures, {CLIPS} clips of {SECONDS} s, every preview as large as it may be\n")
    print(table(["review", "opened", "requests", "seen and heard through", "requests by room", "wanted below"], rows))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
