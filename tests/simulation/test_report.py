"""Figures and the bound from hand-made logs."""

from videod.core.model import Priority
from videod.core.statuses import Status
from videod.simulation.log import EpisodeRun, Hold, JobRun, Log
from videod.simulation.lower_bound import lower_bound
from videod.simulation.report import COLUMNS, Figures, figures, spread

MINUTE = 60_000


def episode(name: str, queued: int, started: int | None, ended: int | None, channel: str = "a") -> EpisodeRun:
    status = Status.ERROR_VIDEO if ended is None else Status.PUBLISHED
    at = [None if value is None else value * MINUTE for value in (started, ended)]
    return EpisodeRun(name, channel, Priority.NORMAL, queued * MINUTE, at[0], at[1], status, 2_000_000, "")


def job(
    task: str,
    step: str,
    service: str,
    ready: int,
    started: int,
    ended: int,
    needs: tuple[str, ...] = (),
    key: str = "x",
) -> JobRun:
    times = (ready * MINUTE, started * MINUTE, ended * MINUTE)
    return JobRun(task, f"{step}/{key}", step, service, needs, *times)


def log(*jobs: JobRun, episodes: tuple[EpisodeRun, ...], holds: tuple[Hold, ...] = (), kie: int = 1) -> Log:
    slots = {"gemini": 2, "kie": kie, "youtube": 1}
    return Log(episodes, jobs, holds, slots, {"youtube": 100})


def two() -> Log:
    """Two episodes whose clips share one slot: 2 + 10 + 10 + 1 minutes."""
    rows = []
    for name, start in (("t1", 2), ("t2", 12)):
        rows.append(job(name, "plan", "gemini", 0, 0, 2, key="plan"))
        rows.append(job(name, "clip", "kie", 2, start, start + 10, ("plan/plan",)))
        rows.append(job(name, "upload", "youtube", start + 10, start + 10, start + 11, ("clip/x",)))
    return log(*rows, episodes=(episode("t1", 0, 0, 13), episode("t2", 0, 0, 23, "b")))


def test_the_spread_of_values_that_occurred() -> None:
    row = spread(value * MINUTE for value in range(1, 11))
    assert (row.mean, row.p50, row.p90, row.most) == (5.5, 5, 9, 10)
    assert spread([]).most == 0


def test_the_bound_is_the_work_of_the_tightest_service_between_its_shortest_way_in_and_out() -> None:
    assert lower_bound(two()) == (2 + 20 + 1) * MINUTE


def test_the_bound_with_slots_to_spare_is_the_longest_chain() -> None:
    both = two()
    spare = Log(both.episodes, both.jobs, (), {"gemini": 2, "kie": 20, "youtube": 2}, {})
    assert lower_bound(spare) == (2 + 10 + 1) * MINUTE


def test_an_episode_that_comes_late_moves_the_bound() -> None:
    both = two()
    late = (both.episodes[0], episode("t2", 100, 100, 113, "b"))
    assert lower_bound(Log(late, both.jobs, (), both.slots, {})) == (100 + 2 + 10 + 1) * MINUTE


def test_a_gate_stands_between_what_is_reviewed_and_what_follows() -> None:
    rows = (
        job("t", "image", "gemini", 0, 0, 5, key="slow"),
        job("t", "image", "gemini", 0, 0, 1, key="quick"),
        job("t", "clip", "youtube", 5, 5, 6, ("image/quick",)),
    )
    assert lower_bound(log(*rows, episodes=(episode("t", 0, 0, 6),))) == 6 * MINUTE


def test_figures_of_two_episodes() -> None:
    found = figures(two())
    assert (found.published, found.makespan_ms, found.ratio) == (2, 23 * MINUTE, 1.0)
    assert found.cost_micros == 4_000_000
    assert (found.minutes.p50, found.minutes.p90) == (13, 23)
    kie = next(row for row in found.services if row.service == "kie")
    assert kie.use == 20 / 23
    assert kie.longest_queue == 1
    assert kie.wait.most == 10
    assert [(row.channel_id, row.minutes.mean) for row in found.channels] == [("a", 13), ("b", 23)]
    assert found.bottleneck == "kie"
    assert len(found.use_over_time) == COLUMNS
    assert abs(sum(found.use_over_time) / COLUMNS - kie.use) < 1e-9


def test_a_stopped_episode_is_named_and_not_counted_as_published() -> None:
    found = figures(log(job("t", "plan", "gemini", 0, 0, 1), episodes=(episode("t", 0, 0, None),)))
    assert (found.published, found.stopped) == (0, (("t", "error_video"),))


def bottleneck(*rows: JobRun, waited: int = 0, holds: tuple[Hold, ...] = ()) -> Figures:
    return figures(log(*rows, episodes=(episode("t", 0, waited, 100),), holds=holds))


def test_the_bottleneck_is_what_work_waits_for() -> None:
    assert bottleneck(job("t", "clip", "kie", 0, 0, 95)).bottleneck == "kie"
    assert bottleneck(job("t", "clip", "kie", 0, 0, 5)).bottleneck == "none"
    assert bottleneck(job("t", "clip", "kie", 50, 50, 55), waited=50).bottleneck == "places"
    hold = Hold(0, 90 * MINUTE, "kie", "a", "the day's budget is spent")
    assert bottleneck(job("t", "clip", "kie", 0, 0, 5), holds=(hold,)).holds == ((hold.reason, 1, 90 * MINUTE),)
    assert bottleneck(job("t", "clip", "kie", 0, 0, 5), holds=(hold,)).bottleneck == "budget"
    assert bottleneck(job("t", "upload", "youtube", 0, 90, 91)).bottleneck == "quota"
