"""Files that vanish, break or are replaced behind videod's back: made or fetched again, or asked for once."""

import asyncio
import hashlib
import json
import sqlite3
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.harness.checkers import check
from tests.harness.scripts import SPOILT, ScriptDouble, Trouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod import receipts
from videod.core.model import Task
from videod.core.statuses import AT_GATE, ERRORS, Gate, JobState, Status
from videod.flow.assignment import Assignment
from videod.flow.inputs import Inputs
from videod.guard.errors import Refused
from videod.ports import Spawn
from videod.web import corrections
from videod.web.desk import Outcome
from videod.web.requests import RequestHandler

HARMS = ("deleted", "truncated", "replaced", "a folder", "a link")


def harm(path: Path, how: str) -> None:
    text = path.read_text()
    path.unlink()
    if how == "truncated":
        path.write_text(text[: len(text) // 2])
    elif how == "replaced":
        path.write_text("x" * len(text))
    elif how == "a folder":
        path.mkdir()
    elif how == "a link":
        elsewhere = path.with_name("elsewhere")
        elsewhere.write_text(text)
        path.symlink_to(elsewhere)


async def at_gate(world: World, gate: Gate, page: str) -> Task:
    """The episode as it waits at `gate`, every review before it approved."""
    for _ in Gate:
        await world.rest()
        (task,) = await world.tasks()
        if AT_GATE.get(task.status) == gate:
            return task
        await world.approve(page, AT_GATE[task.status])
        await world.clock.sleep(30)
    raise AssertionError(gate)


def by_hand() -> dict:
    return {"wild": policy(auto_gates=frozenset())}


async def file_of(world: World, task: Task, name: str) -> Path:
    (job,) = [job for job in await world.jobs(task.id) if job.name == name]
    return world.builder.workspace(task) / str(job.output)


async def at_assets(world: World, page: str) -> Task:
    """The episode at the review of its assets, the composites lost: only their images bring them back."""
    task = await at_gate(world, Gate.ASSETS, page)
    for job in await world.jobs(task.id):
        if job.step == "composite":
            (world.builder.workspace(task) / str(job.output)).unlink()
    return task


def refused_by_a_composite(world: World, message: str) -> None:
    """The next composite ends with it."""
    trouble = Trouble("pillow", 0.0, {"kind": "input", "message": message}, left=1)
    world.vendors.troubles.append(trouble)

    def observe(spawn: Spawn) -> None:
        trouble.share = float("composite/" in spawn.label)

    world.launcher.observe = observe


async def the_end(world: World, page: str) -> Task:
    """Approve every review until the episode is published or stops."""
    for _ in range(6):
        await world.rest()
        (task,) = await world.tasks()
        if task.status not in AT_GATE:
            return task
        await world.approve(page, AT_GATE[task.status])
        await world.clock.sleep(30)
    return task


@pytest.mark.fault("10.1")
@pytest.mark.parametrize("how", HARMS)
def test_a_lost_clip_is_fetched_again_at_no_cost(tmp_path: Path, how: str) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.VIDEO, page)
            spent = world.vendors.bought.copy()
            harm(await file_of(world, task, "clip/clip_01"), how)
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED
            clips = [name for name in world.vendors.bought if name.startswith("generate_video")]
            assert [world.vendors.bought[name] for name in clips] == [1, 1] == [spent[name] for name in clips]
            await check(world)

    run_virtual(story())


@pytest.mark.fault("10.1")
@pytest.mark.parametrize("how", HARMS)
def test_a_lost_picture_is_asked_for_once_with_its_price_and_nothing_else_is_bought(tmp_path: Path, how: str) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_assets(world, page)
            spent = world.vendors.usd
            harm(await file_of(world, task, "image/bear_core"), how)
            task = await the_end(world, page)
            assert task.status == Status.ERROR_ASSETS
            assert world.vendors.usd == spent, "clips of a film that cannot be finished were bought"
            entry = world.board.entries[page].values
            assert "bear_core.png" in entry["Error Log"]
            assert "set Queued to generate it again for $0.03, or Cancelled to stop" in entry["Error Log"]
            assert len([text for text in world.notifier.sent if "bear_core" in text]) == 1
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED
            pictures = [count for name, count in world.vendors.bought.items() if name.startswith("generate_asset")]
            assert sorted(pictures) == [1, 1, 2]

    run_virtual(story())


@pytest.mark.fault("10.1")
def test_a_lost_picture_that_is_put_back_costs_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_assets(world, page)
            path = await file_of(world, task, "image/bear_core")
            kept = path.read_text()
            path.unlink()
            assert (await the_end(world, page)).status == Status.ERROR_ASSETS
            path.write_text(kept)
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            assert (await the_end(world, page)).status == Status.PUBLISHED
            await check(world)

    run_virtual(story())


@pytest.mark.fault("10.1")
def test_a_folder_of_lost_files_is_one_question(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_assets(world, page)
            jobs = [job for job in await world.jobs(task.id) if job.step == "image"]
            for job in jobs:
                (world.builder.workspace(task) / str(job.output)).unlink()
            assert (await the_end(world, page)).status == Status.ERROR_ASSETS
            (asked,) = [text for text in world.notifier.sent if "lost" in text]
            assert "3 files that were paid for are lost" in asked
            assert "for $0.10" in asked
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            assert (await the_end(world, page)).status == Status.PUBLISHED

    run_virtual(story())


@pytest.mark.fault("10.1", "10.2")
@pytest.mark.parametrize("how", HARMS)
def test_the_film_that_was_approved_is_what_is_uploaded(tmp_path: Path, how: str) -> None:
    """The doubles make the same film again, so its approval still counts."""

    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.FINAL, page)
            path = await file_of(world, task, "assemble/film")
            made = path.read_text()
            harm(path, how)
            await world.approve(page, Gate.FINAL)
            await world.clock.sleep(30)
            await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED
            assert path.read_text() == made
            await check(world)

    run_virtual(story())


@pytest.mark.fault("10.2")
def test_a_film_that_comes_out_another_is_reviewed_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.FINAL, page)
            (await file_of(world, task, "assemble/film")).unlink()
            world.vendors.film = "another take"
            await world.approve(page, Gate.FINAL)
            await world.clock.sleep(30)
            await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.ASSEMBLY_COMPLETE
            assert not world.vendors.uploaded.total()
            assert any("approve it once more" in text for text in world.notifier.sent)
            await world.approve(page, Gate.FINAL)
            await world.clock.sleep(30)
            await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED
            await check(world)

    run_virtual(story())


