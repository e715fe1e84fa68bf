"""The table of faults names every test that holds a row, and no test names a row that is not there."""

from tests.faults.rows import ROWS, holders


def test_every_mark_names_a_row() -> None:
    assert sorted(set(holders()) - set(ROWS)) == []
