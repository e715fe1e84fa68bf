"""The values that a request may carry: read, refused with a sentence, and described as JSON schema, all in one place.

A kind reads what a query or a JSON body gave and raises ValueError with words that follow the value's name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from videod.core import bounds
from videod.core.sanitize import encodable, sanitize, sanitize_line
from videod.guard.errors import Code, Refused

Schema = dict[str, object]
#: of an unknown name so much is repeated
_SHOWN = 40
#: what `sanitize` takes away, and white space, as a class of a pattern: ranges, which every dialect of patterns reads
#: alike, as none does `\s` and the classes of Unicode. Halves of surrogate pairs are no text and refused before
NOTHING = (
    "\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))
    + "\U000f0000-\U0010ffff"
)
SOMETHING = f"[^{NOTHING}]"
#: texts of a query that are numbers are no longer than this
_DIGITS = 15


class Kind(Protocol):
    """What a value may be. `schema` is all that `read` takes, as far as JSON schema can say it."""

    @property
    def schema(self) -> Schema: ...

    def read(self, value: object) -> object: ...


@dataclass(frozen=True)
class Text:
    """Words of `least` to `most` characters; on one line unless `lines`.

    They are cleaned, and unless `least` is 0 something must be left; `pattern` says what else they must match.
    """

    most: int
    least: int = 1
    lines: bool = False
    pattern: str = ""

    @property
    def schema(self) -> Schema:
        pattern = self.pattern or (SOMETHING if self.least else "")
        found: Schema = {"type": "string", "minLength": self.least, "maxLength": self.most}
        return found | ({"pattern": pattern} if pattern else {})

    def read(self, value: object) -> str:
        if not isinstance(value, str) or encodable(value) != value:
            raise ValueError("must be text")
        if not self.least <= len(value) <= self.most:
            raise ValueError(f"must have {self.least} to {self.most} characters")
        found = sanitize(value) if self.lines else sanitize_line(value)
        if self.least and not found.strip():
            raise ValueError("must hold more than spaces and characters that do not show")
        return found


@dataclass(frozen=True)
class Token:
    """A text that was handed out before: it is taken as it is, or not at all."""

    most: int

    @property
    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1, "maxLength": self.most, "pattern": "^[A-Za-z0-9_-]*$"}

    def read(self, value: object) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= self.most:
            raise ValueError(f"must have 1 to {self.most} characters")
        return value


@dataclass(frozen=True)
class Choice:
    names: tuple[str, ...]

    @property
    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.names)}

    def read(self, value: object) -> str:
        if isinstance(value, str) and value in self.names:
            return value
        raise ValueError(f"must be one of: {', '.join(self.names)}")


@dataclass(frozen=True)
class Whole:
    least: int
    most: int

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def read(self, value: object) -> int:
        if isinstance(value, str):
            value = int(value) if value.isascii() and value.isdecimal() and len(value) <= _DIGITS else None
        found = bounds.whole(value, self.least, self.most)
        if found is None:
            raise ValueError(f"must be a whole number from {self.least} to {self.most}")
        return found


@dataclass(frozen=True)
class Flag:
    @property
    def schema(self) -> Schema:
        return {"type": "boolean"}

    def read(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError("must be true or false")


@dataclass(frozen=True)
class Document:
    """Any JSON object: what it holds is judged by others."""

    @property
    def schema(self) -> Schema:
        return {"type": "object"}

    def read(self, value: object) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        raise ValueError("must be a JSON object")


@dataclass(frozen=True)
class Moment:
    """A time; milliseconds UTC."""

    @property
    def schema(self) -> Schema:
        return {"type": "string", "format": "date-time", "pattern": "^(19[7-9]|[2-9][0-9]{2})[0-9]-"}

    def read(self, value: object) -> int:
        found = bounds.moment_ms(value)
        if found is None:
            raise ValueError("must be a time such as 2026-11-21T14:15:00Z")
        return found


@dataclass(frozen=True)
class Many:
    """A list; in a query the name is repeated."""

    of: Kind
    least: int
    most: int

    @property
    def schema(self) -> Schema:
        return {"type": "array", "items": self.of.schema, "minItems": self.least, "maxItems": self.most}

    def read(self, value: object) -> tuple[object, ...]:
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise ValueError(f"must be a list of {self.least} to {self.most} values")
        try:
            return tuple(self.of.read(one) for one in value)
        except ValueError as wrong:
            raise ValueError(f"holds a value that {wrong}") from None


@dataclass(frozen=True)
class ByName:
    """A JSON object of up to `most` values, each under a name of its own; names are taken as they are."""

    of: Kind
    most: int

    @property
    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.of.schema, "maxProperties": self.most}

    def read(self, value: object) -> dict[str, object]:
        if not isinstance(value, dict) or len(value) > self.most:
            raise ValueError(f"must be a JSON object of up to {self.most} values")
        try:
            return {str(name): self.of.read(one) for name, one in value.items()}
        except ValueError as wrong:
            raise ValueError(f"holds a value that {wrong}") from None


@dataclass(frozen=True)
class Field:
    """A named value of a query or a body. Where it is not given `default` stands for it; a body may also say null,
    where `null` is set."""

    kind: Kind
    about: str
    default: object = None
    required: bool = False
    null: bool = True


Fields = Mapping[str, Field]


def of_query(given: Iterable[tuple[str, str]], fields: Fields) -> dict[str, object]:
    """The values of a query by name. Raises Refused."""
    texts: dict[str, list[str]] = {}
    for name, text in given:
        texts.setdefault(name, []).append(text)
    _known(texts, fields, "parameter")
    found: dict[str, object] = {}
    for name, field in fields.items():
        said = texts.get(name, [])
        if not said:
            found[name] = field.default
        elif isinstance(field.kind, Many):
            found[name] = _read(name, field, said)
        elif len(said) > 1:
            raise Refused(Code.INVALID, f"{name} is given {len(said)} times", "give it once")
        else:
            found[name] = _read(name, field, said[0])
    return found


def of_body(given: Mapping[str, object], fields: Fields) -> dict[str, object]:
    """The values of a JSON object by name. Raises Refused."""
    _known(given, fields, "field")
    for name, field in fields.items():
        if field.required and given.get(name) is None:
            raise Refused(Code.INVALID, f"{name} is missing", f"send it: {field.about}")
        if not field.null and name in given and given[name] is None:
            raise Refused(Code.INVALID, f"{name} cannot be empty", f"leave {name} out to keep it")
    return {
        name: field.default if given.get(name) is None else _read(name, field, given[name])
        for name, field in fields.items()
    }


def _known(given: Iterable[str], fields: Fields, what: str) -> None:
    for name in given:
        if name not in fields:
            shown = sanitize_line(encodable(name))[:_SHOWN]
            choice = f"name some of: {', '.join(fields)}" if fields else "leave it out"
            raise Refused(Code.INVALID, f"there is no {what} {shown}", choice)


def _read(name: str, field: Field, value: object) -> object:
    try:
        return field.kind.read(value)
    except ValueError as wrong:
        raise Refused(Code.INVALID, f"{name} {wrong}", f"{name}: {field.about}") from None


def body_schema(fields: Fields) -> Schema:
    """The JSON schema of a body."""
    required = [name for name, field in fields.items() if field.required]
    properties = {name: _described(field) for name, field in fields.items()}
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


def _described(field: Field) -> Schema:
    told: Schema = {"description": field.about} | ({} if field.default is None else {"default": field.default})
    if field.required or not field.null:
        return field.kind.schema | told
    return {"anyOf": [field.kind.schema, {"type": "null"}]} | told


def query_schema(fields: Fields) -> Sequence[Schema]:
    """The parameters of a query as OpenAPI describes them."""
    return [
        {"name": name, "in": "query", "description": field.about, "required": field.required,
         "schema": field.kind.schema | ({} if field.default is None else {"default": field.default})}
        for name, field in fields.items()
    ]  # fmt: skip
