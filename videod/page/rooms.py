"""The rooms of the page: what a person sees. All of it comes from the reads of the commands and of the API."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from videod import files
from videod.core import bounds, days, outlook
from videod.core.breaker import Breaker
from videod.core.links import OWN
from videod.core.measures import a_film
from videod.core.model import Job, Task
from videod.core.statuses import AT_GATE, LABELS, Gate, Status
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.dashboard import events, reason, rows, view
from videod.dashboard import report as report_words
from videod.page import charts
from videod.page import review as reviews
from videod.page.gate import VISITOR, Visitor
from videod.page.pages import Pages, values
from videod.store import in_full, listing, reads, reports, views
from videod.store.calendar import calendar, first_of
from videod.store.happenings import Happening
from videod.store.takes import all_takes
from videod.web import api_shapes, drafts, reading
from videod.web.episodes import task_of
from videod.web.routes import Call, House
from videod.web.sessions import Role, Sessions

_PLAN_BYTES = 4 << 20
#: rows of the money and report rooms, days
WEEK, MONTH = 7, 30
#: episodes of a column of the board that are shown, and lines of a log
SHOWN, LINES = 30, 200
_CLOSED = (Status.PUBLISHED.value, Status.CANCELLED.value)
_NOTHING = Call({}, {}, {})


@dataclass(frozen=True)
class Waiting:
    """One thing of the inbox. `address`: where an entry that is no episode is edited."""

    id: str
    title: str
    channel: str
    kind: str
    what: str
    why: str
    since: int
    cost_micros: int
    gate: Gate | None
    seen: str
    address: str = ""


class Rooms:
    """Serves pages. `workspace`: where the files of a task lie; `told`: what a session has yet to hear, once;
    `price`: what a film of a channel costs, micro-dollars."""

    def __init__(
        self, house: House, pages: Pages, sessions: Sessions, workspace: Callable[[str, str], Path],
        told: dict[str, tuple[str, str]], price: Callable[[str], int],
    ) -> None:  # fmt: skip
        self.house = house
        self.pages = pages
        self._sessions = sessions
        self._workspace = workspace
        self.told = told
        self._price = price

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.inbox), web.get("/episodes/{id}", self.episode), web.get("/episodes/{id}/log", self.log),
            web.get("/board", self.board), web.get("/new", self.new), web.get("/channels", self.channels),
            web.get("/services", self.services), web.get("/money", self.money), web.get("/report", self.report),
            web.get("/people", self.people),
        ]  # fmt: skip

    def show(
        self, request: web.Request, name: str, room: str, status: int = 200, shows: str = "", **more: Any
    ) -> web.Response:  # fmt: skip
        """A page with what all pages have. The message that waited for this session comes with it. `shows`: of which
        episode or channel alone it hears changes, as the query of `/changes`."""
        visitor: Visitor = request[VISITOR]
        refreshed = "HX-Request" in request.headers  # any page of this session does that automatically
        message = None if refreshed else self.told.pop(visitor.session.digest, None)
        return self.pages.page(
            name, status, room=room, me=visitor.session, key=visitor.key, may_edit=visitor.may(Role.EDITOR),
            owner=visitor.may(Role.OWNER), message=message, path=request.path, here=request.path_qs, shows=shows,
            now=self.house.clock.now_ms(), **more,
        )  # fmt: skip

    async def bar(self) -> dict[str, Any]:
        """What stands above every room: how much waits, what today cost, whether all is stopped."""
        at = self.house.clock.now_ms()

        def look(tx: sqlite3.Connection) -> dict[str, Any]:
            return {
                "waiting": listing.count(tx, listing.Wanted(person=True)),
                "today": reports.spent_since(tx, calendar(tx).day(at).begin),
                "stopped": any(map(_of_everything, reads.suspensions(tx, at))),
            }  # fmt: skip

        return await self.house.store.read(look)

    # ----------------------------------------------------------------------------------------- inbox

    async def waiting(self) -> tuple[views.Overview, tuple[Waiting, ...]]:
        """The whole, and what of it needs a person, the oldest first."""
        at = self.house.clock.now_ms()

        def look(tx: sqlite3.Connection) -> tuple[views.Overview, dict[str, str]]:
            seen = views.overview(tx, at)
            gates = [one.task for one in seen.episodes if one.task.status in AT_GATE]
            return seen, {task.id: reviews.mark(task, reads.finished(tx, task.id)) for task in gates}

        seen, marks = await self.house.store.read(look)
        found = [one for one in (_waiting(each, at, marks) for each in seen.episodes) if one is not None]
        found += [
            Waiting(
                "", one.title or "(no title)", one.channel, "refused", "Entry refused", one.reason, one.at, 0, None, "",
                f"/drafts/{one.page_id}" if one.page_id.startswith(OWN) else "",
            )
            for one in seen.refused
        ]  # fmt: skip
        return seen, tuple(sorted(found, key=lambda one: (one.since, one.id)))

    async def inbox(self, request: web.Request) -> web.Response:
        seen, found = await self.waiting()
        seen = replace(seen, problems=(*self.house.problems(), *seen.problems))
        around = rows.Surroundings(None, self.house.limits())
        shown = view.snapshot(rows.Rows(seen, (), around))
        ready = [one for one in found if one.gate is not None]
        return self.show(
            request, "inbox.html", "inbox", waits=found, ready=ready, warnings=shown.warnings, work=shown.work,
            queue=shown.queue, **await self.bar(),
        )  # fmt: skip

    # ----------------------------------------------------------------------------------------- an episode

    async def look(self, request: web.Request) -> tuple[Task, tuple[Job, ...], reviews.Review]:
        """The episode of an address. Raises Refused."""
        name, visitor = request.match_info["id"], request[VISITOR]

        def read(tx: sqlite3.Connection) -> tuple[Task, tuple[Job, ...], Mapping[str, Any]]:
            task = task_of(tx, name)
            return task, reads.jobs(tx, task.id), all_takes(tx, task.id)

        task, jobs, takes = await self.house.store.read(read)
        told = reviews.story(await self._plan(task, jobs))
        return task, jobs, reviews.review(task, jobs, takes, told, visitor.may(Role.EDITOR))

    async def episode(self, request: web.Request) -> web.Response:
        task, jobs, seen = await self.look(request)
        at = self.house.clock.now_ms()
        known = self.house.ledger.knows(task.channel_id)

        def look(tx: sqlite3.Connection) -> tuple[int, Any, in_full.Ahead, list[str]]:
            since, suspensions, ahead = views.since(tx, task), reads.suspensions(tx, at), in_full.ahead(tx, task)
            return since, suspensions, ahead, [one for one in _at_reviews(tx) if one != task.id]

        since, suspensions, ahead, others = await self.house.store.read(look)
        case = reason.Case(task, jobs, since, suspensions, ahead, True, 4, at, known)
        offered = {one.verb.value: one for one in outlook.outlook(task, jobs, suspensions, known, at).actions
                   if not one.field}  # fmt: skip
        return self.show(
            request, "episode.html", "episode", shows=f"task={task.id}", task=task,
            label=LABELS[task.status], review=seen, since=since,
            why=reason.why(case), offered=offered, next=others[0] if others else None, others=len(others),
            channel=self._channel_name(task.channel_id), tone=view.tone(task.status), **await self.bar(),
        )  # fmt: skip

    async def _plan(self, task: Task, jobs: tuple[Job, ...]) -> object:
        """The plan's JSON, None where there is none to read."""
        plan = next((job for job in jobs if job.step == "plan" and job.output), None)
        if plan is None or plan.output is None:
            return None
        workspace = self._workspace(task.channel_id, task.id)
        try:
            return bounds.loads(
                await asyncio.to_thread(files.read_made, workspace / plan.output, _PLAN_BYTES, workspace)
            )
        except (OSError, ValueError):
            return None

    def _channel_name(self, channel_id: str) -> str:
        found = self.house.channels().get(channel_id)
        return channel_id if found is None else found.name

    async def log(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]

        def look(tx: sqlite3.Connection) -> tuple[Task, list[listing.HistoryLine]]:
            task = task_of(tx, name)
            return task, list(listing.history(tx, task.id, 0, 5_000))

        task, found = await self.house.store.read(look)
        quiet = ("JobStarted", "JobSubmitted", "JobCharged")
        lines = [
            (one.at, str(one.body.get("by", "")), *_told(task.id, one)) for one in found if one.event not in quiet
        ][-LINES:][::-1]  # fmt: skip
        return self.show(
            request, "log.html", "log", shows=f"task={task.id}", task=task, lines=lines, **await self.bar()
        )

    # ----------------------------------------------------------------------------------------- the whole

    async def board(self, request: web.Request) -> web.Response:
        at, channel = self.house.clock.now_ms(), values(request).get("channel", "")

        def look(tx: sqlite3.Connection) -> tuple[views.Overview, tuple[Task, ...]]:
            wanted = listing.Wanted(_CLOSED, channel or None)
            return views.overview(tx, at), listing.page(tx, wanted, listing.Order.ENDED, True, None, SHOWN)

        seen, closed = await self.house.store.read(look)
        body = await drafts.listed(self.house, Call({}, {"limit": SHOWN}, {}))
        waiting = [one for one in body["entries"] if channel in ("", one["channel"])]
        columns: dict[str, list[view.Line]] = {"Queued": [], "In work": [], "Review": [], "Stopped": []}
        names = {"wait": "Queued", "work": "In work", "review": "Review", "bad": "Stopped"}
        for one in seen.episodes:
            if channel in ("", one.task.channel_id):
                columns[names.get(view.tone(one.task.status), "In work")].append(view.line(one, at, 4))
        return self.show(
            request, "board.html", "board", shows=f"channel={quote(channel)}" if channel else "",
            columns=columns, closed=closed, channel=channel,
            channels=sorted({*self.house.channels(), *(one.task.channel_id for one in seen.episodes)}), labels=LABELS,
            shown=SHOWN, drafts=waiting if body["kind"] == "none" else None, **await self.bar(),
        )  # fmt: skip

    async def new(self, request: web.Request) -> web.Response:
        return self.show(
            request, "new.html", "new", given=values(request), problem=None, brands=self.brands(), entry=None,
            **await self.bar(),
        )  # fmt: skip

    def brands(self) -> list[dict[str, Any]]:
        """The channels with what a writer wants to know of each."""
        found = []
        for name, channel in sorted(self.house.channels().items()):
            found.append({"id": name, "name": channel.name, "brand": channel.brand, "price": self._price(name)})
        return found

    async def channels(self, request: web.Request) -> web.Response:
        body = await reading.channels(self.house, _NOTHING)
        return self.show(request, "channels.html", "channels", channels=body["channels"], **await self.bar())

    async def services(self, request: web.Request) -> web.Response:
        body: api_shapes.ServicesBody = await reading.services(self.house, _NOTHING)
        at = self.house.clock.now_ms()

        def look(tx: sqlite3.Connection) -> tuple[views.Overview, dict[str, Breaker]]:
            found = [reads.breaker(tx, one["service"]) for one in body["services"]]
            return views.overview(tx, at, whole=False), {one.service: one for one in found if one.failures or one.open}

        seen, breakers = await self.house.store.read(look)
        quota = {one.name: one for one in seen.allowances if one.kind.value == "quota"}
        return self.show(
            request, "services.html", "services", services=body["services"], quota=quota, breakers=breakers,
            **await self.bar(),
        )  # fmt: skip

    async def money(self, request: web.Request) -> web.Response:
        at = self.house.clock.now_ms()

        def look(tx: sqlite3.Connection) -> tuple[dict[str, tuple[reports.Spend, ...]], dict[str, dict[str, int]], str]:
            found = reports.spends(tx, first_of(tx, at, MONTH))
            by = {by: found.by(tx, by) for by in ("day", "channel", "service", "episode")}
            return by, found.daily(), calendar(tx).zone

        spent, daily, zone = await self.house.store.read(look)
        days_shown = days.last(at, zone, MONTH)
        whole = {one.key: one.micros for one in spent["day"]}
        return self.show(
            request, "money.html", "money", spent=spent, shown=SHOWN, charts=charts.of_channels(daily, days_shown),
            whole=charts.chart("all channels", whole, days_shown, charts.most_of([whole])), **await self.bar(),
        )  # fmt: skip

    async def report(self, request: web.Request) -> web.Response:
        at = self.house.clock.now_ms()

        def look(tx: sqlite3.Connection) -> Any:
            return reports.report(tx, first_of(tx, at, WEEK), at + 1)

        found = await self.house.store.read(look)
        lines = [*report_words.summary(found), report_words.queue(found, at)]
        return self.show(
            request, "report.html", "report", period=report_words.period(found), lines=lines, report=found,
            stays=report_words.reviews(found), stage=report_words.stage, film=a_film(found.published),
            films=Counter(one.channel_id for one in found.published),
            **await self.bar(),
        )  # fmt: skip

    async def people(self, request: web.Request) -> web.Response:
        return self.show(
            request, "people.html", "people", sessions=self._sessions.listed(), invite=None, **await self.bar()
        )  # fmt: skip


