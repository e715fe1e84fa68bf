"""The figures of a simulation on a screen and as JSON."""

from dataclasses import asdict

from videod.cli import output
from videod.cli.output import Cell
from videod.dashboard.text import count, money, span
from videod.simulation.report import Figures, Spread
from videod.simulation.run import SPANS

_BLOCKS = " ▁▂▃▄▅▆▇█"
_BAR = 20
#: a load is kept up with when its last film comes at most so much after its span
LATE_SHARE, LATE_MS = 0.05, 3_600_000
#: channels shown in the table; all of them are in the JSON
CHANNELS_SHOWN = 12


def as_json(found: Figures) -> dict[str, object]:
    """The figures with money in USD; infinite ones are null."""
    body: dict[str, object] = asdict(found)
    body["cost_usd"] = round(found.cost_micros / 1e6, 4)
    del body["cost_micros"]
    body["stopped"] = [{"episode": episode, "reason": reason} for episode, reason in found.stopped]
    body["holds"] = [{"reason": reason, "times": times, "ms": ms} for reason, times, ms in found.holds]
    body["minutes_by_priority"] = {name: asdict(row) for name, row in found.minutes_by_priority}
    body["channels"] = [
        {"channel": row.channel_id, "episodes": row.episodes, "published": row.published,
         "minutes": asdict(row.minutes), "cost_usd": round(row.cost_micros / 1e6, 4)}
        for row in found.channels
    ]  # fmt: skip
    body["services"] = [
        asdict(row) | {"at_most_a_day": row.at_most_a_day if row.jobs else None} for row in found.services
    ]
    return body


def show(found: Figures, episodes: int, per: str, channels: int) -> None:
    when = {"week": "over one week", "day": "over one day", "at-once": "all at once"}[per]
    output.heading(f"{count(episodes, 'episode')} {when}, {count(channels, 'channel')}")
    for line in _verdict(found, per):
        output.say(line)
    print()
    output.table(
        ("service", "slots", "busy", "", "jobs", "queue", "waited p90", "at most a day"),
        [
            [row.service, f"{row.slots}", f"{row.use:.0%}", _bar(row.use), f"{row.jobs}", f"{row.longest_queue}",
             _minutes(row.wait.p90), f"{row.at_most_a_day:.0f} episodes"]
            for row in found.services if row.jobs
        ],
    )  # fmt: skip
    busiest = max(found.services, key=lambda row: row.use).service
    print()
    output.say(f"{busiest:<8} {''.join(_BLOCKS[round(use * 8)] for use in found.use_over_time)}")
    output.say(f"{'':8} 0{span(found.makespan_ms):>{max(1, len(found.use_over_time) - 1)}}", "dim")
    print()
    _channels(found)


def _verdict(found: Figures, per: str) -> list[str]:
    each = money(found.cost_micros // max(1, found.published))
    lines = [] if per == "at-once" else [_answer(found, per)]
    lines += [
        f"Published {found.published} of {found.episodes} in {span(found.makespan_ms)}: {found.a_day:.1f} a day.",
        f"From queued to published: {_spread(found.minutes)}.",
        f"Cost {money(found.cost_micros)}, {each} a film.",
        f"Bottleneck: {found.bottleneck} ({found.because}).",
    ]
    if per == "at-once":
        lines.append(
            f"Lower bound {span(found.bound_ms)}: nothing could be faster. This took {found.ratio:.3f} times as long."
        )
    lines += [f"Held: {reason}, {count(times, 'time')}, {span(ms)} in all." for reason, times, ms in found.holds[:3]]
    if found.stopped:
        episode, reason = found.stopped[0]
        lines.append(f"Not published: {count(len(found.stopped), 'episode')}, such as {episode}: {reason}")
    if len(found.minutes_by_priority) > 1:
        lines += [f"{name}: {_spread(row)}." for name, row in found.minutes_by_priority]
    return lines


def _answer(found: Figures, per: str) -> str:
    """Whether the load is kept up with: all films are there soon after the span, so that no queue grows."""
    late = found.makespan_ms - round(SPANS[per] * 1000)
    if found.published < found.episodes:
        return f"No: only {found.published} of {found.episodes} episodes are published."
    if late > SPANS[per] * 1000 * LATE_SHARE + LATE_MS:
        return f"No: the last film comes {span(late)} after the {per}'s end, so the queue grows from {per} to {per}."
    return f"Yes: it keeps up with {count(found.episodes, 'episode')} a {per}."


def _channels(found: Figures) -> None:
    rows: list[list[str | Cell]] = [
        [row.channel_id, f"{row.published}/{row.episodes}", _minutes(row.minutes.mean), _minutes(row.minutes.p90),
         _minutes(row.minutes.most), money(row.cost_micros)]
        for row in found.channels[:CHANNELS_SHOWN]
    ]  # fmt: skip
    output.table(("channel", "published", "mean", "p90", "longest", "cost"), rows)
    if len(found.channels) > CHANNELS_SHOWN:
        output.say(f"and {len(found.channels) - CHANNELS_SHOWN} more channels. `--json` has all", "dim")


def _bar(use: float) -> str:
    full = round(min(1.0, use) * _BAR)
    return "█" * full + "·" * (_BAR - full)


def _minutes(value: float) -> str:
    return span(round(value * 60_000))


def _spread(row: Spread) -> str:
    return f"half within {_minutes(row.p50)}, 90 % within {_minutes(row.p90)}, the longest {_minutes(row.most)}"
