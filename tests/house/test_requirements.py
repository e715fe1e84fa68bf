"""The table of requirements: every one has its row, and whatever a row names is there."""

import argparse
import re
from functools import cache
from pathlib import Path

import pytest

from tests.campaigns.__main__ import campaigns

ROOT = Path(__file__).resolve().parents[2]
IDS = [
    *(f"FR{number}" for number in range(1, 68)), *(f"P{number}" for number in range(1, 6)),
    *(f"SC{number}" for number in range(1, 6)), *(f"S{number}" for number in range(1, 6)),
    *(f"I{number}" for number in range(1, 7)), *(f"R{number}" for number in range(1, 8)),
]  # fmt: skip


def _rows() -> dict[str, tuple[str, str, str]]:
    """ID -> requirement, how it is met, what shows it."""
    lines = (ROOT / "docs" / "requirements.md").read_text().splitlines()
    cells = [re.split(r" \| |^\| | \|$", line)[1:-1] for line in lines if re.match(r"\| [A-Z]+\d+:", line)]
    found = {one[0].partition(":")[0]: (one[0], one[1], one[2]) for one in cells if len(one) == 3}
    assert len(found) == len(cells), "an id has two rows, or a row another number of cells"
    return found


ROWS = _rows()
campaigns_known = cache(campaigns)


def test_every_requirement_has_its_row_in_order() -> None:
    assert list(ROWS) == IDS


def _named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("name", ROWS)
def test_whatever_a_row_names_is_there(name: str) -> None:
    _, how, shown = ROWS[name]
    paths = _named(how)
    assert paths, "it names no file that meets it"
    for path in paths:
        assert (ROOT / path).exists(), path
    proofs = [one for one in _named(shown) if not one.startswith("--")]
    assert any(one.startswith(("tests/", "campaign ", "benchmark ", "videod ")) for one in proofs), "nothing shows it"
    for one in proofs:
        _is_there(one)


def _is_there(proof: str) -> None:
    """What shows a requirement can be started. Commands of videod are tried in test_docs."""
    kind, _, rest = proof.partition(" ")
    if proof.startswith("tests/"):
        path, _, test = proof.partition("::")
        text = (ROOT / path).read_text()
        assert re.search(rf"^(?:async )?def {test}\(" if test else r"def test_", text, re.MULTILINE), proof
    elif kind == "campaign":
        made = campaigns_known()[rest.split()[0]]
        parser = argparse.ArgumentParser(exit_on_error=False)
        made.options(parser)
        parser.parse_args(rest.split()[1:])
    elif kind == "benchmark":
        assert (ROOT / "tests" / "benchmarks" / f"{rest.split()[0]}.py").is_file(), proof
    else:
        assert kind in ("videod", "./run"), proof


@pytest.mark.parametrize("proof", ["tests/house/test_requirements.py::test_nothing", "campaign nothing",
                                   "campaign kills --nothing 3", "benchmark nothing", "tests/nothing.py"])  # fmt: skip
def test_what_is_not_there_is_noticed(proof: str) -> None:
    with pytest.raises((AssertionError, KeyError, OSError, argparse.ArgumentError, SystemExit)):
        _is_there(proof)
