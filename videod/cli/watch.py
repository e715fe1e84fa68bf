"""`videod watch`: the dashboard. A terminal gets a live screen, a dumb one lines, a pipe or a file a single frame."""

import os
from typing import Annotated

import typer

from videod.cli import client, options, output
from videod.cli.options import Config, StateFolder, examples

app = options.app()


@app.command(epilog=examples("videod watch", "videod watch --once"))
def watch(
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Open the live dashboard. Press Ctrl-C to leave it."""
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
    live.watch(where.database, where.around, client.now_ms, console)
    return output.OK
