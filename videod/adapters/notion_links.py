"""The id in whatever people copy out of Notion: links of pages and tables, links of its app, bare ids."""

import re
from urllib.parse import parse_qs, urlsplit

from videod.adapters.notion_shapes import said
from videod.ports import BoardError

_DASHED = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: an id is all of a text, or its end: before it stands the page's title, which may end in such letters too
_AT_END = re.compile(rf"({_DASHED}|[0-9a-f]{{32}})$")
#: nothing but hex digits, yet too many: a bare id with a slip of the hand
_TOO_LONG = re.compile(r"([0-9a-f-]*-)?[0-9a-f]{33,}|[0-9a-f-]*-[0-9a-f]{13,31}")
_HOW = "Paste the link of the page (Share, Copy link)"


def page_id_of(text: str) -> str:
    """The id in a page's address (or the id itself) as a UUID. Raises BoardError "rejected" when there is none.

    It is the last part of the path that counts, or `?p=`: a page that was opened over another one. What follows `#` is
    a block of the page, `?v=` a view.
    """
    given = text.strip().strip("<>\"'").strip()
    if not given:
        raise _refused(text, "is empty")
    try:
        parts = urlsplit(given)
        opened = parse_qs(parts.query).get("p", [""])[0]
    except ValueError:
        raise _refused(text, "is no link") from None
    if parts.scheme not in ("", "http", "https", "notion"):
        raise _refused(text, "is not a link to a page")
    if (found := _id_in(opened)) is not None:
        return found
    steps = [step for step in parts.path.split("/") if step]
    last = (steps or [parts.netloc])[-1].strip().lower()
    found = None if _TOO_LONG.fullmatch(last) else _id_in(last)
    if found is None:
        raise _refused(text, "contains no Notion page ID")
    return found


def _id_in(text: str) -> str | None:
    found = _AT_END.search(text.strip().lower())
    if found is None:
        return None
    bare = found[1].replace("-", "")
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"


def _refused(text: str, why: str) -> BoardError:
    return BoardError("rejected", f'"{said(text, 200)}" {why}. {_HOW}')
