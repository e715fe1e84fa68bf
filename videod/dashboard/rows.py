"""What the dashboard asks of the database and the state folder: one short look, handed on as plain values."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from videod.dashboard.running import Daemon
from videod.store import views
from videod.store.happenings import Happening, happenings

EVENTS = 40


@dataclass(frozen=True)
class Surroundings:
    """What is known besides the database: the daemon (None: not running), lane limits, the number of retry waits."""

    daemon: Daemon | None
    limits: Mapping[str, int] = field(default_factory=dict)
    waits: int = 4


@dataclass(frozen=True)
class Rows:
    overview: views.Overview
    happenings: tuple[Happening, ...]
    around: Surroundings


def load(connection: sqlite3.Connection, at: int, around: Surroundings) -> Rows:
    """One look at time `at`, ms."""
    return Rows(views.overview(connection, at), happenings(connection, EVENTS), around)
