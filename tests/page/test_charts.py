"""Charts of money: every day has its bar, and all channels one scale."""

from videod.page.charts import HIGH, chart, of_channels

DAYS = ("2026-11-19", "2026-11-20", "2026-11-21")


def test_each_day_has_a_bar_and_the_dearest_is_the_highest() -> None:
    found = chart("deep_sea", {"2026-11-20": 10_000_000, "2026-11-21": 5_000_000, "2026-10-01": 99}, DAYS, 10_000_000)
    assert [bar.height for bar in found.bars] == [2, HIGH + 2, HIGH // 2 + 2]
    assert (found.micros, found.dearest, found.width) == (15_000_000, "2026-11-20", 72)


def test_channels_share_a_scale_and_the_dearest_comes_first() -> None:
    first, second = of_channels({"a": {DAYS[0]: 1}, "b": {DAYS[1]: 4}}, DAYS)
    assert (first.label, second.label) == ("b", "a")
    assert max(bar.height for bar in second.bars) < max(bar.height for bar in first.bars) == HIGH + 2


def test_nothing_spent_is_drawn_as_nothing() -> None:
    assert [bar.height for bar in chart("a", {}, DAYS, 0).bars] == [2, 2, 2]
    assert chart("a", {}, (), 0).bars == ()
