"""`videod show EPISODE`: everything about one episode. `videod list`: the episodes, newest first."""

from pathlib import Path
from typing import Annotated

import typer

from videod import stories
from videod.cli import client, options, output, show_facts
from videod.cli.options import AsJson, ChannelId, Config, Episode, StateFolder, examples
from videod.cli.output import Cell, Column, CommandError
from videod.core import held_against, sourced, wording
from videod.core.board import pending_cost_micros, target_words
from videod.core.model import Job, Task
from videod.core.sanitize import sanitize_screen_lines
from videod.core.statuses import AT_GATE, BY_LABEL, ERRORS, LABELS, JobState, Status
from videod.core.suspension import Cause
from videod.core.tables import ORDER
from videod.dashboard.text import ago, clock, money, span, spent
from videod.dashboard.view import tone
from videod.store import in_full, views
from videod.web import details, serializers

app = options.app()

#: a list longer than this helps nobody
LIMIT_MAX = 10_000


@app.command(epilog=examples("videod show grizzly", "videod show grizzly --jobs --charges"))
def show(
    episode: Episode,
    listed: Annotated[bool, typer.Option("--jobs", help="List every job and file, not only each step.")] = False,
    charges: Annotated[bool, typer.Option("--charges", help="List every charge, not only the sums.")] = False,
    facts: Annotated[bool, typer.Option("--facts", help="List each line with its sources.")] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Show one episode: jobs, history, costs and files."""
    where, at = client.place(state, config), client.now_ms()
    with client.looking(where) as connection:
        seen = in_full.detail(connection, client.one_task(connection, episode), at)
    workspace = where.workspace(seen.task)
    reviewed = seen.task.status == Status.STORY_READY
    left = stories.read(workspace)
    plan = show_facts.plan_of(workspace) if facts else show_facts.plan_there(workspace) if reviewed else None
    if as_json:
        told = {"facts": show_facts.as_json(plan, left)} if facts and plan is not None else {}
        output.print_json({**details.detail(seen, at, workspace, configured(seen.task)), **told})
        return output.OK
    _print_header(seen, workspace, at, config)
    _print_costs(seen, charges, at)
    if listed:
        _print_jobs(seen.jobs, at)
    else:
        _print_steps(seen.jobs, at)
    show_facts.choose(seen.task.id, left, reviewed or seen.task.status == Status.ASSETS_READY)
    _print_story(left)
    _print_timeline(seen, at)
    _print_failure(seen, at)
    _print_files(seen.jobs, workspace, listed)
    if plan is not None:
        show_facts.show(plan, left)
    return output.OK


def configured(task: Task) -> bool:
    """Whether the channel's file is there, as the daemon last saw it."""
    return task.waits is None or task.waits.cause is not Cause.CHANNEL_FILE


def _target(config: Path | None, channel: str) -> int | None:
    """What the channel's episodes are meant to cost, micro-dollars, as far as its file says so."""
    from videod.channels import ChannelError, load_channels  # here: slow to load, and few episodes are at a review
    from videod.config import ConfigError, load_settings

    try:
        known = load_channels(load_settings(config or Path("videod.toml")).paths.channels).channels
    except (ConfigError, ChannelError):
        return None
    target = known[channel].target_usd if channel in known else None
    return None if target is None else round(target * 1_000_000)


def _print_header(seen: in_full.Detail, workspace: Path, at: int, config: Path | None) -> None:
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
        "worth a look": "; ".join(held_against.sentences(seen.jobs)),
        "facts": next((sourced.sentence(job.facts) for job in seen.jobs if job.step == "plan"), ""),
        "possibly paid twice": str(task.possibly_paid_twice) if task.possibly_paid_twice else None,
    }  # fmt: skip
    table += [[name, text] for name, text in more.items() if text]
    gate = AT_GATE.get(task.status)
    if gate is not None:
        cost = pending_cost_micros(seen.jobs, gate)
        table.append(["approving", Cell(f"costs about {money(cost)}: videod approve {task.id}", "review")])
        if words := target_words(task, seen.jobs, _target(config, task.channel_id)):
            table.append(["price", words])
    table.append(["workspace", str(workspace)])
    if seen.archived is not None:
        table.append(["archive", seen.archived])
    output.facts(table)


def _print_story(story: stories.Story) -> None:
    """The titles to choose from and what is worth a look, where the planner left them."""
    for head, rows in (("Titles", story.titles), ("Worth a look", tuple((one,) for one in story.warnings))):
        if rows:
            output.say("")
            output.heading(head)
            output.table(("",) * len(rows[0]), [list(row) for row in rows], indent="  ")


def _print_costs(seen: in_full.Detail, listed: bool, at: int) -> None:
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


#: a job of these is listed with its step: it runs, or somebody has to look at it
_NOTABLE = (JobState.RUNNING, JobState.IN_DOUBT, JobState.FAILED)
_JOB = (
    Column("job"), Column("state"), Column("", 3), Column("failed", 2), Column("took", 4), Column("size", 6),
    Column("cost", 5), Column("file", 7),
)  # fmt: skip


