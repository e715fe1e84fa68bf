"""From rows to what a screen says: every word and number, nothing of its looks. Pure.

Tones are names ("review", "bad", "work", "wait", "good", "dim", "plain"); `render` gives them colors.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from videod.core import wording
from videod.core.board import waiting
from videod.core.model import Job
from videod.core.sanitize import sanitize_screen
from videod.core.statuses import AT_GATE, ERRORS, LABELS, Gate, JobState, Status
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.core.tables import REVIEWED
from videod.dashboard import events
from videod.dashboard.rows import Rows, Surroundings
from videod.dashboard.text import ago, ahead, clock, count, money, span, spent
from videod.store.views import Episode, Lane, Overview, Unsent, rank

#: bar -> the steps it counts, in the order of work
STAGES: dict[str, tuple[str, ...]] = {
    "assets": (*REVIEWED[Gate.STORY], *REVIEWED[Gate.ASSETS]),
    "video": REVIEWED[Gate.VIDEO],
    "audio": REVIEWED[Gate.AUDIO],
    "film": REVIEWED[Gate.FINAL],
    "upload": ("upload",),
}


class Bar(NamedTuple):
    """One stage of an episode: jobs done, running, stopped, of all (0: not planned yet)."""

    name: str
    done: int
    running: int
    stopped: int
    total: int


@dataclass(frozen=True)
class Line:
    """One open episode. `note` says what is particular now: the wait, the retry, the failure, what approving costs.

    `gate`: the open review, "" where none is.
    """

    id: str
    title: str
    channel: str
    label: str
    tone: str
    progress: str
    note: str
    cost: str
    cost_of_approval: str
    since: str
    bars: tuple[Bar, ...]
    gate: str = ""
    paused: bool = False


class LaneLine(NamedTuple):
    """`suspended` is empty or says until when and why."""

    service: str
    running: int
    limit: int | None
    ready: int
    later: int
    suspended: str


class EventLine(NamedTuple):
    time: str
    title: str
    text: str
    tone: str


@dataclass(frozen=True)
class View:
    """The whole screen. `alive` False: no daemon runs, `daemon` says so and what to type."""

    time: str
    alive: bool
    daemon: str
    money: str
    summary: str
    warnings: tuple[str, ...]
    lanes: tuple[LaneLine, ...]
    reviews: tuple[Line, ...]
    errors: tuple[Line, ...]
    work: tuple[Line, ...]
    queue: tuple[Line, ...]
    events: tuple[EventLine, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All open episodes, what needs a person first."""
        return self.reviews + self.errors + self.work + self.queue


def snapshot(rows: Rows) -> View:
    seen, at = rows.overview, rows.overview.at
    ranked = [(_rank(one), line(one, at, rows.around.waits)) for one in seen.episodes]
    groups = [tuple(one for found, one in ranked if found == wanted) for wanted in range(4)]
    published = count(seen.published_7d, "episode")
    return View(
        time=clock(at, at),
        alive=rows.around.daemon is not None,
        daemon=_daemon(rows.around, seen.heartbeat, at),
        money=f"spent today {spent(seen.spend_today_micros, seen.possible_today_micros)}",
        summary=f"published in 7 days: {published}",
        warnings=_warnings(rows),
        lanes=tuple(_lane(one, seen.suspensions, rows.around, at) for one in seen.lanes),
        reviews=groups[0],
        errors=groups[1],
        work=groups[2],
        queue=groups[3],
        events=tuple(
            EventLine(clock(one.at, at).rpartition(" ")[0], sanitize_screen(one.title or ""), *events.words(one))
            for one in rows.happenings
        ),
    )


#: where episodes stand that a person must let go on, whatever their status: among the stopped ones
_STOPPED = 1


def _rank(one: Episode) -> int:
    """Its group; what waits for money, a key or a setting needs a person, although nothing failed for good."""
    task = one.task
    holding = task.suspended or task.waits
    if task.status in AT_GATE or task.paused is not None or holding is None or not holding.needs_person:
        return rank(task.status)
    return _STOPPED


def _daemon(around: Surroundings, heartbeat: int | None, at: int) -> str:
    daemon = around.daemon
    if daemon is None:
        last = "" if heartbeat is None else f" since {ago(heartbeat, at)}"
        return f"videod is not running{last}. Start it with `videod run`"
    version = f" {sanitize_screen(daemon.version)}" if daemon.version else ""
    uptime = "" if daemon.started_at is None else f", up {span(at - daemon.started_at)}"
    return f"videod{version} runs (pid {daemon.pid}{uptime})"


