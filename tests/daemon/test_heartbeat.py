"""A daemon that was dead, frozen or without its host for minutes says so, once, with from when to when."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, StudioBox, at_once
from videod.daemon import lives
from videod.daemon.heartbeat import FACT, Heartbeat
from videod.daemon.lives import Lives
from videod.store import reads


class Enough(Exception):
    """The clock of a test has slept as often as was wanted."""


class Host:
    """Wall time and steady time; each sleep of the daemon takes what `sleeps` says, seconds."""

    def __init__(self) -> None:
        self.at, self.steady, self.sleeps = NOON, 0, list[float]()

    def now_ms(self) -> int:
        return self.at

    def steady_ms(self) -> int:
        return self.steady

    async def sleep(self, seconds: float) -> None:
        if not self.sleeps:
            raise Enough
        self.let_pass(round(self.sleeps.pop(0) * 1000))

    def let_pass(self, ms: int) -> None:
        self.at += ms
        self.steady += ms


class Daemon:
    """Its lives on one host and one database."""

    def __init__(self, state: Path) -> None:
        self.state, self.host, self.box, self.beats = state, Host(), StudioBox(state), 0

    def start(self, *sleeps: float) -> None:
        """One life: it beats as often as it sleeps, and once more."""
        self.book = Lives((self.state,), self.host.now_ms, lambda text: text.replace("key-123", "(redacted)"))
        story, self.host.sleeps = self.book.begin(), list(sleeps)
        heartbeat = Heartbeat(self.box.store, self.box.ledger, self.host, self._beat)
        at_once(heartbeat.begin(story, self.book))
        with pytest.raises(Enough):
            at_once(heartbeat.run())

    def _beat(self) -> None:
        self.beats += 1

    def heard(self) -> list[str]:
        posts = at_once(self.box.store.read(reads.pending_messages))
        return [str(one.body["text"]) for one in posts if one.target == "alert"]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    yield one
    one.box.close()


@pytest.mark.fault("7.4")
def test_a_start_hours_after_a_death_says_from_when_to_when_nothing_was_done(daemon: Daemon) -> None:
    daemon.start(15, 15)
    daemon.book.say("the database failed: key-123")
    daemon.host.let_pass(3 * HOUR + 10 * MINUTE)
    daemon.start(15)
    (text,) = daemon.heard()
    assert text == (
        "videod was away for 3 h 10 min, from 2026-11-21 12:00 UTC to 2026-11-21 15:10 UTC (the last reason: the"
        " database failed: (redacted)). It works again and is catching up."
    )
    assert at_once(daemon.box.store.read(reads.open_alerts)) == () and daemon.beats == 5


@pytest.mark.fault("7.4")
def test_a_host_that_was_off_is_named_and_an_earlier_death_is_not_taken_for_the_reason(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    daemon.start()
    daemon.host.let_pass(MINUTE)
    daemon.start(15)  # a quick start after a death has an alert of its own
    assert daemon.heard() == []
    boot = tmp_path / "boot"
    boot.write_text("another")
    monkeypatch.setattr(lives, "BOOT", boot)
    daemon.host.let_pass(20 * HOUR)
    daemon.start()
    (text,) = daemon.heard()
    assert "away for 20 h" in text and "(this host was off or restarted)" in text


@pytest.mark.fault("7.4")
def test_a_stop_in_order_is_nobodys_news(daemon: Daemon) -> None:
    daemon.start()
    daemon.host.let_pass(MINUTE)
    daemon.start(15)  # after a death
    daemon.book.end()
    daemon.host.let_pass(50 * HOUR)
    daemon.start()
    daemon.book.end()
    daemon.host.let_pass(-90 * HOUR)  # somebody set the clock back
    daemon.start()
    assert daemon.heard() == []


@pytest.mark.fault("7.4")
def test_a_death_that_systemd_reported_counts_although_its_record_is_closed(daemon: Daemon) -> None:
    daemon.start(15)
    daemon.book.write(lives.died(daemon.book.read(), daemon.host.now_ms(), "it was killed by signal KILL."))
    daemon.host.let_pass(HOUR)
    daemon.start()
    assert "(the last reason: it was killed by signal KILL)" in daemon.heard()[0]


@pytest.mark.fault("7.4")
def test_starts_that_die_before_their_first_beat_send_it_once(daemon: Daemon) -> None:
    daemon.start()
    for _ in range(3):
        daemon.host.let_pass(10 * MINUTE)
        book = Lives((daemon.state,), daemon.host.now_ms)
        at_once(Heartbeat(daemon.box.store, daemon.box.ledger, daemon.host, print).begin(book.begin(), book))
    assert len(daemon.heard()) == 1


@pytest.mark.fault("7.4")
def test_a_host_that_slept_under_the_running_daemon_is_given_and_a_slow_write_is_not(daemon: Daemon) -> None:
    daemon.start(15, 4 * 60, 8 * 3600, 15, 6 * 60)
    slept, froze = daemon.heard()
    assert "frozen for 8 h" in slept and "this host slept" in slept and "frozen for 6 minutes" in froze
    assert daemon.beats == 6


@pytest.mark.fault("7.4")
async def test_a_beat_that_waits_for_the_database_feeds_no_watchdog_and_is_no_gap(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, ledger = asyncio.Event(), daemon.box.ledger
    write = ledger.set_value

    async def slow(name: str, value: str) -> None:
        assert name == FACT
        daemon.host.let_pass(30 * MINUTE)
        held.set()
        await asyncio.Event().wait()
        await write(name, value)

    monkeypatch.setattr(ledger, "set_value", slow)
    beating = asyncio.create_task(Heartbeat(daemon.box.store, ledger, daemon.host, daemon._beat).run())
    await held.wait()
    assert daemon.beats == 0
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
