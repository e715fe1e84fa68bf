"""Where an attempt runs is in the ledger, in the report and in `status`."""

import json
from pathlib import Path

from tests.cli.factory import NOON, StudioBox, at_once
from videod.core.cluster import FACT, View, WorkerView
from videod.core.events import JobPlaced
from videod.dashboard import events
from videod.store import happenings, listing, reports, views
from videod.web import serializers

DESK = WorkerView("desk", "tls://10.8.0.2:9000", 4, 1, 4, "", "0.1.0+ab", "/usr/bin/ffmpeg")


def test_an_attempt_on_a_worker_is_seen_while_it_runs_and_in_the_report(tmp_path: Path) -> None:
    box = StudioBox(tmp_path, NOON)
    task = box.queue("A story")
    name = box.ready(task)[0]
    attempt = box.start(task, name)
    box.apply(JobPlaced(box.clock.at, task, name, attempt, "desk"))
    view = View(
        "tls://10.8.0.1:8786", "", (DESK, WorkerView("attic", "tls://10.8.0.3:9000", 2, 0, 0, "its disk is full"))
    )
    at_once(box.ledger.set_value(FACT, json.dumps(view.as_json())))
    seen = at_once(box.store.read(lambda tx: views.overview(tx, box.clock.at)))
    assert seen.cluster == view and seen.placed == {"desk": (f"{task} {name}",)}
    told = serializers.status(seen, {})["cluster"]
    assert told is not None and told["slots"] == 4
    assert [(one["name"], one["problem"], one["jobs"]) for one in told["workers"]] == [
        ("desk", None, [f"{task} {name}"]), ("attic", "its disk is full", []),
    ]  # fmt: skip
    box.apply(JobPlaced(box.clock.at, task, name, attempt, "desk", 12_300))
    lines = at_once(box.store.read(lambda tx: listing.history(tx, task, 0, 100)))
    placed = [line for line in lines if line.event == "JobPlaced"]
    words = [
        events.words(happenings.Happening(line.at, task, "A story", line.event, line.body, line.status))[0]
        for line in placed
    ]
    assert words == [f"{name} runs on the worker desk", f"{name} took 12.3 CPU-seconds on the worker desk"]
    box.succeed(task, name, attempt)
    report = at_once(box.store.read(lambda tx: reports.report(tx, 0, box.clock.at + 1)))
    assert [(one.worker, one.attempts, one.lost, one.cpu_ms) for one in report.workers] == [("desk", 1, 0, 12_300)]
    box.close()


def test_what_came_too_late_moves_no_attempt(tmp_path: Path) -> None:
    box = StudioBox(tmp_path, NOON)
    task = box.queue("A story")
    name = box.ready(task)[0]
    attempt = box.start(task, name)
    box.succeed(task, name, attempt)
    assert not box.apply(JobPlaced(box.clock.at, task, name, attempt, "desk")).decision.accepted
    box.close()


def test_a_view_says_what_becomes_of_the_jobs() -> None:
    lost = View("tls://10.8.0.1:8786", "it does not answer")
    assert lost.slots == 0
    assert lost.problems()[0].endswith("They run on this machine")
    assert View("tls://10.8.0.1:8786", waits=True).problems()[0].endswith("Its jobs wait")
