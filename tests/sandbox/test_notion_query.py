"""Queries of data sources: filters, sorts, paging and the cap on rows."""

from pathlib import Path
from typing import Any

import pytest
from notion_client import APIResponseError

from tests.sandbox.notion_fixtures import Running, assets_of, rich, running


def row(title: str, **values: Any) -> dict[str, Any]:
    return {"Title": {"title": rich(title)}, **values}


async def found(world: Running, source_id: str, wanted: dict[str, Any], **more: Any) -> list[str]:
    """Titles of the pages that a filter lets through, oldest first."""
    sorts = more.pop("sorts", [{"property": "Title", "direction": "ascending"}])
    answer = await world.client.data_sources.query(source_id, filter=wanted, sorts=sorts, **more)
    return [page["properties"]["Title"]["title"][0]["plain_text"] for page in answer["results"]]


async def three_entries(world: Running) -> str:
    source_id = await world.database()
    await world.add(
        source_id,
        row("a", Status={"select": {"name": "Queued"}}, Cost={"number": 1}, Topic={"rich_text": rich("Grey wolves")}),
    )
    await world.add(
        source_id,
        row(
            "b",
            Status={"select": {"name": "Draft"}},
            Cost={"number": 2.5},
            **{"Next Retry": {"date": {"start": "2026-11-20"}}, "YouTube URL": {"url": "https://youtu.be/b"}},
        ),
    )
    await world.add(source_id, row("c"))
    return source_id


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        ({"property": "Status", "select": {"equals": "Queued"}}, ["a"]),
        ({"property": "Status", "select": {"equals": ["Queued", "Draft"]}}, ["a", "b"]),
        ({"property": "Status", "select": {"does_not_equal": "Queued"}}, ["b", "c"]),
        ({"property": "Status", "select": {"is_empty": True}}, ["c"]),
        ({"property": "Status", "select": {"is_not_empty": True}}, ["a", "b"]),
        ({"property": "Title", "title": {"equals": "b"}}, ["b"]),
        ({"property": "Topic", "rich_text": {"contains": "WOLVES"}}, ["a"]),
        ({"property": "Topic", "rich_text": {"starts_with": "grey"}}, ["a"]),
        ({"property": "Topic", "rich_text": {"is_empty": True}}, ["b", "c"]),
        ({"property": "Cost", "number": {"greater_than": 1}}, ["b"]),
        ({"property": "Cost", "number": {"less_than_or_equal_to": 1}}, ["a"]),
        ({"property": "Cost", "number": {"does_not_equal": 1}}, ["b", "c"]),
        ({"property": "YouTube URL", "url": {"ends_with": "/b"}}, ["b"]),
        ({"property": "Next Retry", "date": {"on_or_before": "2026-11-20"}}, ["b"]),
        ({"property": "Next Retry", "date": {"before": "2026-11-20"}}, []),
        ({"property": "Next Retry", "date": {"next_week": {}}}, ["b"]),
        ({"property": "Created", "created_time": {"equals": "2026-11-18"}}, ["a", "b", "c"]),
        (
            {"and": [
                {"property": "Status", "select": {"is_not_empty": True}},
                {"or": [{"property": "Cost", "number": {"equals": 1}}, {"property": "Cost", "number": {"equals": 9}}]},
            ]},
            ["a"],
        ),
    ],
)  # fmt: skip
async def test_a_filter_lets_the_right_pages_through(tmp_path: Path, wanted: dict[str, Any], titles: list[str]) -> None:
    async with running(tmp_path) as world:
        assert await found(world, await three_entries(world), wanted) == titles


