"""`videod balance`: what is left of the accounts that are charged, and for how many films."""

import asyncio
import os
from typing import Annotated

import typer

from videod.cli import board, client, options, output
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import CommandError
from videod.core import film_cost
from videod.core.film_cost import Credit
from videod.dashboard.text import ago
from videod.store import reads
from videod.store.readonly import NoDatabase
from videod.web import serializers

app = options.app()


@app.command(epilog=examples("videod balance", "videod balance --kept"))
def balance(
    kept: Annotated[bool, typer.Option("--kept", help="Show the last known balances and ask no service.")] = False,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Show the credit left at each service and how many films it pays for."""
    where, at = client.place(state, config), client.now_ms()
    found, silent = (_kept(where), []) if kept else _asked(where, at)
    if as_json:
        output.print_json({"credit": [serializers.credit(one) for one in found], "no_answer": silent})
    else:
        for one in found:
            output.say(one.words + (f", asked {ago(one.at, at)}" if kept else ""))
        for name in silent:
            output.say(f"{name}: no answer.", "review")
        if not found and not silent:
            output.say("No balance is known yet. Ask now: `videod balance`.")
    return output.TEMPORARY if silent else output.OK


def _kept(where: client.Place) -> list[Credit]:
    try:
        with client.looking(where) as connection:
            return list(film_cost.of(reads.value_json(connection, "credit")))
    except NoDatabase:
        return []


def _asked(where: client.Place, at: int) -> tuple[list[Credit], list[str]]:
    """What the services say now, and those that say nothing."""
    from videod.adapters.credit import ServiceBalances
    from videod.channels import ChannelError, load_channels
    from videod.core.services import SERVICES, title
    from videod.credentials import CredentialsError, load_secrets, service_urls
    from videod.daemon import wiring

    settings = board.settings_of(where.settings)
    try:
        secrets, urls = load_secrets(os.environ, settings=where.settings), service_urls(os.environ)
        channels = load_channels(settings.paths.channels).channels.values()
    except (CredentialsError, ChannelError) as error:
        raise CommandError(output.CONFIGURATION, str(error), "fix that, then run the command again") from error
    names = [name for name, one in SERVICES.items() if one.balance is not None and one.balance.left]
    policies = [wiring.policy_of(settings, one) for one in channels]

    async def ask() -> list[int | BaseException | None]:
        balances = ServiceBalances(urls, secrets.get)
        return await asyncio.gather(*(balances.left(name) for name in names), return_exceptions=True)

    found, silent = [], []
    for name, left in zip(names, asyncio.run(ask()), strict=True):
        if isinstance(left, int):
            found.append(Credit(name, left, at, film_cost.a_film(name, policies)))
        else:
            silent.append(title(name))
    return found, silent
