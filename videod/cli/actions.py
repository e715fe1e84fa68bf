"""`videod approve | retry | cancel | redo | pause | resume`: what a person decides.

While a daemon runs it is asked through its socket, so that one process alone ever writes. While none runs the command
takes the daemon's place for the moment: the same lock, the same ledger, the same rules.
"""

import argparse
import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from videod.cli import client, output
from videod.cli.client import Place
from videod.cli.output import Cell, CommandError, Parser
from videod.core import outlook
from videod.core.board import pending_cost_micros
from videod.core.model import Task
from videod.core.statuses import AT_GATE, ERRORS, LABELS, Gate
from videod.core.tables import ALL, SERVICES
from videod.dashboard.running import daemon_of
from videod.dashboard.text import money
from videod.store import reads, views

if TYPE_CHECKING:
    from videod.web.requests import RequestHandler


@dataclass(frozen=True)
class Request:
    """One request: a verb, its target (a task id or a service), the JSON body; `name` is how it is shown."""

    verb: str
    target: str
    body: Mapping[str, object]
    name: str
    room: str = "tasks"

    @property
    def path(self) -> str:
        return f"/api/{self.room}/{quote(self.target, safe='')}/{self.verb}"


#: answers one request with the JSON of its outcome; raises CommandError
Client = Callable[[Request], Mapping[str, object]]


def approve(argv: Sequence[str]) -> int:
    return output.run(_approve, argv)


def retry(argv: Sequence[str]) -> int:
    return output.run(_retry, argv)


def cancel(argv: Sequence[str]) -> int:
    return output.run(_cancel, argv)


def redo(argv: Sequence[str]) -> int:
    return output.run(_redo, argv)


def pause(argv: Sequence[str]) -> int:
    return output.run(_pause, argv)


def resume(argv: Sequence[str]) -> int:
    return output.run(_resume, argv)


# ------------------------------------------------------------------------------------------- the commands


def _approve(argv: Sequence[str]) -> int:
    options = output.parser("approve", "Let episodes that wait for your review go on.", "videod approve grizzly")
    _take_tasks(options, "every episode that waits for a review")
    options.add_argument("--gate", choices=[gate.value for gate in Gate], help="only where this review is open")
    options.add_argument("--dry-run", action="store_true", help="only say what would be approved and its cost")
    given = options.parse_args(argv)
    gate = None if given.gate is None else Gate(given.gate)
    where = client.place(given)

    def wanted(task: Task) -> bool:
        return outlook.approval(task, gate) is None

    tasks = _tasks(where, given, wanted, "no episode waits for that review")
    if given.dry_run:
        return _price(where, tasks, given.as_json)
    return _ask(where, given, [Request("approve", task.id, {"gate": given.gate}, task.title) for task in tasks])


def _retry(argv: Sequence[str]) -> int:
    about = "Let stopped or cancelled episodes go on from where they stopped."
    options = output.parser("retry", about, "videod retry grizzly")
    _take_tasks(options, "every episode that shows an error")
    given = options.parse_args(argv)
    where = client.place(given)
    tasks = _tasks(where, given, lambda task: task.status in ERRORS, "no episode shows an error")
    return _ask(where, given, [Request("retry", task.id, {}, task.title) for task in tasks])


def _cancel(argv: Sequence[str]) -> int:
    options = output.parser("cancel", "Stop episodes; what is made stays.", "videod cancel grizzly")
    options.add_argument("tasks", nargs="+", metavar="TASK", help="id, begin of an id, page id or piece of the title")
    given = options.parse_args(argv)
    where = client.place(given)
    found = _named(where, given.tasks)
    return _ask(where, given, [Request("cancel", task.id, {}, task.title) for task in found])


def _redo(argv: Sequence[str]) -> int:
    about = "Regenerate files of the open review, and everything made from them."
    options = output.parser("redo", about, "videod redo grizzly image/bear_core clip/clip_07")
    options.add_argument("task", metavar="TASK", help="id, begin of an id, page id or piece of the title")
    options.add_argument("jobs", nargs="+", metavar="JOB", help="job names as `videod show TASK` lists them")
    given = options.parse_args(argv)
    where = client.place(given)
    (task,) = _named(where, [given.task])
    return _ask(where, given, [Request("redo", task.id, {"jobs": given.jobs}, task.title)])


