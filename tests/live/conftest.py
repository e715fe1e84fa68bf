from collections.abc import Iterator

import pytest

from tests.live.creator import Creator
from tests.live.stage import Stage


@pytest.fixture(scope="module")
def creator(studio: Stage) -> Iterator[Creator]:
    """The person at the board of the module's own `studio`."""
    made = Creator(studio)
    yield made
    made.close()
