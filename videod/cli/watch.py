"""`videod watch`: the dashboard. A terminal gets a live screen, a pipe or a file a single frame."""

from collections.abc import Sequence

from videod.cli import client, output


def main(argv: Sequence[str]) -> int:
    return output.run(_watch, argv)


def _watch(argv: Sequence[str]) -> int:
    options = output.parser("watch", "Watch episodes, lanes and events live; Ctrl-C ends it.", "videod watch")
    options.add_argument("--once", action="store_true", help="print one frame and end")
    given = options.parse_args(argv)
    where = client.place(given)

    from rich.console import Console

    from videod.dashboard import live

    console = Console(highlight=False)
    if given.as_json:
        raise output.CommandError(output.USAGE, "watch draws a screen and has no --json", "use `videod status --json`")
    if given.once or not console.is_terminal:
        live.once(where.database, where.around(), client.now_ms(), console)
        return output.OK
    live.watch(where.database, where.around, client.now_ms, console)
    return output.OK
