"""Lists for programs: filters, order, pages that nothing slips through, and that they stay quick beside the past."""

import base64
import itertools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, StudioBox, a_full_studio, at_once
from tests.harness import control
from tests.web.caller import SECRET, Caller, served
from videod.channels import load_channels
from videod.core.failures import Kind
from videod.core.model import Priority
from videod.core.statuses import Status
from videod.store import listing
from videod.store.listing import Order, Wanted
from videod.web import pages

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def box(tmp_path: Path):
    made = a_full_studio(tmp_path, 20)
    yield made
    made.close()


@pytest.fixture
async def api(box: StudioBox) -> AsyncIterator[Caller]:
    known = load_channels(ROOT / "channels").channels
    listening = await served(box, channels=lambda: known)
    async with control.session(box.state) as session:
        yield Caller(session)
    await listening.close()


async def every_page(api: Caller, path: str, rows: str, cursor: str | None = None) -> list[dict]:
    """All rows of a list behind the cursor, page by page."""
    found = []
    for _ in range(200):
        _, body = await api.get(path + (f"&cursor={cursor}" if cursor else ""))
        found += body[rows]
        cursor = body["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages have no end")


# ------------------------------------------------------------------------------------------- tasks


async def test_a_list_without_a_wish_is_the_newest_episodes_and_their_number(api: Caller) -> None:
    _, body = await api.get("/api/tasks")
    made = [one["created_at"] for one in body["tasks"]]
    assert (body["total"], len(made), body["next_cursor"]) == (20, 20, None)
    assert made == sorted(made, reverse=True)


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "queued_at", "-queued_at", "ended_at", "-ended_at"])
@pytest.mark.parametrize("limit", [1, 3, 7, 20, 200])
async def test_pages_hold_every_episode_once_in_order(api: Caller, sort: str, limit: int) -> None:
    found = await every_page(api, f"/api/tasks?sort={sort}&limit={limit}", "tasks")
    name = sort.removeprefix("-")
    keys = [(one[name] or "", one["id"]) for one in found]
    assert len({one["id"] for one in found}) == 20
    assert keys == sorted(keys, reverse=sort.startswith("-"))


async def test_many_episodes_of_one_moment_are_distinguished(tmp_path: Path) -> None:
    box = StudioBox(tmp_path)
    ids = {box.queue(f"Bears {number}") for number in range(13)}
    listening = await served(box)
    async with control.session(box.state) as session:
        for sort in ("created_at", "-created_at", "ended_at"):
            found = await every_page(Caller(session), f"/api/tasks?sort={sort}&limit=2", "tasks")
            assert len(found) == 13 and {one["id"] for one in found} == ids
    await listening.close()
    box.close()


async def test_what_comes_and_goes_between_pages_is_no_reason_to_skip_or_repeat(box: StudioBox, api: Caller) -> None:
    _, first = await api.get("/api/tasks?limit=8")
    seen = [one["id"] for one in first["tasks"]]
    box.queue("A newcomer")
    box.cancel(seen[3])
    rest = await every_page(api, "/api/tasks?limit=8", "tasks", first["next_cursor"])
    ids = seen + [one["id"] for one in rest]
    assert len(ids) == len(set(ids)) == 20


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("status=queued", lambda one: one["status"] == "queued"),
        ("status=queued&status=error_video", lambda one: one["status"] in ("queued", "error_video")),
        ("channel=deep_sea", lambda one: one["channel"] == "deep_sea"),
        ("channel=nobody", lambda one: False),
        ("text=ant%20road", lambda one: "Ant Road" in one["title"]),
        ("text=%E6%A2%9F", lambda one: "梟" in one["title"]),
        ("text=%25", lambda one: False),
        ("text=_", lambda one: False),
        ("text=bears", lambda one: True),
        ("needs=person", lambda one: one["status"] in ("assets_ready", "video_ready", "error_video",
                                                       "assembly_complete")),
        ("channel=deep_sea&needs=person", lambda one: one["channel"] == "deep_sea" and (one["gate"] is not None
                                                      or one["status"].startswith("error"))),
        ("since=2026-11-21T08:00:00Z", lambda one: one["created_at"] >= "2026-11-21T08:00:00Z"),
        ("until=2026-11-21T08:00:00Z", lambda one: one["created_at"] < "2026-11-21T08:00:00Z"),
        ("since=2026-11-21T07:00:00%2B00:00&until=2026-11-21T08:00:00Z",
         lambda one: "2026-11-21T07:00:00Z" <= one["created_at"] < "2026-11-21T08:00:00Z"),
    ],
)  # fmt: skip
async def test_filters_keep_what_matches_and_count_it(api: Caller, query: str, wanted) -> None:
    everything = await every_page(api, "/api/tasks?limit=200", "tasks")
    expected = [one["id"] for one in everything if wanted(one)]
    _, body = await api.get(f"/api/tasks?{query}")
    assert [one["id"] for one in body["tasks"]] == expected
    assert body["total"] == len(expected)
    assert [one["id"] for one in await every_page(api, f"/api/tasks?{query}&limit=2", "tasks")] == expected


