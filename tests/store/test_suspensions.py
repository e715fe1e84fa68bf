"""What suspends an episode or a service is kept as values, also what earlier versions kept as sentences."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.campaigns import old_schemas
from tests.cli.factory import StudioBox, at_once
from videod.core import wording
from videod.core.failures import Kind
from videod.core.ops import Release, Suspend
from videod.core.suspension import EVERY_SERVICE, Cause, Suspension
from videod.daemon.recovery import free_refused_keys
from videod.dashboard.events import words
from videod.store import reads, writes
from videod.store.happenings import Happening
from videod.store.rows import suspension_of
from videod.store.schema import migrate

RESETS = 1_795_271_345_000
BEFORE = 11

#: what schema 11 kept of an episode -> what it is now
HELD = [
    ("quota of kie is used up, resumes at 2026-11-21T14:29:05Z", Suspension(Cause.QUOTA, "kie", until_ms=RESETS)),
    ("kie refused the key KIE_API_KEY", Suspension(Cause.CREDENTIALS, "kie", key="KIE_API_KEY")),
    ("r2 refused the key R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY",
     Suspension(Cause.CREDENTIALS, "r2", key="R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY")),
    ("youtube is not authorized", Suspension(Cause.CREDENTIALS, "youtube", "wild_earth")),
    ("the day's budget of $5.00 for channel wild_earth is spent, resumes at 2026-11-22T00:00:00Z", Suspension(
        Cause.OTHER,
        detail="the day's budget of $5.00 for channel wild_earth is spent, resumes at 2026-11-22T00:00:00Z")),
    ("quota of something else", Suspension(Cause.QUOTA, detail="quota of something else")),
    ("parked: by a version nobody remembers", Suspension(Cause.OTHER, detail="parked: by a version nobody remembers")),
]  # fmt: skip

#: what schema 11 kept of a service (cause, until, reason) -> what it is now
PAUSES = [
    (("service", RESETS, "quota of kie is used up: 402: no credits"),
     Suspension(Cause.QUOTA, "kie", until_ms=RESETS, since=7, detail="402: no credits")),
    (("service", None, "kie refused the key KIE_API_KEY: 401: go away"),
     Suspension(Cause.CREDENTIALS, "kie", since=7, detail="401: go away", key="KIE_API_KEY")),
    (("service", None, "kie is not authorized: invalid_grant"),
     Suspension(Cause.CREDENTIALS, "kie", since=7, detail="invalid_grant")),
    (("service", RESETS, "quota"), Suspension(Cause.QUOTA, "kie", until_ms=RESETS, since=7, detail="quota")),
    (("person", None, "prices changed"), Suspension(Cause.PERSON, "kie", since=7, detail="prices changed")),
    (("budget", RESETS, "the day's budget of $12.50 for channel wild_earth is spent"),
     Suspension(Cause.BUDGET, "kie", until_ms=RESETS, since=7, amount=12_500_000)),
    (("limit", RESETS, "the daily quota of 6 (daily_quota in [services.kie]) is used up"),
     Suspension(Cause.LIMIT, "kie", until_ms=RESETS, since=7, amount=6)),
    (("disk", None, "the disk of state has 12 MB left. Free some"),
     Suspension(Cause.DISK, "kie", since=7, detail="the disk of state has 12 MB left. Free some")),
]  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the version before."""
    path = tmp_path / "videod.db"
    old_schemas.make(path, BEFORE)
    return path