def _pause(argv: Sequence[str]) -> int:
    about = "Start nothing more of a service, a channel or an episode; what runs goes on to its end."
    options = output.parser("pause", about, 'videod pause kie --reason "prices changed"')
    _take_what(options, "pause only this channel's work")
    options.add_argument("--reason", metavar="TEXT", help="why; status, dashboard and board show it")
    given = options.parse_args(argv)
    where = client.place(given)
    return _ask(where, given, [_of_what(where, "pause", given, {"reason": given.reason})])


def _resume(argv: Sequence[str]) -> int:
    about = "Resume a paused service, channel or episode, for example after you fixed a key or bought credit."
    options = output.parser("resume", about, "videod resume gemini")
    _take_what(options, "only what is paused for this channel")
    given = options.parse_args(argv)
    where = client.place(given)
    return _ask(where, given, [_of_what(where, "resume", given, {})])


def _take_what(options: Parser, channel: str) -> None:
    services = ", ".join(SERVICES)
    options.add_argument("what", nargs="?", metavar="WHAT", help=f"{services}, {ALL}, or an episode")
    options.add_argument("--channel", metavar="ID", help=channel)


def _of_what(where: Place, verb: str, given: argparse.Namespace, body: Mapping[str, object]) -> Request:
    """The request on a service, a channel or an episode."""
    if given.what is None and given.channel is None:
        raise CommandError(output.USAGE, f"{verb} what?", f"name a service, an episode, {ALL}, or --channel ID")
    what = given.what or ALL
    if what in (*SERVICES, ALL):
        return Request(verb, what, {"channel": given.channel, **body}, given.channel or what, "services")
    if given.channel is not None:
        raise CommandError(output.USAGE, "--channel goes with a service", f"leave it out to {verb} one episode")
    try:
        (task,) = _named(where, [what])
    except CommandError as error:
        if error.code != output.MISSING:
            raise
        services = ", ".join(SERVICES)
        raise CommandError(
            error.code, f"no service and {error}", f"services: {services}, {ALL}; {error.hint}"
        ) from None
    return Request(verb, task.id, body, task.title)


# ------------------------------------------------------------------------------------------- which tasks


def _take_tasks(options: Parser, all_of: str) -> None:
    options.add_argument("tasks", nargs="*", metavar="TASK", help="id, begin of an id, page id or piece of the title")
    options.add_argument("--all", action="store_true", help=all_of)
    options.add_argument("--channel", metavar="ID", help="with --all: only this channel's")


def _tasks(where: Place, given: argparse.Namespace, wanted: Callable[[Task], bool], none: str) -> list[Task]:
    """The named tasks, or with --all those that are `wanted`. Raises CommandError when there is none."""
    if bool(given.tasks) == given.all:
        raise CommandError(output.USAGE, "name episodes, or say --all", "see `videod list` for the ids")
    if not given.all:
        return _named(where, given.tasks)
    with client.looking(where) as connection:
        found = [task for task in reads.open_tasks(connection) if wanted(task)]
    found = [task for task in found if given.channel in (None, task.channel_id)]
    if not found:
        raise CommandError(output.MISSING, none, "see `videod status`")
    return found


def _named(where: Place, texts: Sequence[str]) -> list[Task]:
    with client.looking(where) as connection:
        found = {task.id: task for task in (client.one_task(connection, text) for text in texts)}
    return list(found.values())


def _price(where: Place, tasks: Sequence[Task], as_json: bool) -> int:
    """What approving would cost, episode by episode; nothing is changed."""
    with client.looking(where) as connection:
        costs = [_pending(connection, task) for task in tasks]
    total = sum(costs)
    if as_json:
        rows = [{"task": task.id, "cost_usd": cost / 1e6} for task, cost in zip(tasks, costs, strict=True)]
        output.print_json({"would_approve": rows, "total_usd": total / 1e6})
        return output.OK
    head = ("task", "title", "status", "approving costs")
    lines: list[list[str | Cell]] = [
        [task.id, Cell(task.title, "bold"), LABELS[task.status], money(cost)]
        for task, cost in zip(tasks, costs, strict=True)
    ]
    output.table(head, lines)
    output.say(f"Together about {money(total)}; nothing was changed.")
    return output.OK


