"""A bug in one pass of a loop never ends the house; what cannot be trusted, or fails for minutes, does."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable

import pytest

from tests.harness.virtual_loop import run_virtual
from videod.daemon import supervise
from videod.daemon.supervise import Supervisor

MINUTE_S = 60.0


class Loop:
    """A loop that raises as often as it is reported, when it begins or after `after_s`; then it runs on."""

    def __init__(
        self, fails: int, error: Callable[[], BaseException] = lambda: KeyError("x"), after_s: float = 0
    ) -> None:
        self.fails = fails
        self.error = error
        self.after_s = after_s
        self.begun: list[float] = []

    async def run(self) -> None:
        self.begun.append(asyncio.get_running_loop().time())
        if len(self.begun) <= self.fails:
            await asyncio.sleep(self.after_s)
            raise self.error()
        await asyncio.Event().wait()

    def pauses(self) -> list[float]:
        return [round(then - before) for before, then in zip(self.begun, self.begun[1:], strict=False)]


class People:
    def __init__(self, fails: bool = False) -> None:
        self.told: list[tuple[str, str]] = []
        self.fails = fails

    async def alert(self, key: str, text: str) -> None:
        self.told.append((key, text))
        if self.fails:
            raise RuntimeError("no way out")


@pytest.mark.fault("1.3", "1.9")
@pytest.mark.parametrize("alarm_fails", [False, True])
def test_a_loop_that_fails_is_logged_with_its_traceback_told_once_and_begins_again(
    caplog: pytest.LogCaptureFixture, alarm_fails: bool
) -> None:
    loop, people = Loop(5), People(alarm_fails)

    async def story() -> None:
        supervisor = Supervisor(people.alert, redact=lambda text: text.replace("x", "(redacted)"))
        kept = asyncio.create_task(supervisor.keep("intake", loop.run, needed=True))
        await asyncio.sleep(5)
        (problem,) = supervisor.problems()
        assert '"intake"' in problem and "KeyError" in problem and "(redacted)" in problem
        await asyncio.sleep(10 * MINUTE_S)
        assert not kept.done() and supervisor.problems() == ()
        kept.cancel()

    with caplog.at_level(logging.INFO):
        run_virtual(story())
    assert loop.pauses() == [1, 2, 4, 8, 16]
    assert [key for key, _ in people.told] == ["loop intake"]
    failures = [record for record in caplog.records if record.message == "daemon_loop_failed"]
    assert len(failures) == 5 and all(record.exc_info for record in failures)
    assert "daemon_loop_recovered" in [record.message for record in caplog.records]


def test_a_loop_that_fails_now_and_then_is_never_given_up() -> None:
    loop = Loop(1000, after_s=2 * supervise.WELL_S)

    async def story() -> None:
        kept = asyncio.create_task(Supervisor(People().alert).keep("relay", loop.run, needed=True))
        await asyncio.sleep(10 * 60 * MINUTE_S)
        assert not kept.done()
        assert set(loop.pauses()) == {2 * supervise.WELL_S + supervise.FIRST_S}
        kept.cancel()

    run_virtual(story())


@pytest.mark.parametrize("needed", [True, False])
def test_only_a_needed_loop_that_fails_for_minutes_ends_the_process(needed: bool) -> None:
    loop = Loop(10_000)

    async def story() -> None:
        kept = asyncio.create_task(Supervisor(People().alert).keep("intake", loop.run, needed))
        await asyncio.sleep(5 * MINUTE_S)
        assert not kept.done()
        await asyncio.sleep(60 * MINUTE_S)
        assert kept.done() == needed
        if needed:
            assert isinstance(kept.exception(), KeyError)
        assert max(loop.pauses()) == supervise.LONGEST_S
        kept.cancel()

    run_virtual(story())


def test_a_loop_that_ends_automatically_begins_again() -> None:
    begun = 0

    async def ends() -> None:
        nonlocal begun
        begun += 1

    async def story() -> None:
        supervisor = Supervisor(People().alert)
        kept = asyncio.create_task(supervisor.keep("watch", ends))
        await asyncio.sleep(10)
        assert begun == 4 and "ended unexpectedly" in supervisor.problems()[0]
        kept.cancel()

    run_virtual(story())


def lost_disk() -> BaseException:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"  # type: ignore[misc]
    return error


@pytest.mark.parametrize("error", [lost_disk, lambda: BaseExceptionGroup("lane", [lost_disk()]), SystemExit])
def test_a_database_that_cannot_be_trusted_ends_the_process_at_once(error: Callable[[], BaseException]) -> None:
    loop = Loop(1, error)

    async def story() -> None:
        with pytest.raises(BaseException) as met:
            await Supervisor(People().alert).keep("watch", loop.run)
        assert type(met.value) in (sqlite3.OperationalError, ExceptionGroup, SystemExit)

    run_virtual(story())
    assert len(loop.begun) == 1


def test_an_alarm_that_hangs_does_not_hold_up_the_loop() -> None:
    loop = Loop(1)

    async def hangs(key: str, text: str) -> None:
        await asyncio.Event().wait()

    async def story() -> None:
        kept = asyncio.create_task(Supervisor(hangs).keep("intake", loop.run))
        await asyncio.sleep(MINUTE_S)
        assert len(loop.begun) == 2
        kept.cancel()

    run_virtual(story())


@pytest.mark.fault("7.4")
def test_what_was_reported_a_loop_is_over_when_it_is_calm_and_not_while_it_fails_now_and_then() -> None:
    flaky, calm, people, over = Loop(20, after_s=5 * MINUTE_S), Loop(0), People(), []

    async def ends(key: str) -> None:
        over.append((key, round(asyncio.get_running_loop().time())))

    async def story() -> None:
        supervisor = Supervisor(people.alert, over=ends)
        loops = [supervisor.keep("intake", flaky.run), supervisor.keep("relay", calm.run), supervisor.watch()]
        kept = [asyncio.create_task(one) for one in loops]
        await asyncio.sleep(60 * MINUTE_S)
        assert [key for key, _ in over] == ["loop relay"]  # an earlier daemon may have told of it
        await asyncio.sleep(600 * MINUTE_S)
        assert [key for key, _ in over] == ["loop relay", "loop intake"]
        assert over[1][1] - flaky.begun[-1] >= supervise.CALM_S
        for one in kept:
            one.cancel()

    run_virtual(story())
