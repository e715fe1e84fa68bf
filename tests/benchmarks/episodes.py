"""Finished episodes written straight into a videod database by SQL: a past without living through it."""

import sqlite3
from pathlib import Path

JOBS = 100
#: plan, images, composites, clips, narrations, effects of one episode: a hundred jobs, and their services
_STEPS = (
    "('plan', 'gemini', 1, 20000), ('image', 'gemini', 22, 33600), ('composite', 'pillow', 18, 0),"
    " ('clip', 'kie', 18, 420000), ('narration', 'elevenlabs', 18, 8000), ('sound_effect', 'elevenlabs', 18, 120000),"
    " ('assemble', 'ffmpeg', 1, 0), ('cut', 'ffmpeg', 2, 0), ('upload', 'youtube', 1, 0), ('cleanup', 'local', 1, 0)"
)
#: one a day and channel, the newest a week ago
_NEWEST_MS = 1_794_000_000_000
_SPREAD_MS = 86_400_000
_ARGS = '{"prompt": "' + "A brown bear waits beside a cold river at dawn, mist over the far bank. " * 4 + '"}'

_SCRIPT = (
    """
CREATE TEMP TABLE made AS
WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < :episodes)
SELECT 'old-film-' || value AS id, 'channel_' || (value % 10) AS channel, :newest - (value / 10) * :spread AS at,
       value FROM n
""",
    """
INSERT INTO tasks (id, page_id, channel_id, title, topic, direction, priority, status, phase, created_at, queued_at,
    admitted, started_at, ended_at, approved, cancelled, error, cost_micros, rebought_micros, possibly_paid_twice,
    youtube_id,
    youtube_url)
SELECT id, 'page-' || id, channel, 'Old film ' || value, 'brown bears', 'A bear waits.', 1, 'published',
    'closed', at, at, 1, at,
    at + 3600000, 'assets,video,audio,final', 0, '', 10623200, 0, 0, 'v' || value, 'https://youtu.be/v' || value
FROM made
""",
    f"""
CREATE TEMP TABLE work AS
WITH RECURSIVE steps(step, service, many, price) AS (VALUES {_STEPS}),
    one(step, service, number, many, price) AS (
        SELECT step, service, 1, many, price FROM steps
        UNION ALL SELECT step, service, number + 1, many, price FROM one WHERE number < many)
SELECT step, service, printf('%s_%02d', step, number) AS key, price, row_number() OVER () AS place FROM one
""",
    """
INSERT INTO jobs (id, task_id, channel_id, step, key, service, state, args, needs, attempts, attempt, due_at, revision,
    digest, output, bytes, sha256, facts, price_micros, cost_micros, buy_again, reworded, again, started_at, ended_at)
SELECT (made.value - 1) * 100 + place, made.id, channel, step, key, service, 'done', :args, '["plan/plan"]', 0,
    (made.value - 1) * 100 + place, 0, 0, :digest, 'assets/' || key || '.png', 812345, :digest, '{"width": 1344}',
    price, price, 0, 0, 0, at + place * 30000, at + place * 30000 + 12000
FROM made CROSS JOIN work ORDER BY 1
""",
    """
INSERT INTO attempts (id, job_id, task_id, channel_id, started_at, ended_at, outcome, exit_code, stderr_tail)
SELECT id, id, task_id, channel_id, started_at, ended_at, 'done', 0, '' FROM jobs WHERE id <= :episodes * 100
""",
    """
INSERT INTO intents (attempt_id, task_id, channel_id, service, micros, at)
SELECT id, task_id, channel_id, service, price_micros, started_at FROM jobs
WHERE price_micros > 0 AND id <= :episodes * 100
""",
    """
INSERT INTO charges (attempt_id, task_id, channel_id, job, service, kind, quantity, unit, micros, at)
SELECT id, task_id, channel_id, step || '/' || key, service, step, 1, 'piece', price_micros, ended_at FROM jobs
WHERE price_micros > 0 AND id <= :episodes * 100
""",
    """
INSERT INTO history (task_id, channel_id, at, event, body, status)
SELECT task_id, channel_id, started_at, 'JobStarted',
    json_object('at', started_at, 'task_id', task_id, 'job', step || '/' || key, 'digest', digest), 'generating_video'
FROM jobs WHERE id <= :episodes * 100
""",
    """
INSERT INTO history (task_id, channel_id, at, event, body, status)
SELECT task_id, channel_id, ended_at, 'JobSucceeded',
    json_object('at', ended_at, 'task_id', task_id, 'job', step || '/' || key, 'attempt', attempt, 'output', output,
                'bytes', bytes, 'sha256', sha256, 'facts', facts, 'plan', NULL), 'generating_video'
FROM jobs WHERE id <= :episodes * 100
""",
)


def finished_episodes(path: Path, count: int) -> None:
    """Put `count` published episodes of a hundred jobs each, with attempts, money and history, into an empty file."""
    if not count:
        return
    values = {"episodes": count, "newest": _NEWEST_MS, "spread": _SPREAD_MS, "args": _ARGS, "digest": "0" * 64}
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("BEGIN")
    for statement in _SCRIPT:
        connection.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
