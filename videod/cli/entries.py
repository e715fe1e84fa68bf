"""`videod new` and `videod priority`: what a person writes on the board, from the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import board, client, complete, options, output
from videod.cli.options import AsJson, Config, Episode, StateFolder, examples
from videod.cli.output import CommandError
from videod.core.fields import Level, Privacy
from videod.core.own_story import NOTHING, PLAN, PLAN_MAX, SCRIPT, SCRIPT_MAX, Brought, brought
from videod.core.statuses import LABELS, Status
from videod.files import open_plain, reason

if TYPE_CHECKING:
    from videod.adapters.notion import NotionBoard
    from videod.channels import Channel
    from videod.config import Settings
    from videod.core.craft_clips import Telling

app = options.app()


#: where a story of one's own says it all
AS_TOLD = "As the script tells it."


@app.command(epilog=examples(
    'videod new "The crossing" --channel wild_planet --topic "brown bears" --direction "A bear crosses a cold river."',
    'videod new "The crossing" --channel wild_planet --script crossing.txt',
))  # fmt: skip
def new(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The film's title on YouTube, up to 100 characters.")],
    channel: Annotated[
        str, typer.Option(metavar="ID", help="The channel's ID.", autocompletion=complete.channels, prompt=True)
    ],
    topic: Annotated[str | None, typer.Option(metavar="TEXT", help="What the film is about.")] = None,
    direction: Annotated[str | None, typer.Option(metavar="TEXT", help="How the story goes.")] = None,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own narration: a paragraph for each clip.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own plan.json. It costs nothing.")] = None,
    priority: Annotated[Level, typer.Option(help="Which episodes go first.")] = Level.NORMAL,
    privacy: Annotated[Privacy | None, typer.Option(help="Default: as the channel's file says.")] = None,
    sources: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own sources: links, or text by paragraphs.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Write it as a draft, so that nothing starts.")] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Add an entry to the board and queue it."""
    where = client.place(state, config)
    settings = board.settings_of(where.settings)
    status = Status.DRAFT if draft else Status.QUEUED
    told = script is not None or plan is not None
    topic = topic or (title if told else typer.prompt("Topic"))
    direction = direction or (AS_TOLD if told else typer.prompt("Story direction"))
    values: dict[str, object] = {
        "Title": title, "Channel": channel, "Topic": topic, "Story Direction": direction,
        "Priority": priority.label, "Privacy": None if privacy is None else privacy.value,
        "Status": LABELS[status],
    }  # fmt: skip
    spoken = _check(settings, values)
    alone = board.own(settings, where.state)
    below = "" if sources is None else sources_of(sources, fits=not alone)
    own = _brought(story_of(script, plan), _telling(where, spoken)) if told else NOTHING

    async def add(on: "NotionBoard") -> str:
        given = {name: value for name, value in values.items() if value is not None}
        return await on.add(given, own=own.args, sources=below)

    page = _added(where, values, own, below) if alone else board.with_board(settings, add, where.settings)
    if as_json:
        output.print_json({"page_id": page, "status": status.value, "title": title, "channel": channel})
        return output.OK
    output.say(f"{title}: added to the board as {LABELS[status]}.")
    if own.said:
        output.say(f"  Your {'plan' if plan else 'script'} has {own.said}.")
    output.say(
        f"  Entry {page}. `videod why {page}` says what it waits for." if not draft else f"  Entry {page}.", "dim"
    )
    return output.OK


def _added(where: client.Place, values: Mapping[str, object], own: Brought, sources: str) -> str:
    """Add it to videod's own board; returns its id. Raises CommandError."""
    from videod.cli import own_entries
    from videod.web.entries import COLUMNS

    body = {name: values[column] for name, column in COLUMNS.items() if name != "status"}
    body |= {"priority": str(values["Priority"]).lower(), "draft": values["Status"] == LABELS[Status.DRAFT]}
    body |= own_entries.brings(own.args) | ({"sources": sources} if sources else {})
    return str(own_entries.asked(where, "add_entry", "", body)["page_id"])


