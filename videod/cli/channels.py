"""`videod channels list | check | authorize`: the channels, what is wrong with their files, leave to upload to one.

`list --json` prints {"channels": [{"id", "name", ...}], "warnings": [text]}. `check --json` prints
{"ok": bool, "faults": [{"file", "line", "key", "reason"}], "warnings": [text]} and exits 0 or 78.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from videod.channels import Channel, ChannelError, ChannelSet, load_channels, load_files, room
from videod.cli import output
from videod.cli.output import CommandError, Parser
from videod.config import ConfigError, load_settings
from videod.credentials import SECRET_NAMES, CredentialsError, load_secrets
from videod.daemon import wiring
from videod.documents import Fault


def main(argv: Sequence[str]) -> int:
    return output.run(_channels, argv)


def _channels(argv: Sequence[str]) -> int:
    given = _parser().parse_args(argv)
    verbs = {"list": _list, "check": _check, "authorize": _authorize}
    return verbs[given.verb](given)


def _parser() -> Parser:
    made = Parser(prog="videod channels", description="The channels: list, check, authorise them.")
    verbs = made.add_subparsers(dest="verb", required=True, metavar="list|check|authorize", parser_class=Parser)
    listed = verbs.add_parser("list", help="list the channels", description="List the channels.")
    check = verbs.add_parser("check", help="check channel files", description="Say everything wrong in channel files.")
    check.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: all of the channels folder")
    about = "Let videod upload to a channel: consent in a browser."
    consent = verbs.add_parser("authorize", help="let videod upload to a channel", description=about)
    consent.add_argument("channel", metavar="ID", help="the channel's id, the name of its file")
    consent.add_argument("--no-browser", action="store_true", help="only print the address (for hosts without one)")
    consent.add_argument("--timeout", metavar="SECONDS", help="how long to wait for the consent (default: 600)")
    for verb in (listed, check):
        verb.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    for verb in (listed, check, consent):
        verb.add_argument("--config", type=Path, default=Path("videod.toml"), help="default ./videod.toml")
    return made


def _folder(config: Path) -> Path:
    try:
        return load_settings(config).paths.channels
    except ConfigError as problem:
        hint = "fix the settings file or name another with --config"
        raise CommandError(output.CONFIGURATION, str(problem), hint) from None


def _list(given: argparse.Namespace) -> int:
    try:
        found = load_channels(_folder(given.config))
    except ChannelError as problem:
        hint = "see `videod channels check`"
        raise CommandError(output.CONFIGURATION, f"{problem.faults[0]}", hint) from None
    if given.as_json:
        channels = [channel.model_dump(mode="json") for channel in found.channels.values()]
        output.print_json({"channels": channels, "warnings": list(found.warnings)})
        return output.OK
    rows = [_row(channel) for channel in found.channels.values()]
    output.table(("id", "name", "voice", "clips", "review", "privacy", "a day", "an episode"), rows)
    _warn(found.warnings)
    return output.OK


def _row(channel: Channel) -> list[str]:
    gates = [name for name, choice in channel.gates if choice == "review"]
    return [
        channel.id, channel.name, channel.voice_id, f"{channel.clips} x {channel.clip_seconds} s",
        ", ".join(gates) or "none", channel.privacy, f"${channel.daily_budget_usd:.2f}",
        f"${channel.episode_cap_usd:.2f}",
    ]  # fmt: skip


def _check(given: argparse.Namespace) -> int:
    faults: Sequence[Fault] = ()
    found = ChannelSet({})
    try:
        found = load_files(given.files) if given.files else load_channels(_folder(given.config))
    except ChannelError as problem:
        faults = problem.faults
    warnings = (*found.warnings, *(() if given.files else _of_scripts(given.config)))
    if given.as_json:
        listed = [
            {"file": fault.source, "line": fault.line, "key": fault.key, "reason": fault.reason} for fault in faults
        ]
        output.print_json({"ok": not faults, "faults": listed, "warnings": list(warnings)})
    else:
        for fault in faults:
            output.say(str(fault), "bad")
        _warn(warnings)
        for channel in found.channels.values():
            output.say(room(channel), "dim")
        if not faults:
            output.say(f"{len(found.channels)} channel{'s' if len(found.channels) != 1 else ''}: no problems found.")
    return output.CONFIGURATION if faults else output.OK


def _of_scripts(config: Path) -> list[str]:
    """What is wrong with the custom scripts, which all channels share."""
    return wiring.script_warnings(load_settings(config), os.environ)


def _authorize(given: argparse.Namespace) -> int:
    """Run the consent script with the secrets it needs and nothing else; the daemon takes the token over by itself."""
    try:
        settings = load_settings(given.config)
        secrets = load_secrets(os.environ)
        known = load_channels(settings.paths.channels).channels
    except (ConfigError, CredentialsError, ChannelError) as problem:
        raise CommandError(output.CONFIGURATION, str(problem), "fix that and run the command again") from None
    if given.channel not in known:
        hint = f"the channels are {', '.join(sorted(known))}"
        raise CommandError(output.USAGE, f"there is no channel {given.channel!r}", hint)
    folder = settings.paths.state / "tokens"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # the script finds its modules in its own folder, which PYTHONSAFEPATH (set by the unit) would hide
    passed = {name: value for name, value in os.environ.items() if name not in {*SECRET_NAMES, "PYTHONSAFEPATH"}}
    argv = [sys.executable, str(settings.paths.scripts / "youtube_auth.py"), "--channel", given.channel,
            "--youtube-channel", known[given.channel].youtube_channel,
            "--output", str(folder / f"{given.channel}.token")]  # fmt: skip
    needed = ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "VIDEOD_MASTER_KEY")
    env = passed | secrets.for_child(needed)
    argv += ["--no-browser"] if given.no_browser else []
    argv += [f"--timeout={given.timeout}"] if given.timeout is not None else []
    return subprocess.run(argv, env=env, check=False).returncode


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        output.say(f"warning: {warning}", "review")