async def test_assets_are_found_by_relation_and_checkbox(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        entries = await world.database()
        wolves, bears = [await world.add(entries, row(title)) for title in ("wolves", "bears")]
        assets = await world.database(assets_of(entries))
        await world.add(assets, {"Entry": {"relation": [{"id": wolves["id"]}]}, "Redo": {"checkbox": True}})
        await world.add(assets, {"Entry": {"relation": [{"id": bears["id"]}]}})
        of_wolves = {"property": "Entry", "relation": {"contains": wolves["id"]}}
        to_redo = {"property": "Redo", "checkbox": {"equals": True}}
        for wanted, count in ((of_wolves, 1), (to_redo, 1), ({"and": [of_wolves, to_redo]}, 1)):
            assert len((await world.client.data_sources.query(assets, filter=wanted))["results"]) == count
        not_wolves = {"property": "Entry", "relation": {"does_not_contain": wolves["id"]}}
        assert len((await world.client.data_sources.query(assets, filter=not_wolves))["results"]) == 1


async def test_last_edited_filters_see_the_time_rounded_down_to_the_minute(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        world.clock.pass_s(30)
        await world.add(source_id, row("half past"))  # shown as 10:27:00

        async def since(moment: str) -> list[str]:
            return await found(
                world, source_id, {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": moment}}
            )

        assert await since("2026-11-18T10:27:00.000Z") == ["half past"]
        assert await since("2026-11-18T10:27:15.000Z") == []
        newest_first = [{"timestamp": "last_edited_time", "direction": "descending"}]
        world.clock.pass_s(60)
        await world.add(source_id, row("later"))
        assert await found(
            world,
            source_id,
            {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2026-11-18T10:27:00Z"}},
            sorts=newest_first,
        ) == ["later", "half past"]


async def test_selects_sort_in_the_order_of_their_options_and_empty_ones_come_last(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        for title, priority in (("l", "Low"), ("none", None), ("h", "High"), ("n", "Normal")):
            value = {"select": None if priority is None else {"name": priority}}
            await world.add(source_id, row(title, Priority=value))
        anything = {"property": "Title", "title": {"is_not_empty": True}}
        for direction, titles in (("ascending", ["h", "n", "l", "none"]), ("descending", ["l", "n", "h", "none"])):
            sorts = [{"property": "Priority", "direction": direction}]
            assert await found(world, source_id, anything, sorts=sorts) == titles


async def test_pages_of_a_list_follow_each_other_without_gap_or_repetition(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        for number in range(7):
            await world.add(source_id, row(f"{number}"))
        seen, cursor = [], None
        while True:
            part = await world.client.data_sources.query(
                source_id, page_size=3, sorts=[{"property": "Title"}], **({"start_cursor": cursor} if cursor else {})
            )
            seen += [page["properties"]["Title"]["title"][0]["plain_text"] for page in part["results"]]
            cursor = part["next_cursor"]
            if not part["has_more"]:
                break
        assert seen == ["0", "1", "2", "3", "4", "5", "6"]
        assert cursor is None


async def test_a_row_that_leaves_the_list_between_two_pages_hides_no_other(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        rows = [await world.add(source_id, row(f"{number}")) for number in range(4)]
        ask: dict[str, Any] = {"page_size": 2, "sorts": [{"property": "Title"}]}
        first = await world.client.data_sources.query(source_id, **ask)
        await world.client.pages.update(rows[0]["id"], in_trash=True)
        rest = await world.client.data_sources.query(source_id, start_cursor=first["next_cursor"], **ask)
        assert [page["id"] for page in rest["results"]] == [rows[2]["id"], rows[3]["id"]]


async def test_a_query_ends_at_the_cap_and_says_that_it_is_incomplete(tmp_path: Path) -> None:
    async with running(tmp_path, query_cap=5) as world:
        source_id = await world.database()
        for number in range(6):
            await world.add(source_id, row(f"{number}"))
        first = await world.client.data_sources.query(source_id, page_size=4)
        assert first["has_more"] is True
        assert "request_status" not in first
        last = await world.client.data_sources.query(source_id, page_size=4, start_cursor=first["next_cursor"])
        assert len(last["results"]) == 1
        assert (last["has_more"], last["next_cursor"]) == (False, None)
        assert last["request_status"] == {
            "type": "incomplete", "incomplete_reason": "query_result_limit_reached",
        }  # fmt: skip


async def test_filter_properties_narrow_the_answer(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        page = await world.add(source_id, row("a"))
        ids = [page["properties"][name]["id"] for name in ("Title", "Status")]
        part = await world.client.data_sources.query(source_id, filter_properties=ids)
        assert set(part["results"][0]["properties"]) == {"Title", "Status"}
        assert set((await world.client.pages.retrieve(page["id"], filter_properties=ids))["properties"]) == {
            "Title", "Status",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"filter": {"property": "Colour", "select": {"equals": "x"}}}, "Could not find property"),
        ({"filter": {"property": "Status", "status": {"equals": "Queued"}}}, "does not match filter status"),
        ({"filter": {"property": "Status", "select": {"equals": "Nowhere"}}}, 'select option "Nowhere" not found'),
        ({"filter": {"property": "Cost", "number": {"contains": 3}}}, "should be a condition"),
        ({"filter": {"and": [{"or": [{"and": []}]}]}}, "nested deeper"),
        ({"filter": {"property": "Next Retry", "date": {"after": "soon"}}}, "ISO 8601"),
        ({"sorts": [{"property": "Colour"}]}, "Could not find property"),
        ({"page_size": 101}, "page_size should be"),
        ({"start_cursor": "nonsense"}, "start_cursor provided is invalid"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(tmp_path: Path, query: dict[str, Any], complaint: str) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        with pytest.raises(APIResponseError, match=complaint) as refused:
            await world.client.data_sources.query(source_id, **query)
        assert (refused.value.status, refused.value.code) == (400, "validation_error")
