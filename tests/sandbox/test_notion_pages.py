"""Databases, data sources and pages, seen through notion-client."""

from pathlib import Path

import pytest
from notion_client import APIResponseError

from tests.sandbox.notion_fixtures import ENTRIES, OLDER, assets_of, rich, running
from videod.sandbox import notion


async def test_a_database_leads_to_its_data_source_and_shows_every_column(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        source = await world.client.data_sources.retrieve(source_id)
        database = await world.client.databases.retrieve(source["parent"]["database_id"])
        assert database["data_sources"] == [{"id": source_id, "name": "Episodes"}]
        assert database["parent"] == {"type": "page_id", "page_id": notion.BOARD_PAGE_ID}
        assert {name: prop["type"] for name, prop in source["properties"].items()} == {
            name: next(iter(body)) for name, body in ENTRIES.items()
        }
        assert [option["name"] for option in source["properties"]["Priority"]["select"]["options"]] == [
            "High", "Normal", "Low",
        ]  # fmt: skip
        assert source["properties"]["Channel"]["select"]["options"][0]["color"] == "green"


async def test_every_property_of_an_entry_reads_back_as_written(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        world.clock.pass_s(75)
        page = await world.add(
            source_id,
            {
                "Title": {"title": rich("Wolves")},
                "Channel": {"select": {"name": "wild"}},
                "Topic": {"rich_text": [*rich("a"), *rich("b")]},
                "YouTube URL": {"url": "https://youtu.be/x"},
                "Next Retry": {"date": {"start": "2026-11-18T10:29:41Z"}},
                "Cost": {"number": 3.25},
            },
        )
        world.clock.pass_s(60)
        read = (await world.client.pages.retrieve(page["id"]))["properties"]
        assert read["Title"]["title"][0]["plain_text"] == "Wolves"
        assert read["Channel"]["select"]["name"] == "wild"
        assert [item["text"]["content"] for item in read["Topic"]["rich_text"]] == ["a", "b"]
        assert read["YouTube URL"]["url"] == "https://youtu.be/x"
        assert read["Next Retry"]["date"]["start"] == "2026-11-18T10:29:00.000+00:00"
        assert read["Cost"]["number"] == 3.25
        assert read["Status"]["select"] is None
        assert read["Story Direction"]["rich_text"] == []
        assert read["Created"]["created_time"] == read["Updated"]["last_edited_time"] == "2026-11-18T10:28:00.000Z"


async def test_every_property_of_an_asset_reads_back_as_written(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        entries = await world.database()
        entry = await world.add(entries, {"Title": {"title": rich("Wolves")}})
        assets = await world.database(assets_of(entries))
        page = await world.add(
            assets,
            {
                "Name": {"title": rich("clip 1")},
                "Entry": {"relation": [{"id": entry["id"]}]},
                "Type": {"select": {"name": "clip"}},
                "File": {"files": [{"name": "a.png", "type": "external", "external": {"url": "https://x.test/a.png"}}]},
                "Date": {"date": {"start": "2026-11-18"}},
                "Redo": {"checkbox": True},
                "Revision": {"number": 2},
            },
        )
        read = page["properties"]
        assert read["Entry"]["relation"] == [{"id": entry["id"]}]
        assert read["Entry"]["has_more"] is False
        assert read["File"]["files"] == [
            {"name": "a.png", "type": "external", "external": {"url": "https://x.test/a.png"}}
        ]
        assert read["Date"]["date"] == {"start": "2026-11-18", "end": None, "time_zone": None}
        assert read["Redo"]["checkbox"] is True
        assert read["Revision"]["number"] == 2


async def test_an_unknown_select_option_is_created_on_the_fly_but_never_one_with_a_comma(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        page = await world.add(source_id, {"Channel": {"select": {"name": "oceans"}}})
        source = await world.client.data_sources.retrieve(source_id)
        names = [option["name"] for option in source["properties"]["Channel"]["select"]["options"]]
        assert names == ["wild", "oceans"]
        assert page["properties"]["Channel"]["select"]["name"] == "oceans"
        with pytest.raises(APIResponseError, match="commas not allowed") as refused:
            await world.add(source_id, {"Channel": {"select": {"name": "a,b"}}})
        assert (refused.value.status, refused.value.code) == (400, "validation_error")


async def test_an_unknown_status_option_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database({"Name": {"title": {}}, "State": {"status": {}}})
        page = await world.add(source_id, {"State": {"status": {"name": "Done"}}})
        assert page["properties"]["State"]["status"]["name"] == "Done"
        with pytest.raises(APIResponseError, match="does not exist") as refused:
            await world.add(source_id, {"State": {"status": {"name": "Rendering"}}})
        assert refused.value.status == 400


async def test_status_options_made_through_the_api_all_land_in_the_to_do_group(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        options = [{"name": "Waiting"}, {"name": "Working"}]
        source_id = await world.database({"Name": {"title": {}}, "State": {"status": {"options": options}}})
        state = (await world.client.data_sources.retrieve(source_id))["properties"]["State"]["status"]
        assert {group["name"]: len(group["option_ids"]) for group in state["groups"]} == {
            "To-do": 2, "In progress": 0, "Complete": 0,
        }  # fmt: skip


async def test_a_schema_patch_adds_renames_removes_and_drops_options_left_out(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        page = await world.add(source_id, {"Priority": {"select": {"name": "Low"}}, "Topic": {"rich_text": rich("t")}})
        before = (await world.client.data_sources.retrieve(source_id))["properties"]
        high = before["Priority"]["select"]["options"][0]
        after = await world.client.data_sources.update(
            source_id,
            properties={
                "Language": {"select": {"options": [{"name": "en"}]}},
                before["Topic"]["id"]: {"name": "Subject"},
                "Privacy": None,
                "Priority": {"select": {"options": [{"id": high["id"]}, {"name": "Urgent"}]}},
            },
        )
        columns = after["properties"]
        assert "Privacy" not in columns
        assert "Topic" not in columns
        assert columns["Language"]["select"]["options"][0]["name"] == "en"
        assert [option["name"] for option in columns["Priority"]["select"]["options"]] == ["High", "Urgent"]
        read = (await world.client.pages.retrieve(page["id"]))["properties"]
        assert read["Subject"]["rich_text"][0]["plain_text"] == "t"
        assert read["Priority"]["select"] is None


async def test_the_color_of_an_existing_option_cannot_be_changed(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        recoloured = {"Channel": {"select": {"options": [{"name": "wild", "color": "red"}]}}}
        with pytest.raises(APIResponseError, match="Cannot update color of select"):
            await world.client.data_sources.update(source_id, properties=recoloured)


async def test_edits_show_who_made_them_and_their_time_rounded_down_to_the_minute(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        page = await world.add(source_id, {"Status": {"select": {"name": "Draft"}}})
        world.clock.pass_s(119)
        person = world.speaking(token=notion.PERSON_TOKEN)
        edited = await person.pages.update(page["id"], properties={"Status": {"select": {"name": "Queued"}}})
        await person.aclose()
        assert edited["last_edited_time"] == "2026-11-18T10:28:00.000Z"
        assert edited["created_by"]["id"] == notion.BOT_ID == (await world.client.users.me())["id"]
        assert edited["last_edited_by"]["id"] == notion.PERSON_ID


async def test_a_text_of_2001_characters_is_refused_and_2000_are_taken(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        await world.add(source_id, {"Topic": {"rich_text": rich("x" * 2000)}})
        with pytest.raises(APIResponseError, match="length should be") as refused:
            await world.add(source_id, {"Topic": {"rich_text": rich("x" * 2001)}})
        assert (refused.value.status, refused.value.code) == (400, "validation_error")
        with pytest.raises(APIResponseError, match="instead was `101`"):
            await world.add(source_id, {"Topic": {"rich_text": rich("x") * 101}})
        with pytest.raises(APIResponseError, match="url"):
            await world.add(source_id, {"YouTube URL": {"url": "https://x.test/" + "y" * 2000}})


async def test_a_value_of_the_wrong_type_an_unknown_and_a_read_only_property_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        for properties, complaint in (
            ({"Cost": {"number": "three"}}, "should be a number"),
            ({"Cost": {"rich_text": []}}, "expected to be number"),
            ({"Colour": {"number": 1}}, "not a property that exists"),
            ({"Updated": {"last_edited_time": "2026-11-18T10:27:00.000Z"}}, "read only"),
        ):
            with pytest.raises(APIResponseError, match=complaint):
                await world.add(source_id, properties)


async def test_a_relation_over_25_is_cut_in_the_page_and_whole_behind_the_property_item(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        entries = await world.database()
        ids = [{"id": (await world.add(entries, {}))["id"]} for _ in range(30)]
        assets = await world.database(assets_of(entries))
        page = await world.add(assets, {"Entry": {"relation": ids}})
        entry = page["properties"]["Entry"]
        assert len(entry["relation"]) == 25
        assert entry["has_more"] is True
        first = await world.client.pages.properties.retrieve(page["id"], entry["id"], page_size=20)
        rest = await world.client.pages.properties.retrieve(
            page["id"], entry["id"], page_size=20, start_cursor=first["next_cursor"]
        )
        assert [item["relation"] for item in first["results"] + rest["results"]] == ids
        assert rest["has_more"] is False


async def test_a_page_in_the_trash_leaves_queries_and_refuses_edits_until_restored(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        page = await world.add(source_id, {})
        gone = await world.client.pages.update(page["id"], in_trash=True)
        assert gone["in_trash"] is gone["archived"] is True
        assert (await world.client.data_sources.query(source_id))["results"] == []
        with pytest.raises(APIResponseError, match="archived"):
            await world.client.pages.update(page["id"], properties={"Cost": {"number": 1}})
        older = world.speaking(OLDER)
        await older.pages.update(page["id"], archived=False)
        await older.aclose()
        assert len((await world.client.data_sources.query(source_id))["results"]) == 1


async def test_archived_is_no_field_of_the_newest_version(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        page = await world.add(await world.database(), {})
        with pytest.raises(APIResponseError, match=r"body\.archived should be not present"):
            await world.client.pages.update(page["id"], archived=True)


async def test_what_is_not_shared_with_the_connection_is_not_found(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        elsewhere = "33333333-3333-4333-8333-333333333333"
        with pytest.raises(APIResponseError, match="shared with your integration") as refused:
            await world.client.databases.create(parent={"page_id": elsewhere}, title=[])
        assert (refused.value.status, refused.value.code) == (404, "object_not_found")
        for ask in (world.client.pages.retrieve, world.client.databases.retrieve, world.client.data_sources.retrieve):
            with pytest.raises(APIResponseError) as missing:
                await ask(elsewhere)
            assert missing.value.status == 404


async def test_a_new_database_is_listed_under_the_shared_page(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.database()
        children = (await world.client.blocks.children.list(notion.BOARD_PAGE_ID))["results"]
        assert [(child["type"], child["child_database"]) for child in children] == [
            ("child_database", {"title": "Episodes"})
        ]
