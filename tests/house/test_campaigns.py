"""The campaigns can be started, and those that the documents name are there."""

import importlib
import re
from pathlib import Path

from tests.campaigns.__main__ import campaigns

ROOT = Path(__file__).resolve().parents[2]


def test_every_campaign_can_be_started_and_the_table_of_promises_names_only_such() -> None:
    known = campaigns()
    importlib.import_module("tests.harness.poisoned_videod")  # started by one of them
    rows = [line.split("|") for line in (ROOT / "docs" / "reliability.md").read_text().splitlines()]
    named = {name for row in rows if len(row) == 5 for name in re.findall(r"`([a-z-]+)[^`]*`", row[3])}
    assert {"real-outages", "poison", "unit"} <= named and named <= set(known) | {"python"}
