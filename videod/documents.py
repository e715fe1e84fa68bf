"""Files that people write (videod.toml, channels/*.yaml): reading them with line numbers, and saying what is wrong.

Every fault names file, line, key, reason and what to type instead, and all faults of a file are reported at once.
Deliberately without pydantic and PyYAML, so that a command which only needs `state_folder` starts fast.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Union, get_args, get_origin

from videod import files
from videod.core.days import USUAL_ZONE
from videod.core.sanitize import sanitize_quoted

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Key = tuple[str | int, ...]

#: a settings or channel file is a few kilobytes; more is a mistake or an attack
BYTES_MAX = 256_000
DEPTH_MAX = 16
WHOLE_MAX = 2**53
_SHOWN_CHARACTERS = 60
_TOML_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_TOML_KEY = re.compile(r"\s*([A-Za-z0-9_\-.\"']+)\s*=")


@dataclass(frozen=True)
class Document:
    """The values of a file and the line (from 1) on which each key stands."""

    values: dict[str, object]
    lines: Mapping[Key, int]


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a file. `source` is the file or the environment variable, `reason` says what to type."""

    source: str
    line: int | None
    key: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class DocumentError(ValueError):
    """A file cannot be read at all: not there, too big, no UTF-8, wrong syntax."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


def read_text(path: Path) -> str:
    """The file's text. Raises DocumentError."""
    try:
        with files.open_plain(path, follow=True) as source:
            data = source.read(BYTES_MAX + 1)
    except OSError as problem:
        raise DocumentError(f"cannot be read ({files.reason(problem)})") from None
    if len(data) > BYTES_MAX:
        raise DocumentError(f"is larger than {BYTES_MAX // 1000} kB. Channel and settings files have a few kB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise DocumentError("is not UTF-8 text here. Save the file as UTF-8", line) from None


def read_toml(path: Path) -> Document:
    """Raises DocumentError, with the line where the syntax breaks."""
    text = read_text(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        at = re.search(r"at line (\d+)", str(problem))
        raise DocumentError(f"is not valid TOML: {problem}", int(at[1]) if at else None) from None
    except RecursionError:
        raise DocumentError("is nested too deeply") from None
    except ValueError as problem:  # a number of more digits than Python reads
        raise DocumentError(f"is not valid TOML: {str(problem)[:_SHOWN_CHARACTERS]}") from None
    _within_bounds(values)
    return Document(values, dict(_toml_lines(text)))


def _within_bounds(values: dict[str, object]) -> None:
    """Refuse what no setting is, and what no message could show. Raises DocumentError."""
    level: list[object] = [values]
    for _ in range(DEPTH_MAX):
        inner: list[object] = []
        for value in level:
            if isinstance(value, int) and abs(value) > WHOLE_MAX:
                raise DocumentError("contains a number larger than any setting can be")
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        level = inner
        if not level:
            return
    raise DocumentError(f"is nested deeper than {DEPTH_MAX} levels")


def _toml_lines(text: str) -> Iterator[tuple[Key, int]]:
    """tomllib keeps no lines; a scan for tables and keys finds them wherever a file is written in the ordinary way."""
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TOML_TABLE.match(line):
            table = _toml_key(found[1])
            yield table, number
        elif found := _TOML_KEY.match(line):
            yield table + _toml_key(found[1]), number


def _toml_key(text: str) -> Key:
    return tuple(part.strip(" \"'") for part in text.split("."))


def state_folder(settings_file: Path, env: Mapping[str, str]) -> Path:
    """[paths] state alone, as `config.load_settings` would find it; an unreadable or odd file means the default."""
    folder = settings_file.absolute().parent
    try:
        return files.placed(_alone(settings_file, "paths", "state", env) or "state", folder)
    except ValueError:
        return folder / "state"


def time_zone(settings_file: Path, env: Mapping[str, str]) -> str:
    """[daemon] timezone alone, unchecked; an unreadable or odd file means the default."""
    return _alone(settings_file, "daemon", "timezone", env) or USUAL_ZONE


def _alone(settings_file: Path, section: str, key: str, env: Mapping[str, str]) -> str | None:
    """One text of the settings without reading the others; None where it is not said."""
    given: object = env.get(f"VIDEOD_{section}_{key}".upper())
    if not given:
        try:
            found = read_toml(settings_file).values.get(section)
        except DocumentError:
            return None
        given = found.get(key) if isinstance(found, dict) else None
    return given if isinstance(given, str) and given else None


# ---------------------------------------------------------------- from pydantic's findings to sentences


def faults_of(
    errors: Sequence["ErrorDetails"],
    model: type["BaseModel"],
    source: str,
    lines: Mapping[Key, int],
    assign: str,
) -> list[Fault]:
    """One fault per finding. `assign` is what stands between key and value in this kind of file: " = " or ": "."""
    faults = []
    for error in errors:
        place = error["loc"]
        reason = f"{_reason(error, model)}{_example(error, model, assign)}"
        faults.append(Fault(source, _line(lines, place), ".".join(map(str, place)), reason))
    return sorted(faults, key=lambda fault: (fault.source, fault.line or 0, fault.key))


def _line(lines: Mapping[Key, int], place: Key) -> int | None:
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return None


def _reason(error: "ErrorDetails", model: type["BaseModel"]) -> str:
    kind, given = error["type"], shown(error["input"])
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return _unknown(str(error["loc"][-1]), known_keys(model, error["loc"][:-1]))
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "bool_type":
        return f"must be true or false (without quotes), not {given}"
    if kind == "string_type":
        return f"must be text in quotes, not {given}"
    if kind in ("model_type", "dict_type"):
        return f"must hold keys and values of its own, not {given}"
    if kind == "too_short":
        return "must not be empty"
    if kind == "tuple_type":
        return f"must be a list in [brackets], not {given}"
    if kind == "string_unicode":
        return "contains half a character, which is not text. Write it again"
    return f"{error['msg'].replace('Input should', 'must').replace('String should', 'must')}, not {given}"


def _unknown(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(known)}"
    return f"is not a known key. {hint}"


def _example(error: "ErrorDetails", model: type["BaseModel"], assign: str) -> str:
    if error["type"] in ("extra_forbidden", "value_error", "model_type"):
        return ""
    names = [part for part in error["loc"] if isinstance(part, str)]
    field = field_at(model, tuple(names))
    if field is None:
        return ""
    default = (field.examples or [field.get_default()])[0]
    if default is None or not isinstance(default, str | int | float | tuple):
        return ""
    text = f"[{', '.join(map(shown, default))}]" if isinstance(default, tuple) else shown(default)
    return f". Write for example {names[-1]}{assign}{text}"


def shown(value: object) -> str:
    """A value as it may stand in a message: written as in the file, and short."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else "nothing" if value is None else str(value)
    text = sanitize_quoted(text)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def known_keys(model: type["BaseModel"], place: Key) -> list[str]:
    """The keys that may stand at `place` (a path of keys) of a file that `model` describes."""
    for part in place:
        inner = model.model_fields.get(str(part))
        sub = None if inner is None else _model_in(inner.annotation)
        if sub is None:
            return []
        model = sub
    return list(model.model_fields)


def field_at(model: type["BaseModel"], place: Key) -> "FieldInfo | None":
    """The field that a path of keys leads to, or None."""
    field = None
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None:
            return None
        model = _model_in(field.annotation) or model
    return field


def _model_in(annotation: object) -> "type[BaseModel] | None":
    choices = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    for choice in choices:
        if isinstance(choice, type) and hasattr(choice, "model_fields"):
            return choice
    return None
