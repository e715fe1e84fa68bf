"""Every door where something of others enters, against nonsense: a short run of each campaign's own parts."""

import random
from pathlib import Path

import pytest

from tests.campaigns import doors
from tests.harness import nonsense
from tests.harness.mutating import _mutated
from videod.core import bounds

CALLS = 500


@pytest.mark.fault("1.4", "1.5", "13.3")
@pytest.mark.long
def test_no_door_lets_nonsense_in_or_out(tmp_path: Path) -> None:
    found = doors.campaign(tmp_path, CALLS, seed=11)
    assert found["calls"] == CALLS and found["doors"] == len(doors.DOORS)


def test_nonsense_is_the_same_for_the_same_seed_and_some_of_it_is_json() -> None:
    texts = [nonsense.document(random.Random(seed), ("a", "b", "c")) for seed in range(200)]
    assert texts == [nonsense.document(random.Random(seed), ("a", "b", "c")) for seed in range(200)]
    read = 0
    for text in texts:
        try:
            bounds.loads(text)
            read += 1
        except ValueError:
            continue
    assert 50 < read < 200


def test_an_answer_is_spoiled_in_its_values_or_its_keys() -> None:
    good = b'{"code": 200, "data": {"state": "success", "list": [1, 2, 3]}}'
    assert all(_mutated(random.Random(seed), good, drop) != good for seed in range(50) for drop in (True, False))