@pytest.mark.fault("10.1")
def test_a_clip_that_can_no_longer_be_fetched_is_asked_for_with_its_price(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.VIDEO, page)
            path = await file_of(world, task, "clip/clip_01")
            receipt = receipts.path_for(receipts.noted(path.parents[1], f"videos/{path.name}"))
            path.unlink()
            spent = world.vendors.usd
            # the service has forgotten it: its answer comes from the double, which knows no such order
            kept = json.loads(receipt.read_text())
            world.vendors.remote.pop(kept["remote_id"])
            receipt.unlink()
            task = await the_end(world, page)
            assert task.status == Status.ERROR_VIDEO
            assert "for $0.42" in world.board.entries[page].values["Error Log"]
            narrations = [name for name in world.vendors.bought if name.startswith("generate_audio")]
            assert world.vendors.usd - spent < 0.42, narrations
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            assert (await the_end(world, page)).status == Status.PUBLISHED

    run_virtual(story())


@pytest.mark.fault("10.1")
def test_while_a_job_has_stopped_nothing_more_is_bought_for_its_episode(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(clips=18, images=22)}) as world:
            world.vendors.troubles.append(
                Trouble("pillow", 1.0, {"kind": "configuration", "message": "no such font"}, left=1)
            )
            await world.queue("Bear")
            await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.ERROR_COMPOSITES
            jobs = await world.jobs(task.id)
            assert not [job for job in jobs if job.step == "clip" and job.state == JobState.READY]
            bought = sum(count for name, count in world.vendors.bought.items() if name.startswith("generate_video"))
            assert bought < 6, "18 clips were wanted"

    run_virtual(story())


