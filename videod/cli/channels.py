"""`videod channels list | check | authorize`: the channels, what is wrong with their files, leave to upload to one.

`list --json` prints {"channels": [{"id", "name", ..., "consent"}], "warnings": [text]}. `check --json` prints
{"ok": bool, "faults": [{"file", "line", "key", "reason"}], "warnings": [text]} and exits 0 or 78.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from videod.adapters import extras
from videod.adapters.process import tethered
from videod.channels import Channel, ChannelError, ChannelSet, load_channels, load_files, room
from videod.cli import channel_changes, channel_lessons, client, complete, options, output
from videod.cli.options import AsJson, Settings, examples
from videod.cli.output import Column, CommandError
from videod.cli.prices import app as prices
from videod.config import ConfigError, load_settings
from videod.core import consents
from videod.core.services.youtube import client_secrets
from videod.credentials import CredentialsError, is_secret, load_secrets
from videod.daemon import wiring
from videod.dashboard.text import count
from videod.documents import Fault
from videod.files import private_folder
from videod.store import readonly
from videod.store.consents import with_end
from videod.strict_yaml import read_yaml
from videod.web import serializers

app = options.app("List, check, price, authorize, rename and remove channels.")
app.add_typer(channel_changes.app)
app.add_typer(channel_lessons.app)

CONFIG = Path("videod.toml")
app.add_typer(prices)


def _folder(config: Path) -> Path:
    try:
        return load_settings(config).paths.channels
    except ConfigError as problem:
        hint = "fix the settings file or name another with --config"
        raise CommandError(output.CONFIGURATION, str(problem), hint) from None


@app.command("list", epilog=examples("videod channels list"))
def list_channels(as_json: AsJson = False, config: Settings = CONFIG) -> int:
    """List the channels."""
    try:
        found = load_channels(_folder(config))
    except ChannelError as problem:
        hint = "see `videod channels check`"
        raise CommandError(output.CONFIGURATION, f"{problem.faults[0]}", hint) from None
    told = _consents(config, tuple(found.channels), as_json)
    if as_json:
        channels = [
            channel.model_dump(mode="json") | {"consent": told[channel.id]} for channel in found.channels.values()
        ]
        output.print_json({"channels": channels, "warnings": list(found.warnings)})
        return output.OK
    rows = [[*_row(channel), told[channel.id]] for channel in found.channels.values()]
    head = (
        Column("id"), Column("name", 6, 10), Column("voice", 5), Column("clips", 4), Column("review", 1, 10),
        Column("privacy"), Column("a day", 3), Column("an episode", 2),
        Column("consent", 8),
    )  # fmt: skip
    output.table(head, rows)
    _warn(found.warnings)
    return output.OK


def _consents(config: Path, names: Sequence[str], as_json: bool) -> dict[str, Any]:
    """Channel -> what the daemon knows of its consent: for a table, or as JSON."""
    at, place = client.now_ms(), client.place(config=config)
    try:
        with client.looking(place) as connection:
            known = {name: with_end(connection, name) for name in names}
    except readonly.NoDatabase:
        known = dict.fromkeys(names, (None, None))
    if not as_json:
        return {name: consents.words(one, end, at) for name, (one, end) in known.items()}
    return {
        name: None if one is None else {
            "works": one.alive, "tried": serializers.when(one.tried), "given": serializers.when(one.obtained),
            "ends": serializers.when(end),
        }
        for name, (one, end) in known.items()
    }  # fmt: skip


def _row(channel: Channel) -> list[str]:
    gates = [name for name, choice in channel.gates if choice == "review"]
    return [
        channel.id, channel.name, channel.voice_id, f"{channel.clips} x {channel.clip_seconds} s",
        ", ".join(gates) or "none", channel.privacy, f"${channel.daily_budget_usd:.2f}",
        f"${channel.episode_cap_usd:.2f}",
    ]  # fmt: skip


@app.command(epilog=examples("videod channels check", "videod channels check channels/wild_planet.yaml"))
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Default: all files of the channels folder.")
    ] = None,
    as_json: AsJson = False,
    config: Settings = CONFIG,
) -> int:
    """Find everything that is wrong in channel files."""
    faults: Sequence[Fault] = ()
    found = ChannelSet({})
    try:
        found = load_files(files) if files else load_channels(_folder(config))
    except ChannelError as problem:
        faults = problem.faults
    warnings = [
        *found.warnings,
        *advice(found, os.environ),
        *_of_extras(found, config),
        *(() if files else _of_scripts(config)),
    ]
    if as_json:
        listed = [
            {"file": fault.source, "line": fault.line, "key": fault.key, "reason": fault.reason} for fault in faults
        ]
        output.print_json({"ok": not faults, "faults": listed, "warnings": warnings})
    else:
        for fault in faults:
            output.say(str(fault), "bad")
        _warn(warnings)
        for channel in found.channels.values():
            output.say(room(channel), "dim")
        if not faults:
            said = f"{count(len(warnings), 'warning')}, see above." if warnings else "no problems found."
            output.say(f"{count(len(found.channels), 'channel')}: {said}")
    return output.CONFIGURATION if faults else output.OK


def advice(found: ChannelSet, env: Mapping[str, str]) -> list[str]:
    """What is valid and yet not what its writer may expect: it serves in a rehearsal only, or does nothing."""
    told = []
    for path, channel in zip(found.files, found.channels.values(), strict=True):
        if channel.voice_id.startswith("sandbox-") and not env.get("VIDEOD_URL_ELEVENLABS"):
            told.append(f"{path}: voice_id: {channel.voice_id} exists only in the sandbox. Set your own")
        if _IN_SANDBOX.fullmatch(channel.youtube_channel) and not env.get("VIDEOD_URL_YOUTUBE"):
            told.append(
                f"{path}: youtube_channel: {channel.youtube_channel} exists only in the sandbox (YouTube's IDs have"
                " 24 characters). Write the ID, @handle or link of your channel"
            )
    return told


#: ids that the simulated YouTube gives, and the real one never
_IN_SANDBOX = re.compile(r"UC(?!.{22}$).*")


def _of_extras(found: ChannelSet, config: Path) -> list[str]:
    """What is wrong with intros, outros and watermarks, which are decoded for it."""
    try:
        ffmpeg = load_settings(config).paths.ffmpeg
    except ConfigError:
        ffmpeg = None
    wrong = asyncio.run(extras.wrong_everywhere(found.channels.values(), lambda: wiring.ffmpegs(ffmpeg)))
    return [
        f"{path}:{read_yaml(path).lines.get((one.key,), 1)}: {one.sentence}"
        for path in found.files
        for one in wrong.get(path.stem, ())
    ]


def _of_scripts(config: Path) -> list[str]:
    """What is wrong with the custom scripts, which all channels share."""
    return wiring.script_warnings(load_settings(config), os.environ)


@app.command(epilog=examples("videod channels authorize wild_planet"))
def authorize(
    channel: Annotated[
        str,
        typer.Argument(metavar="CHANNEL", help="The channel's ID: its file's name.", autocompletion=complete.channels),
    ],
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address, for hosts without a browser.")
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(min=1, max=86_400, metavar="SECONDS", help="How long to wait for the consent: 600.")
    ] = None,
    config: Settings = CONFIG,
) -> int:
    """Let videod upload to a channel: you consent in a browser. A running daemon takes the consent over
    automatically."""
    # the script gets the secrets it needs and nothing else
    try:
        settings = load_settings(config)
        secrets = load_secrets(os.environ, settings=config)
        known = load_channels(settings.paths.channels).channels
    except (ConfigError, CredentialsError, ChannelError) as problem:
        raise CommandError(output.CONFIGURATION, str(problem), "fix that and run the command again") from None
    if channel not in known:
        hint = f"the channels are {', '.join(sorted(known))}"
        raise CommandError(output.USAGE, f"there is no channel {channel!r}", hint)
    folder = settings.paths.state / "tokens"
    private_folder(folder)
    # the script finds its modules in its own folder, which PYTHONSAFEPATH (set by the unit) would hide
    passed = {name: value for name, value in os.environ.items() if not is_secret(name) and name != "PYTHONSAFEPATH"}
    argv = [
        *tethered(0, signal.SIGTERM), sys.executable, str(settings.paths.scripts / "youtube_auth.py"),
        "--channel", channel, "--youtube-channel", known[channel].youtube_channel,
        "--output", str(folder / f"{channel}.token"),
    ]  # fmt: skip
    project = known[channel].google_project
    own = client_secrets(project)
    if project and (lacking := secrets.missing(own)):
        hint = f"set {' and '.join(lacking)} to the OAuth client of that project"
        raise CommandError(output.CONFIGURATION, f"the Google project {project!r} of {channel} has no client", hint)
    # the script knows one client: that of the channel's project
    env = passed | secrets.for_child(("VIDEOD_MASTER_KEY",))
    env |= {usual: value for usual, name in zip(client_secrets(""), own, strict=True) if (value := secrets.get(name))}
    argv += ["--no-browser"] if no_browser else []
    argv += [f"--timeout={timeout}"] if timeout is not None else []
    return subprocess.run(argv, env=env, check=False).returncode


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        output.say(f"warning: {warning}", "review")
