"""The board as commands reach it: beside the daemon, at the one pace that both share."""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from videod.cli import client
from videod.cli.output import CONFIGURATION, FORBIDDEN, CommandError

if TYPE_CHECKING:
    from videod.adapters.notion import NotionBoard
    from videod.adapters.notion_calls import Calls
    from videod.adapters.notion_places import Ids
    from videod.config import Settings
    from videod.core.model import Task

T = TypeVar("T")

#: exit codes (sysexits) by kind of BoardError
EXIT = {"busy": 75, "down": 69, "credentials": FORBIDDEN, "gone": CONFIGURATION, "rejected": CONFIGURATION}
_ADVICE = {
    "busy": "Try again after that time.",
    "down": "Try again later.",
    "credentials": "Check NOTION_TOKEN.",
    "gone": "Share the page with the connection (page menu, Connections), or run `videod notion init`.",
    "rejected": "Fix that and run the command again.",
}


def settings_of(path: Path) -> "Settings":
    """Raises CommandError."""
    from videod.config import ConfigError, load_settings

    try:
        return load_settings(path)
    except ConfigError as error:
        raise CommandError(CONFIGURATION, str(error), "") from error


def check_notion(settings: "Settings") -> None:
    """Raises CommandError where the board is videod's own."""
    if settings.board.own:
        told = 'The board is videod\'s own (`kind = "none"` under [board] of videod.toml). Notion is not used.'
        raise CommandError(CONFIGURATION, told, "`videod entries list` shows its entries.")


def with_calls(settings: "Settings", work: "Callable[[Calls], Awaitable[T]]", config: Path) -> T:
    """Run `work` on a connection with the token that is set; `config`: the settings file.

    Raises CommandError with the reason.
    """
    from videod.credentials import CredentialsError, load_secrets, service_urls
    from videod.daemon import refusals
    from videod.ports import BoardError

    check_notion(settings)
    try:
        token = load_secrets(os.environ, settings=config).get("NOTION_TOKEN")
        if not token:
            raise CommandError(
                FORBIDDEN, "NOTION_TOKEN is not set.", "Create an internal connection in Notion (Settings, Connections,"
                " Develop), share a page with it, and put its token into the environment or .env.",
            )  # fmt: skip
        return asyncio.run(_connected(settings, token, service_urls(os.environ)["VIDEOD_URL_NOTION"], work))
    except CredentialsError as error:
        raise CommandError(CONFIGURATION, str(error), "") from error
    except refusals.StartError as error:
        raise CommandError(error.code, str(error), "") from error
    except OSError as error:  # the file of turns
        raise CommandError(refusals.GROUND, str(refusals.of(error)), "") from error
    except BoardError as error:
        raise CommandError(EXIT[error.kind], f"{error}.", _ADVICE[error.kind]) from error


async def _connected(settings: "Settings", token: str, url: str, work: "Callable[[Calls], Awaitable[T]]") -> T:
    import httpx

    from videod.adapters.clock import SystemClock
    from videod.adapters.notion_calls import Calls
    from videod.adapters.notion_pacer import NAME, NotionPacer
    from videod.daemon import refusals

    notion = settings.notion
    # the daemon may be asking at this very moment, or Notion have asked it to wait
    turn = NotionPacer(state / NAME) if (state := settings.paths.state).is_dir() else None
    try:
        calls = Calls(token, SystemClock(), url, notion.requests_per_s, version=notion.version, turn=turn)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        raise refusals.of_connections(error, os.environ) from error
    try:
        return await work(calls)
    finally:
        await calls.aclose()


def known(settings: "Settings", parent: str) -> "Ids | None":
    """Where the daemon of these settings found its board; None where it found none, or another page is meant now."""

    from videod.adapters.notion_places import kept_ids
    from videod.adapters.notion_schema import page_id_of
    from videod.ports import BoardError
    from videod.store import readonly, reads

    notion = settings.notion
    try:
        if parent and notion.parent_page and page_id_of(parent) != page_id_of(notion.parent_page):
            return None
        connection = readonly.look(settings.paths.state / "videod.db")
    except (BoardError, readonly.NoDatabase, sqlite3.Error, OSError):
        return None
    try:
        return kept_ids(reads.value_json(connection, "notion_ids"), notion.database_id, notion.parent_page or parent)
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def with_board(settings: "Settings", work: "Callable[[NotionBoard], Awaitable[T]]", config: Path) -> T:
    """Run `work` on the board that the settings name. Raises CommandError."""
    from videod.adapters.clock import SystemClock
    from videod.adapters.notion import NotionBoard, Place

    notion = settings.notion
    if not settings.board.own and not notion.parent_page and not notion.database_id:
        raise CommandError(CONFIGURATION, "videod does not know your board.", "Run `videod notion init --parent LINK`.")
    place = Place(known(settings, ""), notion.database_id or None, notion.parent_page or None)
    return with_calls(settings, lambda calls: work(NotionBoard(calls, SystemClock(), place)), config)


def own(settings: "Settings", state: Path) -> bool:
    """Whether the board is videod's own, by the settings or by what this state folder began with."""
    from videod.daemon.boards import KIND
    from videod.store import readonly, reads

    if settings.board.own:
        return True
    try:
        with closing(client.look(state / "videod.db")) as connection:
            return reads.value(connection, KIND) == "none"
    except (readonly.NoDatabase, sqlite3.Error, OSError):
        return False


def statuses(path: Path, tasks: "Sequence[Task]") -> Mapping[str, str]:
    """What the board shows of each episode now, by its id; entries that are gone are left out. Raises CommandError."""
    from videod.ports import BoardError

    async def look(board: "NotionBoard") -> dict[str, str]:
        found = {}
        for task in tasks:
            try:
                page = await board.read(task.page_id)
            except BoardError as error:
                if error.kind != "gone":
                    raise
                found[task.id] = "no entry"
                continue
            found[task.id] = "in the trash" if page.in_trash else str(page.values.get("Status") or "")
        return found

    return with_board(settings_of(path), look, path)
