"""What `videod simulate` plays with: the user's configuration, changed by --set, combined by the daemon's wiring."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from videod.channels import Channel, ChannelError, ChannelSet, load_channels
from videod.cli import output
from videod.cli.output import CommandError
from videod.config import ConfigError, Settings, load_settings
from videod.daemon import wiring
from videod.simulation.latency import USUAL, Latency, LatencyError, parse
from videod.simulation.run import Plant

T = TypeVar("T", Settings, Channel)


def configuration(config: Path, made_up: int | None, changes: Sequence[str]) -> tuple[Settings, dict[str, Channel]]:
    """Settings and channels by id (or so many made-up ones) with `changes`, each KEY=VALUE, in them."""
    pairs = [_pair(text) for text in changes]
    for_channels = {key.removeprefix("channel."): value for key, value in pairs if key.startswith("channel.")}
    for_settings = [(key, value) for key, value in pairs if not key.startswith("channel.")]
    try:
        settings = load_settings(config)
        rows = dict(load_channels(settings.paths.channels).channels) if made_up is None else {}
    except (ConfigError, ChannelError) as problem:
        raise CommandError(output.CONFIGURATION, str(problem), "") from None
    if made_up is not None:
        rows = {name: _made_up(name) for name in (f"channel_{at:02d}" for at in range(1, made_up + 1))}
    if not rows:
        raise CommandError(output.CONFIGURATION, "no channel is configured", "add --channels N to play with N made-up")
    settings = _changed(settings, for_settings)
    return settings, {name: _rechannelled(row, for_channels) for name, row in rows.items()}


def _made_up(name: str) -> Channel:
    return Channel(
        id=name, name=name, youtube_channel=f"UC{name}", voice_id="voice", brand="A made-up channel to play with."
    )


def _pair(text: str) -> tuple[str, object]:
    """`services.kie.rate=20` as key and value; the value is read as in the settings file, else as text."""
    key, mark, value = text.partition("=")
    if not mark or not key:
        raise CommandError(output.USAGE, f"--set {text}", "write KEY=VALUE, such as services.kie.concurrency=16")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value


def _changed(settings: Settings, changes: Sequence[tuple[str, object]]) -> Settings:
    values = settings.model_dump()
    for key, value in changes:
        *sections, name = key.split(".")
        table: object = values
        for section in sections:
            table = table.get(section) if isinstance(table, dict) else None
        if not isinstance(table, dict) or name not in table:
            raise CommandError(output.USAGE, f"--set {key}: there is no such setting", "docs/settings.md lists them")
        table[name] = value
    return _validated(Settings, values)


def _rechannelled(channel: Channel, changes: dict[str, object]) -> Channel:
    unknown = sorted(set(changes) - set(Channel.model_fields))
    if unknown:
        known = ", ".join(Channel.model_fields)
        raise CommandError(output.USAGE, f"--set channel.{unknown[0]}: there is no such key", f"the keys are {known}")
    return _validated(Channel, channel.model_dump() | changes)


def _validated(kind: type[T], values: dict[str, object]) -> T:
    try:
        return kind.model_validate(values, strict=True)
    except ValidationError as problem:
        fault = problem.errors(include_url=False)[0]
        section = "channel." if kind is Channel else ""
        key = section + ".".join(map(str, fault["loc"]))
        raise CommandError(
            output.USAGE, f"--set {key}: {fault['msg']}", "docs/settings.md has what is allowed"
        ) from None


def latencies(given: Sequence[str]) -> dict[str, Latency]:
    """The usual latencies with those given, each STEP=LOW-HIGH, in their place."""
    try:
        return dict(USUAL) | dict(parse(text) for text in given)
    except LatencyError as problem:
        raise CommandError(output.USAGE, f"--latency: {problem}", "") from None


def plant(settings: Settings, channels: dict[str, Channel]) -> Plant:
    """What the daemon would be given: by its own wiring."""
    return Plant(
        {name: wiring.policy_of(settings, row) for name, row in channels.items()},
        wiring.limits(settings),
        wiring.house_rules(settings, ChannelSet(channels)),
    )
