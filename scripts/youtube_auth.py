"""Authorizes one channel for uploads: consent in a browser, the refresh token into an encrypted file.

No token is ever printed. On a host without a browser the printed address is opened elsewhere, through an SSH tunnel.
"""

import argparse
import os
import re
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import bounds, consent_server, google_oauth, script_runtime, youtube_channel
from scripts.lib.consent_server import ADDRESS, Arrival
from scripts.lib.failures import Failure, Kind, redact
from scripts.lib.script_runtime import Reporter
from scripts.lib.youtube_data import YouTubeChannel, YouTubeData

#: how long a person may take to consent, seconds
LONGEST_S = 86_400.0
#: Google and YouTube are asked some questions after that, seconds
SETTLE_S = 180.0


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "youtube_auth.py",
        "Let videod upload to one YouTube channel. Opens Google's consent page and waits for the answer.\n"
        "Needs GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET (a 'Desktop app' client) and VIDEOD_MASTER_KEY.",
        "python scripts/youtube_auth.py --channel wildlife\n"
        "  python scripts/youtube_auth.py --channel wildlife --no-browser --port 8765",
    )
    made.add_argument("--channel", required=True, metavar="ID", help="the channel's id in channels/")
    made.add_argument("--youtube-channel", metavar="NAME",
                      help="the YouTube channel it must be for: id (UC...), @handle or user/NAME")  # fmt: skip
    made.add_argument("--output", type=Path, help="default state/tokens/<channel>.token")
    made.add_argument("--port", type=port, default=0, help="port of the answer on this machine, default any free one")
    made.add_argument("--no-browser", action="store_true", help="only print the address")
    made.add_argument("--login-hint", metavar="EMAIL", help="the Google account that owns the channel")
    made.add_argument("--timeout", type=seconds, default=600.0, metavar="SECONDS", help="default 600")
    return made


def seconds(text: str) -> float:
    found = bounds.number(text, 0.001, LONGEST_S)
    if found is None:
        raise argparse.ArgumentTypeError(f"write a number of seconds up to {LONGEST_S:.0f}")
    return found


def port(text: str) -> int:
    found = bounds.whole(text, 0, 65_535)
    if found is None:
        raise argparse.ArgumentTypeError("write a port from 1 to 65535, or 0 for any free one")
    return found


def show(address: str, port: int, no_browser: bool, reporter: Reporter) -> None:
    reporter.progress(0.1, f"open this address to allow uploads: {address}")
    reporter.progress(0.1, f"if the browser runs elsewhere, first: ssh -L {port}:{ADDRESS}:{port} <this host>")
    if not no_browser:
        # some browsers, those of a terminal among them, return only when the person closes them
        threading.Thread(target=_open, args=(address,), daemon=True).start()


def _open(address: str) -> None:
    if not webbrowser.open(address):
        script_runtime.warn("no browser could be started here. Open the address above yourself")


def await_answer(arrival: Arrival, timeout_s: float) -> str:
    """The code that the browser brings. Raises Failure when consent is refused or nothing comes in time."""
    arrival.wait(timeout_s)
    if arrival.error is not None:
        raise Failure(Kind.CREDENTIALS, f"consent was not given: {arrival.error}", service="google", code=arrival.error,
                      next_step="run it again and allow the access")  # fmt: skip
    if arrival.code is None:
        raise Failure(Kind.CREDENTIALS, f"no answer from the browser within {timeout_s:g} s", service="google",
                      next_step="run it again and open the printed address")  # fmt: skip
    return arrival.code


