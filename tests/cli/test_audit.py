"""`videod audit`: agreeing books leave with 0, each kind of disagreement with 1, its name and what to do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, POLICY, StudioBox, a_full_studio, at_once
from videod import receipts
from videod.cli import client
from videod.cli.main import run
from videod.core.events import JobCharged, JobFailed, RedoAsked
from videod.core.failures import Failure, Kind
from videod.core.reconcile import BalanceReading, NothingBought
from videod.core.statuses import Gate, Status
from videod.core.tables import STEPS

Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)
    monkeypatch.delenv("VIDEOD_SCRIPTS_CLIP", raising=False)


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path, at=NOON - 2 * HOUR, policy=replace(POLICY, rebuy_ceiling_micros=350_000))
    yield made
    made.close()


def seen(state: Path, capsys: Out, code: int = 0) -> dict:
    assert run(["audit", "--json", "--state", str(state)]) == code
    body: dict = json.loads(capsys.readouterr().out)
    assert body["ok"] == (code == 0)
    return body


def of(body: dict, service: str) -> dict:
    (found,) = [one for one in body["services"] if one["service"] == service]
    return found


def complaint(state: Path, capsys: Out) -> str:
    """The one disagreement, with its advice."""
    (one,) = seen(state, capsys, 1)["disagreements"]
    return f"{one['what']} | {one['advice']}"


def file_of(box: StudioBox, task_id: str, name: str, receipt: str | None = "received", made: bool = True) -> Path:
    """The output of a job as its script leaves it."""
    task, job = box.task(task_id), box.jobs(task_id)[name]
    workspace = box.state / "workspaces" / task.channel_id / task.id
    path = workspace / STEPS[job.step].output(job, task)
    path.parent.mkdir(parents=True, exist_ok=True)
    if made:
        path.write_text("x")
    if receipt is not None:
        kept = receipts.path_for(receipts.noted(workspace, str(path.relative_to(workspace))))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"state": receipt}))
    return path


def clips_ready(box: StudioBox) -> str:
    """An episode whose first clip may be bought."""
    return box.bring_to(box.queue("Crossing"), Status.ASSETS_APPROVED)


# ------------------------------------------------------------------------------------------- agreeing


def test_twenty_episodes_in_all_conditions_agree(tmp_path: Path, capsys: Out) -> None:
    a_full_studio(tmp_path, 20).close()
    body = seen(tmp_path, capsys)
    assert [one["service"] for one in body["services"]] == ["gemini", "kie", "elevenlabs"]
    gemini = of(body, "gemini")
    assert gemini["charges"] + gemini["open"] == gemini["intents"] > 50
    assert run(["audit", "--state", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "All records agree."


def test_receipts_are_counted_by_their_state(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    file_of(box, task_id, "plan/plan")
    box.start(task_id, "clip/clip_01")
    file_of(box, task_id, "clip/clip_01", "submitted", made=False)
    file_of(box, task_id, "image/bear_core", "intent")  # killed between the file and its receipt
    body = seen(tmp_path, capsys)
    assert of(body, "gemini")["receipts"] == {"intent": 0, "submitted": 0, "received": 2}
    assert of(body, "kie")["receipts"] == {"intent": 0, "submitted": 1, "received": 0}
    assert of(body, "kie")["open"] == 1


def test_what_was_charged_again_has_its_reason(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = box.queue("Crossing")
    attempt = box.start(task_id, "plan/plan")
    box.apply(JobCharged(box.clock.at, task_id, "plan/plan", attempt, "gemini", "plan", 9, "token", 20_000, "first"))
    box.succeed(task_id, "plan/plan", attempt)
    box.bring_to(task_id, Status.ASSETS_READY)
    box.apply(RedoAsked(box.clock.at, task_id, Gate.ASSETS, ("image/bear_core",)))
    box.bring_to(task_id, Status.ASSETS_APPROVED)
    attempt = box.start(task_id, "clip/clip_01")
    box.apply(JobCharged(box.clock.at, task_id, "clip/clip_01", attempt, "kie", "clip", 84, "credit", 350_000, "a"))
    box.clock.at += MINUTE
    _fail(box, task_id, "clip/clip_01", attempt, Kind.NONSENSE)
    box.clock.at += HOUR
    box.make(task_id, "clip/clip_01")
    body = seen(tmp_path, capsys)
    reasons = {one["job"]: one["reasons"] for one in body["charged_again"]}
    assert reasons == {"plan/plan": ["repair"], "image/bear_core": ["redo"], "clip/clip_01": ["retry"]}
    assert of(body, "kie")["again"] == {"redo": 0, "retry": 1, "repair": 0, "rebuy": 0, "unknown": 0}


def _fail(box: StudioBox, task_id: str, name: str, attempt: int, kind: Kind) -> None:
    failure = Failure(kind, "of no use", box.jobs(task_id)[name].service)
    box.apply(JobFailed(box.clock.at, task_id, name, attempt, failure, 0.5))


def test_a_purchase_repeated_in_doubt_is_counted_and_one_that_the_balance_settled_is_not(
    box: StudioBox, tmp_path: Path, capsys: Out
) -> None:
    task_id = clips_ready(box)
    box.fail(task_id, "clip/clip_01", Kind.IN_DOUBT)
    box.make(task_id, "clip/clip_01")
    attempt = box.start(task_id, "clip/clip_02")
    box.apply(NothingBought(box.clock.at, task_id, "clip/clip_02", attempt, "KIE's balance shows it"))
    box.make(task_id, "clip/clip_02")
    body = seen(tmp_path, capsys)
    kie = of(body, "kie")
    assert (kie["rebought"], kie["settled_by_balance"], kie["in_doubt"]) == (1, 1, 0)
    assert body["possibly_paid_twice"] == 1
    box.fail(task_id, "clip/clip_03", Kind.IN_DOUBT)  # beyond the channel's permission
    assert of(seen(tmp_path, capsys), "kie")["in_doubt"] == 1


def _mark(box: StudioBox, used: int, gap: int | None, at: int) -> None:
    at_once(box.ledger.note_reading(BalanceReading("kie", at, used, 1, 1, gap)))


def test_balances_are_shown_with_what_they_moved(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    _mark(box, -20_000_000, None, NOON - 26 * HOUR)
    _mark(box, -19_000_000, None, NOON - HOUR)
    _mark(box, -18_916_000, 0, NOON)
    balance = of(seen(tmp_path, capsys), "kie")["balance"]
    assert balance == {"readings": 2, "at": "2026-11-21T12:00:00Z", "used_credits": -18_916.0, "moved_credits": 84.0,
                       "unexplained_credits": 0.0}  # fmt: skip
    _mark(box, -28_916_000, -10_000_000, NOON + MINUTE)  # bought credits are no disagreement
    assert of(seen(tmp_path, capsys), "kie")["balance"]["unexplained_credits"] == -10_000.0


# ------------------------------------------------------------------------------------------- disagreeing


def test_a_charge_without_an_intent_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    box.apply(JobCharged(box.clock.at, task_id, "clip/clip_01", 99, "kie", "x", 1, "piece", 10_000))
    assert "charged $0.01 without a price reserved for it" in complaint(tmp_path, capsys)


def test_a_charge_of_quota_alone_needs_no_intent(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = box.queue("Crossing")
    for _ in range(2):
        box.apply(JobCharged(box.clock.at, task_id, "upload/film", 9, "youtube", "upload", 1600, "unit", 0))
    assert seen(tmp_path, capsys)["charged_again"] == []


def test_a_finished_job_without_a_charge_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    _sql(box, "DELETE FROM charges WHERE job = 'image/bear_core'")
    _sql(box, "UPDATE tasks SET cost_micros = (SELECT sum(micros) FROM charges)")
    said = complaint(tmp_path, capsys)
    assert f"{task_id} image/bear_core (gemini) is done, costs $0.04 and was never charged" in said


def test_a_sum_that_is_not_that_of_the_charges_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    clips_ready(box)
    _sql(box, "UPDATE tasks SET cost_micros = 5")
    assert "says that it cost $0.000, but its charges are $" in complaint(tmp_path, capsys)


def test_an_open_attempt_of_a_job_that_does_not_run_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    box.start(task_id, "clip/clip_01")
    assert seen(tmp_path, capsys)["ok"]
    _sql(box, "UPDATE jobs SET state = 'failed' WHERE state = 'running'")
    assert "has an attempt without an outcome although it is not running | restart videod" in complaint(
        tmp_path, capsys
    )


def test_a_job_charged_twice_without_a_reason_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    image = box.jobs(task_id)["image/bear_core"]
    box.apply(JobCharged(box.clock.at, task_id, image.name, image.attempt, "gemini", "image", 1, "image", 39_000))
    said = complaint(tmp_path, capsys)
    assert "image/bear_core was charged 2 times ($0.08). The ledger has no reason" in said


def test_a_finished_file_without_its_receipt_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    file_of(box, task_id, "image/bear_core", receipt=None)
    assert "image/bear_core (gemini) is done and paid for, but its receipt is gone" in complaint(tmp_path, capsys)


def test_a_program_of_the_owners_keeps_no_receipts_and_nobody_misses_them(
    box: StudioBox, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = clips_ready(box)
    file_of(box, task_id, "image/bear_core", receipt=None)
    monkeypatch.setenv("VIDEOD_SCRIPTS_IMAGE", "/opt/my/image.py")
    assert seen(tmp_path, capsys)["ok"]


def test_a_request_for_which_nobody_waits_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    box.fail(task_id, "clip/clip_01", Kind.INPUT)
    file_of(box, task_id, "clip/clip_01", "intent", made=False)
    assert "clip/clip_01 (kie) says that a request was sent, but nothing waits" in complaint(tmp_path, capsys)


def test_credits_that_somebody_else_used_are_named_for_a_day(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    _mark(box, 0, None, NOON - 25 * HOUR)
    _mark(box, 7_000, 7_000, NOON - 24 * HOUR + MINUTE)
    assert "KIE counts 7 credits more than this ledger, seen 2026-11-20T12:01:00Z" in complaint(tmp_path, capsys)
    _mark(box, 7_000, 0, NOON + MINUTE)
    assert seen(tmp_path, capsys)["ok"]


def test_people_read_what_is_wrong_and_what_to_do(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    clips_ready(box)
    _sql(box, "UPDATE tasks SET cost_micros = 5")
    assert run(["audit", "--state", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "1 disagreement\n" in told and "\n! crossing-" in told and "\n  What to do: restore" in told


def test_without_a_database_it_says_what_to_type(tmp_path: Path, capsys: Out) -> None:
    assert run(["audit", "--state", str(tmp_path)]) == 66
    assert "Start videod once" in capsys.readouterr().err


def _sql(box: StudioBox, statement: str) -> None:
    at_once(box.store.write(lambda connection: connection.execute(statement)))


@pytest.mark.fault("12.2")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("micros = -5000000 WHERE job = 'clip/clip_01'", "clip/clip_01 (kie) was charged $-5.00, which is impossible"),
        ("micros = 20000000000 WHERE job = 'clip/clip_01'", "was charged $20,000.00, which is impossible"),
        ("quantity = 1e300 WHERE job = 'clip/clip_01'", "whose amount or name is impossible"),
        ("quantity = 9e999 WHERE job = 'clip/clip_01'", "whose amount or name is impossible"),
        ("quantity = -1 WHERE job = 'clip/clip_01'", "whose amount or name is impossible"),
        ("kind = printf('%.100000c', 'x') WHERE job = 'clip/clip_01'", "whose amount or name is impossible"),
        ("unit = '' WHERE job = 'clip/clip_01'", "whose amount or name is impossible"),
        ("job = 'composite/clip_01' WHERE job = 'clip/clip_01'", "composite/clip_01 (kie) was charged $0.35, and its"
         " step buys nothing"),
    ],
)  # fmt: skip
def test_a_charge_of_an_older_version_that_cannot_be_is_named(
    box: StudioBox, tmp_path: Path, capsys: Out, change: str, named: str
) -> None:
    task_id = clips_ready(box)
    box.make(task_id, "clip/clip_01")
    _sql(box, "DROP TRIGGER charges_stay")
    _sql(box, f"UPDATE charges SET {change}")
    told = [one["what"] for one in seen(tmp_path, capsys, 1)["disagreements"]]
    assert [what for what in told if named in what], told
    assert max(map(len, told)) < 300


@pytest.mark.fault("12.2")
def test_a_total_below_nothing_is_named(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task_id = clips_ready(box)
    _sql(box, "UPDATE tasks SET cost_micros = -999999910000")
    told = [one["what"] for one in seen(tmp_path, capsys, 1)["disagreements"]]
    assert f"the cost of the episode of {task_id} is $-999,999.91, which is impossible" in told


@pytest.mark.fault("12.2")
def test_many_charges_that_can_be_are_believed_up_to_what_a_run_can_cost(box: StudioBox) -> None:
    task_id = box.queue("Crossing")
    attempt = box.start(task_id, "plan/plan")
    for number in range(100):
        box.apply(JobCharged(
            box.clock.at, task_id, "plan/plan", attempt, "gemini", "plan", 1, "piece", 9_990_000, f"call {number}",
        ))  # fmt: skip
    price = box.jobs(task_id)["plan/plan"].price_micros
    assert box.task(task_id).cost_micros == 9_990_000 + 99 * price
    alerts = at_once(
        box.store.read(lambda tx: tx.execute("SELECT count(*) FROM outbox WHERE target = 'alert'").fetchone())
    )
    assert alerts[0] == 1
