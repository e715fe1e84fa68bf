"""What a channel's finished work tells the next plan: how fast its voice speaks, and which stories it told."""

import sqlite3

from videod.core.languages import language as known_language
from videod.core.likeness import LAST
from videod.core.speech import RATE_MAX, RATE_MIN, characters
from videod.core.step import Recalled, positive
from videod.store.lessons import lessons

#: so many narrations are measured, the newest; fewer than so many say nothing
NARRATIONS, NARRATIONS_LEAST = 200, 5
#: what is reported one story, characters of each part
TEXT_MAX = 200

_NARRATIONS = """
SELECT json_extract(jobs.args, '$.text'), json_extract(jobs.facts, '$.duration_s')
FROM tasks INDEXED BY tasks_of_channel CROSS JOIN jobs ON jobs.task_id = tasks.id
WHERE tasks.channel_id = ? AND jobs.step = 'narration' AND jobs.state = 'done'
  AND json_extract(jobs.facts, '$.voice') = ? AND json_extract(jobs.facts, '$.language') = ?
ORDER BY tasks.created_at DESC LIMIT ?
"""
# as in `films`: an episode counts that was uploaded, or that is still on its way
_STORIES = """
SELECT tasks.title, json_extract(jobs.facts, '$.species'), json_extract(jobs.facts, '$.story'),
       json_extract(jobs.facts, '$.turn')
FROM tasks INDEXED BY tasks_of_channel CROSS JOIN jobs ON jobs.task_id = tasks.id
WHERE tasks.channel_id = ? AND tasks.id <> ? AND jobs.step = 'plan' AND jobs.state = 'done'
  AND (tasks.youtube_id IS NOT NULL OR tasks.phase <> 'closed')
ORDER BY tasks.created_at DESC LIMIT ?
"""


def recalled(
    connection: sqlite3.Connection, channel_id: str, task_id: str, voice: str, language: str
) -> Recalled:  # fmt: skip
    """What the channel's work says to a plan of the episode `task_id`; `language` as the channel's file has it."""
    learned = tuple((one.was, one.now) for one in lessons(connection, channel_id))
    return Recalled(pace(connection, channel_id, voice, language), before(connection, channel_id, task_id), learned)


def pace(connection: sqlite3.Connection, channel_id: str, voice: str, language: str) -> float | None:
    """Characters a second of a voice on the channel's newest narrations, to half a character; None: too few."""
    spoken, seconds, count = 0, 0.0, 0
    for text, lasted in connection.execute(_NARRATIONS, (channel_id, voice, known_language(language).base, NARRATIONS)):
        length = positive(lasted)
        if isinstance(text, str) and length is not None:
            spoken, seconds, count = spoken + characters(text), seconds + length, count + 1
    rate = spoken / seconds if count >= NARRATIONS_LEAST else 0.0
    return round(rate * 2) / 2 if RATE_MIN <= rate <= RATE_MAX else None


def before(connection: sqlite3.Connection, channel_id: str, task_id: str) -> tuple[dict[str, str], ...]:
    """The channel's other newest stories: title, species, story and turn, as far as they are known."""
    names = ("title", "species", "story", "turn")
    return tuple(
        {name: " ".join(text.split())[:TEXT_MAX] for name, text in zip(names, row, strict=True) if text}
        for row in connection.execute(_STORIES, (channel_id, task_id, LAST))
    )
