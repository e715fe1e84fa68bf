"""Links become sessions once, sessions end when they are ended, and wrong links cost nothing."""

import asyncio

import pytest

from tests.cli.factory import MINUTE, StudioBox
from tests.page.browser import Browser, entered, page_over
from videod.config import Web
from videod.core import people
from videod.daemon.page import Page, unencrypted
from videod.guard.errors import Refused
from videod.store import reads
from videod.web.sessions import IDLE_MS, KEPT, LINK_MS, Role, Sessions


async def test_a_browser_without_a_session_sees_only_the_way_in(page: Page) -> None:
    stranger = Browser(page)
    rooms = ("/", "/board", "/new", "/channels", "/services", "/money", "/report", "/people", "/episodes/x", "/changes",
             "/drafts/x", "/media/a/clip/clip_01/0123456789abcdef", "/captions/a/film")  # fmt: skip
    for room in rooms:
        assert await stranger.get(room, allow_redirects=False) in (303, 401), room
        assert not stranger.headers.get("Set-Cookie")
    for path in ("/approve", "/episodes/x/approve", "/services/all/pause", "/people", "/new", "/drafts/x",
                 "/drafts/x/remove", "/episodes/x/put?job=a"):  # fmt: skip
        assert await stranger.post(path, {"a": "b"}) == 401, path
    await stranger.session.close()


async def test_a_link_lets_one_browser_in_once(page: Page) -> None:
    first, second = Browser(page), Browser(page)
    link = page.sessions.link("Mina", Role.OWNER)
    assert await first.post("/enter", {"code": link, "to": "/money"}) == 200
    assert "<h1>Money</h1>" in first.text
    assert await second.post("/enter", {"code": link, "to": "/"}) == 403
    assert "used before" in second.text
    assert await second.get("/", allow_redirects=False) == 303
    await first.session.close()
    await second.session.close()


async def test_a_person_of_notion_is_known_until_they_are_ended(box: StudioBox, page: Page) -> None:
    user = "11111111-2222-3333-4444-555555555555"
    await page.sessions.know(user, "Mina", Role.EDITOR)
    again = Sessions(box.store, box.ledger, box.clock)  # type: ignore[arg-type]
    await again.load()
    kept = await box.store.read(lambda tx: reads.value_json(tx, people.KEPT))
    assert people.of(kept, user) == people.Person("Mina", "editor")
    with pytest.raises(Refused, match="is not the ID of a user of Notion"):
        await again.know("mina", "Mina", Role.EDITOR)
    assert await again.end("Mina") == 0  # she has no session
    kept = await box.store.read(lambda tx: reads.value_json(tx, people.KEPT))
    assert people.of(kept, user) is None
    with pytest.raises(Refused):
        await again.end("Mina")


async def test_a_link_is_good_for_ten_minutes(box: StudioBox, page: Page) -> None:
    late = Browser(page)
    link = page.sessions.link("Mina", Role.OWNER)
    box.clock.at += LINK_MS
    assert await late.post("/enter", {"code": link}) == 403
    await late.session.close()


async def test_the_cookie_is_for_this_page_alone_and_scripts_do_not_see_it(page: Page) -> None:
    browser = Browser(page)
    link = page.sessions.link("Mina", Role.OWNER)
    await browser.post("/enter", {"code": link}, allow_redirects=False)
    cookie = browser.headers["Set-Cookie"]
    assert cookie.startswith(f"videod_{page.port}=")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/"))
    await browser.session.close()


async def test_a_cookie_travels_in_tls_only_where_the_page_has_it(box: StudioBox) -> None:
    async with page_over(box, public_url="https://videod.example.com") as page:
        browser = Browser(page)
        link = page.sessions.link("Mina", Role.OWNER)
        await browser.post("/enter", {"code": link}, allow_redirects=False)
        assert "Secure" in browser.headers["Set-Cookie"]
        assert page.sessions.address == "https://videod.example.com"
        await browser.session.close()


async def test_a_session_that_a_browser_brings_is_never_taken_over(page: Page) -> None:
    """Session fixation: whoever planted a cookie does not know the session that follows."""
    browser = Browser(page)
    browser.session.cookie_jar.update_cookies({f"videod_{page.port}": "planted" * 6})
    assert await browser.enter() == 200
    planted = {f"videod_{page.port}": "planted" * 6}
    other = Browser(page)
    other.session.cookie_jar.update_cookies(planted)
    assert await other.get("/", allow_redirects=False) == 303
    await browser.session.close()
    await other.session.close()


