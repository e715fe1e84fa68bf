"""Reading JSON that another party wrote: every step down is checked, nothing is assumed to be there."""

import json

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def parse(text: str | bytes) -> Json:
    """The JSON value of `text`. Raises ValueError when it is none."""
    try:
        value: Json = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error
    return value


def dig(value: Json, *steps: str | int) -> Json:
    """The value at the end of `steps` (keys and positions), or None where the way ends early."""
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def number(value: Json) -> float | None:
    """A number, also one that was sent as a string; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, int | float) else None


def items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def record(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
