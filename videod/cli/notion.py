"""`videod notion ...`: make the board under a page you share, and check that it has all that videod needs."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from videod.cli import board, options
from videod.cli.output import CommandError
from videod.core.sanitize import sanitize_screen, sanitize_screen_lines

if TYPE_CHECKING:
    from videod.adapters.notion_calls import Calls
    from videod.adapters.notion_views import ViewState
    from videod.config import Settings

T = TypeVar("T")
CREDENTIALS, CONFIGURATION = 77, 78
#: exit codes (sysexits) by kind of BoardError
EXIT = {"busy": 75, "down": 69, "credentials": CREDENTIALS, "gone": CONFIGURATION, "rejected": CONFIGURATION}

app = options.app("Create or check the Notion board.")
#: what `videod notion views` says of a view
_VIEW = {"ok": "ok", "made": "made", "missing": "MISSING", "refused": "BY HAND"}

Config = Annotated[Path, typer.Option(help="The settings file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CONFIG = Path("videod.toml")


def _fail(code: int, text: str) -> NoReturn:
    typer.echo("\n".join(sanitize_screen_lines(text)), err=True)
    raise typer.Exit(code)


def _settings(path: Path) -> "Settings":
    from videod.config import ConfigError, load_settings

    try:
        return load_settings(path)
    except ConfigError as error:
        _fail(CONFIGURATION, str(error))


def _with_calls(settings: "Settings", work: "Callable[[Calls], Awaitable[T]]", config: Path) -> T:
    """Run `work` on a connection; failures end the program with their reason."""
    try:
        return board.with_calls(settings, work, config)
    except CommandError as error:
        _fail(error.code, f"{error}{error.hint and ' '}{error.hint}")


@app.command()
def init(
    parent: Annotated[str, typer.Option(help="Link of the page to make the board under. It must be shared.")] = "",
    source: Annotated[str, typer.Option(help="Data source for entries, where their database has several.")] = "",
    assets_source: Annotated[str, typer.Option(help="Data source for files, where theirs has several.")] = "",
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make the databases "videod" and "videod assets" under a page, or complete those that are there.

    Tables that you renamed or moved on the page are found; a second board is never made beside a known one.
    """
    from videod.adapters import notion_schema, notion_views

    settings = _settings(config)
    place = settings.notion
    page = parent or place.parent_page
    if not page and not place.database_id:
        _fail(64, "Name the page: videod notion init --parent LINK (Share, Copy link), or [notion] parent_page.")
    channels = sorted(path.stem for path in settings.paths.channels.glob("*.yaml"))
    known = board.known(settings, parent)

    async def make(calls: "Calls") -> "tuple[notion_schema.Made, list[ViewState]]":
        made = await notion_schema.init(
            calls, page, channels, known, place.database_id or None, source, assets_source, _reviews_story(settings)
        )  # fmt: skip
        return made, await notion_views.complete(calls, made.ids)

    made, states = _with_calls(settings, make, config)
    page_id = notion_schema.page_id_of(page) if page else ""
    if as_json:
        ids = {name: getattr(made.ids, name) for name in made.ids.__dataclass_fields__}
        changes = [*made.changes, *_views_made(states)]
        told = {"ids": ids, "parent_page": page_id, "changes": changes, "views": _plain_views(states)}
        typer.echo(json.dumps(told))
        return
    for change in (*made.changes, *_views_made(states)) or ("Everything was there already.",):
        typer.echo(sanitize_screen(change))
    _by_hand(states)
    if settings.notion.parent_page or settings.notion.database_id:
        return
    typer.echo(f'\nPut this into {config}:\n\n[notion]\nparent_page = "{page_id}"')


def _reviews_story(settings: "Settings") -> bool:
    """Whether a channel reviews the story; files that are wrong are `channels check`'s to tell."""
    from videod.channels import ChannelError, load_channels

    try:
        return load_channels(settings.paths.channels).reviews_story
    except ChannelError:
        return False


@app.command()
def views(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Make the views In Progress, Needs Review, Errors and Gallery where they are missing.

    A view of that name is left as it is, whoever made it.
    """
    from videod.adapters import notion_schema, notion_views

    settings = _settings(config)

    async def make(calls: "Calls") -> "list[ViewState]":
        place = settings.notion
        known = board.known(settings, "")
        ids = await notion_schema.resolve(calls, place.database_id or None, place.parent_page or None, known)
        return await notion_views.complete(calls, ids)

    states = _with_calls(settings, make, config)
    refused = [one for one in states if one.state == "refused"]
    if as_json:
        typer.echo(json.dumps({"ok": not refused, "views": _plain_views(states)}))
    else:
        for one in states:
            typer.echo(sanitize_screen(f"{_VIEW[one.state]:8}{one.view.table:14} {one.view.name}"))
        _by_hand(states)
    if refused:
        raise typer.Exit(CONFIGURATION)


def _views_made(states: "list[ViewState]") -> list[str]:
    return [f'made the view "{one.view.name}" of "{one.view.table}"' for one in states if one.state == "made"]


def _plain_views(states: "list[ViewState]") -> list[dict[str, object]]:
    return [
        {"table": one.view.table, "view": one.view.name, "state": one.state, "problem": one.why or None}
        for one in states
    ]


def _by_hand(states: "list[ViewState]") -> None:
    """What to do about views that Notion does not let videod make."""
    refused = [one for one in states if one.state == "refused"]
    if not refused:
        return
    typer.echo(sanitize_screen(f"\nNotion does not let videod make these views ({refused[0].why}). By hand:"))
    for one in refused:
        typer.echo(sanitize_screen(f"- {one.view.name}: {one.view.by_hand}."))


@app.command()
def check(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Show each column's state; exit 78 when something is missing."""
    from videod.adapters import notion_schema

    settings = _settings(config)

    async def look(calls: "Calls") -> list[notion_schema.ColumnState]:
        place = settings.notion
        known = board.known(settings, "")
        ids = await notion_schema.resolve(calls, place.database_id or None, place.parent_page or None, known)
        return await notion_schema.inspect_both(calls, ids)

    states = _with_calls(settings, look, config)
    problems = [state for state in states if state.problem]
    if as_json:
        rows = [
            {"table": one.table, "column": one.column, "type": one.type or None, "problem": one.problem or None}
            for one in states
        ]
        typer.echo(json.dumps({"ok": not problems, "columns": rows}))
    else:
        for one in states:
            line = f"{'MISSING' if one.problem else 'ok':8}{one.table:14} {one.column:16} {one.problem or one.type}"
            typer.echo(sanitize_screen(line))
    if problems:
        raise typer.Exit(CONFIGURATION)


@app.command()
def webhook(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Show how Notion's webhook is doing, its verification token, and the next step until it works."""
    from videod.cli import notion_webhook

    try:
        notion_webhook.show(_settings(config), as_json, config)
    except CommandError as error:
        _fail(error.code, f"{error}{error.hint and ' '}{error.hint}")
