"""`videod COMMAND ...`: one typer app whose commands are imported when they are typed, and the exit codes of all.

A command is one row of COMMANDS. Its module's `app` holds it, by the row's name, or is the command itself. The help of
the root and the completion of names read the rows alone, so that `videod --help` imports no command.
"""

import contextlib
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from videod import __version__
from videod.cli import complete, interrupts, output, terminal
from videod.cli.output import INTERRUPTED, OK, USAGE, CommandError


class Command(NamedTuple):
    module: str
    help: str
    group: str


_START, _LOOK, _DECIDE, _CHECK, _MONEY = "Start", "Look", "Decide", "Set up and check", "Plan ahead"

COMMANDS: dict[str, Command] = {
    "demo": Command("demo", "Make sample films for free with simulated services.", _START),
    "run": Command("run", "Start the daemon. Use `--sandbox` to try it without keys or costs.", _START),
    "status": Command("status", "Show what needs your attention, what is running, and service health.", _LOOK),
    "list": Command("show", "List episodes, newest first.", _LOOK),
    "show": Command("show", "Show one episode: jobs, history, costs and files.", _LOOK),
    "why": Command("why", "Explain in one sentence what an episode is waiting for.", _LOOK),
    "watch": Command("watch", "Open the live dashboard.", _LOOK),
    "costs": Command("costs", "Show spending by channel, service, day or episode.", _LOOK),
    "report": Command(
        "report", "Show what was published, what recovered automatically, what it cost and what was slow.", _LOOK
    ),
    "logs": Command("episode", "Show the log lines of one episode, oldest first.", _LOOK),
    "open": Command("episode", "Open the page in your browser, or an episode's film, folder or address.", _LOOK),
    "export": Command("episode", "Copy an episode's plan, files, history, costs and digests into a folder.", _LOOK),
    "balance": Command("balance", "Show the credit left at each service and how many films it pays for.", _LOOK),
    "new": Command("entries", "Add an entry to the board and queue it.", _DECIDE),
    "entries": Command("own_entries", "List, change, queue and remove entries before they are episodes.", _DECIDE),
    "priority": Command("entries", "Change which episodes go first.", _DECIDE),
    "web": Command("web", "Pair devices with the page, see who is signed in, end sessions.", _DECIDE),
    "approve": Command("actions", "Approve an open review.", _DECIDE),
    "redo": Command("actions", "Regenerate files of the open review or an earlier one.", _DECIDE),
    "takes": Command("takes", "List the files that were made for a job, or use an older one.", _DECIDE),
    "put": Command("takes", "Use a file of your own in place of one that was made.", _DECIDE),
    "edit": Command("actions", "Rewrite the text that a file is made from.", _DECIDE),
    "retry": Command("actions", "Resume a failed or cancelled episode where it stopped.", _DECIDE),
    "cancel": Command("actions", "Stop an episode and keep its files.", _DECIDE),
    "pause": Command("actions", "Stop starting work for a service, channel or episode.", _DECIDE),
    "resume": Command("actions", "Resume a paused service, channel or episode.", _DECIDE),
    "channels": Command("channels", "List, check, price, authorize, rename and remove channels.", _CHECK),
    "notion": Command("notion", "Create or check the Notion board.", _CHECK),
    "alerts": Command("alerts", "List what you were alerted to lately, or send test alerts.", _CHECK),
    "secrets": Command("secrets", "Show which credentials are set, or generate a master key.", _CHECK),
    "doctor": Command("doctor", "Find configuration problems and tell you how to fix them.", _CHECK),
    "backup": Command("backup", "Copy the database while it is in use, or write an archive to move with.", _CHECK),
    "restore": Command("backup", "Set up the state folder again from a backup.", _CHECK),
    "audit": Command("audit", "Verify the ledger against receipts and service balances.", _CHECK),
    "cluster": Command("cluster", "Check the cluster, start its scheduler and workers, make certificates.", _CHECK),
    "plan": Command("plan", "Check a plan, or print the JSON schema for plans.", _MONEY),
    "simulate": Command("simulate", "Estimate throughput, bottlenecks and cost before you spend anything.", _MONEY),
    "sandbox": Command("sandbox", "Run the simulated services on their own.", _MONEY),
    "docs": Command("docs", "Print or update the parts of the documentation that come from the code.", _MONEY),
    "completion": Command("completion", "Print the tab completion for your shell.", _CHECK),
}

