"""Notion's webhook, where it is switched on: whether it can work, and whether it does."""

import ipaddress
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from videod.cli.checks import Check, fix, note, ok
from videod.config import Settings
from videod.core import webhook
from videod.credentials import Secrets
from videod.dashboard.text import ago
from videod.store import readonly, reads

AREA = "webhook"
#: a board on which people work is changed more often than this, ms
QUIET_MS = 7 * 86_400_000


def hook(settings: Settings, secrets: Secrets | None, now: int) -> Iterator[Check]:
    """What is wrong with the webhook, or that it is off or well."""
    wanted = settings.webhook
    if settings.board.own:
        if wanted.port:
            yield note(AREA, "port", "Not used: the board is videod's own, and only Notion calls the webhook.")
        return
    if not wanted.port:
        yield ok(AREA, "port", f"Off: videod asks Notion every {settings.daemon.poll_interval_s:g} s.")
        return
    if not ipaddress.ip_address(wanted.address).is_loopback:
        yield note(AREA, "address", f"It listens on {wanted.address} without TLS. Let only your proxy reach port"
                   f" {wanted.port}.")  # fmt: skip
    if secrets is not None and secrets.get(webhook.SECRET) is None:
        yield fix(AREA, webhook.SECRET, f"{webhook.SECRET} is not set, so videod cannot trust what Notion sends."
                  " `videod notion webhook` says what to do.")  # fmt: skip
        return
    seen = _report(settings)
    if seen is None or not seen.on:
        yield note(AREA, "daemon", "videod has not listened yet. Start it, or restart it with these settings.")
        return
    if seen.problem:
        yield fix(AREA, "port", f"{seen.problem[0].upper()}{seen.problem[1:]}.")
    refused = f" Refused: {webhook.why_refused(seen.refused)}." if seen.refused else ""
    if seen.signed_at is None:
        yield note(AREA, "deliveries", f"No signed delivery has arrived yet. Is {seen.url} the address in Notion, and"
                   f" does your proxy forward it to {seen.listens}?{refused}")  # fmt: skip
    elif now - seen.signed_at > QUIET_MS:
        yield note(AREA, "deliveries", f"The last signed delivery came {ago(seen.signed_at, now)}. If the board has"
                   f" changed since, check the subscription in Notion and your proxy.{refused}")  # fmt: skip
    else:
        yield ok(AREA, "deliveries", f"The last signed delivery came {ago(seen.signed_at, now)}.{refused}")


def _report(settings: Settings) -> webhook.Report | None:
    """What the daemon says; None where there is no database, or none that can be read (which other checks say)."""
    try:
        with closing(readonly.look(settings.paths.state / "videod.db")) as connection:
            return webhook.report_of(reads.value_json(connection, webhook.FACT))
    except (readonly.NoDatabase, sqlite3.Error, OSError):
        return None