class Settlement:
    """What becomes of a consent: tokens for its code, a look at whose channel it is, the sealed file."""

    def __init__(self, channel: str, wanted: str | None, output: Path) -> None:
        self.consent: google_oauth.Consent | None = None
        self.failure: Failure | None = None
        self.youtube: YouTubeChannel | None = None
        self.warnings: list[str] = []
        self._channel = channel
        self._wanted = wanted
        self._output = output
        self._done = threading.Event()

    def settle(self, code: str) -> str:
        """Keep the consent if it is the right one; the sentence for the person at the browser."""
        try:
            self._keep(code)
        except Failure as failure:
            self.failure = failure
        except Exception as bug:  # the person must not be left with a page that never comes
            self.failure = Failure(Kind.NONSENSE, f"{type(bug).__name__}: {bug}", service="google")
        finally:
            self._done.set()
        if self.failure is not None:
            return redact(f"videod did not keep this consent: {self.failure.message}")
        return f"videod may now upload to {self.youtube or self._channel}"

    def outcome(self) -> YouTubeChannel | None:
        """The channel of the kept consent, None where YouTube could not be asked. Raises Failure."""
        if not self._done.wait(SETTLE_S):
            raise Failure(Kind.DOWN, "Google did not answer in time", service="google")
        if self.failure is not None:
            raise self.failure
        return self.youtube

    def _keep(self, code: str) -> None:
        assert self.consent is not None
        tokens = google_oauth.redeem(self.consent, code)
        os.environ["YOUTUBE_ACCESS_TOKEN"] = tokens.access  # so that it is struck out of error texts
        given = tokens.scopes or google_oauth.SCOPES
        missing = [scope for scope in google_oauth.SCOPES if scope not in given]
        if any(scope in google_oauth.NEEDED for scope in missing):
            raise Failure(Kind.CREDENTIALS, f"these rights were not given: {', '.join(missing)}", service="google",
                          next_step="run it again and leave every box ticked")  # fmt: skip
        if missing:
            self.warnings.append(
                f"these rights were not given, so captions, playlists or numbers of this channel will ask for another"
                f" consent: {', '.join(missing)}"
            )
        if tokens.refresh is None:
            raise Failure(Kind.NONSENSE, "Google gave no refresh token", service="google", endpoint="POST /token")
        self.youtube = self._whose(tokens.access)
        google_oauth.keep(self._output, self._channel, tokens.refresh, given, tokens.refresh_s)

    def _whose(self, access: str) -> YouTubeChannel | None:
        """Whose channel this is, None where YouTube cannot say now: it is asked before each upload anyway."""
        data = YouTubeData(access)
        try:
            if self._wanted is None:
                return youtube_channel.channel_of(data)
            return youtube_channel.verified(data, self._wanted)
        except Failure as failure:
            if failure.kind is Kind.CONFIGURATION:
                raise
            self.warnings.append(
                f"YouTube did not say which channel this consent is for ({failure.message}). videod asks before it"
                " uploads"
            )
            return None


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    channel: str = arguments.channel
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", channel):
        raise Failure(Kind.USAGE, f"{channel!r} is not a channel ID (small letters, digits, _ and -)")
    output: Path = arguments.output or Path("state/tokens") / f"{channel}.token"
    google_oauth.fernet()  # a missing key must not be found out after the person consented
    settlement = Settlement(channel, arguments.youtube_channel, output)
    arrival = Arrival(settlement.settle)
    # the state must be known before the port is, and the port before the address
    with consent_server.listening(arguments.port, state := google_oauth.new_state(), arrival) as at:
        settlement.consent = google_oauth.ask_consent(f"http://{ADDRESS}:{at}/", state, arguments.login_hint)
        if arguments.youtube_channel:
            reporter.progress(0.1, f"choose the account or brand account of the channel {arguments.youtube_channel}")
        show(settlement.consent.address, at, arguments.no_browser, reporter)
        await_answer(arrival, arguments.timeout)
        youtube = settlement.outcome()
    for warning in settlement.warnings:
        script_runtime.warn(warning)
    if youtube is not None:
        reporter.progress(1.0, f"this consent is for the YouTube channel {youtube}")
    facts = {"youtube_channel": youtube.id, "youtube_title": youtube.title} if youtube is not None else {}
    reporter.result(output, channel=channel, **facts)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
