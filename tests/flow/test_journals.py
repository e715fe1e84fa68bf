"""What a script must know when it is started again lies where no other script can write it."""

import json
import random
from pathlib import Path

import pytest

from tests.core.book import Book
from tests.flow.board_double import Clock
from tests.flow.test_confinement import builder
from tests.flow.test_quarantine import TASK, Books, Finished, job
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod import receipts
from videod.core.model import Job, Task
from videod.core.statuses import AT_GATE, Gate, Status
from videod.core.step import Command
from videod.daemon import journals
from videod.flow.assignment import Assignment
from videod.flow.job_command import CommandBuilder
from videod.flow.runner import Runner
from videod.ports import Artefact

NOTING = ("plan", "image", "clip", "narration", "sound_effect", "upload")


def jobs() -> tuple[Task, dict[str, Job]]:
    book = Book()
    book.queue()
    book.run(until="cleanup/workspace")
    return book.one, {job.step: job for job in reversed(book.jobs.values())}


async def env_of(made: CommandBuilder, task: Task, job: Job) -> dict[str, str]:
    return dict((await made.spawn(task, job, Command(()))).env)


@pytest.mark.fault("12.4")
async def test_each_job_that_notes_something_has_a_journal_that_no_other_job_may_write(tmp_path: Path) -> None:
    made = builder(tmp_path)
    task, all_jobs = jobs()
    places = {}
    for step in NOTING:
        spawn = await made.spawn(task, all_jobs[step], Command(()))
        places[step] = Path(spawn.env["VIDEOD_JOURNAL"])
        assert spawn.confinement is not None and spawn.confinement.writes is not None
        assert places[step] in spawn.confinement.writes and len(spawn.confinement.writes) == 2
        made.prepare(task, all_jobs[step], Command(()))
        assert places[step].stat().st_mode & 0o777 == 0o700
    workspace = made.workspace(task)
    assert len(set(places.values())) == len(NOTING)
    assert not any(workspace == place or workspace in place.parents for place in places.values())
    for step, one in all_jobs.items():
        if step not in NOTING:
            spawn = await made.spawn(task, one, Command(()))
            assert "VIDEOD_JOURNAL" not in spawn.env
            written = (spawn.confinement.writes if spawn.confinement else None) or (workspace,)
            assert not any(one in place.parents for one in written for place in places.values())


@pytest.mark.fault("12.4")
async def test_what_lies_beside_an_output_of_ours_is_no_receipt(tmp_path: Path) -> None:
    made, (task, all_jobs) = builder(tmp_path), jobs()
    job = all_jobs["clip"]
    output = made.prepare(task, job, Command(()))
    forged = {"state": "submitted", "remote_id": "foreign"}
    receipts.path_for(output).write_text(json.dumps(forged))
    assert receipts.read(made.papers(task, job)) is None
    receipts.path_for(made.papers(task, job)).write_text('{"state": "intent"}')
    assert receipts.read(made.papers(task, job)) == receipts.Receipt(receipts.State.INTENT)


async def test_a_custom_script_keeps_its_receipts_beside_its_output_as_ever(tmp_path: Path) -> None:
    made, (task, all_jobs) = builder(tmp_path, clip="/own/clip.py"), jobs()
    job = all_jobs["clip"]
    output = made.prepare(task, job, Command(()))
    assert made.papers(task, job) == output
    assert made.noted(task, job) != output and made.noted(task, job).parent.is_dir()
    assert made.workspace(task) not in made.noted(task, job).parents


class Clean:
    """An inspector of a step that leaves nothing."""

    async def inspect(self, path: Path, makes: str, expected: object) -> Artefact:
        return Artefact(0, "")


async def test_journals_go_with_the_files_of_their_episode(tmp_path: Path) -> None:
    made = builder(tmp_path)
    kept = made.workspace(TASK).parents[1] / receipts.JOURNALS / TASK.channel_id
    for task in (TASK.id, "other"):
        (kept / task / "videos" / "clip_01.mp4").mkdir(parents=True)
    runner = Runner(Books(), Finished(), Clean(), made, Clock(), random.Random(1), lambda text: text)  # type: ignore[arg-type]
    work = Assignment(TASK, job("cleanup", "workspace"), 7, Command(("--output", str(tmp_path / "x"))))
    await runner.run(work)
    assert [one.name for one in kept.iterdir()] == ["other"]


