"""The ways to a person, gathered from the files of this folder.

A file is one way: its `notifier` gives it, or None where the settings (`[alerts]`) or its secret do not set it up. Its
key `NAME_level` in `[alerts]` says from which level on it is used; without one it gets everything.
"""

import asyncio
import logging
import pkgutil
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from videod.config import Alerts
from videod.core.alerts import Level, Note
from videod.core.sanitize import sanitize_line
from videod.ports import BoardError, Notifier, Sent

log = logging.getLogger(__name__)

Secret = Callable[[str], str | None]
NotifierFactory = Callable[[Alerts, Secret], Notifier | None]

#: so much of what a receiver says is kept
WORDS_CHARACTERS = 300


def _gathered() -> dict[str, NotifierFactory]:
    found: dict[str, NotifierFactory] = {}
    for module in pkgutil.iter_modules(__path__):
        make_notifier = getattr(import_module(f"{__name__}.{module.name}"), "notifier", None)
        if not callable(make_notifier):
            raise ValueError(f"videod/adapters/notifiers/{module.name}.py: there is no function `notifier`")
        found[module.name] = make_notifier
    return found


#: how each way is set up, by its file
FACTORIES: Mapping[str, NotifierFactory] = _gathered()


@dataclass(frozen=True)
class Way:
    """One way by its name; `least`: the level from which on it is used."""

    name: str
    notifier: Notifier
    least: Level = Level.INFO

    def wants(self, note: Note) -> bool:
        return note.asked or note.level.rank >= self.least.rank


def configured(alerts: Alerts, secret: Secret, redact: Callable[[str], str] = str) -> "Notifiers":
    """All ways that are set up; `redact` takes secrets out of what goes there."""
    ways = [(name, make_notifier(alerts, secret)) for name, make_notifier in FACTORIES.items()]
    return Notifiers([Way(name, way, _least(alerts, name)) for name, way in ways if way is not None], redact)


def _least(alerts: Alerts, name: str) -> Level:
    return Level(getattr(alerts, f"{name}_level", Level.INFO))


def _trouble(failure: BaseException) -> BoardError:
    """One broken way must not stop the others or the daemon."""
    if isinstance(failure, BoardError):
        return failure
    if not isinstance(failure, Exception):
        raise failure
    log.error("alert_way_broke", exc_info=failure)
    return BoardError("down", f"it broke ({type(failure).__name__}). The log has more")


class Notifiers:
    """`ports.People`: several ways to a person. An alert is delivered when any of them took it."""

    def __init__(self, ways: Sequence[Way], redact: Callable[[str], str] = str) -> None:
        self.ways = tuple(ways)
        self._redact = redact
        self._troubles: dict[str, str] = {}

    async def send(self, note: Note, taken: Collection[str] = ()) -> Sent:
        """Without any way, or where none wants this level, the log is the way. See `ports.People`."""
        note = replace(note, text=self._redact(note.text))
        wanted = [way for way in self.ways if way.wants(note)]
        if not wanted:
            log.warning("alert_only_logged", extra={"level": note.level.value, "text": note.text})
            return Sent()
        sent = await self.through([way for way in wanted if way.name not in taken], lambda way: way.notifier.send(note))
        if not sent.took and not taken:
            order = ("busy", "down", "credentials", "gone", "rejected")
            raise min(sent.failed.values(), key=lambda trouble: order.index(trouble.kind))
        return sent

    async def through(self, ways: Sequence[Way], call: Callable[[Way], Awaitable[str]]) -> Sent:
        """Call each way at once; what it said, or how it failed."""
        results = await asyncio.gather(*(call(way) for way in ways), return_exceptions=True)
        took, failed = {}, {}
        for way, result in zip(ways, results, strict=True):
            if isinstance(result, BaseException):
                trouble = failed[way.name] = _trouble(result)
                self._troubles[way.name] = self.clean(trouble)
                about = {"way": way.name, "kind": trouble.kind, "error": self._troubles[way.name]}
                log.warning("alert_way_failed", extra=about)
            else:
                took[way.name] = self.clean(result)
                self._troubles.pop(way.name, None)
        return Sent(took, failed)

    def clean(self, words: object) -> str:
        """A receiver's words, or why it did not take a message, in one line without secrets."""
        return sanitize_line(self._redact(str(words)))[:WORDS_CHARACTERS]

    def problems(self) -> tuple[str, ...]:
        """What `status` should say: the ways that did not take the last alert."""
        return tuple(f"Alerts by {name} do not arrive: {why}" for name, why in self._troubles.items())
