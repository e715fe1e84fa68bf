"""A job on a worker: what travels, what comes back, and what is said where it does not."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from tests.cluster.rig import Rig, rigged
from videod.adapters.cluster import dask_client, orders, room
from videod.adapters.cluster.orders import Left, Order, Piece
from videod.adapters.cluster.room import Room

pytestmark = [
    pytest.mark.live,
    # Dask leaves to the collector what it was waiting for when it is closed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

INPUTS = {"videos/a.mp4": b"a clip", "audio/a.mp3": b"its narration"}


@pytest.fixture(autouse=True)
def own_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "scripts", lambda: tmp_path / "scripts")
    monkeypatch.setattr(orders, "version", lambda programs=None: "1")
    monkeypatch.setattr(dask_client, "LOOK_S", 0.05)


def jobs_of(rig: Rig, name: str) -> list[Path]:
    return list((rig.folders[name] / "jobs").iterdir())


async def test_a_job_is_done_by_a_worker_and_its_files_come_home(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        await rig.worker("desk", tmp_path / "desk")
        side = await rig.side()
        await side.workers(1)
        side.helper.begin(rig.told(1, INPUTS))
        ended = await side.end(1)
        assert ended["type"] == "ended" and ended["code"] == 0, ended
        made = rig.home / "cuts/a.mov"
        assert made.read_bytes() == b"a clipits narration[HERE/videos/x]"
        assert made.with_name("a.mov.said.json").read_text() == "{}"
        # what it says of places is said of those at home
        assert f"half of {made}" in str(ended["lines"])
        # an input travels once
        sent = side.helper._workers[rig.workers["desk"].address].sent
        side.helper.begin(rig.told(2, INPUTS))
        assert (await side.end(2))["code"] == 0
        assert {hashlib.sha256(data).hexdigest() for data in INPUTS.values()} == sent
        kept = {path.name for path in (rig.folders["desk"] / "files").iterdir()}
        assert kept == sent


async def test_what_was_fetched_or_killed_leaves_nothing_on_the_worker(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        worker = await rig.worker("desk", tmp_path / "desk")
        side = await rig.side()
        await side.workers(1)
        side.helper.begin(rig.told(1, INPUTS, "--sleep", "600"))
        await side.until("placed", 1)
        plugin = worker.plugins[orders.PLUGIN]
        while not plugin._children:
            await asyncio.sleep(0.02)
        (child,) = plugin._children.values()
        side.helper.kill(1)
        assert (await side.end(1)) == {"type": "lost", "id": 1, "why": "killed"}
        assert await child.wait() != 0
        side.helper.begin(rig.told(2, INPUTS))
        assert (await side.end(2))["code"] == 0
        while jobs_of(rig, "desk"):
            await asyncio.sleep(0.02)


async def test_a_failed_script_is_lost_and_its_worker_gets_nothing_for_a_while(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        await rig.worker("desk", tmp_path / "desk")
        side = await rig.side()
        await side.workers(1)
        side.helper.begin(rig.told(1, INPUTS, "--fails", "yes"))
        lost = await side.end(1)
        assert lost["type"] == "lost" and "code 65 on the worker desk: it cannot be done in" in str(lost["why"])
        (desk,) = (await side.workers(0))["workers"]  # type: ignore[misc]
        assert "it cannot be done" in desk["problem"]


async def test_a_worker_that_dies_is_lost_and_another_is_chosen(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        desk = await rig.worker("desk", tmp_path / "desk")
        side = await rig.side()
        await side.workers(1)
        side.helper.begin(rig.told(1, INPUTS, "--sleep", "600"))
        await side.until("placed", 1)
        await rig.worker("attic", tmp_path / "attic")
        await desk.close(timeout=0)
        lost = await side.end(1)
        assert lost["type"] == "lost", lost
        await side.workers(1)
        side.helper.begin(rig.told(2, INPUTS))
        assert (await side.end(2))["code"] == 0
        assert (await side.until("placed", 2))["worker"] == "attic"


class Liar(Room):
    """Says that it made another file than it has."""

    def _made(self, order: Order, folder: Path) -> tuple[Piece, ...]:
        return tuple(Piece(one.path, "0" * 64, one.bytes) for one in super()._made(order, folder))


class Full(Room):
    """Has no room for a file."""

    async def run(self, order: Order) -> Left:
        return Left(-1, (), "", 0, trouble="No space left on device")


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Liar, "sent another file than the one it says it made"), (Full, "could not do it: No space left on device")],
)
async def test_a_worker_that_lies_or_has_no_room_is_named_and_set_aside(
    tmp_path: Path, kind: type[Room], said: str
) -> None:
    async with rigged(tmp_path) as rig:
        await rig.worker("desk", tmp_path / "desk", room=kind)
        side = await rig.side()
        await side.workers(1)
        side.helper.begin(rig.told(1, INPUTS))
        lost = await side.end(1)
        assert f"the worker desk {said}" in str(lost["why"])
        assert not (rig.home / "cuts/a.mov").exists()
        await side.workers(0)


async def test_another_version_no_ffmpeg_and_a_foreign_worker_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def about(dask_worker: object) -> dict[str, object]:
        return {"version": "0.9", "ffmpeg": ""} if "9" in str(dask_worker.name) else {"version": "1", "ffmpeg": ""}  # type: ignore[attr-defined]

    monkeypatch.setattr(room, "about", about)
    async with rigged(tmp_path) as rig:
        await rig.worker("worker9", tmp_path / "nine")
        await rig.worker("bare", tmp_path / "bare")
        side = await rig.side()
        while True:
            state = await side.workers(0)
            told = {one["name"]: one["problem"] for one in state["workers"]}  # type: ignore[attr-defined]
            if len(told) == 2:
                break
            side.told.clear()
        assert told["worker9"] == "it has videod 0.9, the daemon 1. Install the same on both"
        assert told["bare"] == "it has no FFmpeg. Install it there"
        side.helper.begin(rig.told(1, INPUTS))
        assert (await side.end(1))["why"] == "no worker has a free slot"


async def test_a_new_life_trusts_no_future_of_the_last_one(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        await rig.worker("desk", tmp_path / "desk")
        first = await rig.side("first")
        await first.workers(1)
        first.helper.begin(rig.told(1, INPUTS, "--sleep", "600"))
        await first.until("placed", 1)
        while not any(key.startswith("videod/owner/first/") for key in rig.scheduler.tasks):
            await asyncio.sleep(0.02)
        second = await rig.side("second")
        await second.workers(1)
        assert not any(key.startswith("videod/owner/first/") for key in rig.scheduler.tasks)
        second.helper.begin(rig.told(2, INPUTS))
        assert (await second.end(2))["code"] == 0


async def test_with_a_shared_folder_no_file_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def travels(*args: object, **named: object) -> object:
        raise AssertionError("a file travelled")

    monkeypatch.setattr(room, "take", travels)
    monkeypatch.setattr(room, "part", travels)
    shared = tmp_path / "shared"
    async with rigged(tmp_path) as rig:
        await rig.worker("desk", tmp_path / "desk", shared=shared)
        side = await rig.side(shared=str(shared))
        await side.workers(1)
        side.helper.begin(rig.told(1, INPUTS))
        ended = await side.end(1)
        assert ended["type"] == "ended", ended
        assert (rig.home / "cuts/a.mov").read_bytes().startswith(b"a clip")


async def test_a_worker_that_hangs_is_lost_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rigged(tmp_path) as rig:
        desk = await rig.worker("desk", tmp_path / "desk")
        side = await rig.side()
        await side.workers(1)
        side.helper.begin(rig.told(1, INPUTS, "--sleep", "600"))
        await side.until("placed", 1)
        desk.periodic_callbacks["heartbeat"].stop()
        monkeypatch.setattr(dask_client, "SILENT_S", 1.0)
        assert (await side.end(1))["why"] == "the worker desk does not answer"
        await side.workers(0)