async def test_an_episode_is_found_by_its_id_and_its_page(api: Caller) -> None:
    _, everything = await api.get("/api/tasks")
    one = everything["tasks"][4]
    page = f"{one['page_id'][:8]}-{one['page_id'][8:]}"
    for text in (one["id"], one["id"][-6:], page, one["page_id"].upper()):
        _, body = await api.get(f"/api/tasks?text={text}")
        assert [found["id"] for found in body["tasks"]] == [one["id"]], text


async def test_paused_episodes_and_refused_keys_wait_for_a_person_quotas_do_not(tmp_path: Path) -> None:
    box = StudioBox(tmp_path)
    paused, refused, waiting = (box.queue(title) for title in ("Paused", "No key", "Tomorrow"))
    box.fail(waiting, "plan/plan", Kind.QUOTA, "used up", retry_after_ms=HOUR)
    listening = await served(box)
    async with control.session(box.state) as session:
        api = Caller(session)
        await api.post(f"/api/tasks/{paused}/pause", {"reason": "not now"})
        await api.post("/api/services/gemini/resume")
        box.fail(refused, "plan/plan", Kind.CREDENTIALS, "no such key")
        _, body = await api.get("/api/tasks?needs=person&sort=created_at")
    await listening.close()
    assert [one["id"] for one in body["tasks"]] == sorted([paused, refused])
    box.close()


@pytest.mark.parametrize(
    "query",
    ["status=odd", "status=", "needs=money", "needs=person&needs=person", "since=yesterday", "since=1700000000",
     "until=", "text=", f"text={'x' * 201}", "sort=title", "sort=--created_at", "limit=0", "limit=201", "limit=ten",
     "limit=1e1", "limit=-1", "limit=%D9%A3", "limit=5&limit=6", "channel=", "chanel=deep_sea", "cursor=",
     "limit=99999999999999999999"],
)  # fmt: skip
async def test_a_wish_that_makes_no_sense_is_refused_by_name(api: Caller, query: str) -> None:
    status, body = await api.get(f"/api/tasks?{query}")
    assert (status, body["code"]) == (400, "invalid")
    assert query.partition("=")[0].rpartition("&")[2] in body["message"]


def a_cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


A_GOOD = pages.cursor("tasks -created_at", 1, "x")


async def test_a_cursor_is_taken_as_it_was_given(api: Caller) -> None:
    assert (await api.get(f"/api/tasks?cursor={A_GOOD}"))[0] == 200


@pytest.mark.parametrize(
    "cursor",
    ["x", "null", "AAAA", "====", "a.b", a_cursor(None), a_cursor([]), a_cursor({}), a_cursor("tasks -created_at"),
     a_cursor(["tasks created_at", 1, "x"]), a_cursor(["history", 1, ""]),
     a_cursor(["tasks -created_at", "1e999", "x"]),
     a_cursor(["tasks -created_at", 10**30, "x"]), a_cursor(["tasks -created_at", -5, "x"]),
     a_cursor(["tasks -created_at", 1, None]), a_cursor(["tasks -created_at", 1, "x", 2]),
     a_cursor(["tasks -created_at", 1, {"a": 1}]), a_cursor(["tasks -created_at", True, "x"]),
     a_cursor(["tasks -created_at", 1, "\ud800"]), a_cursor(["tasks -created_at", 1, "x" * 250]),
     "%01", "%E2%80%AE", "%00", "%20", "%F0%9F%90%BB", "%0A",
     f"%01{A_GOOD}", f"{A_GOOD}%20", f"{A_GOOD}=", f"{A_GOOD}%E2%80%AE", A_GOOD[:-1], A_GOOD.swapcase(),
     a_cursor([" tasks -created_at", 1, "x"]), a_cursor(["tasks -created_at", 1.0, "x"]),
     base64.urlsafe_b64encode(b'["tasks -created_at", 1, "x"]').decode().rstrip("=")],
)  # fmt: skip
async def test_a_cursor_of_another_list_or_none_is_refused(api: Caller, cursor: str) -> None:
    status, body = await api.get(f"/api/tasks?cursor={cursor}")
    assert (status, body["code"]) == (400, "bad_cursor")


