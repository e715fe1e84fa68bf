"""A sample of answers given to the scripts as children: kind, doubt and words (`python -m tests.campaigns answers`)."""

from pathlib import Path

import pytest

from tests.campaigns import answers_table

#: the campaign gives 60, or all; these take some ten seconds of a processor
CELLS = 40


@pytest.mark.fault("5.4", "5.15", "5.16", "13.11")
@pytest.mark.live
@pytest.mark.long
def test_scripts_take_the_answers_of_services_for_what_they_prove(tmp_path: Path) -> None:
    cells = answers_table.sample(11, CELLS)
    assert {cell.kind for cell in cells} > {"input", "in_doubt", "down", "busy", "quota", "credentials"}
    assert [(cell.place, wrong) for cell, wrong in answers_table.judged(cells, tmp_path) if wrong] == []


def test_the_whole_table_has_every_call_status_and_form() -> None:
    cells = answers_table.all_cells()
    assert len(cells) == len({cell.place for cell in cells}) > 300
    assert {cell.call.service for cell in cells} == set(answers_table.OWN)
