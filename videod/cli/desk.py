"""The daemon's place while none runs: its lock, a ledger over its database, the board where that is videod's own."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from videod.cli import output
from videod.cli.client import Place
from videod.cli.output import CommandError

if TYPE_CHECKING:
    from videod.web.requests import RequestHandler
    from videod.web.routes import House

#: sysexits: the disk does not take it
_NO_GROUND = 74


@contextmanager
def held(where: Place, verb: str) -> Iterator[None]:
    """Hold the state folder's lock in the name of `videod VERB`. Raises CommandError where another one has it."""
    from videod.adapters.disk import unusable
    from videod.daemon.lock import LockHeld, hold

    why_not = unusable(where.state)
    if why_not is not None:
        raise CommandError(_NO_GROUND, why_not, "nothing was changed")
    try:
        with hold(where.state, f"videod {verb}"):
            yield
    except LockHeld as error:
        raise CommandError(output.TEMPORARY, str(error).rstrip("."), "or try again in a moment") from error


@contextmanager
def desk(where: Place) -> "Iterator[RequestHandler]":
    """Who takes a person's wishes, under the lock that the caller holds. Raises CommandError."""
    from videod.web.requests import RequestHandler

    with house(where) as rooms:
        yield RequestHandler(rooms.ledger, rooms.store, rooms.clock, "cli", rooms.placing)


@contextmanager
def house(where: Place) -> "Iterator[House]":
    """What the handlers of the API ask, over a ledger of our own, under the lock that the caller holds.

    The board is there where it is videod's own. Raises CommandError.
    """
    from videod.adapters.clock import SystemClock
    from videod.adapters.inspector import MediaInspector
    from videod.adapters.own_board import OwnBoard
    from videod.channels import ChannelError, load_channels
    from videod.config import ConfigError, load_settings
    from videod.daemon.wiring import ffmpeg_finder, policies
    from videod.flow.placing import Placing
    from videod.ledger import Ledger, Wakeups
    from videod.store.database import DatabaseError, InlineDatabase
    from videod.store.schema import migrate
    from videod.store.soundness import held as held_by
    from videod.store.soundness import held_by_others
    from videod.web.routes import House

    try:
        settings = load_settings(where.settings, os.environ)
        channels = load_channels(settings.paths.channels)
        migrate(where.database)
    except (ConfigError, ChannelError, DatabaseError) as error:
        if held_by(error):
            raise CommandError(output.TEMPORARY, held_by_others(where.database), "nothing was changed") from error
        raise CommandError(output.CONFIGURATION, str(error), "fix that, then try again") from error
    store = InlineDatabase(where.database)
    try:
        clock = SystemClock()
        placing = Placing(where.state, MediaInspector(ffmpeg_finder(settings.paths.ffmpeg)), where.workspace, clock)
        ledger = Ledger(store, policies(settings, channels), Wakeups())
        yield House(
            ledger, store, clock, clock.now_ms(), dict, lambda: None, tuple, tuple, lambda: channels.channels,
            OwnBoard(store, clock), placing,
        )  # fmt: skip
    finally:
        asyncio.run(store.close())
