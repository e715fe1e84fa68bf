"""What the runner does with a file that the gate refuses, or could not judge: money, file and words."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.flow.board_double import Clock
from videod.core.events import Event, JobCharged, JobFailed
from videod.core.failures import Kind
from videod.core.model import Job, Priority, Task
from videod.core.paid import Paid
from videod.core.statuses import JobState, Status
from videod.core.step import Command, Expectation
from videod.core.tables import STEPS
from videod.flow.assignment import Assignment
from videod.flow.job_command import CommandBuilder
from videod.flow.quarantine import put_aside
from videod.flow.runner import Runner
from videod.ports import Artefact, BadArtefact, Spawn, Unchecked

TASK = Task("bear", "page", "wild", "Bear", "bears", "a crossing", Priority.NORMAL, None, Status.GENERATING_VIDEO, 0, 0)
BLACK = BadArtefact("clip_01.mp4 is black from start to end")


@dataclass
class Books:
    """What the runner reports. Stands for the ledger."""

    jobs: tuple[Job, ...] = ()
    said: list[Event] = field(default_factory=list)

    async def apply(self, event: Event) -> None:
        self.said.append(event)

    async def look(self, task_id: str) -> tuple[Task, tuple[Job, ...]]:
        return TASK, self.jobs

    async def paid(self, job: Job) -> tuple[Paid, ...]:
        return ()

    async def began(self, attempt: int) -> int:
        return 1_000


class Finished:
    """A script that wrote its output, said nothing and ended well. Implements Launcher and Child."""

    pid = 0

    async def start(self, spawn: Spawn) -> "Finished":
        Path(spawn.argv[spawn.argv.index("--output") + 1]).write_text("made")
        return self

    async def lines(self) -> AsyncIterator[str]:
        for line in ():
            yield line

    async def wait(self) -> int:
        return 0

    def stderr_tail(self) -> str:
        return ""


class Judge:
    """An inspector that always says the same, and remembers what was expected."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.expected: list[Expectation] = []

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        self.expected.append(expected)
        raise self.error


async def no_token(channel: str) -> str:
    return ""


def job(step: str, key: str = "clip_01", **values: object) -> Job:
    """A running job; `values` are fields of its row."""
    given: dict[str, object] = {"price_micros": 420_000, "attempt": 7} | values
    return Job("bear", "wild", step, key, STEPS[step].service, JobState.RUNNING, **given)  # type: ignore[arg-type]


async def judged(tmp_path: Path, made: Job, judge: Judge, owners: bool = False, books: Books | None = None) -> Books:
    """The books after the script of `made` ended well and its file was judged."""
    books = books or Books()
    builder = CommandBuilder(
        state=tmp_path, scripts=Path("scripts"), overrides={made.step: "/own/script.py"} if owners else {}, urls={},
        ffmpeg=lambda: "ffmpeg", context=lambda *_: None, secret=lambda name: None, token=no_token, environ={},
    )  # fmt: skip
    output = builder.workspace(TASK) / STEPS[made.step].output(made, TASK)
    runner = Runner(books, Finished(), judge, builder, Clock(), random.Random(1), lambda text: text)
    await runner.run(Assignment(TASK, made, made.attempt, Command(("--output", str(output)))))
    return books


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


async def test_a_refused_file_is_kept_aside_and_named_with_its_cause(tmp_path: Path) -> None:
    books = await judged(tmp_path, job("clip"), Judge(BLACK))
    (failed,) = books.said
    assert isinstance(failed, JobFailed)
    assert failed.failure.kind == Kind.NONSENSE
    assert failed.failure.message == "clip_01.mp4 is black from start to end (kept as clip_01.mp4.refused)"
    assert files(tmp_path) == ["clip_01.mp4.refused"]


async def test_what_an_owners_script_bought_in_vain_is_booked_all_the_same(tmp_path: Path) -> None:
    books = await judged(tmp_path, job("clip"), Judge(BLACK), owners=True)
    charged, failed = books.said
    assert isinstance(charged, JobCharged) and charged.micros == 420_000
    assert isinstance(failed, JobFailed)


async def test_an_owners_script_that_made_nothing_is_not_booked(tmp_path: Path) -> None:
    class Removing(Judge):
        async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
            path.unlink()
            raise BadArtefact(f"{path.name} is missing")

    books = await judged(tmp_path, job("clip"), Removing(BLACK), owners=True)
    (failed,) = books.said
    assert isinstance(failed, JobFailed) and failed.failure.kind == Kind.IN_DOUBT
    assert failed.failure.message.endswith("It may have paid ($0.42): clip_01.mp4 is missing")


@pytest.mark.fault("13.5")
@pytest.mark.parametrize("owners", [False, True])
async def test_a_check_that_came_to_nothing_leaves_the_file_and_blames_no_service(tmp_path: Path, owners: bool) -> None:
    books = await judged(tmp_path, job("clip"), Judge(Unchecked("clip_01.mp4 could not be checked")), owners)
    *charged, failed = books.said
    assert isinstance(failed, JobFailed) and failed.failure.kind == Kind.LOST
    assert [one.micros for one in charged if isinstance(one, JobCharged)] == ([420_000] if owners else [])
    assert files(tmp_path) == ["clip_01.mp4"]


async def test_a_second_refused_file_takes_the_place_of_the_first(tmp_path: Path) -> None:
    for _ in range(3):
        await judged(tmp_path, job("clip"), Judge(BLACK))
    assert files(tmp_path) == ["clip_01.mp4.refused"]


async def test_what_is_expected_comes_from_the_job_and_for_a_film_from_its_cuts(tmp_path: Path) -> None:
    clip = Judge(BLACK)
    await judged(tmp_path, job("clip", args={"seconds": 5}), clip)
    assert clip.expected[0].about_s == 5
    cuts = tuple(job("cut", f"clip_0{number}", facts={"duration_s": 8.0}) for number in (1, 2, 3))
    film = Judge(BLACK)
    keys = [cut.key for cut in cuts]
    await judged(tmp_path, job("assemble", "film", args={"clips": keys}), film, books=Books(cuts))
    assert film.expected[0].about_s == 24.0


def test_a_file_that_cannot_be_moved_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("bad")
    (tmp_path / "a.mp4.refused").mkdir()
    assert put_aside(tmp_path / "a.mp4") is None
    assert (tmp_path / "a.mp4").read_text() == "bad"
