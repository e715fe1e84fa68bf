"""How large a file Notion takes: asked of Notion, once an hour, and again when a file was refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.notion_board import NotionStage, notion_stage
from videod.adapters.notion_files import ASK_AGAIN_MS, LARGEST
from videod.ports import BoardError
from videod.sandbox.kernel import Fault

FREE = 5 << 20


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[NotionStage]:
    async with notion_stage(tmp_path / "notion") as stage:
        yield stage


def plan(on: NotionStage, file_bytes: int) -> None:
    on.context.switches["notion"]("plan", {"file_bytes": file_bytes})


async def test_the_limit_is_what_notion_says_and_asked_once_an_hour(on: NotionStage) -> None:
    board, _ = await on.made()
    assert [await board.file_limit() for _ in range(3)] == [LARGEST] * 3
    plan(on, FREE)
    assert await board.file_limit() == LARGEST and on.requests("GET", "/v1/users/me") == 1
    on.clock.pass_s(ASK_AGAIN_MS / 1000)
    assert await board.file_limit() == FREE and on.requests("GET", "/v1/users/me") == 2


async def test_a_free_workspace_refuses_a_larger_file_and_the_limit_is_asked_again(
    on: NotionStage, tmp_path: Path
) -> None:
    board, ids = await on.made()
    page, clip = await on.add(ids), tmp_path / "clip_07.mp4"
    assert await board.file_limit() == LARGEST
    plan(on, FREE)
    for size in (FREE + 1, 21 << 20):
        clip.write_bytes(bytes(size))
        with pytest.raises(BoardError) as refused:
            await board.put_asset(page, "t1/clip/clip_07", "clip_07", "Clip", clip, 0, None)
        assert refused.value.kind == "rejected"
    assert await board.file_limit() == FREE
    clip.write_bytes(bytes(FREE))
    assert await board.put_asset(page, "t1/clip/clip_07", "clip_07", "Clip", clip, 0, None)


@pytest.mark.parametrize("body", [
    "{}", '{"bot": null}', '{"bot": []}', '{"bot": {"workspace_limits": 3}}',
    *(f'{{"bot": {{"workspace_limits": {{"max_file_upload_size_in_bytes": {told}}}}}}}'
      for told in ("null", "0", "-5", "1e99", '"x"', "true", "[]", "NaN")),
])  # fmt: skip
async def test_nonsense_is_no_limit(on: NotionStage, body: str) -> None:
    board, _ = await on.made()
    on.context.faults.add(Fault("notion", "status", "GET /v1/users/me", status=200, body=body))
    try:
        assert await board.file_limit() == LARGEST
    except BoardError as error:
        assert error.kind == "down", "an answer that is no JSON at all"


async def test_a_connection_that_may_not_ask_has_no_limit_and_an_outage_is_one(on: NotionStage) -> None:
    board, _ = await on.made()
    refusal = '{"object": "error", "status": 403, "code": "restricted_resource", "message": "not for you"}'
    on.context.faults.set([Fault("notion", "status", "GET /v1/users/me", status=503, body="{}")])
    with pytest.raises(BoardError) as down:
        await board.file_limit()
    assert down.value.kind in ("down", "busy")
    on.context.faults.set([Fault("notion", "status", "GET /v1/users/me", status=403, body=refusal)])
    assert await board.file_limit() == LARGEST


def test_a_plan_that_cannot_be_is_refused(on: NotionStage) -> None:
    for wrong in (0, -1, True, "5", 6 << 30, None):
        with pytest.raises(ValueError, match="file_bytes must be"):
            on.context.switches["notion"]("plan", {"file_bytes": wrong})
