"""approve, retry, cancel, redo, resume: through a daemon's socket, and in its place while none runs."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.factory import NOON, POLICY, StudioBox, a_full_studio, at_once
from tests.harness.patience import happened
from videod.adapters.clock import SystemClock
from videod.adapters.inspector import MediaInspector
from videod.cli import client
from videod.cli.main import run
from videod.core.events import GateApproved
from videod.core.failures import Kind
from videod.core.statuses import Gate, JobState, Status
from videod.daemon.lock import hold
from videod.daemon.wiring import ffmpeg_finder
from videod.flow.placing import Placing
from videod.ledger import Ledger, Wakeups
from videod.store import reads
from videod.store.database import InlineDatabase
from videod.web import token
from videod.web.api import build_app, serve

Out = pytest.CaptureFixture[str]


@contextmanager
def a_daemon(state: Path) -> Iterator[None]:
    """The API on its socket, in a thread with a loop and a database connection of its own, under the lock."""
    ready, stop = threading.Event(), threading.Event()

    async def live() -> None:
        store = InlineDatabase(state / "videod.db")
        ledger = Ledger(store, {"wild_earth": POLICY}.get, Wakeups())
        clock = SystemClock()
        workspace = client.place(state, state.parent / "videod.toml").workspace
        placing = Placing(state, MediaInspector(ffmpeg_finder(None)), workspace, clock)
        listening = await serve(build_app(ledger, store, clock, str, placing=placing), state / "videod.sock", None)
        ready.set()
        while not stop.is_set():
            await asyncio.sleep(0.01)
        await listening.close()
        await store.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    with hold(state):
        thread.start()
        happened(ready)
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextmanager
def nobody(state: Path) -> Iterator[None]:
    yield


#: either way must do the same
both_ways = pytest.mark.parametrize("way", [a_daemon, nobody])


@both_ways
def test_approving_says_what_changed_and_what_it_will_cost(box: StudioBox, house: Path, way, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    with way(house):
        assert run(["approve", "bears"]) == 0
    assert capsys.readouterr().out == (
        "Bears: assets approved. It is Approved - Assets now. This will cost about $1.40.\n"
    )
    assert box.task(task).approved == {Gate.STORY, Gate.ASSETS}


@both_ways
def test_the_history_says_that_the_command_line_approved(box: StudioBox, house: Path, way, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    with way(house):
        assert run(["approve", task, "--gate", "assets", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["target"], result["changed"], result["cost_usd"]) == (task, True, 1.4)
    (by,) = box.store._connection.execute(
        "SELECT body ->> 'by' FROM history WHERE event = ?", (GateApproved.__name__,)
    ).fetchone()
    assert by == "cli"


@both_ways
def test_what_is_refused_keeps_the_others_going_and_shows_in_the_exit_code(
    box: StudioBox, house: Path, way, capsys: Out
) -> None:
    queued = box.queue("Queued Owl")
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    with way(house):
        assert run(["approve", queued, task]) == 65
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        f"Queued Owl: there is nothing to approve yet. It is Queued. See `videod why {queued}` for what it waits for."
    )
    assert second.startswith("Bears: assets approved")


@both_ways
def test_retry_cancel_and_redo_reach_the_ledger(box: StudioBox, house: Path, way, capsys: Out) -> None:
    failed = box.queue("Failed")
    box.fail(failed, "plan/plan", Kind.INPUT, "no topic")
    reviewed = box.bring_to(box.queue("Reviewed"), Status.ASSETS_READY)
    doomed = box.queue("Doomed")
    with way(house):
        assert run(["retry", "failed"]) == 0
        assert run(["cancel", "doomed"]) == 0
        assert run(["redo", "reviewed", "bear_core"]) == 0
    assert box.jobs(failed)["plan/plan"].state == JobState.READY
    assert box.task(doomed).status == Status.CANCELLED
    bear = box.jobs(reviewed)["image/bear_core"]
    assert (bear.state, bear.revision) == (JobState.READY, 1)
    assert (
        "5 jobs will be regenerated: image/bear_core and 4 made from it. This will cost about $0.04"
        in capsys.readouterr().out
    )


@pytest.mark.fault("2.5")
@both_ways
def test_a_correction_says_its_price_first_and_costs_that(box: StudioBox, house: Path, way, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.AUDIO_READY)
    with way(house):
        assert run(["edit", "bears", "clip_01", "--narration", "Cold water.", "--dry-run"]) == 0
        assert run(["redo", "bears", "image/place_01", "--note", "less fog", "--dry-run"]) == 0
        assert box.jobs(task)["narration/clip_01"].state == JobState.DONE
        assert run(["edit", "bears", "clip_01", "--narration", "Cold water."]) == 0
        assert run(["edit", "bears", "clip_01"]) == 64
        assert run(["edit", "bears", "clip_01", "--prompt", "A bear."]) == 65
    told = capsys.readouterr()
    lines = told.out.splitlines()
    said = "Bears: 2 jobs would be regenerated: narration/clip_01 and 1 made from it. This would cost"
    assert lines[0].startswith(said)
    assert "The review of the assets and video would open again. This would cost about $0.7" in lines[2]
    assert lines[1] == lines[3] == "Nothing was changed."
    assert lines[4] == lines[0].replace("would be", "will be").replace("would cost", "will cost")
    assert "edit what?" in told.err
    assert box.jobs(task)["narration/clip_01"].args["text"] == "Cold water."


def test_files_that_are_sent_back_have_notes_of_their_own(box: StudioBox, house: Path, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    redo = ["redo", "bears", "bear_core", "place_01"]
    with nobody(house):
        assert run([*redo, "--note-for", "bear_core"]) == 64
        assert run([*redo, "--note-for", "bear_core=older, scarred", "--note-for", "place_01=x = less fog"]) == 0
    jobs = box.jobs(task)
    assert jobs["image/bear_core"].args["note"] == "older, scarred"
    assert jobs["image/place_01"].args["note"] == "x = less fog"
    assert "no note in 'bear_core'" in capsys.readouterr().err


@both_ways
def test_resume_frees_a_service(box: StudioBox, house: Path, way, capsys: Out) -> None:
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.CREDENTIALS, "API key not valid")
    with way(house):
        assert run(["resume", "gemini"]) == 0
        assert run(["resume", "gemini"]) == 0
        assert run(["resume", "fax"]) == 66
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "gemini: gemini resumes, and 1 task no longer waits for it.",
        "gemini: gemini is not paused. Nothing changed.",
    ]
    assert "no service and no episode is called 'fax'. Services: gemini, pillow, kie" in told.err
    assert box.task(task).suspended is None


@both_ways
def test_a_service_a_channel_and_an_episode_are_paused_with_a_reason(
    box: StudioBox, way, house: Path, capsys: Out
) -> None:
    task = box.queue("Bears")
    channel = box.task(task).channel_id
    with way(house):
        assert run(["pause", "kie", "--reason", "prices changed"]) == 0
        assert run(["pause", "--channel", channel]) == 0
        assert run(["pause", "bears", "--reason", "no bears today"]) == 0
        assert run(["pause", "kie", "--channel", "no_such_channel"]) == 66
    capsys.readouterr()
    found = at_once(box.store.read(lambda connection: reads.suspensions(connection, NOON)))
    assert {(one.service, one.channel_id, one.cause.value): one.detail for one in found} == {
        ("kie", "", "person"): "prices changed",
        ("*", channel, "person"): "by hand (cli)",
    }
    assert box.task(task).paused == "no bears today"
    with way(house):
        for words in (["kie"], ["--channel", channel], ["bears"]):
            assert run(["resume", *words]) == 0
    assert at_once(box.store.read(lambda connection: reads.suspensions(connection, NOON))) == ()
    assert box.task(task).paused is None


def test_pause_of_nothing_asks_what(house: Path, capsys: Out) -> None:
    assert run(["pause"]) == 64
    assert "pause what? Name a service, an episode, all, or --channel ID" in capsys.readouterr().err


def test_all_approves_every_review_of_a_channel(house: Path, capsys: Out) -> None:
    box = a_full_studio(house, 20)
    with a_daemon(house):
        assert run(["approve", "--all", "--channel", "wild_earth", "--gate", "assets", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [one["title"] for one in results] == ["Grizzly Crossing 1"]
    box.close()


def test_a_dry_run_adds_up_the_price_and_changes_nothing(house: Path, capsys: Out) -> None:
    box = a_full_studio(house, 20)
    before = box.task("grizzly-crossing-1-09a564")
    assert run(["approve", "--all", "--dry-run"]) == 0
    assert "Together about $2.94. Nothing was changed." in capsys.readouterr().out
    assert box.task("grizzly-crossing-1-09a564") == before
    box.close()


def test_a_person_on_a_terminal_is_asked_before_an_approval_spends_more_than_a_dollar(
    box: StudioBox, house: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = [False, True]
    monkeypatch.setattr("typer.confirm", lambda _: answers.pop(0))
    assert run(["approve", "bears"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("Bears: this will cost about $") and told[1] == "Nothing was changed."
    assert box.task(task).status is Status.ASSETS_READY
    assert run(["approve", "bears"]) == 0
    assert box.task(task).status is not Status.ASSETS_READY
    assert not answers
    box.close()


@pytest.mark.parametrize("argv", [[], ["bears", "--all"]])
def test_either_names_or_all_must_be_given(house: Path, capsys: Out, argv: list[str]) -> None:
    assert run(["approve", *argv]) == 64
    assert "--all" in capsys.readouterr().err


def test_all_of_nothing_says_so(box: StudioBox, capsys: Out) -> None:
    assert run(["retry", "--all"]) == 66
    assert capsys.readouterr().err == "videod: no episode shows an error. See `videod status`.\n"


def test_nothing_is_made_where_there_is_no_database(tmp_path: Path, capsys: Out) -> None:
    assert run(["resume", "gemini", "--state", str(tmp_path)]) == 66
    assert list(tmp_path.iterdir()) == []
    assert "videod run" in capsys.readouterr().err


def test_a_daemon_that_does_not_answer_is_not_bypassed(box: StudioBox, house: Path, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    with hold(house):
        assert run(["approve", "bears"]) == 69
    assert "does not answer" in capsys.readouterr().out
    assert box.task(task).status == Status.ASSETS_READY


@pytest.mark.fault("12.6")
def test_another_user_is_alerted_as_whom_to_ask(
    box: StudioBox, house: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(folder: Path) -> str:
        raise PermissionError(13, "Permission denied")

    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    with a_daemon(house), monkeypatch.context() as patch:
        patch.setattr("videod.web.token.read", forbidden)
        assert run(["approve", "bears"]) == 77
    told = capsys.readouterr().out
    owner = token.user_name(house.stat().st_uid)
    assert f"videod runs as {owner} and accepts commands only from that user and root" in told
    assert f"sudo -u {owner} videod" in told
    assert box.task(task).status == Status.ASSETS_READY


@pytest.mark.fault("12.3")
def test_a_secret_of_an_earlier_start_is_refused_with_words(box: StudioBox, house: Path, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    with a_daemon(house):
        (house / token.FILE).write_text("0" * 64)
        assert run(["approve", "bears"]) == 77
    assert "the secret of control.token" in capsys.readouterr().out
    assert box.task(task).status == Status.ASSETS_READY


def test_another_process_at_work_is_waited_for_not_bypassed(
    box: StudioBox, house: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    monkeypatch.setattr("videod.cli.actions.daemon_of", lambda state: None)
    with hold(house, "videod retry"):
        assert run(["approve", "bears"]) == 75
    assert "another videod works on" in capsys.readouterr().err


def test_a_broken_channel_file_is_named_before_anything_changes(box: StudioBox, house: Path, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    (house.parent / "channels" / "wild_earth.yaml").write_text("id: wild_earth\ncolour: red\n")
    assert run(["approve", "bears"]) == 78
    assert "wild_earth.yaml" in capsys.readouterr().err
    assert box.task(task).status == Status.ASSETS_READY


def test_a_channel_that_is_gone_is_named(box: StudioBox, capsys: Out) -> None:
    box.bring_to(box.queue("Fish", "deep_sea"), Status.ASSETS_READY)
    assert run(["approve", "fish"]) == 65
    assert "Restore channels/deep_sea.yaml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [(500, b'{"error": "a bug", "hint": "its log"}', 70), (502, b"<html>", 70), (409, b'{"error": "no"}', 65)],
)
def test_an_odd_answer_of_the_daemon_becomes_one_sentence(status: int, text: bytes, code: int) -> None:
    with pytest.raises(client.CommandError) as caught:
        client._answer(status, text)
    assert caught.value.code == code
