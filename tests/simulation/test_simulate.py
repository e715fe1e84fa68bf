"""The real scheduler against small loads: the same seed plays the same, near the bound, fair."""

from dataclasses import replace

import pytest

from tests.simulation.plants import SMALL_COST_MICROS, plant, policy
from videod.core.expand import jobs_of
from videod.core.model import Priority, Task
from videod.core.plan import parse as parse_plan
from videod.core.statuses import Gate, Status
from videod.flow.limits import Limit
from videod.simulation.latency import USUAL, Latencies, Latency, LatencyError, parse
from videod.simulation.log import EpisodeRun, Log
from videod.simulation.plan import PlanError, document
from videod.simulation.report import figures
from videod.simulation.run import BEGIN_MS, Arrival, arrivals, simulate


def minutes(one: EpisodeRun) -> float:
    assert one.ended_at is not None, one
    return (one.ended_at - one.queued_at) / 60_000


def most_at_once(log: Log, service: str) -> int:
    steps = [(job.started_at, 1) for job in log.jobs if job.service == service]
    steps += [(job.ended_at, -1) for job in log.jobs if job.service == service]
    running = most = 0
    for _, change in sorted(steps):
        running += change
        most = max(most, running)
    return most


def test_the_same_seed_gives_the_same_figures_and_another_seed_others() -> None:
    house = plant([policy("a"), policy("b")])

    def play(seed: int) -> Log:
        return simulate(house, arrivals(2, "day", ["a", "b"], seed), Latencies(seed))

    first = play(7)
    assert play(7) == first
    assert figures(play(8)).makespan_ms != figures(first).makespan_ms


def test_an_episode_runs_every_job_once_and_costs_what_the_prices_say() -> None:
    log = simulate(plant([policy("a")]), [Arrival(0, "a")], Latencies())
    names = [job.name for job in log.jobs]
    (film,) = log.episodes
    task = Task(film.task_id, "p", "a", "T", "", "", Priority.NORMAL, None, film.status, 0, 0)
    planned = jobs_of(task, parse_plan(document(6, 8, "Film")), policy("a"))
    assert sorted(names) == sorted(["plan/plan", *(job.name for job in planned if job.step != "cleanup")])
    narrations = film.cost_micros - SMALL_COST_MICROS
    assert 0 < narrations < 6 * 100 * 80
    assert film.status == Status.PUBLISHED


def test_limits_are_kept() -> None:
    house = plant([policy("a"), policy("b")], kie=Limit(3), gemini=Limit(4))
    log = simulate(house, [Arrival(0, "a"), Arrival(0, "b"), Arrival(0, "a")], Latencies())
    assert most_at_once(log, "kie") == 3
    assert most_at_once(log, "gemini") == 4


@pytest.mark.long
def test_twenty_episodes_at_once_come_near_the_bound_that_nothing_beats() -> None:
    channels = [f"c{number}" for number in range(10)]
    house = plant([policy(name, clips=8, images=10) for name in channels])
    found = figures(simulate(house, arrivals(20, "at-once", channels, 1), Latencies()))
    assert found.published == 20
    assert 1.0 <= found.ratio <= 1.05
    assert found.bottleneck == "kie"


def test_an_entry_of_high_priority_overtakes_those_that_wait() -> None:
    load = [*[Arrival(0, "a")] * 6, Arrival(600, "a", Priority.HIGH)]
    log = simulate(plant([policy("a")]), load, Latencies())
    high = next(one for one in log.episodes if one.priority == Priority.HIGH)
    between = [one for one in log.episodes if high.queued_at < (one.ended_at or 0) < (high.ended_at or 0)]
    after = [one for one in log.episodes if (one.ended_at or 0) > (high.ended_at or 0)]
    assert len(between) <= 2, "only what was in work when it came"
    assert len(after) >= 2


@pytest.mark.parametrize("places", [2, pytest.param(10, marks=pytest.mark.long)])
def test_nine_small_channels_do_not_wait_for_one_that_floods(places: int) -> None:
    small = [f"small_{number}" for number in range(9)]
    house = plant([policy(name) for name in ("flood", *small)], places=places)
    log = simulate(house, [*[Arrival(0, "flood")] * 12, *[Arrival(60, name) for name in small]], Latencies())
    waits = [minutes(one) for one in log.episodes if one.channel_id != "flood"]
    flood = sorted(one.ended_at or 0 for one in log.episodes if one.channel_id == "flood")
    small_done = max(one.ended_at or 0 for one in log.episodes if one.channel_id != "flood")
    assert sum(end <= small_done for end in flood) <= 3, "a channel gets one film for one of every other's"
    assert sum(waits) / len(waits) < (flood[-1] - BEGIN_MS) / 60_000 / 2


def test_a_day_s_budget_holds_work_until_the_next_day() -> None:
    log = simulate(plant([policy("a", budget_usd=5.0)]), [Arrival(0, "a"), Arrival(0, "a")], Latencies())
    found = figures(log)
    assert found.published == 2
    assert found.makespan_ms > 86_400_000
    assert found.bottleneck == "budget"
    assert "for channel a is spent" in found.because


def test_a_daily_quota_holds_work_until_the_next_day() -> None:
    house = plant([policy("a", clips=2, images=3)], youtube=Limit(2, daily_quota=1))
    found = figures(simulate(house, [Arrival(0, "a")] * 4, Latencies()))
    assert found.published == 4
    assert found.makespan_ms > 2 * 86_400_000
    assert found.bottleneck == "quota"


def test_reviews_take_the_time_that_a_person_takes() -> None:
    row = replace(policy("a"), auto_gates=frozenset({Gate.FINAL}))
    house = plant([row])
    quick = figures(simulate(house, [Arrival(0, "a")], Latencies()))
    slow = figures(simulate(house, [Arrival(0, "a")], Latencies(), review_s=1800))
    # three gates; the audio is reviewed while the clips are cut
    assert 88 <= slow.minutes.p50 - quick.minutes.p50 <= 90


def test_a_channel_whose_episodes_no_plan_fits_is_refused_before_anything_is_played() -> None:
    with pytest.raises(PlanError, match="6 clips and 60 images"):
        simulate(plant([policy("a", images=60)]), [Arrival(0, "a")], Latencies())


def test_a_quicker_service_is_felt() -> None:
    swift = Latencies(1, {**USUAL, "clip": Latency(10, 10)})
    house = plant([policy("a")])
    usual = figures(simulate(house, [Arrival(0, "a")], Latencies()))
    assert figures(simulate(house, [Arrival(0, "a")], swift)).makespan_ms < usual.makespan_ms - 120_000


def test_latencies_are_read_from_text() -> None:
    assert parse("clip=120-300") == ("clip", Latency(120, 300))
    assert parse("upload=30") == ("upload", Latency(30, 30))


@pytest.mark.parametrize("text", ["clip", "clip=fast", "clip=9-3", "clip=-1", "film=3", "clip=nan"])
def test_a_latency_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(LatencyError):
        parse(text)