def sources_of(path: Path, fits: bool = False) -> str:
    """A person's own sources; with `fits` as many as a page in Notion takes. Raises CommandError."""
    from videod.adapters.notion_sources import MOST, blocks_of

    try:
        with path.open("rb") as given:
            text = given.read(4 * MOST + 1).decode("utf-8-sig")
        if len(text) > MOST:
            raise ValueError(f"has more than {MOST:,} characters")
        if fits:
            blocks_of(text)
        return text
    except OSError as error:
        raise CommandError(output.USAGE, f"{path} cannot be read: {error.strerror}", "name a text file") from None
    except ValueError as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise CommandError(output.USAGE, f"{path} {reason}", "give a shorter text, or links") from None


def story_of(script: Path | None, plan: Path | None) -> dict[str, str]:
    """The texts of a story of one's own, by their names in `own_story`. Raises CommandError."""
    texts = {
        name: _text(path, most)
        for name, path, most in ((SCRIPT, script, SCRIPT_MAX), (PLAN, plan, PLAN_MAX)) if path is not None
    }  # fmt: skip
    if empty := next((name for name, text in texts.items() if not text.strip()), None):
        raise CommandError(output.REFUSED, f"{script if empty == SCRIPT else plan} is empty", f"write the {empty}")
    return texts


def _brought(texts: Mapping[str, str], telling: "Telling") -> Brought:
    """The story of one's own, judged as the daemon will. Raises CommandError."""
    found = brought(texts, telling)
    if found.problem:
        raise CommandError(output.REFUSED, found.problem[:1].lower() + found.problem[1:], "correct it, then try again")
    return found


def _text(path: Path, most: int) -> str:
    """A text file of at most `most` characters and one more. Raises CommandError."""
    try:
        with open_plain(path, follow=True) as given:
            return given.read(4 * most + 4).decode("utf-8-sig", "strict")[: most + 1]
    except UnicodeDecodeError:
        raise CommandError(output.USAGE, f"{path} is not UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        raise CommandError(output.USAGE, f"{path} cannot be read: {reason(error)}", "name a text file") from None


def _telling(where: client.Place, channel: "Channel") -> "Telling":
    """How the channel's narrations are, with its voice as it was heard, if this folder knows it."""
    from videod.channels import telling
    from videod.store.habits import pace
    from videod.store.readonly import NoDatabase

    try:
        with client.looking(where) as connection:
            heard = pace(connection, channel.id, channel.voice_id, channel.language)
    except (CommandError, NoDatabase):  # nothing was made here yet, or it cannot be read
        heard = None
    return telling(channel, heard)


def _check(settings: "Settings", values: Mapping[str, object]) -> "Channel":
    """The channel. What the daemon would send back to the board is said here already. Raises CommandError."""
    from videod.channels import ChannelError, load_channels
    from videod.guard.errors import Refused
    from videod.web import entries

    try:
        known = load_channels(settings.paths.channels).channels
        entries.check(values, known)
        return known[str(values["Channel"])]
    except Refused as refused:
        code = output.MISSING if refused.status == client.NOT_FOUND else output.USAGE
        raise CommandError(code, str(refused), refused.hint) from None
    except ChannelError as error:
        raise CommandError(output.CONFIGURATION, str(error), "`videod channels check` names every fault") from error


@app.command(epilog=examples("videod priority grizzly high"))
def priority(
    episode: Episode,
    level: Annotated[Level, typer.Argument(metavar="LEVEL", help="Which episodes go first.")],
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Change which episodes go first. The board shows it, and videod takes it over within seconds."""
    from videod.cli import own_entries

    where = client.place(state, config)
    with client.looking(where) as connection:
        task = client.one_task(connection, episode)

    async def write(on: "NotionBoard") -> None:
        page = await on.read(task.page_id)
        if "Priority" not in page.values:  # a write leaves out a column that is gone
            raise CommandError(output.CONFIGURATION, "the board has no column Priority", "run `videod notion init`")
        await on.write(task.page_id, {"Priority": level.label})

    settings = board.settings_of(where.settings)
    if board.own(settings, where.state):
        own_entries.asked(where, "prioritize_task", task.id, {"priority": level.value})
    else:
        board.with_board(settings, write, where.settings)
    if as_json:
        output.print_json({"task": task.id, "title": task.title, "priority": level.value})
    else:
        output.say(f"{task.title}: priority {level.value}.")
    return output.OK
