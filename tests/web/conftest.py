"""The API on a Unix socket as videod's command line asks it. Each module has a `box` of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.cli.factory import StudioBox
from tests.harness import control
from tests.web.caller import Caller, served


@pytest.fixture
async def api(box: StudioBox) -> AsyncIterator[Caller]:
    listening = await served(box)
    async with control.session(box.state) as session:
        yield Caller(session)
    await listening.close()