def _heading_of_jobs(jobs: tuple[Job, ...]) -> None:
    output.say("")
    done = sum(job.state == JobState.DONE for job in jobs)
    output.heading(f"Jobs ({done} of {sum(job.state != JobState.SKIPPED for job in jobs)} done)")


def _print_steps(jobs: tuple[Job, ...], at: int) -> None:
    """A row for each step, and one for each job that runs, failed or is unconfirmed."""
    _heading_of_jobs(jobs)
    rows: list[list[str | Cell]] = []
    for step in sorted({job.step for job in jobs}, key=ORDER.__getitem__):
        own = [job for job in jobs if job.step == step and job.state != JobState.SKIPPED]
        done, cost = sum(job.state == JobState.DONE for job in own), sum(job.cost_micros for job in own)
        tone_of = "good" if own and done == len(own) else "plain"
        rows.append([step, Cell(f"{done} of {len(own)}", tone_of), "", "", "", "", money(cost) if cost else "", ""])
        notable = sorted((job for job in own if job.state in _NOTABLE), key=lambda one: one.key)
        rows += [[f"  {row[0]}", *row[1:]] for row in (_job_row(job, at) for job in notable)]
    output.table(_JOB, rows, indent="  ")
    output.say("  `--jobs` lists every job and file.", "dim")


def _print_jobs(jobs: tuple[Job, ...], at: int) -> None:
    _heading_of_jobs(jobs)
    ordered = sorted(jobs, key=lambda one: (ORDER[one.step], one.key))
    output.table(_JOB, [_job_row(job, at) for job in ordered], indent="  ")


def _job_row(job: Job, at: int) -> list[str | Cell]:
    cost = money(job.cost_micros) if job.cost_micros else ""
    took = "" if job.started_at is None else span((job.ended_at or at) - job.started_at)
    state = Cell(job.state.value, _TONES[job.state])
    failed = f"{job.attempts or ''}"
    return [job.name, state, _when(job, at), failed, took, size_of(job.bytes), cost, job.output or ""]


def _when(job: Job, at: int) -> str:
    """What a ready job waits for, and which take it is."""
    take = f"take {job.revision + 1}" if job.revision else ""
    if job.state == JobState.READY and job.due_at > at:
        return f"again at {clock(job.due_at, at)}" + (f", {take}" if take else "")
    return take


def size_of(count: int | None) -> str:
    if count is None:
        return ""
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1e6:.1f} MB"


def _print_timeline(seen: in_full.Detail, at: int) -> None:
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


def _print_failure(seen: in_full.Detail, at: int) -> None:
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


def _print_files(jobs: tuple[Job, ...], workspace: Path, listed: bool) -> None:
    """Every file, or the film and those that are gone; the folder stands at the top."""
    made = sorted((job for job in jobs if job.output), key=lambda one: (ORDER[one.step], one.key))
    files = [(job, workspace / str(job.output)) for job in made]
    shown = [(job, path) for job, path in files if listed or job.step == "assemble" or not path.exists()]
    if not shown:
        return
    output.say("")
    output.heading("Files" if listed else "Film and missing files")
    for _, path in shown if listed else shown[:_GONE]:
        output.say(f"  {path}" + ("" if path.exists() else "  (missing)"), "plain" if path.exists() else "dim")
    if not listed and len(shown) > _GONE:
        output.say(f"  … and {len(shown) - _GONE} more. `--jobs` lists them", "dim")


#: so many missing files are named
_GONE = 5


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
    archived: Annotated[bool, typer.Option("--archived", help="Show only episodes in the archive.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, metavar="N", help="Show at most N.")] = 50,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """List episodes, newest first."""
    wanted = tuple(dict.fromkeys(one for text in status or () for one in _statuses(text)))
    with client.looking(client.place(state, config)) as connection:
        found = views.tasks(connection, wanted, channel, limit + 1, archived)
    shown, more = found[:limit], len(found) > limit
    if as_json:
        output.print_json({"tasks": [serializers.task(one) for one in shown], "more": more})
        return output.OK
    if not shown and archived:
        output.say("No such episode is archived. `[retention] history_days` says when videod archives one.")
        return output.OK
    if not shown:
        output.say("No such episode. Set an entry of the board to Queued to start one.")
        return output.OK
    output.table(_LIST, [_row(one) for one in shown])
    if more:
        output.say(f"… and more. See `videod list --limit {min(2 * limit, LIMIT_MAX)}`", "dim")
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


_LIST = (
    Column("episode"), Column("title", least=14), Column("channel", 2), Column("status"), Column("priority", 6),
    Column("queued", 4), Column("cost", 3), Column("video", 5),
)  # fmt: skip


def _row(task: Task) -> list[str | Cell]:
    status = Cell(LABELS[task.status], tone(task.status))
    queued = clock(task.queued_at, client.now_ms())
    cost, url = spent(task.cost_micros, task.possible_micros), task.youtube_url or ""
    return [task.id, Cell(task.title, "bold"), task.channel_id, status, task.priority.label, queued, cost, url]
