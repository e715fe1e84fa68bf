"""A custom script's child: its environment and start; and what its end means, by its file, its words and its code."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from tests.core.book import Book
from tests.core.test_steps import context
from tests.flow.board_double import Clock
from tests.flow.test_quarantine import TASK, Books, Judge, job, no_token
from videod import receipts
from videod.core.events import JobCharged, JobFailed, JobSucceeded
from videod.core.failures import OWN_PROGRAM, PAID_WITHOUT_FILE, Failure, Kind
from videod.core.model import Task
from videod.core.step import Command, CommandContext, Expectation
from videod.core.tables import STEPS
from videod.flow.assignment import Assignment
from videod.flow.job_command import CommandBuilder
from videod.flow.runner import Runner
from videod.ports import Artefact, BadArtefact, Spawn, Unchecked

#: what this host says of its way out
OUT = {
    "HTTPS_PROXY": "http://proxy:3128", "http_proxy": "http://proxy:3128", "NO_PROXY": "localhost", "no_proxy": "::1",
    "REQUESTS_CA_BUNDLE": "/etc/corp.pem", "SSL_CERT_FILE": "/etc/corp.pem", "SSL_CERT_DIR": "/etc/certs",
    "CURL_CA_BUNDLE": "/etc/corp.pem", "ALL_PROXY": "socks5://proxy", "HTTP_PROXY": "http://proxy:3128",
    "https_proxy": "http://proxy:3128", "all_proxy": "socks5://proxy",
}  # fmt: skip
KEYS = {"KIE_API_KEY": "kie-secret", "GEMINI_API_KEY": "gemini-secret", "ELEVENLABS_API_KEY": "eleven-secret"}
PAID = ("plan", "image", "clip", "narration", "sound_effect")


def builder(
    folder: Path, *own: str, script: str = "/own/script.py", voice: str = "v1", **environ: str
) -> CommandBuilder:
    def made(task: Task, workspace: PurePosixPath, outputs: object) -> CommandContext:
        return context(task, voice_id=voice)

    return CommandBuilder(
        state=folder / "state", scripts=folder / "scripts", overrides=dict.fromkeys(own, script), urls={},
        ffmpeg=lambda: "/opt/wheel/ffmpeg-7", context=made, secret=KEYS.get, token=no_token, environ=environ,
    )  # fmt: skip


async def spawned(made: CommandBuilder, step: str) -> Spawn:
    book = Book()
    book.queue()
    book.run(until="cleanup/workspace")
    chosen = next(one for one in book.jobs.values() if one.step == step)
    command, _ = made.command(book.one, chosen, tuple(book.jobs.values())) or (Command(()), "")
    return await made.spawn(book.one, chosen, command)


@pytest.mark.fault("9.2")
async def test_a_custom_script_has_the_keys_of_its_step_and_the_voice_of_its_channel(tmp_path: Path) -> None:
    names = {*KEYS, "GOOGLE_API_KEY", "ELEVENLABS_VOICE_ID"}
    made = {step: (await spawned(builder(tmp_path, *PAID), step)).env for step in (*PAID, "assemble")}
    given = {step: {name: env[name] for name in names if name in env} for step, env in made.items()}
    eleven = {"ELEVENLABS_API_KEY": "eleven-secret"}
    gemini = dict.fromkeys(("GEMINI_API_KEY", "GOOGLE_API_KEY"), "gemini-secret")
    assert given == {
        "plan": gemini, "image": gemini, "clip": {"KIE_API_KEY": "kie-secret"}, "sound_effect": eleven, "assemble": {},
        "narration": eleven | {"ELEVENLABS_VOICE_ID": "v1"},
    }  # fmt: skip
    other = await spawned(builder(tmp_path, "narration", voice="v2"), "narration")
    assert other.env["ELEVENLABS_VOICE_ID"] == "v2" and "v2" not in " ".join(other.argv)
    ours = await spawned(builder(tmp_path), "narration")
    assert "ELEVENLABS_VOICE_ID" not in ours.env and "v1" in ours.argv


@pytest.mark.fault("9.8")
@pytest.mark.parametrize("own", [True, False])
async def test_proxies_and_certificates_reach_whatever_goes_online(tmp_path: Path, own: bool) -> None:
    made = builder(tmp_path, *((*PAID, "assemble") if own else ()), **OUT)
    for step in (*PAID, "upload", *(("assemble",) if own else ())):
        env = (await spawned(made, step)).env
        assert {name: env.get(name) for name in OUT} == OUT, step
    assert not OUT.keys() & (await spawned(made, "cut")).env.keys()


@pytest.mark.fault("9.4")
async def test_a_custom_script_finds_ffmpeg_by_its_name(tmp_path: Path) -> None:
    made = builder(tmp_path, "narration", PATH="/usr/bin")
    spawn = await spawned(made, "narration")
    first, rest = spawn.env["PATH"].split(os.pathsep, 1)
    assert (Path(first) / "ffmpeg").readlink() == Path("/opt/wheel/ffmpeg-7") and rest == "/usr/bin"
    assert spawn.confinement is not None and Path(first) in spawn.confinement.reads
    assert (await spawned(made, "sound_effect")).env["PATH"] == "/usr/bin"


@pytest.mark.fault("9.3")
@pytest.mark.parametrize("step", ["plan", "image", "clip"])
async def test_nothing_is_bought_while_a_later_custom_script_cannot_run(tmp_path: Path, step: str) -> None:
    script = tmp_path / "clip.sh"
    script.write_text("#!/bin/sh\n")
    runner = Runner(
        Books(), Ended(), Judge(BadArtefact("")), builder(tmp_path, "clip", script=str(script)), Clock(),
        random.Random(1), lambda text: text,
    )  # fmt: skip
    books = runner._ledger
    assert isinstance(books, Books)
    await runner.run(Assignment(TASK, job(step, args={"folder": "x"}), 7, Command(("--output", "x"))))
    (failed,) = books.said
    assert isinstance(failed, JobFailed)
    assert (failed.failure.kind, failed.failure.code) == (Kind.CONFIGURATION, OWN_PROGRAM)
    assert f"[scripts] clip: {script} is not executable" in failed.failure.message
    # what comes after it is not held back
    await runner.run(Assignment(TASK, job("narration"), 7, Command(("--output", str(tmp_path / "x")))))
    assert books.said[-1].failure.kind != Kind.CONFIGURATION  # type: ignore[union-attr]


@dataclass
class Ended:
    """A script that did `does` with its output, said `said` and ended. Implements Launcher and Child."""

    code: int = 1
    said: tuple[str, ...] = ()
    does: Callable[[Path], object] = lambda path: None
    stderr: str = ""
    pid: int = 0

    async def start(self, spawn: Spawn) -> "Ended":
        self.does(Path(spawn.argv[spawn.argv.index("--output") + 1]))
        return self

    async def lines(self) -> AsyncIterator[str]:
        for line in self.said:
            yield line

    async def wait(self) -> int:
        return self.code

    async def kill(self, grace_s: float) -> None:
        return

    def stderr_tail(self) -> str:
        return self.stderr


@dataclass
class Whole:
    """An inspector that takes what says so."""

    looked: list[str] = field(default_factory=list)

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        self.looked.append(path.name)
        if not path.is_file():
            raise BadArtefact(f"the script ended well but {path.name} is missing")
        if path.read_text() == "slow":
            raise Unchecked(f"{path.name} could not be decoded within 52 s")
        if path.read_text() != "whole":
            raise BadArtefact(f"{path.name} breaks off")
        return Artefact(5, "sha", {})


async def ended(
    folder: Path, script: Ended, step: str = "clip", own: bool = True, deadline_s: float = 60.0
) -> Books:  # fmt: skip
    made = builder(folder, *((step,) if own else ()))
    given, books = job(step, args={"folder": "x", "text": "a"}), Books()
    output = made.workspace(TASK) / STEPS[step].output(given, TASK)
    runner = Runner(books, script, Whole(), made, Clock(), random.Random(1), lambda text: text, lambda step: deadline_s)
    await runner.run(Assignment(TASK, given, 7, Command(("--output", str(output)))))
    return books


def failure_in(books: Books) -> Failure:
    (failed,) = books.said
    assert isinstance(failed, JobFailed)
    return failed.failure


#: all that a script may end with: its own codes, ours, signals
CODES = (0, 1, 2, 3, 64, 65, 66, 69, 70, 74, 75, 76, 77, 78, 124, 130, 137, 143, 255, -6, -9, -11, -15)


@pytest.mark.fault("9.5")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("step", ["image", "clip", "narration", "sound_effect"])
async def test_without_a_file_it_is_in_doubt_whatever_the_code(tmp_path: Path, step: str, code: int) -> None:
    found = failure_in(await ended(tmp_path, Ended(code, ("❌ Download failed: HTTP 500",)), step))
    assert (found.kind, found.code, found.service) == (Kind.IN_DOUBT, PAID_WITHOUT_FILE, STEPS[step].service)
    assert "It may have paid ($0.42)" in found.message


@pytest.mark.fault("9.5")
@pytest.mark.parametrize("code", CODES)
async def test_a_whole_file_counts_whatever_the_code(tmp_path: Path, code: int) -> None:
    books = await ended(tmp_path, Ended(code, ("❌ late trouble",), lambda path: path.write_text("whole")))
    charged, done = books.said
    assert isinstance(charged, JobCharged) and charged.micros == 420_000
    assert isinstance(done, JobSucceeded)


@pytest.mark.fault("9.5")
@pytest.mark.parametrize("code", [1, 75, -9])
async def test_half_a_file_is_put_aside_and_the_purchase_in_doubt(tmp_path: Path, code: int) -> None:
    books = await ended(tmp_path, Ended(code, (), lambda path: path.write_text("half")))
    assert failure_in(books).kind == Kind.IN_DOUBT
    assert [path.name for path in tmp_path.rglob("clip_01.mp4*") if path.suffix != ".started"] == [
        "clip_01.mp4.refused"
    ]


class Endless(Ended):
    """Does its work and then hangs."""

    async def wait(self) -> int:
        await asyncio.Event().wait()
        return 0


@pytest.mark.fault("9.5")
@pytest.mark.parametrize("text", ["whole", "half", ""])
async def test_at_the_end_of_its_time_the_file_counts_and_without_one_it_is_in_doubt(tmp_path: Path, text: str) -> None:
    script = Endless(does=lambda path: path.write_text(text) if text else None)
    books = await ended(tmp_path, script, deadline_s=0.0)
    if text == "whole":
        assert [type(one) for one in books.said] == [JobCharged, JobSucceeded]
        return
    found = failure_in(books)
    assert (found.kind, found.code) == (Kind.IN_DOUBT, PAID_WITHOUT_FILE)
    assert "was killed" in found.message and "took longer than its 0 s" in found.message


@pytest.mark.fault("9.5", "13.6")
async def test_what_is_in_doubt_stays_noted_beside_its_place_for_an_older_copy_of_the_ledger(tmp_path: Path) -> None:
    await ended(tmp_path, Ended(1, ("❌ failed",)))
    assert [path.name for path in tmp_path.rglob("*.started")] == ["clip_01.mp4.started"]
    await ended(tmp_path, Ended(1, ("❌ 401 Unauthorized",)))
    assert not list(tmp_path.rglob("*.started"))


@pytest.mark.fault("9.5")
async def test_a_file_from_before_the_run_is_not_what_it_made(tmp_path: Path) -> None:
    place = builder(tmp_path).workspace(TASK) / "videos" / "clip_01.mp4"
    place.parent.mkdir(parents=True)
    place.write_text("whole")
    assert failure_in(await ended(tmp_path, Ended(1, ("❌ failed",)))).kind == Kind.IN_DOUBT


@pytest.mark.fault("9.5")
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (Ended(1, ("Error creating the task: HTTP 429 Too Many Requests",)), Kind.BUSY),
        (Ended(75, stderr="urllib.error.URLError: <urlopen error [Errno 111] Connection refused>"), Kind.DOWN),
        (Ended(1, ("❌ KIE_API_KEY not found in environment",)), Kind.CREDENTIALS),
        (Ended(2, stderr="usage: x [-h]\nx: error: unrecognized arguments: --voice"), Kind.USAGE),
        (Ended(1, (json.dumps({"type": "failure", "kind": "down", "message": "no route"}),)), Kind.DOWN),
        (Ended(127, stderr="cannot run /own/script.py: No such file or directory"), Kind.CONFIGURATION),
    ],
)
async def test_what_proves_that_nothing_was_sent_leaves_no_doubt(tmp_path: Path, script: Ended, kind: Kind) -> None:
    assert failure_in(await ended(tmp_path, script)).kind == kind


@pytest.mark.fault("9.5")
@pytest.mark.parametrize(
    "said",
    [
        ("Task created: 4711", *("still at it" for _ in range(30)), "Error: Connection refused"),
        (json.dumps({"type": "submitted", "service": "kie", "remote_id": "t1"}), "Error: Connection refused"),
        (json.dumps({"type": "failure", "kind": "in_doubt", "message": "the answer was lost"}),),
    ],
)
async def test_an_order_of_which_it_told_is_in_doubt_whatever_its_last_words(
    tmp_path: Path, said: tuple[str, ...]
) -> None:
    books = await ended(tmp_path, Ended(1, said))
    failed = books.said[-1]
    assert isinstance(failed, JobFailed) and failed.failure.kind == Kind.IN_DOUBT


@pytest.mark.fault("9.5")
async def test_a_custom_script_that_keeps_receipts_as_ours_do_is_believed(tmp_path: Path) -> None:
    def keep(path: Path) -> None:
        receipts.path_for(path).write_text(json.dumps({"state": "submitted", "remote_id": "t1"}))

    found = failure_in(await ended(tmp_path, Ended(69, stderr="the service does not answer", does=keep)))
    assert found.kind == Kind.DOWN


@pytest.mark.fault("9.5")
async def test_what_costs_nothing_is_never_in_doubt(tmp_path: Path) -> None:
    assert failure_in(await ended(tmp_path, Ended(1, ("❌ failed",)), "assemble")).kind == Kind.BUG
    assert failure_in(await ended(tmp_path, Ended(69), own=False)).kind == Kind.DOWN


@pytest.mark.fault("13.5")
@pytest.mark.parametrize("code", [0, 1])
async def test_a_file_that_could_not_be_checked_is_booked_and_stays(tmp_path: Path, code: int) -> None:
    books = await ended(tmp_path, Ended(code, (), lambda path: path.write_text("slow")))
    charged, failed = books.said
    assert isinstance(charged, JobCharged) and charged.micros == 420_000
    assert isinstance(failed, JobFailed) and failed.failure.kind == Kind.LOST
    assert list(tmp_path.rglob("clip_01.mp4"))


@pytest.mark.fault("9.7")
@pytest.mark.parametrize(
    "words",
    [
        "404 NOT_FOUND. {'error': {'code': 404, 'message': 'models/gemini-2.5-flash-image-preview is not found'}}",
        "Error: HTTP Error 404: Not Found", "google.genai.errors.ClientError: 404 models/x is no longer available",
        "The model `x` has been deprecated", "HTTP 400: Model gemini-x does not exist",
    ],
)  # fmt: skip
async def test_a_model_that_is_no_more_is_a_matter_of_the_configuration(tmp_path: Path, words: str) -> None:
    found = failure_in(await ended(tmp_path, Ended(1, (words,)), "image"))
    assert (found.kind, found.code) == (Kind.CONFIGURATION, OWN_PROGRAM)
