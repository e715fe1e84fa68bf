"""What may have been paid stands in every sum that a person reads, marked, and in the day's budget."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, POLICY, StudioBox, at_once
from videod.cli import client
from videod.cli.main import run
from videod.core.events import JobCharged
from videod.core.failures import Kind
from videod.core.reconcile import NothingBought
from videod.core.statuses import JobState, Status
from videod.store import reads

Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)


def doubted(folder: Path, **changes: object) -> tuple[StudioBox, str]:
    """An episode whose first clip ended unconfirmed."""
    box = StudioBox(folder, at=NOON - 2 * HOUR, policy=replace(POLICY, **changes))
    task_id = box.bring_to(box.queue("Crossing"), Status.ASSETS_APPROVED)
    box.fail(task_id, "clip/clip_01", Kind.IN_DOUBT, "the answer was lost")
    return box, task_id


def said(command: str, words: Sequence[str], capsys: Out, code: int = 0) -> str:
    assert run([command, *words]) == code
    return capsys.readouterr().out


@pytest.mark.fault("10.4", "13.10")
def test_status_show_costs_and_audit_show_it_apart(tmp_path: Path, capsys: Out) -> None:
    box, task_id = doubted(tmp_path)
    box.close()
    state = ("--state", str(tmp_path))
    assert "(+$0.35 possibly paid)" in said("status", state, capsys)
    body = json.loads(said("status", ("--json", *state), capsys))
    assert body["possibly_paid_today_usd"] == body["episodes"][0]["possibly_paid_usd"] == 0.35
    assert "(+$0.35 possibly paid)" in said("show", (task_id, *state), capsys)
    (doubt,) = json.loads(said("show", (task_id, "--json", *state), capsys))["possible_charges"]
    assert (doubt["job"], doubt["usd"], doubt["cleared_by"]) == ("clip/clip_01", 0.35, None)
    for by in ("day", "channel", "episode", "service"):
        body = json.loads(said("costs", ("--by", by, "--json", *state), capsys))
        assert sum(row["possibly_paid_usd"] for row in body["rows"]) == body["possibly_paid_usd"] == 0.35
    assert "(+$0.35 possibly paid)" in said("costs", state, capsys)
    body = json.loads(said("audit", ("--json", *state), capsys))
    assert body["possibly_paid_usd"] == 0.35
    assert {row["service"]: row["possibly_paid_usd"] for row in body["services"]}["kie"] == 0.35
    assert "$0.35" in said("audit", state, capsys)


@pytest.mark.fault("13.10")
def test_it_counts_against_the_budget_of_the_day_until_it_is_settled(tmp_path: Path) -> None:
    box, task_id = doubted(tmp_path)
    job = box.jobs(task_id)["clip/clip_01"]

    def spent() -> int:
        return at_once(box.store.read(lambda tx: reads.spent_by_channel(tx, "wild_earth", NOON - 12 * HOUR)))

    charged = box.task(task_id).cost_micros
    assert spent() == charged + 350_000
    box.apply(NothingBought(box.clock.at, task_id, job.name, job.attempt, "the balance did not move"))
    assert spent() == charged
    assert box.jobs(task_id)["clip/clip_01"].state == JobState.READY
    box.close()


@pytest.mark.fault("13.10")
@pytest.mark.parametrize("micros", [-1, -1_000_000_000, 10_000_000_001])
def test_audit_fails_on_a_charge_that_cannot_be(tmp_path: Path, capsys: Out, micros: int) -> None:
    box, task_id = doubted(tmp_path)
    attempt = box.jobs(task_id)["clip/clip_01"].attempt
    box.apply(JobCharged(box.clock.at, task_id, "clip/clip_01", attempt, "kie", "clip", 1, "piece", 350_000))
    box.close()
    with sqlite3.connect(tmp_path / "videod.db") as connection:  # as an older version booked it
        connection.execute("DROP TRIGGER charges_stay")
        connection.execute("UPDATE charges SET micros = ? WHERE job = 'clip/clip_01'", (micros,))
    connection.close()
    assert "which is impossible" in said("audit", ("--state", str(tmp_path)), capsys, code=1)


@pytest.mark.fault("13.10")
def test_audit_fails_where_the_doubts_do_not_add_up(tmp_path: Path, capsys: Out) -> None:
    box, _ = doubted(tmp_path)
    box.close()
    with sqlite3.connect(tmp_path / "videod.db") as connection:
        connection.execute("UPDATE tasks SET possible_micros = possible_micros - 1000000")
    connection.close()
    assert "possibly paid" in said("audit", ("--state", str(tmp_path)), capsys, code=1)
