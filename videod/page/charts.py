"""Charts of money: a bar for each day, the oldest first. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: units of a chart: from one bar to the next, the width of a bar, the height of the highest, of the whole
STEP, WIDE, HIGH, TALL = 24, 18, 110, 120


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Chart:
    """`label`: what it shows; `dearest`: the day on which most was spent; `width`: of its drawing."""

    label: str
    micros: int
    bars: tuple[Bar, ...]
    dearest: str
    width: int


def chart(label: str, spent: Mapping[str, int], days: Sequence[str], most: int) -> Chart:
    """`spent`: day -> micro-dollars; `most`: what the highest bar stands for, so that charts can be compared."""
    amounts = [spent.get(day, 0) for day in days]
    heights = [round(amount * HIGH / most) if most else 0 for amount in amounts]
    bars = tuple(
        Bar(number * STEP + (STEP - WIDE) // 2, TALL - 2 - height, height + 2) for number, height in enumerate(heights)
    )
    dearest = max(zip(amounts, days, strict=True), default=(0, ""))[1]
    return Chart(label, sum(amounts), bars, dearest, max(1, len(days)) * STEP)


def of_channels(spent: Mapping[str, Mapping[str, int]], days: Sequence[str]) -> tuple[Chart, ...]:
    """A chart for each channel, all to one scale, the dearest channel first."""
    most = most_of(spent.values())
    made = [chart(name, of_days, days, most) for name, of_days in spent.items()]
    return tuple(sorted(made, key=lambda one: (-one.micros, one.label)))


def most_of(spent: Iterable[Mapping[str, int]]) -> int:
    return max((amount for one in spent for amount in one.values()), default=0)
