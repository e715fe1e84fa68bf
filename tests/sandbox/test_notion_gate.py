"""Tokens, versions, limits, faults, and what a restart keeps."""

import json
from pathlib import Path

import pytest
from notion_client import APIResponseError

from tests.sandbox.notion_fixtures import BEGIN_S, Clock, rich, running
from videod.sandbox import notion
from videod.sandbox.kernel import Context, Fault, Options
from videod.sandbox.notion.store import Store


async def test_a_request_without_version_is_refused_as_missing_version(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        status, body, headers = await world.raw("GET", "/v1/users/me", headers={"Notion-Version": None})
        assert status == 400
        assert (body["object"], body["status"], body["code"]) == ("error", 400, "missing_version")
        assert body["request_id"] == headers["x-notion-request-id"]
        status, body, _ = await world.raw("GET", "/v1/users/me", headers={"Notion-Version": "2021-05-13"})
        assert (status, body["code"]) == (400, "validation_error")


async def test_a_wrong_token_is_unauthorized(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        stranger = world.speaking(token="ntn_stranger")
        with pytest.raises(APIResponseError, match="API token is invalid") as refused:
            await stranger.users.me()
        await stranger.aclose()
        assert (refused.value.status, refused.value.code) == (401, "unauthorized")


async def test_broken_json_a_wrong_address_and_a_huge_body_have_their_own_answers(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        for method, path, data, code in (
            ("POST", "/v1/pages", b"{", "invalid_json"),
            ("POST", "/v1/pages", b"[]", "validation_error"),
            ("GET", "/v1/nowhere", None, "invalid_request_url"),
            ("PUT", "/v1/pages", b"{}", "invalid_request_url"),
            ("POST", "/v1/pages", json.dumps({"parent": "x" * 500_001}).encode(), "validation_error"),
            ("GET", "/v1/pages/not-a-uuid", None, "validation_error"),
        ):
            status, body, _ = await world.raw(method, path, data=data)
            assert (status, body["code"]) == (400, code), path


async def test_the_budget_of_a_minute_is_spent_and_comes_back_with_the_next_window(tmp_path: Path) -> None:
    async with running(tmp_path, requests_per_minute=3) as world:
        for _ in range(3):
            await world.client.users.me()
        world.clock.pass_s(20.5)
        status, body, headers = await world.raw("GET", "/v1/users/me")
        assert (status, body["code"], headers["Retry-After"]) == (429, "rate_limited", "40")
        assert body["additional_data"] == {
            "rate_limit_reason": "public_api_request_rate_limit", "retry_after": "40",
        }  # fmt: skip
        person = world.speaking(token=notion.PERSON_TOKEN)
        assert (await person.users.me())["type"] == "person"
        await person.aclose()
        world.clock.pass_s(39.5)
        assert (await world.client.users.me())["type"] == "bot"


async def test_a_503_may_hide_a_saved_page_and_names_it(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        world.context.faults.add(Fault("notion", "503_saved", "POST /v1/pages", times=1))
        with pytest.raises(APIResponseError) as refused:
            await world.add(source_id, {"Title": {"title": rich("saved")}})
        assert (refused.value.status, refused.value.code) == (503, "service_unavailable")
        details = refused.value.additional_data
        assert details is not None
        assert details["retry_guidance"]
        saved = await world.client.pages.retrieve(details["committed_resource_id"])
        assert saved["properties"]["Title"]["title"][0]["plain_text"] == "saved"
        assert len((await world.client.data_sources.query(source_id))["results"]) == 1


async def test_a_503_on_appended_blocks_names_parent_and_children_and_spares_reads(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.context.faults.add(Fault("notion", "503_saved", times=1))
        listed = await world.client.blocks.children.list(notion.BOARD_PAGE_ID)
        assert listed["results"] == []
        with pytest.raises(APIResponseError) as refused:
            await world.client.blocks.children.append(notion.BOARD_PAGE_ID, children=[{"divider": {}}])
        details = refused.value.additional_data
        assert details is not None
        assert details["committed_resource_id"] == notion.BOARD_PAGE_ID
        listed = await world.client.blocks.children.list(notion.BOARD_PAGE_ID)
        assert [block["id"] for block in listed["results"]] == details["committed_child_ids"]


async def test_a_general_fault_before_the_work_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        body = json.dumps({"object": "error", "status": 409, "code": "conflict_error", "message": "again"})
        world.context.faults.add(Fault("notion", "status", "POST /v1/pages", times=1, status=409, body=body))
        with pytest.raises(APIResponseError) as refused:
            await world.add(source_id, {})
        assert refused.value.code == "conflict_error"
        assert (await world.client.data_sources.query(source_id))["results"] == []


async def test_a_restart_keeps_everything_that_was_answered(tmp_path: Path) -> None:
    clock = Clock()
    async with running(tmp_path, clock) as world:
        source_id = await world.database()
        page = await world.add(source_id, {"Channel": {"select": {"name": "oceans"}}})
        await world.client.blocks.children.append(page["id"], children=[{"divider": {}}])
        await world.client.comments.create(parent={"page_id": page["id"]}, rich_text=rich("hello"))
        upload = await world.client.file_uploads.create(filename="a.png")
        before = await world.client.pages.retrieve(page["id"])
    async with running(tmp_path, clock) as world:
        assert await world.client.pages.retrieve(page["id"]) == before
        assert len((await world.client.blocks.children.list(page["id"]))["results"]) == 1
        assert len((await world.client.comments.list(block_id=page["id"]))["results"]) == 1
        assert (await world.client.file_uploads.retrieve(upload["id"]))["filename"] == "a.png"
        new = await world.add(source_id, {"Channel": {"select": {"name": "deserts"}}})
        assert new["id"] != page["id"]
        options = (await world.client.data_sources.retrieve(source_id))["properties"]["Channel"]["select"]["options"]
        assert len({option["id"] for option in options}) == 3


async def test_a_line_torn_by_a_kill_is_dropped_and_the_journal_continues(tmp_path: Path) -> None:
    clock = Clock()
    async with running(tmp_path, clock) as world:
        source_id = await world.database()
        kept = await world.add(source_id, {})
    journal = tmp_path / "notion" / "journal-0.jsonl"
    with journal.open("a") as torn:
        torn.write('{"table": "pages", "ser')
    async with running(tmp_path, clock) as world:
        added = await world.add(source_id, {})
    async with running(tmp_path, clock) as world:
        rows = (await world.client.data_sources.query(source_id))["results"]
        assert [row["id"] for row in rows] == [added["id"], kept["id"]]


async def test_a_reader_follows_the_journal_over_a_fold_into_the_snapshot(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        source_id = await world.database()
        reader = Store(Context(tmp_path, Options(), Clock(BEGIN_S)))
        first = await world.add(source_id, {"Cost": {"number": 1}})
        assert first["id"] not in reader.pages
        reader.refresh()
        assert first["id"] in reader.pages
        writer = Store(Context(tmp_path, Options(), Clock(BEGIN_S)))
        writer.fold()
        reader.refresh()
        assert reader.pages == writer.pages
        assert [page.id for page in reader.pages_of(source_id)] == [first["id"]]
        assert not (tmp_path / "notion" / "journal-0.jsonl").exists()
