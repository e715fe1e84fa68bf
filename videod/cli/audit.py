"""`videod audit`: the ledger verified on one screen. Looks only, also while the daemon works."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field

from videod import receipts
from videod.cli import client, options, output
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Cell, Column
from videod.core import reconcile
from videod.core.model import Job, Task
from videod.core.reconcile import BalanceReading
from videod.core.service import CREDIT
from videod.core.services import BALANCES, title
from videod.core.statuses import JobState
from videod.core.tables import STEPS
from videod.dashboard.text import count, money
from videod.receipts import State
from videod.store import archives, audit, purchases, reads
from videod.web import serializers

#: readings whose differences are shown, and how long a strange one is held against the ledger
MARKS_SHOWN_MS = 24 * 3_600_000


@dataclass
class Papers:
    """What lies in the workspaces: receipts by state, and finished files without one."""

    states: Counter[tuple[str, State]] = field(default_factory=Counter)
    bare: list[audit.Odd] = field(default_factory=list)
    orphans: list[audit.Odd] = field(default_factory=list)


app = options.app()


@app.command(name="audit", epilog=examples("videod audit"))
def verify(as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """Verify the ledger against receipts and service balances."""
    where = client.place(state, config)
    with client.looking(where) as connection:
        connection.execute("BEGIN")  # all of it as of one moment
        body = _body(connection, where)
    wrong = body["disagreements"]
    assert isinstance(wrong, list)
    if as_json:
        output.print_json(body)
    else:
        _print(body)
    return 1 if wrong else output.OK


# ------------------------------------------------------------------------------------------- gathering


def _body(connection: sqlite3.Connection, where: client.Place) -> serializers.Json:
    papers = _papers(connection, where)
    again = audit.charged_again(connection)
    readings = {service: purchases.readings(connection, service) for service in BALANCES}
    services = [_service(connection, service, papers, again, readings.get(service, ())) for service in audit.PAID]
    wrong = [
        *_wrong_archive(connection),
        *_wrong_totals(connection),
        *_wrong_charges(again),
        *_wrong_papers(papers),
        *_wrong_readings(readings),
    ]
    return {
        "ok": not wrong, "services": services, "possibly_paid_twice": audit.possibly_twice(connection),
        "possibly_paid_usd": serializers.usd(audit.possible(connection)),
        "charged_again": [_again(one) for one in again],
        "disagreements": [{"what": what, "advice": advice} for what, advice in wrong],
    }  # fmt: skip


def _service(
    connection: sqlite3.Connection,
    service: str,
    papers: Papers,
    again: list[audit.Again],
    readings: tuple[BalanceReading, ...],
) -> serializers.Json:
    found = audit.count(connection, service)
    reasons = Counter(reason or "unknown" for one in again if one.service == service for reason in one.reasons)
    return {
        "service": service, "intents": found.intents, "charges": found.charges, "usd": serializers.usd(found.micros),
        "open": found.open, "receipts": {state: papers.states[service, state] for state in State},
        "possibly_paid_usd": serializers.usd(found.possible),
        "in_doubt": found.in_doubt, "rebought": found.rebought, "settled_by_balance": found.settled,
        "again": {reason: reasons[reason] for reason in ("redo", "retry", "repair", "rebuy", "unknown")},
        "balance": _balance(readings),
    }  # fmt: skip


def _balance(readings: tuple[BalanceReading, ...]) -> serializers.Json | None:
    """None for a service that tells no balance, or was not asked yet."""
    if not readings:
        return None
    newest = readings[-1]
    recent = [reading for reading in readings if reading.at > newest.at - MARKS_SHOWN_MS]
    return {
        "readings": len(recent), "at": serializers.when(newest.at), "used_credits": newest.used / CREDIT,
        "moved_credits": (newest.used - recent[0].used) / CREDIT,
        "unexplained_credits": sum(reading.unexplained or 0 for reading in recent) / CREDIT,
    }  # fmt: skip


def _again(one: audit.Again) -> serializers.Json:
    reasons = [reason or "unknown" for reason in one.reasons]
    return {"task": one.task_id, "job": one.job, "charges": one.charges, "usd": serializers.usd(one.micros),
            "reasons": reasons}  # fmt: skip


def _papers(connection: sqlite3.Connection, where: client.Place) -> Papers:
    """Look through the workspaces that are still there."""
    found = Papers()
    for task in reads.recent_tasks(connection, 100_000):
        workspace = where.workspace(task)
        if not workspace.is_dir():
            continue
        try:
            with archives.whole(connection, task.id) as its:
                tried = audit.tried(its, task.id)
        except archives.ArchiveError:
            continue  # said once for its file
        for job in tried:
            if client.own_script(where, job.step):
                continue  # keeps no receipts
            _file(found, where, task, job)
    return found


def _file(found: Papers, where: client.Place, task: Task, job: Job) -> None:
    workspace, output = where.workspace(task), STEPS[job.step].output(job, task)
    output_path = workspace / output
    odd = audit.Odd(task.id, job.name, job.service, job.price_micros)
    kept, made = receipts.read(receipts.noted(workspace.resolve(), output)), output_path.is_file()
    state = None if kept is None else kept.standing(made)
    if state is not None:
        found.states[job.service, state] += 1
    if job.state == JobState.DONE and made and kept is None:
        found.bare.append(odd)
    if state is State.INTENT and job.state not in (JobState.RUNNING, JobState.IN_DOUBT) and not job.buy_again:
        found.orphans.append(odd)


# ------------------------------------------------------------------------------------------- judging

Wrong = tuple[str, str]


def _wrong_archive(connection: sqlite3.Connection) -> list[Wrong]:
    return [
        (
            f"{count(one.episodes, 'archived episode')} in {one.path} cannot be read: {one.why}",
            "put it back from `archive` beside your backups. Their costs are known, but their history is only"
            " in that file",
        )
        for one in archives.damaged(connection, deep=True)
    ]


def _wrong_totals(connection: sqlite3.Connection) -> list[Wrong]:
    found = []
    for odd in audit.charges_without_intent(connection):
        found.append((
            f"{_named(odd)} was charged {money(odd.micros)} without a price reserved for it",
            "give the step a price in [prices] of videod.toml, so that budgets count it",
        ))  # fmt: skip
    for odd in audit.open_without_job(connection):
        found.append((
            f"{_named(odd)} has an attempt without an outcome although it is not running",
            "restart videod. It settles open attempts at startup",
        ))  # fmt: skip
    for odd in audit.done_without_charge(connection):
        found.append((
            f"{_named(odd)} is done, costs {money(odd.micros)} and was never charged",
            f"look for it in the account of {odd.service}. `videod costs` shows less than you paid",
        ))  # fmt: skip
    found += _wrong_amounts(connection)
    for task_id, said, charged in audit.wrong_sums(connection):
        found.append((
            f"{task_id} says that it cost {money(said)}, but its charges are {money(charged)}",
            "restore the database from a backup, or report it: this should not be possible",
        ))  # fmt: skip
    return found


def _wrong_amounts(connection: sqlite3.Connection) -> list[Wrong]:
    """What cannot be: negative or enormous charges, doubts that do not add up."""
    advice = "compare it with the account of {}. A custom script that reports wrong sums needs fixing"
    found = [
        (f"{_named(odd)} was charged {money(odd.micros)}, which is impossible", advice.format(odd.service))
        for odd in audit.impossible(connection)
    ]
    found += [
        (
            f"{_named(odd)} has a charge of {money(odd.micros)} whose amount or name is impossible",
            "a custom script that reports such charges needs fixing. The row stays as it is",
        )
        for odd in audit.nonsense(connection)
    ]
    found += [
        (
            f"{_named(odd)} was charged {money(odd.micros)}, and its step buys nothing",
            f"look whether {odd.job.partition('/')[0]} is a custom script that reports charges. Nothing else can",
        )
        for odd in audit.unpaid(connection)
    ]
    found += [
        (
            f"{what} of {task_id} is {money(micros)}, which is impossible",
            "restore the database from a backup, or report it: this should not be possible",
        )
        for task_id, what, micros in audit.below_nothing(connection)
    ]
    for task_id, said, open_now in audit.wrong_doubts(connection):
        found.append((
            f"{task_id} says that {money(said)} was possibly paid, its unconfirmed purchases are {money(open_now)}",
            "restore the database from a backup, or report it: this should not be possible",
        ))  # fmt: skip
    return found


def _wrong_charges(again: list[audit.Again]) -> list[Wrong]:
    return [
        (
            f"{one.task_id} {one.job} was charged {one.charges} times ({money(one.micros)}). The ledger has no reason",
            f"compare it with the account of {one.service}. `videod show {one.task_id}` has its history",
        )
        for one in again
        if None in one.reasons
    ]


def _wrong_papers(papers: Papers) -> list[Wrong]:
    bare = [
        (
            f"{_named(odd)} is done and paid for, but its receipt is gone",
            "nothing is lost while its file exists. Without both, videod would buy it again",
        )
        for odd in papers.bare
    ]
    orphans = [
        (
            f"the receipt of {_named(odd)} says that a request was sent, but nothing waits for its answer",
            f"set the episode to Queued, or look for the order in the account of {odd.service}",
        )
        for odd in papers.orphans
    ]
    return bare + orphans


def _wrong_readings(readings: dict[str, tuple[BalanceReading, ...]]) -> list[Wrong]:
    """Credits that somebody used beside us within the last day; what was added is no disagreement."""
    found = []
    for service, known in readings.items():
        recent = [reading for reading in known if reading.at > known[-1].at - MARKS_SHOWN_MS]
        strange = [reading for reading in recent if reading.unexplained is not None and reading.unexplained > 0]
        for reading in strange:
            found.append((
                f"{title(service)} counts {reconcile.credits(reading.unexplained or 0)} more than this ledger, seen"
                f" {serializers.when(reading.at)}",
                "check whether somebody else uses the key, or whether a price has changed ([prices] of videod.toml)",
            ))  # fmt: skip
    return found


def _named(odd: audit.Odd) -> str:
    return f"{odd.task_id} {odd.job} ({odd.service})"


# ------------------------------------------------------------------------------------------- printing


def _print(body: serializers.Json) -> None:
    services, again, wrong = body["services"], body["charged_again"], body["disagreements"]
    assert isinstance(services, list) and isinstance(again, list) and isinstance(wrong, list)
    ranks = {
        "service": 0, "usd": 0, "charges": 0, "possibly paid": 0, "unconfirmed": 0, "unexplained": 0, "bought again": 1,
        "open": 2, "intents": 3, "settled": 4, "intent": 5, "submitted": 6, "received": 7,
    }  # fmt: skip
    names = ("service", "intents", "charges", "usd", "possibly paid", "open", "intent", "submitted", "received",
             "unconfirmed", "bought again", "settled", "unexplained")  # fmt: skip
    head = tuple(Column(name, ranks[name]) for name in names)
    output.table(head, [_row(one) for one in services])
    if again:
        output.say("")
        output.heading("Charged more than once")
        output.table(
            ("episode", "job", "charges", "usd", "why"),
            [[one["task"], one["job"], f"{one['charges']}", f"${one['usd']:.2f}", ", ".join(one["reasons"])]
             for one in again],
        )  # fmt: skip
    output.say("")
    twice = body["possibly_paid_twice"]
    output.say(f"Possibly paid twice, as counted on the board: {twice}")
    if unsure := body["possibly_paid_usd"]:
        output.say(f"Possibly paid, not charged but counted against every limit: ${unsure:.2f}")
    if not wrong:
        output.say("All records agree.", "good")
        return
    output.heading(f"{len(wrong)} disagreement{'' if len(wrong) == 1 else 's'}")
    for one in wrong:
        output.say(f"! {one['what']}.", "bad")
        output.say(f"  What to do: {one['advice']}.")


def _row(one: serializers.Json) -> list[str | Cell]:
    receipts, balance = one["receipts"], one["balance"]
    assert isinstance(receipts, dict)
    strange = balance["unexplained_credits"] if isinstance(balance, dict) else None
    told = "no balance" if strange is None else f"{strange:g} credits"
    counts = [f"{one[name]}" for name in ("intents", "charges")]
    papers = [f"{receipts[state]}" for state in State]
    rest = [f"{one[name]}" for name in ("in_doubt", "rebought", "settled_by_balance")]
    usd, possible = one["usd"], one["possibly_paid_usd"]
    assert isinstance(usd, float) and isinstance(possible, float)
    sums = [f"${usd:.2f}", f"${possible:.2f}"]
    return [str(one["service"]), *counts, *sums, f"{one['open']}", *papers, *rest,
            Cell(told, "bad" if strange else "plain")]  # fmt: skip
