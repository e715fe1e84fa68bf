"""Money at the services: what is left, for how many films, and what happens when there is none."""

import json
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, POLICY, StudioBox, at_once
from videod.cli import client
from videod.cli.main import run
from videod.core import film_cost
from videod.core.events import EntryQueued
from videod.core.failures import Kind
from videod.core.film_cost import Credit
from videod.core.model import Task
from videod.core.service import CREDIT
from videod.core.statuses import Status
from videod.core.suspension import Cause
from videod.store import reads
from videod.web.requests import RequestHandler


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudioBox:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)
    return StudioBox(tmp_path, at=NOON - HOUR)


def _out_of_credit(box: StudioBox, code: str = "402", **more: object) -> str:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.QUOTA, "insufficient credits", code=code, **more)
    return task


@pytest.mark.fault("5.9")
def test_used_up_credit_needs_your_attention_and_never_resumes_at_a_time(
    box: StudioBox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = _out_of_credit(box)
    assert run(["status", "--state", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    told = "Out of KIE credit. Top up, then run `videod resume kie`."
    assert f"! {told}" in text
    assert "Stopped (1)" in text and "In work" not in text
    assert "resumes at" not in text and "goes on at" not in text
    assert "waiting until you top up" in text
    log = next(
        str(row.body["Error Log"]) for row in at_once(box.store.read(reads.pending_messages))
        if row.target == "entry" and row.key == box.task(task).page_id
    )  # fmt: skip
    assert "top up at KIE, then run `videod resume kie`" in log and "Resumes at" not in log
    (one,) = at_once(box.store.read(lambda tx: reads.suspensions(tx, NOON)))
    assert (one.cause, one.until_ms, box.task(task).status) == (Cause.CREDIT, None, Status.QUOTA_EXCEEDED)


@pytest.mark.fault("5.9")
@pytest.mark.parametrize("code", ["429", "PerDay", "limit"])
def test_a_daily_quota_is_no_lack_of_credit(box: StudioBox, code: str) -> None:
    _out_of_credit(box, code)
    (one,) = at_once(box.store.read(lambda tx: reads.suspensions(tx, NOON)))
    assert one.cause is Cause.QUOTA and one.until_ms is not None


@pytest.mark.fault("5.9")
def test_a_cap_on_the_key_is_tried_again_and_still_needs_your_attention(box: StudioBox) -> None:
    _out_of_credit(box, "433")
    (one,) = at_once(box.store.read(lambda tx: reads.suspensions(tx, NOON - HOUR + 60_000)))
    assert one.cause is Cause.CREDIT and one.until_ms is not None


@pytest.mark.fault("5.9")
def test_status_says_what_is_left_and_for_how_many_films(
    box: StudioBox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    credit = (Credit("kie", 1000 * CREDIT, NOON, 336 * CREDIT), Credit("elevenlabs", 77 * CREDIT, NOON, None))
    at_once(box.ledger.set_value("credit", json.dumps(film_cost.plain(credit))))
    assert run(["status", "--state", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "KIE: 1,000 credits left, enough for 2 films" in text
    assert "ElevenLabs: 77 credits left, asked" in text
    assert run(["status", "--json", "--state", str(tmp_path)]) == 0
    kie, eleven = json.loads(capsys.readouterr().out)["credit"]
    assert (kie["credits"], kie["credits_a_film"], kie["films"], eleven["films"]) == (1000.0, 336.0, 2, None)


@pytest.mark.fault("5.9")
def test_a_film_takes_what_its_clips_and_sounds_take() -> None:
    assert film_cost.credits("kie", POLICY) == 4 * 70 * CREDIT  # 4 clips at $0.35, a credit is $0.005
    sounds = film_cost.credits("elevenlabs", POLICY)
    assert sounds == round(4 * (400 + 110) * CREDIT)
    assert film_cost.credits("gemini", POLICY) is None
    assert film_cost.a_job("kie", [POLICY]) == 70 * CREDIT
    for odd in (None, {}, [1], [{"service": "kie"}], [{"service": 3, "left": 1, "at": 2}]):
        assert film_cost.of(odd) == ()


def _queued_again(box: StudioBox, task: Task) -> None:
    box.apply(EntryQueued(
        box.clock.at, task.page_id, task.channel_id, task.title, task.topic, task.direction, task.priority, None
    ))  # fmt: skip


@pytest.mark.fault("5.10")
@pytest.mark.parametrize("way", ["Queued", "resume", "resume of the channel"])
def test_the_upload_limit_of_a_channel_is_cleared_under_the_key_it_was_set_under(box: StudioBox, way: str) -> None:
    task = box.bring_to(box.queue("Bears"), Status.FINAL_APPROVED)
    box.fail(task, "upload/film", Kind.QUOTA, "too many videos", code="uploadLimitExceeded", retry_after_ms=24 * HOUR)
    (one,) = at_once(box.store.read(lambda tx: reads.suspensions(tx, box.clock.at)))
    assert (one.service, one.channel_id, one.cause) == ("youtube", "wild_earth", Cause.QUOTA)
    assert box.task(task).status == Status.QUOTA_EXCEEDED
    if way == "Queued":
        _queued_again(box, box.task(task))
    else:
        at_once(
            RequestHandler(box.ledger, box.store, box.clock, "test").resume(
                "youtube", "wild_earth" if way.endswith("channel") else None
            )
        )
    assert at_once(box.store.read(lambda tx: reads.suspensions(tx, box.clock.at))) == ()
    assert box.task(task).suspended is None
    assert "upload/film" in box.ready(task)
