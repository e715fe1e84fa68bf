"""Reading JSON that another party wrote: every step down is checked, nothing is assumed to be there."""

from scripts.lib import bounds
from scripts.lib.sanitize import encodable

#: no service counts further
MOST = float(bounds.MOST_WHOLE)

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def parse(text: str | bytes) -> Json:
    """The JSON value of `text`, without numbers that are none (null in their place). Raises ValueError."""
    value: Json = bounds.loads(text)  # type: ignore[assignment]
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
    """Text that can be written; None for anything else. Half a surrogate pair becomes "?"."""
    return encodable(value) if isinstance(value, str) else None


def word(value: Json, most: int = 200) -> str | None:
    """A name that a service gives to something of its own: printable, no longer than `most`; None for anything else."""
    fits = isinstance(value, str) and 0 < len(value) <= most and all(32 < ord(letter) < 127 for letter in value)
    return value if isinstance(value, str) and fits else None


def number(value: Json, least: float = -MOST, most: float = MOST) -> float | None:
    """A finite number from `least` to `most`, also one that was sent as a string; None for anything else."""
    return bounds.number(value, least, most)


def items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def record(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
