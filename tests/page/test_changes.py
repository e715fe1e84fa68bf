"""Pages that stay open: they hear of what they show, and one rendering serves all that ask after the same change."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.cli.factory import StudioBox
from tests.harness.patience import patience
from tests.page.browser import Browser, entered
from tests.page.test_reviews import at_assets
from videod.daemon.page import Page
from videod.page import changes
from videod.page.changes import Changes, Ear, News
from videod.page.gate import VISITOR, Inner, Visitor
from videod.page.shared import Shared
from videod.store import views
from videod.web.sessions import Role, Session

REFRESH = {"HX-Request": "true"}


async def heard(stream: aiohttp.ClientResponse) -> int:
    """The number of the next change that the stream tells."""
    await stream.content.readuntil(b"event: changed\ndata: ")
    return int(await stream.content.readline())


def test_a_page_hears_of_what_it_shows() -> None:
    whole, bears, sea = Ear(), Ear(task="bears"), Ear(channel="deep_sea")
    news = News(frozenset({"owls"}), frozenset({"deep_sea"}))
    assert [one.hears(news) for one in (whole, bears, sea)] == [True, False, True]
    assert all(one.hears(News(all=True)) for one in (whole, bears, sea))


async def test_a_page_of_an_episode_is_not_told_of_another(
    box: StudioBox, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(changes, "REST_S", 0.01)
    mine, other = box.queue("Bears"), box.queue("Owls")
    await mina.get(f"/episodes/{mine}")
    assert f'data-shows="task={mine}"' in mina.text
    streams = [await mina.session.get(mina.base + path) for path in ("/changes", f"/changes?task={mine}")]
    whole, one = streams
    assert await heard(one) == await heard(whole)  # where both begin
    box.start(other, "plan/plan")
    later = await heard(whole)
    box.start(mine, "plan/plan")
    assert await heard(one) > later
    for each in streams:
        each.close()


async def test_pages_rest_between_two_changes(
    box: StudioBox, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    rests: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        rests.append(seconds)
        await real(0)

    made = changes.Changes(box.store)
    made._open[Ear()] = None
    monkeypatch.setattr(changes.asyncio, "sleep", sleep)
    watching = asyncio.ensure_future(made.watch())
    while len(rests) < 2:
        await real(0)
    await at_assets(box)
    while rests.count(changes.REST_S) < 2:
        await real(0)
    watching.cancel()
    assert rests[:2] == [changes.REST_S, changes.LOOK_S]
    assert made.number == 2


async def test_pages_that_ask_after_the_same_change_share_one_rendering(
    box: StudioBox, page: Page, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    task = await at_assets(box)
    made: list[int] = []
    real = views.overview
    monkeypatch.setattr(views, "overview", lambda *given, **more: made.append(1) or real(*given, **more))
    async with (
        entered(page, "Jo", Role.EDITOR) as jo, entered(page, "Al", Role.EDITOR) as al,
        entered(page, "Vi", Role.VIEWER) as viewer,
    ):  # fmt: skip
        made.clear()
        everyone = [jo, al, jo, al, viewer]
        keys = {one: one.key for one in everyone}
        assert await asyncio.gather(*(one.get("/board", headers=REFRESH) for one in everyone)) == [200] * 5
        assert len(made) == 2  # one for editors, one for who only looks
        assert jo.key in jo.text and jo.key != al.key and al.key not in jo.text
        assert {one: one.key for one in everyone} == keys
        assert 'name="form_key"' not in viewer.text
        # an act tells all pages: what was kept is of before
        await jo.post(f"/episodes/{task}/cancel", {"sure": "1"})
        made.clear()
        await al.get("/", headers=REFRESH)
        assert made and "Nothing waits for you" in al.text
        # who comes by hand always sees what is
        made.clear()
        await al.get("/board")
        assert made


async def test_pages_that_show_who_looks_are_not_shared(page: Page, mina: Browser) -> None:
    async with entered(page, "Jo", Role.OWNER) as jo:
        await mina.get("/people", headers=REFRESH)
        await jo.get("/people", headers=REFRESH)
    assert "You are Mina" in mina.text
    assert "You are Jo" in jo.text


async def test_an_episode_that_is_gone_is_said_to_everyone(mina: Browser) -> None:
    asked = [mina.get("/episodes/gone", headers=REFRESH) for _ in range(3)]
    assert set(await asyncio.gather(*asked)) == {404}


async def test_a_filtered_board_stays_filtered(box: StudioBox, mina: Browser) -> None:
    await mina.get("/board?channel=deep_sea")
    assert 'hx-get="/board?channel=deep_sea"' in mina.text
    assert 'data-shows="channel=deep_sea"' in mina.text


async def test_a_redirect_reaches_each_of_the_pages_that_ask_at_once(box: StudioBox) -> None:
    """aiohttp sends an answer once, so one that is raised must not be shared."""
    session = Session("digest", "Mina", Role.EDITOR, "phone", 0, 0)
    asked = asyncio.Event()

    @web.middleware
    async def signed_in(request: web.Request, handler: Inner) -> web.StreamResponse:
        request[VISITOR] = Visitor(session, "key")
        return await handler(request)

    async def moved(request: web.Request) -> web.StreamResponse:
        await asked.wait()
        raise web.HTTPSeeOther("/elsewhere")

    app = web.Application(middlewares=[signed_in, Shared(Changes(box.store)).serve])
    app.router.add_get("/room", moved)
    async with patience(), TestClient(TestServer(app)) as browser:
        both = [asyncio.create_task(browser.get("/room", headers=REFRESH, allow_redirects=False)) for _ in range(2)]
        asked.set()
        assert [(await one).status for one in both] == [303, 303]
