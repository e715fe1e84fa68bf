"""JSON schema of the types in `shapes`: TypedDicts, lists, texts and numbers, and what may be null."""

import inspect
import types
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

Schema = dict[str, object]
_PLAIN: Mapping[object, Schema] = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    object: {}, type(None): {"type": "null"},
}  # fmt: skip
#: where the document keeps what is named
PLACE = "#/components/schemas/"


def schema_of(kind: Any, named: dict[str, Schema]) -> Schema:
    """The schema of a type. TypedDicts are references; their own schemas are added to `named`.

    Raises TypeError for a type that no JSON has.
    """
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if is_typeddict(kind):
        return _object(kind, named)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        meaning = inner[1]
        if isinstance(meaning, type) and issubclass(meaning, Enum):
            return {"type": "string", "enum": [one.value for one in meaning]}
        return schema_of(inner[0], named) | {"format": meaning}
    if origin in (Union, types.UnionType):
        return _either([schema_of(one, named) for one in inner])
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0], named)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(inner[1], named)}
    raise TypeError(f"no JSON schema for {kind}")


def _either(choices: list[Schema]) -> Schema:
    """One of several; a plain type that may be null is said in one word more."""
    first = choices[0]
    if len(choices) == 2 and choices[1] == {"type": "null"} and "type" in first and "enum" not in first:
        return first | {"type": [first["type"], "null"]}
    return {"anyOf": choices}


def _object(kind: Any, named: dict[str, Schema]) -> Schema:
    name = kind.__name__.removesuffix("Body")
    if name not in named:
        named[name] = {}  # it may name itself
        properties = {field: schema_of(one, named) for field, one in get_type_hints(kind, include_extras=True).items()}
        named[name] = {
            "type": "object", "description": inspect.cleandoc(kind.__doc__ or ""), "properties": properties,
            "required": sorted(kind.__required_keys__),
        }  # fmt: skip
    return {"$ref": f"{PLACE}{name}"}
