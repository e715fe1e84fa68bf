"""`videod entries ...`: entries of videod's own board before they are episodes, and their fields afterwards.

They are asked of the daemon where one runs, as a page would; else this command takes its place for the moment.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from videod.cli import board, client, complete, options, output
from videod.cli.client import Place
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Cell, Column, CommandError
from videod.core import own_story
from videod.core.fields import Level, Privacy
from videod.core.statuses import LABELS, Status
from videod.dashboard.running import daemon_of
from videod.store import entries, views
from videod.store.entries import Entry

if TYPE_CHECKING:
    from videod.web.api_shapes import WaitingEntryBody
    from videod.web.routes import Route

app = options.app("List, change, queue and remove entries before they are episodes.")

EntryName = Annotated[
    str,
    typer.Argument(
        metavar="ENTRY", help="ID, the start of one, or part of the title.", autocompletion=complete.entries
    ),
]
#: another command at work is waited for so long, and looked for this often, seconds
WAIT_S, AGAIN_S = 15.0, 0.1
#: entries that `list` shows
MOST = 1_000


@app.command("list", epilog=examples("videod entries list"))
def list_(as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """List the entries that are no episode yet: drafts, and those that were sent back."""
    from videod.web.drafts import shown

    where = _place(state, config)
    with client.looking(where) as connection:
        found = [shown(one) for one in entries.waiting(connection, MOST)]
    if as_json:
        output.print_json({"entries": found})
        return output.OK
    if not found:
        output.say("No entry is waiting. `videod list` shows the episodes, `videod new` adds an entry.")
        return output.OK
    head = (Column("entry"), Column("title", least=14), Column("channel"), Column("status"), Column("what to fix", 1))
    output.table(head, [_row(one) for one in found])
    return output.OK


def _row(one: "WaitingEntryBody") -> list[str | Cell]:
    label = LABELS[Status(one["status"])]
    return [one["page_id"], Cell(one["title"], "bold"), one["channel"], label, one["problem"] or ""]


@app.command(epilog=examples("videod entries show crossing"))
def show(entry: EntryName, as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """Show an entry that is no episode yet, with what it brings."""
    from videod.web.drafts import shown

    where = _place(state, config)
    with client.looking(where) as connection:
        found = shown(_waiting(connection, entry))
    if as_json:
        output.print_json(found)
        return output.OK
    rows = [("title", found["title"]), ("channel", found["channel"]), ("status", LABELS[Status(found["status"])]),
            ("topic", found["topic"]), ("direction", found["direction"]), ("priority", found["priority"]),
            ("privacy", found["privacy"] or "as the channel's file says")]  # fmt: skip
    rows += [("what to fix", found["problem"])] if found["problem"] else []
    rows += [(name, _size(found, name)) for name in ("script", "plan", "sources") if found[name]]
    output.facts([(name, str(value)) for name, value in rows])
    return output.OK


def _size(found: "WaitingEntryBody", name: str) -> str:
    value = dict(found)[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{len(text):,} characters (`--json` shows them)"


@app.command(epilog=examples(
    'videod entries edit crossing --title "The cold crossing"',
    "videod entries edit crossing --script told.txt --queue",
))  # fmt: skip
def edit(
    entry: EntryName,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="The film's title on YouTube.")] = None,
    channel: Annotated[
        str | None, typer.Option(metavar="ID", help="The channel's ID.", autocompletion=complete.channels)
    ] = None,
    topic: Annotated[str | None, typer.Option(metavar="TEXT", help="What the film is about.")] = None,
    direction: Annotated[str | None, typer.Option(metavar="TEXT", help="How the story goes.")] = None,
    priority: Annotated[Level | None, typer.Option(help="Which episodes go first.")] = None,
    privacy: Annotated[Privacy | None, typer.Option(help="Who can see the film.")] = None,
    script: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own narration.")] = None,
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own plan.json.")] = None,
    sources: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own sources.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Also queue it.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Also take it back as a draft, before it begins.")] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Change an entry. Of an episode its fields still change where they count."""
    from videod.cli.entries import sources_of, story_of

    if queue and draft:
        raise CommandError(output.USAGE, "queue it or take it back?", "give --queue or --draft")
    given: dict[str, object] = {
        "title": title, "channel": channel, "topic": topic, "direction": direction,
        "priority": None if priority is None else priority.value, "privacy": None if privacy is None else privacy.value,
        "status": "queued" if queue else "draft" if draft else None,
        "sources": None if sources is None else sources_of(sources),
    }  # fmt: skip
    body = {name: value for name, value in given.items() if value is not None} | _story(story_of(script, plan))
    if not body:
        raise CommandError(output.USAGE, "edit what?", "give --title, --topic, --direction or another option")
    return _changed(_place(state, config), "edit_entry", entry, body, as_json)