def _pending(connection: sqlite3.Connection, task: Task) -> int:
    gate = AT_GATE.get(task.status)
    return 0 if gate is None else pending_cost_micros(reads.jobs(connection, task.id), gate)


# ------------------------------------------------------------------------------------------- asking


def _ask(where: Place, given: argparse.Namespace, asks: Sequence[Request]) -> int:
    """Put every request, also after one was refused; the exit code is that of the first refusal."""
    code = output.OK
    results: list[dict[str, object]] = []
    with _client(where, asks[0].verb) as ear:
        for ask in asks:
            try:
                answer = dict(ear(ask))
            except CommandError as error:
                answer = {"error": str(error), "hint": error.hint}
                code = code or error.code
            results.append({"target": ask.target, "verb": ask.verb} | answer)
            if not given.as_json:
                _tell(ask, answer)
    if given.as_json:
        output.print_json({"results": results})
    return code


def _tell(ask: Request, answer: Mapping[str, object]) -> None:
    if "error" in answer:
        output.say(f"{ask.name}: {answer['error']}; {answer['hint']}", "bad")
        return
    text = str(answer["text"])
    cost = answer.get("cost_usd")
    if isinstance(cost, int | float) and cost > 0 and answer["changed"]:
        text += f"; this will cost about {money(round(cost * 1e6))}"
    output.say(f"{ask.name}: {text}.", "plain" if answer["changed"] else "dim")


#: sysexits: the disk does not take it
_NO_GROUND = 74


@contextmanager
def _client(where: Place, verb: str) -> Iterator[Client]:
    """Who takes the requests: the daemon behind its socket, or this process in its place."""
    views.look(where.database).close()
    if daemon_of(where.state) is not None:
        yield lambda ask: client.post(where, ask.path, ask.body)
        return
    from videod.adapters.disk import unusable
    from videod.daemon.lock import LockHeld, hold

    why_not = unusable(where.state)
    if why_not is not None:
        raise CommandError(_NO_GROUND, why_not, "nothing was changed")
    try:
        with hold(where.state, f"videod {verb}"), _desk(where) as handler:
            yield lambda ask: _directly(handler, ask)
    except LockHeld as error:
        raise CommandError(output.TEMPORARY, str(error).rstrip("."), "or try again in a moment") from error


@contextmanager
def _desk(where: Place) -> "Iterator[RequestHandler]":
    """A ledger of our own over the database, under the lock that the caller holds."""
    from videod.adapters.clock import SystemClock
    from videod.channels import ChannelError, load_channels
    from videod.config import ConfigError, load_settings
    from videod.daemon.wiring import policies
    from videod.ledger import Ledger, Wakeups
    from videod.store.database import DatabaseError, InlineDatabase
    from videod.store.schema import migrate
    from videod.store.soundness import held, held_by_others
    from videod.web.requests import RequestHandler

    try:
        settings = load_settings(where.settings, os.environ)
        channels = load_channels(settings.paths.channels)
        migrate(where.database)
    except (ConfigError, ChannelError, DatabaseError) as error:
        if held(error):
            raise CommandError(output.TEMPORARY, held_by_others(where.database), "nothing was changed") from error
        raise CommandError(output.CONFIGURATION, str(error), "fix that, then try again") from error
    store = InlineDatabase(where.database)
    try:
        yield RequestHandler(Ledger(store, policies(settings, channels), Wakeups()), store, SystemClock(), "cli")
    finally:
        asyncio.run(store.close())


def _directly(handler: "RequestHandler", ask: Request) -> Mapping[str, object]:
    from videod.web.requests import Refused, perform

    try:
        return asyncio.run(perform(handler, ask.room, ask.verb, ask.target, ask.body)).as_json()
    except Refused as error:
        code = output.MISSING if error.kind == "missing" else output.REFUSED
        raise CommandError(code, str(error), error.hint) from error
