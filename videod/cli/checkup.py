"""What `videod doctor` looks at, in the order in which a beginner would fix things.

Nothing is changed, neither in the state folder nor outside. Each area is a module of its own.
"""

import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from videod.adapters.clock import SystemClock
from videod.channels import ChannelError, ChannelSet, load_channels
from videod.cli import checkup_alerts, checkup_cluster, checkup_host, checkup_keys, checkup_outside, checkup_webhook
from videod.cli.channels import advice
from videod.cli.checks import Check, State, fix, note, ok
from videod.config import ConfigError, Settings, load_settings
from videod.core.moments import show_in
from videod.documents import state_folder


async def examine(config: Path, env: Mapping[str, str], offline: bool = False) -> AsyncIterator[Check]:
    """Every check, in the order in which a beginner would fix things. Raises nothing that a check can name."""
    for one in checkup_host.host():
        yield one
    settings, told = _settings(config, env)
    for one in told:
        yield one
    place = settings.paths.state if settings else state_folder(config, env)
    for one in checkup_host.state(place, SystemClock().now_ms()):
        yield one
    channels, told = _channels(settings)
    for one in told:
        yield one
    secrets, urls, told = checkup_keys.credentials(settings, env, config)
    for one in (*told, *checkup_keys.environment_file(config)):
        yield one
    if settings is not None:
        for one in checkup_host.programs(settings):
            yield one
        async for one in checkup_alerts.ways(settings, secrets, offline):
            yield one
        for one in checkup_webhook.hook(settings, secrets, SystemClock().now_ms()):
            yield one
        async for one in checkup_cluster.workers(settings, offline):
            yield one
    for one in checkup_host.unit():
        yield one
    if settings is None or channels is None or secrets is None:
        yield Check("services", "all", State.UNKNOWN, "Not checked. Fix the settings above first.")
    elif offline:
        yield Check("services", "all", State.UNKNOWN, "Not checked, because of --offline.")
    else:
        async for one in checkup_outside.outside(settings, channels, secrets, urls, env):
            yield one


def _settings(config: Path, env: Mapping[str, str]) -> tuple[Settings | None, list[Check]]:
    try:
        found = load_settings(config, env)
    except ConfigError as error:
        return None, [fix("settings", str(config), str(fault)) for fault in error.faults]
    show_in(found.daemon.timezone)
    told = [ok("settings", str(config), f"{config} is valid.")]
    if found.facts.wikipedia and not found.facts.contact:
        told.append(
            note("settings", "facts", "Wikipedia asks programs for a contact. Put your e-mail address or web page"
                 " into `contact` under [facts] of videod.toml.")
        )  # fmt: skip
    if found.board.own:
        told.append(ok("board", "place", "videod keeps the board itself. Notion is not needed."))
    elif not found.notion.parent_page and not found.notion.database_id:
        told.append(
            fix("board", "place", "videod does not know your board. Share a page with your connection and run `videod"
                 " notion init --parent LINK`, then put the line that it prints into videod.toml.")
        )  # fmt: skip
    return found, told


def _channels(settings: Settings | None) -> tuple[ChannelSet | None, list[Check]]:
    if settings is None:
        return None, []
    folder = settings.paths.channels
    try:
        found = load_channels(folder)
    except ChannelError as error:
        return None, [fix("channels", "files", str(fault)) for fault in error.faults]
    told = [note("channels", "files", warning) for warning in (*found.warnings, *advice(found, os.environ))]
    if not found.channels:
        told.append(
            fix("channels", "files", f"{folder} contains no channel. Copy channels/wild_planet.yaml and edit it.")
        )
    names = ", ".join(sorted(found.channels))
    return found, [*([ok("channels", "files", f"Valid: {names}.")] if names else ()), *told]
