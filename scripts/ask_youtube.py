"""Asks YouTube about a channel or about videos and prints the answer as JSON; it sends nothing and costs a unit each.

The daemon runs it as a child that ends, since Google's client would stay in its memory otherwise.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.lib import google_oauth, script_runtime, youtube_channel
from scripts.lib.answers import Json
from scripts.lib.failures import Failure, Kind, secret
from scripts.lib.script_runtime import Reporter
from scripts.lib.youtube_data import YouTubeChannel, YouTubeData


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "ask_youtube.py",
        "Ask YouTube which channel a token stands for, which channel has a name, or the status of videos.\n"
        "Needs YOUTUBE_ACCESS_TOKEN, or --token-file with GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, VIDEOD_MASTER_KEY.\n"
        'Prints {"channels": [{"id", "title", "handle"}]} or {"videos": {id: resource}}.',
        "python scripts/ask_youtube.py --mine --token-file state/tokens/wildlife.token",
    )
    asked = made.add_mutually_exclusive_group(required=True)
    asked.add_argument("--mine", action="store_true", help="the channel of the token")
    asked.add_argument(
        "--verify", metavar="NAME", help="Check that the token is for this channel, and fail if it is not"
    )
    asked.add_argument("--named", metavar="NAME", help="a channel by its id (UC...), @handle or user/NAME")
    asked.add_argument("--videos", metavar="IDS", help="status of these videos, separated by commas")
    made.add_argument("--token-file", type=Path, metavar="FILE", help="a file of youtube_auth.py")
    return made


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    token_file: Path | None = arguments.token_file
    token = google_oauth.access_of(token_file) if token_file else secret("YOUTUBE_ACCESS_TOKEN", "YouTube")
    data = YouTubeData(token)
    told: dict[str, Json]
    if arguments.videos is not None:
        ids = [video_id.strip() for video_id in arguments.videos.split(",") if video_id.strip()]
        if not ids:
            raise Failure(Kind.USAGE, "--videos names no video")
        told = {"videos": data.video_status(ids)}
    else:
        told = {"channels": [asdict(channel) for channel in _channels(data, arguments)]}
    sys.stdout.write(json.dumps(told) + "\n")


def _channels(data: YouTubeData, arguments: argparse.Namespace) -> list[YouTubeChannel]:
    if arguments.verify:
        return [youtube_channel.verified(data, arguments.verify)]
    found = [data.channel_named(arguments.named)] if arguments.named else list(data.channels_mine())
    return [channel for channel in found if channel is not None]


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
