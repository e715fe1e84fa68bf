"""Which ready jobs a lane is shown."""

from pathlib import Path

from tests.harness import databases
from tests.simulation.plants import policy
from videod.core.events import EntryQueued, JobStarted
from videod.core.model import Priority
from videod.ledger import Ledger, Wakeups
from videod.store import candidate_queries
from videod.store.database import InlineDatabase


async def studio(path: Path) -> tuple[InlineDatabase, Ledger]:
    store = databases.opened(path)
    return store, Ledger(store, {name: policy(name) for name in "ab"}.get, Wakeups())


def entry(number: int, channel: str, priority: Priority = Priority.NORMAL) -> EntryQueued:
    return EntryQueued(number, f"page-{number}", channel, f"Film {number}", "topic", "way", priority, None)


async def test_a_long_queue_of_one_channel_hides_no_other(tmp_path: Path) -> None:
    store, ledger = await studio(tmp_path / "videod.db")
    for number in range(1, 400):
        await ledger.apply(entry(number, "a"))
    await ledger.apply(entry(400, "b"))
    await ledger.apply(entry(401, "a", Priority.HIGH))
    shown = await store.read(lambda tx: candidate_queries.candidates(tx, "gemini", 10_000))
    assert [(row.channel_id, row.priority, row.queued_at) for row in shown] == [
        ("a", 1, 1),
        ("b", 1, 400),
        ("a", 0, 401),
    ]
    await store.close()


async def test_an_episode_in_work_holds_a_place_and_a_queued_one_none(tmp_path: Path) -> None:
    store, ledger = await studio(tmp_path / "videod.db")
    first = (await ledger.apply(entry(1, "a"))).task
    await ledger.apply(entry(2, "a"))
    assert first is not None
    await ledger.apply(JobStarted(3, first.id, "plan/plan", "digest"))
    (one,) = await store.read(candidate_queries.in_work)
    assert (one.task_id, one.started_at) == (first.id, 3)
    assert candidate_queries.work_by_channel([one]) == {"a": (1, 3)}
    assert await store.read(lambda tx: candidate_queries.last_finished(tx, ["a", "b"])) == {}
    await store.close()
