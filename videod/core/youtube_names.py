"""How a YouTube channel may be named in a channel's file, in one form each.

`canonical` gives "UC..." (an id), "@handle" or "user/name" (the names of before 2014); the last two are looked up at
YouTube when it matters, since only an id never changes.
"""

import re

_ID = re.compile(r"UC[A-Za-z0-9_-]{1,62}")
_OTHER_IDS = re.compile(r"(?:PL|UU|LL|FL|RD|OL)[A-Za-z0-9_-]{10,}")
_HANDLE = re.compile(r"@[\w·.-]{1,100}")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_USER = re.compile(r"[A-Za-z0-9._-]{1,60}")
_HOSTS = ("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com", "studio.youtube.com")
FORMS = "Write the channel's id (UC...), its @handle, or the link of its page"


def canonical(text: str) -> str:
    """The name in its one form. Raises ValueError with a sentence that says what to write instead."""
    name = text.strip()
    if re.match(r"(?:https?://|//|(?:[a-z]+\.)?youtube\.com(?:/|$)|youtu\.be)", name, re.IGNORECASE):
        return _of_link(name)
    if _ID.fullmatch(name):
        return name
    if _HANDLE.fullmatch(name):
        return name.casefold()
    if _OTHER_IDS.fullmatch(name):
        raise ValueError(f"{name[:40]!r} is a playlist, not a channel. {FORMS}")
    if "@" in name and not name.startswith("@"):
        raise ValueError(f"{name[:60]!r} is an e-mail address, which names no channel. {FORMS}")
    raise ValueError(f"{name[:60]!r} is not a YouTube channel. {FORMS}")


def _of_link(link: str) -> str:
    parts = re.match(r"(?:https?:)?(?://)?([^/?#]*)([^?#]*)", link, re.IGNORECASE)
    host, path = (parts[1].lower(), parts[2]) if parts else ("", "")
    steps = [_plain(step) for step in path.split("/") if step]
    if host not in _HOSTS:
        what = "the link of a video" if host == "youtu.be" else f"a link to {host or 'nowhere'}"
        raise ValueError(f"{link[:60]!r} is {what}, not of a YouTube channel. {FORMS}")
    first, second = [*steps, "", ""][:2]
    if _HANDLE.fullmatch(first):
        return first.casefold()
    if first == "channel" and _ID.fullmatch(second):
        return second
    if first == "user" and _USER.fullmatch(second):
        return f"user/{second}"
    if first in ("watch", "shorts", "live", "playlist", "embed", "results", "feed"):
        raise ValueError(f"{link[:60]!r} is not a link to a channel. {FORMS}")
    if first == "c" or (first and first != "channel"):
        raise ValueError(
            f"YouTube's API cannot look up the custom address {link[:60]!r}. Write the channel's @handle or its id"
            " (YouTube Studio, Settings, Channel, Advanced settings)"
        )
    raise ValueError(f"{link[:60]!r} names no channel. {FORMS}")


def _plain(step: str) -> str:
    """A step of a link's path as people read it: browsers copy letters beyond ASCII as %C3%BC."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(errors="replace"), step)
