"""People of the board: who a user of Notion is to videod, and what they may do there. Pure.

Where nobody was named, everyone who can edit the board may do everything, and acts carry the name of the board.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from videod.core import bounds

#: where they are kept among the values of the database: user id -> [name, role]
KEPT = "people_of_notion"
#: who may only look
VIEWER = "viewer"
MOST = 200
_CHARACTERS = 80
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Person:
    """`role`: one of those of the page."""

    name: str
    role: str

    @property
    def refusal(self) -> str:
        """Why an act of theirs is not taken; "" where it is."""
        if self.role != VIEWER:
            return ""
        return f"{self.name} may look, not change anything here. Ask the owner of this videod"


def user_id(given: str) -> str | None:
    """The ID of a user as it is kept; None for what cannot be one."""
    plain = given.replace("-", "").strip().lower()
    return plain if _ID.fullmatch(plain) else None


def kept(value: object) -> dict[str, Person]:
    """The people from what the database keeps under KEPT."""
    found = {}
    for name, row in value.items() if isinstance(value, Mapping) else ():
        words = [bounds.text(one, _CHARACTERS) for one in row] if isinstance(row, list) and len(row) == 2 else [None]
        if len(words) == 2 and words[0] and words[1]:
            found[str(name)] = Person(words[0], words[1])
    return found


def of(value: object, editor: str) -> Person | None:
    """Who edited, from what is kept and the ID that the board told."""
    return kept(value).get(user_id(editor) or "")
