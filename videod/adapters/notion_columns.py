"""The values of a row of the board: all of them, from the wire's form and into it."""

import logging
from collections.abc import Mapping

from videod.adapters import notion_schema
from videod.adapters.notion_shapes import Json, record, said
from videod.adapters.notion_values import decode, encode
from videod.ports import BoardError

log = logging.getLogger(__name__)

#: the columns whose values videod reads; the user's own columns may hold whatever Notion thinks of
READ = frozenset(column.name for column in (*notion_schema.ENTRIES, notion_schema.STORY, *notion_schema.ASSETS))


def types(columns: Mapping[str, Json]) -> dict[str, str]:
    return {name: str(column["type"]) for name, column in columns.items()}


def values_of(row: Json, what: str) -> dict[str, object]:
    """Column name -> plain value. Raises BoardError "down" when a column that videod reads makes no sense."""
    values = {}
    for name, prop in record(row.get("properties"), what, "properties").items():
        try:
            values[name] = decode(prop, what, f'"{said(name, 60)}"')
        except BoardError:
            if name in READ:
                raise
            values[name] = None
    return values


def bodies_of(columns: Mapping[str, str], values: Mapping[str, object]) -> Json:
    """The wire's form of `values`. Raises BoardError "rejected" when a needed column is gone or of a foreign type."""
    bodies: Json = {}
    for name, value in values.items():
        kind = columns.get(name)
        if kind is None and name in ("Status", "Key"):
            raise BoardError("rejected", f'the column "{name}" is missing in Notion. Run `videod notion init`')
        if kind is None:
            log.debug("notion_column_missing", extra={"column": name})
            continue
        try:
            bodies[name] = encode(kind, value)
        except ValueError as error:
            raise BoardError("rejected", f'the column "{name}" in Notion: {error}. Run `videod notion check`') from None
    return bodies
