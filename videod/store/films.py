"""What was made already, to find a film that is made twice: by digest over all channels, by words in one."""

import sqlite3
from collections.abc import Iterable

from videod.core import likeness
from videod.core.events import Event, JobStarted, JobSucceeded
from videod.core.likeness import Film
from videod.core.model import Job

# an episode counts that was uploaded, or that is still on its way
_SAME_PLAN = """
SELECT tasks.id, tasks.channel_id, tasks.title FROM jobs INDEXED BY jobs_plans JOIN tasks ON tasks.id = jobs.task_id
WHERE jobs.step = 'plan' AND jobs.sha256 = ? AND tasks.id <> ?
  AND (tasks.youtube_id IS NOT NULL OR tasks.phase <> 'closed') ORDER BY tasks.created_at LIMIT 1
"""
_SAME_WORDS = """
SELECT tasks.id, tasks.channel_id, tasks.title FROM jobs INDEXED BY jobs_contents JOIN tasks ON tasks.id = jobs.task_id
WHERE jobs.step = 'plan' AND json_extract(jobs.facts, '$.content') = ? AND tasks.id <> ?
  AND (tasks.youtube_id IS NOT NULL OR tasks.phase <> 'closed')
ORDER BY tasks.created_at LIMIT 1
"""
_SAME_FILM_SENT = """
SELECT tasks.id, tasks.channel_id, tasks.title FROM jobs INDEXED BY jobs_films JOIN tasks ON tasks.id = jobs.task_id
JOIN jobs AS upload ON upload.task_id = tasks.id AND upload.step = 'upload'
WHERE jobs.step = 'assemble' AND jobs.sha256 = ? AND tasks.id <> ?
  AND (tasks.youtube_id IS NOT NULL OR upload.state IN ('done', 'running') OR upload.remote_id IS NOT NULL)
ORDER BY tasks.created_at LIMIT 1
"""
_SAME_PLAN_SENT = """
SELECT tasks.id, tasks.channel_id, tasks.title FROM jobs INDEXED BY jobs_plans JOIN tasks ON tasks.id = jobs.task_id
JOIN jobs AS upload ON upload.task_id = tasks.id AND upload.step = 'upload'
WHERE jobs.step = 'plan' AND jobs.sha256 = ? AND tasks.id <> ?
  AND (tasks.youtube_id IS NOT NULL OR upload.state IN ('done', 'running') OR upload.remote_id IS NOT NULL)
ORDER BY tasks.created_at LIMIT 1
"""

# the same of archived episodes, which were cancelled where they were not uploaded
_ARCHIVED = """
SELECT tasks.id, tasks.channel_id, tasks.title FROM archived JOIN tasks ON tasks.id = archived.task_id
WHERE archived.{what} = ? AND tasks.id <> ? AND {sent} ORDER BY tasks.created_at LIMIT 1
"""
_UPLOADED, _SENT = "tasks.youtube_id IS NOT NULL", "archived.sent = 1"

#: the newest episodes of a channel, published or on their way
_LAST = """
SELECT tasks.id, tasks.channel_id, tasks.title FROM tasks INDEXED BY tasks_of_channel
WHERE tasks.channel_id = ? AND tasks.id <> ?
  AND (tasks.youtube_id IS NOT NULL OR tasks.phase <> 'closed')
ORDER BY tasks.created_at DESC LIMIT ?
"""
_TOLD = """
SELECT json_extract(args, '$.text') FROM jobs WHERE task_id = ? AND step = 'narration' AND state <> 'skipped'
ORDER BY key
"""
_ARCHIVED_TOLD = "SELECT told FROM archived WHERE task_id = ?"


def repeated(
    connection: sqlite3.Connection, event: Event, jobs: Iterable[Job], alike: float | None, channel_id: str
) -> tuple[tuple[Film, ...], tuple[Film, ...]]:  # fmt: skip
    """What a new plan or upload may repeat: identical ones, and the channel's newest. `alike`: see the policy."""
    if alike is None:
        return (), ()
    if isinstance(event, JobSucceeded) and event.plan is not None:
        same = with_plan(connection, event.task_id, event.sha256, likeness.content(event.plan) if alike else "")
        return same, () if same or not alike else last(connection, channel_id, event.task_id, likeness.LAST)
    if isinstance(event, JobStarted) and event.job.startswith("upload/"):
        made = {job.step: job.sha256 for job in jobs if job.step in ("plan", "assemble")}
        return sent(connection, event.task_id, made.get("assemble"), made.get("plan")), ()
    return (), ()


def _first(
    connection: sqlite3.Connection, queries: Iterable[str], asked: tuple[str, str], what: str
) -> tuple[Film, ...]:  # fmt: skip
    """What the first of the queries that finds anything has found."""
    for query in queries:
        found = tuple(Film(row[0], row[1], row[2], what=what) for row in connection.execute(query, asked))
        if found:
            return found
    return ()


def with_plan(connection: sqlite3.Connection, task_id: str, sha256: str, content: str) -> tuple[Film, ...]:
    """Other episodes with an identical plan; `content` "": only with an identical file."""
    plan = (_SAME_PLAN, _ARCHIVED.format(what="plan", sent=_UPLOADED))
    words = (_SAME_WORDS, _ARCHIVED.format(what="content", sent=_UPLOADED))
    found = _first(connection, plan, (sha256, task_id), "plan")
    return found or (_first(connection, words, (content, task_id), "plan") if content else ())


def sent(connection: sqlite3.Connection, task_id: str, film: str | None, plan: str | None) -> tuple[Film, ...]:
    """Other episodes that were uploaded, or are being uploaded now, with this very film or plan."""
    films = (_SAME_FILM_SENT, _ARCHIVED.format(what="film", sent=_SENT))
    plans = (_SAME_PLAN_SENT, _ARCHIVED.format(what="plan", sent=_SENT))
    found = _first(connection, films, (film, task_id), "film") if film else ()
    return found or (_first(connection, plans, (plan, task_id), "plan") if plan else ())


def last(connection: sqlite3.Connection, channel_id: str, task_id: str, most: int) -> tuple[Film, ...]:
    """The channel's other newest episodes that have a plan, with their whole narration."""
    found = []
    for other, channel, title in connection.execute(_LAST, (channel_id, task_id, most)).fetchall():
        told = "\n".join(str(row[0]) for row in connection.execute(_TOLD, (other,)))
        if not told:
            told = "".join(row[0] for row in connection.execute(_ARCHIVED_TOLD, (other,)))
        if told:
            found.append(Film(other, channel, title, told))
    return tuple(found)