async def test_a_cursor_of_nowhere_is_no_way_into_the_database(api: Caller) -> None:
    cursor = a_cursor(["tasks -created_at", 2**53 - 1, "'; DROP TABLE tasks; --"])
    status, body = await api.get(f"/api/tasks?cursor={cursor}&text=%27%20OR%201=1--")
    assert (status, body["total"], body["tasks"]) == (200, 0, [])
    assert (await api.get("/api/tasks"))[1]["total"] == 20


# ------------------------------------------------------------------------------------------- one task


async def test_the_jobs_of_an_episode_by_state_and_step(api: Caller) -> None:
    _, everything = await api.get("/api/tasks?status=error_video")
    task = everything["tasks"][0]["id"]
    _, shown = await api.get(f"/api/tasks/{task}")
    _, body = await api.get(f"/api/tasks/{task}/jobs")
    assert body["jobs"] == shown["jobs"]
    _, failed = await api.get(f"/api/tasks/{task}/jobs?state=failed")
    assert [one["state"] for one in failed["jobs"]] == ["failed"]
    _, images = await api.get(f"/api/tasks/{task}/jobs?state=done&state=failed&step=image")
    assert {one["step"] for one in images["jobs"]} == {"image"} and len(images["jobs"]) == 3
    assert (await api.get(f"/api/tasks/{task}/jobs?state=odd"))[0] == 400


async def test_the_history_of_an_episode_by_pages_ends_with_what_it_is_now(api: Caller) -> None:
    _, everything = await api.get("/api/tasks?status=published")
    task = everything["tasks"][0]["id"]
    whole = await every_page(api, f"/api/tasks/{task}/history?limit=1000", "events")
    paged = await every_page(api, f"/api/tasks/{task}/history?limit=7", "events")
    assert paged == whole and len(whole) > 50
    assert whole[0]["event"] == "EntryQueued"
    assert [one["status"] for one in whole if one["status"]][-1] == "published"
    assert [one["id"] for one in whole] == sorted({one["id"] for one in whole})
    _, tasks = await api.get("/api/tasks?limit=2")
    other = next(one["id"] for one in tasks["tasks"] if one["id"] != task)
    ours = (await api.get(f"/api/tasks/{task}/history?limit=1"))[1]["next_cursor"]
    for name, cursor in (
        (task, tasks["next_cursor"]), (other, ours), (task, f"%0B{ours}"), (task, f"{ours}="), (task, "%E2%80%AE"),
        (task, a_cursor(["history", 1, ""])), (task, a_cursor([f"history {task}", -1, ""])),
    ):  # fmt: skip
        status, body = await api.get(f"/api/tasks/{name}/history?cursor={cursor}")
        assert (status, body["code"]) == (400, "bad_cursor"), cursor
        assert body["message"] and body["hint"]


async def test_no_history_gives_away_where_an_upload_may_be_written_to(tmp_path: Path) -> None:
    box = StudioBox(tmp_path)
    task = box.bring_to(box.queue("Bears"), Status.FINAL_APPROVED)
    attempt = box.start(task, "upload/film")
    box.submit(task, "upload/film", attempt, "https://upload.example/session?upload_id=AD4")
    box.fail(box.queue("Owls"), "plan/plan", Kind.INPUT, f"key {SECRET} is odd")
    listening = await served(box)
    async with control.session(box.state) as session:
        api = Caller(session)
        for path in (f"/api/tasks/{task}/history", f"/api/tasks/{task}", f"/api/tasks/{task}/jobs", "/api/tasks",
                     "/api/status", f"/api/tasks/{task}/purchases", "/api/services", "/api/channels"):  # fmt: skip
            text = json.dumps((await api.get(path))[1])
            assert "upload_id" not in text and SECRET not in text, path
    await listening.close()
    box.close()


