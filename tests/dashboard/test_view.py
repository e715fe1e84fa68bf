"""From rows to words: what the dashboard says, independent of its looks."""

from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, StudioBox, a_full_studio
from videod.core.events import EntryRefused, RedoAsked
from videod.core.failures import Kind
from videod.core.statuses import Gate, Status
from videod.dashboard import rows, text, view
from videod.dashboard.running import Daemon

AROUND = rows.Surroundings(Daemon(4711, "0.1.0", NOON - 3 * HOUR), {"gemini": 12, "kie": 8})


def seen(box: StudioBox, around: rows.Surroundings = AROUND) -> view.View:
    return view.snapshot(rows.load(box.store._connection, NOON, around))


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path, at=NOON - 2 * HOUR)
    yield made
    made.close()


def test_episodes_are_sorted_by_who_must_act(tmp_path: Path) -> None:
    box = a_full_studio(tmp_path, 20)
    shown = seen(box)
    box.close()
    assert [len(group) for group in (shown.reviews, shown.errors, shown.work, shown.queue)] == [6, 2, 8, 2]
    assert {line.tone for line in shown.reviews} == {"review"}
    assert shown.lines[0].note == "approving costs $1.40"
    assert shown.summary == "published in 7 days: 2 episodes"


def test_the_header_says_that_the_daemon_runs_or_what_to_type(box: StudioBox) -> None:
    assert seen(box).daemon == "videod 0.1.0 runs (pid 4711, up 3 h)"
    down = seen(box, rows.Surroundings(None))
    assert (down.alive, down.daemon) == (False, "videod is not running. Start it with `videod run`")


def test_bars_count_what_is_done_runs_and_stopped_in_each_stage(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.make(task, "clip/clip_02")
    box.start(task, "clip/clip_03")
    box.fail(task, "clip/clip_01", Kind.INPUT)
    bars = {bar.name: bar for bar in seen(box).errors[0].bars}
    assert bars["assets"] == view.Bar("assets", 8, 0, 0, 8)
    assert bars["video"] == view.Bar("video", 1, 1, 1, 4)
    assert bars["upload"] == view.Bar("upload", 0, 0, 0, 1)


def test_an_episode_without_a_plan_has_empty_bars(box: StudioBox) -> None:
    box.queue("Bears")
    (line,) = seen(box).queue
    assert [bar.total for bar in line.bars] == [1, 0, 0, 0, 0]


def test_lanes_show_running_ready_later_and_why_suspended(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.clock.at = NOON - MINUTE
    box.fail(task, "clip/clip_01", Kind.QUOTA, "no credits", retry_after_ms=HOUR)
    lanes = {lane.service: lane for lane in seen(box).lanes}
    assert (lanes["pillow"].ready, lanes["kie"].limit, lanes["pillow"].limit) == (2, 8, None)
    assert lanes["kie"].suspended == "waiting until 12:59 UTC (in 59 min): quota of kie is used up: no credits"


def test_warnings_name_doubts_and_what_was_not_delivered(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.IN_DOUBT, "lost")
    warnings = seen(box).warnings
    assert warnings[0] == "1 unconfirmed purchase: `videod why EPISODE` says which, then retry or cancel it"
    assert any(warning.startswith("1 board entry not delivered for ") for warning in warnings)


def test_what_was_just_put_into_the_outbox_is_no_warning(box: StudioBox) -> None:
    box.clock.at = NOON - 10_000
    box.queue("Bears")
    assert seen(box).warnings == ()


def test_events_are_reported_in_words_the_newest_first(box: StudioBox) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    box.apply(RedoAsked(box.clock.at, task, Gate.ASSETS, ("image/bear_core",)))
    while ready := box.ready(task):
        box.make(task, ready[0])
    box.approve(task, Gate.ASSETS)
    box.fail(task, "clip/clip_01", Kind.DOWN, "no disk\x1b[2J")
    box.apply(EntryRefused(box.clock.at, "page", "Channel is empty"))
    box.cancel(task)
    told = [(event.title, event.text) for event in seen(box).events]
    assert told[:6] == [
        ("Bears", "cancelled"), ("", "entry refused: Channel is empty"),
        ("Bears", "clip/clip_01 down: no disk[2J"),
        ("Bears", "assets approved by board"), ("Bears", "composite/clip_04 done"),
        ("Bears", "composite/clip_03 done"),
    ]  # fmt: skip
    assert ("Bears", "to be regenerated: image/bear_core") in told
    assert told[-2:] == [("Bears", "plan/plan done: 4 clips, 3 images"), ("Bears", "queued")]


# ------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("ms", "words"),
    [(-5, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (HOUR, "1 h"), (2 * HOUR + 10 * MINUTE, "2 h 10 min"),
     (76 * HOUR, "3 d 4 h")],
)  # fmt: skip
def test_spans_have_at_most_two_units(ms: int, words: str) -> None:
    assert text.span(ms) == words


def test_a_time_of_another_day_or_year_says_so() -> None:
    assert text.clock(NOON, NOON) == "12:00 UTC"
    assert text.clock(NOON - 24 * HOUR, NOON) == "Nov 20 12:00 UTC"
    assert text.clock(NOON - 366 * 24 * HOUR, NOON) == "2025 Nov 20 12:00 UTC"
    assert text.ahead(NOON + 90 * MINUTE, NOON) == "13:30 UTC (in 1 h 30 min)"


@pytest.mark.parametrize(
    ("micros", "words"), [(0, "$0.00"), (4_000, "$0.004"), (1_540_000, "$1.54"), (1_234_560_000, "$1,234.56")]
)
def test_cheap_things_are_not_shown_as_free(micros: int, words: str) -> None:
    assert text.money(micros) == words
