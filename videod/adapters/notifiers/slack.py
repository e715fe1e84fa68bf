"""Alerts through a Slack incoming webhook. Its address is the credential: it appears in no error and no log."""

import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import aiohttp

from videod.config import Alerts
from videod.core import bounds
from videod.core.alerts import Note
from videod.core.redaction import REDACTED, Redactor
from videod.core.sanitize import sanitize, sanitize_line
from videod.ports import BoardError, Notifier

CALL_S = 20.0
BUSY_S = 30.0
#: Slack asks for seconds; an alert waits no longer, whatever stands there
BUSY_MOST_S = 900.0
ANSWER_BYTES = 1024
#: what Slack says to a message without a text at a webhook that works
_ALIVE = ("no_text", "invalid_payload", "missing_text_or_fallback_or_attachments")


def notifier(alerts: Alerts, secret: Callable[[str], str | None]) -> Notifier | None:
    """Slack, where it is not switched off and its webhook is known."""
    webhook = secret("SLACK_WEBHOOK_URL")
    return Slack(webhook) if alerts.slack and webhook else None


class Slack:
    """`ports.Notifier` over `POST webhook {"text": ...}`; Slack takes one message a second."""

    def __init__(self, webhook_url: str) -> None:
        self._url = webhook_url
        # the path is what makes the address a credential
        self._redactor = Redactor({REDACTED: urlsplit(webhook_url).path})

    async def send(self, note: Note) -> str:
        status, word, wait_s = await self._post(_message(note))
        if status != 200:
            raise self._refusal(status, word, wait_s)
        return word

    async def check(self) -> str:
        """Post nothing: a webhook that is alive says what is missing, one that was revoked says so."""
        status, word, wait_s = await self._post({})
        if status not in (200, 400) or word not in _ALIVE:
            raise self._refusal(status, word, wait_s)
        return "the webhook is known"

    async def _post(self, body: Mapping[str, object]) -> tuple[int, str, float]:
        """(status, Slack's word, how long to wait in seconds) of a message."""
        timeout = aiohttp.ClientTimeout(total=CALL_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, json=body, allow_redirects=False) as response,
            ):
                word = (await response.content.read(ANSWER_BYTES)).decode(errors="replace").strip()
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # aiohttp's errors hold the address: only their kind may leave here
            raise BoardError("down", f"Slack cannot be reached ({type(error).__name__})") from None
        if status != 429 and word.startswith("<"):
            raise BoardError("down", "Slack cannot be reached: a page came in place of its answer")
        wait = bounds.wait_s(retry_after, round(time.time() * 1000))
        wait_s = BUSY_S if wait is None else min(wait, BUSY_MOST_S)
        return status, sanitize_line(self._redactor(word))[:80], wait_s

    @staticmethod
    def _refusal(status: int, word: str, wait_s: float) -> BoardError:
        message = f"Slack refused the alert: {word or 'no reason given'} [HTTP {status}]"
        if 300 <= status < 400:
            message = f"Slack was not reached: the answer is a redirect, so videod sends it no key [HTTP {status}]"
        if status == 429:
            return BoardError("busy", message, wait_s)
        if status in (408, 425) or status >= 500 or 300 <= status < 400:
            return BoardError("down", message)
        if status in (403, 404, 410):
            return BoardError("gone", f"{message}. Make a new webhook and set SLACK_WEBHOOK_URL")
        return BoardError("rejected", message)


def _message(note: Note) -> dict[str, object]:
    """No link in it is looked at by Slack: a service may have written it."""
    text = f"{note.level.value.capitalize()}: {_plain(sanitize(note.text))}"
    return {"text": text, "unfurl_links": False, "unfurl_media": False}


def _plain(text: str) -> str:
    """Slack's own escapes: a title such as "<!channel>" must not ring for everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