def _story(texts: Mapping[str, str]) -> dict[str, object]:
    """A script or a plan for the API. Raises CommandError."""
    if own_story.PLAN not in texts:
        return dict(texts)
    try:
        plan = json.loads(texts[own_story.PLAN])
    except ValueError as error:
        raise CommandError(output.REFUSED, f"the plan is not valid JSON: {error}", "see `videod plan schema`") from None
    return {**texts, own_story.PLAN: plan}


@app.command(epilog=examples("videod entries queue crossing"))
def queue(entry: EntryName, as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """Queue a draft, or an entry that was sent back."""
    return _changed(_place(state, config), "edit_entry", entry, {"status": "queued"}, as_json)


@app.command(epilog=examples("videod entries remove crossing"))
def remove(entry: EntryName, as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """Delete an entry that is not an episode."""
    return _changed(_place(state, config), "remove_entry", entry, {}, as_json)


# ------------------------------------------------------------------------------------------- which, and how


def _place(state: Path | None, config: Path | None) -> Place:
    """Raises CommandError where the board is in Notion."""
    where = client.place(state, config)
    if not board.own(board.settings_of(where.settings), where.state):
        told = "the entries are on the board in Notion"
        raise CommandError(output.CONFIGURATION, told, "change them there, or add one with `videod new`")
    return where


def _waiting(connection: sqlite3.Connection, text: str) -> Entry:
    """The entry that a person means, which is no episode. Raises CommandError."""
    found = entries.named(connection, text)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{one.page_id} ({one.shown.get('Title')})" for one in found)
        raise CommandError(output.REFUSED, f"{text!r} may mean {names}", "type more of the ID")
    if episodes := views.find(connection, text):
        told = f"{episodes[0].title} is an episode already"
        raise CommandError(output.MISSING, told, f"`videod show {episodes[0].id}` shows it")
    raise CommandError(output.MISSING, f"no entry is called {text!r}", "see `videod entries list`")


def _changed(where: Place, name: str, entry: str, body: Mapping[str, object], as_json: bool) -> int:
    with client.looking(where) as connection:
        waits = entries.named(connection, entry)
        episodes = () if waits else views.find(connection, entry)
        page_id = episodes[0].page_id if len(episodes) == 1 else _waiting(connection, entry).page_id
    answer = asked(where, name, page_id, body)
    if as_json:
        output.print_json(answer)
    else:
        output.say(f"{answer['title']}: {answer['text']}.")
    return output.OK


def brings(args: Mapping[str, object]) -> dict[str, object]:
    """A story of one's own (`own_story.Brought.args`) as the API takes it."""
    lines, plan = args.get(own_story.SCRIPT), args.get(own_story.PLAN)
    script = {own_story.SCRIPT: "\n\n".join(map(str, lines))} if isinstance(lines, list) else {}
    return script | ({own_story.PLAN: plan} if plan else {})


def asked(where: Place, name: str, target: str, body: Mapping[str, object]) -> Mapping[str, object]:
    """What the route `name` of the API answers, by the daemon or in its place. Raises CommandError.

    Another command at work, and a daemon that is just starting, are waited for.
    """
    from videod.web.api import ROUTES

    route = next(one for one in ROUTES if one.name == name)
    until = time.monotonic() + WAIT_S
    while True:
        if daemon_of(where.state) is not None and where.socket.exists():
            return client.post(where, route.path.replace("{id}", quote(target, safe="")), body)
        try:
            return _in_its_place(where, route, target, body)
        except CommandError as error:
            if error.code != output.TEMPORARY or time.monotonic() > until:
                raise
        time.sleep(AGAIN_S)


def _in_its_place(where: Place, route: "Route", target: str, body: Mapping[str, object]) -> Mapping[str, object]:
    from videod.cli.desk import held, house
    from videod.guard.errors import Refused
    from videod.web.routes import Call

    with held(where, "entries"), house(where) as rooms:
        try:
            answer = asyncio.run(_answer(route.handler(rooms, Call({"id": target}, {}, body))))
        except Refused as error:
            code = output.MISSING if error.status == client.NOT_FOUND else output.REFUSED
            raise CommandError(code, str(error), error.hint) from error
    assert isinstance(answer, dict)
    return answer


async def _answer(asked: Awaitable[object]) -> object:
    return await asked
