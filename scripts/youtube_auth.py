"""Authorises one channel for uploads: consent in a browser, the refresh token into an encrypted file.

No token is ever printed. On a host without a browser the printed address is opened elsewhere, through an SSH tunnel.
"""

import argparse
import re
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import bounds, consent_server, google_oauth, script_runtime
from scripts.lib.consent_server import ADDRESS, Arrival
from scripts.lib.failures import Failure, Kind
from scripts.lib.script_runtime import Reporter

#: how long a person may take to consent, seconds
LONGEST_S = 86_400.0


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "youtube_auth.py",
        "Let videod upload to one YouTube channel. Opens Google's consent page and waits for the answer.\n"
        "Needs GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET (a 'Desktop app' client) and VIDEOD_MASTER_KEY.",
        "python scripts/youtube_auth.py --channel wildlife\n"
        "  python scripts/youtube_auth.py --channel wildlife --no-browser --port 8765",
    )
    made.add_argument("--channel", required=True, metavar="ID", help="the channel's id in channels/")
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
        script_runtime.warn("no browser could be started here; open the address above yourself")


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


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    channel: str = arguments.channel
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", channel):
        raise Failure(Kind.USAGE, f"{channel!r} is no channel id (small letters, digits, _ and -)")
    output: Path = arguments.output or Path("state/tokens") / f"{channel}.token"
    google_oauth.fernet()  # a missing key must not be found out after the person consented
    arrival = Arrival()
    # the state must be known before the port is, and the port before the address
    with consent_server.listening(arguments.port, state := google_oauth.new_state(), arrival) as at:
        consent = google_oauth.ask_consent(f"http://{ADDRESS}:{at}/", state, arguments.login_hint)
        show(consent.address, at, arguments.no_browser, reporter)
        code = await_answer(arrival, arguments.timeout)
    tokens = google_oauth.redeem(consent, code)
    missing = [scope for scope in google_oauth.SCOPES if tokens.scopes and scope not in tokens.scopes]
    if missing:
        raise Failure(Kind.CREDENTIALS, f"these rights were not given: {', '.join(missing)}", service="google",
                      next_step="run it again and leave every box ticked")  # fmt: skip
    if tokens.refresh is None:
        raise Failure(Kind.NONSENSE, "Google gave no refresh token", service="google", endpoint="POST /token")
    google_oauth.keep(output, channel, tokens.refresh, tokens.scopes or google_oauth.SCOPES)
    reporter.result(output, channel=channel)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