#: what the unit runs, and no person
HIDDEN: dict[str, Command] = {
    "report-death": Command("death", "Alert people that the daemon's process ended.", ""),
}


class _Root(TyperGroup):
    """The commands by their rows; the one that was typed is imported."""

    def __init__(self, **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]
        for name, row in (COMMANDS | HIDDEN).items():
            self.commands[name] = TyperCommand(
                name, help=row.help, rich_help_panel=row.group, hidden=name in HIDDEN, rich_markup_mode="rich"
            )

    def resolve_command(self, ctx, args):  # type: ignore[no-untyped-def]  # its types are typer's own
        name, found, rest = super().resolve_command(ctx, args)
        return name, _load(name) if found and name else found, rest


def _load(name: str) -> TyperCommand | TyperGroup:
    """The command of a row, imported."""
    gc.disable()  # an import makes no garbage, and looking for some costs a short command a tenth of its time
    try:
        module = importlib.import_module(f"videod.cli.{(COMMANDS | HIDDEN)[name].module}")
    finally:
        gc.enable()
    found = typer.main.get_command(module.app)
    inner = found.commands.get(name, found) if isinstance(found, TyperGroup) else found
    assert isinstance(inner, TyperCommand | TyperGroup)
    return inner


app = typer.Typer(
    cls=_Root,
    help="Turn the entries of a board into short documentaries on YouTube.",
    epilog="`videod COMMAND --help` shows a command's options and examples.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"videod {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def main() -> None:
    """The program `videod`."""
    own = sys.argv[1:2] in (["run"], ["report-death"])
    raise SystemExit(terminal.finish(_daemon(sys.argv[1:]) if own else _command(sys.argv[1:])))


def _command(argv: Sequence[str]) -> int:
    """Any other command; one that a signal ended says so with its exit code."""
    interrupts.hear()
    terminal.prepare()
    try:
        code = run(argv)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except OSError as error:
        if interrupts.code() is not None and error.errno == errno.EIO:
            code = INTERRUPTED  # what a closed terminal answers to the last words
        elif error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            code = terminal.unwritable(error)
        else:
            raise
    ended = interrupts.code()
    return code if ended in (None, INTERRUPTED) else ended


def _daemon(argv: Sequence[str]) -> int:
    """The daemon and what follows it: signals count from the first moment, and nothing that hangs outlives its end."""
    from videod.daemon import ending, signals

    signals.hear(hangup_stops="--sandbox" in argv)
    ending.Process.own = interrupts.Heard.own = True
    terminal.prepare()
    try:
        code = run(argv)
        signals.ignore_the_rest(*signals.stops())  # the end is under way: it must not be torn
        code = OK if signals.Heard.stopped else code
    except signals.Stopped:
        code = OK
    ending.within(ending.LAST_S, code)
    return code


def run(argv: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return its sysexits code."""
    root = typer.main.get_group(app)
    if complete.ASKED in os.environ:
        complete.answer(root, argv)
        return OK
    args = ["--help", *argv[1:]] if argv[:1] == ["help"] else list(argv)
    return output.guard(lambda: _invoke(root, args), args)


def _invoke(root: TyperGroup, args: list[str]) -> int:
    """Run it with our errors and exit codes: typer's own for a wrong command line are 2 and 1."""
    if not args:
        _invoke(root, ["--help"])
        return USAGE
    try:
        with root.make_context("videod", args) as context:
            code = root.invoke(context)
    except typer.Exit as leave:
        return leave.exit_code
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        at: typer.Context | None = getattr(error, "ctx", None)
        if type(error).__name__ == "NoArgsIsHelpError":
            with contextlib.redirect_stdout(sys.stderr):
                print(at.get_help() if at is not None else "")
            return USAGE
        path = at.command_path if at is not None else "videod"
        raise CommandError(USAGE, error.format_message().rstrip(".")[:400], f"see `{path} --help`") from None
    return code if isinstance(code, int) else OK
