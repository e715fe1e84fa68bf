"""Two daemons and one board in virtual time: at no moment do both take entries."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.harness.virtual_loop import run_virtual
from tests.harness.world import LoopClock
from videod.core import lease
from videod.core.lease import Claim, Holder, holder
from videod.daemon.board_lease import BoardLease
from videod.daemon.refusals import BUSY, StartError
from videod.ports import BoardError

ONE = holder("aaaaaaaaaaaa", "111111111111", "server")
TWO = holder("bbbbbbbbbbbb", "222222222222", "laptop")


class Line:
    """The board's line. Its clock is its own; calls take time; it may be out of reach for somebody."""

    def __init__(self, clock: LoopClock, chance: random.Random | None = None) -> None:
        self.claim: Claim | None = None
        self.clock = clock
        self.chance = chance
        self.offset_ms = 7 * 86_400_000
        self.writes = 0
        self.down: set[str] = set()
        #: what the first look costs: it has to find the board, seconds
        self.finding_s = 0.0
        self.helpless: BoardError | None = None

    def of(self, who: Holder) -> "Seen":
        return Seen(self, who)

    def now(self) -> int:
        return self.clock.now_ms() + self.offset_ms

    async def called(self, who: Holder) -> None:
        await asyncio.sleep(0.2 if self.chance is None else self.chance.choice((0.1, 0.3, 1.0, 4.0)))
        if who.host in self.down:
            raise BoardError("down", "Notion cannot be reached")


class Seen:
    def __init__(self, line: Line, who: Holder) -> None:
        self.line, self.who = line, who

    async def read(self) -> tuple[Claim | None, int]:
        await self.line.called(self.who)
        finding_s, self.line.finding_s = self.line.finding_s, 0.0
        await asyncio.sleep(finding_s)
        found = self.line.claim, self.line.now()
        await asyncio.sleep(0.1)
        return found

    async def write(self, claim: Claim, may: Callable[[Claim | None], bool]) -> bool:
        await self.line.called(self.who)
        if not may(self.line.claim):
            return False
        await self.line.called(self.who)
        if self.line.helpless is not None:
            raise self.line.helpless
        self.line.claim = claim
        self.line.writes += 1
        return True