@pytest.mark.fault("12.4")
def test_a_forged_receipt_buys_nothing_and_hides_no_purchase(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path, policies={"wild": policy(auto_gates=frozenset())}) as world:
            page = await world.queue("Bear")
            for _ in Gate:
                await world.rest()
                (task,) = await world.tasks()
                workspace = world.builder.workspace(task)
                for place in ("videos/clip_01.mp4", "videos/clip_02.mp4", "audio/clip_01.mp3", "sfx/clip_02.mp3"):
                    at = workspace / f"{place}.job.json"
                    at.parent.mkdir(parents=True, exist_ok=True)
                    state = "submitted" if "clip_01" in place else "intent"
                    at.write_text(json.dumps({"state": state, "remote_id": "foreign", "digest": "x", "usd": 9000}))
                if task.status not in AT_GATE:
                    break
                await world.approve(page, AT_GATE[task.status])
                await world.clock.sleep(30)
            await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED
            assert set(world.vendors.bought.values()) == {1}
            assert all(job.remote_id != "foreign" for job in await world.jobs(task.id))

    run_virtual(story())


# ------------------------------------------------------------------------------------------ the update


def test_the_first_start_takes_over_what_lay_in_the_workspaces_and_no_later_one_does(tmp_path: Path) -> None:
    made, (task, all_jobs) = builder(tmp_path), jobs()
    workspaces, workspace = tmp_path / "state" / "workspaces", made.workspace(task)
    clip, film, plan = (all_jobs[step] for step in ("clip", "upload", "plan"))
    for name, text in (
        ("videos/clip_01.mp4.job.json", '{"state": "intent"}'), ("videos/clip_01.mp4.started", "7"),
        ("videos/clip_01_r2.mp4.job.json", '{"state": "received"}'), ("upload/result.json.session.json", '{"a": 1}'),
        ("plan/plan.answers.json", "[]"), ("plan/plan.json.job.json", '{"state": "received"}'),
    ):  # fmt: skip
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text(text)
    (workspace / "sfx").mkdir()
    secret = tmp_path / "secret"
    secret.write_text('{"state": "intent"}')
    (workspace / "sfx" / "clip_01.mp3.job.json").symlink_to(secret)
    assert journals.adopt(workspaces) == 6
    assert receipts.read(made.papers(task, clip)) == receipts.Receipt(receipts.State.INTENT)
    assert made.noted(task, clip).with_name("clip_01.mp4.started").read_text() == "7"
    assert (made.journal(task, film) / "result.json.session.json").read_text() == '{"a": 1}'
    assert (made.journal(task, plan) / "plan.answers.json").read_text() == "[]"
    assert receipts.read(receipts.noted(workspace, "videos/clip_01_r2.mp4")) is not None
    assert receipts.read(receipts.noted(workspace, "sfx/clip_01.mp3")) is None
    (workspace / "videos/clip_02.mp4.job.json").write_text('{"state": "received"}')
    assert journals.adopt(workspaces) is None
    assert receipts.read(receipts.noted(workspace, "videos/clip_02.mp4")) is None


def test_a_take_over_that_was_cut_short_begins_again(tmp_path: Path) -> None:
    workspaces = tmp_path / "workspaces"
    at = workspaces / "wild" / "bear" / "videos" / "clip_01.mp4.job.json"
    at.parent.mkdir(parents=True)
    at.write_text('{"state": "intent"}')
    (workspaces / f"{receipts.JOURNALS}.NEW" / "wild" / "half").mkdir(parents=True)
    assert journals.adopt(workspaces) == 1
    assert sorted(one.name for one in workspaces.iterdir()) == [receipts.JOURNALS, "wild"]
    assert not (workspaces / receipts.JOURNALS / "wild" / "half").exists()


def test_a_host_without_an_episode_has_nothing_to_take_over(tmp_path: Path) -> None:
    assert journals.adopt(tmp_path / "workspaces") == 0
    assert journals.adopt(tmp_path / "workspaces") is None
