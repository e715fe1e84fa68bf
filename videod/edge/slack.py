"""Alerts through a Slack incoming webhook. Its address is the credential: it appears in no error and no log."""

import asyncio
import logging
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp

from videod.core import bounds
from videod.core.sanitize import sanitize, sanitize_line
from videod.seams import Alarm, BoardError

log = logging.getLogger(__name__)

CALL_S = 20.0
BUSY_S = 30.0
#: Slack asks for seconds; an alert waits no longer, whatever stands there
BUSY_MOST_S = 900.0
ANSWER_BYTES = 1024


class Slack:
    """`seams.Alarm` over `POST webhook {"text": ...}`; Slack takes one message a second."""

    def __init__(self, webhook_url: str) -> None:
        self._url = webhook_url

    async def send(self, text: str) -> None:
        timeout = aiohttp.ClientTimeout(total=CALL_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, json={"text": _plain(sanitize(text))}, allow_redirects=False) as response,
            ):
                word = (await response.content.read(ANSWER_BYTES)).decode(errors="replace").strip()
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # aiohttp's errors hold the address: only their kind may leave here
            raise BoardError("down", f"Slack cannot be reached ({type(error).__name__})") from None
        if status == 200 and word.startswith("<"):
            raise BoardError("down", "Slack cannot be reached: a page came in place of its answer")
        if status != 200:
            echoed = urlsplit(self._url).path in word  # the path is what makes the address a credential
            wait = bounds.wait_s(retry_after, round(time.time() * 1000))
            wait_s = BUSY_S if wait is None else min(wait, BUSY_MOST_S)
            raise self._refusal(status, "" if echoed else sanitize_line(word)[:80], wait_s)

    @staticmethod
    def _refusal(status: int, word: str, wait_s: float) -> BoardError:
        message = f"Slack refused the alert: {word or 'no reason given'} [HTTP {status}]"
        if status == 429:
            return BoardError("busy", message, wait_s)
        if status in (408, 425) or status >= 500 or 300 <= status < 400:
            return BoardError("down", message)
        if status in (403, 404, 410):
            return BoardError("gone", f"{message}; make a new webhook and set SLACK_WEBHOOK_URL")
        return BoardError("rejected", message)


def _plain(text: str) -> str:
    """Slack's own escapes: a title such as "<!channel>" must not ring for everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _trouble(failure: BaseException) -> BoardError:
    """A way that breaks by itself is one way less; the alert and the daemon go on."""
    if isinstance(failure, BoardError):
        return failure
    if not isinstance(failure, Exception):
        raise failure
    log.error("alarm_way_broke", exc_info=failure)
    return BoardError("down", f"a way to people broke ({type(failure).__name__}); the log has more")


class Alarms:
    """Several ways to a person: an alert is delivered when any of them took it."""

    def __init__(self, ways: Sequence[Alarm]) -> None:
        self._ways = ways

    async def send(self, text: str) -> None:
        """Raises the BoardError most worth waiting for when no way took it. Without any way the log is the way."""
        if not self._ways:
            log.error("alarm_no_way_configured", extra={"text": text})
            return
        results = await asyncio.gather(*(way.send(text) for way in self._ways), return_exceptions=True)
        troubles = [_trouble(result) for result in results if result is not None]
        for trouble in troubles:
            log.warning("alarm_way_failed", extra={"kind": trouble.kind, "error": str(trouble)})
        if len(troubles) == len(self._ways):
            order = ("busy", "down", "credentials", "gone", "rejected")
            raise min(troubles, key=lambda trouble: order.index(trouble.kind))
