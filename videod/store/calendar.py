"""The installation's days as they are kept, so that a changed time zone neither loses nor doubles a day."""

import json
import sqlite3
from dataclasses import asdict

from videod.core import bounds, days
from videod.core.days import Calendar, zone_of
from videod.store import reads

#: the name of what is kept
KEPT = "calendar"


def calendar(connection: sqlite3.Connection) -> Calendar:
    """The calendar in force; days in UTC where none was kept or what stands there is nonsense."""
    kept = reads.value_json(connection, KEPT)
    zone = kept.get("zone") if isinstance(kept, dict) else None
    if not isinstance(kept, dict) or not isinstance(zone, str):
        return Calendar()
    try:
        zone_of(zone)
    except (KeyError, ValueError, OSError):
        return Calendar()
    return Calendar(zone, bounds.whole(kept.get("since")))


def moved(connection: sqlite3.Connection, zone: str, at: int) -> Calendar:
    """The calendar once the zone is this one from `at` on; where nothing was ever charged no day continues."""
    begun = reads.value(connection, KEPT) is not None or connection.execute("SELECT 1 FROM charges LIMIT 1").fetchone()
    return calendar(connection).moved(zone, at) if begun else Calendar(zone)


def plain(one: Calendar) -> str:
    """As it is kept."""
    return json.dumps(asdict(one))


def first_of(connection: sqlite3.Connection, at: int, count: int) -> int:
    """When the first of the last `count` days began, today among them, ms; never before 1970."""
    one = calendar(connection)
    today = one.day(at).begin
    return (
        today
        if count == 1
        else max(0, days.day(max(0, today + days.DAY_MS // 2 - (count - 1) * days.DAY_MS), one.zone).begin)
    )
