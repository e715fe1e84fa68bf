"""What Notion answers, read with a check: a value of another shape is the board being down, never anybody's crash.

Each reader gives the value in the type that it promises or raises BoardError "down" that says where what came, by its
type alone: the values themselves are strangers' text. Methods that promise BoardError only carry `promised`, which
holds the promise for whatever was not thought of.
"""

import functools
import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from videod.core import bounds
from videod.core.sanitize import sanitize_line
from videod.ports import BoardError

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
#: A JSON object of the wire.
Json = dict[str, object]

#: as much of somebody's words as an error carries, characters
SAID_CHARACTERS = 500
#: names of columns, options and databases; Notion itself takes far less
_TEXT_CHARACTERS = 2_000
_CURSOR_CHARACTERS = 4_000
_ID = re.compile(r"[0-9A-Fa-f]{8}(-?)[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{12}")
#: pages whose nonsense was reported; a second report after so many does no harm
_REMEMBERED = 1_000


def came(value: object) -> str:
    """The kind of a JSON value, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text" if value else "an empty text"
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else type(value).__name__


def nonsense(what: str, where: str, wanted: str, value: object) -> BoardError:
    """The error that says that Notion's answer has another shape than `wanted`."""
    return BoardError("down", f"Notion, {what}: {where} is {came(value)}, not {wanted}")


def said(value: object, most: int = SAID_CHARACTERS) -> str:
    """Somebody's words for an error or a log: one line of text, cut; "" for what is no text."""
    found = bounds.text(value, most)
    return "" if found is None else sanitize_line(found)


def is_id(value: object) -> bool:
    """Whether it is a UUID, the form of every id that becomes part of an address."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def same_id(one: str, other: str) -> bool:
    return one.replace("-", "").lower() == other.replace("-", "").lower()


def record(value: object, what: str, where: str = "the answer") -> Json:
    if not isinstance(value, dict):
        raise nonsense(what, where, "an object", value)
    return value


def items(value: object, what: str, where: str) -> list[object]:
    if not isinstance(value, list):
        raise nonsense(what, where, "a list", value)
    return value


def identifier(value: object, what: str, where: str = "the id") -> str:
    """A UUID."""
    if not isinstance(value, str) or not is_id(value):
        raise nonsense(what, where, "an id", value)
    return value


def words(value: object, what: str, where: str, most: int = _TEXT_CHARACTERS) -> str:
    """A short text that can be sent back as it is, not empty."""
    if not isinstance(value, str) or not 0 < len(value) <= most or not _sendable(value):
        raise nonsense(what, where, "a short text", value)
    return value


def moment(value: object, what: str, where: str) -> str:
    """An ISO time, as it came."""
    if not isinstance(value, str) or bounds.moment_ms(value) is None:
        raise nonsense(what, where, "a time", value)
    return value


def cursor(answer: Json, what: str, seen: set[str]) -> str | None:
    """Where the next part of a list begins; None at its end. `seen` gains it: a list that goes round is no list."""
    more = answer.get("has_more", False)
    if not isinstance(more, bool):
        raise nonsense(what, "has_more", "true or false", more)
    if not more:
        return None
    found = words(answer.get("next_cursor"), what, "has_more is true but next_cursor", _CURSOR_CHARACTERS)
    if found in seen:
        raise BoardError("down", f"Notion, {what}: the list loops: next_cursor came twice")
    seen.add(found)
    return found


def asked_for(page_id: object, what: str) -> str:
    """An id of ours that is to go into an address. Raises BoardError "rejected" if it is invalid."""
    if not isinstance(page_id, str) or not is_id(page_id):
        raise BoardError("rejected", f'Notion, {what}: "{said(page_id, 60)}" is not the ID of a page')
    return page_id


def _sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


class Once:
    """Tells of each page's nonsense once."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def tell(self, event: str, page_id: str, **more: object) -> None:
        if (event, page_id) in self._told:
            return
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told.add((event, page_id))
        log.warning(event, extra={"page": page_id, **more})


def promised(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """`method` with the promise that it raises BoardError only: anything else is logged and becomes "down"."""

    @functools.wraps(method)
    async def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await method(*args, **kwargs)
        except BoardError:
            raise
        except Exception as error:
            # whatever it is, the daemon and all other entries go on
            name = method.__name__.replace("_", " ")
            log.exception("notion_answer_unexpected", extra={"call": name})
            raise BoardError("down", f"Notion, {name}: the answer could not be read ({type(error).__name__})") from None

    return kept
