"""Every figure of `videod report` against a truth that the test keeps of its own."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, StudioBox, at_once
from tests.store.month import DAY, Month
from videod.core.measures import HARMLESS, TRANSIENT, Outcome, Report
from videod.core.statuses import PHASES, Phase
from videod.store import happenings, reports
from videod.store.schema import APPLICATION_ID, migrate, migrations, statements

BEGIN = NOON - 30 * DAY
END = NOON
#: the migration that brought the tables
MEASURES = 19


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    """Episodes from before the month until after it."""
    box = StudioBox(tmp_path_factory.mktemp("month"), BEGIN - 2 * DAY)
    made = Month(box, BEGIN, END, seed=7)
    made.run(12, gap_ms=70 * HOUR)
    assert box.clock.at > END
    yield made
    box.close()


def read(month: Month, channel: str | None = None) -> Report:
    return at_once(month.box.store.read(lambda tx: reports.report(tx, BEGIN, END, channel)))


def test_every_episode_of_the_month_ended_as_it_did(month: Month) -> None:
    found = read(month)
    assert {one.task_id: (one.channel_id, one.outcome, one.at) for one in found.endings} == month.truth.endings
    assert {one.outcome for one in found.endings} == set(Outcome)
    outcomes = Counter(outcome for _, outcome, _ in month.truth.endings.values())
    alone = outcomes[Outcome.CLEAN] + outcomes[Outcome.RECOVERED]
    assert (found.alone().part, found.alone().whole) == (
        alone,
        alone + outcomes[Outcome.HELPED] + outcomes[Outcome.STOPPED],
    )


def test_failures_and_what_became_of_them_are_those_of_the_month(month: Month) -> None:
    found, truth = read(month), month.truth
    ended: Counter[tuple[str, str, str]] = Counter()
    for one in found.troubles:
        ended.update({
            (one.service, one.kind, "recovered"): one.recovered, (one.service, one.kind, "helped"): one.helped,
            (one.service, one.kind, "stopped"): one.stopped,
        })  # fmt: skip
    assert +ended == truth.ended
    assert {(one.service, one.kind): one.failures for one in found.troubles} == dict(truth.failures)
    transient = {key: n for key, n in truth.ended.items() if key[1] in TRANSIENT}
    recovered = sum(n for key, n in transient.items() if key[2] == "recovered")
    assert (found.transient.part, found.transient.whole) == (recovered, sum(transient.values()))
    assert 0 < recovered < sum(transient.values())


def test_the_time_in_each_status_is_that_of_the_month(month: Month) -> None:
    found = {one.status: one for one in read(month).stays}
    shown = {status: times for status, times in month.truth.stays.items() if PHASES[status] in _SHOWN}
    assert set(found) == set(shown)
    for status, times in shown.items():
        one = found[status]
        assert (one.times, one.total_ms, one.longest_ms) == (len(times), sum(times), max(times)), status
        assert one.median_ms == month.truth.median(status)


_SHOWN = (Phase.QUEUED, Phase.WORK, Phase.REVIEW)


def test_what_waited_for_which_service_is_that_of_the_month(month: Month) -> None:
    found, truth = read(month), month.truth.waits
    assert {one.service: (one.starts, one.waited_ms, one.longest_ms) for one in found.waits} == {
        service: (len(times), sum(times), max(times)) for service, times in truth.items()
    }
    lanes = {service: sum(times) for service, times in truth.items() if service}
    assert found.bottleneck is not None
    assert found.bottleneck.service == max(lanes, key=lambda one: lanes[one])


def test_what_was_paid_is_that_of_the_month(month: Month) -> None:
    found, truth = read(month), month.truth.micros
    assert {one.key: one.micros for one in found.by_service} == _sums(truth, 1)
    assert {one.key: one.micros for one in found.by_channel} == _sums(truth, 0)
    assert found.micros == sum(truth.values())


def _sums(micros: Counter[tuple[str, str]], place: int) -> dict[str, int]:
    found: Counter[str] = Counter()
    for key, amount in micros.items():
        found[key[place]] += amount
    return dict(found)


def test_one_channel_has_its_own_figures_and_all_of_them_add_up(month: Month) -> None:
    whole, parts = read(month), [read(month, channel) for channel in ("wild_earth", "deep_sea", "tiny_hunters")]
    assert sum(len(one.endings) for one in parts) == len(whole.endings)
    assert sum(one.micros for one in parts) == whole.micros
    assert sum(lane.waited_ms for one in parts for lane in one.waits) == sum(one.waited_ms for one in whole.waits)
    assert {one.channel_id for one in parts[1].endings} == {"deep_sea"}


def test_what_only_grows_is_what_happened_since_the_beginning(month: Month) -> None:
    counted = at_once(month.box.store.read(happenings.counters))
    attempts = Counter({(one.service, one.kind): 0 for one in counted})
    retries = attempts.copy()
    for one in counted:
        if one.name in ("attempts", "retries"):
            (attempts if one.name == "attempts" else retries)[one.service, one.kind] += one.n
    assert +attempts == month.truth.attempts
    assert +retries == month.truth.retries


def test_a_database_of_before_gets_the_same_figures_from_its_history(month: Month, tmp_path: Path) -> None:
    """All but the waits, which nobody noted before; a job that stopped and then succeeded is one trouble there."""
    old = tmp_path / "videod.db"
    _as_before(month.box.path, old)
    migrate(old)
    connection = sqlite3.connect(old)
    connection.row_factory = sqlite3.Row
    found, now = reports.report(connection, BEGIN, END), read(month)
    connection.close()
    assert found.stays == now.stays
    assert found.by_service == now.by_service
    assert sum(one.failures for one in found.troubles) == sum(one.failures for one in now.troubles)
    assert {one.task_id for one in found.endings} == {one.task_id for one in now.endings}


def _as_before(path: Path, old: Path) -> None:
    """The month in a database of the version before the measures."""
    with sqlite3.connect(old, isolation_level=None) as target:
        for number, script in migrations():
            for statement in statements(script) if number < MEASURES else ():
                target.execute(statement)
        target.execute(f"PRAGMA user_version={MEASURES - 1}")
        target.execute(f"PRAGMA application_id={APPLICATION_ID:d}")
        target.execute("ATTACH ? AS now", (str(path),))
        for table in ("tasks", "jobs", "attempts", "intents", "charges", "history"):
            columns = ", ".join(row[1] for row in target.execute(f"PRAGMA main.table_info({table})"))
            target.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}")
        target.execute("DETACH now")
    target.close()


def test_the_outcomes_that_are_no_failure_are_the_same_in_sql_and_code(tmp_path: Path) -> None:
    migrate(tmp_path / "videod.db")
    connection = sqlite3.connect(tmp_path / "videod.db")
    assert {row[0] for row in connection.execute("SELECT outcome FROM harmless")} == set(HARMLESS)
    connection.close()
