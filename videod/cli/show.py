"""`videod show EPISODE`: everything about one episode. `videod list`: the episodes, newest first."""

from pathlib import Path
from typing import Annotated

import typer

from videod.cli import client, options, output
from videod.cli.options import AsJson, ChannelId, Config, Episode, StateFolder, examples
from videod.cli.output import Cell, CommandError
from videod.core import wording
from videod.core.board import pending_cost_micros
from videod.core.model import Job, Task
from videod.core.sanitize import sanitize_screen_lines
from videod.core.statuses import AT_GATE, BY_LABEL, ERRORS, LABELS, JobState, Status
from videod.core.suspension import Cause
from videod.core.tables import ORDER
from videod.dashboard.text import ago, clock, money, span, spent
from videod.dashboard.view import tone
from videod.store import views
from videod.web import details, serializers

app = options.app()

#: a list longer than this helps nobody
LIMIT_MAX = 10_000


@app.command(epilog=examples("videod show grizzly", "videod show grizzly --charges"))
def show(
    episode: Episode,
    charges: Annotated[bool, typer.Option("--charges", help="List every charge, not only the sums.")] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Show one episode: jobs, history, costs and files."""
    where, at = client.place(state, config), client.now_ms()
    with client.looking(where) as connection:
        seen = views.detail(connection, client.one_task(connection, episode), at)
    workspace = where.workspace(seen.task)
    if as_json:
        output.print_json(details.detail(seen, at, workspace, configured(seen.task)))
        return output.OK
    _print_header(seen, workspace, at)
    _print_costs(seen, charges, at)
    _print_jobs(seen.jobs, at)
    _print_timeline(seen, at)
    _print_failure(seen, at)
    _print_files(seen.jobs, workspace)
    return output.OK


def configured(task: Task) -> bool:
    """Whether the channel's file is there, as the daemon last saw it."""
    return task.waits is None or task.waits.cause is not Cause.CHANNEL_FILE


def _print_header(seen: views.Detail, workspace: Path, at: int) -> None:
    task = seen.task
    output.heading(task.title)
    label = Cell(f"{LABELS[task.status]} since {ago(seen.since, at)}", tone(task.status))
    table: list[list[str | Cell]] = [
        ["task", task.id], ["page", task.page_id], ["channel", task.channel_id], ["status", label],
        ["priority", task.priority.label], ["topic", task.topic], ["direction", task.direction],
        ["queued", ago(task.queued_at, at)],
    ]  # fmt: skip
    more = {
        "privacy": task.privacy,
        "waiting": None if task.suspended is None else wording.note(task.suspended),
        "note": task.error, "video": task.youtube_url,
        "possibly paid twice": str(task.possibly_paid_twice) if task.possibly_paid_twice else None,
    }  # fmt: skip
    table += [[name, text] for name, text in more.items() if text]
    gate = AT_GATE.get(task.status)
    if gate is not None:
        cost = pending_cost_micros(seen.jobs, gate)
        table.append(["approving", Cell(f"costs about {money(cost)}: videod approve {task.id}", "review")])
    table.append(["workspace", str(workspace)])
    output.table(("", ""), table, indent="  ")


def _print_costs(seen: views.Detail, listed: bool, at: int) -> None:
    output.say("")
    output.heading(f"Cost {spent(seen.task.cost_micros, seen.task.possible_micros)}")
    by_service = [[name, f"${usd:.4f}"] for name, usd in serializers.costs(seen.charges).items()]
    output.table(("", ""), by_service or [["nothing was charged", ""]], indent="  ")
    unclear = [one for one in seen.possible if one.cleared_by is None]
    if unclear:
        output.say("  possibly paid, counted against every limit:")
        rows = [[clock(one.at, at), one.job, one.service, money(one.micros)] for one in unclear]
        output.table(("", "", "", ""), rows, indent="  ")
    if listed and seen.charges:
        head = ("at", "job", "service", "what", "quantity", "usd")
        rows = []
        for one in seen.charges:
            amount, usd = f"{one.quantity:g} {one.unit}", f"${one.micros / 1e6:.4f}"
            rows.append([clock(one.at, at), one.job, one.service, one.kind, amount, usd])
        output.table(head, rows, indent="  ")


_TONES = {
    JobState.WAITING: "dim", JobState.READY: "plain", JobState.RUNNING: "work", JobState.IN_DOUBT: "bad",
    JobState.DONE: "good", JobState.FAILED: "bad", JobState.SKIPPED: "dim",
}  # fmt: skip


def _print_jobs(jobs: tuple[Job, ...], at: int) -> None:
    output.say("")
    done = sum(job.state == JobState.DONE for job in jobs)
    output.heading(f"Jobs ({done} of {sum(job.state != JobState.SKIPPED for job in jobs)} done)")
    rows: list[list[str | Cell]] = []
    for job in sorted(jobs, key=lambda one: (ORDER[one.step], one.key)):
        cost = money(job.cost_micros) if job.cost_micros else ""
        took = "" if job.started_at is None else span((job.ended_at or at) - job.started_at)
        state = Cell(job.state.value, _TONES[job.state])
        rows.append(
            [job.name, state, _when(job, at), f"{job.attempts or ''}", took, _size(job.bytes), cost, job.output or ""]
        )
    output.table(("job", "state", "", "failed", "took", "size", "cost", "file"), rows, indent="  ")


def _when(job: Job, at: int) -> str:
    """What a ready job waits for, and which take it is."""
    take = f"take {job.revision + 1}" if job.revision else ""
    if job.state == JobState.READY and job.due_at > at:
        return f"again at {clock(job.due_at, at)}" + (f", {take}" if take else "")
    return take


def _size(count: int | None) -> str:
    if count is None:
        return ""
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1e6:.1f} MB"


