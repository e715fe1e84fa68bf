"""What the shell offers after Tab: episodes, channels, services. Looks only, and offers nothing where it cannot."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import typer

from videod.core.sanitize import sanitize_screen

#: a list longer than this helps nobody
OFFERED_MAX = 60


def episodes(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """(id, title) of the newest episodes whose id begins so; an id begins with the words of its title."""
    from videod.cli import client
    from videod.cli.output import CommandError
    from videod.store import readonly, views

    try:
        with client.looking(client.place(_path(ctx, "state"), _path(ctx, "config"))) as connection:
            found = views.tasks(connection, (), None, OFFERED_MAX * 10)
    except (CommandError, readonly.NoDatabase, sqlite3.Error, OSError):
        return []
    begun = [(task.id, sanitize_screen(task.title)) for task in found if task.id.startswith(incomplete)]
    return begun[:OFFERED_MAX]


def channels(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """(id, "") of the channels that have a file beside the settings."""
    from videod.documents import DocumentError, read_toml

    settings = _path(ctx, "config") or Path(os.environ.get("VIDEOD_CONFIG") or "videod.toml")
    try:
        paths = read_toml(settings).values.get("paths")
        given = paths.get("channels") if isinstance(paths, dict) else None
        names = sorted(path.stem for path in (settings.parent / str(given or "channels")).glob("*.yaml"))
    except (DocumentError, OSError):
        return []
    return [(name, "") for name in names if name.startswith(incomplete)][:OFFERED_MAX]


def services(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Services, and the episodes, for what can be paused and resumed."""
    from videod.core.tables import ALL, SERVICES

    yield from ((name, "service") for name in (*SERVICES, ALL) if name.startswith(incomplete))
    yield from episodes(ctx, incomplete)


def _path(ctx: typer.Context, name: str) -> Path | None:
    given = ctx.params.get(name)
    return Path(str(given)) if given else None
