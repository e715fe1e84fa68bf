"""Limits of time for all tests: generous, and from one place. See `tests/harness/patience.py`."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.harness.patience import TEST_S

# an example that takes long says something about the machine, not about the code
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


#: the rooms whose tests take longest, in this order: begun first, so that no worker is left alone with them at the end
LONGEST = ("live", "crash", "scripts", "scenarios", "sandbox", "faults", "adapters", "daemon")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        rooms = item.path.parts
        return next((at for at, room in enumerate(LONGEST) if room in rooms), len(LONGEST))

    items.sort(key=place)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("timeout") is None:
        config.option.timeout = TEST_S


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """No garbage is collected meanwhile: Python 3.11 fails in `ast.parse` when a finalizer formats a traceback then."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
