"""A daemon whose heartbeat stops does not stay: alive outside and dead inside helps nobody."""

import threading
from types import SimpleNamespace

import pytest

from tests.harness.patience import happened
from videod.adapters import clock
from videod.daemon.watchdog import Watchdog


@pytest.mark.fault("1.9", "13.14")
def test_a_heartbeat_that_stops_ends_the_process_with_a_word() -> None:
    said: list[str] = []
    ended = threading.Event()

    def end(why: str) -> None:
        said.append(why)
        ended.set()

    dog = Watchdog(end, look_s=0.001, patience_s=0.05)
    dog.start()
    happened(ended)
    assert said == ["no heartbeat for 0 s"]


def test_a_sign_of_life_gives_the_whole_patience_again() -> None:
    ended: list[str] = []
    dog = Watchdog(ended.append, look_s=5, patience_s=180)
    looks = iter([False] * 35 + [True])
    dog._over = SimpleNamespace(wait=lambda seconds: next(looks))  # type: ignore[assignment]
    dog._run()
    assert ended == []
    looks = iter([False] * 35 + [True])
    dog.beat()
    dog._run()
    assert ended == []
    looks = iter([False] * 36)
    dog._run()
    assert len(ended) == 1


@pytest.mark.fault("13.14")
@pytest.mark.parametrize(
    ("seconds", "year"), [(0.0, "1970"), (-1.0, "1969"), (17_572_000_000.0, "2526"), (9_223_372_036.0, "2262")]
)
def test_a_clock_out_of_any_range_is_said_by_its_year(
    monkeypatch: pytest.MonkeyPatch, seconds: float, year: str
) -> None:
    monkeypatch.setattr(clock.time, "time", lambda: seconds)
    wrong = clock.nonsense()
    assert wrong is not None and year in wrong


def test_the_clock_of_today_is_fine() -> None:
    assert clock.nonsense() is None
