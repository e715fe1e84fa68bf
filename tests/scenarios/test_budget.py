"""Money has limits: the day's for a channel, the episode's; what would break them waits or stops, and says so."""

from pathlib import Path

from tests.core.book import Book
from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.events import JobStarted
from videod.core.failures import Kind
from videod.core.ops import Alert, Suspend
from videod.core.statuses import JobState, Status
from videod.core.suspension import Cause


def test_a_channel_never_spends_more_than_its_day_allows_and_continues_the_next(tmp_path: Path) -> None:
    async def story() -> None:
        budget = 1_000_000  # 1 USD; the episode costs about 1.4
        async with World(tmp_path, policies={"wild": policy(daily_budget_micros=budget)}) as world:
            await world.queue("Thrift")
            await world.clock.sleep(3600)
            assert world.vendors.usd * 1e6 <= budget
            (task,) = await world.tasks()
            assert task.suspended is not None and task.suspended.cause is Cause.BUDGET
            assert any("budget" in text for text in world.notifier.sent)
            before = world.vendors.usd
            await world.rest(100_000)
            assert world.vendors.usd > before
            await check(world)

    run_virtual(story())


def test_the_price_of_a_job_is_reserved_by_the_transaction_that_starts_it() -> None:
    paper = Book(policy=policy(episode_cap_micros=2 * 33_600))
    paper.queue()
    paper.do("plan/plan")
    paper.start("image/bear_core")
    paper.start("image/place_1")
    paper.start("image/place_2")
    states = [paper.jobs[name].state for name in ("image/bear_core", "image/place_1", "image/place_2")]
    assert states == [JobState.RUNNING, JobState.RUNNING, JobState.FAILED]
    assert paper.one.status == Status.ERROR_ASSETS


def test_an_episode_at_its_cap_stops_names_the_setting_and_continues_when_it_is_raised() -> None:
    paper = Book(policy=policy(episode_cap_micros=10_000))
    paper.queue()
    paper.start("plan/plan")
    failure = paper.jobs["plan/plan"].failure
    assert failure is not None
    assert failure.kind == Kind.BUDGET
    assert "episode_cap_usd" in failure.message
    assert any(isinstance(op, Alert) for op in paper.last.ops)
    assert paper.one.status == Status.ERROR_PLANNING
    paper.policy = policy()
    paper.queue()
    paper.run()
    assert paper.one.status == Status.PUBLISHED


def test_a_spent_day_parks_the_service_for_this_channel_only_until_midnight_utc() -> None:
    paper = Book(policy=policy(daily_budget_micros=5))
    paper.queue()
    snapshot = paper.snapshot()
    decision = paper.apply(JobStarted(paper.now(), paper.one.id, "plan/plan", "d"))
    (one,) = [op.suspension for op in decision.ops if isinstance(op, Suspend)]
    assert (one.service, one.channel_id, one.until_ms) == ("gemini", "wild", 86_400_000)
    assert paper.jobs["plan/plan"].state == snapshot.jobs[0].state
