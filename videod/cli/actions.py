"""`videod approve | retry | cancel | redo | pause | resume`: what a person decides.

While a daemon runs it is asked through its socket, so that one process alone ever writes. While none runs the command
takes the daemon's place for the moment: the same lock, the same ledger, the same rules.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from videod.cli import client, options, output
from videod.cli.client import Place
from videod.cli.desk import desk, held
from videod.cli.options import AsJson, ChannelId, Config, EachEpisode, Episode, Episodes, StateFolder, What, examples
from videod.cli.output import Cell, Column, CommandError
from videod.core import outlook
from videod.core.board import pending_cost_micros
from videod.core.model import Task
from videod.core.statuses import AT_GATE, ERRORS, LABELS, Gate
from videod.core.tables import ALL, SERVICES
from videod.dashboard.running import daemon_of
from videod.dashboard.text import money
from videod.store import reads

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


app = options.app()

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and what it would cost.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before more than 1 USD is spent.")]
#: a person on a terminal is asked before a request spends more, USD
_ASK_ABOVE_USD = 1.0
#: answers one request with the JSON of its outcome; raises CommandError
Client = Callable[[Request], Mapping[str, object]]


# ------------------------------------------------------------------------------------------- the commands


@app.command(epilog=examples("videod approve grizzly", "videod approve --all --channel wild_planet --dry-run"))
def approve(
    tasks: Episodes = None,
    every: Annotated[bool, typer.Option("--all", help="Every episode with an open review.")] = False,
    channel: ChannelId = None,
    gate: Annotated[Gate | None, typer.Option(help="Only where this review is open.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Approve an open review."""
    where = client.place(state, config)

    def wanted(task: Task) -> bool:
        return outlook.approval(task, gate) is None

    found = _tasks(where, _Choice(tasks or (), every, channel), wanted, "no episode waits for that review")
    if dry_run:
        return _price(where, found, as_json)
    if _asks(yes, as_json) and not _agreed(where, found):
        output.say("Nothing was changed.")
        return output.OK
    body = {"gate": None if gate is None else gate.value}
    return requested(where, as_json, [Request("approve", task.id, body, task.title) for task in found])


