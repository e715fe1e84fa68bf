"""The sandbox's web page: what it shows is what the simulated services hold, and its edits are a person's edits."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.sandbox.notion_fixtures import BEGIN_S, Clock, Running, assets_of, rich, running
from videod.sandbox import notion
from videod.sandbox.kernel import Context, Options
from videod.sandbox.page import STATIC, build_page

Browser = TestClient[web.Request, web.Application]


@asynccontextmanager
async def looking_at(context: Context) -> AsyncIterator[Browser]:
    async with TestClient(TestServer(build_page(context))) as browser:
        yield browser


async def read(browser: Browser, path: str) -> dict[str, Any]:
    async with browser.get(path) as response:
        assert response.status == 200, await response.text()
        body: dict[str, Any] = await response.json()
        return body


async def entry_with_assets(world: Running) -> tuple[str, str]:
    """An entry and one asset of it that holds an uploaded picture and an external film."""
    entries = await world.database()
    entry = await world.add(
        entries,
        {
            "Title": {"title": rich("Wolves")},
            "Channel": {"select": {"name": "wild"}},
            "Status": {"select": {"name": "Assets Ready"}},
            "Progress": {"rich_text": rich("images 3/22")},
            "Cost": {"number": 1.5},
            "Error Log": {"rich_text": rich("clip 4 <script>")},
        },
    )
    upload = await world.client.file_uploads.create(filename="a.png", content_type="image/png")
    await world.client.file_uploads.send(upload["id"], file=("a.png", io.BytesIO(b"picture"), "image/png"))
    files = [
        {"type": "file_upload", "file_upload": {"id": upload["id"]}},
        {"type": "external", "name": "film", "external": {"url": "https://cdn.test/film.mp4"}},
    ]
    assets = await world.database(assets_of(entries))
    asset = await world.add(
        assets,
        {
            "Name": {"title": rich("wolf_core")},
            "Entry": {"relation": [{"id": entry["id"]}]},
            "Type": {"select": {"name": "image"}},
            "File": {"files": files},
        },
    )
    await world.add(assets, {"Name": {"title": rich("of nobody")}})
    return entry["id"], asset["id"]


async def test_the_page_and_its_parts_come_without_any_outside_resource(tmp_path: Path) -> None:
    async with running(tmp_path) as world, looking_at(world.context) as browser:
        for path in ("/", "/videos", "/ledger", "/static/app.js", "/static/style.css"):
            async with browser.get(path) as response:
                assert response.status == 200
                assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        async with browser.get("/static/..%2Fpage.py") as response:
            assert response.status == 404
    for part in STATIC.iterdir():
        assert "http://" not in part.read_text()
        assert "https://" not in part.read_text()


async def test_an_empty_workspace_shows_an_empty_board(tmp_path: Path) -> None:
    async with running(tmp_path) as world, looking_at(world.context) as browser:
        assert await read(browser, "/api/board") == {"statuses": [], "entries": [], "total_usd": 0}


async def test_the_board_follows_the_stand_in_and_shows_what_a_card_needs(tmp_path: Path) -> None:
    async with running(tmp_path) as world, looking_at(world.context) as browser:
        entry_id, _ = await entry_with_assets(world)
        board = await read(browser, "/api/board")
        assert board["statuses"][:2] == ["Draft", "Queued"]
        (card,) = board["entries"]
        assert card["id"] == entry_id
        assert (card["title"], card["channel"], card["status"]) == ("Wolves", "wild", "Assets Ready")
        assert (card["progress"], card["cost_usd"], card["error"]) == ("images 3/22", 1.5, "clip 4 <script>")
        await world.client.pages.update(entry_id, properties={"Progress": {"rich_text": rich("images 4/22")}})
        assert (await read(browser, "/api/board"))["entries"][0]["progress"] == "images 4/22"
        await world.client.pages.update(entry_id, in_trash=True)
        assert (await read(browser, "/api/board"))["entries"] == []


async def test_an_entry_shows_its_own_assets_and_their_files_can_be_fetched_in_ranges(tmp_path: Path) -> None:
    async with running(tmp_path) as world, looking_at(world.context) as browser:
        entry_id, _ = await entry_with_assets(world)
        (asset,) = (await read(browser, f"/api/entries/{entry_id}"))["assets"]
        assert (asset["name"], asset["type"], asset["redo"]) == ("wolf_core", "image", False)
        picture, film = asset["files"]
        assert (picture["kind"], film) == (
            "image",
            {"name": "film", "url": "https://cdn.test/film.mp4", "kind": "video"},
        )
        async with browser.get(picture["url"], headers={"Range": "bytes=3-"}) as response:
            assert (response.status, response.content_type) == (206, "image/png")
            assert await response.read() == b"ture"
        for missing in ("/api/entries/nobody", "/media/notion/nothing"):
            async with browser.get(missing) as response:
                assert response.status == 404


async def test_a_status_chosen_on_the_page_is_a_persons_edit(tmp_path: Path) -> None:
    async with running(tmp_path) as world, looking_at(world.context) as browser:
        entry_id, asset_id = await entry_with_assets(world)
        world.clock.pass_s(60)
        async with browser.post(f"/api/pages/{entry_id}", json={"status": "Approved - Assets"}) as response:
            assert await response.json() == {"ok": True, "message": ""}
        page = await world.client.pages.retrieve(entry_id)
        assert page["properties"]["Status"]["select"]["name"] == "Approved - Assets"
        assert page["last_edited_by"]["id"] == notion.PERSON_ID
        assert page["last_edited_time"] == "2026-11-18T10:28:00.000Z"
        async with browser.post(f"/api/pages/{asset_id}", json={"redo": True}) as response:
            assert response.status == 200
        assert (await world.client.pages.retrieve(asset_id))["properties"]["Redo"]["checkbox"] is True


async def test_an_edit_that_notion_refuses_is_answered_with_its_reason(tmp_path: Path) -> None:
    async with running(tmp_path) as world, looking_at(world.context) as browser:
        entry_id, _ = await entry_with_assets(world)
        async with browser.post(f"/api/pages/{entry_id}", json={"status": "a, b"}) as response:
            assert response.status == 400
            assert "commas not allowed" in (await response.json())["message"]
        for body, content_type, status in ((b"{}", "application/json", 400), (b'{"status":"x"}', "text/plain", 415)):
            headers = {"Content-Type": content_type}
            async with browser.post(f"/api/pages/{entry_id}", data=body, headers=headers) as response:
                assert response.status == status


async def test_an_edit_while_notion_is_away_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        entry_id, _ = await entry_with_assets(world)
        context = world.context
    async with looking_at(context) as browser, browser.post(f"/api/pages/{entry_id}", json={"status": "x"}) as response:
        assert response.status == 502
        assert "did not answer" in (await response.json())["message"]


async def test_videos_are_listed_newest_first_and_play_in_ranges(tmp_path: Path) -> None:
    context = Context(tmp_path, Options(), Clock())
    (context.folder("youtube") / "films").mkdir()
    (context.folder("youtube") / "films" / "one.mp4").write_bytes(b"0123456789")
    (tmp_path / "secret.txt").write_text("never shown")
    (context.folder("youtube") / "captions").mkdir()
    (context.folder("youtube") / "captions" / "t.txt").write_text("1\n00:00:01,000 --> 00:00:02,000\nEin B\u00e4r.\n")
    at_ms = int(BEGIN_S * 1000)
    context.save(
        "youtube",
        {
            "videos": {
                "one": {"id": "one", "snippet": {"title": "One"}, "status": {"privacyStatus": "private"},
                        "file": "films/one.mp4", "uploaded_at_ms": at_ms},
                "two": {"id": "two", "snippet": {}, "status": {}, "file": "../secret.txt", "uploaded_at_ms": at_ms + 1,
                        "thumbnail": "../secret.txt"},
            },
            "captions": {"t": {"id": "t", "video_id": "one", "language": "de", "format": "srt"},
                         "../../secret": {"id": "../../secret", "video_id": "two", "language": "de", "format": "srt"}},
        },
    )  # fmt: skip
    async with looking_at(context) as browser:
        second, first = (await read(browser, "/api/videos"))["videos"]
        assert (first["snippet"], first["status"]) == ({"title": "One"}, {"privacyStatus": "private"})
        assert first["uploaded_at"] == "2026-11-18T10:27:00.000Z"
        async with browser.get(first["url"], headers={"Range": "bytes=2-4"}) as response:
            assert (response.status, await response.read()) == (206, b"234")
        for url in (second["url"], second["poster"], "media/captions/..%2F..%2Fsecret", "media/captions/none"):
            async with browser.get(url) as response:
                assert response.status == 404
        assert first["captions"] == [{"language": "de", "url": "media/captions/t"}] and first["poster"] is None
        async with browser.get("media/captions/t") as response:
            assert response.content_type == "text/vtt"
            assert await response.text() == "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nEin B\u00e4r.\n"


async def test_the_ledger_groups_charges_by_service_with_totals(tmp_path: Path) -> None:
    context = Context(tmp_path, Options(), Clock())
    for service, kind, quantity, usd in (
        ("gemini", "image", 1, 0.04), ("gemini", "image", 1, 0.04), ("gemini", "plan", 900, 0.01),
        ("kie", "clip", 10, 0.2),
    ):  # fmt: skip
        context.charge(service, kind, "digest", quantity, "unit", usd)
    async with looking_at(context) as browser:
        ledger = await read(browser, "/api/ledger")
        assert (ledger["total_usd"], ledger["calls"]) == (0.29, 4)
        gemini, kie = ledger["services"]
        assert (gemini["service"], gemini["calls"], gemini["usd"], kie["usd"]) == ("gemini", 3, 0.09, 0.2)
        assert gemini["kinds"][0] == {"kind": "image", "unit": "unit", "calls": 2, "quantity": 2, "usd": 0.08}
        assert [charge["kind"] for charge in ledger["latest"]] == ["clip", "plan", "image", "image"]
        assert (await read(browser, "/api/board"))["total_usd"] == 0.29
