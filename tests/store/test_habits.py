"""How fast a channel's voice speaks and which stories it told, from its finished work."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, POLICY, StudioBox, a_plan
from videod.core.events import JobSucceeded
from videod.core.speech import characters
from videod.core.statuses import Gate
from videod.core.step import Recalled
from videod.store import habits

OPEN = replace(POLICY, auto_gates=frozenset(Gate), unreviewed=True)


@pytest.fixture
def box(tmp_path: Path) -> StudioBox:
    return StudioBox(tmp_path, at=NOON - 48 * HOUR, policy=OPEN)


def _planned(box: StudioBox, title: str, channel: str = "wild_earth") -> str:
    task = box.queue(title, channel)
    attempt = box.start(task, "plan/plan")
    plan = replace(a_plan(), title=title, logline=f"The story\nof {title}.")
    box.apply(JobSucceeded(box.clock.at, task, "plan/plan", attempt, "plan/plan.json", 9, title, {}, plan))
    return task


def _spoken(box: StudioBox, task: str, rate: float, voice: str = "calm", language: str = "en") -> None:
    """All narrations of the episode, by a voice of so many characters a second."""
    with sqlite3.connect(box.path) as connection:
        rows = connection.execute(
            "SELECT id, json_extract(args, '$.text') FROM jobs WHERE task_id = ? AND step = 'narration'", (task,)
        ).fetchall()
        assert len(rows) >= 2
        for identity, text in rows:
            facts = f'{{"duration_s": {characters(text) / rate}, "voice": "{voice}", "language": "{language}"}}'
            connection.execute(
                "UPDATE jobs SET state = 'done', output = 'a.mp3', ended_at = 1, facts = ? WHERE id = ?",
                (facts, identity),
            )


def _recalled(box: StudioBox, task: str = "", channel: str = "wild_earth", voice: str = "calm") -> Recalled:
    with sqlite3.connect(box.path) as connection:
        return habits.recalled(connection, channel, task, voice, "en-GB")


def test_a_voice_is_measured_on_the_channels_own_narrations(box: StudioBox) -> None:
    for number in range(2):
        _spoken(box, _planned(box, f"Bears {number}"), 13.2)
    _spoken(box, _planned(box, "Owls"), 20.0, voice="another")
    _spoken(box, _planned(box, "Eulen"), 9.0, language="de")
    _spoken(box, _planned(box, "Squid", "deep_sea"), 9.0)
    assert _recalled(box).pace == 13.0


def test_a_few_narrations_are_no_measure_and_neither_is_nonsense(box: StudioBox) -> None:
    assert _recalled(box).pace is None
    _spoken(box, _planned(box, "Bears"), 13.0)
    assert _recalled(box).pace is None, "four narrations"
    _spoken(box, _planned(box, "More bears"), 900.0, voice="broken")
    _spoken(box, _planned(box, "Still more"), 900.0, voice="broken")
    assert _recalled(box, voice="broken").pace is None


def test_the_channels_last_fifty_stories_are_reported_newest_first_without_the_own_one(box: StudioBox) -> None:
    tasks = []
    for number in range(52):
        box.clock.at += 1000
        tasks.append(_planned(box, f"Film {number}"))
    _planned(box, "Squid", "deep_sea")
    found = _recalled(box, tasks[-1]).before
    assert [one["title"] for one in found] == [f"Film {number}" for number in range(50, 0, -1)]
    assert found[0] == {
        "title": "Film 50", "species": "Ursus arctos", "story": "The story of Film 50.", "turn": "the flood",
    }  # fmt: skip


def test_a_film_that_was_cancelled_before_it_went_out_may_be_told_again(box: StudioBox) -> None:
    box.cancel(_planned(box, "Bears"))
    assert _recalled(box).before == ()
