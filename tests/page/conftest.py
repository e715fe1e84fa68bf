"""A studio and the page over it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, StudioBox
from tests.page.browser import Browser, entered, page_over
from videod.daemon.page import Page


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[StudioBox]:
    (tmp_path / "state").mkdir()
    made = StudioBox(tmp_path / "state", at=NOON - 2 * HOUR)
    yield made
    await made.store.close()


@pytest.fixture
async def page(box: StudioBox) -> AsyncIterator[Page]:
    async with page_over(box) as made:
        yield made


@pytest.fixture
async def mina(page: Page) -> AsyncIterator[Browser]:
    """An owner who is in."""
    async with entered(page) as browser:
        yield browser