class Daemon:
    """What of a daemon has to do with the board: it starts, takes entries all the time, and ends."""

    def __init__(self, line: Line, who: Holder, log: list[tuple[float, str]]) -> None:
        self.who, self.log = who, log
        self.told: list[str] = []
        self.lease = BoardLease(line.of(who), line.clock, who, self.told.append)
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self, take_over: bool = False) -> None:
        await self.lease.acquire(take_over)
        self.tasks = [asyncio.create_task(self.lease.run()), asyncio.create_task(self._take())]

    async def _take(self) -> None:
        while True:
            try:
                await self.lease.admitted()
                self.log.append((asyncio.get_running_loop().time(), self.who.host))
            except BoardError:
                pass
            await asyncio.sleep(1.5)

    async def die(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def played(story: Callable[[Line, list[tuple[float, str]]], Awaitable[None]], seed: int | None = None) -> None:
    async def play() -> None:
        line = Line(LoopClock(), None if seed is None else random.Random(seed))
        await story(line, [])

    run_virtual(play())


def turns(log: list[tuple[float, str]]) -> list[str]:
    """Who took entries, in order, each turn once: a host that comes twice worked before and after another."""
    found: list[str] = []
    for _, who in sorted(log):
        if not found or found[-1] != who:
            found.append(who)
    return found


@pytest.mark.fault("3.3")
def test_a_start_that_takes_long_to_find_its_board_does_not_wait_for_a_daemon_that_is_not_there() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        line.finding_s = finding_s
        one, began = Daemon(line, ONE, log), asyncio.get_running_loop().time()
        await one.start()
        assert asyncio.get_running_loop().time() - began < finding_s + lease.SETTLE_MS / 1000 + 2
        await one.die()

    finding_s = 10.0
    played(story)


@pytest.mark.fault("3.3")
def test_a_second_daemon_refuses_to_start_and_the_first_notices_nothing() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one, two = Daemon(line, ONE, log), Daemon(line, TWO, log)
        await one.start()
        await asyncio.sleep(3600)
        with pytest.raises(StartError, match=r"host server, since .*--take-over") as refused:
            await two.start()
        assert refused.value.code == BUSY
        await asyncio.sleep(3600)
        assert turns(log) == ["server"] and one.told == []
        await one.die()

    played(story)


@pytest.mark.fault("3.3")
def test_take_over_moves_the_board_and_the_other_stands_aside_before_the_new_one_begins() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one, two = Daemon(line, ONE, log), Daemon(line, TWO, log)
        await one.start()
        await asyncio.sleep(100)
        await two.start(take_over=True)
        await asyncio.sleep(600)
        assert turns(log) == ["server", "laptop"]
        assert len(one.told) == 1 and "host laptop" in one.told[0] and two.told == []
        await two.die()

    played(story)


@pytest.mark.fault("3.3")
@pytest.mark.parametrize("seed", range(12))
def test_a_take_over_holds_whatever_the_other_writes_meanwhile(seed: int) -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one, two = Daemon(line, ONE, log), Daemon(line, TWO, log)
        await one.start()
        await asyncio.sleep(random.Random(seed).uniform(80, 250))
        await two.start(take_over=True)
        await asyncio.sleep(600)
        assert turns(log) == ["server", "laptop"] and len(one.told) == 1
        await two.die()

    played(story, seed)


@pytest.mark.fault("3.3")
def test_after_a_kill_the_same_state_folder_continues_at_once_and_another_one_when_it_lapsed() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one, two = Daemon(line, ONE, log), Daemon(line, TWO, log)
        await one.start()
        await asyncio.sleep(50)
        await one.die()
        again = Daemon(line, ONE, log)
        before = asyncio.get_running_loop().time()
        await again.start()
        assert asyncio.get_running_loop().time() - before < 2
        await again.die()
        with pytest.raises(StartError):
            await two.start()
        await asyncio.sleep(lease.LAPSE_MS / 1000 + lease.RENEW_MS / 1000)
        await two.start()
        await asyncio.sleep(10)
        assert turns(log) == ["server", "laptop"]
        with pytest.raises(StartError, match="host laptop"):
            await Daemon(line, ONE, log).start()
        await two.die()

    played(story)


@pytest.mark.fault("3.3")
def test_a_board_that_was_left_in_order_is_free_at_once() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one, two = Daemon(line, ONE, log), Daemon(line, TWO, log)
        await one.start()
        await asyncio.sleep(50)
        await one.die()
        await one.lease.release()
        before = asyncio.get_running_loop().time()
        await two.start()
        assert asyncio.get_running_loop().time() - before < 5
        await two.die()

    played(story)


@pytest.mark.fault("3.3")
def test_an_outage_takes_the_board_from_nobody_unless_another_one_came() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one = Daemon(line, ONE, log)
        await one.start()
        await asyncio.sleep(60)
        line.down = {"server"}
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(3600)
        line.down = set()
        await asyncio.sleep(60)
        assert one.told == []
        assert not [at for at, _ in log if began + 60 < at < began + 3590], "entries were taken unseen"
        assert [at for at, _ in log if at > began + 3600]
        line.down = {"server"}
        await asyncio.sleep(lease.LAPSE_MS / 1000 + 100)
        two = Daemon(line, TWO, log)
        await two.start()
        line.down = set()
        await asyncio.sleep(120)
        assert turns(log)[-1] == "laptop" and len(one.told) == 1
        await two.die()

    played(story)


@pytest.mark.fault("3.3")
def test_a_start_without_the_board_takes_nothing_until_it_knows_whose_it_is() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one, two = Daemon(line, ONE, log), Daemon(line, TWO, log)
        await one.start()
        line.down = {"laptop"}
        await two.start()
        await asyncio.sleep(300)
        assert turns(log) == ["server"]
        line.down = set()
        await asyncio.sleep(300)
        assert turns(log) == ["server"] and len(two.told) == 1 and one.told == []
        await one.die()
        await two.die()

    played(story)


@pytest.mark.fault("3.3")
@pytest.mark.parametrize("seed", range(20))
def test_of_several_that_start_at_once_one_works(seed: int) -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        three = holder("cccccccccccc", "333333333333", "third")
        daemons = [Daemon(line, who, log) for who in (ONE, TWO, three)]
        started = await asyncio.gather(*(one.start() for one in daemons), return_exceptions=True)
        await asyncio.sleep(900)
        assert all(error is None or isinstance(error, StartError) for error in started)
        # one whose write came late may oust the first: then the first stands aside before it begins
        assert len(turns(log)) == len(set(turns(log))), turns(log)
        working = [one for one, error in zip(daemons, started, strict=True) if error is None and not one.told]
        assert [one.who.host for one in working] == turns(log)[-1:]
        for one in daemons:
            await one.die()

    played(story, seed)


@pytest.mark.fault("3.3")
def test_hosts_whose_clocks_differ_by_hours_agree() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one, two = Daemon(line, ONE, log), Daemon(line, TWO, log)
        await one.start()
        line.clock.skew_ms = 7 * 3_600_000  # the second host's wall clock; the board's stays what it was
        line.offset_ms -= 7 * 3_600_000
        with pytest.raises(StartError):
            await two.start()
        await one.die()

    played(story)


@pytest.mark.fault("3.3")
def test_a_line_that_somebody_removes_is_written_again() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        one = Daemon(line, ONE, log)
        await one.start()
        line.claim = None
        await asyncio.sleep(100)
        assert line.claim is not None and line.claim.holder == ONE and one.told == []
        line.claim = replace(line.claim, nonce="0000aaaa")  # ours of an earlier life
        await asyncio.sleep(300)
        assert turns(log) == ["server"]
        await one.die()

    played(story)


@pytest.mark.fault("3.3")
@pytest.mark.parametrize("kind", ["rejected", "gone", "credentials"])
def test_a_board_that_takes_no_line_is_worked_on_with_a_remark(kind: str) -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        line.helpless = BoardError(kind, "Insufficient permissions")
        one = Daemon(line, ONE, log)
        await one.start()
        await asyncio.sleep(900)
        assert turns(log) == ["server"] and "no other videod" in one.lease.problems()[0]
        line.helpless = None
        await asyncio.sleep(200)
        assert one.lease.problems() == () and line.claim is not None
        await one.die()

    played(story)


@pytest.mark.fault("3.3")
def test_a_board_that_hangs_holds_up_no_start() -> None:
    async def story(line: Line, log: list[tuple[float, str]]) -> None:
        async def hangs(who: Holder) -> None:
            await asyncio.sleep(10_000)

        answers = line.called
        line.called = hangs  # type: ignore[method-assign]
        one = Daemon(line, ONE, log)
        before = asyncio.get_running_loop().time()
        await one.start()
        assert asyncio.get_running_loop().time() - before < 20
        await asyncio.sleep(600)
        assert log == []
        line.called = answers  # type: ignore[method-assign]
        await asyncio.sleep(60)
        assert turns(log) == ["server"]
        await one.die()

    played(story)
