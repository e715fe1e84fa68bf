"""The counters of /metrics: of the right type, from the database, never smaller after a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.factory import HOUR, StudioBox, at_once
from videod.core.failures import Kind
from videod.core.histogram import of_board, of_loop
from videod.core.statuses import Status
from videod.store import views
from videod.web import metrics

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[StudioBox]:
    one = StudioBox(tmp_path)
    yield one
    one.close()


def counters(box: StudioBox) -> Samples:
    """Every sample of every counter as Prometheus reads it."""
    seen = at_once(box.store.read(lambda tx: views.overview(tx, box.clock.at)))
    found: Samples = {}
    for family in text_string_to_metric_families(metrics.text(seen, {}, "0", 0, (of_loop(), of_board()))):
        for sample in family.samples:
            if sample.name.endswith("_total"):
                assert family.type == "counter", family.name
                found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
            else:
                assert family.type != "counter", sample.name
    return found


def of(found: Samples, name: str, **labels: str) -> float:
    return found.get((f"videod_{name}_total", tuple(sorted(labels.items()))), 0.0)


def test_failures_retries_recoveries_and_outcomes_are_counted_by_service_and_kind(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Bears"), Status.PUBLISHED)
    other = box.bring_to(box.queue("Owls", "deep_sea"), Status.ASSETS_APPROVED)
    clip = "clip/clip_01"
    box.fail(other, clip, Kind.DOWN)
    box.clock.at += HOUR
    box.fail(other, clip, Kind.BUSY)
    box.clock.at += HOUR
    box.make(other, clip)
    box.fail(other, "clip/clip_02", Kind.INPUT)
    box.cancel(other)
    found = counters(box)
    assert of(found, "failures", service="kie", kind="down") == 1
    assert of(found, "retries", service="kie", kind="down") == 1
    assert of(found, "recoveries", service="kie", kind="down") == 1
    assert of(found, "failures", service="kie", kind="busy") == 0
    assert of(found, "attempts", service="kie", outcome="busy") == 1
    assert of(found, "stopped", service="kie", kind="input") == 1
    assert of(found, "retries", service="kie", kind="input") == 0
    assert of(found, "episodes", channel="wild_earth", outcome="published") == 1
    assert of(found, "episodes", channel="deep_sea", outcome="queued") == 1
    assert of(found, "episodes", channel="deep_sea", outcome="failed") == 1
    assert of(found, "episodes", channel="deep_sea", outcome="cancelled") == 1
    spent = sum(value for (name, _), value in found.items() if name == "videod_charged_usd_total")
    assert spent == pytest.approx((box.task(task).cost_micros + box.task(other).cost_micros) / 1e6)


def test_every_family_and_every_sample_is_there_once(box: StudioBox) -> None:
    box.bring_to(box.queue("Bears"), Status.PUBLISHED)
    seen = at_once(box.store.read(lambda tx: views.overview(tx, box.clock.at)))
    text = metrics.text(seen, {"kie": 8}, "0", 0, (of_loop(), of_board()), {"socket": {"accepted": 1}})
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    samples = [(one.name, *sorted(one.labels.items())) for family in families for one in family.samples]
    assert len(names) == len(set(names)) and len(samples) == len(set(samples))


def test_nothing_that_counts_is_smaller_after_a_restart(box: StudioBox, tmp_path: Path) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.DOWN)
    before = counters(box)
    assert len(before) == 7
    again = StudioBox(tmp_path, box.clock.at + HOUR)
    assert counters(again) == before
    again.make(task, "clip/clip_01")
    after = counters(again)
    assert all(after[key] >= value for key, value in before.items())
    assert sum(after.values()) > sum(before.values())
    again.close()


def test_counters_are_few_rows_however_many_episodes_there_were(box: StudioBox) -> None:
    box.bring_to(box.queue("Bears"), Status.PUBLISHED)
    rows = len(counters(box))
    for number in range(3):
        box.bring_to(box.queue(f"Bears {number}"), Status.PUBLISHED)
    assert len(counters(box)) == rows
