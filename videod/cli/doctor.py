"""`videod doctor`: everything that a beginner gets wrong, each with its fix."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import options, output
from videod.cli.options import AsJson, examples

if TYPE_CHECKING:
    from videod.cli.checks import Check

app = options.app()

_MARKS = {"ok": ("ok", "good"), "fix": ("FIX", "bad"), "note": ("note", "review"), "unknown": ("?", "wait")}


@app.command(epilog=examples("videod doctor", "videod doctor --offline", "videod doctor --json"))
def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Check this host only, without asking services, consents or the board.")
    ] = False,
    as_json: AsJson = False,
    config: options.Settings = Path("videod.toml"),
) -> int:
    """Find configuration problems and tell you how to fix them.

    Nothing is changed and nothing is paid for. Exit code 78 where something must be fixed.
    """
    from videod.cli import checkup
    from videod.cli.checks import State

    async def all_of_them() -> "list[Check]":
        found = []
        async for one in checkup.examine(config, os.environ, offline):
            found.append(one)
            if not as_json:
                _show(one)
        return found

    found = asyncio.run(all_of_them())
    wrong = [one for one in found if one.state is State.FIX]
    if as_json:
        rows = [{"area": one.area, "name": one.name, "state": one.state.value, "text": one.text} for one in found]
        output.print_json({"ok": not wrong, "checks": rows})
    else:
        output.say("")
        _sum_up(len(wrong), sum(one.state is State.UNKNOWN for one in found))
    return output.CONFIGURATION if wrong else output.OK


def _show(one: "Check") -> None:
    mark, style = _MARKS[one.state.value]
    room = output.width() - 21
    lines = output.folded(one.text, room)
    for at, line in enumerate(lines):
        head = f"{output.paint(f'{mark:5}', style)}{one.area[:14]:15} " if at == 0 else " " * 21
        print(head + line)


def _sum_up(wrong: int, unknown: int) -> None:
    more = f" {unknown} could not be checked." if unknown else ""
    if not wrong:
        output.say(f"No problems found.{more}", "good")
    else:
        output.say(f"{wrong} {'thing needs' if wrong == 1 else 'things need'} fixing.{more}", "bad")
