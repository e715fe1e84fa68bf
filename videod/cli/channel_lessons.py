"""`videod channels lessons`: what a channel learned from its creator's corrections, and how to forget one.

JSON: {"channel", "lessons": [{"number", "at", "task", "job", "was", "now"}]}; with --forget that of a request.
"""

from typing import Annotated

import typer

from videod.cli import client, complete, options, output
from videod.cli.actions import Request, requested
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Column
from videod.dashboard.text import clock
from videod.store import lessons as kept
from videod.web.serializers import moment

app = options.app()

_LESSONS = (Column("lesson"), Column("made", 2), Column("episode", 3), Column("it was"), Column("it is"))


@app.command(epilog=examples("videod channels lessons wild_planet", "videod channels lessons wild_planet --forget 3"))
def lessons(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Its ID.", autocompletion=complete.channels)],
    forget: Annotated[int | None, typer.Option(metavar="N", min=1, help="Forget lesson N.")] = None,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """List the lines that you rewrote, which the next plan learns from."""
    where = client.place(state, config)
    if forget is not None:
        return requested(where, as_json, [Request("forget", channel, {"number": forget}, channel, "channels")])
    with client.looking(where) as connection:
        found, at = kept.lessons(connection, channel), client.now_ms()
    if as_json:
        rows = [
            {
                "number": one.number,
                "at": moment(one.at),
                "task": one.task_id,
                "job": one.job,
                "was": one.was,
                "now": one.now,
            }
            for one in found
        ]
        output.print_json({"channel": channel, "lessons": rows})
        return output.OK
    if not found:
        output.say(f"{channel} has no lessons: no line of its films was rewritten.")
        return output.OK
    output.table(_LESSONS, [[str(one.number), clock(one.at, at), one.task_id, one.was, one.now] for one in found])
    output.say("The next plan of this channel learns from them. `--forget N` removes one.", "dim")
    return output.OK
