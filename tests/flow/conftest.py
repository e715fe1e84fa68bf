"""The rooms of `flow/` over a board that a test looks into; a file whose harness has more has a fixture of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.board_double import BoardDouble, Clock
from tests.flow.harness import Harness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    clock = Clock()
    made = Harness(tmp_path, BoardDouble(clock), clock)
    yield made
    await made.store.close()


@pytest.fixture
def board(harness: Harness) -> BoardDouble:
    assert isinstance(harness.board, BoardDouble)
    return harness.board
