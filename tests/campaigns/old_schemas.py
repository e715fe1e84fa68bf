"""Databases as older versions of videod left them, with an episode in work, and what of it must still be there."""

import sqlite3
from contextlib import closing
from pathlib import Path

from videod.store.schema import APPLICATION_ID, migrations, statements

#: rows as the first version wrote them
_FIRST = """
INSERT INTO tasks VALUES
  ('crossing-1', 'page-1', 'wild_earth', 'Crossing', 'bears', 'a river', 1, NULL, 'generating_video', 1000, 1000, 1,
   2000, NULL, '["assets"]', 0, NULL, '', 439000, 0, 1, NULL, NULL),
  ('owls-2', 'page-2', 'wild_earth', 'Owls', 'owls', 'a night', 2, 'private', 'published', 1000, 1000, 1, 2000, 3000,
   '["assets"]', 0, NULL, '', 20000, 0, 0, 'v1', 'https://youtu.be/v1');
INSERT INTO jobs VALUES
  (1, 'crossing-1', 'wild_earth', 'plan', 'plan', 'gemini', 'done', '{}', '[]', 0, 1, 0, 0, 'd', 'plan/plan.json', 9,
   'a', '{}', NULL, NULL, 20000, 39000, 0, 0, 0, NULL, 2000, 2500),
  (2, 'crossing-1', 'wild_earth', 'clip', 'clip_01', 'kie', 'running', '{"prompt": "a bear"}', '["plan/plan"]', 1, 2,
   0, 0, 'd', NULL, NULL, NULL, '{}', 'remote-1', 'remote-1', 400000, 400000, 0, 0, 0, NULL, 2600, NULL),
  (3, 'owls-2', 'wild_earth', 'plan', 'plan', 'gemini', 'done', '{}', '[]', 0, 3, 0, 0, 'd', 'plan/plan.json', 9, 'b',
   '{}', NULL, NULL, 20000, 20000, 0, 0, 0, NULL, 2000, 2500);
INSERT INTO attempts VALUES (1, 1, 'crossing-1', 'wild_earth', 2000, 2500, 'done', 0, ''),
  (2, 2, 'crossing-1', 'wild_earth', 2600, NULL, NULL, NULL, ''),
  (3, 3, 'owls-2', 'wild_earth', 2000, 2500, 'done', 0, '');
INSERT INTO intents VALUES (1, 2, 'crossing-1', 'wild_earth', 'kie', 400000, 2600);
INSERT INTO charges VALUES
  (1, 1, 'crossing-1', 'wild_earth', 'plan/plan', 'gemini', 'plan', 9.0, 'token', 39000, 2500),
  (2, 2, 'crossing-1', 'wild_earth', 'clip/clip_01', 'kie', 'clip', 84.0, 'credit', 400000, 2700);
INSERT INTO history VALUES (1, 'crossing-1', 'wild_earth', 1000, 'EntryQueued', '{}', 'queued');
INSERT INTO outbox VALUES ('entry', 'page-1', 'crossing-1', 'wild_earth', '{"Status": "x"}', 7, 2600, 2600, 0, NULL);
INSERT INTO service_state VALUES ('kie', '', 9000, 'quota', 2000);
INSERT INTO facts VALUES ('notion_cursor', '1000');
"""

Rows = dict[str, list[tuple[object, ...]]]
#: tables that a migration replaced -> those that took their rows, one after another
SUCCESSORS = {
    "service_state": ("pauses", "suspensions"),
    "pauses": ("suspensions",),
    "alerts_sent": ("alerts",),
    "facts": ("key_values",),
}
#: columns that a migration renamed, in any table
RENAMED = {"held": "suspended", "doubts": "possibly_paid_twice", "gap": "unexplained"}


def make(path: Path, version: int) -> Rows:
    """A database of schema `version` at `path`, and its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for number, script in migrations():
            if number <= version:
                for statement in statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number:d}")
            if number == 1:
                for statement in statements(_FIRST):
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID:d}")
    return rows(path)


def versions() -> list[int]:
    return [number for number, _ in migrations()][:-1]


def version_of(path: Path) -> int:
    with closing(_look(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def rows(path: Path) -> Rows:
    """Table -> its rows."""
    with closing(_look(path)) as connection:
        return {name: _rows_of(connection, name, _columns(connection, name)) for name in _tables(connection)}


def lost(path: Path, version: int, before: Rows) -> list[str]:
    """What a database that came up from `version` no longer holds of the rows it had then, column by column."""
    found = []
    with closing(_look(path)) as connection, closing(_model(version)) as old:
        for name, had in before.items():
            tables = _tables(connection)
            successor = next((one for one in SUCCESSORS.get(name, ()) if one in tables), name)
            if successor != name:
                count = connection.execute(f"SELECT count(*) FROM {successor}").fetchone()[0]
                found += [] if count == len(had) else [f"{len(had)} rows of {name}, {count} in {successor}"]
                continue
            now = _columns(connection, name)
            columns = [one if one in now else RENAMED.get(one, one) for one in _columns(old, name)]
            there = _before_story(version, columns, _rows_of(connection, name, columns))
            if name == "statuses" and set(had) <= set(there):
                continue  # a list of the words that the tables may hold: a version may add some
            if there != had:
                found.append(f"rows of {name} were lost or changed")
    return found


def _model(version: int) -> sqlite3.Connection:
    """An empty database of schema `version`."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    for number, script in migrations():
        if number <= version:
            for statement in statements(script):
                made.execute(statement)
    return made


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]


def _rows_of(connection: sqlite3.Connection, table: str, columns: list[str]) -> list[tuple[object, ...]]:
    order = "1, 2" if len(columns) > 1 else "1"
    return connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}").fetchall()


def _look(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def neither(path: Path, version: int, before: Rows) -> list[str]:
    """What is wrong with a database that was on its way up from `version`: it must be one version wholly, rows kept."""
    now = version_of(path)
    with closing(_look(path)) as connection:
        whole = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")}
    with closing(_model(now)) as model:
        wanted = {row[0] for row in model.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")}
    found = [] if whole == ["ok"] else [f"integrity_check: {whole}"]
    if names != wanted:
        found.append(f"between versions: says {now}, differs by {names ^ wanted}")
    if now < version:
        found.append(f"went back from {version} to {now}")
    return found + lost(path, version, before)


def _before_story(version: int, columns: list[str], rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The rows as they were before the review of the story (26): whatever had a plan then counts as past it."""
    if version >= 26 or "approved" not in columns:
        return rows
    at = columns.index("approved")
    return [(*row[:at], str(row[at]).removeprefix("story").removeprefix(","), *row[at + 1 :]) for row in rows]
