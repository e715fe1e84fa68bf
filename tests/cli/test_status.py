"""`videod status`: what it shows, in which order, and how little it loads for that."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, StudioBox, a_full_studio, at_once
from tests.harness.patience import run as run_program
from videod.cli import client
from videod.cli.main import run
from videod.config import Settings
from videod.core.events import EntryQueued, EntryRefused
from videod.core.failures import Kind
from videod.core.model import Priority
from videod.core.services import TIDYING
from videod.core.statuses import Status
from videod.core.tables import USUAL
from videod.daemon.lock import hold
from videod.store import readonly, views
from videod.store.schema import migrate


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)


@pytest.fixture
def full(tmp_path: Path, noon: None) -> Path:
    a_full_studio(tmp_path, 20).close()
    return tmp_path


def shown(state: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["status", "--state", str(state)]) == 0
    return capsys.readouterr().out


def as_json(state: Path, capsys: pytest.CaptureFixture[str]) -> dict:
    assert run(["status", "--json", "--state", str(state)]) == 0
    return json.loads(capsys.readouterr().out)


def test_status_loads_only_what_it_shows(full: Path) -> None:
    heavy = (
        "aiohttp", "googleapiclient", "pydantic", "notion_client", "asyncio", "httpx", "rich.console", "hashlib",
        "videod.core.ops", "videod.core.attention", "videod.core.measures", "videod.store.reports",
        "videod.store.in_full", "videod.store.candidate_queries", "videod.web.serializers",
    )  # fmt: skip
    code = (
        "import sys; from videod.cli.main import run; code = run(['status', *sys.argv[1:]]);"
        f" print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = run_program([sys.executable, "-c", code, "--state", full], check=True)
    assert done.stderr.strip() == "[]"
    assert "Needs review (6)" in done.stdout


def test_what_needs_a_person_comes_first(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(full, capsys)
    places = [
        text.index(title) for title in ("Needs review (6)", "Stopped (2)", "In work (8)", "Queued (2)", "Services")
    ]
    assert places == sorted(places)
    assert "approving costs $1.40" in text
    assert "clip/clip_01 input: the seed image has no pixels" in text


@pytest.mark.parametrize("there", [None, 0, 3])
def test_a_database_that_a_daemon_is_making_is_waited_for(
    tmp_path: Path, there: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, waited = tmp_path / "videod.db", []
    if there is not None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute(f"PRAGMA user_version={there}")

    def make(seconds: float) -> None:
        waited.append(seconds)
        database.unlink(missing_ok=True)
        migrate(database)

    with pytest.raises(readonly.NoDatabase, match="Start"):
        client.look(database)
    monkeypatch.setattr(client.time, "sleep", make)
    with hold(tmp_path, "videod run"), closing(client.look(database)) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone()[0] == 0
    assert len(waited) == 1


@pytest.mark.parametrize(("version", "said"), [(3, "an older videod. Start this one once"), (9000, "a newer videod")])
def test_a_database_of_another_version_is_refused_in_words(
    full: Path, version: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(full / "videod.db")) as connection:
        connection.execute(f"PRAGMA user_version={version}")
    for command in (["status"], ["list"], ["show", "x"], ["costs"], ["watch", "--once"], ["approve", "x"]):
        assert run([*command, "--state", str(full)]) == 66
        assert said in capsys.readouterr().err


def test_a_title_cannot_steer_the_terminal(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(full, capsys)
    assert "[/nope] [31mRed 5" in text
    assert "\x1b" not in text


def test_json_says_the_same_as_the_screen(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = as_json(full, capsys)
    assert body["at"] == "2026-11-21T12:00:00Z"
    assert body["daemon"] == {"running": False}
    assert body["counts"]["published"] == 2 == body["published_7_days"]
    assert [one["status"] for one in body["episodes"][:2]] == ["assets_ready", "video_ready"]
    first = body["episodes"][0]
    assert (first["gate"], first["approving_costs_usd"], first["cost_usd"]) == ("assets", 1.4, 0.137)
    assert body["spend_today_usd"] == pytest.approx(16.6)
    usual = {name: client.CONCURRENCY[name] for name in USUAL if name not in TIDYING}
    assert {one["service"]: one["limit"] for one in body["lanes"]} == usual
    assert {one["target"] for one in body["unsent"]} == {"entry", "asset", "alert"}


def test_a_retry_shows_which_of_how_many_and_when(
    tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]
) -> None:
    box = StudioBox(tmp_path, at=NOON - MINUTE)
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.DOWN, "HTTP 503", http_status=503)
    box.close()
    assert "plan/plan retry 1 of 4 at 12:00 UTC (in 5 s)" in shown(tmp_path, capsys)
    (one,) = as_json(tmp_path, capsys)["episodes"]
    assert one["retry"] == {"job": "plan/plan", "tries": 1, "at": "2026-11-21T12:00:05Z"}
    assert (one["failure"]["kind"], one["failure"]["http_status"]) == ("down", 503)


def test_a_suspended_service_shows_its_reason_and_its_end(
    tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]
) -> None:
    box = StudioBox(tmp_path, at=NOON - MINUTE)
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.QUOTA, "daily limit", retry_after_ms=2 * HOUR)
    box.close()
    text = shown(tmp_path, capsys)
    assert "waiting until 13:59 UTC (in 1 h 59 min): quota of gemini is used up: daily limit" in text
    body = as_json(tmp_path, capsys)
    assert body["suspensions"][0]["until"] == "2026-11-21T13:59:05Z"
    assert body["episodes"][0]["status"] == "quota_exceeded"


def test_a_purchase_in_doubt_is_counted_and_said(
    tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]
) -> None:
    box = StudioBox(tmp_path, at=NOON - HOUR)
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.IN_DOUBT, "the answer was lost")
    box.close()
    assert "! 1 unconfirmed purchase" in shown(tmp_path, capsys)
    assert as_json(tmp_path, capsys)["in_doubt"] == 1


def test_what_the_daemon_found_wrong_is_a_warning(
    tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]
) -> None:
    box = StudioBox(tmp_path)
    at_once(box.ledger.set_value("outside_problems", '["ElevenLabs: voice abc is unknown"]'))
    at_once(
        box.ledger.set_value(
            "config_remark",
            "the changed configuration was refused, the old one is in force: videod.toml:3: limits: is not a known key",
        )
    )
    at_once(box.ledger.set_value("heartbeat", str(NOON - 5 * MINUTE)))
    box.close()
    text = shown(tmp_path, capsys)
    assert "! found wrong: ElevenLabs: voice abc is unknown" in text
    assert "! the changed configuration was refused, the old one is in force: videod.toml:3: limits" in text
    assert "videod is not running since 11:55 UTC (5 min ago). Start it with `videod run`" in text
    body = as_json(tmp_path, capsys)
    assert (len(body["problems"]), body["heartbeat"]) == (2, "2026-11-21T11:55:00Z")


def test_open_episodes_are_read_without_a_scan_over_all_jobs(tmp_path: Path) -> None:
    StudioBox(tmp_path).close()
    connection = readonly.look(tmp_path / "videod.db")
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {views._SLIM}")]
    connection.close()
    assert any("tasks_open" in step for step in plan)
    assert not any(step.startswith("SCAN jobs") for step in plan)


def test_an_empty_studio_says_how_to_begin(tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]) -> None:
    StudioBox(tmp_path).close()
    assert "Set an entry of the board to Queued" in shown(tmp_path, capsys)


def test_a_missing_database_is_one_sentence_with_the_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "--state", str(tmp_path)]) == 66
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{tmp_path}/videod.db" in said
    assert "videod run" in said


def test_a_file_that_is_no_database_is_one_sentence_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "videod.db").write_text("no database at all, only words" * 100)
    assert run(["status", "--state", str(tmp_path), "--json"]) == 69
    assert json.loads(capsys.readouterr().err)["hint"].startswith("`videod run` checks it")


def test_a_wrong_option_ends_with_the_code_of_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--colour"]) == 64
    assert "videod status --help" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- the daemon


def test_a_daemon_that_holds_the_lock_is_alive(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hold(full):
        body = as_json(full, capsys)
        assert body["daemon"]["running"] is True
        assert body["daemon"]["pid"] == os.getpid()
        assert "● videod" in shown(full, capsys)


def test_a_lock_file_of_a_dead_daemon_counts_for_nothing(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (full / "lock").write_text(json.dumps({"pid": gone.pid, "version": "0.1.0", "started_at": "2026-11-21T08:00:00Z"}))
    assert as_json(full, capsys)["daemon"] == {"running": False}


def test_a_pid_that_went_to_another_process_is_not_taken_for_the_daemon(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (full / "lock").write_text(json.dumps({"pid": os.getpid(), "version": "0.1.0"}))
    assert as_json(full, capsys)["daemon"] == {"running": False}


# ------------------------------------------------------------------------------------------- where it looks


def test_limits_and_retries_without_settings_are_the_defaults_of_the_settings() -> None:
    settings = Settings()
    assert {name: settings.services.of(name).concurrency for name in client.CONCURRENCY} == client.CONCURRENCY
    assert len(settings.retry.waits_min) == client.WAITS


def test_limits_come_from_the_settings_file_and_the_environment_over_it(
    full: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = full / "videod.toml"
    settings.write_text("[services.kie]\nconcurrency = 5\n[services.gemini]\nconcurrency = 4\n")
    monkeypatch.setenv("VIDEOD_SERVICES_GEMINI_CONCURRENCY", "3")
    assert run(["status", "--json", "--state", str(full), "--config", str(settings)]) == 0
    limits = {one["service"]: one["limit"] for one in json.loads(capsys.readouterr().out)["lanes"]}
    assert (limits["kie"], limits["gemini"], limits["youtube"]) == (5, 3, 2)


def test_the_state_folder_is_found_by_option_then_environment_then_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "videod.toml"
    settings.write_text('[paths]\nstate = "here"\n')
    assert client.place(config=settings).state == tmp_path / "here"
    monkeypatch.setenv("VIDEOD_STATE", "/elsewhere")
    assert client.place(config=settings).state == Path("/elsewhere")
    assert client.place(Path("/nowhere"), settings).state == Path("/nowhere")


def test_a_rehearsal_is_found_where_there_is_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "state" / "sandbox" / "daemon"
    StudioBox(folder).close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDEOD_STATE", raising=False)
    assert (
        run(
            [
                "status",
            ]
        )
        == 0
    )
    assert capsys.readouterr().out.startswith("Rehearsal on the simulated services")


# ------------------------------------------------------------------------------------------- money


@pytest.mark.parametrize(("by", "first"), [("day", "2026-11-21"), ("channel", "tiny_hunters"), ("service", "kie")])
def test_costs_are_added_up_by_what_is_asked(
    full: Path, capsys: pytest.CaptureFixture[str], by: str, first: str
) -> None:
    assert run(["costs", "--by", by, "--json", "--state", str(full)]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["rows"][0]["key"] == first
    assert sum(row["usd"] for row in body["rows"]) == pytest.approx(body["total_usd"]) == pytest.approx(16.6)


def test_costs_by_episode_name_the_title_and_count_one_episode_each(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["costs", "--by", "episode", "--json", "--state", str(full)]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["episodes"] for row in rows} == {1}
    assert "Grizzly Crossing 1" in {row["title"] for row in rows}


def test_costs_of_days_without_any_say_so(tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]) -> None:
    StudioBox(tmp_path).close()
    assert run(["costs", "--days", "1", "--state", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Nothing was charged since 2026-11-21 00:00 UTC.\n"


@pytest.mark.fault("7.8")
def test_a_refused_entry_is_shown_until_it_is_fixed(
    tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]
) -> None:
    box = StudioBox(tmp_path, at=NOON - 5 * MINUTE)
    box.apply(EntryRefused(box.clock.at, "page-1", 'Channel "narnia" is not known.', "Aslan\x1b[31m", "narnia"))
    box.apply(EntryRefused(box.clock.at, "page-2", "Title is empty.", "", "wild_earth"))
    text = shown(tmp_path, capsys)
    assert "Refused (2)" in text and "\x1b" not in text
    assert '(narnia), 11:55 UTC (5 min ago): Channel "narnia" is not known.' in text
    assert "no title (wild_earth), 11:55 UTC (5 min ago): Title is empty." in text
    refused = as_json(tmp_path, capsys)["refused"]
    assert [(one["page_id"], one["channel"], one["at"]) for one in refused] == [
        ("page-1", "narnia", "2026-11-21T11:55:00Z"), ("page-2", "wild_earth", "2026-11-21T11:55:00Z")
    ]  # fmt: skip
    fixed = EntryQueued(box.clock.at, "page-1", "wild_earth", "Aslan", "lions", "a gate", Priority.NORMAL, None)
    box.apply(fixed)
    assert [one["page_id"] for one in as_json(tmp_path, capsys)["refused"]] == ["page-2"]
    at_once(box.ledger.saw_page("page-2", {"~in_trash": True}, box.clock.at))
    box.close()
    assert as_json(tmp_path, capsys)["refused"] == []
    assert "Refused" not in shown(tmp_path, capsys)


@pytest.mark.fault("7.8")
def test_jobs_of_a_cancelled_entry_are_not_ready(
    tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]
) -> None:
    box = StudioBox(tmp_path, at=NOON - HOUR)
    stopped, queued = box.queue("Bears"), box.queue("Owls")
    box.make(stopped, "plan/plan")
    assert len(box.ready(stopped)) > 1
    box.cancel(stopped)
    box.close()
    lanes = {one["service"]: one for one in as_json(tmp_path, capsys)["lanes"]}
    assert queued and (lanes["gemini"]["ready"], lanes["gemini"]["later"]) == (1, 0)


@pytest.mark.fault("7.2")
def test_trouble_of_the_board_is_a_warning(tmp_path: Path, noon: None, capsys: pytest.CaptureFixture[str]) -> None:
    box = StudioBox(tmp_path)
    at_once(box.ledger.set_value("board_remark", "Notion refused NOTION_TOKEN since 11:50 UTC"))
    box.close()
    assert "! Notion refused NOTION_TOKEN since 11:50 UTC" in shown(tmp_path, capsys)
