"""Entries of videod's own board from programs: listed, changed, queued, removed, by the rules of the daemon."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.factory import StudioBox
from tests.harness import control
from tests.web.caller import Caller, served
from tests.web.test_entries import CROSSING, ROOT, Paper
from videod.adapters.own_board import OwnBoard
from videod.channels import load_channels
from videod.web.entries import CHANGES
from videod.web.values import body_schema

SCRIPT = "The bear waits here for fish.\n\nIt rains all night long."


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def api(box: StudioBox) -> AsyncIterator[Caller]:
    known = load_channels(ROOT / "channels").channels
    listening = await served(box, channels=lambda: known, board=OwnBoard(box.store, box.clock))
    async with control.session(box.state) as session:
        yield Caller(session)
    await listening.close()


async def added(api: Caller, **more: object) -> str:
    status, body = await api.post("/api/entries", CROSSING | {"draft": True} | more)
    assert status == 200
    return str(body["page_id"])


async def test_a_draft_is_listed_changed_and_queued(box: StudioBox, api: Caller) -> None:
    page = await added(api, sources="https://example.org", script=SCRIPT)
    _, listed = await api.get("/api/entries")
    assert listed["kind"] == "none" and [one["page_id"] for one in listed["entries"]] == [page]
    change = {"title": "The cold crossing", "priority": "high", "privacy": "unlisted"}
    status, body = await api.post(f"/api/entries/{page}/edit", change)
    assert (status, body["title"], body["status"]) == (200, "The cold crossing", "draft")
    _, shown = await api.get(f"/api/entries/{page}")
    assert shown["title"] == "The cold crossing" and shown["topic"] == CROSSING["topic"]
    assert (shown["priority"], shown["privacy"], shown["status"]) == ("high", "unlisted", "draft")
    assert (shown["script"], shown["sources"], shown["plan"]) == (SCRIPT, "https://example.org", None)
    status, body = await api.post(f"/api/entries/{page}/edit", {"status": "queued", "script": None, "privacy": None})
    assert (status, body["status"]) == (200, "queued") and "takes it over" in body["text"]
    await box.ledger.wakeups.wait("intake", None)  # the board is looked at now
    _, shown = await api.get(f"/api/entries/{page}")
    assert (shown["status"], shown["script"], shown["privacy"]) == ("queued", None, None)
    assert shown["sources"] == "https://example.org"
    status, body = await api.post(f"/api/entries/{page}/edit", {"status": "draft"})
    assert (status, body["status"]) == (200, "draft"), "it had not begun"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({}, "conflict"), ({"title": ""}, "invalid"), ({"title": None}, "invalid"), ({"title": "a <b>"}, "invalid"),
     ({"title": "x" * 101}, "invalid"), ({"status": "published"}, "invalid"), ({"priority": "urgent"}, "invalid"),
     ({"channel": "nobody"}, "unknown_channel"), ({"draft": False}, "invalid"), ({"script": 5}, "invalid"),
     ({"script": SCRIPT, "plan": {}}, "invalid"), ({"videod_key": "x"}, "invalid")],
)  # fmt: skip
async def test_a_change_that_the_daemon_would_refuse_is_not_written(
    api: Caller, wrong: dict[str, object], code: str
) -> None:
    page = await added(api)
    _, before = await api.get(f"/api/entries/{page}")
    status, body = await api.post(f"/api/entries/{page}/edit", wrong)
    assert (status, body["code"]) == ({"unknown_channel": 404, "conflict": 409}.get(code, 400), code)
    assert (await api.get(f"/api/entries/{page}"))[1] == before


async def test_an_entry_is_removed_once_and_then_unknown(api: Caller) -> None:
    page = await added(api)
    assert (await api.post(f"/api/entries/{page}/remove"))[0] == 200
    assert (await api.get("/api/entries"))[1]["entries"] == []
    status, body = await api.post(f"/api/entries/{page}/edit", {"title": "Back"})
    assert (status, body["code"]) == (404, "unknown_entry")
    for path in ("/api/entries/entry-0", "/api/entries/..%2Fvideod.db"):
        assert (await api.get(path))[0] == 404
    assert (await api.post("/api/entries/entry-0/remove"))[0] == 404


async def test_twenty_at_once_are_twenty_entries(api: Caller) -> None:
    pages = await asyncio.gather(*(added(api, title=f"Film {n}") for n in range(20)))
    _, listed = await api.get("/api/entries")
    assert {one["page_id"] for one in listed["entries"]} == set(pages) and len(set(pages)) == 20


async def test_an_episode_keeps_its_story_and_is_stopped_by_its_own_verbs(box: StudioBox, api: Caller) -> None:
    board = OwnBoard(box.store, box.clock)
    page = await added(api)
    task = box.queue("The crossing", page_id=page)
    for wrong in ({"status": "draft"}, {"status": "queued"}, {"script": SCRIPT}):
        status, body = await api.post(f"/api/entries/{page}/edit", wrong)
        assert (status, body["code"]) == (409, "conflict") and task in body["hint"]
    assert (await api.post(f"/api/entries/{page}/remove"))[0] == 409
    status, body = await api.post(f"/api/entries/{page}/edit", {"privacy": "public"})
    assert status == 200 and (await board.read(page)).values["Privacy"] == "public"
    status, body = await api.post(f"/api/tasks/{task}/priority", {"priority": "low"})
    assert status == 200 and (await board.read(page)).values["Priority"] == "Low"
    assert (await api.get("/api/entries"))[1]["entries"] == []


async def test_entries_in_notion_are_changed_there_by_the_same_door_and_listed_by_notion(
    box: StudioBox, tmp_path: Path
) -> None:
    paper, known = Paper(), load_channels(ROOT / "channels").channels
    paper.columns = {"Title": "A", "Channel": "wild_planet", "Status": "Draft"}
    listening = await served(box, channels=lambda: known, board=paper)
    async with control.session(box.state) as session:
        api = Caller(session)
        assert (await api.get("/api/entries"))[1] == {"kind": "notion", "entries": []}
        assert (await api.post("/api/entries/page-1/edit", {"title": "B"}))[0] == 200
        assert paper.written == [("page-1", {"Title": "B"})]
        for path in ("edit", "remove"):
            status, body = await api.post(f"/api/entries/page-1/{path}", {"script": SCRIPT} if path == "edit" else None)
            assert (status, body["code"]) == (409, "conflict") and "Notion" in body["message"]
    await listening.close()


@pytest.mark.parametrize("name", ["title", "channel", "topic", "direction", "priority", "status"])
async def test_what_may_not_be_empty_is_no_null_in_the_document_either(api: Caller, name: str) -> None:
    page = await added(api)
    status, body = await api.post(f"/api/entries/{page}/edit", {name: None})
    assert (status, body["code"], body["message"]) == (400, "invalid", f"{name} cannot be empty")
    assert "anyOf" not in body_schema(CHANGES)["properties"][name]
