"""Every alert has its row: a level, when it is repeated, what clears it."""

import importlib
import re
from itertools import pairwise

import pytest

from tests.house.test_alerting import told
from videod.core import alerts
from videod.core.alerts import CAUSES, Level, Note, cause_of

#: keys as the code makes them -> the row that they belong to
KEYS = {
    "disk": "disk", "kie:credentials": "credentials", "youtube:credentials:wild_earth": "credentials",
    "kie:credit": "credit", "gemini:quota": "quota", "youtube:quota:wild_earth": "quota",
    "gemini:quota:2026-11-30": "quota-near", "kie:down": "down", "narration:configuration:wild_earth:0a1b2c": "stopped",
    "clip:configuration::0a1b2c": "stopped",
    "owls-1:clip:refused": "stopped", "owls-1:clip/clip_07:3": "stopped", "owls-1:lost:17": "stopped",
    "owls-1:clip/clip_07:charge:3": "charge", "owls-1:film:4": "film", "owls-1:overdue:1795000020000": "verdict",
    "owls-1:clip/clip_07:crash:1795000020000": "crash", "setting:kie:model clip": "setting", "deaths 17 3": "died",
    "wild_earth:budget:20421:20000000": "budget", "wild_earth:budget:20421:near": "budget-near",
    "gemini:quota:2026-11-30:full": "quota-full", "report:1795000020000": "report",
    "board lost": "board-lost", "board refused": "board-refused",
    "board unreachable": "board-unreachable", "board back:17": "board-back", "board:asset:rejected": "board-write",
    "changed:owls-1/clip_07": "file", "relay:asset:KeyError": "crash", "intake:p1:KeyError": "crash",
    "loop verdicts": "loop", "stuck:owls-1:17": "stuck", "slow:owls-1:17": "slow",
    "imbalance:wild_earth": "balance", "limit:kie": "limit", "heartbeat:1795000020000": "heartbeat",
    "reviews:17": "waiting",
}  # fmt: skip


@pytest.mark.parametrize(("key", "name"), KEYS.items())
def test_a_key_belongs_to_its_cause(key: str, name: str) -> None:
    assert cause_of(key).name == name
    note = Note.of(f"{key}@1795000020000", "text")
    assert (note.level, note.key) == (cause_of(key).level, f"{key}@1795000020000")


def test_whatever_the_code_tells_people_has_a_row() -> None:
    """A new alert: add its row to videod/core/alerts.py, then run `videod docs update docs/alerts.md`."""
    for where, source, _ in told():
        if not source.startswith(("f'", 'f"', "'", '"')):
            continue
        module = importlib.import_module(f"videod.{where.partition('.py')[0].replace('/', '.')}")
        key = source.lstrip("f").strip("'\"").replace("{kind}", "quota")
        key = re.sub(r"{(\w+)}", lambda name: str(getattr(module, name[1], "2026")), key)  # noqa: B023 - used at once
        key = re.sub(r"{[^}]*}", "2026", key)
        assert cause_of(key) is not alerts.UNKNOWN, f"{where}: no row of core/alerts.py fits {key}"


def test_a_row_says_all_that_people_want_to_know() -> None:
    for one in CAUSES:
        assert one.what and one.again and one.sample.endswith((".", "!", "`"))
    assert len({one.name for one in CAUSES}) == len(CAUSES)
    assert all(low.rank < high.rank for low, high in pairwise(Level))


def test_an_unknown_key_is_too_loud_rather_than_silent() -> None:
    assert Note.of("??? something new", "text").level is Level.CRITICAL
