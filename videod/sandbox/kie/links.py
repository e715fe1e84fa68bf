"""Media addresses that expire: the one a finished task shows lives 24 h, one from `download-url` 20 min."""

import hashlib
import re

from videod.sandbox.kernel import Context

RESULT_LIFE_MS = 24 * 3600 * 1000
FRESH_LIFE_MS = 20 * 60 * 1000
_FORM = re.compile(r"/media/(?P<until>\d+)/(?P<mark>[0-9a-f]{16})/(?P<task>[0-9a-f]{32})\.mp4")


def _mark(task_id: str, until_ms: int) -> str:
    return hashlib.sha256(f"videod sandbox {task_id} {until_ms}".encode()).hexdigest()[:16]


def link(context: Context, task_id: str, until_ms: int) -> str:
    return f"{context.urls['kie']}/media/{until_ms}/{_mark(task_id, until_ms)}/{task_id}.mp4"


def task_of(path: str) -> tuple[str, int] | None:
    """The task id and the end (ms) of a media path, or None for a path we never gave out."""
    found = _FORM.fullmatch(path)
    if found is None or found["mark"] != _mark(found["task"], int(found["until"])):
        return None
    return found["task"], int(found["until"])
