"""`videod alerts`: what you were alerted to lately and what is pending; `videod alerts test` tries every way to you."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import client, options, output
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Cell, Column, CommandError
from videod.core.alerts import CAUSES, Level, cause_of
from videod.core.moments import iso

if TYPE_CHECKING:
    from videod.adapters.notifiers import Notifiers
    from videod.core.alerts import Note
    from videod.ports import BoardError, Sent
    from videod.store.alerts import SentAlert
    from videod.store.reads import OutboxMessage

app = options.app("List what you were alerted to lately, or send test alerts.")

#: so many are listed unless more are asked for
LISTED = 20
#: Slack takes one message a second; one that asks to wait is tried so often, and waited for so long at most
PACE_S, TRIES, PATIENCE_S = 1.0, 3, 35.0
_STYLES = {Level.INFO: "dim", Level.WARNING: "review", Level.CRITICAL: "bad"}
_EXIT = {"credentials": output.FORBIDDEN, "busy": output.TEMPORARY, "down": output.DOWN}
#: a test replaces it
pause = asyncio.sleep
_NO_WAY = "no way to alert you is set up"
_SET_UP = "set SLACK_WEBHOOK_URL, or `email_to` in [alerts] of videod.toml (docs/alerts.md)"


@app.callback(
    invoke_without_command=True,
    no_args_is_help=False,
    epilog=examples("videod alerts", "videod alerts --last 100 --json"),
)
def list_alerts(
    context: typer.Context,
    last: Annotated[int, typer.Option("--last", metavar="N", help="Show the last N.", min=1)] = LISTED,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """List what you were alerted to lately, who took it, and what is pending."""
    if context.invoked_subcommand is not None:
        return output.OK
    from videod.store import alerts, reads

    where, at = client.place(state, config), client.now_ms()
    with client.looking(where) as connection:
        found = alerts.lately(connection, last)
        pending = [one for one in reads.pending_messages(connection) if one.target == "alert"]
    if as_json:
        output.print_json({"alerts": [_plain(one) for one in found], "pending": [_pending(one) for one in pending]})
        return output.OK
    if pending:
        output.heading(f"Pending ({len(pending)})")
        for one in pending:
            said = _pending(one)
            why = f". {one.problem}" if one.problem else ""
            output.say(f"  {said['level']} {said['cause']}, {_ago(one.made_at, at)}{why}", "review")
            output.say(f"    {said['text']}")
        output.say("")
    if not found:
        output.say("No alert was sent yet. `videod alerts test` sends test alerts.")
        return output.OK
    head = (
        Column("when"), Column("level"), Column("cause"), Column("lasts", 2), Column("taken by", 1, 10),
        Column("message", 0, 20),
    )  # fmt: skip
    output.table(head, [_row(one, at) for one in found])
    return output.OK


def _ago(moment: int, at: int) -> str:
    from videod.dashboard.text import ago

    return ago(moment, at)


def _row(one: "SentAlert", at: int) -> list[str | Cell]:
    cause = cause_of(one.key)
    taken = ", ".join(one.ways) or ("pending" if one.sent_at is None else "the log")
    lasts = "yes" if one.closed_at is None else "no"
    level = Cell(cause.level.value, _STYLES[cause.level])
    return [_ago(one.rang_at, at), level, cause.name, lasts, taken, " ".join(one.text.split())]


def _plain(one: "SentAlert") -> dict[str, object]:
    cause = cause_of(one.key)
    return {
        "key": one.key, "cause": cause.name, "level": cause.level.value, "text": one.text, "since": iso(one.opened_at),
        "alerted_at": iso(one.rang_at), "over_at": None if one.closed_at is None else iso(one.closed_at),
        "times": one.times, "sent_at": None if one.sent_at is None else iso(one.sent_at), "taken_by": dict(one.ways),
    }  # fmt: skip


def _pending(one: "OutboxMessage") -> dict[str, object]:
    key = one.key.rpartition("@")[0]
    cause, ways = cause_of(key), one.body.get("ways")
    return {
        "key": key, "cause": cause.name, "level": cause.level.value, "text": str(one.body.get("text", "")),
        "since": iso(one.made_at), "attempts": one.attempts, "next_at": iso(one.due_at), "problem": one.problem,
        "taken_by": dict(ways) if isinstance(ways, dict) else {},
    }  # fmt: skip


# ------------------------------------------------------------------------------------------- test


@app.command(epilog=examples("videod alerts test", "videod alerts test --cause credit", "videod alerts test --all"))
def test(
    causes: Annotated[
        list[str] | None,
        typer.Option("--cause", metavar="NAME", help="An alert of this cause (docs/alerts.md lists them)."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="One alert of each cause.")] = False,
    as_json: AsJson = False,
    config: options.Settings = Path("videod.toml"),
) -> int:
    """Send one alert of each level, marked as a test, by every way, and say what each receiver answered."""
    notes = _notes(causes or [], every)
    people = _people(config)
    if not people.ways:
        raise CommandError(output.CONFIGURATION, _NO_WAY, _SET_UP)
    results = asyncio.run(_send_all(people, notes, as_json))
    if as_json:
        rows = [row for note, sent in results for row in _tested(people, note, sent)]
        output.print_json({"ok": all(row["accepted"] for row in rows), "sent": rows})
    failed = [error for _, sent in results for error in sent.failed.values()]
    if not as_json:
        output.say("")
        many = sum(len(sent.took) for _, sent in results)
        output.say(f"{many} accepted, {len(failed)} not.", "bad" if failed else "good")
    return max((_EXIT.get(error.kind, output.CONFIGURATION) for error in failed), default=output.OK)


def _notes(names: Sequence[str], every: bool) -> "list[tuple[str, Note]]":
    """(cause, message) of what must be sent."""
    from videod.core.alerts import Note

    known = {one.name: one for one in CAUSES}
    for name in names:
        if name not in known:
            raise CommandError(output.USAGE, f"there is no cause {name!r}", f"the causes are: {', '.join(known)}")
    first = {one.level: one.name for one in reversed(CAUSES)}
    chosen = list(known) if every else list(names) or [first[level] for level in Level]
    mark = "TEST, nothing happened. A real alert reads like this:"
    at = client.now_ms()
    return [(name, Note(f"{mark} {known[name].sample}", known[name].level, f"test:{name}@{at}")) for name in chosen]


def _people(config: Path) -> "Notifiers":
    """The ways to you that the settings and this environment set up."""
    from videod.adapters import notifiers
    from videod.cli import board
    from videod.credentials import CredentialsError, load_secrets

    settings = board.settings_of(config)
    try:
        secrets = load_secrets(os.environ, settings=config)
    except CredentialsError as error:
        raise CommandError(output.CONFIGURATION, str(error), "fix that, then run the command again") from error
    return notifiers.configured(settings.alerts, secrets.get, secrets.redact)


async def _send_all(
    people: "Notifiers", notes: "Sequence[tuple[str, Note]]", quiet: bool
) -> "list[tuple[tuple[str, Note], Sent]]":
    results = []
    for number, (name, note) in enumerate(notes):
        if number >= len(Level):
            await pause(PACE_S)
        sent = await _patiently(people, note)
        results.append(((name, note), sent))
        if not quiet:
            _say(people, name, note, sent)
    return results


async def _patiently(people: "Notifiers", note: "Note") -> "Sent":
    """Send by every way, whatever its level; one that asks to wait is waited for."""
    from videod.ports import Sent

    took: dict[str, str] = {}
    failed: Mapping[str, BoardError] = {}
    for _ in range(TRIES):
        left = [way for way in people.ways if way.name not in took and (not failed or way.name in failed)]
        sent = await people.through(left, lambda way: way.notifier.send(note))
        took |= sent.took
        failed = {**{name: one for name, one in failed.items() if name not in took}, **sent.failed}
        waits = [error.retry_after_s or PACE_S for error in sent.failed.values() if error.kind == "busy"]
        if not waits or max(waits) > PATIENCE_S:
            break
        await pause(max(waits))
    return Sent(took, failed)


def _say(people: "Notifiers", name: str, note: "Note", sent: "Sent") -> None:
    for way in people.ways:
        head = f"{way.name:8} {note.level.value:9} {name:18}"
        if way.name in sent.took:
            unwanted = "" if way.wants(note) else f" (sent for the test only: {way.name}_level is {way.least.value})"
            output.say(f"{head} accepted: {sent.took[way.name]}{unwanted}")
        else:
            output.say(f"{head} failed: {people.clean(sent.failed[way.name])}", "bad")


def _tested(people: "Notifiers", note: "tuple[str, Note]", sent: "Sent") -> list[dict[str, object]]:
    about: dict[str, object] = {"cause": note[0], "level": note[1].level.value}
    took: list[dict[str, object]] = [
        {"way": way, **about, "accepted": True, "answer": said, "error": None} for way, said in sent.took.items()
    ]
    return took + [
        {"way": way, **about, "accepted": False, "answer": None, "error": people.clean(error)}
        for way, error in sent.failed.items()
    ]
