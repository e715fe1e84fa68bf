"""Which confinement a job's child gets: by its step, its script and the files that its command may name."""

from pathlib import Path

import pytest

from tests.core.book import Book
from videod.core.step import Command
from videod.core.tables import STEPS
from videod.flow.job_command import CommandBuilder
from videod.ports import Confinement


async def _token(channel: str) -> str:
    return "token"


def builder(folder: Path, **overrides: str) -> CommandBuilder:
    return CommandBuilder(
        state=folder / "state", scripts=folder / "scripts", overrides=overrides, urls={}, ffmpeg=lambda: "/opt/ffmpeg",
        context=lambda task, workspace, outputs: None, secret=lambda name: None, token=_token, environ={},
    )  # fmt: skip


async def confinement_of(made: CommandBuilder, step: str, command: Command) -> Confinement:
    book = Book()
    book.queue()
    book.run(until="cleanup/workspace")
    job = next(job for job in book.jobs.values() if job.step == step)
    found = (await made.spawn(book.one, job, command)).confinement
    assert found is not None
    return found


@pytest.mark.parametrize("step", ["composite", "cut", "assemble", "cleanup"])
async def test_a_step_that_needs_no_network_has_none(tmp_path: Path, step: str) -> None:
    assert not (await confinement_of(builder(tmp_path), step, Command(()))).network


@pytest.mark.parametrize("step", ["plan", "image", "clip", "narration", "sound_effect", "upload"])
async def test_a_step_that_asks_a_service_has_network(tmp_path: Path, step: str) -> None:
    assert (await confinement_of(builder(tmp_path), step, Command(()))).network


async def test_the_owners_own_program_is_trusted_in_its_step_and_ours_in_no_other(tmp_path: Path) -> None:
    made = builder(tmp_path, assemble="/opt/own/film.sh")
    own = await confinement_of(made, "assemble", Command(()))
    assert own.trusted and own.network and Path("/opt/own/film.sh") in own.reads
    ours = await confinement_of(made, "cut", Command(()))
    assert not ours.trusted and not ours.network


async def test_the_channels_files_are_opened_and_no_other_path_in_a_command_is(tmp_path: Path) -> None:
    command = Command(("--manifest", "/m.json", "--intro", "/brand/in.mp4", "--watermark", "/brand/mark.png"))
    script = (tmp_path / "scripts" / STEPS["assemble"].script).resolve()
    found = await confinement_of(builder(tmp_path), "assemble", command)
    assert found.reads == (Path("/opt/ffmpeg"), script, Path("/brand/in.mp4"), Path("/brand/mark.png"))
    tricked = Command(("--prompt", "/etc/shadow", "--text", "--intro"))
    assert Path("/etc/shadow") not in (await confinement_of(builder(tmp_path), "image", tricked)).reads


@pytest.mark.fault("12.11")
@pytest.mark.parametrize(
    ("step", "folder"),
    [("plan", "plan"), ("image", "assets"), ("composite", "assets/composites"), ("clip", "videos"),
     ("narration", "audio"), ("sound_effect", "sfx"), ("cut", "cuts"), ("upload", "upload")],
)  # fmt: skip
async def test_ours_writes_beside_its_output_and_nowhere_else(tmp_path: Path, step: str, folder: str) -> None:
    made = builder(tmp_path)
    place, *journal = (await confinement_of(made, step, Command(()))).writes or ()
    workspace = tmp_path / "state" / "workspaces"
    told = str(place.relative_to(workspace)).split("/", 2)[2]
    assert [str(one.relative_to(workspace)).split("/")[0] for one in journal] == ["JOURNALS"] * len(journal)
    assert len(journal) == (step not in ("composite", "cut"))
    assert told == folder or (step == "image" and told.startswith("assets/"))


@pytest.mark.parametrize("step", ["assemble", "cleanup"])
async def test_the_film_lies_in_the_workspace_itself_and_the_cleanup_removes_it(tmp_path: Path, step: str) -> None:
    assert (await confinement_of(builder(tmp_path), step, Command(()))).writes is None


async def test_the_owners_own_program_writes_where_it_likes_in_the_workspace(tmp_path: Path) -> None:
    assert (await confinement_of(builder(tmp_path, cut="/opt/own/cut.sh"), "cut", Command(()))).writes is None


async def test_only_the_cleanup_may_remove_its_workspace(tmp_path: Path) -> None:
    removing = [step for step in STEPS if step != "split_screen"
                and (await confinement_of(builder(tmp_path), step, Command(()))).removes_workspace]  # fmt: skip
    assert removing == ["cleanup"]


def test_a_step_that_makes_no_file_begins_in_the_workspace(tmp_path: Path) -> None:
    made = builder(tmp_path)
    book = Book()
    book.queue()
    book.run(until="cleanup/workspace")
    assert made.prepare(book.one, book.jobs["cleanup/workspace"], Command(())) == made.workspace(book.one)
    assert made.workspace(book.one).is_dir()