def _warnings(rows: Rows) -> tuple[str, ...]:
    seen = rows.overview
    found = [_everything(one, seen.at) for one in seen.suspensions if one.service == EVERY_SERVICE]
    found += [wording.top_up(one) for one in seen.suspensions if one.cause is Cause.CREDIT]
    daemon = rows.around.daemon
    found += [sanitize_screen(problem) for problem in (*(daemon.problems if daemon else ()), *seen.problems)]
    if seen.refused:
        found.append(_refused(seen))
    if seen.in_doubt:
        found.append(
            f"{count(seen.in_doubt, 'unconfirmed purchase')}: `videod why EPISODE` says which, then retry or cancel it"
        )
    if seen.possibly_paid_twice:
        found.append(f"possibly paid twice so far: {seen.possibly_paid_twice}")
    found.extend(_unsent(one, seen.at) for one in seen.unsent if one.problem or seen.at - one.oldest > 60_000)
    return tuple(found)


def _refused(seen: Overview) -> str:
    newest = seen.refused[0]
    one = f'"{sanitize_screen(newest.title) or "(no title)"}": {sanitize_screen(newest.reason)}'
    if len(seen.refused) == 1:
        return f"1 entry was refused, {one}"
    return f"{len(seen.refused)} entries were refused (see `videod status`), the newest is {one}"


_TARGETS = {"entry": "board entry", "asset": "board asset", "alert": "alert"}


def _unsent(one: Unsent, at: int) -> str:
    nouns = "board entries" if one.target == "entry" else None
    text = f"{count(one.rows, _TARGETS[one.target], nouns)} not delivered for {span(at - one.oldest)}"
    return f"{text}: {sanitize_screen(one.problem)}" if one.problem else text


def suspended_text(one: Suspension, at: int) -> str:
    """Such as "waiting until 08:00 UTC (in 2 h): quota of gemini is used up"."""
    channel = f"{one.channel_id} " if one.channel_id else ""
    return f"{channel}{sanitize_screen(wording.standing(one, lambda ms: ahead(ms, at)))}"


def _everything(one: Suspension, at: int) -> str:
    """A pause of every service, of the whole around or of one channel."""
    what = f"channel {one.channel_id}" if one.channel_id else "everything"
    text = f"{what} is {suspended_text(replace(one, channel_id=''), at)}"
    command = wording.resume_command(one)
    return text if command is None else f"{text}. `{command}` resumes it"


def _lane(one: Lane, suspensions: tuple[Suspension, ...], around: Surroundings, at: int) -> LaneLine:
    mine = [suspended_text(row, at) for row in suspensions if row.service == one.service]
    return LaneLine(
        one.service, one.running, around.limits.get(one.service), one.ready, one.later, "; ".join(mine)
    )  # fmt: skip


def line(one: Episode, at: int, waits: int) -> Line:
    task = one.task
    return Line(
        id=task.id, title=sanitize_screen(task.title), channel=task.channel_id, label=LABELS[task.status],
        tone=tone(task.status), progress=one.progress, note=_note(one, at, waits),
        cost=spent(task.cost_micros, task.possible_micros),
        cost_of_approval=money(one.pending_micros) if one.pending_micros else "", since=span(at - one.since),
        bars=tuple(_bar(name, steps, one.jobs) for name, steps in STAGES.items()),
        gate=AT_GATE[task.status].value if task.status in AT_GATE else "", paused=task.paused is not None,
    )  # fmt: skip


def tone(status: Status) -> str:
    if status in AT_GATE:
        return "review"
    if status in ERRORS:
        return "bad"
    if status == Status.PUBLISHED:
        return "good"
    return "wait" if status in (Status.QUEUED, Status.QUOTA_EXCEEDED, Status.CANCELLED, Status.DRAFT) else "work"


def _bar(name: str, steps: tuple[str, ...], jobs: tuple[Job, ...]) -> Bar:
    rows = [job.state for job in jobs if job.step in steps and job.state != JobState.SKIPPED]
    stopped = sum(state in (JobState.FAILED, JobState.IN_DOUBT) for state in rows)
    return Bar(name, rows.count(JobState.DONE), rows.count(JobState.RUNNING), stopped, len(rows))


def _note(one: Episode, at: int, waits: int) -> str:
    """What is particular about it now, the most pressing alone."""
    task = one.task
    if task.status in AT_GATE:
        cost = one.pending_micros
        return f"approving costs {money(cost)}" if cost else "approving is free"
    troubled = one.troubled
    if task.status in ERRORS and troubled is not None and troubled.failure is not None:
        return sanitize_screen(f"{troubled.name} {troubled.failure.kind.value}: {troubled.failure.message}")
    if task.paused is not None:
        return sanitize_screen(f"paused: {task.paused}")
    if task.suspended is not None:
        return sanitize_screen(wording.note(task.suspended))
    if said := waiting(task):
        return sanitize_screen(said)
    retry = one.retry(at)
    if retry is not None:
        which = f"retry {retry.attempts} of {waits}" if retry.attempts else "continues"
        return f"{retry.name} {which} at {ahead(retry.due_at, at)}"
    running = [job.name for job in one.jobs if job.state == JobState.RUNNING]
    if running:
        return running[0] if len(running) == 1 else f"{running[0]} and {len(running) - 1} more run"
    return sanitize_screen(task.error)
