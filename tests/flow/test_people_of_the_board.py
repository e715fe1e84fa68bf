"""What a person does on the board carries their name where videod knows them; who may only look is answered."""

import json

import pytest

from tests.flow.board_double import BoardDouble
from tests.flow.harness import Harness
from tests.flow.test_board_is_believed import at_gate, shown
from videod.core import people
from videod.core.model import Priority
from videod.core.statuses import Gate, Status
from videod.flow import signing
from videod.store import listing

MINA, VI = "11111111-2222-3333-4444-555555555555", "a" * 32


@pytest.fixture
async def known(harness: Harness) -> None:
    kept = {str(people.user_id(MINA)): ["Mina", "editor"], VI: ["Vi", "viewer"]}
    await harness.ledger.set_value(people.KEPT, json.dumps(kept))


async def by(harness: Harness, event: str) -> list[object]:
    """Who did the events of this name."""
    task = await harness.task("p1")
    found = await harness.store.read(lambda tx: listing.history(tx, task.id, 0, 1000))
    return [one.body.get("by") for one in found if one.event == event]


def edits(board: BoardDouble, who: str, **values: object) -> None:
    board.person_sets("p1", **values)
    board.entries["p1"].editor = who


@pytest.mark.usefixtures("known")
async def test_acts_on_the_board_carry_the_name_of_who_edited(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    edits(board, MINA, Priority="High")
    await harness.sync()
    edits(board, MINA, Status="Approved - Assets")
    await harness.sync()
    assert (await by(harness, "EntryEdited"), await by(harness, "GateApproved")) == (["Mina"], ["Mina"])
    edits(board, "f" * 32, Status="Cancelled")
    await harness.sync()
    assert await by(harness, "CancelAsked") == [""]


@pytest.mark.usefixtures("known")
async def test_who_may_only_look_is_answered_on_the_board(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    edits(board, VI, Status="Approved - Assets", Priority="High")
    await harness.sync()
    await harness.sync()
    task = await harness.task("p1")
    assert (task.status, task.priority, Gate.ASSETS in task.approved) == (Status.ASSETS_READY, Priority.NORMAL, False)
    assert (board.status("p1"), shown(board, "Priority")) == ("Assets Ready", "Normal")
    assert "Vi may look, not change anything here" in str(shown(board, "Error Log"))


@pytest.mark.usefixtures("known")
async def test_an_entry_that_a_viewer_queues_stays_a_draft(harness: Harness, board: BoardDouble) -> None:
    board.add("p1")
    edits(board, VI, Status="Queued")
    await harness.sync()
    await harness.sync()
    assert board.status("p1") == "Draft"
    assert "Ask the owner of this videod" in str(shown(board, "Error Log"))
    harness.clock.pass_s(120)
    edits(board, MINA, Status="Queued")
    await harness.sync()
    assert await by(harness, "EntryQueued") == ["Mina"]


async def test_nobody_is_refused_where_nobody_was_named(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    edits(board, VI, Status="Approved - Assets")
    await harness.sync()
    assert await by(harness, "GateApproved") == ["notion"]


async def test_a_priority_that_another_way_asked_for_carries_who_did(harness: Harness, board: BoardDouble) -> None:
    await at_gate(harness, board)
    asked: dict[str, object] = {signing.ASKED: {"column": "Priority", "by": "cli"}}
    await harness.ledger.saw_page("p1", asked, harness.clock.now_ms(), merge=True)
    board.person_sets("p1", Priority="Urgent")
    await harness.sync()
    board.person_sets("p1", Priority="Low")
    await harness.sync()
    assert await by(harness, "EntryEdited") == ["cli", ""]


def test_ids_of_users_are_compared_as_they_are_meant() -> None:
    assert people.user_id(MINA) == people.user_id(MINA.replace("-", "").upper())
    for wrong in ("", "mina", "g" * 32, "1" * 31):
        assert people.user_id(wrong) is None
    for odd in (None, [], {"a": 1}, {"a": ["Mina"]}, {"a": [None, "editor"]}, {"a": ["", "editor"]}):
        assert people.kept(odd) == {}
