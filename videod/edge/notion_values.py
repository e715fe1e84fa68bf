"""Property values between Notion's shapes and plain Python, both ways."""

from collections.abc import Mapping
from datetime import datetime

from videod.edge.notion_calls import Json

#: one rich text object holds this many UTF-16 units, one property this many objects
TEXT_UNITS = 2000
TEXT_OBJECTS = 100


def milliseconds(iso: object) -> int:
    """An ISO time of Notion as milliseconds UTC; 0 when it is none."""
    try:
        return int(datetime.fromisoformat(str(iso)).timestamp() * 1000)
    except ValueError:
        return 0


def plain(rich: object) -> str:
    """The text of an array of rich text objects."""
    if not isinstance(rich, list):
        return ""
    return "".join(str(part.get("plain_text", "")) for part in rich if isinstance(part, dict))


def rich(text: str) -> list[Json]:
    """Text as rich text objects that keep Notion's limits."""
    # Notion counts UTF-16 units: a character beyond the basic plane is two of them
    size = TEXT_UNITS if all(ord(letter) < 0x10000 for letter in text) else TEXT_UNITS // 2
    pieces = [text[at : at + size] for at in range(0, len(text), size)][:TEXT_OBJECTS]
    return [{"text": {"content": piece}} for piece in pieces]


def decode(prop: Mapping[str, object]) -> object:
    """One property of a page as str, float, bool, None, or a list of ids (relation) or names (files)."""
    kind = str(prop.get("type"))
    value = prop.get(kind)
    if kind in ("title", "rich_text"):
        return plain(value)
    if kind in ("select", "status"):
        return value.get("name") if isinstance(value, dict) else None
    if kind == "date":
        return value.get("start") if isinstance(value, dict) else None
    if kind in ("relation", "files"):
        name = "id" if kind == "relation" else "name"
        return [item.get(name) for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return value if isinstance(value, str | int | float | bool) else None


def encode(kind: str, value: object) -> Json:
    """A plain value as the body of a property of type `kind`. Raises ValueError for a type nobody can write."""
    if kind in ("title", "rich_text"):
        return {kind: rich("" if value is None else str(value))}
    if kind in ("select", "status"):
        return {kind: {"name": str(value)} if value else None}
    if kind == "date":
        return {kind: {"start": value} if value else None}
    if kind == "url":
        return {kind: value or None}
    if kind == "number":
        return {kind: value}
    if kind == "checkbox":
        return {kind: bool(value)}
    if kind == "relation" and isinstance(value, list):
        return {kind: [{"id": item} for item in value]}
    if kind == "files" and isinstance(value, list):
        return {kind: value}
    raise ValueError(f"a property of type {kind} cannot be written")
