"""Structured logs: one JSON object a line, named events, secrets and what could steer a terminal taken out last.

The event's name is the message (`{component}_{action}_{status}`), everything else comes through `extra=`. On a
terminal the same records are short text for people.
"""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from videod.core.sanitize import sanitize_screen, sanitize_screen_lines
from videod.guard.errors import CURRENT

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _extras(record: logging.LogRecord) -> dict[str, object]:
    """What the record says besides its event; one that was made for a request names it, unless it names a service's."""
    own = {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}
    request = CURRENT.get()
    return own if request is None else {"request_id": request} | own


def _without_secrets(value: object, redact: Callable[[str], str]) -> object:
    """Every text in it redacted separately: the escapes of what encodes it next would stand within a secret."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {redact(str(name)): _without_secrets(one, redact) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(one, redact) for one in value]
    return redact(str(value))


class JsonLines(logging.Formatter):
    """{"at", "level", "event", ...extras}; a traceback under "trace"."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        named: dict[str, object] = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        line = named | _extras(record) | named  # an extra never takes the place of the event's name
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return sanitize_screen(json.dumps(_without_secrets(line, self._redact), ensure_ascii=False))


class Text(logging.Formatter):
    """The same for a person at a terminal: time, event, what it is about."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        extras = " ".join(f"{name}={_without_secrets(value, self._redact)}" for name, value in _extras(record).items())
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname} "
        lines = [sanitize_screen(self._redact(f"{at} {mark}{record.getMessage()} {extras}".rstrip()))]
        if record.exc_info:
            # set in, so that no line of an error's words passes for a record
            trace = sanitize_screen_lines(self._redact(self.formatException(record.exc_info)))
            lines += [f"  {line}" for line in trace]
        return "\n".join(lines)


def set_up(redact: Callable[[str], str], path: Path | None = None, verbose: bool = False) -> None:
    """Send the log to stderr (JSON unless it is a terminal) and, where given, as JSON to a file of mode 0600."""
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(Text(redact) if sys.stderr.isatty() else JsonLines(redact))
    root.addHandler(stream)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        kept = logging.FileHandler(path)
        kept.setFormatter(JsonLines(redact))
        root.addHandler(kept)
    for noisy in ("httpx", "httpcore", "aiohttp.access", "asyncio", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
