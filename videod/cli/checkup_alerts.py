"""Whether anybody hears of what needs a person: each way to you, and what its receiver says when it is asked."""

import asyncio
from collections.abc import AsyncIterator

from videod.adapters import notifiers
from videod.adapters.notifiers import Way
from videod.adapters.notifiers.email import PASSWORD
from videod.cli.checks import Check, State, fix, note, ok
from videod.config import Settings
from videod.credentials import Secrets
from videod.ports import BoardError

#: a receiver may take so long, seconds
ASK_S = 20.0
_TITLES = {"slack": "Slack", "email": "E-mail"}


async def ways(settings: Settings, secrets: Secrets | None, offline: bool) -> AsyncIterator[Check]:
    """A row for each way. Nothing is sent: Slack is asked with an empty message, a mail server up to the recipients."""
    if secrets is None:
        return
    people = notifiers.configured(settings.alerts, secrets.get, secrets.redact)
    if not people.ways:
        yield note("alerts", "ways", "Alerts are only shown on the board. To get messages, set SLACK_WEBHOOK_URL, or"
                    " `email_to` in [alerts] of videod.toml.")  # fmt: skip
    if settings.alerts.email_to and settings.alerts.smtp_user and not secrets.get(PASSWORD):
        yield fix("alerts", "password", f"smtp_user is set in [alerts], but {PASSWORD} is not. Set it.")
        people = notifiers.Notifiers([way for way in people.ways if way.name != "email"], secrets.redact)
    if offline:
        for way in people.ways:
            yield ok("alerts", way.name, f"{_gets(way)} Not checked, because of --offline.")
        return
    sent = await people.through(people.ways, _asked)
    for way in people.ways:
        if way.name in sent.took:
            yield ok("alerts", way.name, f"{_gets(way)} It answered: {sent.took[way.name]}.")
            continue
        trouble = sent.failed[way.name]
        state = State.UNKNOWN if trouble.kind == "busy" else State.FIX
        why = people.clean(trouble).rstrip(".")
        yield Check("alerts", way.name, state, f"{_title(way)} takes no alerts: {why}. Try it: `videod alerts test`.")


async def _asked(way: Way) -> str:
    try:
        async with asyncio.timeout(ASK_S):
            return await way.notifier.check()
    except TimeoutError:
        raise BoardError("down", "no answer in time") from None


def _title(way: Way) -> str:
    return _TITLES.get(way.name, way.name)


def _gets(way: Way) -> str:
    return f"{_title(way)} gets alerts from level {way.least.value} on."
