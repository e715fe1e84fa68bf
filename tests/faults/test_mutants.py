"""Every row of the mutants can still be carried out; `python -m tests.campaigns mutants` does so."""

import pytest

from tests.campaigns.frame import ROOT
from tests.campaigns.mutants import MUTANTS, Mutant, complaints


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_text_to_break_and_the_test_that_sees_it_are_there(mutant: Mutant) -> None:
    assert complaints(mutant) == []
    assert mutant.old != mutant.new


def test_a_row_that_no_longer_fits_is_reported() -> None:
    row = Mutant("gone", "P0", "videod/ledger.py", "no such text", "", "tests/faults/test_mutants.py::test_nothing")
    assert len(complaints(row)) == 2


def test_names_are_unique_and_switches_stay_out_of_the_program() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12
    code = [path for room in ("videod", "scripts") for path in (ROOT / room).rglob("*.py")]
    assert [path for path in code if "VIDEOD_BREAK" in path.read_text()] == []
