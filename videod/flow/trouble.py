"""The board's trouble as the intake meets it: how long to wait, what status says, and when people hear of it."""

import logging

from videod.core.board import sentence
from videod.core.moments import clock, duration
from videod.core.ops import REMIND_MS
from videod.ledger import Ledger
from videod.ports import BoardError, Clock

log = logging.getLogger(__name__)

#: the fact that `views.problems` shows
REMARK = "board_trouble"
#: how long to wait after a failure at most, by its kind, seconds
WAITS_S = {"busy": 300.0, "down": 30.0, "credentials": 60.0, "gone": 60.0, "rejected": 60.0}
#: after so long without an answer people hear of it by other ways, ms; of what only they can change at once
TELL_AFTER_MS = 600_000
FOR_PEOPLE = ("credentials", "gone", "rejected")
#: the keys of the two causes
UNREACHABLE, REFUSED = "board unreachable", "board refused"


class Trouble:
    """One occurrence at a time; `kind` is the board's last error while it lasts, else None."""

    def __init__(self, ledger: Ledger, clock: Clock, tell_after_ms: int = TELL_AFTER_MS) -> None:
        self._ledger = ledger
        self._clock = clock
        self._tell_after_ms = tell_after_ms
        self.kind: str | None = None
        self._since_ms = 0
        self._told_at: int | None = None
        self._failures = 0
        #: an earlier daemon may have told people of an outage that is over now
        self._fresh = True

    async def over(self) -> None:
        """The board answered: what waited for it is due at once."""
        if self.kind is None and not self._fresh:
            return
        at, self._fresh = self._clock.now_ms(), False
        ended = [await self._ledger.alert_over(UNREACHABLE, at), await self._ledger.alert_over(REFUSED, at)]
        since = [told for told in ended if told is not None]
        if since:
            await self._tell_back(min([*since, *([self._since_ms] if self.kind is not None else [])]), at)
        if self.kind is None:
            return
        log.info("intake_board_recovered", extra={"kind": self.kind, "failures": self._failures})
        self.kind, self._failures, self._told_at = None, 0, None
        await self._ledger.set_value(REMARK, "")
        await self._ledger.hasten(at)

    async def met(self, error: BoardError, interval_s: float) -> float:
        """The board failed; returns the seconds until it is asked again."""
        self._failures += 1
        at = self._clock.now_ms()
        if self.kind is None:
            self._since_ms = at
        if error.kind != self.kind:
            self.kind = error.kind
            log.warning("intake_board_failed", extra={"kind": error.kind, "error": str(error)})
            await self._ledger.set_value(REMARK, f"the board cannot be read: {error}")
        await self._tell_people(error, at)
        if error.retry_after_s is not None:
            return max(interval_s, error.retry_after_s)
        longest = max(interval_s, WAITS_S[error.kind])
        return longest if error.kind == "credentials" else min(longest, interval_s * self._failures)

    async def _tell_people(self, error: BoardError, at: int) -> None:
        """Once an occurrence and after each day, past the board: at once where only they can change it."""
        told = self._told_at is not None and at - self._told_at < REMIND_MS
        if told or (error.kind not in FOR_PEOPLE and at - self._since_ms < self._tell_after_ms):
            return
        self._told_at = at
        text = f"The Notion board cannot be read since {clock(self._since_ms)}: {sentence(str(error))}"
        text += f" Episodes in work continue. Approvals are not seen meanwhile. {_remedy(error.kind)}"
        if error.kind in FOR_PEOPLE:
            await self._ledger.alert(REFUSED, text, at)
        else:
            await self._ledger.alert(UNREACHABLE, text, at)

    async def _tell_back(self, since: int, at: int) -> None:
        text = f"The Notion board answers again. It could not be read for {duration(at - since)}, since {clock(since)}."
        key = f"board back:{since}"
        await self._ledger.alert(key, f"{text} videod is sending what waited for it.", at)
        await self._ledger.alert_over(key, at)


def _remedy(kind: str) -> str:
    return {
        "credentials": "Put a valid token into NOTION_TOKEN and restart videod.",
        "gone": "Share the page with the connection again (page menu, Connections), then run `videod notion check`.",
        "rejected": "Check the board with `videod notion check`.",
    }.get(kind, "videod keeps asking.")
