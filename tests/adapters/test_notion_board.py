"""The board on the real client against the simulated Notion: both tables, values, files, every failure's kind."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from typer.testing import CliRunner, Result

from tests.adapters.notion_board import FAST, PAGE, NotionStage, notion_stage
from tests.flow.board_double import Clock
from tests.flow.harness import Harness
from tests.harness.patience import SHORT_S
from videod.adapters import notion_files, notion_schema
from videod.adapters.notion import NotionBoard, Place
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_values import rich
from videod.board_rows import AssetRow
from videod.core.entry_page import Block
from videod.core.row_texts import mark
from videod.core.statuses import LABELS, OF_STORY, Gate
from videod.ports import Board, BoardError
from videod.sandbox.kernel import Fault
from videod.sandbox.notion import PERSON_ID


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[NotionStage]:
    async with notion_stage(tmp_path / "sandbox") as made:
        yield made


# ------------------------------------------------------------------------------------------ making and checking


async def test_init_makes_both_tables_complete(on: NotionStage) -> None:
    board, ids = await on.made()
    assert await board.check() == []
    source = await on.person.data_sources.retrieve(ids.entries_source)
    options = [one["name"] for one in source["properties"]["Status"]["select"]["options"]]
    assert options == [label for status, label in LABELS.items() if status not in OF_STORY]
    assert [one["name"] for one in source["properties"]["Channel"]["select"]["options"]] == ["wild", "deep"]
    assert source["properties"]["Cost"]["number"]["format"] == "dollar"
    assets = await on.person.data_sources.retrieve(ids.assets_source)
    assert assets["properties"]["Entry"]["relation"]["data_source_id"] == ids.entries_source


async def test_a_board_that_was_checked_is_written_without_another_look_at_its_columns(on: NotionStage) -> None:
    """Whoever queues the first entry after a start waits for two requests less."""
    _, ids = await on.made()
    board, page = NotionBoard(on.calls, on.clock, Place(ids)), await on.add(ids)
    await board.check()
    before = on.requests("GET", "/v1/data_sources")
    await board.write(page, {"Videod Key": "bear"})
    assert on.requests("GET", "/v1/data_sources") == before


async def test_init_again_changes_nothing(on: NotionStage) -> None:
    first = await notion_schema.init(on.calls, PAGE, ["wild"])
    again = await notion_schema.init(on.calls, PAGE, ["wild"])
    assert again.ids == first.ids
    assert first.changes[0] == 'made the database "videod"'
    assert again.changes == ()


async def test_init_adds_what_a_person_removed_and_leaves_the_rest(on: NotionStage) -> None:
    board, ids = await on.made()
    changes: dict[str, object] = {"Cost": None, "Mine": {"checkbox": {}}}
    await on.person.data_sources.update(ids.entries_source, properties=changes)
    assert await board.check() == ['"videod" has no column "Cost" (what the episode has cost, in dollars). Run'
                                   " `videod notion init`"]  # fmt: skip
    again = await notion_schema.init(on.calls, PAGE, ["wild", "deep", "night"])
    assert again.changes == ('added to "Channel": night', 'added the column "Cost"')
    columns = await notion_schema.columns_of(on.calls, ids.entries_source)
    assert "Mine" in columns
    assert await board.check() == []


async def test_a_column_of_a_foreign_type_is_named_with_its_remedy(on: NotionStage) -> None:
    board, ids = await on.made()
    await on.person.data_sources.update(ids.assets_source, properties={"Redo": {"rich_text": {}}})
    [problem] = await board.check()
    assert '"Redo" in "videod assets" is of type rich_text' in problem
    assert 'Make it a property "Redo" of type checkbox' in problem


async def test_the_tables_are_found_from_the_page_or_from_the_database(on: NotionStage) -> None:
    _, ids = await on.made()
    link = f"https://www.notion.so/Studio-{PAGE.replace('-', '')}?pvs=4"
    assert await NotionBoard(on.calls, on.clock, Place(parent_page=link)).ids() == ids
    assert await NotionBoard(on.calls, on.clock, Place(database=ids.entries_database)).ids() == ids


async def test_a_page_without_the_tables_says_to_run_init(on: NotionStage) -> None:
    with pytest.raises(BoardError, match=r'no database "videod" and "videod assets".*videod notion init'):
        await NotionBoard(on.calls, on.clock, Place(parent_page=PAGE)).check()


async def test_a_create_that_was_kept_in_spite_of_a_503_is_not_repeated(on: NotionStage) -> None:
    on.context.faults.set([Fault("notion", "503_saved", "POST /v1/databases", times=1)])
    await notion_schema.init(on.calls, PAGE, ["wild"])
    assert sorted(await notion_schema.databases_under(on.calls, PAGE)) == ["videod", "videod assets"]
    assert on.requests("POST", "/v1/databases") == 2


async def test_channels_are_added_and_none_is_removed(on: NotionStage) -> None:
    board, ids = await on.made()
    await board.sync_channels(["night", "wild"])
    source = await on.person.data_sources.retrieve(ids.entries_source)
    options = [one["name"] for one in source["properties"]["Channel"]["select"]["options"]]
    assert options == ["wild", "deep", "night"]


# ------------------------------------------------------------------------------------------ the command


async def videod_notion(on: NotionStage, folder: Path, *words: str, token: str = "ntn_sandbox") -> Result:
    from videod.cli.notion import app

    settings = folder / "videod.toml"
    if not settings.exists():
        settings.write_text("")
    (folder / "channels").mkdir(exist_ok=True)
    (folder / "channels" / "wild.yaml").write_text("")
    env = {"NOTION_TOKEN": token, "VIDEOD_URL_NOTION": on.url}
    arguments = [*words, "--config", str(settings)]
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)


async def test_the_command_makes_the_board_says_what_to_put_where_and_checks_it(
    on: NotionStage, tmp_path: Path
) -> None:
    made = await videod_notion(on, tmp_path, "init", "--parent", PAGE)
    assert made.exit_code == 0
    assert f'[notion]\nparent_page = "{PAGE}"' in made.stdout
    (tmp_path / "videod.toml").write_text(f'[notion]\nparent_page = "{PAGE}"\n')
    again = await videod_notion(on, tmp_path, "init", "--json")
    assert json.loads(again.stdout)["changes"] == []
    fine = await videod_notion(on, tmp_path, "check", "--json")
    assert (fine.exit_code, json.loads(fine.stdout)["ok"]) == (0, True)
    source = json.loads(again.stdout)["ids"]["entries_source"]
    await on.person.data_sources.update(source, properties={"Progress": None})
    broken = await videod_notion(on, tmp_path, "check")
    assert broken.exit_code == 78
    assert 'has no column "Progress" (how far it is). Run `videod notion init`' in broken.stdout


async def test_the_command_says_what_is_missing(on: NotionStage, tmp_path: Path) -> None:
    no_token = await videod_notion(on, tmp_path, "check", token="")
    assert (no_token.exit_code, "NOTION_TOKEN is not set" in no_token.output) == (77, True)
    wrong = await videod_notion(on, tmp_path, "init", "--parent", PAGE, token="ntn_wrong")
    assert (wrong.exit_code, "Check NOTION_TOKEN" in wrong.output) == (77, True)
    assert "ntn_wrong" not in wrong.output
    no_page = await videod_notion(on, tmp_path, "init")
    assert (no_page.exit_code, "Name the page" in no_page.output) == (64, True)
    foreign = await videod_notion(on, tmp_path, "init", "--parent", "0" * 32)
    assert (foreign.exit_code, "Share the page" in foreign.output) == (78, True)


# ------------------------------------------------------------------------------------------ entries


async def test_values_come_back_as_they_were_written(on: NotionStage) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    long = "é" * 4500 + "🐻" * 1200
    written: dict[str, object] = {
        "Status": "Assets Ready", "Progress": "images 3/3", "Error Log": long, "Next Retry": "2026-11-21T14:15:00Z",
        "Cost": 3.1416, "YouTube URL": "https://youtu.be/x", "Videod Key": "bear-1",
    }  # fmt: skip
    await board.write(page_id, written)
    read = await board.read(page_id)
    assert {name: read.values[name] for name in written} == written | {"Next Retry": "2026-11-21T14:15:00.000+00:00"}
    assert (read.id, read.in_trash) == (page_id, False)
    assert read.values["Title"] == "Bear"


async def test_emptied_values_are_emptied(on: NotionStage) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    names = ("Progress", "Error Log", "Next Retry", "Cost", "YouTube URL")
    await board.write(page_id, dict(zip(names, ("a", "b", "2026-11-21", 1.5, "https://a.b"), strict=True)))
    await board.write(page_id, {"Progress": "", "Error Log": "", "Next Retry": None, "Cost": None, "YouTube URL": None})
    read = await board.read(page_id)
    assert [read.values[name] for name in names] == ["", "", None, None, None]


async def test_edits_are_found_by_time_those_in_the_trash_too(on: NotionStage) -> None:
    board, ids = await on.made()
    old = await on.add(ids, Title="old")
    on.clock.pass_s(600)
    since = on.clock.now_ms()
    new, gone = await on.add(ids, Title="new"), await on.add(ids, Title="gone")
    await on.person.pages.update(gone, in_trash=True)
    pages = {page.id: page for page in await board.edited_since(since)}
    assert pages[gone].editor == PERSON_ID
    assert set(pages) == {new, gone}
    assert (pages[new].in_trash, pages[gone].in_trash) == (False, True)
    assert pages[new].edited_at == since - since % 60_000
    on.clock.pass_s(60)  # the trash is looked at once a minute
    assert {page.id for page in await board.edited_since(0)} == {old, new, gone}


async def test_more_than_one_page_and_more_than_the_cap_of_one_query_are_read(tmp_path: Path) -> None:
    async with notion_stage(tmp_path / "sandbox", query_cap=150) as on:
        board, ids = await on.made()
        made = []
        for number in range(400):
            made.append(await on.add(ids, Title=str(number)))
            if number % 60 == 0:
                on.clock.pass_s(60)
        assert sorted(page.id for page in await board.edited_since(0)) == sorted(made)


async def test_more_rows_in_one_minute_than_a_query_shows_is_said_and_not_hidden(tmp_path: Path) -> None:
    async with notion_stage(tmp_path / "sandbox", query_cap=3) as on:
        board, ids = await on.made()
        for number in range(5):
            await on.add(ids, Title=str(number))
        with pytest.raises(BoardError, match="more rows were made in one minute"):
            await board.edited_since(0)


async def test_a_column_that_was_removed_meanwhile_does_not_hold_back_the_status(on: NotionStage) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    await board.write(page_id, {"Status": "Queued", "Cost": 1.0})
    await on.person.data_sources.update(ids.entries_source, properties={"Cost": None})
    await board.write(page_id, {"Status": "Generating Assets", "Cost": 2.0})
    assert await on.status(page_id) == "Generating Assets"


async def test_a_write_that_was_kept_in_spite_of_a_503_counts(on: NotionStage) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    on.context.faults.set([Fault("notion", "503_saved", "PATCH /v1/pages/*", times=1)])
    await board.write(page_id, {"Status": "Queued"})
    assert await on.status(page_id) == "Queued"


# ------------------------------------------------------------------------------------------ assets


async def bytes_of(row: dict[str, object]) -> bytes:
    [shown] = row["File"]["files"]  # type: ignore[index]
    async with aiohttp.ClientSession() as http, http.get(shown["file"]["url"]) as answer:
        return await answer.read()


async def test_a_file_becomes_a_row_with_everything_on_it(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    picture = tmp_path / "bear_core.png"
    picture.write_bytes(b"PNG of a bear")
    asset = await board.put_asset(page_id, "t1/image/bear_core", "bear_core", "Image", picture, 0, None)
    row = await on.shows(asset)
    assert row["Name"]["title"][0]["plain_text"] == "bear_core"
    assert row["Type"]["select"]["name"] == "Image"
    assert row["Entry"]["relation"] == [{"id": page_id}]
    assert row["Revision"]["number"] == 0
    assert row["Date"]["date"]["start"].startswith("2026-11-")
    assert await bytes_of(row) == b"PNG of a bear"


async def test_an_asset_is_found_again_by_its_key_before_one_is_made(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    picture = tmp_path / "bear.png"
    picture.write_bytes(b"first")
    on.context.faults.set([Fault("notion", "reset_after", "POST /v1/pages", times=1)])
    with pytest.raises(BoardError) as lost:
        await board.put_asset(page_id, "t1/image/bear", "bear", "Image", picture, 0, None)
    assert lost.value.kind == "down"
    picture.write_bytes(b"second")
    asset = await board.put_asset(page_id, "t1/image/bear", "bear", "Image", picture, 1, None)
    rows = await on.person.data_sources.query(ids.assets_source)
    assert [row["id"] for row in rows["results"]] == [asset]
    assert await bytes_of(await on.shows(asset)) == b"second"


async def test_the_rows_of_an_entry_are_reported_by_their_keys(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    mine, other = await on.add(ids), await on.add(ids, Title="Other")
    picture = tmp_path / "a.png"
    picture.write_bytes(b"x")
    rows = [
        await board.put_asset(page, f"{page}/image/{name}", name, "Image", picture, 0, None)
        for page, name in ((mine, "a"), (mine, "b"), (mine, "c"), (other, "a"))
    ]
    twin = await board.put_asset(mine, f"{mine}/image/a", "a", "Image", picture, 0, None, fresh=True)
    assert twin != rows[0]
    await on.person.pages.update(rows[2], in_trash=True)
    found = await board.asset_rows(mine)
    assert found.pop(f"{mine}/image/a") in (rows[0], twin)
    assert found == {f"{mine}/image/b": rows[1]}


async def test_a_known_row_in_the_trash_is_created_again(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    picture = tmp_path / "bear.png"
    picture.write_bytes(b"x")
    first = await board.put_asset(page_id, "t1/image/bear", "bear", "Image", picture, 0, None)
    assert await board.put_asset(page_id, "t1/image/bear", "bear", "Image", picture, 0, first) == first
    await on.person.pages.update(first, in_trash=True)
    assert await board.put_asset(page_id, "t1/image/bear", "bear", "Image", picture, 0, first) != first


async def test_a_large_file_goes_in_parts(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    film = tmp_path / "film.mp4"
    content = b"".join(bytes([number]) * 1_000_000 for number in range(22))
    film.write_bytes(content)
    assert len(content) > notion_files.SINGLE_MAX
    asset = await board.put_asset(page_id, "t1/assemble/film", "film", "Film", film, 0, None)
    assert await bytes_of(await on.shows(asset)) == content
    assert sum(one["path"].endswith("/send") for one in on.context.requests) == 3


@pytest.mark.fault("12.9", "12.11")
@pytest.mark.parametrize("size", [10, 22_000_000])
@pytest.mark.parametrize("how", ["other words", "a link", "a linked folder", "a pipe"])
async def test_only_the_file_that_was_checked_is_sent(on: NotionStage, tmp_path: Path, how: str, size: int) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    content = bytes(size)
    sha256 = hashlib.sha256(content).hexdigest()
    film = tmp_path / "films" / "film.mp4"
    film.parent.mkdir()
    film.write_bytes(content)
    await board.put_asset(page_id, "t1/assemble/film", "film", "Film", film, 0, None, sha256=sha256)
    before = len(on.context.requests)
    (tmp_path / "secret").write_bytes(b"x" * size)
    film.unlink()
    match how:
        case "other words":
            film.write_bytes(b"x" * size)
        case "a link":
            film.symlink_to(tmp_path / "secret")
        case "a linked folder":
            (tmp_path / "elsewhere").mkdir()
            (tmp_path / "elsewhere" / "film.mp4").write_bytes(b"x" * size)
            film.parent.rmdir()
            film.parent.symlink_to(tmp_path / "elsewhere")
        case "a pipe":
            os.mkfifo(film)
    with pytest.raises(BoardError) as refused:
        await board.put_asset(page_id, "t1/assemble/film", "film", "Film", film, 1, None, sha256=sha256)
    assert refused.value.kind == "changed"
    sent = [one for one in on.context.requests[before:] if one["path"].startswith("/v1/file_uploads")]
    assert sent == [], "not a byte of it left"


@pytest.mark.fault("12.9")
async def test_a_film_that_changes_while_it_is_sent_is_attached_to_nothing(
    on: NotionStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(22_000_000))
    sha256 = hashlib.sha256(film.read_bytes()).hexdigest()
    send = notion_files._send

    async def swapped(calls: Calls, upload_id: str, name: str, data: bytes, kind: str, number: int | None) -> None:
        with film.open("r+b") as stream:  # the same file, written into
            stream.seek(15_000_000)
            stream.write(b"x")
        await send(calls, upload_id, name, data, kind, number)

    monkeypatch.setattr(notion_files, "_send", swapped)
    with pytest.raises(BoardError) as refused:
        await board.put_asset(page_id, "t1/assemble/film", "film", "Film", film, 0, None, sha256=sha256)
    assert refused.value.kind == "changed"
    assert not any(one["path"].endswith("/complete") for one in on.context.requests)


async def test_what_people_write_on_rows_is_read_and_tidied_row_by_row(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    mine, other = await on.add(ids), await on.add(ids, Title="Other")
    picture = tmp_path / "a.png"
    picture.write_bytes(b"x")
    rows = [
        await board.put_asset(page, f"{page}/image/{name}", name, "Image", picture, 0, None, text="🦊" * 2_500)
        for page, name in ((mine, "a"), (mine, "b"), (other, "c"))
    ]
    on.clock.pass_s(300)
    noted = {"Redo": {"checkbox": True}, "Note": {"rich_text": rich("less fog")}}
    for row in (rows[0], rows[2]):
        await on.person.pages.update(row, properties=noted)

    async def shown() -> list[AssetRow]:
        return sorted(await board.rows_of(mine), key=lambda row: row.key)

    first, second = await shown()
    assert (first.id, first.key, first.redo, first.note) == (rows[0], f"{mine}/image/a", True, "less fog")
    assert (second.id, second.redo, second.note, second.text) == (rows[1], False, "", "🦊" * 2_500)
    edited = await board.edited_rows(on.clock.now_ms() - 60_000)
    assert {row.id for row in edited} == {rows[0], rows[2]}
    await board.unflag_assets([rows[0]], {rows[0]: mark("another note")})  # written meanwhile: it stays
    assert [(row.redo, row.note) for row in await shown()] == [(False, "less fog"), (False, "")]
    await board.unflag_assets([rows[0]], {rows[0]: mark("less fog")})
    assert [row.note for row in await shown()] == ["", ""]
    assert await board.say_on_row(rows[0], "owls " * 1_000, lambda row: row.text == "🦊" * 2_500)
    assert not await board.say_on_row(rows[0], "wolves", lambda row: False)
    assert (await shown())[0].text == "owls " * 1_000
    await on.person.pages.update(rows[0], in_trash=True)
    with pytest.raises(BoardError) as gone:
        await board.say_on_row(rows[0], "wolves", lambda row: True)
    assert gone.value.kind == "gone"


async def test_a_column_text_of_the_users_own_is_left_alone(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    await on.person.data_sources.update(ids.assets_source, properties={"Text": None, "Note": None})
    await on.person.data_sources.update(ids.assets_source, properties={"Text": {"number": {}}})
    assert [problem for problem in await board.check() if '"Text"' in problem and "of type number" in problem]
    picture = tmp_path / "a.png"
    picture.write_bytes(b"x")
    mine = await on.add(ids)
    row = await board.put_asset(mine, "t1/image/a", "a", "Image", picture, 0, None, text="a fox")
    assert await board.say_on_row(row, "a fox", lambda row: True)
    assert [(one.text, one.note) for one in await board.rows_of(mine)] == [(None, "")]


# ------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("notion", "status", status=500, body='{"code": "internal_server_error", "message": "x"}'), "down"),
        (Fault("notion", "status", status=502, body="<html>bad gateway</html>"), "down"),
        (Fault("notion", "status", status=409, body='{"code": "conflict_error", "message": "x"}'), "down"),
        (Fault("notion", "status", status=400, body='{"code": "validation_error", "message": "x"}'), "rejected"),
        (Fault("notion", "status", status=401, body='{"code": "unauthorized", "message": "x"}'), "credentials"),
        (Fault("notion", "status", status=403, body='{"code": "restricted_resource", "message": "x"}'), "gone"),
        (Fault("notion", "status", status=404, body='{"code": "object_not_found", "message": "x"}'), "gone"),
        (Fault("notion", "status", status=529, body='{"code": "service_overload", "message": "x"}'), "busy"),
        (Fault("notion", "reset"), "down"),
        (Fault("notion", "malformed"), "down"),
        (Fault("notion", "truncate"), "down"),
    ],
)
async def test_every_failure_has_its_kind(on: NotionStage, fault: Fault, kind: str) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    on.context.faults.set([fault])
    with pytest.raises(BoardError) as failed:
        await board.read(page_id)
    assert failed.value.kind == kind
    assert "read the entry" in str(failed.value)


async def test_a_wrong_token_is_a_matter_of_credentials_and_does_not_show(on: NotionStage) -> None:
    calls = Calls("ntn_of_somebody_else", on.clock, on.url, FAST)
    with pytest.raises(BoardError) as failed:
        await NotionBoard(calls, on.clock, Place(parent_page=PAGE)).check()
    assert failed.value.kind == "credentials"
    assert "ntn_" not in str(failed.value)
    await calls.aclose()


async def test_an_answer_that_drips_or_hangs_ends_in_time(on: NotionStage) -> None:
    calls = Calls("ntn_sandbox", on.clock, on.url, FAST, timeout_s=SHORT_S)
    for kind in ("hang", "drip"):
        on.context.faults.set([Fault("notion", kind, seconds=1.5)])
        with pytest.raises(BoardError, match="did not answer in time"):
            await notion_schema.databases_under(calls, PAGE)
    on.context.faults.clear()
    await calls.aclose()


async def test_whoever_asks_while_videod_stops_gets_an_answer_and_no_error_is_logged(
    on: NotionStage, caplog: pytest.LogCaptureFixture
) -> None:
    calls = Calls("ntn_sandbox", on.clock, on.url, FAST)
    await calls.aclose()
    with pytest.raises(BoardError, match="videod is stopping") as failed:
        await notion_schema.databases_under(calls, PAGE)
    assert failed.value.kind == "down" and not caplog.records


async def test_a_list_instead_of_an_object_is_noticed(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response([1, 2])

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    calls = Calls("t", Clock(), f"http://127.0.0.1:{runner.addresses[0][1]}", FAST)
    with pytest.raises(BoardError, match="a list instead of an object"):
        await notion_schema.databases_under(calls, PAGE)
    await calls.aclose()
    await runner.cleanup()


async def test_a_long_retry_after_holds_for_the_whole_connection_and_is_remembered(on: NotionStage) -> None:
    board, ids = await on.made()
    page_id = await on.add(ids)
    on.context.faults.set([Fault("notion", "status", status=429, headers={"Retry-After": "300"}, times=1)])
    with pytest.raises(BoardError) as told:
        await board.read(page_id)
    assert (told.value.kind, told.value.retry_after_s) == ("busy", 300)
    assert on.remembered == [on.clock.now_ms() + 300_000]
    before = len(on.context.requests)
    on.clock.pass_s(100)
    with pytest.raises(BoardError) as still:
        await board.rows_of(page_id)
    assert (still.value.kind, still.value.retry_after_s) == ("busy", 200)
    assert len(on.context.requests) == before
    on.clock.pass_s(200)
    assert (await board.read(page_id)).id == page_id


async def test_a_ban_is_kept_over_a_restart(on: NotionStage) -> None:
    _, ids = await on.made()
    calls = Calls("ntn_sandbox", on.clock, on.url, FAST, not_before_ms=on.clock.now_ms() + 60_000)
    board = NotionBoard(calls, on.clock, Place(ids))
    with pytest.raises(BoardError, match="60 s are left"):
        await board.edited_since(0)
    on.clock.pass_s(58)
    began = on.clock.now_ms()
    await board.edited_since(0)  # the last two seconds are slept through
    assert 2000 <= on.clock.now_ms() - began < 2100  # and each call takes its turn
    await calls.aclose()


async def test_the_pace_is_smooth_and_holds_over_every_call(on: NotionStage) -> None:
    calls = Calls("ntn_sandbox", on.clock, on.url, requests_per_s=20)
    began = on.clock.now_ms()
    await asyncio.gather(*(notion_schema.databases_under(calls, PAGE) for _ in range(11)))
    assert on.clock.now_ms() - began == 10 * 1000 / 20
    await calls.aclose()


# ------------------------------------------------------------------------------------------ all together


async def test_an_episode_goes_through_its_gates_on_the_real_wire(on: NotionStage, tmp_path: Path) -> None:
    made, ids = await on.made()
    board: Board = made
    page_id = await on.add(ids, Status="Draft")
    harness = Harness(tmp_path, board, on.clock)
    await harness.sync()
    assert await harness.no_task(page_id)
    await on.sets(page_id, Status="Queued", Priority="High")
    await harness.sync()
    for gate, label in zip(list(Gate)[1:], ("Assets", "Video", "Audio", "Final"), strict=True):
        await harness.work(page_id)
        await harness.sync()
        waits = "Assembly Complete" if gate == Gate.FINAL else f"{label} Ready"
        assert await on.status(page_id) == waits
        if gate == Gate.ASSETS:
            await _redo_one(on, harness, board, page_id)
        on.clock.pass_s(180)
        await on.sets(page_id, Status=f"Approved - {label}")
        await harness.sync()
    await harness.work(page_id)
    await harness.sync()
    shown = await on.shows(page_id)
    assert shown["Status"]["select"]["name"] == "Published"
    assert shown["YouTube URL"]["url"] == "https://youtu.be/v1"
    assert shown["Error Log"]["rich_text"] == []
    assert (await harness.events(page_id)).count("EditRefused") == 0
    rows = await on.person.data_sources.query(ids.assets_source)
    assert {row["properties"]["Type"]["select"]["name"] for row in rows["results"]} == {
        "Plan", "Image", "Composite", "Clip", "Narration", "Sound Effect", "Film", "Thumbnail",
    }  # fmt: skip
    await harness.store.close()


async def _redo_one(on: NotionStage, harness: Harness, board: Board, page_id: str) -> None:
    task = await harness.task(page_id)
    _, ids = await on.made()
    rows = await on.person.data_sources.query(ids.assets_source)
    row = next(
        one["id"] for one in rows["results"]
        if one["properties"]["Key"]["rich_text"][0]["plain_text"] == f"{task.id}/image/place_1"
    )  # fmt: skip
    on.clock.pass_s(180)
    await on.person.pages.update(row, properties={"Redo": {"checkbox": True}})
    await on.sets(page_id, Status="Generating Assets")
    await harness.sync()
    assert not any(one.redo for one in await board.rows_of(page_id))
    await harness.work(page_id)
    await harness.sync()
    assert await on.status(page_id) == "Assets Ready"
    assert (await on.shows(row))["Revision"]["number"] == 1


async def test_the_blocks_of_a_page_are_made_in_place_changed_and_removed(on: NotionStage, tmp_path: Path) -> None:
    board, ids = await on.made()
    page = await on.add(ids)
    picture = tmp_path / "a.png"
    picture.write_bytes(b"x")
    row = await board.put_asset(page, "t1/image/a", "a", "Image", picture, 0, None)
    upload = board.attached(row)
    assert upload and board.attached(row) == ""
    mine = {"object": "block", "type": "paragraph", "paragraph": {"rich_text": rich("My own")}}
    await on.person.blocks.children.append(page, children=[mine])
    long = "🦊 <b>&\u202e" * 700
    first = [Block(f"b{number}", "paragraph", long if number == 1 else f"text {number}") for number in range(100)]
    made = await board.add_blocks(page, first, "")
    assert len(made) == 100
    (shown,) = await board.add_blocks(page, [Block("a", "image", "clip_01: Composite", upload)], made[0])
    found = await board.page_blocks(page)
    assert [one.text for one in found[:3]] == ["My own", "text 0", "clip_01: Composite"]
    assert (found[3].text, found[3].mark) == (long, first[1].mark)
    assert len(found) == 102
    await board.change_block(made[5], Block("b5", "paragraph", "another text"))
    again = await board.put_asset(page, "t1/image/a", "a", "Image", picture, 1, row)
    await board.change_block(shown, Block("a", "image", "clip_01: Composite", board.attached(again)))
    await board.remove_block(made[6])
    texts = [one.text for one in await board.page_blocks(page)]
    assert "another text" in texts and "text 5" not in texts and "text 6" not in texts
    await on.person.blocks.delete(made[7])
    assert made[7] not in {one.id for one in await board.page_blocks(page)}
    with pytest.raises(BoardError) as refused:
        await board.add_blocks(page, [Block("x", "image", "x", "00000000-0000-4000-8000-000000000000")], "")
    assert refused.value.kind in ("rejected", "gone")
