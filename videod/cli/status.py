"""`videod status`: what needs a person, what is in work, what is paused and why, in one look."""

from dataclasses import replace

from videod.cli import client, options, output
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Cell, Column
from videod.core import webhook
from videod.core.allowances import Kind
from videod.core.sanitize import sanitize_screen
from videod.core.statuses import LABELS, Status
from videod.dashboard import rows, view
from videod.dashboard.running import Daemon
from videod.dashboard.text import ago, clock, span
from videod.store import views
from videod.store.depths import depths

app = options.app()


@app.command(epilog=examples("videod status", "videod status --json"))
def status(as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """Show what needs your attention, what is running, and service health."""
    where = client.place(state, config)
    around = where.around()
    with client.looking(where) as connection:
        seen = views.overview(connection, client.now_ms())
    if as_json:
        from videod.web import serializers

        told = around.daemon.problems if around.daemon else ()
        seen = replace(seen, problems=(*told, *seen.problems))
        output.print_json({"daemon": daemon_json(around.daemon), **serializers.status(seen, around.limits)})
        return output.OK
    if where.rehearsal:
        output.say(f"Rehearsal on the simulated services, state in {where.state}", "dim")
    _print(view.snapshot(rows.Rows(seen, (), around)), seen)
    return output.OK


def daemon_json(daemon: Daemon | None) -> dict[str, object]:
    if daemon is None:
        return {"running": False}
    from videod.web import serializers

    started = serializers.when(daemon.started_at)
    return {"running": True, "pid": daemon.pid, "version": daemon.version, "started_at": started}


def _print(shown: view.View, seen: views.Overview) -> None:
    output.say(f"{'●' if shown.alive else '○'} {shown.daemon}", "good" if shown.alive else "bad")
    if shown.alive and seen.page:
        output.say(f"The page is at {sanitize_screen(seen.page)}. `videod open` opens it", "dim")
    output.say(f"{shown.money} · {shown.summary} · {shown.time}", "dim")
    for warning in shown.warnings:
        output.say(f"! {warning}", "review")
    _episodes(
        "Needs review", shown.reviews, "`videod show EPISODE` shows the files, `videod approve EPISODE` approves them"
    )
    _episodes("Stopped", shown.errors, "`videod why EPISODE` says what to fix, `videod retry EPISODE` resumes it")
    _refused(seen)
    _episodes("In work", shown.work, "")
    _episodes("Queued", shown.queue[:_QUEUED], "")
    if len(shown.queue) > _QUEUED:
        output.say(f"  … and {len(shown.queue) - _QUEUED} more. `videod list --status queued` shows all", "dim")
    if not shown.lines:
        output.say("")
        output.say("No episode is open. Set an entry of the board to Queued to start one.")
    _services(shown.lanes)
    _workers(seen)
    _channels(seen)
    _allowances(seen)
    _credit(seen)
    _webhook(seen)
    _counts(seen.counts)


def _workers(seen: views.Overview) -> None:
    """The workers of the cluster, and what runs there."""
    if seen.cluster is None or not seen.cluster.workers:
        return
    output.say("")
    output.heading("Workers")
    for one in seen.cluster.workers:
        jobs = ", ".join(seen.placed.get(one.name, ())) or "nothing runs there"
        output.say(f"  {one.name}, {one.slots} at once: {one.problem or jobs}", "bad" if one.problem else "plain")


#: so many of the queue are shown
_QUEUED = 10
#: so many refused entries are shown
_REFUSED = 10


_HEAD = (
    Column("episode"), Column("title", least=14), Column("channel", 3), Column("status"), Column("for", 2),
    Column("progress", 4), Column("cost", 5), Column("note", 1, least=16),
)  # fmt: skip


def _episodes(title: str, lines: tuple[view.Line, ...], hint: str) -> None:
    if not lines:
        return
    output.say("")
    output.heading(f"{title} ({len(lines)})")
    output.table(_HEAD, [_cells(line) for line in lines], indent="  ")
    if hint:
        output.say(f"  {hint}", "dim")


def _refused(seen: views.Overview) -> None:
    """Entries without an episode: their writer believes that they wait for their turn."""
    if not seen.refused:
        return
    output.say("")
    output.heading(f"Refused ({len(seen.refused)})")
    for one in seen.refused[:_REFUSED]:
        channel = f" ({sanitize_screen(one.channel)})" if one.channel else ""
        title, reason = sanitize_screen(one.title) or "no title", sanitize_screen(one.reason)
        output.say(f"  {title}{channel}, {ago(one.at, seen.at)}: {reason}")
    if len(seen.refused) > _REFUSED:
        output.say(f"  … and {len(seen.refused) - _REFUSED} more. `videod status --json` has all", "dim")


def _cells(line: view.Line) -> list[str | Cell]:
    label = Cell(line.label, line.tone)
    return [line.id, Cell(line.title, "bold"), line.channel, label, line.since, line.progress, line.cost, line.note]


def _services(lanes: tuple[view.LaneLine, ...]) -> None:
    output.say("")
    output.heading("Services")
    table: list[list[str | Cell]] = []
    for lane in lanes:
        running = f"{lane.running}" if lane.limit is None else f"{lane.running} of {lane.limit}"
        later = f"{lane.later} later" if lane.later else ""
        waiting = Cell(lane.suspended, "review")
        table.append([Cell(lane.service, "bold"), f"{running} running", f"{lane.ready} ready", later, waiting])
    output.table([""] * 5, table, indent="  ")


def _channels(seen: views.Overview) -> None:
    """How deep each channel's queue is."""
    found = depths(seen.episodes)
    if not found:
        return
    output.say("")
    output.heading("Channels")
    head = (Column("channel"), Column("queued"), Column("oldest", 1), Column("in work"), Column("reviews", 1),
            Column("stopped", 1))  # fmt: skip
    output.table(head, [
        [Cell(one.channel_id, "bold"), f"{one.queued}", "" if one.oldest is None else span(seen.at - one.oldest),
         f"{one.in_work}", f"{one.reviews}", f"{one.stopped}"]
        for one in found
    ], indent="  ")  # fmt: skip


def _allowances(seen: views.Overview) -> None:
    """What the day allows: quotas of services, budgets of channels that spent something."""
    found = [one for one in seen.allowances if one.ends_at > seen.at and (one.used or one.kind is Kind.QUOTA)]
    if not found:
        return
    output.say("")
    output.heading("Quotas and budgets of the day")
    for one in found:
        tone = "bad" if one.spent else "review" if one.near else "plain"
        output.say(f"  {sanitize_screen(one.words)}, until {clock(one.ends_at, seen.at)}", tone)


def _credit(seen: views.Overview) -> None:
    """What is left of the accounts that tell it."""
    if not seen.credit:
        return
    output.say("")
    output.heading("Credit")
    for one in seen.credit:
        output.say(f"  {one.words}, asked {ago(one.at, seen.at)}")


def _webhook(seen: views.Overview) -> None:
    """How Notion's webhook is doing, where it is on."""
    hook = seen.webhook
    if not hook.on:
        return
    output.say("")
    output.heading("Webhook")
    came = (
        "no signed delivery yet" if hook.signed_at is None else f"last signed delivery {ago(hook.signed_at, seen.at)}"
    )
    output.say(f"  {came}, {hook.taken:,} taken and {hook.repeats:,} repeats since {clock(hook.since, seen.at)}")
    if hook.refused:
        last = "" if hook.refused_at is None else f", the last one {ago(hook.refused_at, seen.at)}"
        output.say(f"  refused {sanitize_screen(webhook.why_refused(hook.refused))}{last}")


def _counts(counts: dict[str, int]) -> None:
    parts = [f"{LABELS[one]} {counts[one.value]}" for one in Status if counts.get(one.value)]
    if parts:
        output.say("")
        output.say("All episodes: " + ", ".join(parts), "dim")
