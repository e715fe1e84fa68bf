"""Days of 23, 24 and 25 hours, and what becomes of a day when the zone is another one."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videod.core import moments
from videod.core.days import DAY_MS, Calendar, Span, day, label, last, week

HOUR_MS = 3_600_000
#: zones with every kind of trap: none, whole hours, half hours, clocks that change at midnight, the ends of the earth
ZONES = (
    "UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Africa/Cairo", "America/Havana", "America/Santiago",
    "Pacific/Apia", "Pacific/Kiritimati", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Niue",
)  # fmt: skip
MOMENTS = st.integers(946_684_800_000, 2_208_988_800_000)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(autouse=True)
def _utc_again() -> Iterator[None]:
    yield
    moments.show_in("UTC")


@pytest.mark.parametrize(
    ("moment", "hours"), [("2026-03-29T10:00", 23), ("2026-10-25T10:00", 25), ("2026-11-30T10:00", 24)]
)
def test_a_day_has_as_many_hours_as_its_clocks_say(moment: str, hours: int) -> None:
    today = day(at(moment), "Europe/Berlin")
    assert today.end - today.begin == hours * HOUR_MS
    assert label(today.begin, "Europe/Berlin") == moment[:10] == label(today.end - 1, "Europe/Berlin")


def test_the_last_days_miss_none_where_clocks_change() -> None:
    noon = round(datetime(2026, 10, 26, 0, 30, tzinfo=UTC).timestamp() * 1000)
    assert last(noon, "Europe/Berlin", 4) == ("2026-10-23", "2026-10-24", "2026-10-25", "2026-10-26")


def test_a_day_whose_midnight_is_skipped_begins_when_the_clocks_jump() -> None:
    today = day(at("2024-04-26T12:00"), "Africa/Cairo")
    assert today == Span(at("2024-04-25T22:00"), at("2024-04-26T21:00"))


def test_a_week_is_from_monday_to_monday_and_has_the_hours_of_its_days() -> None:
    assert week(at("2026-10-25T10:00"), "Europe/Berlin") == Span(at("2026-10-18T22:00"), at("2026-10-25T23:00"))


@given(MOMENTS, st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap_or_overlap(moment: int, zone: str) -> None:
    today = day(moment, zone)
    assert today.begin <= moment < today.end
    assert day(today.end, zone).begin == today.end and day(today.begin - 1, zone).end == today.begin


@given(MOMENTS, st.lists(st.tuples(st.sampled_from(ZONES), st.integers(0, 40 * HOUR_MS)), max_size=8))
def test_however_often_the_zone_changes_no_day_is_lost_and_none_comes_twice(
    moment: int, changes: list[tuple[str, int]]
) -> None:
    calendar, now, seen = Calendar(), moment, [Calendar().day(moment)]
    for zone, later in changes:
        now += later
        while seen[-1].end <= now:
            seen.append(calendar.day(seen[-1].end))
        calendar = calendar.moved(zone, now)
        today = calendar.day(now)
        # the day that is continuing keeps its begin, or has ended at a midnight of the new zone
        assert today.begin == seen[-1].begin or seen[-1].begin < today.begin <= now
        if today.begin == seen[-1].begin:
            seen[-1] = today
        else:
            seen[-1] = Span(seen[-1].begin, today.begin)
            seen.append(today)
    for before, after in itertools.pairwise(seen):
        assert before.end == after.begin
    lengths = [one.end - one.begin for one in seen]
    assert all(10 * HOUR_MS <= length <= 40 * HOUR_MS for length in lengths)


def test_a_day_that_continues_when_the_zone_changes_ends_at_the_nearest_midnight_of_the_new_one() -> None:
    begun = at("2026-11-30T00:00")
    tokyo = Calendar().moved("Asia/Tokyo", begun + HOUR_MS)
    assert tokyo.day(begun + HOUR_MS) == Span(begun, begun + 15 * HOUR_MS)
    assert tokyo.day(begun + 15 * HOUR_MS) == Span(begun + 15 * HOUR_MS, begun + 39 * HOUR_MS)
    assert tokyo.moved("UTC", begun + 2 * HOUR_MS).day(begun + 3 * HOUR_MS) == Span(begun, begun + DAY_MS)
    assert Calendar().moved("UTC", begun) == Calendar()


def test_people_read_times_in_their_zone_and_machines_in_utc() -> None:
    winter, summer = at("2026-11-30T13:15"), at("2026-07-30T13:15")
    assert (moments.clock(winter), moments.clock(winter, winter)) == ("2026-11-30 13:15 UTC", "13:15 UTC")
    moments.show_in("Europe/Berlin")
    assert (moments.clock(winter), moments.clock(summer)) == ("2026-11-30 14:15 CET", "2026-07-30 15:15 CEST")
    assert moments.clock(at("2026-11-30T23:30"), at("2026-11-30T22:30")) == "Dec 1 00:30 CET"
    assert moments.iso(winter) == "2026-11-30T13:15:00Z"
    moments.show_in("America/Sao_Paulo")
    assert moments.clock(winter) == "2026-11-30 10:15 UTC-03"
    moments.show_in("Mars/Olympus")
    assert moments.clock(winter) == "2026-11-30 13:15 UTC"


@given(st.integers(-(10**18), 10**18), st.sampled_from(ZONES))
def test_every_number_has_words_in_every_zone(ms: int, zone: str) -> None:
    moments.show_in(zone)
    assert moments.clock(ms) and moments.clock(ms, 0) and moments.iso(ms)