def _print_timeline(seen: views.Detail, at: int) -> None:
    output.say("")
    output.heading("Timeline")
    moves = serializers.moves(seen.history)
    ends = [begin for begin, _ in moves[1:]] + [at]
    rows: list[list[str | Cell]] = []
    for (begin, name), end in zip(moves, ends, strict=True):
        status = Status(name)
        last = begin == moves[-1][0] and end == at
        lasted = "" if last and status == Status.PUBLISHED else span(end - begin) + (" so far" if last else "")
        rows.append([clock(begin, at), Cell(LABELS[status], tone(status)), lasted])
    output.table(("", "", ""), rows, indent="  ")


def _print_failure(seen: views.Detail, at: int) -> None:
    told = serializers.last_failure(seen)
    if told is None or seen.failed is None:
        return
    output.say("")
    fixed = " (fixed since)" if told["fixed"] else ""
    output.heading(f"Last failure{fixed}: {told['job']}, {ago(seen.failed.ended_at or at, at)}")
    failure = told["failure"] if isinstance(told["failure"], dict) else {}
    where = " ".join(str(failure[name]) for name in ("service", "endpoint") if failure.get(name))
    marks = [f"HTTP {failure['http_status']}" if failure.get("http_status") else "", str(failure.get("code") or "")]
    marks.append(f"request {failure['request_id']}" if failure.get("request_id") else "")
    inside = ", ".join(mark for mark in (where, *marks) if mark)
    output.say(f"  {told['outcome']}: {failure.get('message', '')}" + (f" [{inside}]" if inside else ""), "bad")
    tail = sanitize_screen_lines(seen.failed.stderr_tail.strip())
    if tail:
        output.say(f"  exit code {seen.failed.exit_code}, end of its stderr:", "dim")
        for line in tail:
            output.say(f"    {line}")


def _print_files(jobs: tuple[Job, ...], workspace: Path) -> None:
    files = [(job, workspace / job.output) for job in jobs if job.output]
    if not files:
        return
    output.say("")
    output.heading("Files")
    ordered = sorted(files, key=lambda one: (ORDER[one[0].step], one[0].key))
    for _, path in ordered:
        output.say(f"  {path}" + ("" if path.exists() else "  (not there)"), "plain" if path.exists() else "dim")


# ------------------------------------------------------------------------------------------- the list

_GROUPS = {
    "review": tuple(AT_GATE),
    "errors": tuple(status for status in Status if status in ERRORS),
    "open": tuple(status for status in Status if views.rank(status) != 4),
    "work": tuple(status for status in Status if views.rank(status) == 2),
}


@app.command("list", epilog=examples("videod list --status review --channel wild_planet"))
def list_episodes(
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="STATUS", help=f"A status, or one of {', '.join(_GROUPS)}. Repeat for several."),
    ] = None,
    channel: ChannelId = None,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, metavar="N", help="Show at most N.")] = 50,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """List episodes, newest first."""
    wanted = tuple(dict.fromkeys(one for text in status or () for one in _statuses(text)))
    with client.looking(client.place(state, config)) as connection:
        found = views.tasks(connection, wanted, channel, limit + 1)
    shown, more = found[:limit], len(found) > limit
    if as_json:
        output.print_json({"tasks": [serializers.task(one) for one in shown], "more": more})
        return output.OK
    if not shown:
        output.say("No such episode; set an entry of the board to Queued to start one.")
        return output.OK
    head = ("task", "title", "channel", "status", "priority", "queued", "cost", "video")
    output.table(head, [_row(one) for one in shown])
    if more:
        output.say(f"… and more; see `videod list --limit {min(2 * limit, LIMIT_MAX)}`", "dim")
    return output.OK


def _statuses(text: str) -> tuple[Status, ...]:
    """The statuses of a group, a stored value or a label, in any case and with spaces, dashes or underscores."""
    if text in _GROUPS:
        return _GROUPS[text]
    folded = text.lower().replace(" ", "_").replace("-", "_")
    for status in Status:
        if folded == status.value:
            return (status,)
    for label, status in BY_LABEL.items():
        if text.lower() == label.lower():
            return (status,)
    raise CommandError(
        output.USAGE, f"there is no status {text!r}", f"name one of: {', '.join((*_GROUPS, *Status))}"
    )  # fmt: skip


def _row(task: Task) -> list[str | Cell]:
    status = Cell(LABELS[task.status], tone(task.status))
    queued = clock(task.queued_at, client.now_ms())
    cost, url = spent(task.cost_micros, task.possible_micros), task.youtube_url or ""
    return [task.id, Cell(task.title, "bold"), task.channel_id, status, task.priority.label, queued, cost, url]
