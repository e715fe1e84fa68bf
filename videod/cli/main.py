"""`videod COMMAND ...`: finds the command and leaves with its exit code.

A command is one row of COMMANDS: its module, what to call in it and a line of help. What is called is either
`main(argv) -> exit code` or a typer app. Only the module of the command that was typed is imported, and neither typer
nor argparse for the root, so that `videod status` costs no more than it needs.
"""

import difflib
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from videod import __version__

if TYPE_CHECKING:
    import typer

OK, USAGE, INTERRUPTED = 0, 64, 130
_CLICK_ABORTED, _CLICK_USAGE = 1, 2


class Command(NamedTuple):
    module: str
    attribute: str
    help: str


COMMANDS: dict[str, Command] = {
    "demo": Command("videod.cli.demo", "app", "Films at no cost: stand-ins for every service, everything else real."),
    "run": Command("videod.cli.run", "app", "The daemon; with --sandbox on the stand-ins."),
    "status": Command("videod.cli.status", "main", "What needs you, what is at work, how the services do."),
    "list": Command("videod.cli.show", "list_main", "The episodes, newest first."),
    "show": Command("videod.cli.show", "main", "One episode: jobs, history, costs, files."),
    "why": Command("videod.cli.why", "main", "Why an episode stands where it stands, in one sentence."),
    "watch": Command("videod.cli.watch", "main", "The live dashboard."),
    "costs": Command("videod.cli.costs", "main", "What was spent, by channel, service or day."),
    "audit": Command("videod.cli.audit", "main", "Verify the ledger against receipts and service balances."),
    "simulate": Command(
        "videod.cli.simulate", "main", "A load played in virtual time: how many a day, what holds it up, what it costs."
    ),
    "approve": Command("videod.cli.actions", "approve", "Let episodes that wait for your review go on."),
    "redo": Command("videod.cli.actions", "redo", "Regenerate selected files while their review is open."),
    "retry": Command("videod.cli.actions", "retry", "Let stopped or cancelled episodes go on."),
    "cancel": Command("videod.cli.actions", "cancel", "Stop episodes; what is made stays."),
    "pause": Command("videod.cli.actions", "pause", "Start nothing more of a service, a channel or an episode."),
    "resume": Command("videod.cli.actions", "resume", "Let a paused service, channel or episode go on."),
    "channels": Command("videod.cli.channels", "main", "The channels: list them, check their files."),
    "plan": Command("videod.cli.plan", "main", "Plans of episodes: their JSON schema, checking one."),
    "notion": Command("videod.cli.notion", "app", "The board in Notion: make it, check it."),
    "secrets": Command("videod.cli.secrets", "app", "Credentials: which are set, a new master key."),
    "sandbox": Command("videod.cli.sandbox", "app", "Stand-ins of every outside service, for rehearsals at no cost."),
    "docs": Command("videod.cli.docs", "main", "Parts of the documentation that are made from the code, as Markdown."),
}

#: what the unit runs, and no person
HIDDEN: dict[str, Command] = {
    "report-death": Command("videod.cli.death", "main", "Tell people that the daemon's process ended."),
}


def main() -> None:
    """The program `videod`."""
    own = sys.argv[1:2] in (["run"], ["report-death"])
    raise SystemExit(_daemon(sys.argv[1:]) if own else run(sys.argv[1:]))


def _daemon(argv: Sequence[str]) -> int:
    """The daemon and what follows it: signals count from the first moment, and nothing that hangs outlives its end."""
    from videod.daemon import ending, signals

    signals.hear()
    ending.Process.own = True
    try:
        code = run(argv)
        signals.ignore_the_rest(*signals.STOPS)  # the end is under way: it must not be torn
    except signals.Stopped:
        code = OK
    ending.within(ending.LAST_S, code)
    return code


def run(argv: Sequence[str], commands: Mapping[str, Command] = COMMANDS) -> int:
    """Run one command line (without the program's name) and return its sysexits code."""
    if not argv or argv[0] in ("--help", "-h", "help"):
        print(_help(commands))
        return OK if argv else USAGE
    if argv[0] in ("--version", "-V"):
        print(f"videod {__version__}")
        return OK
    name, rest = argv[0], argv[1:]
    row = commands.get(name) or HIDDEN.get(name)
    if row is None:
        close = difflib.get_close_matches(name, commands, n=1)
        hint = f"did you mean `videod {close[0]}`?" if close else "see `videod --help`"
        print(f"videod: there is no command {name[:40]!a}; {hint}", file=sys.stderr)
        return USAGE
    target: object = getattr(importlib.import_module(row.module), row.attribute)
    try:
        if hasattr(target, "registered_commands"):
            return _run_typer(cast("typer.Typer", target), name, rest)
        return cast("Callable[[Sequence[str]], int]", target)(rest)
    except KeyboardInterrupt:
        return INTERRUPTED


def _help(commands: Mapping[str, Command]) -> str:
    width = max(map(len, commands))
    rows = "\n".join(f"  {name:<{width}}  {row.help}" for name, row in commands.items())
    return (
        "Usage: videod COMMAND [ARGS]...\n\nEntries of a Notion database in, published films out.\n\n"
        f"Commands:\n{rows}\n\n`videod COMMAND --help` tells more. `videod --version` prints the version."
    )


def _run_typer(app: "typer.Typer", name: str, argv: Sequence[str]) -> int:
    """A typer app as a command. Its own commands leave with sysexits codes; click's 2 and 1 are put into ours here."""
    import typer.main

    try:
        typer.main.get_command(app)(args=list(argv), prog_name=f"videod {name}")
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else OK
        return {_CLICK_USAGE: USAGE, _CLICK_ABORTED: INTERRUPTED}.get(code, code)
    return OK
