"""The line on the board against the simulated service: it leaves what people wrote there, and its time is the
board's."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.notion_board import NotionStage, notion_stage
from videod.adapters.notion_lease import NotionLease
from videod.adapters.notion_places import Ids
from videod.core.lease import Claim, holder
from videod.ports import BoardError
from videod.sandbox.kernel import Fault

CLAIM = Claim(holder("aaaaaaaaaaaa", "111111111111", "server"), 1_795_000_000_000, 1_795_000_060_000, "beef1234")


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[NotionStage]:
    async with notion_stage(tmp_path / "sandbox") as made:
        yield made


async def made(on: NotionStage) -> tuple[NotionLease, Ids]:
    _, ids = await on.made()

    async def where() -> Ids:
        return ids

    return NotionLease(on.calls, where), ids


def always(_: Claim | None) -> bool:
    return True


def shown(database: dict[str, Any]) -> str:
    return "".join(piece["plain_text"] for piece in database["description"])


@pytest.mark.fault("3.3")
async def test_a_claim_is_read_back_and_replaces_the_one_before(on: NotionStage) -> None:
    line, ids = await made(on)
    assert (await line.read())[0] is None
    await line.write(CLAIM, always)
    assert (await line.read())[0] == CLAIM
    later = replace(CLAIM, nonce="cafe5678", released=True)
    await line.write(later, always)
    assert (await line.read())[0] == later
    assert shown(await on.person.databases.retrieve(ids.assets_database)).count("this board") == 1
    entries = await on.person.databases.retrieve(ids.entries_database)
    assert entries["description"] == [], "the table that people work in stays as it is"


@pytest.mark.fault("3.3")
async def test_what_people_wrote_into_the_description_stays(on: NotionStage) -> None:
    line, ids = await made(on)
    link = {"type": "text", "text": {"content": "handbook", "link": {"url": "https://example.com"}}}
    words = [{"type": "text", "text": {"content": "Files of "}, "annotations": {"bold": True}}, link]
    await on.person.databases.update(ids.assets_database, description=words)
    before = (await on.person.databases.retrieve(ids.assets_database))["description"]
    for number in range(3):
        await line.write(replace(CLAIM, nonce=f"0000000{number}"), always)
    after = (await on.person.databases.retrieve(ids.assets_database))["description"]
    assert after[:2] == before and len(after) == 3
    # Notion joins pieces that look alike
    joined = "".join(piece["plain_text"] for piece in after[1:])
    await on.person.databases.update(
        ids.assets_database, description=[{"type": "text", "text": {"content": joined + "\nbye"}}]
    )
    await line.write(CLAIM, always)
    assert (await line.read())[0] == CLAIM
    text = shown(await on.person.databases.retrieve(ids.assets_database))
    assert text == f"handbook\nbye\n{CLAIM.line()}"


@pytest.mark.fault("3.3")
async def test_the_time_is_the_boards_own_whatever_this_host_thinks(on: NotionStage) -> None:
    line, _ = await made(on)
    _, first = await line.read()
    on.clock.at += 86_400_000  # a person sets the clock of this host; the board's Date header stays right
    _, second = await line.read()
    assert abs(second - first) < 120_000


async def test_a_board_that_fails_is_a_failure_of_the_board(on: NotionStage) -> None:
    line, _ = await made(on)
    on.context.faults.set([Fault("notion", "status", "PATCH /v1/databases/*", status=500)])
    with pytest.raises(BoardError) as failed:
        await line.write(CLAIM, always)
    assert failed.value.kind == "down"
    on.context.faults.set([Fault("notion", "malformed", "GET /v1/databases/*")])
    with pytest.raises(BoardError) as failed:
        await line.read()
    assert failed.value.kind == "down"
