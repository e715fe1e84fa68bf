"""Which share of the time the daemon worked: absences as the heartbeat leaves them, in the report and its words."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, StudioBox, at_once
from videod.core.measures import Presence
from videod.daemon.heartbeat import FACT
from videod.dashboard.report import presence, weekly_text
from videod.store import reports
from videod.store.schema import APPLICATION_ID, migrate, migrations, statements

BEAT = 15_000
#: the migration that brought the table
ABSENCES = 28
DAY = 24 * HOUR
BEGIN = NOON - 7 * DAY


@pytest.fixture
def box(tmp_path: Path) -> Iterator[StudioBox]:
    made = StudioBox(tmp_path, BEGIN - DAY)
    yield made
    made.close()


def beat(box: StudioBox, *at: int) -> None:
    for one in at:
        at_once(box.ledger.set_value(FACT, str(one)))


def seen(box: StudioBox, begin: int = BEGIN, end: int = NOON) -> Presence:
    return at_once(box.store.read(lambda tx: reports.report(tx, begin, end))).presence


def gaps(found: Presence) -> Sequence[tuple[int, int]]:
    return [(one.began_at, one.ended_at) for one in found.absences]


def test_a_daemon_that_never_beat_has_no_share(box: StudioBox) -> None:
    found = seen(box)
    assert found.up.value is None and gaps(found) == []


def test_beats_in_time_are_all_of_the_time(box: StudioBox) -> None:
    beat(box, BEGIN - DAY, *range(NOON - HOUR, NOON, BEAT))
    # the day before is an absence of its own, so look only at the hour
    found = seen(box, NOON - HOUR)
    assert found.up.value == 1 and gaps(found) == []


def test_a_gap_of_a_minute_is_none_and_a_longer_one_is(box: StudioBox) -> None:
    beat(box, BEGIN, BEGIN + MINUTE, BEGIN + 2 * MINUTE + 1)
    assert gaps(seen(box, end=BEGIN + 2 * MINUTE + 1)) == [(BEGIN + MINUTE, BEGIN + 2 * MINUTE + 1)]


def test_absences_are_cut_to_the_period(box: StudioBox) -> None:
    beat(box, BEGIN - DAY, BEGIN + HOUR, BEGIN + 3 * HOUR, NOON + HOUR)
    found = seen(box)
    assert gaps(found) == [(BEGIN, BEGIN + HOUR), (BEGIN + HOUR, BEGIN + 3 * HOUR), (BEGIN + 3 * HOUR, NOON)]
    assert found.up.part == 0


def test_time_before_the_first_beat_is_unknown_and_no_absence(box: StudioBox) -> None:
    first = NOON - 4 * HOUR
    beat(box, first, first + HOUR)
    found = seen(box, end=first + 2 * HOUR)
    assert found.since == first
    assert gaps(found) == [(first, first + HOUR), (first + HOUR, first + 2 * HOUR)]


def test_a_daemon_that_is_away_now_counts_until_now(box: StudioBox) -> None:
    beat(box, *range(BEGIN, BEGIN + HOUR, BEAT))
    last = BEGIN + HOUR - BEAT
    assert gaps(seen(box, end=BEGIN + 10 * HOUR)) == [(last, BEGIN + 10 * HOUR)]
    assert gaps(seen(box, end=last + MINUTE)) == []


def test_a_clock_that_was_set_back_makes_no_absence(box: StudioBox) -> None:
    beat(box, BEGIN, BEGIN - HOUR, BEGIN - HOUR + BEAT)
    assert gaps(seen(box, BEGIN - DAY, BEGIN - HOUR + BEAT)) == []


def test_times_that_a_clock_noted_twice_count_once(box: StudioBox) -> None:
    beat(box, BEGIN, BEGIN + 2 * HOUR, BEGIN + HOUR, BEGIN + 3 * HOUR, BEGIN, BEGIN + 2 * HOUR)
    assert gaps(seen(box, end=BEGIN + 3 * HOUR)) == [(BEGIN, BEGIN + 3 * HOUR)]


def test_the_words_say_the_share_the_target_and_the_longest_absence(box: StudioBox) -> None:
    beat(box, BEGIN - MINUTE, BEGIN)
    beat(box, NOON)
    gaps = ((BEGIN + HOUR, BEGIN + HOUR + 20 * MINUTE), (BEGIN + DAY, BEGIN + DAY + 10 * MINUTE))
    at_once(box.store.write(lambda tx: tx.execute("DELETE FROM absences WHERE ended_at = ?", (NOON,))))
    at_once(box.store.write(lambda tx: tx.executemany("INSERT INTO absences VALUES (?, ?)", gaps)))
    report = at_once(box.store.read(lambda tx: reports.report(tx, BEGIN, NOON)))
    told = "videod at work: 99.70 % of the time, target 99 %. Away 30 min in 2 gaps, the longest 20 min from "
    assert presence(report).startswith(told) and presence(report) in weekly_text(report, NOON)


def test_a_share_below_the_target_is_missed_and_never_rounded_up_to_all(box: StudioBox) -> None:
    beat(box, BEGIN, BEGIN + 12 * HOUR)
    report = at_once(box.store.read(lambda tx: reports.report(tx, BEGIN, BEGIN + 13 * HOUR)))
    assert ", target 99 %, missed. Away 13 h" in presence(report)
    beat(box, BEGIN + 12 * HOUR + 61_000)
    short = at_once(box.store.read(lambda tx: reports.report(tx, BEGIN + 12 * HOUR, BEGIN + 40 * DAY)))
    assert "100 %" not in presence(short)


def test_an_upgraded_database_knows_from_its_last_beat_on(tmp_path: Path) -> None:
    path = tmp_path / "videod.db"
    with sqlite3.connect(path, isolation_level=None) as connection:
        for number, script in migrations():
            for statement in statements(script) if number < ABSENCES else ():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={ABSENCES - 1}")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID:d}")
        connection.execute("INSERT INTO key_values VALUES (?, ?)", (FACT, str(BEGIN)))
    connection.close()
    migrate(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT * FROM absences").fetchall() == [(0, BEGIN)]
    connection.close()