def changed(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


@pytest.mark.parametrize(("sentence", "wanted"), HELD)
def test_an_episodes_old_sentence_becomes_a_value(old: Path, sentence: str, wanted: Suspension) -> None:
    changed(
        old,
        "UPDATE tasks SET approved = '', held = iif(id = 'crossing-1', ?, NULL),"
        " waits = iif(id = 'crossing-1', 'waiting for kie: x', NULL)",
        sentence,
    )
    migrate(old)
    with closing(sqlite3.connect(old)) as connection:
        connection.row_factory = sqlite3.Row
        task = reads.task(connection, "crossing-1")
        other = reads.task(connection, "owls-2")
    assert task is not None and other is not None
    assert (task.suspended, other.suspended, other.waits) == (wanted, None, None)
    told, _, _ = wording.note(wanted).partition(", resumes at")
    assert told == sentence.partition(", resumes at")[0]
    assert task.waits is not None and wording.waiting(task.waits) == "waiting for kie: x"


@pytest.mark.parametrize(("kept", "wanted"), PAUSES)
def test_a_services_old_sentence_becomes_a_value(
    old: Path, kept: tuple[str, int | None, str], wanted: Suspension
) -> None:
    changed(old, "DELETE FROM pauses")
    changed(old, "INSERT INTO pauses (service, channel_id, cause, until_ms, reason, at) VALUES ('kie', '', ?, ?, ?, 7)",
            *kept)  # fmt: skip
    migrate(old)
    with closing(sqlite3.connect(old)) as connection:
        connection.row_factory = sqlite3.Row
        assert reads.suspensions(connection, 0) == (wanted,)
    assert wording.explained(wanted).startswith(kept[2].split(" for channel")[0]) or kept[2] == "quota"


@pytest.mark.parametrize("text", ["", "[]", "{}", "not JSON", '{"cause": "no such"}', '{"cause": "quota", "odd": 1}'])
def test_what_cannot_be_read_is_a_suspension_of_an_unknown_cause(text: str) -> None:
    found = suspension_of(text)
    assert found is not None and found.cause is Cause.OTHER and wording.note(found)


def test_each_cause_is_released_automatically(tmp_path: Path) -> None:
    migrate(tmp_path / "videod.db")
    with closing(sqlite3.connect(tmp_path / "videod.db")) as connection:
        connection.row_factory = sqlite3.Row
        for cause in (Cause.QUOTA, Cause.CREDENTIALS, Cause.PERSON):
            writes.suspend(connection, Suspend(Suspension(cause, "kie")), 5)
            writes.suspend(connection, Suspend(Suspension(cause, "kie", detail="newer")), 6)
        writes.release(connection, Release("kie", "", Cause.QUOTA))
        found = reads.suspensions(connection, 9)
    assert {(one.cause, one.detail, one.since) for one in found} == {
        (Cause.CREDENTIALS, "newer", 6), (Cause.PERSON, "newer", 6),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"reason": "waiting for kie: it has not answered"}, "waiting for kie: it has not answered"),
        ({"reason": None}, "waits no longer"),
        ({"waits": None}, "waits no longer"),
        ({"waits": {"cause": "slot", "service": "kie"}}, "waiting for a free slot at kie"),
    ],
)
def test_history_of_any_version_is_reported(body: dict[str, object], said: str) -> None:
    kept = json.loads(json.dumps({"at": 1, "task_id": "t"} | body))
    assert words(Happening(1, "t", "Bears", "EntryWaits", kept, "queued"))[0] == said


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("service", ["kie", EVERY_SERVICE])
@pytest.mark.parametrize("until", [None, RESETS])
def test_every_cause_has_words_everywhere(cause: Cause, service: str, until: int | None) -> None:
    one = Suspension(cause, service, "wild_earth", until, 5, "what was said", "KIE_API_KEY", 6)
    words_for = [wording.reason, wording.explained, wording.note, wording.waiting]
    if cause is Cause.DISK or wording.resume_command(one):
        words_for.append(wording.reminder)
    for said in (*(make(one) for make in words_for), wording.standing(one, str)):
        assert said and "Cause" not in said and "None" not in said


def test_a_start_tries_refused_keys_again_and_ends_no_pause_of_a_person(tmp_path: Path) -> None:
    box = StudioBox(tmp_path)
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.CREDENTIALS, "401")
    at_once(box.ledger.suspend(Suspension(Cause.PERSON, "gemini", detail="prices"), box.clock.at))
    assert at_once(free_refused_keys(box.store, box.ledger, box.clock)) == 1
    found = at_once(box.store.read(lambda connection: reads.suspensions(connection, box.clock.at)))
    assert [(one.cause, one.detail) for one in found] == [(Cause.PERSON, "prices")]
    assert box.task(task).suspended is None
    box.close()


def test_why_a_message_is_sent_later_is_a_word_also_for_those_of_an_earlier_version(old: Path) -> None:
    kept = {"page-1": "2 of 9 files on the board", "page-2": "rejected: no such property", "page-3": "busy: 429"}
    changed(old, "DELETE FROM outbox")
    for page, problem in kept.items():
        changed(old, "INSERT INTO outbox VALUES ('entry', ?, NULL, NULL, '{}', 1, 1, 99, 1, ?)", page, problem)
    migrate(old)
    with closing(sqlite3.connect(old)) as connection:
        assert reads.delayed(connection, "entry", "rejected") and not reads.delayed(connection, "entry", "gone")
        for page in kept:
            writes.hasten_entry(connection, page, 5)
        due = dict(connection.execute("SELECT key, due_at FROM outbox"))
    assert due == {"page-1": 5, "page-2": 99, "page-3": 99}