async def test_costs_and_purchases_of_an_episode_agree_with_the_ledger(tmp_path: Path) -> None:
    box = StudioBox(tmp_path)
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.make(task, "clip/clip_01")
    box.start(task, "clip/clip_03")
    box.fail(task, "clip/clip_02", Kind.IN_DOUBT, "the answer was lost")
    listening = await served(box)
    async with control.session(box.state) as session:
        api = Caller(session)
        _, costs = await api.get(f"/api/tasks/{task}/costs")
        _, body = await api.get(f"/api/tasks/{task}/purchases")
    await listening.close()
    assert costs["cost_usd"] == pytest.approx(0.02 + 3 * 0.039 + 0.35)
    assert costs["costs_usd"] == {"gemini": pytest.approx(0.137), "kie": 0.35}
    assert costs["possibly_paid_usd"] == 0.35
    states = {one["job"]: (one["state"], one["price_usd"], one["charged_usd"]) for one in body["purchases"]}
    assert states["clip/clip_01"] == ("charged", 0.35, 0.35)
    assert states["clip/clip_02"] == ("unconfirmed", 0.35, 0.0)
    assert states["clip/clip_03"] == ("open", 0.35, 0.0)
    assert sum(one["charged_usd"] for one in body["purchases"]) == pytest.approx(costs["cost_usd"])
    box.close()


# ------------------------------------------------------------------------------------------- channels, services, alerts


async def test_channels_are_those_of_files_and_those_of_episodes(api: Caller) -> None:
    _, body = await api.get("/api/channels")
    found = {one["id"]: one for one in body["channels"]}
    assert {"wild_earth", "deep_sea", "tiny_hunters", "wild_planet"} <= set(found)
    ours, theirs = found["wild_planet"], found["deep_sea"]
    assert (ours["configured"], ours["queued"], ours["counts"]) == (True, 0, {})
    assert ours["daily_budget_usd"] > 0 and ours["name"]
    assert (theirs["configured"], theirs["name"], theirs["daily_budget_usd"]) == (False, None, None)
    _, of_one = await api.get("/api/tasks?channel=deep_sea&limit=200")
    assert sum(theirs["counts"].values()) == of_one["total"]
    for name in ("queued", "in_work", "in_review", "stopped", "closed"):
        assert sum(one[name] for one in found.values()) > 0, name
    _, status = await api.get("/api/status")
    assert sum(one["spend_today_usd"] for one in found.values()) == pytest.approx(status["spend_today_usd"])


async def test_services_say_what_suspends_them(api: Caller) -> None:
    await api.post("/api/services/kie/pause", {"reason": "prices changed"})
    _, body = await api.get("/api/services")
    found = {one["service"]: one for one in body["services"]}
    assert {"gemini", "kie", "elevenlabs", "ffmpeg", "youtube"} <= set(found)
    assert [one["reason"] for one in found["kie"]["suspensions"]] == ["prices changed"]
    assert (found["gemini"]["suspensions"], found["kie"]["limit"]) == ([], 8)
    await api.post("/api/services/all/pause")
    _, body = await api.get("/api/services")
    assert all(one["suspensions"] for one in body["services"])


async def test_alerts_are_the_causes_that_are_not_over(box: StudioBox, api: Caller) -> None:
    before = {one["key"] for one in (await api.get("/api/alerts"))[1]["alerts"]}
    box.clock.at += MINUTE
    await box.ledger.alert("disk full", "the disk is full", box.clock.at)
    _, body = await api.get("/api/alerts")
    assert {one["key"] for one in body["alerts"]} == before | {"disk full"}
    assert body["alerts"][0] == {
        "key": "disk full", "opened_at": "2026-11-21T12:01:00Z", "alerted_at": "2026-11-21T12:01:00Z"
    }  # fmt: skip
    await box.ledger.alert_over("disk full", box.clock.at)
    assert "disk full" not in {one["key"] for one in (await api.get("/api/alerts"))[1]["alerts"]}


# ------------------------------------------------------------------------------------------- unchanged


