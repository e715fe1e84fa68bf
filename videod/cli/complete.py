"""What the shell offers after Tab: episodes, channels, services. Looks only, and offers nothing where it cannot."""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import typer
from typer.core import TyperGroup

from videod.core.sanitize import sanitize_screen

#: a list longer than this helps nobody
OFFERED_MAX = 60
#: a shell that asks for completions sets it
ASKED = "_VIDEOD_COMPLETE"


def answer(root: TyperGroup, words: Sequence[str]) -> None:
    """Print what may stand in the place of the last of `words`: a line each, word, tab, what it is."""
    from typer import _completion_classes

    *before, incomplete = words or [""]
    asked = _completion_classes.FishComplete(root, {}, "videod", ASKED)
    for item in asked.get_completions([unquoted(word) for word in before], unquoted(incomplete)):
        what = re.sub(r"\[/?[a-z ]+\]", "", item.help or "")  # rich's marks
        print(f"{item.value}\t{' '.join(what.split())}")


def unquoted(word: str) -> str:
    """A word of a shell's line as it is typed, without its quotes; one at startup may lack its end."""
    if word[:1] in ("'", '"'):
        word = word[1:].removesuffix(word[0])
    return re.sub(r"\\(.)", r"\1", word)


def episodes(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """(id, title) of the newest episodes whose id begins so, else (title, id) of those whose title does."""
    from videod.cli import client
    from videod.cli.output import CommandError
    from videod.store import readonly, views

    try:
        where = client.place(_path(ctx, "state"), _path(ctx, "config"))
        with closing(readonly.look(where.database)) as connection:
            found = views.tasks(connection, (), None, OFFERED_MAX * 10)
    except (CommandError, readonly.NoDatabase, sqlite3.Error, OSError):
        return []
    return _offered([(task.id, sanitize_screen(task.title)) for task in found], incomplete)


def entries(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The same of the entries of videod's own board that are no episode yet."""
    from videod.cli import client
    from videod.cli.output import CommandError
    from videod.store import entries as kept
    from videod.store import readonly

    try:
        where = client.place(_path(ctx, "state"), _path(ctx, "config"))
        with closing(readonly.look(where.database)) as connection:
            found = kept.waiting(connection, OFFERED_MAX * 10)
    except (CommandError, readonly.NoDatabase, sqlite3.Error, OSError):
        return []
    return _offered([(one.page_id, sanitize_screen(str(one.shown.get("Title") or ""))) for one in found], incomplete)


def _offered(named: list[tuple[str, str]], incomplete: str) -> list[tuple[str, str]]:
    begun = [one for one in named if one[0].startswith(incomplete)]
    titled = [(title, id_) for id_, title in named if title.startswith(incomplete)]
    return (begun or titled)[:OFFERED_MAX]


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
