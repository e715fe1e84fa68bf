"""`videod channels rename | remove`: another name for a channel, or the end of one, said and asked before it is done.

`rename --json` prints {"channel", "new", "done", "episodes", "open", "archived", "cost_usd", "consent"}, `remove
--json` {"channel", "done", "episodes", "open", "archived", "cost_usd", "consent", "unconfirmed", "cancelled", "file"}.
"""

import os
import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.channels import ChannelError, load_channels
from videod.cli import client, complete, options, output
from videod.cli.options import AsJson, Settings, examples
from videod.cli.output import CommandError
from videod.config import ConfigError, load_settings
from videod.core.sanitize import sanitize_screen
from videod.credentials import CredentialsError, load_secrets
from videod.dashboard.text import count, money
from videod.store import channel_views, readonly
from videod.store.channel_views import Known
from videod.web import serializers

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

    from videod.daemon.renaming import Places

app = options.app()

CONFIG = Path("videod.toml")
#: what an id is made of, as in `Channel`
_ID = re.compile(r"[a-z0-9_-]{1,32}")
#: sysexits: a file could not be written
UNWRITABLE = 74

Name = Annotated[str, typer.Argument(metavar="CHANNEL", help="Its ID.", autocompletion=complete.channels)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen.")]


@dataclass(frozen=True)
class _Found:
    """The channel before the change."""

    places: "Places"
    where: client.Place
    known: Known
    token: bool

    @property
    def consent(self) -> bool:
        return self.known.consent or self.token


@app.command(epilog=examples("videod channels rename wild_planet wild_earth --dry-run",
                             "videod channels rename wild_planet wild_earth"))  # fmt: skip
def rename(
    channel: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new ID: a to z, 0 to 9, - and _, up to 32.")],
    new_consent: Annotated[
        bool, typer.Option("--new-consent", help="Leave its consent behind and authorize the channel again.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: Settings = CONFIG,
) -> int:
    """Give a channel another ID. Its episodes, files, consent and costs go along. Stop videod first."""
    from videod.daemon import renaming

    places, where = _places(config)
    resumed = _resumed(places, channel, new)
    found, other = _look(places, where, channel), _look(places, where, new)
    if not resumed:
        _check_names(places, channel, new, found, other)
    lines = _about_rename(found, channel, new, new_consent)
    told = _figures(found, channel) | {"new": new, "done": not dry_run}
    if dry_run:
        return _say(told, [*lines, "Nothing was changed."], as_json)
    _ask(lines, f"Rename {channel} to {new}?", yes or resumed, as_json)
    with _stopped(found, f"channels rename {channel}"):
        vault = None if new_consent or not found.consent else _vault(config, channel)
        try:
            renaming.rename(places, channel, new, vault, client.now_ms())
        except ValueError as error:
            hint = "restore the key, or add --new-consent and authorize the channel again"
            raise CommandError(
                output.CONFIGURATION, f"the consent of {channel} cannot be opened: {error}", hint
            ) from error
    ends = [f"{channel} is called {new} now. Start videod."]
    if new_consent and found.consent:
        ends.append(f"Run `videod channels authorize {new}` before its next upload.")
    return _say(told, ends, as_json)


@app.command(epilog=examples("videod channels remove wild_planet --dry-run",
                             "videod channels remove wild_planet --cancel-episodes"))  # fmt: skip
def remove(
    channel: Name,
    cancel: Annotated[
        bool, typer.Option("--cancel-episodes", help="Cancel its open episodes. Otherwise they wait.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: Settings = CONFIG,
) -> int:
    """Take a channel out. Its history and costs stay, its consent is deleted. Stop videod first."""
    from videod.daemon import renaming

    places, where = _places(config)
    _resumed(places, channel, "")
    found = _look(places, where, channel)
    if found.known.nothing and not found.token and not places.file(channel).is_file():
        raise CommandError(
            output.MISSING, f"there is no channel {sanitize_screen(channel)!r}", "see `videod channels list`"
        )
    lines = _about_removal(found, channel, cancel)
    told = _figures(found, channel) | {"unconfirmed": found.known.unconfirmed, "done": not dry_run}
    if dry_run:
        return _say(told | {"cancelled": 0, "file": None}, [*lines, "Nothing was changed."], as_json)
    _ask(lines, f"Remove {channel}?", yes, as_json)
    with _stopped(found, f"channels remove {channel}"):
        cancelled = _cancelled(found) if cancel else []
        file = renaming.remove(places, channel, client.now_ms())
    ends = [f"{channel} is removed. Start videod."]
    if file is not None:
        ends.append(f"Its file is {file} now. Move it back to undo this, then authorize the channel again.")
    return _say(told | {"cancelled": len(cancelled), "file": None if file is None else str(file)}, ends, as_json)


# ------------------------------------------------------------------------------------------- what there is


def _places(config: Path) -> "tuple[Places, client.Place]":
    from videod.daemon.renaming import Places

    try:
        paths = load_settings(config, os.environ).paths
    except ConfigError as problem:
        raise CommandError(output.CONFIGURATION, str(problem), "fix that and run the command again") from None
    return Places(paths.state.resolve(), paths.channels), client.Place(paths.state, config)


def _resumed(places: "Places", channel: str, new: str) -> bool:
    """Whether this very rename was begun before. Raises CommandError where another one was."""
    from videod.daemon import renaming

    begun = renaming.under_way(places.state)
    if begun is None or begun == (channel, new):
        return begun is not None
    told = f"the rename of {begun[0]} to {begun[1]} was interrupted"
    raise CommandError(output.REFUSED, told, f"run `videod channels rename {begun[0]} {begun[1]}` first")


def _look(places: "Places", where: client.Place, channel: str) -> _Found:
    token = os.path.lexists(places.token(channel))
    try:
        with client.looking(where) as connection:
            return _Found(places, where, channel_views.known(connection, channel), token)
    except readonly.NoDatabase:
        return _Found(places, where, Known(0, (), 0, 0, 0, False), token)


def _check_names(places: "Places", old: str, new: str, found: _Found, other: _Found) -> None:
    """Raises CommandError where there is nothing to rename, or `new` is somebody's."""
    if not _ID.fullmatch(new) or new == old:
        hint = "an ID has 1 to 32 of a to z, 0 to 9, - and _"
        raise CommandError(
            output.USAGE, f"{sanitize_screen(new)!r} cannot be the new ID of {sanitize_screen(old)!r}", hint
        )
    if not places.file(old).is_file() and found.known.nothing:
        raise CommandError(
            output.MISSING, f"there is no channel {sanitize_screen(old)!r}", "see `videod channels list`"
        )
    if places.file(old).is_file() and os.path.lexists(places.file(new)):
        raise CommandError(output.REFUSED, f"{places.file(new)} exists already", "choose another ID")
    if not places.file(old).is_file() and not places.file(new).is_file():
        hint = f"restore one of them. `videod channels remove {old}` takes the channel out"
        raise CommandError(output.REFUSED, f"there is neither {places.file(old)} nor {places.file(new)}", hint)
    if not other.known.nothing or any(_filled(folder) for folder in places.folders(new)):
        told = f"{new} has {count(other.known.episodes, 'episode')} of its own, and channels cannot be merged"
        raise CommandError(output.REFUSED, told, "choose another ID")
    try:
        load_channels(places.channels)
    except ChannelError as problem:
        raise CommandError(output.CONFIGURATION, f"{problem.faults[0]}", "see `videod channels check`") from None


def _filled(folder: Path) -> bool:
    try:
        return next(folder.iterdir(), None) is not None
    except OSError:
        return os.path.lexists(folder) and not folder.is_dir()


# ------------------------------------------------------------------------------------------- what is said and asked


def _about_rename(found: _Found, old: str, new: str, new_consent: bool) -> list[str]:
    known = found.known
    return [
        f"{count(known.episodes, 'episode')} of {old} ({len(known.open)} open, {known.archived} archived) with files,"
        f" history and costs ({money(known.micros)}) become those of {new}. Open ones continue where they are.",
        _consent_line(found, new_consent),
        f"The file {found.places.file(old).name} becomes {found.places.file(new).name}.",
        f"On the board videod sets Channel to {new} for open entries. Entries that still say {old} count as {new}.",
        f"You may delete the option {old} in Notion once no entry has it.",
        "Backups from before the rename know the old name only: make a new one afterwards.",
    ]


def _consent_line(found: _Found, new_consent: bool) -> str:
    if not found.consent:
        return "The channel has no consent for uploads."
    return "Its consent is deleted." if new_consent else "Its consent for uploads moves along."


def _about_removal(found: _Found, name: str, cancel: bool) -> list[str]:
    known = found.known
    lines = [
        f"{name} has {count(known.episodes, 'episode')}, {len(known.open)} of them open and {known.archived} archived,"
        f" which cost {money(known.micros)}. All of it stays readable.",
    ]
    if known.open:
        names = ", ".join(sanitize_screen(task.title) for task in known.open[:5]) + (", ..." if known.open[5:] else "")
        what = (
            "are cancelled" if cancel else "wait, as their entries say, until the file is back or you cancel them"
            " (`videod cancel`, or --cancel-episodes now)"
        )  # fmt: skip
        lines.append(f"Open episodes {what}: {names}.")
    if known.unconfirmed:
        lines.append(
            f"{count(known.unconfirmed, 'unconfirmed purchase')} may have been charged. `videod audit` lists them."
        )
    lines.append(
        "Files of finished and cancelled episodes are removed in their time (`[retention]`). Export what you need."
    )
    if found.consent:
        lines.append("Its consent is deleted here. Revoke it at https://myaccount.google.com/permissions as well.")
    lines.append(
        f"The board keeps the option {name}, which old entries show. An entry that is queued with it is refused."
    )
    return lines


def _figures(found: _Found, channel: str) -> dict[str, object]:
    known = found.known
    return {
        "channel": channel, "episodes": known.episodes, "open": [task.id for task in known.open],
        "archived": known.archived, "cost_usd": serializers.usd(known.micros), "consent": found.consent,
    }  # fmt: skip


def _ask(lines: Sequence[str], question: str, yes: bool, as_json: bool) -> None:
    """Raises CommandError unless a person agrees, or did so with --yes."""
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise CommandError(
            output.USAGE, "nothing was changed, because there is no terminal to ask on", "add --yes, or --dry-run"
        )
    for line in lines:
        output.say(line)
    if not typer.confirm(question, default=False):
        raise CommandError(output.REFUSED, "nothing was changed", "")


def _say(told: dict[str, object], lines: Sequence[str], as_json: bool) -> int:
    if as_json:
        output.print_json(told)
    for line in () if as_json else lines:
        output.say(line)
    return output.OK


# ------------------------------------------------------------------------------------------- doing it


@contextmanager
def _stopped(found: _Found, what: str) -> Iterator[None]:
    """No daemon runs meanwhile, and the database has the present schema. Raises CommandError."""
    from videod.daemon.lock import LockHeld, hold
    from videod.store.database import DatabaseError
    from videod.store.schema import migrate

    try:
        with hold(found.places.state, f"videod {what}"):
            migrate(found.places.state / "videod.db")
            yield
    except LockHeld as error:
        raise CommandError(
            output.TEMPORARY, str(error).rstrip("."), "stop videod, then run the command again"
        ) from error
    except (DatabaseError, sqlite3.Error) as error:
        raise CommandError(output.DOWN, str(error), "run the command again to finish") from error
    except OSError as error:
        told = f"{error.filename or found.places.state}: {error.strerror or error}"
        raise CommandError(UNWRITABLE, told, "fix that, then run the command again to finish") from error


def _vault(config: Path, channel: str) -> "MultiFernet":
    from videod.adapters.oauth import vault

    hint = "give this command the key as videod has it, or add --new-consent and authorize the channel again"
    try:
        return vault(load_secrets(os.environ, settings=config).get("VIDEOD_MASTER_KEY") or "")
    except (CredentialsError, ValueError) as error:
        raise CommandError(output.CONFIGURATION, f"the consent of {channel} is sealed: {error}", hint) from error


def _cancelled(found: _Found) -> list[str]:
    import asyncio

    from videod.cli import desk

    with desk.desk(found.where) as handler:
        for task in found.known.open:
            asyncio.run(handler.cancel(task.id))
    return [task.id for task in found.known.open]
