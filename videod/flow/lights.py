"""Light previews for the page: pictures of a few dozen kilobytes, clips small enough for a phone.

One after the other, behind everything else that computes. Which are wanted is asked by whoever looks; one that is whole
stays until its episode's files go. They are no jobs, cost nothing, and nothing waits for them.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from pathlib import Path

from videod import files
from videod.ports import PreviewError, Previews

log = logging.getLogger(__name__)

#: bytes of a picture, of a clip or a cut: 22 images and 18 frames stay below 1.5 MB, with 18 clips below 8 MB
POSTER_BYTES, SMALL_BYTES = 28_000, 300_000
#: what may wait; more than that is asked for again
WANTED_MOST = 500
#: how often the previews of removed workspaces are removed, and for how long a file is not tried again, seconds
SWEEP_S, AGAIN_S = 600.0, 60.0
POSTER, SMALL = "poster", "small"


class Lights:
    """`posters` makes pictures, `smalls` films; both leave them in a folder of the episode's own, named by its ID.

    `workspaces`: the IDs of the episodes whose files are there; `made`: told of each preview.
    """

    def __init__(
        self, posters: Previews, smalls: Previews, workspaces: Callable[[], Collection[str]], made: Callable[[], None]
    ) -> None:  # fmt: skip
        self._makers = {POSTER: (posters, POSTER_BYTES), SMALL: (smalls, SMALL_BYTES)}
        self._workspaces = workspaces
        self._told = made
        self._wanted: dict[tuple[str, str, str], Path] = {}
        self._failed: dict[tuple[str, str, str], float] = {}
        self._bell = asyncio.Event()

    def ready(self, form: str, task_id: str, source: Path, sha256: str) -> Path | None:
        """The preview, where it was made; else it is wanted from now on."""
        maker, limit = self._makers[form]
        if (found := maker.ready(_mark(task_id, sha256), source, limit)) is not None:
            return found
        key = form, task_id, sha256
        if len(self._wanted) < WANTED_MOST and self._failed.get(key, 0.0) < time.monotonic():
            self._wanted.setdefault(key, source)
            self._bell.set()
        return None

    async def run(self) -> None:
        swept = float("-inf")
        while True:
            if time.monotonic() - swept > SWEEP_S:
                await asyncio.to_thread(self._sweep)
                swept = time.monotonic()
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._bell.wait()
            except TimeoutError:
                continue
            self._bell.clear()
            await self.make()

    async def make(self) -> int:
        """Make all that is wanted: pictures first, they are what is seen; returns how many were made."""
        made = 0
        while self._wanted:
            key = next((one for one in self._wanted if one[0] == POSTER), next(iter(self._wanted)))
            made += await self._made(key, self._wanted.pop(key))
        return made

    async def _made(self, key: tuple[str, str, str], source: Path) -> bool:
        form, task_id, sha256 = key
        maker, limit = self._makers[form]
        try:
            if files.seen(source) is None:
                return False
            await maker.make(_mark(task_id, sha256), source, sha256, limit)
        except (PreviewError, OSError) as error:
            now = time.monotonic()
            self._failed = {one: until for one, until in self._failed.items() if until > now} | {key: now + AGAIN_S}
            log.info("light_preview_failed", extra={"task": task_id, "file": source.name, "error": str(error)})
            return False
        self._told()
        return True

    def _sweep(self) -> None:
        kept = self._workspaces()
        for maker, _ in self._makers.values():
            maker.keep(kept)


def _mark(task_id: str, sha256: str) -> str:
    return f"{task_id}/{sha256[:32]}"
