"""Limits of time for all tests: generous, and from one place. See `tests/harness/patience.py`."""

import pytest
from hypothesis import HealthCheck, settings

from tests.harness.patience import TEST_S

# an example that takes long says something about the machine, not about the code
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("timeout") is None:
        config.option.timeout = TEST_S
