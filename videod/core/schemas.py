"""JSON schemas of what a language model answers in, and whether an answer has the shape that one describes.

Only keywords that Gemini's `responseJsonSchema` knows: it ignores or refuses others (no pattern, no minLength, no
const).
"""

from collections.abc import Iterator, Mapping

from videod.core.plan import Complaint

Schema = dict[str, object]

#: far above any real answer; keeps a broken one from filling the disk
ITEMS_MAX, TEXT_MAX = 200, 10_000
#: so many faults are worth saying
FAULTS_MAX = 20


def an_object(description: str, properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def a_text(description: str) -> Schema:
    return {"type": "string", "description": description}


def a_number(description: str, least: int = 1) -> Schema:
    return {"type": "integer", "minimum": least, "description": description}


def a_choice(values: tuple[str, ...], description: str) -> Schema:
    return {"type": "string", "enum": list(values), "description": description}


def or_null(of: Schema, description: str) -> Schema:
    return {"anyOf": [of, {"type": "null"}], "description": description}


def a_list(of: Schema, description: str, count: int | None = None, most: int | None = None) -> Schema:
    """A list of exactly `count`, or of at most `most` items."""
    bounds: Schema = {} if count is None else {"minItems": count, "maxItems": count}
    bounds |= {} if most is None else {"maxItems": most}
    return {"type": "array", "items": of, "description": description, **bounds}


def faults(value: object, schema: Schema) -> tuple[Complaint, ...]:
    """Where a parsed JSON value differs from the schema: the first `FAULTS_MAX` places, none when it fits."""
    found: list[Complaint] = []
    for fault in _faults(value, schema, ""):
        found.append(fault)
        if len(found) == FAULTS_MAX:
            break
    return tuple(found)


def _fault(where: str, message: str) -> Complaint:
    return Complaint(where or "(answer)", "shape", message)


def _faults(value: object, schema: Schema, where: str) -> Iterator[Complaint]:
    if "anyOf" in schema:  # `or_null`
        if value is not None:
            yield from _faults(value, _inner(schema, "anyOf"), where)
        return
    kind = schema["type"]
    if kind == "object":
        yield from _of_object(value, schema, where)
    elif kind == "array":
        yield from _of_list(value, schema, where)
    elif kind == "string":
        yield from _of_text(value, schema, where)
    elif kind == "integer":
        least = schema.get("minimum", 0)
        if not isinstance(value, int) or isinstance(value, bool):
            yield _fault(where, "must be a whole number")
        elif isinstance(least, int) and value < least:
            yield _fault(where, f"must be at least {least}")


def _inner(schema: Schema, name: str) -> Schema:
    """The schema that stands under a keyword; the first of several."""
    held = schema[name]
    return dict((held[0] if isinstance(held, list) else held) if isinstance(held, list | dict) else {})


def _of_object(value: object, schema: Schema, where: str) -> Iterator[Complaint]:
    parts = _inner(schema, "properties")
    if not isinstance(value, Mapping):
        yield _fault(where, f"must be an object with {', '.join(parts)}")
        return
    required = schema.get("required")
    wanted = required if isinstance(required, list) else list(parts)
    for name, part in parts.items():
        place = f"{where}.{name}" if where else name
        if name not in value:
            if name in wanted:
                yield _fault(place, "is missing")
        elif isinstance(part, dict):
            yield from _faults(value[name], part, place)
    for name in value:
        if name not in parts:
            yield _fault(f"{where}.{str(name)[:40]}" if where else str(name)[:40], "is unknown. Leave it out")


def _of_list(value: object, schema: Schema, where: str) -> Iterator[Complaint]:
    if not isinstance(value, list):
        yield _fault(where, "must be a list")
        return
    count = schema.get("minItems")
    if isinstance(count, int) and len(value) != count:
        yield Complaint(where, "count", f"has {len(value)} items. There must be {count}")
    elif len(value) > ITEMS_MAX:
        yield _fault(where, f"has {len(value)} items. The limit is {ITEMS_MAX}")
    for at, item in enumerate(value[:ITEMS_MAX]):
        yield from _faults(item, _inner(schema, "items"), f"{where}[{at}]")


def _of_text(value: object, schema: Schema, where: str) -> Iterator[Complaint]:
    if not isinstance(value, str):
        yield _fault(where, "must be text")
        return
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        yield _fault(where, f"must be one of {', '.join(map(str, allowed))}")
    if len(value) > TEXT_MAX:
        yield _fault(where, f"has {len(value):,} characters. The limit is {TEXT_MAX:,}")
    elif any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value):
        yield _fault(where, "holds a character that is not text (NUL or half a surrogate pair). Leave it out")
