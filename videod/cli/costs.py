"""`videod costs`: what was charged, by day, channel, episode or service."""

from collections.abc import Sequence

from videod.cli import client, output
from videod.cli.output import Cell
from videod.dashboard.text import money, spent
from videod.store import reports, views
from videod.web import serializers


def main(argv: Sequence[str]) -> int:
    return output.run(_costs, argv)


def _costs(argv: Sequence[str]) -> int:
    options = output.parser("costs", "Show what was charged.", "videod costs --by episode --days 7")
    options.add_argument("--by", choices=("day", "channel", "episode", "service"), default="day", help="default: day")
    options.add_argument("--days", type=int, default=30, metavar="N", help="the last N days, UTC (default: 30)")
    given = options.parse_args(argv)
    if given.days < 1:
        raise output.CommandError(output.USAGE, f"--days {given.days} is no number of days", "write 1 or more")
    begin = max(0, views.day_start(client.now_ms()) - (given.days - 1) * views.DAY_MS)
    with client.looking(client.place(given)) as connection:
        found = reports.spend(connection, given.by, begin)
    total, possible = sum(one.micros for one in found), sum(one.possible for one in found)
    if given.as_json:
        rows = [_json(one) for one in found]
        body = {"by": given.by, "since": serializers.when(begin), "rows": rows, "total_usd": serializers.usd(total)}
        output.print_json(body | {"possibly_paid_usd": serializers.usd(possible)})
        return output.OK
    if not found:
        output.say(f"Nothing was charged since {serializers.when(begin)}.")
        return output.OK
    _print(given.by, found, total, possible)
    return output.OK


def _json(one: reports.Spend) -> dict[str, object]:
    body: dict[str, object] = {"key": one.key, "usd": serializers.usd(one.micros), "charges": one.charges}
    body["episodes"], body["possibly_paid_usd"] = one.episodes, serializers.usd(one.possible)
    return body | ({"title": one.label} if one.label else {})


def _print(by: str, found: tuple[reports.Spend, ...], total: int, possible: int) -> None:
    titled = by == "episode"
    head = (by, *(("title",) if titled else ()), "usd", "possibly paid", "charges", "episodes",
            "per episode")  # fmt: skip
    table: list[list[str | Cell]] = []
    for one in found:
        name: list[str | Cell] = [one.key, one.label] if titled else [one.key]
        each = money(one.micros // one.episodes) if one.episodes else ""
        unsure = money(one.possible) if one.possible else ""
        table.append([*name, money(one.micros), unsure, f"{one.charges}", f"{one.episodes}", each])
    output.table(head, table)
    output.say(f"Total {spent(total, possible)}", "bold")
