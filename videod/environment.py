"""Settings of the environment over those of the file: VIDEOD_<SECTION>_<KEY>."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from videod.documents import Fault, Key, field_at, known_keys

Model = type[BaseModel]


def from_env(fault: Fault, given: Mapping[str, str]) -> Fault:
    """A fault in a value that the environment gave is reported where it stands: in its variable."""
    names = [name for key, name in given.items() if fault.key == key or fault.key.startswith(f"{key}.")]
    return Fault("environment", None, names[0], fault.reason) if names else fault


def overlay(model: Model, values: dict[str, object], env: Mapping[str, str]) -> dict[str, str]:
    """Write the environment's settings into `values`; returns dotted key -> variable."""
    given = {}
    for name in sorted(env):
        place = _key_of(model, name)
        if place is None or not env[name]:
            continue
        table: object = values
        for part in place[:-1]:
            table = table.setdefault(str(part), {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[str(place[-1])] = _value(model, place, env[name])
            given[".".join(map(str, place))] = name
    return given


def _key_of(model: Model, name: str) -> Key | None:
    """VIDEOD_SERVICES_KIE_RATE -> ("services", "kie", "rate"); None for names that are no setting."""
    rest = name.removeprefix("VIDEOD_").lower()
    if rest == name.lower():
        return None
    place: Key = ()
    while keys := known_keys(model, place):
        inner = [key for key in keys if rest.startswith(f"{key}_") and known_keys(model, (*place, key))]
        if not inner:
            # an unknown key of a known section is reported like one in the file; anything else is not meant for us
            return (*place, rest) if place else None
        place, rest = (*place, inner[0]), rest[len(inner[0]) + 1 :]
    return None


def _value(model: Model, place: Key, text: str) -> object:
    """Text for a key that takes text, else what the same letters would mean in the file."""
    field = field_at(model, place)
    kinds = (str, Path) if field is None else (field.annotation, *get_args(field.annotation))
    if any(kind in (str, Path) or isinstance(kind, str) for kind in kinds):
        return text
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text
