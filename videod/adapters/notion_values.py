"""Property values between Notion's shapes and plain Python, both ways."""

from videod.adapters.notion_shapes import Json, items, moment, nonsense, record, words
from videod.core import bounds
from videod.core.sanitize import encodable

#: types of Notion that videod never writes, for words to a person
_FOREIGN = frozenset({
    "button", "created_by", "created_time", "email", "files", "formula", "last_edited_by", "last_edited_time",
    "multi_select", "people", "phone_number", "relation", "rollup", "unique_id", "verification",
})  # fmt: skip
#: one rich text object holds this many UTF-16 units, one property this many objects
TEXT_UNITS = 2000
TEXT_OBJECTS = 100


#: no number that a column of videod holds is larger
MOST = 1e15
#: of one property, in characters: what Notion's own limits allow
TEXT_CHARACTERS = TEXT_UNITS * TEXT_OBJECTS


def milliseconds(iso: object) -> int:
    """An ISO time of Notion as milliseconds UTC; 0 if it is no time."""
    return bounds.moment_ms(iso) or 0


def plain(rich: object, what: str = "read the entry", where: str = "a column") -> str:
    """The text of an array of rich text objects. Raises BoardError "down" for anything else."""
    pieces = []
    for part in items(rich, what, where):
        piece = record(part, what, f"a part of {where}").get("plain_text")
        if not isinstance(piece, str):
            raise nonsense(what, f"the text of {where}", "a text", piece)
        pieces.append(piece)
    return encodable("".join(pieces)[:TEXT_CHARACTERS])  # half a surrogate pair goes into no database


def rich(text: str) -> list[Json]:
    """Text as rich text objects that keep Notion's limits."""
    text = encodable(text)
    # Notion counts UTF-16 units: a character beyond the basic plane is two of them
    size = TEXT_UNITS if all(ord(letter) < 0x10000 for letter in text) else TEXT_UNITS // 2
    pieces = [text[at : at + size] for at in range(0, len(text), size)][:TEXT_OBJECTS]
    return [{"text": {"content": piece}} for piece in pieces]


def decode(prop: object, what: str = "read the entry", where: str = "a column") -> object:
    """One property of a page as str, int, float, bool, None, or a list of ids (relation) or names (files).

    A type that videod has no use for is None. Raises BoardError "down" when a known type has another shape than its
    own.
    """
    body = record(prop, what, where)
    kind = words(body.get("type"), what, f"the type of {where}")
    value = body.get(kind)
    if kind in ("title", "rich_text"):
        return plain(value, what, where)
    if kind in ("select", "status"):
        return None if value is None else words(record(value, what, where).get("name"), what, where)
    if kind == "date":
        return None if value is None else moment(record(value, what, where).get("start"), what, where)
    if kind == "relation":
        return [words(record(one, what, where).get("id"), what, where) for one in items(value, what, where)]
    if kind == "files":
        return [_name(record(one, what, where).get("name"), what, where) for one in items(value, what, where)]
    if kind in ("number", "checkbox", "url", "created_time", "last_edited_time"):
        return _simple(kind, value, what, where)
    return None


def _name(value: object, what: str, where: str) -> str:
    """A file's name; a file may have none."""
    return "" if value in ("", None) else words(value, what, f"a name in {where}")


def _simple(kind: str, value: object, what: str, where: str) -> object:
    if value is None and kind != "checkbox":
        return None
    if kind == "checkbox" and isinstance(value, bool):
        return value
    if kind == "number" and isinstance(value, int | float) and bounds.number(value, -MOST, MOST) is not None:
        return value
    if kind in ("number", "checkbox"):
        raise nonsense(what, where, f"a {kind}", value)
    return None if value == "" else words(value, what, where)


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
    known = kind if kind in _FOREIGN else "that videod does not know"
    raise ValueError(f"a property of type {known} cannot be written")
