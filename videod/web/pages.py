"""Cursors: opaque texts that say where a page of a list ended, and where the next one begins.

A cursor belongs to one list in one order. What others send as one is refused unless it is whole.
"""

import base64
import binascii
import json

from videod.core import bounds
from videod.guard.errors import Code, Refused
from videod.web.values import Field, Token, Whole

#: characters of a cursor: an id may take most of them
_MOST = 400
_ID = 200
CURSOR = Field(Token(_MOST), "`next_cursor` of the page before.")


def limit(usual: int, most: int) -> Field:
    return Field(Whole(1, most), "Rows of a page.", usual)


def cursor(of: str, value: int, name: str = "") -> str:
    """The cursor of the list and order `of` behind the row with this value and id."""
    text = json.dumps([of, value, name], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(given: str | None, of: str) -> tuple[int, str] | None:
    """The value and id that a cursor holds, None for none. Raises Refused for all but what `cursor` made."""
    if given is None:
        return None
    try:
        text = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        found = bounds.loads(text)
    except (ValueError, binascii.Error):
        found = None
    if isinstance(found, list) and len(found) == 3 and found[0] == of:
        value, name = bounds.whole(found[1]), bounds.text(found[2], _ID)
        if value is not None and name is not None and cursor(of, value, name) == given:
            return value, name
    raise Refused(
        Code.BAD_CURSOR, "that cursor does not belong to this list in this order", "begin again without a cursor"
    )