@app.command(epilog=examples("videod retry grizzly", "videod retry --all"))
def retry(
    tasks: Episodes = None,
    every: Annotated[bool, typer.Option("--all", help="Every episode that shows an error.")] = False,
    channel: ChannelId = None,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Resume a failed or cancelled episode where it stopped."""
    where = client.place(state, config)
    choice = _Choice(tasks or (), every, channel)
    found = _tasks(where, choice, lambda task: task.status in ERRORS, "no episode shows an error")
    return requested(where, as_json, [Request("retry", task.id, {}, task.title) for task in found])


@app.command(epilog=examples("videod cancel grizzly"))
def cancel(tasks: EachEpisode, as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """Stop an episode and keep its files."""
    where = client.place(state, config)
    return requested(where, as_json, [Request("cancel", task.id, {}, task.title) for task in tasks_named(where, tasks)])


@app.command(
    epilog=examples(
        "videod redo grizzly image/bear_core clip/clip_07",
        'videod redo grizzly bear_core place_01 --note-for "bear_core=older" --note-for "place_01=less fog"',
    )
)
def redo(
    episode: Episode,
    jobs: Annotated[
        list[str], typer.Argument(metavar="JOB...", help="Job names, as `videod show EPISODE` lists them.")
    ],
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What should be different. It is added to the prompt.")
    ] = None,
    note_for: Annotated[
        list[str] | None, typer.Option(metavar="JOB=TEXT", help="A note for one of the jobs. Repeat it for others.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Regenerate files of the open review or an earlier one."""
    where = client.place(state, config)
    (task,) = tasks_named(where, [episode])
    body: dict[str, object] = {"jobs": jobs, "note": note, "notes": _notes(note_for or ())}
    return weighed(where, as_json, [Request("redo", task.id, body, task.title)], dry_run, yes)


def _notes(given: Sequence[str]) -> dict[str, str]:
    """Job -> what should be different in its next take. Raises CommandError."""
    found = {}
    for one in given:
        job, equals, note = one.partition("=")
        if not equals or not job.strip() or not note.strip():
            raise CommandError(
                output.USAGE, f"no note in {one!r}", 'give --note-for "JOB=TEXT", such as "clip_07=slower"'
            )
        found[job.strip()] = note.strip()
    return found


@app.command(
    epilog=examples(
        'videod edit grizzly clip_07 --narration "The river is colder than it looks."',
        'videod edit grizzly bear_core --prompt "An old brown bear, scarred." --dry-run',
        'videod edit grizzly upload --tags "bears, river"',
        "videod edit grizzly --story 3 --dry-run",
    )
)
def edit(
    episode: Episode,
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="A job, such as `clip_07` or `bear_core`, `upload`, or `plan`.")
    ] = "",
    narration: Annotated[str | None, typer.Option(metavar="TEXT", help="What the narrator says over the clip.")] = None,
    prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="What the image shows.")] = None,
    motion: Annotated[str | None, typer.Option(metavar="TEXT", help="What moves in the clip.")] = None,
    effect: Annotated[str | None, typer.Option(metavar="TEXT", help="What the clip sounds like.")] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="The description on YouTube.")] = None,
    tags: Annotated[str | None, typer.Option(metavar="TEXT", help="The tags on YouTube, separated by commas.")] = None,
    story: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Tell another of its five stories. Needs no JOB.")
    ] = None,
    thumbnail: Annotated[str | None, typer.Option(metavar="NUMBER", help="The thumbnail to use: 1, 2 or 3.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Rewrite the text that a file is made from."""
    given = {
        "narration": narration, "prompt": prompt, "motion": motion, "effect": effect, "description": description,
        "tags": tags, "story": None if story is None else str(story), "thumbnail": thumbnail,
    }  # fmt: skip
    words = {word: text for word, text in given.items() if text is not None}
    if not words:
        raise CommandError(output.USAGE, "edit what?", f"give {', '.join(f'--{word}' for word in given)}")
    if not job and set(words) != {"story"}:
        raise CommandError(output.USAGE, "edit which job?", "name one, such as clip_07, bear_core or upload")
    where = client.place(state, config)
    (task,) = tasks_named(where, [episode])
    asks = [
        Request(
            "correct", task.id, {"job": "plan" if word == "story" else job, "field": word, "text": text}, task.title
        )
        for word, text in words.items()
    ]
    return weighed(where, as_json, asks, dry_run, yes)


@app.command(epilog=examples('videod pause kie --reason "prices changed"', "videod pause --channel wild_planet"))
def pause(
    what: What = None,
    channel: ChannelId = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Shown in `status`, `watch` and on the board.")
    ] = None,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Stop starting work for a service, channel or episode."""
    where = client.place(state, config)
    return requested(where, as_json, [_of_what(where, "pause", what, channel, {"reason": reason})])


@app.command(epilog=examples("videod resume gemini", "videod resume grizzly"))
def resume(
    what: What = None,
    channel: ChannelId = None,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Resume a paused service, channel or episode."""
    where = client.place(state, config)
    return requested(where, as_json, [_of_what(where, "resume", what, channel, {})])


def _of_what(where: Place, verb: str, named: str | None, channel: str | None, body: Mapping[str, object]) -> Request:
    """The request on a service, a channel or an episode."""
    if named is None and channel is None:
        raise CommandError(output.USAGE, f"{verb} what?", f"name a service, an episode, {ALL}, or --channel ID")
    what = named or ALL
    if what in (*SERVICES, ALL):
        return Request(verb, what, {"channel": channel, **body}, channel or what, "services")
    if channel is not None:
        raise CommandError(output.USAGE, "--channel goes with a service", f"leave it out to {verb} one episode")
    try:
        (task,) = tasks_named(where, [what])
    except CommandError as error:
        if error.code != output.MISSING:
            raise
        hint = f"services: {', '.join(SERVICES)}, {ALL}. {error.hint[:1].upper()}{error.hint[1:]}"
        raise CommandError(error.code, f"no service and {error}", hint) from None
    return Request(verb, task.id, body, task.title)


# ------------------------------------------------------------------------------------------- which tasks


@dataclass(frozen=True)
class _Choice:
    """The episodes that the command line names, or all of a kind, perhaps of one channel only."""

    named: Sequence[str]
    every: bool
    channel: str | None


def _tasks(where: Place, choice: _Choice, wanted: Callable[[Task], bool], none: str) -> list[Task]:
    """The named tasks, or with --all those that are `wanted`. Raises CommandError when there is none."""
    if bool(choice.named) == choice.every:
        raise CommandError(output.USAGE, "name episodes, or say --all", "see `videod list` for the ids")
    if not choice.every:
        return tasks_named(where, choice.named)
    with client.looking(where) as connection:
        found = [task for task in reads.open_tasks(connection) if wanted(task)]
    found = [task for task in found if choice.channel in (None, task.channel_id)]
    if not found:
        raise CommandError(output.MISSING, none, "see `videod status`")
    return found


def tasks_named(where: Place, texts: Sequence[str]) -> list[Task]:
    with client.looking(where) as connection:
        found = {task.id: task for task in (client.one_task(connection, text) for text in texts)}
    return list(found.values())


def _asks(yes: bool, as_json: bool) -> bool:
    """Whether somebody is there to be asked before money is spent."""
    return not yes and not as_json and sys.stdin.isatty()


def _agreed(where: Place, tasks: Sequence[Task]) -> bool:
    """Whether the person on the terminal agrees to what approving costs; nobody is asked about small change."""
    with client.looking(where) as connection:
        total = sum(_pending(connection, task) for task in tasks)
    if total / 1e6 <= _ASK_ABOVE_USD:
        return True
    what = tasks[0].title if len(tasks) == 1 else f"{len(tasks)} episodes"
    output.say(f"{what}: this will cost about {money(total)}.")
    return typer.confirm("Continue?")


def _price(where: Place, tasks: Sequence[Task], as_json: bool) -> int:
    """What approving would cost, episode by episode; nothing is changed."""
    with client.looking(where) as connection:
        costs = [_pending(connection, task) for task in tasks]
    total = sum(costs)
    if as_json:
        rows = [{"task": task.id, "cost_usd": cost / 1e6} for task, cost in zip(tasks, costs, strict=True)]
        output.print_json({"would_approve": rows, "total_usd": total / 1e6})
        return output.OK
    head = (Column("episode"), Column("title", least=14), Column("status"), Column("approving costs"))
    lines: list[list[str | Cell]] = [
        [task.id, Cell(task.title, "bold"), LABELS[task.status], money(cost)]
        for task, cost in zip(tasks, costs, strict=True)
    ]
    output.table(head, lines)
    output.say(f"Together about {money(total)}. Nothing was changed.")
    return output.OK


def _pending(connection: sqlite3.Connection, task: Task) -> int:
    gate = AT_GATE.get(task.status)
    return 0 if gate is None else pending_cost_micros(reads.jobs(connection, task.id), gate)


# ------------------------------------------------------------------------------------------- asking


def requested(where: Place, as_json: bool, asks: Sequence[Request]) -> int:
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
            if not as_json:
                _tell(ask, answer)
    if as_json:
        output.print_json({"results": results})
    return code


def weighed(where: Place, as_json: bool, asks: Sequence[Request], dry_run: bool, yes: bool) -> int:
    """Put requests that may cost money; on a terminal a person is asked first where they cost much."""
    foreseen = [replace(ask, body=dict(ask.body) | {"dry_run": True}) for ask in asks]
    if dry_run:
        code = requested(where, as_json, foreseen)
        if not as_json and code == output.OK:
            output.say("Nothing was changed.")
        return code
    if _asks(yes, as_json):
        with _client(where, asks[0].verb) as ear:
            answers = [ear(ask) for ask in foreseen]
        if sum(cost_usd(answer) for answer in answers) > _ASK_ABOVE_USD:
            for ask, answer in zip(foreseen, answers, strict=True):
                _tell(ask, answer)
            if not typer.confirm("Continue?"):
                output.say("Nothing was changed.")
                return output.OK
    return requested(where, as_json, asks)


def cost_usd(answer: Mapping[str, object]) -> float:
    cost = answer.get("cost_usd")
    return float(cost) if isinstance(cost, int | float) else 0.0


def _tell(ask: Request, answer: Mapping[str, object]) -> None:
    if "error" in answer:
        output.say(f"{ask.name}: {output.sentences(str(answer['error']), str(answer['hint']))}", "bad")
        return
    text = str(answer["text"])
    cost, foreseen = cost_usd(answer), ask.body.get("dry_run") is True
    if cost > 0 and (answer["changed"] or foreseen):
        text += f". This {'would' if foreseen else 'will'} cost about {money(round(cost * 1e6))}"
    output.say(f"{ask.name}: {text}.", "plain" if answer["changed"] or foreseen else "dim")


def put(where: Place, ask: Request) -> Mapping[str, object]:
    """The answer to one request. Raises CommandError, or NoDatabase where nothing ran yet."""
    with _client(where, ask.verb) as ear:
        return ear(ask)


@contextmanager
def _client(where: Place, verb: str) -> Iterator[Client]:
    """Who takes the requests: the daemon behind its socket, or this process in its place."""
    client.look(where.database).close()
    if daemon_of(where.state) is not None:
        yield lambda ask: client.post(where, ask.path, ask.body)
        return
    with held(where, verb), desk(where) as handler:
        yield lambda ask: _directly(handler, ask)


def _directly(handler: "RequestHandler", ask: Request) -> Mapping[str, object]:
    from videod.guard.errors import Refused
    from videod.web.requests import perform

    try:
        return asyncio.run(perform(handler, ask.room, ask.verb, ask.target, ask.body)).as_json()
    except Refused as error:
        code = output.MISSING if error.status == client.NOT_FOUND else output.REFUSED
        raise CommandError(code, str(error), error.hint) from error
