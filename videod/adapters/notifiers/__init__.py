"""The ways to a person, gathered from the files of this folder.

A file is one way: its `notifier` gives it, or None where the settings (`[alerts]`) or its secret do not set it up.
"""

import asyncio
import logging
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from videod.config import Alerts
from videod.ports import BoardError, Notifier

log = logging.getLogger(__name__)

Secret = Callable[[str], str | None]
NotifierFactory = Callable[[Alerts, Secret], Notifier | None]


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


def configured(alerts: Alerts, secret: Secret, redact: Callable[[str], str] = str) -> "Notifiers":
    """All ways that are set up; `redact` takes secrets out of what goes there."""
    ways = [make_notifier(alerts, secret) for make_notifier in FACTORIES.values()]
    return Notifiers([way for way in ways if way is not None], redact)


def _trouble(failure: BaseException) -> BoardError:
    """One broken way must not stop the others or the daemon."""
    if isinstance(failure, BoardError):
        return failure
    if not isinstance(failure, Exception):
        raise failure
    log.error("alert_way_broke", exc_info=failure)
    return BoardError("down", f"a way to people broke ({type(failure).__name__}); the log has more")


class Notifiers:
    """Several ways to a person: an alert is delivered when any of them took it."""

    def __init__(self, ways: Sequence[Notifier], redact: Callable[[str], str] = str) -> None:
        self._ways = ways
        self._redact = redact

    async def send(self, text: str) -> None:
        """Raises the BoardError most worth waiting for when no way took it. Without any way the log is the way."""
        text = self._redact(text)
        if not self._ways:
            log.error("alert_no_way_configured", extra={"text": text})
            return
        results = await asyncio.gather(*(way.send(text) for way in self._ways), return_exceptions=True)
        troubles = [_trouble(result) for result in results if result is not None]
        for trouble in troubles:
            log.warning("alert_way_failed", extra={"kind": trouble.kind, "error": str(trouble)})
        if len(troubles) == len(self._ways):
            order = ("busy", "down", "credentials", "gone", "rejected")
            raise min(troubles, key=lambda trouble: order.index(trouble.kind))
