"""What a person wrote for an episode: a script by paragraphs, or a whole plan, read from a file."""

import re
from pathlib import Path

from scripts.lib import answers, atomic
from scripts.lib.answers import Json
from scripts.lib.failures import Failure, Kind
from scripts.lib.sanitize import sanitize_line

SCRIPT_BYTES, PLAN_BYTES = 200_000, 4_000_000
CLIPS_MAX = 60


def lines(path: Path) -> tuple[str, ...]:
    """What is said over each clip: the paragraphs of the file. Raises Failure(input)."""
    try:
        text = atomic.read_small(path, SCRIPT_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise Failure(Kind.INPUT, f"--script {path} cannot be read: {error}") from error
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    found = tuple(line for part in parts if (line := " ".join(sanitize_line(part).split())))
    if not 1 <= len(found) <= CLIPS_MAX:
        raise Failure(Kind.INPUT, f"--script {path} has {len(found)} paragraphs. Write 1 to {CLIPS_MAX}")
    return found


def plan(path: Path) -> dict[str, Json]:
    """The plan in the file. Raises Failure(input)."""
    try:
        found = answers.parse(atomic.read_small(path, PLAN_BYTES))
    except (OSError, ValueError) as error:
        raise Failure(Kind.INPUT, f"--plan {path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise Failure(Kind.INPUT, f"--plan {path} holds no plan", next_step="see `videod plan schema`")
    return found
