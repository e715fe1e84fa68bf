"""Every broken answer at every endpoint is understood for what it is, bounded in time and memory, and never paid twice.

The same cells as `python -m tests.campaigns http`.
"""

from pathlib import Path

import pytest

from tests.campaigns import http_daemon, http_matrix
from tests.campaigns.faulty import FAULTS
from tests.campaigns.http_cells import ENDPOINTS, Endpoint
from tests.campaigns.http_table import TABLE
from videod.core.failures import POLICY, Answer, Kind
from videod.core.tables import STEPS

#: which step's time a row's paid calls are taken from, and how often one run may make them
PAID_CALLS = {"gemini image": ("image", 2), "gemini text": ("plan", 4), "elevenlabs speech": ("narration", 1),
              "elevenlabs effect": ("sound_effect", 1)}  # fmt: skip


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_broken_answer_to_a_script_is_taken_for_what_it_is(endpoint: Endpoint, tmp_path: Path) -> None:
    found = list(http_matrix.cells(endpoint, tmp_path))
    assert len(found) >= len(FAULTS)
    assert [cell for cell in found if not cell.right] == []


@pytest.mark.parametrize("name", http_daemon.ROWS)
def test_every_broken_answer_to_the_daemon_is_taken_for_what_it_is(name: str, tmp_path: Path) -> None:
    found = list(http_daemon.cells(name, tmp_path, http_matrix.Cell, http_matrix.strangers, http_matrix.peak))
    assert len(found) > len(FAULTS)
    assert [cell for cell in found if not cell.right] == []


def test_the_table_has_a_row_for_every_endpoint_and_a_column_for_every_fault() -> None:
    assert set(TABLE) == {endpoint.name for endpoint in ENDPOINTS} | set(http_daemon.ROWS)
    for name, row in TABLE.items():
        assert set(FAULTS) <= set(row), f"{name} lacks {set(FAULTS) - set(row)}"


def test_every_kind_that_the_table_names_for_a_script_has_a_policy_that_never_stops_at_once() -> None:
    kinds = {kind for name, row in TABLE.items() if name not in http_daemon.ROWS for kind in row.values()} - {"done"}
    answers = {POLICY[Kind(kind)].answer for kind in kinds}
    assert answers == {Answer.AGAIN, Answer.AGAIN_FREE, Answer.IN_DOUBT, Answer.SUSPEND}


def test_every_call_of_a_script_ends_within_the_time_of_its_step(tmp_path: Path) -> None:
    called = http_matrix.deadlines(tmp_path)
    assert {row for row, _, _ in called} == {endpoint.name for endpoint in ENDPOINTS}
    for row, endpoint, seconds in called:
        assert 0 < seconds <= 300, (row, endpoint)
        if row in PAID_CALLS:
            step, times = PAID_CALLS[row]
            assert times * seconds < STEPS[step].deadline_s, (row, endpoint)