async def test_who_has_the_answer_already_is_reported_so(box: StudioBox, api: Caller) -> None:
    _, body = await api.get("/api/tasks?limit=3")
    tag = api.headers["ETag"]
    assert await api.get("/api/tasks?limit=3", headers={"If-None-Match": tag}) == (304, None)
    assert api.headers["ETag"] == tag
    assert (await api.get("/api/tasks?limit=3", headers={"If-None-Match": f'"old", {tag}'}))[0] == 304
    assert (await api.get("/api/tasks?limit=3", headers={"If-None-Match": '"old"'}))[0] == 200
    box.cancel(next(one["id"] for one in body["tasks"] if one["status"] != "published"))
    assert (await api.get("/api/tasks?limit=3", headers={"If-None-Match": tag}))[0] == 200
    assert api.headers["ETag"] != tag


async def test_a_head_has_everything_but_the_body(api: Caller) -> None:
    for path in ("/health", "/api/tasks", "/api/openapi.json", "/metrics"):
        status, _ = await api.ask("HEAD", path)
        assert status == 200 and "X-Request-ID" in api.headers


# ------------------------------------------------------------------------------------------- the past


def crowded(folder: Path, published: int = 10_000, queued: int = 500) -> StudioBox:
    """A studio with a long past, copied in SQL from one film and one entry of a real one."""
    box = StudioBox(folder)
    box.bring_to(box.queue("Bears"), Status.PUBLISHED)
    box.queue("Owls", priority=Priority.HIGH)

    def copy(connection) -> None:
        for title, number in (("Bears", published), ("Owls", queued)):
            row = dict(connection.execute("SELECT * FROM tasks WHERE title = ?", (title,)).fetchone())
            places = ", ".join(f":{name}" for name in row)
            connection.executemany(
                f"INSERT INTO tasks ({', '.join(row)}) VALUES ({places})",
                [row | {"id": f"{title}-{n}", "page_id": f"{title}-page-{n}", "title": f"{title} {n}",
                        "created_at": NOON - n * MINUTE, "channel_id": f"channel_{n % 20}"} for n in range(number)],
            )  # fmt: skip

    at_once(box.store.write(copy))
    return box


def test_a_page_is_looked_up_by_an_index_however_far_it_is(tmp_path: Path) -> None:
    box = crowded(tmp_path, published=50, queued=5)

    def plans(connection) -> list[str]:
        found = []
        for (order, _, after), statement in listing._STATEMENTS.items():
            values = Wanted().values | {"value": 1, "id": "x", "limit": 10}
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            how = "SEARCH" if after else "SCAN"
            assert any(line.startswith(f"{how} tasks USING INDEX tasks_by_") for line in plan), (order, plan)
            found += plan
        return found

    assert not [line for line in at_once(box.store.read(plans)) if "TEMP B-TREE" in line]
    box.close()


async def test_the_last_page_of_ten_thousand_costs_no_more_steps_than_the_first(tmp_path: Path) -> None:
    """Counted in the steps of SQLite's machine, which no load of the host changes."""
    box = crowded(tmp_path, published=3_000, queued=100)

    def steps(connection, place: listing.Place | None) -> int:
        count = itertools.count()
        connection.set_progress_handler(lambda: next(count) < 0, 100)
        try:
            listing.page(connection, Wanted(), Order.CREATED, True, place, 50)
        finally:
            connection.set_progress_handler(None, 0)
        return next(count)

    def look(connection) -> tuple[int, int]:
        far = listing.Place(NOON - 2_900 * MINUTE, "Bears-2900")
        return steps(connection, None), steps(connection, far)

    first, last = at_once(box.store.read(look))
    assert last <= first + 10
    box.close()


async def test_filters_over_a_long_past_agree_with_what_was_written(tmp_path: Path) -> None:
    box = crowded(tmp_path, published=1_000, queued=60)
    listening = await served(box)
    async with control.session(box.state) as session:
        api = Caller(session)
        _, body = await api.get("/api/tasks?status=published&channel=channel_7")
        assert (body["total"], len(body["tasks"])) == (50, 50)
        _, body = await api.get("/api/tasks?text=bears%209&limit=5")
        assert body["total"] == len([n for n in range(1_000) if str(n).startswith("9")])
        moment = datetime.fromtimestamp((NOON - 10 * MINUTE) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        _, body = await api.get(f"/api/tasks?since={moment}&status=queued")
        assert body["total"] == 12
    await listening.close()
    box.close()
