"""Who may use the page: links that let a device in, and the sessions of those that are in."""

from videod.core.moments import iso
from videod.guard.errors import Code, Refused
from videod.web import api_shapes
from videod.web.routes import Call, House, Route
from videod.web.sessions import DEVICE_CHARACTERS, LINK_MS, NAME_CHARACTERS, OWNER_NAME, Role, Sessions
from videod.web.values import Choice, Field, Fields, Text, of_body

_LINK: Fields = {
    "name": Field(Text(NAME_CHARACTERS), "Who gets it. The log shows this name.", OWNER_NAME),
    "role": Field(Choice(tuple(one.value for one in Role)), "What they may do.", Role.OWNER.value),
    "notion": Field(Text(64), "The ID of their user in Notion: what they do on the board counts as theirs.", ""),
}
_WHICH: Fields = {"which": Field(Text(DEVICE_CHARACTERS), "A session's ID, a person's name, or `all`.", required=True)}


def _there(house: House) -> Sessions:
    """Raises Refused where the page does not answer."""
    if house.sessions is None or house.sessions.address is None:
        hint = "see `videod status`, and `[web]` in videod.toml"
        raise Refused(Code.CONFLICT, "the page is not served here", hint)
    return house.sessions


async def link(house: House, call: Call) -> api_shapes.LinkBody:
    sessions = _there(house)
    asked = of_body(call.body, _LINK)
    name, role = str(asked["name"]), Role(str(asked["role"]))
    if asked["notion"]:
        await sessions.know(str(asked["notion"]), name, role)
    secret = sessions.link(name, role)
    until = iso(house.clock.now_ms() + LINK_MS)
    return {"url": f"{sessions.address}/enter#{secret}", "name": name, "role": role.value, "until": until}


async def listed(house: House, call: Call) -> api_shapes.SessionsBody:
    found = () if house.sessions is None else house.sessions.listed()
    return {
        "sessions": [
            {
                "id": one.id, "name": one.name, "role": one.role.value, "device": one.device,
                "created_at": iso(one.created_at), "seen_at": iso(one.seen_at),
            }
            for one in found
        ]
    }  # fmt: skip


async def end(house: House, call: Call) -> api_shapes.EndedBody:
    return {"ended": await _there(house).end(str(of_body(call.body, _WHICH)["which"]))}


ROUTES = (
    Route(
        "POST",
        "/api/web/links",
        "make_link",
        "Make a link that signs one device in to the page, once, within ten minutes.",
        link,
        api_shapes.LinkBody,
        (Code.CONFLICT,),
        fields=_LINK,
    ),
    Route(
        "GET",
        "/api/web/sessions",
        "list_sessions",
        "List the devices that are signed in to the page.",
        listed,
        api_shapes.SessionsBody,
    ),
    Route(
        "POST",
        "/api/web/sessions/end",
        "end_sessions",
        "End sessions of the page.",
        end,
        api_shapes.EndedBody,
        (Code.CONFLICT,),
        fields=_WHICH,
    ),
)
