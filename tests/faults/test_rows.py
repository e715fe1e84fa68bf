"""The table of faults names every test that holds a row, and no test names a row that is not there."""

from tests.faults.rows import ROWS, holders


def test_every_mark_names_a_row() -> None:
    assert sorted(set(holders()) - set(ROWS)) == []


def test_every_row_is_held_by_a_test() -> None:
    assert sorted(set(ROWS) - set(holders())) == []
