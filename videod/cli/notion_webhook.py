"""`videod notion webhook`: how Notion's webhook is doing, and the next step until it works."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from videod.cli import board, client, output
from videod.cli.output import CONFIGURATION, DOWN, CommandError
from videod.config import Settings
from videod.core import webhook
from videod.core.sanitize import sanitize_screen
from videod.credentials import CredentialsError, load_secrets
from videod.dashboard.text import ago, clock
from videod.store import readonly, reads
from videod.web import handshake, serializers

#: what an entry's changes are called in Notion's list of events
EVENTS = "Page created, Page properties updated, Page deleted, Page undeleted"
_ON = """Off: videod asks Notion every {poll:g} s. To be called as well, put this into videod.toml and restart videod:

[webhook]
port = 8091
host = "hooks.example.com"        # your own name, which your proxy or tunnel leads to this port

Then run this command again. docs/operations.md has the lines for Caddy, cloudflared and Tailscale."""


def show(settings: Settings, as_json: bool, config: Path) -> None:
    """Raises CommandError."""
    board.check_notion(settings)
    state = settings.paths.state
    try:
        secret = load_secrets(os.environ, settings=config).get(webhook.SECRET)
        tokens = handshake.read(state)
    except CredentialsError as error:
        raise CommandError(CONFIGURATION, str(error), "") from error
    except OSError as error:
        raise CommandError(
            DOWN, f"{state / handshake.FILE} cannot be read: {error.strerror}", "run this as videod's user"
        ) from error
    seen = _report(state)
    if as_json:
        kept = [{"token": one.value, "at": serializers.when(one.at)} for one in tokens]
        told = serializers.hook(seen) | {"secret": secret is not None, "tokens": kept}
        output.print_json(told | {"on": bool(settings.webhook.port), "url": _url(settings)})
        return
    for line in _lines(settings, secret is not None, tokens, seen, client.now_ms()):
        output.say(line)


def _url(settings: Settings) -> str | None:
    return webhook.url_of(settings.webhook.host) if settings.webhook.port else None


def _report(state: Path) -> webhook.Report:
    try:
        with closing(readonly.look(state / "videod.db")) as connection:
            return webhook.report_of(reads.value_json(connection, webhook.FACT))
    except (readonly.NoDatabase, sqlite3.Error):
        return webhook.Report()


def _lines(
    settings: Settings, secret: bool, tokens: tuple[handshake.Token, ...], seen: webhook.Report, now: int
) -> Iterator[str]:
    if not settings.webhook.port:
        yield from _ON.format(poll=settings.daemon.poll_interval_s).splitlines()
        return
    yield f"Address for Notion: {_url(settings)}"
    yield f"videod listens on {settings.webhook.address} port {settings.webhook.port}."
    if seen.problem:
        yield f"! {sanitize_screen(seen.problem)}"
    yield ""
    if not seen.on:
        yield "Start videod, or restart it with these settings."
    elif secret:
        yield from _working(seen, now)
    elif tokens:
        yield from _verify(tokens, now)
    else:
        yield from _subscribe(settings)


def _subscribe(settings: Settings) -> Iterator[str]:
    yield "Next: make the subscription in Notion."
    yield "  1. Open the settings of the connection whose token is NOTION_TOKEN, and there Webhooks."
    yield f"  2. Create a subscription with the address {_url(settings)}"
    yield f"     and these events: {EVENTS}."
    yield "  3. Notion sends a verification token to that address. Run this command again to see it."


def _verify(tokens: tuple[handshake.Token, ...], now: int) -> Iterator[str]:
    yield f"Notion sent this verification token at {ago(tokens[0].at, now)}:"
    yield ""
    yield f"  {sanitize_screen(tokens[0].value)}"
    yield ""
    yield "Next:"
    yield "  1. Paste it into Notion: Webhooks, your subscription, Verify."
    yield f"  2. Put it into {webhook.SECRET}, or into /etc/credstore/videod.{webhook.SECRET.lower()} for the unit."
    yield "  3. Restart videod. It then deletes its own copy."
    if len(tokens) > 1:
        yield ""
        yield "Others came as well. Anyone who reaches the address can send one. Only Notion's own passes step 1:"
        for one in tokens[1:]:
            yield f"  {sanitize_screen(one.value)}  at {clock(one.at, now)}"


def _working(seen: webhook.Report, now: int) -> Iterator[str]:
    if not seen.secret:
        yield f"{webhook.SECRET} is set. Restart videod to use it."
        return
    if seen.signed_at is None:
        yield "Set up. Nothing signed has come yet: change something on the board to try it."
    else:
        yield f"Working: the last signed delivery came at {ago(seen.signed_at, now)}."
    yield f"Since {clock(seen.since, now)}: {seen.taken:,} taken, {seen.repeats:,} repeats."
    if seen.refused:
        yield f"Refused: {sanitize_screen(webhook.why_refused(seen.refused))}."
