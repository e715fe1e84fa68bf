"""The board is found wherever on the page it lies and whatever it is called; there is never a second one beside it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.notion_board import PAGE, NotionStage, notion_stage
from tests.adapters.test_notion_board import videod_notion
from videod.adapters import notion_schema
from videod.adapters.notion import NotionBoard, Place
from videod.adapters.notion_places import Ids
from videod.ports import BoardError


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[NotionStage]:
    async with notion_stage(tmp_path / "sandbox") as made:
        yield made


def text(content: str) -> list[dict[str, object]]:
    return [{"text": {"content": content}}]


async def append(on: NotionStage, parent: str, *blocks: dict[str, object]) -> list[str]:
    added = await on.person.blocks.children.append(parent, children=list(blocks))
    return [str(block["id"]) for block in added["results"]]


async def dragged(on: NotionStage, ids: Ids, where: str) -> None:
    """A person drags both tables into a column, a toggle within a callout, or another page."""
    if where == "column":
        columns: list[dict[str, object]] = [{"column": {}}, {"column": {}}]
        [lists] = await append(on, PAGE, {"column_list": {"children": columns}})
        children = (await on.person.blocks.children.list(lists))["results"]
        parents = [{"block_id": child["id"]} for child in children]
    elif where == "toggle":
        inner: list[dict[str, object]] = [{"toggle": {"rich_text": text("inside")}}]
        [callout] = await append(on, PAGE, {"callout": {"rich_text": text("The board"), "children": inner}})
        [toggle] = (await on.person.blocks.children.list(callout))["results"]
        parents = [{"block_id": toggle["id"]}] * 2
    else:
        page = await on.person.pages.create(parent={"page_id": PAGE}, properties={"title": {"title": text("Work")}})
        parents = [{"page_id": page["id"]}] * 2
    for database, parent in zip((ids.entries_database, ids.assets_database), parents, strict=True):
        await on.person.databases.update(database, parent=parent)


async def renamed(on: NotionStage, ids: Ids) -> None:
    await on.person.databases.update(ids.entries_database, title=text("Episodes"))
    await on.person.databases.update(ids.assets_database, title=text("Files of episodes"))


async def databases(on: NotionStage) -> int:
    return on.requests("POST", "/v1/databases")


@pytest.mark.fault("3.4")
@pytest.mark.parametrize("rename", [False, True], ids=["titled", "renamed"])
@pytest.mark.parametrize("where", ["column", "toggle", "page"])
async def test_tables_that_were_moved_or_renamed_are_still_the_board(on: NotionStage, where: str, rename: bool) -> None:
    _, ids = await on.made()
    await dragged(on, ids, where)
    if rename:
        await renamed(on, ids)
    again = await notion_schema.init(on.calls, PAGE, ["wild", "deep"])
    assert (again.ids, again.changes) == (ids, ())
    assert await NotionBoard(on.calls, on.clock, Place(parent_page=PAGE)).ids() == ids
    assert await NotionBoard(on.calls, on.clock, Place(database=ids.entries_database)).ids() == ids
    assert await databases(on) == 2


@pytest.mark.fault("3.4")
async def test_a_renamed_board_is_known_beside_tables_of_the_users_own(on: NotionStage) -> None:
    _, ids = await on.made()
    await renamed(on, ids)
    for title in ("videod", "Books", "videod assets"):
        await on.person.databases.create(
            parent={"page_id": PAGE}, title=text(title), initial_data_source={"properties": {"Name": {"title": {}}}}
        )
    again = await notion_schema.init(on.calls, PAGE, ["wild", "deep"])
    assert (again.ids, again.changes) == (ids, ())


@pytest.mark.fault("3.4")
async def test_the_board_of_last_time_is_found_by_its_ids_wherever_it_went(on: NotionStage) -> None:
    _, ids = await on.made()
    await renamed(on, ids)
    elsewhere = await on.person.pages.create(
        parent={"page_id": PAGE}, properties={"title": {"title": text("Elsewhere")}}
    )
    for database in (ids.entries_database, ids.assets_database):
        await on.person.databases.update(database, parent={"page_id": elsewhere["id"]})
    await on.person.data_sources.update(ids.entries_source, properties={"Videod Key": None})
    again = await notion_schema.init(on.calls, PAGE, ["wild", "deep"], ids)
    assert again.ids == ids and again.changes == ('added the column "Videod Key"',)


@pytest.mark.fault("3.4")
async def test_a_board_in_the_trash_is_no_board(on: NotionStage) -> None:
    _, ids = await on.made()
    for database in (ids.entries_database, ids.assets_database):
        await on.person.databases.update(database, in_trash=True)
    again = await notion_schema.init(on.calls, PAGE, ["wild"], ids)
    assert again.ids.entries_database != ids.entries_database and again.changes[0] == 'made the database "videod"'


@pytest.mark.fault("3.4")
async def test_two_copies_of_a_renamed_board_are_a_question_and_no_guess(on: NotionStage) -> None:
    _, ids = await on.made()
    await renamed(on, ids)
    copy = await notion_schema.init(on.calls, await _page(on, "Other"), ["wild"])
    await on.person.databases.update(copy.ids.entries_database, title=text("Episodes (1)"), parent={"page_id": PAGE})
    with pytest.raises(BoardError, match=r'several tables look like "videod": "Episodes" \(.*"Episodes \(1\)"'):
        await notion_schema.init(on.calls, PAGE, ["wild"])
    assert await databases(on) == 4


async def _page(on: NotionStage, title: str) -> str:
    page = await on.person.pages.create(parent={"page_id": PAGE}, properties={"title": {"title": text(title)}})
    return str(page["id"])


async def second_source(on: NotionStage, database: str, name: str) -> str:
    made = await on.person.data_sources.create(
        parent={"type": "database_id", "database_id": database}, title=text(name), properties={"Mine": {"title": {}}}
    )
    return str(made["id"])


@pytest.mark.fault("3.5")
async def test_a_second_data_source_of_the_user_stays_as_it_is(on: NotionStage) -> None:
    _, ids = await on.made()
    theirs = await second_source(on, ids.entries_database, "Ideas")
    again = await notion_schema.init(on.calls, PAGE, ["wild", "deep"])
    assert (again.ids, again.changes) == (ids, ())
    assert list((await on.person.data_sources.retrieve(theirs))["properties"]) == ["Mine"]


@pytest.mark.fault("3.5")
async def test_where_several_data_sources_could_be_meant_a_name_is_asked_for(on: NotionStage, tmp_path: Path) -> None:
    database = await on.person.databases.create(
        parent={"page_id": PAGE}, title=text("videod"),
        initial_data_source={"title": text("Ideas"), "properties": {"Idea": {"title": {}}}},
    )  # fmt: skip
    mine = str(database["data_sources"][0]["id"])
    wanted = await second_source(on, str(database["id"]), "Episodes")
    asked = await videod_notion(on, tmp_path, "init", "--parent", PAGE)
    assert asked.exit_code == 78 and "--source NAME" in asked.output and '"Ideas", "Episodes"' in asked.output
    wrong = await videod_notion(on, tmp_path, "init", "--parent", PAGE, "--source", "Nothing")
    assert wrong.exit_code == 78 and 'no data source has the name "Nothing"' in wrong.output
    assert await databases(on) == 1
    made = await videod_notion(on, tmp_path, "init", "--parent", PAGE, "--source", "episodes", "--json")
    assert json.loads(made.stdout)["ids"]["entries_source"] == wanted
    assert list((await on.person.data_sources.retrieve(mine))["properties"]) == ["Idea"]
    # from now on its columns tell which one it is
    assert (await notion_schema.resolve(on.calls, None, PAGE)).entries_source == wanted


async def test_init_completes_the_database_that_the_settings_name(on: NotionStage, tmp_path: Path) -> None:
    database = await on.person.databases.create(
        parent={"page_id": PAGE}, title=text("Own board"), initial_data_source={"properties": {"Film": {"title": {}}}}
    )
    (tmp_path / "videod.toml").write_text(f'[notion]\ndatabase_id = "{database["id"]}"\n')
    made = await videod_notion(on, tmp_path, "init", "--json")
    assert json.loads(made.stdout)["ids"]["entries_database"] == database["id"]
    fine = await videod_notion(on, tmp_path, "check", "--json")
    assert json.loads(fine.stdout)["ok"] is True


async def test_a_daemon_whose_tables_are_gone_finds_those_that_are_there_now(on: NotionStage) -> None:
    _, ids = await on.made()
    gone = Ids(*("11111111-2222-4333-8444-555555555555",) * 4)
    board = NotionBoard(on.calls, on.clock, Place(gone, None, PAGE))
    assert await board.check() == [] and await board.ids() == ids