@pytest.mark.fault("10.1")
@pytest.mark.parametrize("names_it", [True, False])
def test_a_picture_that_the_composite_refuses_sends_its_producer_back(tmp_path: Path, names_it: bool) -> None:
    """Whether the script names the file, or another check of its inputs finds which it is."""

    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_assets(world, page)
            spent = world.vendors.usd
            path = await file_of(world, task, "image/bear_core")
            if not names_it:
                await _spoil(world, task, path)
            message = f"{path} shows no character" if names_it else "no character stands out"
            refused_by_a_composite(world, message)
            task = await the_end(world, page)
            assert task.status == Status.ERROR_ASSETS
            assert world.vendors.usd == spent
            assert "set Queued to generate it again for $0.03" in world.board.entries[page].values["Error Log"]
            world.board.person_sets(page, Status="Queued")
            await world.clock.sleep(30)
            assert (await the_end(world, page)).status == Status.PUBLISHED
            (job,) = [job for job in await world.jobs(task.id) if job.name == "image/bear_core"]
            assert job.revision == 1

    run_virtual(story())


async def _spoil(world: World, task: Task, path: Path) -> None:
    """A file that was accepted once and fails a second check."""
    path.write_text(f"{SPOILT} from the start")
    digest, size = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE jobs SET sha256 = ?, bytes = ? WHERE task_id = ? AND key = 'bear_core'", (digest, size, task.id)
        )
        connection.execute(
            "INSERT INTO history (task_id, channel_id, at, event, body) VALUES (?, 'wild', 0, 'Test', '{}')", (task.id,)
        )

    await world.store.write(write)


@pytest.mark.fault("10.1")
def test_inputs_that_vanish_each_time_they_are_made_stop_the_job_in_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")

            def take_away(spawn: Spawn) -> None:
                if spawn.label.endswith("clip/clip_01"):
                    raise AssertionError("the clip was started without its picture")

            world.launcher.observe = take_away
            writing = ScriptDouble._write

            def vanish(script: ScriptDouble, path: Path, text: str) -> None:
                writing(script, path, text)
                if "composites/clip_01" in str(path):
                    asyncio.get_running_loop().call_later(0.05, path.unlink, True)

            with patch.object(ScriptDouble, "_write", vanish), patch.object(Inputs, "before", _late(Inputs.before)):
                task = await the_end(world, page)
            # what the thumbnail is drawn from is the same picture: whichever of the two looked for it last says so
            assert task.status in (Status.ERROR_VIDEO, Status.ERROR_ASSEMBLY)
            assert "made again 3 times" in world.board.entries[page].values["Error Log"]

    run_virtual(story())


def _late(before):
    """The look at the inputs, a moment after the start was decided."""

    async def look(self: Inputs, work: Assignment):
        await asyncio.sleep(1)
        return await before(self, work)

    return look


async def _redo(world: World, task: Task, *names: str) -> Outcome:
    return await corrections.redo(RequestHandler(world.ledger, world.store, world.clock, "test"), task.id, names)


@pytest.mark.fault("10.1")
@pytest.mark.parametrize("bad", [False, True], ids=["lost", "of no use"])
def test_a_redo_of_a_file_that_stops_its_episode_is_taken_although_its_review_has_passed(
    tmp_path: Path, bad: bool
) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_assets(world, page)
            if bad:
                path = await file_of(world, task, "image/bear_core")
                refused_by_a_composite(world, f"{path} shows no character")
            else:
                harm(await file_of(world, task, "image/bear_core"), "deleted")
            task = await the_end(world, page)
            assert task.status == Status.ERROR_ASSETS
            answer = await _redo(world, task, "bear_core")
            assert answer.cost_micros == 33_600
            assert "image/bear_core. The episode resumes, it is Queued now" in answer.text
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            (job,) = [job for job in await world.jobs(task.id) if job.name == "image/bear_core"]
            assert job.revision == 1, "another take, not the lost one"
            pictures = [count for name, count in world.vendors.bought.items() if name.startswith("generate_asset")]
            assert sum(pictures) == 4
            await check(world)

    run_virtual(story())


