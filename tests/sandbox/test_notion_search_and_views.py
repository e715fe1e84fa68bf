"""Search, users and views, and the version before data sources, with the Python client."""

from pathlib import Path
from typing import Any

import pytest
from notion_client import APIResponseError

from tests.sandbox.notion_fixtures import ENTRIES, Running, assets_of, rich, running
from videod.sandbox import notion

pytestmark = pytest.mark.fault("11.1")
OLDEST = "2022-06-28"


async def refused(call: Any) -> str:
    with pytest.raises(APIResponseError) as caught:
        await call
    return str(getattr(caught.value.code, "value", caught.value.code))


async def entry(world: Running, source: str, title: str, status: str = "Queued") -> str:
    page = await world.add(source, {"Title": {"title": rich(title)}, "Status": {"select": {"name": status}}})
    return str(page["id"])


async def test_search_finds_titles_newest_first_and_pages_through_them(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source = await world.database()
        made = []
        for title in ("Cold Crossing", "Night Owls", "The cold river"):
            made.append(await entry(world, source, title))
            world.clock.pass_s(120)
        pages = {"property": "object", "value": "page"}
        found = await world.client.search(query="COLD", filter=pages)
        assert [page["id"] for page in found["results"]] == [made[2], made[0]]
        up = {"timestamp": "last_edited_time", "direction": "ascending"}
        first = await world.client.search(query="cold", filter=pages, sort=up, page_size=1)
        second = await world.client.search(query="cold", filter=pages, sort=up, start_cursor=first["next_cursor"])
        assert [one["results"][0]["id"] for one in (first, second)] == [made[0], made[2]]
        await world.client.pages.update(made[0], in_trash=True)
        assert len((await world.client.search(query="cold", filter=pages))["results"]) == 1
        trash = await world.client.search(filter={"in_trash": True})
        assert [page["id"] for page in trash["results"]] == [made[0]]
        everything = (await world.client.search())["results"]
        assert {one["object"] for one in everything} == {"page", "data_source"}
        for wrong in ({"property": "object", "value": "database"}, {"property": "title", "value": "page"}):
            assert await refused(world.client.search(filter=wrong)) == "validation_error"
        assert await refused(world.client.search(sort={"timestamp": "created_time"})) == "validation_error"


async def test_users_are_listed_in_pages(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        users = (await world.client.users.list())["results"]
        assert [user["type"] for user in users] == ["bot", "person"]
        first = await world.client.users.list(page_size=1)
        assert first["has_more"] and first["type"] == "user"
        last = await world.client.users.list(page_size=1, start_cursor=first["next_cursor"])
        assert (last["results"], last["has_more"]) == ([users[1]], False)


async def test_a_database_is_born_with_a_view_and_others_filter_and_sort(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source = await world.database()
        database = (await world.client.data_sources.retrieve(source))["parent"]["database_id"]
        names = ("B", "A", "C")
        ids = {name: await entry(world, source, name, "Queued" if name != "C" else "Draft") for name in names}
        (born,) = (await world.client.views.list(database_id=database))["results"]
        assert born["type"] == "table"
        view = await world.client.views.create(
            data_source_id=source, name="Queue", type="list", sorts=[{"property": "Title", "direction": "ascending"}],
            filter={"property": "Status", "select": {"equals": "Queued"}},
        )  # fmt: skip
        listed = await world.client.views.list(data_source_id=source)
        assert [one["id"] for one in listed["results"]] == [born["id"], view["id"]]
        asked = await world.client.views.queries.create(view["id"], page_size=1)
        rest = await world.client.views.queries.results(view["id"], asked["id"], start_cursor=asked["next_cursor"])
        assert asked["total_count"] == 2
        assert [asked["results"][0]["id"], rest["results"][0]["id"]] == [ids["A"], ids["B"]]
        world.clock.pass_s(3600)
        assert await refused(world.client.views.queries.results(view["id"], asked["id"])) == "object_not_found"
        wrong = world.client.views.update(view["id"], filter={"property": "Nope", "select": {"equals": "x"}})
        assert await refused(wrong) == "validation_error"
        assert (
            await refused(world.client.views.create(data_source_id=source, name="x", type="pie")) == "validation_error"
        )
        await world.client.views.delete(born["id"])
        assert await refused(world.client.views.delete(view["id"])) == "validation_error"
    async with running(tmp_path) as world:
        assert (await world.client.views.retrieve(view["id"]))["name"] == "Queue"


async def test_the_version_before_data_sources_takes_a_database_for_its_rows(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        status, made, _ = await world.raw(
            "POST", "/v1/databases", headers={"Notion-Version": OLDEST},
            json={"parent": {"page_id": notion.BOARD_PAGE_ID}, "title": rich("Entries"), "properties": ENTRIES},
        )  # fmt: skip
        assert status == 200 and "data_sources" not in made
        assert set(made["properties"]) == set(ENTRIES)
        database = made["id"]

        async def old(method: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
            answer = await world.raw(method, path, headers={"Notion-Version": OLDEST}, json=body or None)
            return answer[0], answer[1]

        columns = assets_of("") | {"Entry": {"relation": {"database_id": database, "single_property": {}}}}
        parent = {"page_id": notion.BOARD_PAGE_ID}
        _, assets = await old("POST", "/v1/databases", parent=parent, title=rich("Assets"), properties=columns)
        assert assets["properties"]["Entry"]["relation"]["database_id"] == database
        status, page = await old(
            "POST", "/v1/pages", parent={"database_id": database}, properties={"Title": {"title": rich("Bears")}}
        )
        assert (status, page["parent"]) == (200, {"type": "database_id", "database_id": database})
        equals = {"property": "Title", "title": {"equals": "Bears"}}
        status, rows = await old("POST", f"/v1/databases/{database}/query", filter=equals)
        assert [row["id"] for row in rows["results"]] == [page["id"]]
        status, changed = await old("PATCH", f"/v1/databases/{database}", properties={"Topic": {"name": "Subject"}})
        assert status == 200 and "Subject" in changed["properties"]
        found = (await old("POST", "/v1/search", filter={"property": "object", "value": "database"}))[1]["results"]
        assert {one["object"] for one in found} == {"database"} and len(found) == 2
        status, gone = await old("PATCH", f"/v1/pages/{page['id']}", archived=True)
        assert (status, gone["archived"]) == (200, True)
        newer = (await world.client.databases.retrieve(database))["data_sources"][0]["id"]
        assert (await old("GET", f"/v1/data_sources/{newer}"))[1]["code"] == "invalid_request_url"
        answer = await world.raw("POST", f"/v1/databases/{database}/query", json={})
        assert answer[1]["code"] == "invalid_request_url", "newer versions ask the data source"
        await world.client.data_sources.create(parent={"database_id": database}, properties={"Name": {"title": {}}})
        assert (await old("GET", f"/v1/databases/{database}"))[1]["code"] == "validation_error"
