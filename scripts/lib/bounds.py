"""The one parser for values that others send to scripts: services, files, the daemon's own small ones.

It is `videod/core/bounds.py` once more, for programs that import nothing of videod; `tests/core/test_both_bounds.py`
compares the two. What is not finite, not in range or not of the expected type becomes None, and the caller falls back
to its own default: the list price for a sum of money, no wait for a wait. Nothing here raises for a strange value.
"""

import json
import math
from datetime import UTC, datetime

from scripts.lib.sanitize import encodable

#: the longest wait that a service can ask for, seconds
LONGEST_WAIT_S = 86_400.0
#: the largest sum that a single charge can have, US dollars
MOST_USD = 10_000.0
#: SQLite's and most services' integers
MOST_WHOLE = 2**53
#: a longer number is nonsense, and slow to read
DIGITS = 40
#: plain epoch times between 2001 and 2286, in seconds and in milliseconds
_EPOCH_S = (1e9, 1e10)
_EPOCH_MS = (1e12, 1e13)


def loads(text: str | bytes | bytearray) -> object:
    """The JSON value of `text`; NaN, infinities and numbers longer than DIGITS are read as null.

    Raises ValueError for anything that is no JSON, UnicodeDecodeError (a ValueError) and deep nesting included.
    """
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_float=_float, parse_int=_int)
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error


def _float(digits: str) -> float | None:
    value = float(digits) if len(digits) <= 10 * DIGITS else math.nan
    return value if math.isfinite(value) else None


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= DIGITS else None


def number(value: object, least: float, most: float) -> float | None:
    """A finite number from `least` to `most`, also one that came as decimal text; else None."""
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and least <= found <= most else None


def _from_text(text: str) -> float | None:
    stripped = text.strip()
    if not stripped or len(stripped) > DIGITS or not stripped.isascii() or "_" in stripped:
        return None
    try:
        return float(stripped)
    except ValueError:
        return None


def whole(value: object, least: int = 0, most: int = MOST_WHOLE) -> int | None:
    """A whole number from `least` to `most` (2.0 counts as 2); else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if least <= value <= most else None
    found = number(value, least, most)
    return int(found) if found is not None and found == int(found) else None


def usd(value: object) -> float | None:
    """A sum of 0 to MOST_USD US dollars; else None."""
    return number(value, 0.0, MOST_USD)


def wait_s(value: object, now_ms: int) -> float | None:
    """Seconds to wait, 0 to 24 hours; None for nonsense.

    `value` is a number of seconds, an HTTP date, an ISO 8601 time, or an epoch time in seconds or milliseconds, as a
    Retry-After header or a JSON field holds it. A time in the past is a wait of 0.
    """
    found = number(value, 0.0, _EPOCH_MS[1])
    if found is None:
        moment = _moment_s(value)
        return None if moment is None else _until(moment, now_ms)
    if _EPOCH_S[0] <= found < _EPOCH_S[1]:
        return _until(found, now_ms)
    if _EPOCH_MS[0] <= found < _EPOCH_MS[1]:
        return _until(found / 1000, now_ms)
    return found if found <= LONGEST_WAIT_S else None


def _until(moment_s: float, now_ms: int) -> float | None:
    left = max(0.0, moment_s - now_ms / 1000)
    return left if left <= LONGEST_WAIT_S else None


def _moment_s(value: object) -> float | None:
    """A date in words as epoch seconds."""
    if not isinstance(value, str) or len(value) > 100:
        return None
    from email.utils import parsedate_to_datetime  # rarely needed, and a tenth of what `videod status` imports

    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = parse(value.strip())
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def text(value: object, most: int) -> str | None:
    """Text of at most `most` characters, cut with an ellipsis; None for anything that is no text or number.

    It can be written: half a surrogate pair becomes "?".
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        shown = str(value)
    except ValueError:  # an integer of more than 4,300 digits
        return None
    shown = encodable(shown)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def moment(iso: object) -> datetime | None:
    """An ISO 8601 time as an aware one; None for anything else."""
    if not isinstance(iso, str) or len(iso) > 64:
        return None
    try:
        found = datetime.fromisoformat(iso)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found if found.timestamp() >= 0 else None
    except (ValueError, OverflowError):
        return None