async def test_the_way_in_leads_nowhere_else(page: Page) -> None:
    for to in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y", "é"):
        browser = Browser(page)
        link = page.sessions.link("Mina", Role.OWNER)
        assert await browser.post("/enter", {"code": link, "to": to}, allow_redirects=False) == 303
        assert browser.headers["Location"] == "/"
        await browser.session.close()


async def test_a_thousand_wrong_links_slow_nothing_and_keep_nobody_out(page: Page) -> None:
    stranger = Browser(page)
    answers = [await stranger.post("/enter", {"code": f"wrong-{number}"}) for number in range(1000)]
    assert answers[0] == 403
    assert answers.count(429) > 900
    assert "Retry-After" in stranger.headers
    link = page.sessions.link("Mina", Role.OWNER)
    assert await stranger.post("/enter", {"code": link}) == 200
    await stranger.session.close()


async def test_sessions_outlive_the_daemon_and_links_do_not(box: StudioBox) -> None:
    async with page_over(box) as page, entered(page) as mina:
        cookies = {cookie.key: cookie.value for cookie in mina.session.cookie_jar}
        link = page.sessions.link("Jo", Role.VIEWER)
    again = Sessions(box.store, box.ledger, box.clock)
    await again.load()
    (secret,) = cookies.values()
    found = await again.of(secret)
    assert found is not None
    assert (found.name, found.role) == ("Mina", Role.OWNER)
    assert await again.enter(link, "") is None


async def test_the_database_holds_no_secret_of_a_session(box: StudioBox, mina: Browser) -> None:
    (cookie,) = mina.session.cookie_jar
    kept = await box.store.read(
        lambda tx: str(tuple(tx.execute("SELECT value FROM key_values WHERE name = ?", (KEPT,)).fetchone()))
    )
    assert "Mina" in kept
    assert cookie.value not in kept


async def test_a_session_that_nobody_uses_ends(box: StudioBox, mina: Browser) -> None:
    box.clock.at += IDLE_MS - MINUTE
    assert await mina.get("/", allow_redirects=False) == 200
    box.clock.at += IDLE_MS + MINUTE
    assert await mina.get("/", allow_redirects=False) == 303


async def test_an_owner_ends_the_session_of_another(page: Page, mina: Browser) -> None:
    async with entered(page, "Jo", Role.EDITOR) as jo:
        (theirs,) = [one for one in page.sessions.listed() if one.name == "Jo"]
        await mina.get("/people")
        assert "Jo" in mina.text
        assert await mina.post("/people/end", {"session": theirs.id}) == 200
        assert mina.told == "1 session ended."
        assert await jo.get("/", allow_redirects=False) == 303


async def test_whoever_leaves_is_out(mina: Browser) -> None:
    await mina.get("/people")
    assert await mina.post("/leave") == 200
    assert await mina.get("/", allow_redirects=False) == 303


async def test_a_phone_is_paired_by_a_code_that_is_shown_once(page: Page, mina: Browser) -> None:
    await mina.get("/people")
    assert await mina.post("/people", {"name": "Mina", "role": "editor"}) == 200
    address = mina.text.split('readonly value="')[1].split('"')[0]
    assert address.startswith(f"http://127.0.0.1:{page.port}/enter#")
    assert "<svg" in mina.text
    phone = Browser(page)
    assert await phone.post("/enter", {"code": address}, headers={"User-Agent": "Mozilla (iPhone) Safari/1"}) == 200
    assert [one.device for one in page.sessions.listed() if one.role is Role.EDITOR] == ["Safari on iPhone"]
    await phone.session.close()


async def test_a_taken_port_leaves_the_daemon_without_its_page_until_it_is_free(box: StudioBox) -> None:
    async with page_over(box) as page:
        from videod.daemon.page import Page as Another

        assert page.port is not None
        other = Another(Web(port=page.port), page._means)
        other.house = page.house
        running = asyncio.create_task(other.run())
        while not other.problems():
            await asyncio.sleep(0)
        assert "cannot be opened" in other.problems()[0]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_plain_http_beyond_this_host_is_said() -> None:
    assert unencrypted(Web()) == unencrypted(Web(listen="192.0.2.7", public_url="https://v.example")) == ""
    assert unencrypted(Web(listen="192.0.2.7", port=0)) == ""
    assert "without encryption at 192.0.2.7" in unencrypted(Web(listen="192.0.2.7"))
