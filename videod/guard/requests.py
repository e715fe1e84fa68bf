"""What a request must look like, wherever it comes in: in our own name, not from another's page, its body JSON.

A browser on this host reaches every loopback port on behalf of any page. So a request in another host's name (a name
that was bound to this address) is refused, a change that another page sends as well, and a body must say that it is
JSON, which no page can send elsewhere without asking first.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from videod.core import bounds
from videod.guard.errors import Code, Refused

#: how this host is called by those that are on it
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PAGE = frozenset({"same-origin", "none"})
#: as a host's name can be; a header may be text of any kind
_NAME_CHARACTERS = 255


class Unwelcome(Refused):
    """A request that is not taken, whatever it asks for."""


@dataclass(frozen=True)
class Manners:
    """`names`: the hosts in whose name may be asked, None for any (a Unix socket has no name that a page could use)."""

    names: frozenset[str] | None = LOOPBACK


def check(request: web.BaseRequest, manners: Manners) -> None:
    """Raises Unwelcome for a request that another host's name or another page brought here."""
    host = _host(request)
    # `request.host` is the one of a request line with a whole address, which may differ
    if manners.names is not None and any(name_of(one) not in manners.names for one in (host, request.host)):
        raise Unwelcome(
            Code.WRONG_HOST, "this address answers only in its own name",
            f"ask for {' or '.join(sorted(manners.names))}",
        )  # fmt: skip
    if request.method not in _READING and not _own_page(request, host):
        raise Unwelcome(
            Code.OTHER_PAGE, "changes from another page are not taken", "use videod's own page or its command line"
        )


def _host(request: web.BaseRequest) -> str:
    """The one Host header, "" if there is none or several."""
    given = request.headers.getall("Host", [])
    return given[0] if len(given) == 1 else ""


def name_of(host: str) -> str | None:
    """The name in "name", "name:port" or "[address]:port", in small letters; None for what is no such text."""
    if not host or len(host) > _NAME_CHARACTERS or not host.isascii() or any(one in host for one in "/@?#\\, \t"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises for what is no number
    except ValueError:
        return None
    return parts.hostname.removesuffix(".") if parts.hostname else None


def _own_page(request: web.BaseRequest, host: str) -> bool:
    """Whether no page of another origin asks, as far as the browser says; programs say nothing of it."""
    if any(site.lower() not in _OWN_PAGE for site in request.headers.getall("Sec-Fetch-Site", [])):
        return False
    origins = request.headers.getall("Origin", [])
    return all(one.lower() in (f"http://{host}".lower(), f"https://{host}".lower()) for one in origins)


async def json_body(request: web.BaseRequest) -> object:
    """The JSON value of the body, {} for an empty one.

    Raises Unwelcome where its type is no JSON, its content is none, or a text in it is none; HTTPRequestEntityTooLarge
    as `read` does. JSON is UTF-8 whatever charset is named (RFC 8259, 8.1).
    """
    raw = await request.read()
    if not raw:
        return {}
    if not is_json(request.headers.get("Content-Type", "")):
        raise Unwelcome(Code.NOT_JSON, "the body must be JSON", "send the header Content-Type: application/json")
    try:
        value = bounds.loads(raw)
    except ValueError:
        raise Unwelcome(Code.MALFORMED, "the body is not JSON", 'send for example {"gate": "assets"}') from None
    if not _is_text(value):
        raise Unwelcome(Code.MALFORMED, "the body holds half a character (a lone surrogate)", "send whole characters")
    return value


def is_json(content_type: str) -> bool:
    """Whether a Content-Type, with whatever parameters, says JSON."""
    essence = content_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def _is_text(value: object) -> bool:
    """Whether all text in a JSON value can be written: no half of a surrogate pair. `value` is as deep as JSON was."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if not one.isascii() and any("\ud800" <= letter <= "\udfff" for letter in one):
                return False
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
    return True
