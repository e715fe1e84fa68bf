"""What is pressed on the page: forms become the requests that commands make, under the name of whoever is in.

An act that throws something away or costs money says so first, on a page of its own (`sure`); approving has its price
on the button. Each ends with a sentence on the page that one comes back to.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import BodyPartReader, web

from videod.core import outlook
from videod.core.board import pending_cost_micros
from videod.core.statuses import AT_GATE
from videod.dashboard.text import count, money
from videod.guard.errors import Code, Refused
from videod.page import review
from videod.page.changes import Changes
from videod.page.gate import VISITOR, Visitor, local
from videod.page.media import Media
from videod.page.rooms import Rooms
from videod.store import reads
from videod.web import changing
from videod.web.desk import Outcome
from videod.web.requests import NAMES_MOST, RequestHandler, perform
from videod.web.routes import Call
from videod.web.sessions import Role, Sessions

log = logging.getLogger(__name__)

#: verb of an episode -> what the form of `sure` says on its button
_BUTTONS = {"redo": "Redo", "correct": "Save", "take": "Use this take", "put": "Use my file", "cancel": "Cancel it",
            "retry": "Resume"}  # fmt: skip
#: how the field of a note for one file begins; the job's name follows
NOTE_FOR = "note:"
#: fields of a form that are no part of a request
_OWN = frozenset({"form_key", "sure", "back", "cost"})


class Acts:
    """Takes forms."""

    def __init__(self, rooms: Rooms, media: Media, sessions: Sessions, changes: Changes) -> None:
        self._rooms = rooms
        self._house = rooms.house
        self._media = media
        self._sessions = sessions
        self._changes = changes

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/approve", self.approve_many), web.post("/episodes/{id}/approve", self.approve),
            web.post("/episodes/{id}/{verb:redo|correct|take|cancel|retry|pause|resume}", self.verb),
            web.post("/episodes/{id}/put", self.put), web.post("/new", self.new),
            web.post("/services/{id}/{verb:pause|resume}", self.service), web.post("/people", self.invite),
            web.post("/people/end", self.end),
        ]  # fmt: skip

    # ----------------------------------------------------------------------------------------- reviews

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """Approve what was seen, at the price that was on the button."""
        form = await request.post()
        done = await self._approved(request, request.match_info["id"], form)
        return self.back(request, form, done, f"/episodes/{request.match_info['id']}")

    async def approve_many(self, request: web.Request) -> web.StreamResponse:
        """Approve several, each named as `id seen cost`; the sum is said first."""
        form = await request.post()
        named = [str(one).split(" ") for one in form.getall("task", [])][:NAMES_MOST]
        chosen = [one for one in named if len(one) == 3 and one[2].isdecimal()]
        if not chosen:
            return self.back(request, form, Outcome("Nothing was chosen.", False), "/")
        total = sum(int(one[2]) for one in chosen)
        if not form.get("sure"):
            said = f"Approving {count(len(chosen), 'review')} costs about {money(total)} in all."
            fields = [("task", " ".join(one)) for one in chosen]
            return self.ask(request, "/approve", "/", said, f"Approve {len(chosen)} for {money(total)}", fields)
        refused, approved = [], 0
        for name, seen, cost in chosen:
            try:
                await self._approved(request, name, {"seen": seen, "cost": cost})
                approved += 1
            except Refused as error:
                refused.append(f"{name}: {error}")
        text = f"{count(approved, 'review')} approved" + (f". Not approved: {', '.join(refused)}" if refused else "")
        return self.back(request, form, Outcome(text, approved > 0), "/")

    async def _approved(self, request: web.Request, name: str, form: Mapping[str, Any]) -> Outcome:
        handler = self._handler(request)
        task, jobs = await handler.look(name)
        gate = AT_GATE.get(task.status)
        if gate is not None:
            if form.get("seen") != review.seen(task, jobs):
                raise Refused(Code.CONFLICT, f"{task.title} changed since you looked", "look at it again, then approve")
            cost, shown = pending_cost_micros(jobs, gate), str(form.get("cost", ""))
            if not shown.isdecimal() or cost > int(shown):
                raise Refused(Code.CONFLICT, f"approving costs {money(cost)} now", "approve again if that is right")
        body: dict[str, object] = {} if gate is None else {"gate": gate.value}
        return await perform(handler, "tasks", "approve", task.id, body)

    # ----------------------------------------------------------------------------------------- one episode

    async def verb(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        name, verb = request.match_info["id"], request.match_info["verb"]
        body = _body(verb, {key: [str(one) for one in form.getall(key)] for key in form})
        handler, path = self._handler(request), f"/episodes/{name}"
        back = _back_to(form, path)
        if verb in ("redo", "correct", "take") and not form.get("sure"):
            foreseen = await perform(handler, "tasks", verb, name, body | {"dry_run": True})
            if foreseen.cost_micros or verb == "redo" or "regenerated" in foreseen.text:
                return await self._ask_first(request, verb, foreseen, body, back)
        if verb in ("cancel", "retry") and not form.get("sure"):
            return await self._ask_plain(request, verb, back)
        done = await perform(handler, "tasks", verb, name, body)
        return self.back(request, form, done, back)

    async def _ask_first(
        self, request: web.Request, verb: str, foreseen: Outcome, body: Mapping[str, object], back: str
    ) -> web.StreamResponse:  # fmt: skip
        price = f" for {money(foreseen.cost_micros)}" if foreseen.cost_micros else ""
        fields = [(name, str(one)) for name, value in body.items() if name not in ("note", "notes")
                  for one in (value if isinstance(value, list) else [value])]  # fmt: skip
        names = body.get("jobs")
        chosen = [str(one) for one in names] if verb == "redo" and isinstance(names, list) else []
        noted = [name for name in chosen if review.noted(name)]
        said = f"{foreseen.text[:1].upper()}{foreseen.text[1:]}."
        said += f" That costs about {money(foreseen.cost_micros)}." if foreseen.cost_micros else " That costs nothing."
        note = str(body.get("note") or "") if chosen and noted == chosen else None
        _, jobs = await self._handler(request).look(request.match_info["id"])
        each = [review.faced(job) for job in jobs if job.name in noted] if len(chosen) > 1 else []
        path = f"/episodes/{request.match_info['id']}/{verb}"
        return self.ask(request, path, back, said, f"{_BUTTONS[verb]}{price}", fields, note, each)

    async def _ask_plain(self, request: web.Request, verb: str, back: str) -> web.StreamResponse:
        task, jobs = await self._handler(request).look(request.match_info["id"])
        at = self._house.clock.now_ms()
        suspended = await self._house.store.read(lambda tx: reads.suspensions(tx, at))
        known = self._house.ledger.knows(task.channel_id)
        offered = outlook.outlook(task, jobs, suspended, known, at).actions
        cost = next((one.cost_micros for one in offered if one.verb.value == verb), 0)
        said = "It stops and keeps its files. You can resume it later." if verb == "cancel" else (
            f"It resumes where it stopped. That costs about {money(cost)}." if cost else "It resumes where it stopped."
        )  # fmt: skip
        price = f" for {money(cost)}" if cost and verb == "retry" else ""
        return self.ask(request, f"/episodes/{task.id}/{verb}", back, said, f"{_BUTTONS[verb]}{price}", [])

    async def put(self, request: web.Request) -> web.StreamResponse:
        """A file of a person's own: streamed to its place, checked there, then put in the place of the job's."""
        name, job_name = request.match_info["id"], request.query.get("job", "")
        handler = self._handler(request)
        task, jobs = await handler.look(name)
        job = next((one for one in jobs if one.name == job_name and one.step in outlook.PUT), None)
        if job is None:
            raise Refused(Code.CONFLICT, "no file can be put there", "load the page again")
        await perform(handler, "tasks", "put", task.id, {"job": job.name, "dry_run": True})
        part = await _file_of(request)
        handed = await self._media.taken(part, task, job)
        done = await perform(handler, "tasks", "put", task.id, {"job": job.name, "file": handed})
        return self.back(request, {}, done, f"/episodes/{task.id}#{job.name.replace('/', '-')}")

    # ----------------------------------------------------------------------------------------- the rest

    async def new(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        given = {key: str(value) for key, value in form.items()}
        body: dict[str, object] = {
            key: given.get(key, "").strip() for key in ("title", "channel", "topic", "direction")
        } | {"priority": given.get("priority") or "normal", "draft": given.get("draft") == "on"}
        if given.get("script", "").strip():
            body["script"] = given["script"].strip()
        try:
            made = await changing.add_entry(self._house, Call({}, {}, body), self.who(request).session.name)
        except Refused as error:
            problem = f"{sentence(str(error))} {sentence(error.hint)}"
            bar, brands = await self._rooms.bar(), self._rooms.brands()
            return self._rooms.show(
                request, "new.html", "new", 409, given=given, problem=problem, brands=brands, entry=None, **bar
            )  # fmt: skip
        log.info("page_entry_added", extra={"page": made["page_id"], "by": self.who(request).session.name})
        word = "is a draft now" if body["draft"] else "is queued"
        return self.back(request, {}, Outcome(f"{made['title']} {word}", True), "/")

    async def service(self, request: web.Request) -> web.StreamResponse:
        """Pause or resume a service, or all of them: stop all spending."""
        form, info = await request.post(), request.match_info
        channel = str(form.get("channel", "")) or None
        reason = f"by {self.who(request).session.name}"
        body: dict[str, object] = {"channel": channel} if channel else {}
        body |= {"reason": reason} if info["verb"] == "pause" else {}
        done = await perform(self._handler(request), "services", info["verb"], info["id"], body)
        return self.back(request, form, done, "/services")

    async def invite(self, request: web.Request) -> web.StreamResponse:
        """A link for another device or person, shown once, with its QR code."""
        self._owner_only(request)
        form = await request.post()
        given = str(form.get("role", Role.OWNER))
        role = Role(given) if given in set(Role) else Role.VIEWER
        name = str(form.get("name", "")).strip() or self.who(request).session.name
        link = self._sessions.link(name, role)
        import segno  # only where a device is paired

        address = f"{self._sessions.address or ''}/enter#{link}"
        code = segno.make(address, error="m").svg_inline(scale=5, dark="#000", light="#fff", border=3, omitsize=True)
        bar = await self._rooms.bar()
        invite = {"address": address, "name": name, "role": role.value, "code": code}
        return self._rooms.show(
            request, "people.html", "people", sessions=self._sessions.listed(), invite=invite, **bar
        )  # fmt: skip

    async def end(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        which, mine = str(form.get("session", "")), self.who(request).session
        if which != mine.id:
            self._owner_only(request)
        ended = await self._sessions.end(which)
        return self.back(request, {}, Outcome(f"{count(ended, 'session')} ended", True), "/people")

    # ----------------------------------------------------------------------------------------- common

    def _owner_only(self, request: web.Request) -> None:
        if not self.who(request).may(Role.OWNER):
            raise Refused(Code.READ_ONLY, "only an owner may do that", "ask the owner of this videod")

    def who(self, request: web.Request) -> Visitor:
        return request[VISITOR]

    def _handler(self, request: web.Request) -> RequestHandler:
        house, name = self._house, self.who(request).session.name
        return RequestHandler(house.ledger, house.store, house.clock, name, house.placing)

    def ask(
        self, request: web.Request, path: str, back: str, said: str, button: str,
        fields: Sequence[tuple[str, str]], note: str | None = None, each: Sequence[review.Face] = (),
    ) -> web.StreamResponse:  # fmt: skip
        """The page that says what will happen; its button sends the form again, as one that is sure.

        `note`: what should be different in all files, None where it cannot be said; `each`: files with notes of their
        own.
        """
        return self._rooms.show(
            request, "sure.html", "sure", action=path, back=back, said=said, button=button, fields=fields, note=note,
            each=each, waiting=None, today=None, stopped=False,
        )  # fmt: skip

    def back(self, request: web.Request, form: Mapping[str, Any], done: Outcome, path: str) -> web.StreamResponse:
        who = self.who(request).session
        told, verb = (done.text, "good") if done.changed else (done.text, "plain")
        self._rooms.told[who.digest] = sentence(told), verb
        target = done.task.id if done.task is not None else ""
        log.info(
            "page_act_done", extra={"path": request.path, "target": target, "by": who.name, "changed": done.changed}
        )
        self._changes.tell()
        return web.Response(status=303, headers={"Location": _back_to(form, path)})


def _back_to(form: Mapping[str, Any], path: str) -> str:
    given = form.get("back")
    return local(given) if isinstance(given, str) and given else path


def sentence(text: str) -> str:
    shown = f"{text[:1].upper()}{text[1:]}"
    return shown if shown.endswith((".", "!", "?", "")) and shown[-1:] in ".!?" else f"{shown}."


def _body(verb: str, form: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """The request's fields from the form's."""
    given = {name: value for name, value in form.items() if name not in _OWN}
    first = {name: value[0] for name, value in given.items()}
    match verb:
        case "redo":
            said = {name: text for name, value in first.items() if (text := value.replace("\r\n", "\n").strip())}
            each = {name.removeprefix(NOTE_FOR): text for name, text in said.items() if name.startswith(NOTE_FOR)}
            notes = ({"note": said["note"]} if "note" in said else {}) | ({"notes": each} if each else {})
            return {"jobs": list(given.get("jobs", ())), **notes}
        case "correct":
            text = first.get("text", "").replace("\r\n", "\n")
            return {"job": first.get("job", ""), "field": first.get("field", ""), "text": text}
        case "take":
            number = first.get("number", "")
            return {"job": first.get("job", ""), "number": int(number) if number.isdecimal() else 0}
        case "pause":
            return {"reason": first["reason"]} if first.get("reason") else {}
    return {}


async def _file_of(request: web.Request) -> BodyPartReader:
    """The first part of the form that is a file. Raises Refused."""
    if not request.content_type.startswith("multipart/"):
        raise Refused(Code.INVALID, "no file was sent", "choose a file first")
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.filename:
            return part
    raise Refused(Code.INVALID, "no file was sent", "choose a file first")
