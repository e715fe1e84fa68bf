"""Entries of videod's own board on the page: listed, edited, queued, removed, under the name of whoever did it."""

from collections.abc import AsyncIterator

import pytest

from tests.cli.factory import StudioBox
from tests.page.browser import Browser, entered, page_over
from tests.web.test_entries import ROOT
from videod.adapters.own_board import OwnBoard
from videod.channels import load_channels
from videod.core.events import EntryRefused
from videod.core.fields import BY
from videod.daemon.page import Page
from videod.flow import edits
from videod.web.sessions import Role

GIVEN = {"title": "The crossing", "channel": "wild_planet", "topic": "Bears", "direction": "One river", "draft": "on"}
TOLD = "The bear waits here for fish.\n\nIt rains all night long."


@pytest.fixture
def board(box: StudioBox) -> OwnBoard:
    return OwnBoard(box.store, box.clock)


@pytest.fixture
async def page(box: StudioBox, board: OwnBoard) -> AsyncIterator[Page]:
    known = load_channels(ROOT / "channels").channels
    async with page_over(box, house={"board": board, "channels": lambda: known}) as made:
        yield made


async def drafted(mina: Browser, board: OwnBoard, **more: str) -> str:
    await mina.get("/new")
    assert await mina.post("/new", GIVEN | more) == 200
    return (await board.waiting(1))[0].page_id


async def test_a_draft_stands_on_the_board_and_is_edited_there(mina: Browser, board: OwnBoard) -> None:
    name = await drafted(mina, board)
    await mina.get("/board")
    assert '<h2>Drafts <span class="muted">1</span>' in mina.text
    assert f'href="/drafts/{name}"' in mina.text
    assert await mina.get(f"/drafts/{name}") == 200
    assert 'value="The crossing"' in mina.text
    assert "One river" in mina.text
    form = {"title": "The cold crossing", "direction": "One\r\nriver", "script": TOLD.replace("\n", "\r\n")}
    await mina.post(f"/drafts/{name}", form | {"to": "draft"})
    assert mina.told == "The cold crossing: changed. It is a draft."
    entry = await board.entry(name)
    assert (entry.shown["Title"], entry.shown["Story Direction"]) == ("The cold crossing", "One\nriver")
    assert entry.brought["script"] == TOLD
    await mina.post(f"/drafts/{name}", {"title": "The cold crossing", "script": "", "to": "draft"})
    assert (await board.entry(name)).brought == {}
    await mina.get(f"/drafts/{name}")
    await mina.post(f"/drafts/{name}", {"title": "The cold crossing", "to": "draft"})
    assert mina.told == "Nothing changed."


async def test_a_draft_is_queued_and_taken_back_and_the_board_keeps_who_did_it(page: Page, board: OwnBoard) -> None:
    async with entered(page, "Mina") as mina, entered(page, "Jo", Role.EDITOR) as jo:
        name = await drafted(mina, board)
        assert (await board.entry(name)).shown[BY] == "Mina"
        await jo.get("/board")
        await jo.post(f"/drafts/{name}", {"to": "queued", "back": "/board"})
        assert jo.told == "The crossing: queued. videod takes it over within seconds."
        page_of = await board.read(name)
        event = edits.queued(page_of.values, name, None, {"wild_planet": "Wild Planet"}, 0)
        assert isinstance(event, edits.EntryQueued)
        assert event.by == "Jo"
        await mina.get(f"/drafts/{name}")
        assert "Take it back" in mina.text
        await mina.post(f"/drafts/{name}", {"to": "draft"})
        assert (await board.entry(name)).shown["Status"] == "Draft"


async def test_what_cannot_be_queued_says_why_and_keeps_what_was_typed(mina: Browser, board: OwnBoard) -> None:
    values = {"Title": "A", "Channel": "nowhere", "Topic": "", "Status": "Draft", "Error Log": "No channel nowhere"}
    name = await board.add(values)
    await mina.get("/board")
    assert "Refused" in mina.text
    assert "No channel nowhere" in mina.text
    await mina.get(f"/drafts/{name}")
    assert "No channel nowhere." in mina.text
    form = {"title": "Bears <3", "channel": "nowhere", "topic": "bears", "direction": "typed here", "to": "queued"}
    assert await mina.post(f"/drafts/{name}", form) == 409
    assert "typed here" in mina.text
    assert 'role="alert"' in mina.text
    assert (await board.entry(name)).shown["Title"] == "A"
    await mina.post(f"/drafts/{name}", {"to": "queued", "back": "/board"})
    assert "empty" in mina.told


async def test_a_refused_entry_in_the_inbox_leads_to_its_form(box: StudioBox, mina: Browser, board: OwnBoard) -> None:
    name = await drafted(mina, board)
    box.apply(EntryRefused(box.clock.at, name, "The topic is empty.", "The crossing", "wild_planet"))
    await mina.get("/")
    assert "The topic is empty." in mina.text
    assert f'<a href="/drafts/{name}" data-open>The crossing</a>' in mina.text


async def test_an_entry_is_removed_after_that_was_said(mina: Browser, board: OwnBoard) -> None:
    name = await drafted(mina, board)
    await mina.get("/board")
    await mina.post(f"/drafts/{name}/remove")
    assert "The crossing is deleted. Nothing was made for it." in mina.text
    assert len(await board.waiting(9)) == 1
    await mina.post(f"/drafts/{name}/remove", {"sure": "1"})
    assert mina.told == "The crossing: removed. Nothing was made for it."
    assert await board.waiting(9) == ()


async def test_an_entry_that_is_an_episode_by_now_leads_there(box: StudioBox, mina: Browser, board: OwnBoard) -> None:
    name = await drafted(mina, board)
    task = box.queue("The crossing", page_id=name)
    assert await mina.get(f"/drafts/{name}", allow_redirects=False) == 303
    assert mina.headers["Location"] == f"/episodes/{task}"
    assert await mina.get("/drafts/entry-none") == 404
    assert "Look at the board" in mina.text


async def test_a_viewer_sees_drafts_and_changes_none(page: Page, mina: Browser, board: OwnBoard) -> None:
    name = await drafted(mina, board)
    async with entered(page, "Vi", Role.VIEWER) as vi:
        await vi.get("/board")
        assert "The crossing" in vi.text
        assert "/drafts/" not in vi.text
        assert await vi.get(f"/drafts/{name}") == 403
        for path in (f"/drafts/{name}", f"/drafts/{name}/remove"):
            assert await vi.post(path, {"to": "queued", "sure": "1"}) == 403
    assert (await board.entry(name)).shown["Status"] == "Draft"
