"""A plan file that is no plan is refused with its reason, whatever stands in it."""

import json
import os
from pathlib import Path

import pytest

from tests.core.plans import good_plan
from videod.core.plan import PlanError
from videod.flow.inputs import PLAN_BYTES, read_plan


def _scale(text: str) -> str:
    """A good plan in which `text` stands for the scale of a picture."""
    document = good_plan()
    document["clips"][0]["picture"]["scale"] = "SCALE"
    return json.dumps(document).replace('"SCALE"', text)


@pytest.mark.fault("1.4")
@pytest.mark.parametrize(
    "text",
    [
        _scale("9" * 5_000), _scale("Infinity"), _scale("NaN"), _scale("1e999"), "[" * 100_000, "", "{", "\0",
        "\ufeff", "[]", "9" * 5_000,
    ],
    ids=["5,000 digits", "infinity", "nan", "1e999", "nested", "empty", "open", "nul", "mark", "list", "only digits"],
)  # fmt: skip
def test_a_plan_of_nonsense_is_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(PlanError) as refused:
        read_plan(path)
    assert 0 < len(str(refused.value)) < 2_000


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b'"\xc3"', b" " * (PLAN_BYTES + 1)])
def test_a_plan_that_is_no_text_or_too_large_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(data)
    with pytest.raises(PlanError, match="cannot be read as JSON"):
        read_plan(path)


@pytest.mark.fault("1.4")
def test_a_plan_that_is_a_fifo_or_a_folder_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("fifo.json", "folder.json"):
        with pytest.raises(PlanError, match="cannot be read as JSON"):
            read_plan(tmp_path / name)


def test_a_good_plan_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(good_plan()))
    assert len(read_plan(path).clips) == 18