@pytest.mark.fault("10.1")
def test_a_redo_of_one_of_several_lost_files_says_what_still_stops_the_episode(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_assets(world, page)
            for name in ("image/bear_core", "image/place_1"):
                (await file_of(world, task, name)).unlink()
            task = await the_end(world, page)
            spent = world.vendors.usd
            answer = await _redo(world, task, "image/bear_core")
            assert "The episode stays stopped for image/place_1" in answer.text
            await world.rest()
            assert world.vendors.usd == spent, "bought before the rest was decided"
            with pytest.raises(Refused, match="bear_core"):  # it is asked for already
                await _redo(world, task, "image/bear_core")
            with pytest.raises(Refused, match="for which the episode is stopped"):
                await _redo(world, task, "image/place_2")
            await _redo(world, task, "place_1")
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error
            assert world.vendors.usd - spent > 0.067

    run_virtual(story())


@pytest.mark.fault("10.1")
def test_a_file_that_is_still_refused_when_regenerated_sends_back_what_it_is_made_from(tmp_path: Path) -> None:
    """The film refuses a cut, whose own inputs were paid for: asked once, with the price of all of them."""

    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.VIDEO, page)
            trouble = Trouble("ffmpeg", 0.0, {"kind": "input", "message": "cuts/clip_01.mov ends early"})
            world.vendors.troubles.append(trouble)
            assembling, spent = 0, 0.0

            def observe(spawn: Spawn) -> None:
                nonlocal assembling, spent
                trouble.share = float(spawn.label.endswith("assemble/film") and assembling < 4)
                spent = world.vendors.usd if trouble.share and not assembling else spent
                assembling += trouble.share == 1

            world.launcher.observe = observe
            task = await the_end(world, page)
            assert assembling == 4
            assert task.status in ERRORS, task.status
            assert world.vendors.usd == spent
            stopped = {job.name: job for job in await world.jobs(task.id) if job.state == JobState.FAILED}
            assert set(stopped) == {"clip/clip_01", "narration/clip_01", "sound_effect/clip_01"}
            price = sum(job.price_micros for job in stopped.values()) / 1e6
            (asked,) = [text for text in world.notifier.sent if "generate it again" in text]
            assert f"for ${price:.2f}" in asked
            answer = await _redo(world, task, *stopped)
            assert answer.cost_micros / 1e6 == price
            task = await the_end(world, page)
            assert task.status == Status.PUBLISHED, task.error

    run_virtual(story())


@pytest.mark.fault("10.2")
@pytest.mark.parametrize("put_back", [False, True], ids=["it is another one", "it is as it was"])
def test_a_film_that_changed_while_it_was_sent_is_regenerated_or_told(tmp_path: Path, put_back: bool) -> None:
    async def story() -> None:
        async with World(tmp_path, policies=by_hand()) as world:
            page = await world.queue("Bear")
            task = await at_gate(world, Gate.FINAL, page)
            path = await file_of(world, task, "assemble/film")
            made = path.read_text()
            said = {"kind": "input", "message": f"{path.name} changed while it was sent"}
            world.vendors.troubles.append(Trouble("youtube", 1.0, said, left=1))
            given: list[Spawn] = []

            def observe(spawn: Spawn) -> None:
                if spawn.label.endswith("upload/film"):
                    given.append(spawn)
                    if len(given) == 1 and not put_back:
                        harm(path, "replaced")

            world.launcher.observe = observe
            await world.approve(page, Gate.FINAL)
            await world.clock.sleep(30)
            await world.rest()
            if put_back:
                (task,) = await world.tasks()
                assert task.status == Status.ERROR_UPLOAD
                assert "changed while it was sent" in world.board.entries[page].values["Error Log"]
                world.board.person_sets(page, Status="Queued")
                await world.clock.sleep(30)
                await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED, task.error
            assert path.read_text() == made
            digest = hashlib.sha256(made.encode()).hexdigest()
            assert {one.argv[one.argv.index("--digest") + 1] for one in given} == {digest}
            await check(world)

    run_virtual(story())
