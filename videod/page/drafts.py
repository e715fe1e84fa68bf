"""Entries of videod's own board that are no episode yet: edited, queued, removed, by the requests of the API."""

from collections.abc import Mapping

from aiohttp import web

from videod.guard.errors import Code, Refused
from videod.page.acts import Acts, sentence
from videod.page.rooms import Rooms
from videod.store import reads
from videod.web import api_shapes, drafts
from videod.web.desk import Outcome
from videod.web.routes import Call
from videod.web.sessions import Role

#: what the form holds of an entry
_FIELDS = ("title", "channel", "topic", "direction", "priority", "script")


class Drafts:
    """The room of one entry, and what is pressed there or on the board."""

    def __init__(self, rooms: Rooms, acts: Acts) -> None:
        self._rooms = rooms
        self._house = rooms.house
        self._acts = acts

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/drafts/{id}", self.room), web.post("/drafts/{id}", self.change),
            web.post("/drafts/{id}/remove", self.remove),
        ]  # fmt: skip

    async def room(self, request: web.Request) -> web.StreamResponse:
        """The entry's form; an entry that became an episode leads there."""
        if not self._acts.who(request).may(Role.EDITOR):
            raise Refused(Code.READ_ONLY, "only owners and editors change entries", "look at the board")
        name = request.match_info["id"]
        task = await self._house.store.read(lambda tx: reads.task_of_page(tx, name))
        if task is not None:
            return web.Response(status=303, headers={"Location": f"/episodes/{task.id}"})
        entry = await self._entry(name)
        problem = entry["problem"]
        return await self._shown(request, entry, _given(entry), sentence(problem) if problem else None)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Save what was changed; the button says whether the entry is queued or stays a draft."""
        form = await request.post()
        name, entry = request.match_info["id"], await self._entry(request.match_info["id"])
        given = {one: str(form[one]).replace("\r\n", "\n").strip() for one in _FIELDS if one in form}
        body = _changed(given, _given(entry), str(form.get("to", "")), entry["status"])
        if not body:
            return self._acts.back(request, form, Outcome("Nothing changed", False), f"/drafts/{name}")
        try:
            done = await drafts.change(self._house, Call({"id": name}, {}, body), self._acts.who(request).session.name)
        except Refused as error:
            if "title" not in form:
                raise
            problem = f"{sentence(str(error))} {sentence(error.hint)}"
            return await self._shown(request, entry, given, problem, 409)
        told = f"{done['title'] or 'The entry'}: {done['text']}"
        return self._acts.back(request, form, Outcome(told, True), "/board")

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Throw it away, after that was said."""
        form, name = await request.post(), request.match_info["id"]
        entry = await self._entry(name)
        title = entry["title"] or "(no title)"
        if not form.get("sure"):
            said = f"{title} is deleted. Nothing was made for it."
            return self._acts.ask(request, f"/drafts/{name}/remove", "/board", said, "Remove it", [])
        done = await drafts.remove(self._house, Call({"id": name}, {}, {}))
        return self._acts.back(request, {}, Outcome(f"{title}: {done['text']}", True), "/board")

    async def _entry(self, name: str) -> api_shapes.WaitingEntryBody:
        try:
            return await drafts.one(self._house, Call({"id": name}, {}, {}))
        except Refused as error:
            if error.code is not Code.UNKNOWN_ENTRY:
                raise
            raise Refused(Code.UNKNOWN_ENTRY, "there is no such entry", "look at the board") from None

    async def _shown(
        self, request: web.Request, entry: api_shapes.WaitingEntryBody, given: Mapping[str, str], problem: str | None,
        status: int = 200,
    ) -> web.Response:  # fmt: skip
        return self._rooms.show(
            request, "new.html", "draft", status, given=given, problem=problem, brands=self._rooms.brands(),
            entry=entry, **await self._rooms.bar(),
        )  # fmt: skip


def _given(entry: api_shapes.WaitingEntryBody) -> dict[str, str]:
    """The form's fields as the entry has them."""
    found: Mapping[str, object] = {**entry}
    return {one: str(found[one] or "").strip() for one in _FIELDS}


def _changed(given: Mapping[str, str], before: Mapping[str, str], to: str, status: str) -> dict[str, object]:
    """The fields of a request: what the form changes, and the status that its button asks for."""
    body: dict[str, object] = {one: text for one, text in given.items() if text != before[one]}
    if "script" in body:
        body["script"] = body["script"] or None
    return body | ({"status": to} if to and to != status else {})
