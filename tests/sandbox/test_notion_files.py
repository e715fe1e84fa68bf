"""File uploads through notion-client, and the hosted files that come of them."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from notion_client import APIResponseError

from tests.sandbox.notion_fixtures import Running, rich, running
from videod.sandbox import notion

FILES: dict[str, Any] = {"Name": {"title": {}}, "File": {"files": {}}}
MIB = 1 << 20


async def uploaded(world: Running, name: str, kind: str, body: bytes) -> str:
    upload = await world.client.file_uploads.create(filename=name, content_type=kind)
    sent = await world.client.file_uploads.send(upload["id"], file=(name, io.BytesIO(body), kind))
    assert (upload["status"], sent["status"]) == ("pending", "uploaded")
    return str(upload["id"])


async def row_with(world: Running, upload_id: str) -> dict[str, Any]:
    entry = {"name": "shown", "type": "file_upload", "file_upload": {"id": upload_id}}
    return await world.add(await world.database(FILES), {"File": {"files": [entry]}})


async def test_a_single_part_upload_is_served_from_the_url_of_the_page_for_one_hour(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        page = await row_with(world, await uploaded(world, "a.png", "image/png", b"picture"))
        shown = page["properties"]["File"]["files"][0]
        assert (shown["name"], shown["type"]) == ("shown", "file")
        assert shown["file"]["expiry_time"] == "2026-11-18T11:27:00.000Z"
        async with world.http.get(shown["file"]["url"], headers={"Range": "bytes=0-2"}) as response:
            assert (response.status, response.content_type) == (206, "image/png")
            assert await response.read() == b"pic"
        world.clock.pass_s(3600)
        async with world.http.get(shown["file"]["url"]) as response:
            assert response.status == 403
            assert "Request has expired" in await response.text()
        again = (await world.client.pages.retrieve(page["id"]))["properties"]["File"]["files"][0]["file"]["url"]
        async with world.http.get(again) as response:
            assert await response.read() == b"picture"
        async with world.http.get(again.replace("sig=", "sig=0")) as response:
            assert response.status == 403


async def test_parts_sent_out_of_order_and_at_once_become_one_file(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        api = world.client.file_uploads
        upload = await api.create(mode="multi_part", filename="film.mp4", content_type="video/mp4", number_of_parts=3)
        parts = {1: b"1" * 5 * MIB, 2: b"2" * 6 * MIB, 3: b"3" * 10}

        async def send(number: int) -> dict[str, Any]:
            file = ("film.mp4", io.BytesIO(parts[number]), "video/mp4")
            sent: dict[str, Any] = await api.send(upload["id"], file=file, part_number=str(number))
            return sent

        assert (await send(3))["number_of_parts"] == {"total": 3, "sent": 1}
        with pytest.raises(APIResponseError, match="missing part 1 of 3"):
            await api.complete(upload["id"])
        answers = await asyncio.gather(send(2), send(1))
        assert {answer["status"] for answer in answers} == {"pending"}
        done = await api.complete(upload["id"])
        assert (done["status"], done["content_length"]) == ("uploaded", 11 * MIB + 10)
        page = await row_with(world, upload["id"])
        async with world.http.get(page["properties"]["File"]["files"][0]["file"]["url"]) as response:
            assert await response.read() == parts[1] + parts[2] + parts[3]
        assert (await api.retrieve(upload["id"]))["expiry_time"] is None
        assert [path.name for path in (tmp_path / "notion" / "files").iterdir()] == [upload["id"]]


async def test_a_small_part_and_a_file_over_20_mib_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        api = world.client.file_uploads
        many = await api.create(mode="multi_part", filename="a.mp4", content_type="video/mp4", number_of_parts=2)
        with pytest.raises(APIResponseError, match="at least 5242880"):
            await api.send(many["id"], file=("a.mp4", io.BytesIO(b"x"), "video/mp4"), part_number="1")
        one = await api.create(filename="b.mp4", content_type="video/mp4")
        with pytest.raises(APIResponseError, match="exceed the limit"):
            await api.send(one["id"], file=("b.mp4", io.BytesIO(b"x" * (20 * MIB + 1)), "video/mp4"))
        assert (await api.retrieve(one["id"]))["status"] == "pending"
        assert list((tmp_path / "notion" / "files").iterdir()) == []


async def test_an_upload_that_nothing_holds_expires_after_an_hour_and_cannot_be_attached(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        kept = await uploaded(world, "kept.png", "image/png", b"k")
        await row_with(world, kept)
        lost = await uploaded(world, "lost.png", "image/png", b"l")
        assert (await world.client.file_uploads.retrieve(lost))["expiry_time"] == "2026-11-18T11:27:00.000Z"
        world.clock.pass_s(3600)
        assert (await world.client.file_uploads.retrieve(lost))["status"] == "expired"
        assert [u["id"] for u in (await world.client.file_uploads.list(status="expired"))["results"]] == [lost]
        with pytest.raises(APIResponseError, match="status of `expired`"):
            await row_with(world, lost)
        await row_with(world, kept)


async def test_an_upload_without_contents_cannot_be_attached(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        upload = await world.client.file_uploads.create(filename="a.png")
        with pytest.raises(APIResponseError, match="status of `pending`"):
            await row_with(world, upload["id"])


async def test_names_and_types_that_notion_does_not_take_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        api = world.client.file_uploads
        for wish, complaint in (
            ({"filename": "plan.exe"}, "not supported"),
            ({"filename": "a.png", "content_type": "video/mp4"}, "does not match"),
            ({"mode": "multi_part", "filename": "a.mp4"}, "number_of_parts"),
            ({"mode": "multi_part", "number_of_parts": 2}, "filename"),
            ({"mode": "sideways"}, "mode"),
        ):
            with pytest.raises(APIResponseError, match=complaint):
                await api.create(**wish)
        png = await api.create(filename="a.png", content_type="image/png")
        with pytest.raises(APIResponseError, match="does not match that of the file upload"):
            await api.send(png["id"], file=("a.png", io.BytesIO(b"x"), "image/jpeg"))


async def test_an_external_url_is_imported_in_the_background(tmp_path: Path) -> None:
    async def picture(_request: web.Request) -> web.Response:
        return web.Response(body=b"from elsewhere", content_type="image/png")

    elsewhere = web.Application()
    elsewhere.router.add_get("/a.png", picture)
    runner = web.AppRunner(elsewhere)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with running(tmp_path, requests_per_minute=10_000) as world:
        finished = {}
        for name in ("a.png", "missing.png"):
            upload = await world.client.file_uploads.create(
                mode="external_url", external_url=f"{base}/{name}", filename=name
            )
            while upload["status"] == "pending":
                await asyncio.sleep(0.005)
                upload = await world.client.file_uploads.retrieve(upload["id"])
            finished[name] = upload
        good, bad = finished["a.png"], finished["missing.png"]
        assert (good["status"], good["file_import_result"]["type"]) == ("uploaded", "success")
        assert (bad["status"], bad["file_import_result"]["type"]) == ("failed", "error")
        assert "404" in bad["file_import_result"]["error"]["message"]
        page = await row_with(world, good["id"])
        async with world.http.get(page["properties"]["File"]["files"][0]["file"]["url"]) as response:
            assert await response.read() == b"from elsewhere"
    await runner.cleanup()


async def test_a_hosted_file_stays_when_the_array_is_written_back_with_a_new_one(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        page = await row_with(world, await uploaded(world, "a.png", "image/png", b"first"))
        old = page["properties"]["File"]["files"][0]
        fresh = {"type": "file_upload", "file_upload": {"id": await uploaded(world, "b.png", "image/png", b"second")}}
        changed = await world.client.pages.update(page["id"], properties={"File": {"files": [old, fresh]}})
        assert [file["name"] for file in changed["properties"]["File"]["files"]] == ["shown", "b.png"]


async def test_a_page_takes_an_uploaded_video_as_a_block_and_blocks_keep_their_order(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        upload_id = await uploaded(world, "clip.mp4", "video/mp4", b"moving")
        page = await world.add(await world.database(), {"Title": {"title": rich("Wolves")}})
        api = world.client.blocks
        first = (await api.children.append(page["id"], children=[{"paragraph": {"rich_text": rich("one")}}]))["results"]
        video = {"type": "video", "video": {"type": "file_upload", "file_upload": {"id": upload_id}}}
        after = {"type": "after_block", "after_block": {"id": first[0]["id"]}}
        toggle = {"toggle": {"rich_text": rich("more"), "children": [{"to_do": {"rich_text": rich("inner")}}]}}
        await api.children.append(page["id"], children=[toggle])
        await api.children.append(page["id"], children=[video], position=after)
        await api.children.append(page["id"], children=[{"divider": {}}], position={"type": "start"})
        listed = (await api.children.list(page["id"]))["results"]
        assert [block["type"] for block in listed] == ["divider", "paragraph", "video", "toggle"]
        async with world.http.get(listed[2]["video"]["file"]["url"]) as response:
            assert await response.read() == b"moving"
        assert [block["has_children"] for block in listed] == [False, False, False, True]
        inner = (await api.children.list(listed[3]["id"]))["results"][0]
        assert inner["parent"] == {"type": "block_id", "block_id": listed[3]["id"]}
        checked = await api.update(inner["id"], to_do={"checked": True})
        assert checked["to_do"]["checked"] is True
        assert checked["to_do"]["rich_text"][0]["plain_text"] == "inner"
        captioned = await api.update(listed[2]["id"], video={"caption": rich("a wolf")})
        assert captioned["video"]["caption"][0]["plain_text"] == "a wolf"
        assert captioned["video"]["type"] == "file"
        assert (await api.delete(listed[1]["id"]))["in_trash"] is True
        assert [block["type"] for block in (await api.children.list(page["id"]))["results"]] == [
            "divider", "video", "toggle",
        ]  # fmt: skip


async def test_append_takes_after_in_the_older_version_and_position_in_the_newest(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        block = {"paragraph": {"rich_text": rich("x")}}
        older = world.speaking("2025-09-03")
        first = (await older.blocks.children.append(notion.BOARD_PAGE_ID, children=[block, block]))["results"][0]["id"]
        await older.blocks.children.append(notion.BOARD_PAGE_ID, children=[{"divider": {}}], after=first)
        kinds = [child["type"] for child in (await older.blocks.children.list(notion.BOARD_PAGE_ID))["results"]]
        assert kinds == ["paragraph", "divider", "paragraph"]
        with pytest.raises(APIResponseError, match=r"body\.position should be not present"):
            await older.blocks.children.append(notion.BOARD_PAGE_ID, children=[block], position={"type": "start"})
        with pytest.raises(APIResponseError, match=r"body\.after should be not present"):
            await world.client.blocks.children.append(notion.BOARD_PAGE_ID, children=[block], after=first)
        await older.aclose()


async def test_too_many_or_too_deep_blocks_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        append = world.client.blocks.children.append
        leaf = {"paragraph": {"rich_text": rich("x")}}
        two = {"toggle": {"rich_text": [], "children": [leaf]}}
        three = {"toggle": {"rich_text": [], "children": [two]}}
        await append(notion.BOARD_PAGE_ID, children=[two])
        for children, complaint in (([leaf] * 101, "instead was `101`"), ([three], "children should be not present")):
            with pytest.raises(APIResponseError, match=complaint):
                await append(notion.BOARD_PAGE_ID, children=children)
        with pytest.raises(APIResponseError, match="exactly one block type"):
            await append(notion.BOARD_PAGE_ID, children=[{"hologram": {}}])


async def test_comments_form_discussions_that_can_be_read_changed_and_deleted(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        page = await world.add(await world.database(), {})
        api = world.client.comments
        first = await api.create(parent={"page_id": page["id"]}, rich_text=rich("Approve?"))
        reply = await api.create(discussion_id=first["discussion_id"], rich_text=rich("Yes"))
        assert reply["parent"] == {"type": "page_id", "page_id": page["id"]}
        await api.update(reply["id"], rich_text=rich("No"))
        listed = (await api.list(block_id=page["id"]))["results"]
        assert [comment["rich_text"][0]["plain_text"] for comment in listed] == ["Approve?", "No"]
        await api.delete(first["id"])
        with pytest.raises(APIResponseError) as gone:
            await api.retrieve(first["id"])
        assert gone.value.status == 404
