"""The page as an aiohttp application."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from videod.flow.lights import Lights
from videod.page import pages as files
from videod.page.acts import Acts
from videod.page.changes import Changes
from videod.page.drafts import Drafts
from videod.page.enter import Enter
from videod.page.gate import ENTER, VISITOR, Address, Gate
from videod.page.media import Media
from videod.page.pages import Pages
from videod.page.rooms import Rooms
from videod.page.shared import Shared
from videod.web.routes import House
from videod.web.sessions import Sessions

#: a body without a form; files are streamed past this
BODY_BYTES = 256 * 1024


@dataclass(frozen=True)
class Around:
    """What the page works with besides the API's house. `workspace`: where the files of a task lie, by channel and ID;
    `price`: what a film of a channel costs, micro-dollars."""

    sessions: Sessions
    address: Address
    workspace: Callable[[str, str], Path]
    price: Callable[[str], int]
    redact: Callable[[str], str]
    lights: Lights | None = None


def build(house: House, around: Around) -> tuple[web.Application, Changes]:
    """The application, and what tells its pages of changes: `Changes.watch` runs beside it."""
    pages = Pages(around.redact)
    told: dict[str, tuple[str, str]] = {}

    def error(request: web.Request, status: int, what: str, hint: str) -> web.Response:
        """An act that was refused says so where it was pressed; all else is a page."""
        visitor = request.get(VISITOR)
        if visitor is not None and request.method == "POST" and status in (400, 409, 413, 503):
            told[visitor.session.digest] = f"{what[:1].upper()}{what[1:]}. {hint[:1].upper()}{hint[1:]}.", "bad"
            back = _referred(request)
            return web.Response(status=303, headers={"Location": back})
        return pages.page("error.html", status, what=what, hint=hint, inside=visitor is not None, enter=ENTER)

    gate = Gate(around.sessions, around.address, error)
    media = Media(house, around.workspace, around.lights)
    rooms = Rooms(house, pages, around.sessions, around.workspace, told, around.price)
    changes = Changes(house.store)
    acts = Acts(rooms, media, around.sessions, changes)
    enter = Enter(around.sessions, pages, gate, house.clock)
    app = web.Application(middlewares=[gate.guard, Shared(changes).serve], client_max_size=BODY_BYTES)
    app.on_response_prepare.append(gate.prepared)
    app.add_routes([*rooms.routes(), *media.routes(), *acts.routes(), *Drafts(rooms, acts).routes(), *enter.routes()])
    app.add_routes([web.get("/static/{name}", files.file), web.get("/changes", changes.stream)])
    return app, changes


def _referred(request: web.Request) -> str:
    """The page of the episode or room that an act was pressed on."""
    parts = request.path.split("/")
    if parts[1] in ("episodes", "drafts") and len(parts) > 2:
        return f"/{parts[1]}/{parts[2]}"
    return {"new": "/new", "services": "/services", "people": "/people"}.get(parts[1], "/")
