"""When people are informed of what did not fail: reviews, stuck episodes, a lopsided queue, a key nobody fixed."""

from dataclasses import replace

import pytest

from videod.core import attention
from videod.core.attention import Queue
from videod.core.failures import Failure, Kind
from videod.core.model import Job, Priority, Task
from videod.core.statuses import JobState, Status
from videod.core.suspension import Cause, Suspension
from videod.store.reads import OpenAlert

HOUR = 3_600_000
MINUTE = 60_000
NOON = 1_795_262_400_000
# ------------------------------------------------------------------------------------------- stuck

TASK = Task(
    id="bears-1", page_id="p", channel_id="wild_earth", title="Bears", topic="", direction="",
    priority=Priority.NORMAL, privacy=None, status=Status.GENERATING_VIDEO, created_at=NOON, queued_at=NOON,
    admitted=True,
)  # fmt: skip
RUNNING = Job("bears-1", "wild_earth", "clip", "clip_01", "kie", JobState.RUNNING, started_at=NOON)
READY = replace(RUNNING, key="clip_02", state=JobState.READY, started_at=None, due_at=NOON)
LATER = replace(READY, due_at=NOON + 9 * HOUR, failure=Failure(Kind.DOWN, "no answer"))
BUSY = replace(READY, due_at=NOON + 9 * HOUR, failure=Failure(Kind.BUSY, "429"))
OUTAGE = Suspension(Cause.DOWN, "kie", until_ms=NOON + 9 * HOUR, since=NOON, detail="503")


@pytest.mark.fault("7.4")
@pytest.mark.parametrize(
    ("task", "jobs", "holds", "served", "stuck"),
    [
        (TASK, [RUNNING], (), {"kie"}, True),
        (TASK, [RUNNING, LATER], (OUTAGE,), {"kie"}, True),
        (TASK, [READY], (), set(), True),
        (TASK, [], (), set(), True),
        (TASK, [BUSY], (), {"kie"}, True),
        (TASK, [READY], (), {"kie"}, False),
        (TASK, [READY], (OUTAGE,), set(), False),
        (TASK, [LATER], (), set(), False),
        (replace(TASK, paused="by hand"), [RUNNING], (), {"kie"}, False),
        (replace(TASK, suspended=Suspension(Cause.QUOTA, "kie")), [READY], (), set(), False),
        (replace(TASK, status=Status.VIDEO_READY), [], (), set(), False),
        (replace(TASK, status=Status.ERROR_VIDEO), [], (), set(), False),
        (replace(TASK, status=Status.QUEUED, admitted=False), [READY], (), set(), False),
    ],
)  # fmt: skip
def test_an_episode_is_unexplained_only_where_nothing_named_keeps_it(
    task: Task, jobs: list[Job], holds: tuple[Suspension, ...], served: set[str], stuck: bool
) -> None:
    assert attention.unexplained(task, jobs, holds, True, served, NOON + HOUR) is stuck


@pytest.mark.fault("7.4")
def test_a_job_has_its_time_from_when_it_began_or_became_due() -> None:
    at = NOON + 5 * HOUR
    assert attention.quiet_since([RUNNING], NOON - HOUR, at) == NOON
    assert attention.quiet_since([replace(READY, due_at=NOON + HOUR)], NOON, at) == NOON + HOUR
    assert attention.quiet_since([BUSY], NOON, at) == NOON  # asked in vain: no news
    assert attention.patience_ms(["clip", "image"], {"clip": 20 * MINUTE, "image": 1000}) == HOUR
    assert attention.patience_ms(["image"], {"image": 1000}) == attention.patience_ms([], {}) == 30 * MINUTE


# ------------------------------------------------------------------------------------------- the queue, a refused key


@pytest.mark.fault("7.4")
@pytest.mark.parametrize(
    ("entries", "waited_h", "lasting", "lopsided"),
    [
        ((8, 2), 25, None, "wild"),
        ((7, 3), 25, None, None),  # not more than 70 %
        ((7, 3), 25, "wild", "wild"),  # told already: not over by one entry
        ((6, 4), 25, "wild", None),
        ((8, 2), 24, None, None),
        ((3, 1), 30, None, "wild"),
        ((8, 0), 30, None, None),
    ],
)
def test_one_channel_that_fills_the_queue_while_another_waits_for_a_day_is_said(
    entries: tuple[int, int], waited_h: int, lasting: str | None, lopsided: str | None
) -> None:
    queues = [Queue("wild", entries[0], NOON - HOUR), Queue("deep", entries[1], NOON - waited_h * HOUR)]
    found = attention.imbalance([one for one in queues if one.entries], NOON, lasting)
    assert (found and found.channel_id) == lopsided
    if found:
        assert f"wild holds {entries[0]} of {sum(entries)} queued entries" in found.text
        assert "oldest of deep has waited since 2026-11-20" in found.text


def test_a_long_wait_of_the_channel_that_fills_the_queue_is_no_imbalance() -> None:
    queues = [Queue("wild", 9, NOON - 100 * HOUR), Queue("deep", 1, NOON - HOUR)]
    assert attention.imbalance(queues, NOON) is None and attention.imbalance([], NOON) is None


@pytest.mark.fault("7.4")
def test_only_what_a_person_must_end_and_was_reported_a_day_ago_rings_again() -> None:
    key = Suspension(Cause.CREDENTIALS, "kie", since=NOON, detail="401", key="KIE_API_KEY")
    consent = Suspension(Cause.CREDENTIALS, "youtube", "wild_earth", since=NOON)
    paused = Suspension(Cause.PERSON, "gemini", since=NOON, detail="by hand")
    quota = Suspension(Cause.QUOTA, "kie", "", NOON + 99 * HOUR, NOON)
    told = [
        OpenAlert("kie:credentials", "service kie", NOON, NOON),
        OpenAlert("youtube:credentials:wild_earth", "service youtube wild_earth", NOON, NOON),
        OpenAlert("gemini:credentials", "service gemini", NOON, NOON),
        OpenAlert("kie:quota", "service kie", NOON, NOON),
    ]
    holds = (key, consent, paused, quota)
    assert attention.reminders(holds, told, NOON + 23 * HOUR) == ()
    found = attention.reminders(holds, told, NOON + 24 * HOUR)
    assert [one.key for one in found] == ["kie:credentials", "youtube:credentials:wild_earth"]
    assert "kie is still paused since 2026-11-21 12:00 UTC: kie refused the key KIE_API_KEY: 401." in found[0].text
    assert "`videod channels authorize wild_earth`, then `videod resume youtube --channel wild_earth`" in found[1].text
