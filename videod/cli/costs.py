"""`videod costs`: what was charged, by day, channel, episode or service."""

from enum import StrEnum
from typing import Annotated

import typer

from videod.cli import client, options, output
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Cell, Column
from videod.core.moments import clock
from videod.dashboard.text import money, spent
from videod.store import reports
from videod.store.calendar import first_of
from videod.web import serializers

app = options.app()

#: some hundred years
DAYS_MAX = 40_000


class By(StrEnum):
    """What the charges are summed by."""

    DAY = "day"
    CHANNEL = "channel"
    EPISODE = "episode"
    SERVICE = "service"


@app.command(epilog=examples("videod costs --by episode --days 7"))
def costs(
    by: Annotated[By, typer.Option(help="One row for each of these.")] = By.DAY,
    days: Annotated[int, typer.Option(min=1, max=DAYS_MAX, metavar="N", help="The last N days.")] = 30,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Show spending by channel, service, day or episode."""
    with client.looking(client.place(state, config)) as connection:
        begin = first_of(connection, client.now_ms(), days)
        found = reports.spend(connection, by.value, begin)
    total, possible = sum(one.micros for one in found), sum(one.possible for one in found)
    if as_json:
        rows = [_json(one) for one in found]
        body = {"by": by.value, "since": serializers.when(begin), "rows": rows, "total_usd": serializers.usd(total)}
        output.print_json(body | {"possibly_paid_usd": serializers.usd(possible)})
        return output.OK
    if not found:
        output.say(f"Nothing was charged since {clock(begin)}.")
        return output.OK
    _print(by.value, found, total, possible)
    return output.OK


def _json(one: reports.Spend) -> dict[str, object]:
    body: dict[str, object] = {"key": one.key, "usd": serializers.usd(one.micros), "charges": one.charges}
    body["episodes"], body["possibly_paid_usd"] = one.episodes, serializers.usd(one.possible)
    return body | ({"title": one.label} if one.label else {})


def _print(by: str, found: tuple[reports.Spend, ...], total: int, possible: int) -> None:
    titled = by == "episode"
    head = (
        Column(by), *((Column("title", least=14),) if titled else ()), Column("usd"), Column("possibly paid"),
        Column("charges", 3), Column("episodes", 2), Column("per episode", 1),
    )  # fmt: skip
    table: list[list[str | Cell]] = []
    for one in found:
        name: list[str | Cell] = [one.key, one.label] if titled else [one.key]
        each = money(one.micros // one.episodes) if one.episodes else ""
        unsure = money(one.possible) if one.possible else ""
        table.append([*name, money(one.micros), unsure, f"{one.charges}", f"{one.episodes}", each])
    output.table(head, table)
    output.say(f"Total {spent(total, possible)}", "bold")
