"""Authorises one channel for uploads: consent in a browser, the refresh token into an encrypted file.

No token is ever printed. On a host without a browser the printed address is opened elsewhere, through an SSH tunnel.
"""

import argparse
import html
import re
import time
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from scripts.lib import google_oauth, script_runtime
from scripts.lib.failures import Failure, Kind
from scripts.lib.script_runtime import Reporter

ADDRESS = "127.0.0.1"


@dataclass
class Arrival:
    """What the browser brought back; filled by the one request with the right state."""

    code: str | None = None
    error: str | None = None

    @property
    def complete(self) -> bool:
        return self.code is not None or self.error is not None


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
    made.add_argument("--port", type=int, default=0, help="port of the answer on this machine, default any free one")
    made.add_argument("--no-browser", action="store_true", help="only print the address")
    made.add_argument("--login-hint", metavar="EMAIL", help="the Google account that owns the channel")
    made.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="default 600")
    return made


def listen(port: int, state: str, arrival: Arrival) -> HTTPServer:
    """The server that waits on loopback for the answer which carries `state`."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            if query.get("state", [""])[0] != state:
                self._say(404, "This is not the answer that videod waits for.")
                return
            arrival.code = query.get("code", [None])[0]
            arrival.error = query.get("error", [None])[0] if arrival.code is None else None
            if arrival.complete:
                told = "videod may now upload" if arrival.code else f"Google says: {arrival.error}"
                self._say(200, f"{told}. You can close this window.")
            else:
                self._say(400, "The answer holds neither a code nor an error.")

        def _say(self, status: int, text: str) -> None:
            body = f"<!doctype html><meta charset=utf-8><title>videod</title><p>{html.escape(text)}".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the request line holds the code."""

    try:
        server = HTTPServer((ADDRESS, port), Answer)
    except OSError as error:
        raise Failure(Kind.CONFIGURATION, f"port {port} cannot be used: {error.strerror}") from error
    server.timeout = 0.5
    return server


def await_answer(server: HTTPServer, arrival: Arrival, timeout_s: float) -> str:
    """The code that the browser brings. Raises Failure when consent is refused or nothing comes in time."""
    until = time.monotonic() + timeout_s
    while not arrival.complete and time.monotonic() < until:
        server.handle_request()
    if arrival.error is not None:
        raise Failure(Kind.CREDENTIALS, f"consent was not given: {arrival.error}", service="google", code=arrival.error,
                      next_step="run it again and allow the access")  # fmt: skip
    if arrival.code is None:
        raise Failure(Kind.CREDENTIALS, f"no answer from the browser within {timeout_s:.0f} s", service="google",
                      next_step="run it again and open the printed address")  # fmt: skip
    return arrival.code


def show(address: str, port: int, no_browser: bool, reporter: Reporter) -> None:
    reporter.progress(0.1, f"open this address to allow uploads: {address}")
    reporter.progress(0.1, f"if the browser runs elsewhere, first: ssh -L {port}:{ADDRESS}:{port} <this host>")
    if not no_browser and not webbrowser.open(address):
        script_runtime.warn("no browser could be started here; open the address above yourself")


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    channel: str = arguments.channel
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", channel):
        raise Failure(Kind.USAGE, f"{channel!r} is no channel id (small letters, digits, _ and -)")
    output: Path = arguments.output or Path("state/tokens") / f"{channel}.token"
    google_oauth.fernet()  # a missing key must not be found out after the person consented
    arrival = Arrival()
    # the state must be known before the port is, and the port before the address
    with listen(arguments.port, state := google_oauth.new_state(), arrival) as server:
        port = server.server_address[1]
        consent = google_oauth.ask_consent(f"http://{ADDRESS}:{port}/", state, arguments.login_hint)
        show(consent.address, port, arguments.no_browser, reporter)
        code = await_answer(server, arrival, arguments.timeout)
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
