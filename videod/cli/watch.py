"""`videod watch`: the dashboard. A terminal gets a screen that takes keys, a dumb one lines, a file a frame."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import client, options, output
from videod.cli.options import Config, StateFolder, examples
from videod.core.sanitize import sanitize_screen
from videod.dashboard.text import money
from videod.store import readonly

if TYPE_CHECKING:
    from videod.dashboard.steer import Answer, Wish
    from videod.dashboard.steering import Means

app = options.app()


@app.command(epilog=examples("videod watch", "videod watch --once"))
def watch(
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Open the live dashboard. Press ? for its keys, q to leave it."""
    where = client.place(state, config)

    from rich.console import Console

    from videod.dashboard import live

    console = Console(highlight=False)
    if as_json:
        raise output.CommandError(output.USAGE, "watch draws a screen and has no --json", "use `videod status --json`")
    if once or not console.is_terminal:
        live.once(where.database, where.around(), client.now_ms(), console)
        return output.OK
    if console.is_dumb_terminal or not os.environ.get("TERM"):
        live.lines(where.database, where.around, client.now_ms, console)
        return output.OK
    if not sys.stdin.isatty():
        live.watch(where.database, where.around, client.now_ms, console)
        return output.OK
    from videod.dashboard import steering

    steering.watch(where.database, _means(where), console)
    return output.OK


def _means(where: client.Place) -> "Means":
    from videod.cli.show import configured
    from videod.dashboard.steering import Means

    return Means(where.around, client.now_ms, partial(_wish, where), partial(_open, where), configured)


def _wish(where: client.Place, wish: "Wish") -> "Answer":
    """Ask videod, or take its place while it does not run; what it says, or why not."""
    from videod.cli.actions import Request, cost_usd, put
    from videod.dashboard.steer import Answer

    body = dict(wish.body) | ({"dry_run": True} if wish.foresee else {})
    try:
        answer = put(where, Request(wish.verb, wish.task, body, wish.title))
    except (output.CommandError, readonly.NoDatabase) as error:
        told = output.sentences(str(error), error.hint if isinstance(error, output.CommandError) else "")
        return Answer(told, refused=True)
    cost = cost_usd(answer)
    price = money(round(cost * 1e6)) if cost > 0 else ""
    return Answer(sanitize_screen(str(answer["text"])), price)


def _open(where: client.Place, task_id: str) -> str:
    """Open the episode's film, else its folder; says which."""
    from videod.cli.episode import place_of, show_place

    try:
        place = place_of(where, task_id)
    except output.CommandError as error:
        return output.sentences(str(error), error.hint)
    show_place(place)
    return sanitize_screen(place)
