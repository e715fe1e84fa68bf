"""The views of the board: made once, found by name, never changed; by hand where Notion refuses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.notion_board import PAGE, NotionStage, notion_stage
from videod.adapters import notion_views
from videod.adapters.notion_places import Ids
from videod.adapters.notion_schema import init
from videod.cli import main
from videod.core.statuses import AT_GATE, ERRORS, LABELS, OF_STORY
from videod.ports import BoardError
from videod.sandbox import notion
from videod.sandbox.kernel import Fault

NAMES = ["In Progress", "Needs Review", "Errors", "Gallery"]


async def tables(on: NotionStage) -> Ids:
    return (await init(on.calls, PAGE, ["wild"])).ids


async def listed(on: NotionStage, source: str) -> list[dict[str, Any]]:
    """The views of a table, as notion-client reads them."""
    found = (await on.person.views.list(data_source_id=source))["results"]
    return [await on.person.views.retrieve(one["id"]) for one in found]


async def test_the_views_are_made_once_and_show_what_their_names_say(tmp_path: Path) -> None:
    async with notion_stage(tmp_path) as on:
        ids = await tables(on)
        states = await notion_views.complete(on.calls, ids)
        assert [(one.view.name, one.state) for one in states] == [(name, "made") for name in NAMES]
        writes = on.requests("POST", "/v1/views"), on.requests("PATCH", "/v1/views")
        again = await notion_views.complete(on.calls, ids)
        assert [one.state for one in again] == ["ok"] * 4
        assert (on.requests("POST", "/v1/views"), on.requests("PATCH", "/v1/views")) == writes
        wanted = {
            "In Progress": ("Queued", "Generating Video", "Quota Exceeded"),
            "Needs Review": [LABELS[one] for one in AT_GATE if one not in OF_STORY],
            "Errors": [LABELS[one] for one in ERRORS],
        }
        pages = {label: await on.add(ids, Status=label, Title=label) for label in LABELS.values()}
        for view in await listed(on, ids.entries_source):
            asked = await on.person.views.queries.create(view["id"])
            shown = {one["id"] for one in asked["results"]}
            for name in wanted.get(view["name"], ()):
                assert pages[name] in shown
            if view["name"] in ("Needs Review", "Errors"):
                assert len(shown) == len(wanted[view["name"]])
            assert view["name"] != "In Progress" or pages["Published"] not in shown
        (gallery,) = [one for one in await listed(on, ids.assets_source) if one["name"] == "Gallery"]
        file = (await on.person.data_sources.retrieve(ids.assets_source))["properties"]["File"]["id"]
        assert gallery["type"] == "gallery"
        assert gallery["configuration"]["cover"] == {"type": "property", "property_id": file}


async def test_a_view_that_a_person_made_or_changed_is_left_alone(tmp_path: Path) -> None:
    async with notion_stage(tmp_path) as on:
        ids = await tables(on)
        await on.person.views.create(data_source_id=ids.entries_source, name=" needs review ", type="list")
        await notion_views.complete(on.calls, ids)
        views = {one["name"]: one for one in await listed(on, ids.entries_source)}
        assert "Needs Review" not in views and views[" needs review "]["type"] == "list"
        changed = await on.person.views.update(views["Errors"]["id"], filter=None, name="Errors")
        await notion_views.complete(on.calls, ids)
        assert await on.person.views.retrieve(views["Errors"]["id"]) == changed
        await on.person.views.delete(views["Errors"]["id"])
        assert [one.state for one in await notion_views.look(on.calls, ids)] == ["ok", "ok", "missing", "ok"]


@pytest.mark.parametrize(("status", "code"), [(403, "restricted_resource"), (400, "validation_error")])
async def test_where_notion_refuses_each_view_says_how_to_make_it_by_hand(
    tmp_path: Path, status: int, code: str
) -> None:
    body = json.dumps({"object": "error", "status": status, "code": code, "message": "no views here"})
    async with notion_stage(tmp_path) as on:
        ids = await tables(on)
        on.context.faults.set([Fault("notion", "status", "POST /v1/views", status=status, body=body)])
        states = await notion_views.complete(on.calls, ids)
        assert [one.state for one in states] == ["refused"] * 4 and "no views here" in states[0].why
        assert 'name it "Errors", then choose Filter, Status, and tick Error: Planning Failed' in states[2].view.by_hand
        assert "Card preview, File" in states[3].view.by_hand


async def test_an_answer_that_was_lost_makes_no_second_view(tmp_path: Path) -> None:
    async with notion_stage(tmp_path) as on:
        ids = await tables(on)
        on.context.faults.set([Fault("notion", "reset_after", "POST /v1/views", times=1)])
        with pytest.raises(BoardError):
            await notion_views.complete(on.calls, ids)
        await notion_views.complete(on.calls, ids)
        names = [one["name"] for one in await listed(on, ids.entries_source)]
        assert sorted(names) == sorted(["Default view", *NAMES[:3]])


async def test_init_and_views_make_them_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "videod.toml"
    config.write_text(f'[paths]\nstate = "state"\n[notion]\nparent_page = "{PAGE}"\nrequests_per_s = 10\n')
    async with notion_stage(tmp_path / "notion") as on:
        monkeypatch.setenv("NOTION_TOKEN", notion.BOT_TOKEN)
        monkeypatch.setenv("VIDEOD_URL_NOTION", on.url)

        async def typed(*argv: str) -> tuple[int, str]:
            code = await asyncio.to_thread(main.run, [*argv, "--config", str(config)])
            return code, capsys.readouterr().out

        ids = await tables(on)
        body = json.dumps({"object": "error", "status": 403, "code": "restricted_resource", "message": "no views"})
        on.context.faults.set([Fault("notion", "status", "POST /v1/views", status=403, body=body)])
        code, said = await typed("notion", "views")
        assert code == 78 and "BY HAND" in said and "- Gallery: open the table" in said
        on.context.faults.clear()
        code, said = await typed("notion", "init", "--json")
        assert code == 0 and [one["state"] for one in json.loads(said)["views"]] == ["made"] * 4
        code, said = await typed("notion", "views", "--json")
        assert code == 0 and json.loads(said)["ok"] and len(await listed(on, ids.entries_source)) == 4