def _of_everything(one: Suspension) -> bool:
    """Whether a person stopped all spending by it."""
    return one.service == EVERY_SERVICE and one.cause is Cause.PERSON and not one.channel_id


def _at_reviews(tx: sqlite3.Connection) -> list[str]:
    """The IDs of the episodes at reviews, in the order of the inbox."""
    found = [one for one in reads.open_tasks(tx) if one.status in AT_GATE]
    return [task_id for _, task_id in sorted((views.since(tx, one), one.id) for one in found)]


def _told(task_id: str, one: listing.HistoryLine) -> tuple[str, str]:
    return events.words(Happening(one.at, task_id, "", one.event, one.body, one.status))


def _waiting(one: views.Episode, at: int, marks: Mapping[str, str]) -> Waiting | None:
    """What a person is asked for an episode; None where nobody is."""
    task, gate = one.task, AT_GATE.get(one.task.status)
    shown = view.line(one, at, 4)
    if gate is not None:
        what = f"Review the {reviews.REVIEWS[gate]}"
        return Waiting(task.id, shown.title, task.channel_id, "review", what, one.progress, one.since,
                       one.pending_micros, gate, marks.get(task.id, ""))  # fmt: skip
    holding = task.suspended or task.waits
    if task.paused is not None:
        what, kind = "Paused", "wait"
    elif view.tone(task.status) == "bad":
        what, kind = LABELS[task.status], "bad"
    elif holding is not None and holding.needs_person:
        what, kind = "Waits for you", "bad"
    else:
        return None
    return Waiting(task.id, shown.title, task.channel_id, kind, what, shown.note, one.since, 0, None, "")
