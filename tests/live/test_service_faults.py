"""A real daemon when services refuse, forget and ban, and when its settings are fixed and broken under its feet."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.harness.patience import PATIENCE_S, run, until
from tests.live.creator import Creator, review
from tests.live.stage import Stage, stage
from videod.core.statuses import Status

pytestmark = [pytest.mark.live, pytest.mark.long]

CALIFORNIA = ZoneInfo("America/Los_Angeles")
SETTINGS = "[services.kie]\nconcurrency = 1\n"
BAN_S = 8


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    channel: dict[str, object] = {"clips": 2, "images": 3, "clip_seconds": 5, "max_concurrent": 20}
    env = {"VIDEOD_RETRY_WAITS_MIN": "[0.05, 0.05, 0.05, 0.05]", "VIDEOD_RETRY_JITTER": "0"}
    folder = tmp_path_factory.mktemp("service-faults")
    with stage(folder, channel=channel, settings=SETTINGS, env=env) as made:
        made.start()
        yield made


@pytest.fixture
def running(studio: Stage) -> Stage:
    studio.admin("/reset", "POST")
    return studio


def videod(at: Stage, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "videod", *words]
    return run(command, env=at.env)


def pauses(at: Stage) -> list[tuple[str, str, int | None]]:
    rows = at.rows("SELECT service, channel_id, until_ms FROM suspensions ORDER BY service")
    return [(row["service"], row["channel_id"], row["until_ms"]) for row in rows]


def videos(at: Stage) -> dict[str, dict[str, object]]:
    """What stands on YouTube."""
    path = at.root / "youtube" / "state.json"
    found: dict[str, dict[str, object]] = json.loads(path.read_text())["videos"] if path.exists() else {}
    return found


def resume(at: Stage, verb: str, *words: str) -> bool:
    """A person pauses or resumes; whether the command succeeded."""
    return videod(at, verb, *words, "--state", str(at.state)).returncode == 0


def page_of(at: Stage, title: str) -> str:
    (row,) = at.rows("SELECT page_id FROM tasks WHERE title = ?", title)
    return str(row["page_id"])


def next_midnight_ms() -> int:
    tomorrow = datetime.now(UTC).astimezone(CALIFORNIA).date() + timedelta(days=1)
    return int(datetime.combine(tomorrow, clock_time(), CALIFORNIA).timestamp() * 1000)


def ready_steps(at: Stage, page: str) -> set[str]:
    query = "SELECT step FROM jobs JOIN tasks ON tasks.id = task_id WHERE page_id = ? AND state = 'ready'"
    return {row["step"] for row in at.rows(query, page)}


def inserts(at: Stage) -> int:
    return len(at.asked("youtube", "/upload/youtube/v3/videos", "POST"))


# ------------------------------------------------------------------------------------------------ YouTube


def test_a_consent_revoked_in_mid_upload_stops_that_channel_alone_and_is_reported_once(
    running: Stage, creator: Creator
) -> None:
    until(lambda: resume(running, "pause", "youtube", "--channel", "deep_ocean"), running.log_tail)
    running.fault(service="youtube", kind="hold", endpoint="PUT *", times=1)
    page = creator.write("Revoked", "wild_planet")
    creator.write("Untouched", "deep_ocean")
    until(lambda: inserts(running) == 1, running.log_tail)
    token = {"token": "sandbox-refresh-wild_planet"}
    revoked = httpx.post(f"{running.found['urls']['google']}/revoke", data=token, timeout=PATIENCE_S)
    assert revoked.status_code == 200
    running.admin("/reset", "POST")
    until(lambda: ("youtube", "wild_planet", None) in pauses(running), running.log_tail)
    told = creator.wait_for_alert("Revoked")
    assert "wild_planet" in told
    assert creator.task(page)["status"] == Status.UPLOADING.value


def test_youtubes_daily_limit_waits_for_midnight_in_california_and_spends_nothing(
    running: Stage, creator: Creator
) -> None:
    running.fault(service="youtube", kind="daily_limit", times=1)
    page = page_of(running, "Untouched")
    until(lambda: "upload" in ready_steps(running, page), running.log_tail)
    assert resume(running, "resume", "youtube", "--channel", "deep_ocean")
    before = next_midnight_ms()
    found = until(lambda: [row for row in pauses(running) if row[1] == ""], running.log_tail)
    assert isinstance(found, list)
    ((service, _, until_ms),) = found
    assert service == "youtube"
    # one midnight may pass while this runs
    assert until_ms is not None and any(abs(until_ms - at) < 60_000 for at in (before, next_midnight_ms()))
    card = creator.wait(page, Progress="resumes at")
    assert card["Next Retry"]
    assert inserts(running) == 2
    query = "SELECT attempts.outcome, jobs.attempts FROM attempts JOIN jobs ON jobs.id = job_id"
    rows = running.rows(f"{query} JOIN tasks ON tasks.id = jobs.task_id WHERE page_id = ? AND step = 'upload'", page)
    assert [(row["outcome"], row["attempts"]) for row in rows] == [("quota", 0)]


def test_a_film_whose_last_answer_and_session_are_lost_is_found_by_its_marker(running: Stage, creator: Creator) -> None:
    running.fault(service="youtube", kind="final_lost", times=1)
    running.fault(service="youtube", kind="session_gone", skip=1, times=1)
    page = page_of(running, "Untouched")
    assert resume(running, "resume", "youtube")  # also for the channel whose consent is gone: that rings no second time
    creator.wait(page, Status.PUBLISHED, fixed=True)
    assert (inserts(running), len(videos(running))) == (3, 1)  # the refused one, wild_planet's and its own
    assert creator.card(page)["YouTube URL"].endswith(next(iter(videos(running))))
    mine = [line for line in creator.log("runner_job_failed") if line["task"] == creator.task(page)["id"]]
    told = [(line["kind"], line["service"], line["endpoint"], line["http_status"]) for line in mine]
    assert told == [
        ("quota", "youtube", "POST /upload/youtube/v3/videos", 429),
        ("down", "youtube", "PUT upload session", 404),
    ]


def test_after_a_new_consent_the_interrupted_session_continues(running: Stage, creator: Creator) -> None:
    before = inserts(running)
    _authorize(running, "wild_planet")
    resume(running, "resume", "youtube", "--channel", "wild_planet")
    creator.wait(page_of(running, "Revoked"), Status.PUBLISHED, fixed=True)
    assert (inserts(running), len(videos(running))) == (before, 2)
    assert len([text for text in creator.alerts() if "Revoked" in text]) == 1


def _authorize(at: Stage, channel: str) -> None:
    """What a person does: run the command, open the address it shows, agree."""
    command = [sys.executable, "-m", "videod", "channels", "authorize", channel, "--no-browser", "--config",
               str(at.config)]  # fmt: skip
    with subprocess.Popen(command, env=at.env, stdout=subprocess.PIPE, text=True) as consent:
        assert consent.stdout is not None
        line = next(line for line in consent.stdout if "http" in line)
        found = re.search(r"http\S+", line)
        assert found is not None
        httpx.get(f"{found[0]}&login_hint={channel}", follow_redirects=True, timeout=PATIENCE_S)
        consent.stdout.read()
    assert consent.returncode == 0


# ------------------------------------------------------------------------------------------------ Notion


def test_in_a_ban_nobody_asks_notion_over_a_restart_and_then_the_board_hears_the_truth(
    running: Stage, creator: Creator
) -> None:
    review_clips(running)
    running.fault(service="gemini", kind="hold")
    page = creator.write("Banned", "deep_ocean")
    creator.wait(page, Status.GENERATING_ASSETS)
    running.admin("/reset", "POST")
    running.fault(service="notion", kind="status", status=429, headers={"Retry-After": str(BAN_S)}, times=1)
    met = until(lambda: [row for row in running.asked("notion") if row["status"] == 429], running.log_tail)
    assert isinstance(met, list)
    began = int(met[0]["at_ms"])
    until(lambda: running.rows("SELECT 1 FROM key_values WHERE name = 'notion_not_before'"), running.log_tail)
    known = int(time.time() * 1000)
    checked = videod(running, "notion", "check", "--config", str(running.config))
    # where this machine is too slow to ask within the ban, it is allowed; below is seen that it asked after it
    assert checked.returncode == 0 or "Notion asked to wait" in checked.stderr, checked
    assert checked.returncode in (0, 75)
    assert running.stop() == 0
    running.start()
    creator.wait(page, Status.VIDEO_READY, fixed=True)
    rows = running.asked("notion")
    ends = began + BAN_S * 1000
    assert [row for row in rows if _is_daemons(row) and known < int(str(row["at_ms"])) < ends - 50] == []
    assert len([row for row in rows if _is_daemons(row) and int(str(row["at_ms"])) >= ends - 50]) > 5


def review_clips(at: Stage) -> None:
    """From now on the films of deep_ocean stop where a person looks at the clips."""
    review(at, "deep_ocean", "video")
    assert at.daemon is not None
    before = len(at.log.read_text())
    at.daemon.send_signal(signal.SIGHUP)
    until(lambda: "config_reload_done" in at.log.read_text()[before:], at.log_tail)


def _is_daemons(row: dict[str, object]) -> bool:
    headers = row["headers"]
    assert isinstance(headers, dict)
    return "notion" in str(headers.get("User-Agent", "")).lower()


# ------------------------------------------------------------------------------------------------ settings


def test_broken_settings_change_nothing_and_good_ones_are_in_force_within_seconds(
    running: Stage, creator: Creator
) -> None:
    assert running.daemon is not None
    running.admin("/load", "DELETE")  # what was lost and ordered again before was in work beside its successor
    good = running.config.read_text()
    running.config.write_text(good.replace("concurrency = 1", "concurrency = 'many'"))
    running.daemon.send_signal(signal.SIGHUP)
    line = good.splitlines().index("concurrency = 1") + 1
    told = str(until(lambda: remark(running), running.log_tail))
    assert f"videod.toml:{line}" in told and "services.kie.concurrency" in told, told
    page = creator.write("Under the old settings", "deep_ocean")
    creator.wait(page, Status.VIDEO_READY, fixed=True)
    assert most_clips_at_once(running) == 1
    bomb = running.channels / "bomb.yaml"
    running.config.write_text(good.replace("concurrency = 1", "concurrency = 2"))
    bomb.write_text("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    running.daemon.send_signal(signal.SIGHUP)
    told = str(until(lambda: "bomb.yaml" in remark(running) and remark(running), running.log_tail))
    assert "bomb.yaml:1" in told, told
    bomb.unlink()
    running.daemon.send_signal(signal.SIGHUP)
    until(lambda: not remark(running), running.log_tail)
    running.fault(service="kie", kind="hold", endpoint="GET *recordInfo*")  # no clip ends before two are in work
    page = creator.write("Under the new settings", "deep_ocean")
    until(lambda: list(creator.jobs(page, "clip").values()) == ["running"] * 2, running.log_tail)
    running.admin("/reset", "POST")
    creator.wait(page, Status.VIDEO_READY, fixed=True)


def remark(at: Stage) -> str:
    """What `videod status` says of the settings."""
    told = json.loads(videod(at, "status", "--json", "--state", str(at.state)).stdout)
    found = [text for text in _texts(told) if "changed configuration was refused" in text]
    return found[0] if found else ""


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def most_clips_at_once(at: Stage) -> int:
    load = at.admin("/load")
    assert isinstance(load, dict)
    return int(load["most_at_once"].get("kie tasks", 0))


def test_after_all_of_this_nothing_was_bought_or_published_twice(running: Stage, creator: Creator) -> None:
    creator.wait_for_rest()
    running.check_purchases()
    assert len(videos(running)) == running.statuses().count("published") == 2
    assert set(running.statuses()) == {"published", "video_ready"}
    assert pauses(running) == []
