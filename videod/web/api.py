"""The HTTP API: reading for programs and monitors, changing for the command line. Every change becomes an event.

It listens on a Unix socket and, if configured, on loopback TCP (`listen`); who may ask what is `callers`', what every
answer has in common is `frame`'s. Each path is one `Route` beside its handler; the OpenAPI document is made of them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from aiohttp import web

from videod.channels import Channel
from videod.core.histogram import Histogram, of_loop
from videod.flow.placing import Placing
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store.database import Store
from videod.web import changing, drafts, episodes, openapi, people, reading
from videod.web.entries import Entries
from videod.web.frame import Frame
from videod.web.listen import ListenError, Listening, serve
from videod.web.routes import Call, House, Route
from videod.web.sessions import Sessions

__all__ = ["HOUSE", "ROUTES", "ListenError", "Listening", "build_app", "serve"]

#: what the handlers ask, for the page, which asks the same
HOUSE = web.AppKey("house", House)
#: most requests have a few hundred bytes; a plan of one's own may have 180 thousand characters
BODY_BYTES = 256 * 1024


async def described(house: House, call: Call) -> object:
    return _document()


@cache
def _document() -> object:
    return openapi.document(ROUTES)


ROUTES: tuple[Route, ...] = (
    *reading.ROUTES,
    *episodes.ROUTES,
    *changing.ROUTES,
    *drafts.ROUTES,
    *people.ROUTES,
    Route("GET", openapi.PATH, "openapi", "This description of the API.", described, object),
)


def build_app(
    ledger: Ledger,
    store: Store,
    clock: Clock,
    secrets_redact: Callable[[str], str],
    limits: Callable[[], Mapping[str, int]] | None = None,
    not_ready: Callable[[], str | None] | None = None,
    delays: Callable[[], Sequence[Histogram]] = lambda: (of_loop(),),
    problems: Callable[[], Sequence[str]] = tuple,
    channels: Callable[[], Mapping[str, Channel]] | None = None,
    board: Entries | None = None,
    placing: Placing | None = None,
    sessions: Sessions | None = None,
) -> web.Application:
    """The API as an aiohttp application; see `House` for what it asks."""
    house = House(
        ledger, store, clock, clock.now_ms(), limits or dict, not_ready or (lambda: None), delays, problems,
        channels or dict, board, placing, sessions,
    )  # fmt: skip
    frame = Frame(house, secrets_redact)
    app = web.Application(middlewares=[frame.guard], client_max_size=BODY_BYTES)
    app[HOUSE] = house
    app.on_response_prepare.append(frame.prepared)
    app.add_routes([web.route(one.method, one.path, frame.serving(one)) for one in ROUTES if one.method != "GET"])
    app.add_routes([web.get(one.path, frame.serving(one)) for one in ROUTES if one.method == "GET"])
    return app
