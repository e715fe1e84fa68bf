import base64
import hashlib
import json
import socket
import stat
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.fernet import Fernet

from scripts import youtube_auth
from scripts.lib import consent_server, google_oauth
from tests.harness.patience import PATIENCE_S, SHORT_S
from tests.scripts.conftest import KEYS, Run
from tests.scripts.wire import Wire, say

TOKENS = {
    "access_token": "at-1",
    "refresh_token": "rt-secret",
    "expires_in": 3599,
    "scope": " ".join(google_oauth.SCOPES),
}


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[dict], dict]], list[str]]:
    """A browser that answers the consent page with what `choose` makes of its query."""

    def use(choose: Callable[[dict], dict]) -> list[str]:
        opened: list[str] = []

        def visit(redirect: str, answer: dict) -> None:
            for query in ({"state": "forged", "code": "evil"}, answer):
                try:
                    urllib.request.urlopen(f"{redirect}?{urlencode(query)}", timeout=PATIENCE_S).close()
                except HTTPError as error:
                    error.close()

        def open_page(address: str) -> bool:
            opened.append(address)
            query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
            threading.Thread(target=visit, args=(query["redirect_uri"], choose(query))).start()
            return True

        monkeypatch.setattr("webbrowser.open", open_page)
        return opened

    return use


def test_consent_ends_as_an_encrypted_file_and_no_token_is_shown(
    wire: Wire, run: Run, tmp_path: Path, browser: Callable
) -> None:
    opened = browser(lambda query: {"state": query["state"], "code": "code-1"})
    wire.on("POST", "/token", say(TOKENS))
    output = tmp_path / "tokens" / "wild.token"
    ran = run(youtube_auth.main, "--channel", "wild", "--output", output)
    assert ran.code == 0 and "rt-secret" not in json.dumps(ran.events) + ran.stderr
    kept = json.loads(Fernet(KEYS["VIDEOD_MASTER_KEY"]).decrypt(output.read_bytes()))
    assert (kept["channel"], kept["kind"], kept["refresh_token"]) == ("wild", "youtube", "rt-secret")
    assert kept["scopes"] == list(google_oauth.SCOPES) and kept["obtained_at"].endswith("+00:00")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    query = {name: values[0] for name, values in parse_qs(urlsplit(opened[0]).query).items()}
    assert (query["access_type"], query["prompt"], query["code_challenge_method"]) == ("offline", "consent", "S256")
    sent = {name: values[0] for name, values in parse_qs(wire.asked_for("/token")[0].body.decode()).items()}
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query["code_challenge"]
    assert (sent["code"], sent["redirect_uri"]) == ("code-1", query["redirect_uri"])


def test_the_address_and_the_tunnel_are_printed_for_hosts_without_a_browser(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    words = ("--channel", "wild", "--output", tmp_path / "t", "--no-browser", "--timeout", 0.2)
    ran = run(youtube_auth.main, *words)
    told = " ".join(event["message"] for event in ran.of("progress"))
    assert f"{wire.url}/o/oauth2/v2/auth?client_id=client-id" in told and "ssh -L" in told
    assert (ran.code, ran.failure["kind"]) == (77, "credentials")


def test_a_refused_consent_is_reported(wire: Wire, run: Run, tmp_path: Path, browser: Callable) -> None:
    browser(lambda query: {"state": query["state"], "error": "access_denied"})
    ran = run(youtube_auth.main, "--channel", "wild", "--output", tmp_path / "t")
    assert (ran.failure["kind"], ran.failure["code"]) == ("credentials", "access_denied")


def test_a_consent_without_the_upload_right_is_refused(wire: Wire, run: Run, tmp_path: Path, browser: Callable) -> None:
    browser(lambda query: {"state": query["state"], "code": "code-1"})
    wire.on("POST", "/token", say({**TOKENS, "scope": google_oauth.SCOPES[1]}))
    ran = run(youtube_auth.main, "--channel", "wild", "--output", tmp_path / "t")
    assert ran.failure["kind"] == "credentials" and "youtube.upload" in ran.failure["message"]
    assert not (tmp_path / "t").exists()


def test_a_missing_master_key_is_found_before_anybody_consents(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOD_MASTER_KEY", "not a key")
    ran = run(youtube_auth.main, "--channel", "wild", "--output", tmp_path / "t")
    assert (ran.code, ran.failure["kind"], wire.asked) == (78, "configuration", [])


def test_a_token_of_another_key_cannot_be_opened(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    google_oauth.keep(tmp_path / "t", "wild", "rt", google_oauth.SCOPES)
    assert google_oauth.kept(tmp_path / "t") == "rt"
    monkeypatch.setenv("VIDEOD_MASTER_KEY", Fernet.generate_key().decode())
    with pytest.raises(google_oauth.Failure, match="cannot be opened"):
        google_oauth.kept(tmp_path / "t")


# ------------------------------------------------------------------------------------------- the answer's address


def answering(redirect: str, query: dict[str, str]) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{redirect}?{urlencode(query)}", timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def waiting() -> Iterator[tuple[str, consent_server.Arrival]]:
    """The address that waits for the state "right", and what it was brought."""
    arrival = consent_server.Arrival()
    with consent_server.listening(0, "right", arrival) as port:
        yield f"http://127.0.0.1:{port}/", arrival


def connected(redirect: str, first_bytes: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", urlsplit(redirect).port or 0), timeout=PATIENCE_S)
    made.sendall(first_bytes)
    return made


@pytest.mark.fault("8.6", "12.17")
def test_connections_that_stay_silent_do_not_keep_the_answer_out(
    waiting: tuple[str, consent_server.Arrival],
) -> None:
    redirect, arrival = waiting
    idle = [connected(redirect, start) for start in (b"", b"GET /", b"GET / HTTP/1.1\r\nHost: a", b"\x16\x03\x01") * 30]
    assert answering(redirect, {"state": "right", "code": "4/code"})[0] == 200
    arrival.wait(PATIENCE_S)
    assert arrival.code == "4/code"
    for one in idle:
        one.close()


@pytest.mark.fault("8.6", "12.17")
def test_the_time_limit_holds_while_connections_are_open(
    wire: Wire, run: Run, tmp_path: Path, browser: Callable
) -> None:
    idle: list[socket.socket] = []

    def preconnect(query: dict) -> dict:
        idle.extend(connected(query["redirect_uri"]) for _ in range(3))
        return {"state": "forged", "code": "evil"}

    browser(preconnect)
    ran = run(youtube_auth.main, "--channel", "wild", "--output", tmp_path / "t", "--timeout", SHORT_S)
    assert (ran.code, ran.failure["kind"]) == (77, "credentials")
    assert f"no answer from the browser within {SHORT_S:g} s" in ran.failure["message"]
    for one in idle:
        one.close()


@pytest.mark.fault("12.17")
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.nip.io", "", "127.0.0.1:x", "[::1]"]
)
def test_an_answer_in_another_hosts_name_is_none(waiting: tuple[str, consent_server.Arrival], host: str) -> None:
    redirect, arrival = waiting
    named = host.format(port=urlsplit(redirect).port)
    made = connected(redirect, f"GET /?state=right&code=evil HTTP/1.1\r\nHost: {named}\r\n\r\n".encode())
    assert made.recv(100).split()[1] == b"403"
    made.close()
    assert (arrival.code, arrival.error) == (None, None)
    assert answering(redirect, {"state": "right", "code": "good"})[0] == 200


@pytest.mark.fault("12.17")
def test_a_request_that_trickles_is_closed_in_the_end(
    waiting: tuple[str, consent_server.Arrival], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_server, "REQUEST_S", 0.3)
    redirect, _ = waiting
    made = connected(redirect, b"GET / HTTP/1.1\r\n")
    made.settimeout(0.02)
    ended = False
    while not ended:
        try:
            made.sendall(b"X")
            ended = made.recv(100) == b""
        except TimeoutError:
            continue
        except ConnectionError:
            ended = True
    made.close()


@pytest.mark.fault("12.17")
def test_a_consent_that_is_being_settled_is_not_crowded_out() -> None:
    asked, release = threading.Event(), threading.Event()

    def settle(code: str) -> str:
        asked.set()
        release.wait(PATIENCE_S)
        return f"settled {code}"

    arrival = consent_server.Arrival(settle)
    with consent_server.listening(0, "right", arrival) as port:
        redirect = f"http://127.0.0.1:{port}/"
        made = connected(redirect, b"GET /?state=right&code=4 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asked.wait(PATIENCE_S)
        idle = [connected(redirect, b"GET") for _ in range(2 * consent_server.MOST_CONNECTIONS)]
        release.set()
        told = made.makefile("rb").read()
        assert b"settled 4" in told
        for one in (made, *idle):
            one.close()


def test_a_browser_that_returns_only_when_it_is_closed_is_not_waited_for(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()
    monkeypatch.setattr("webbrowser.open", lambda _: closed.wait(PATIENCE_S))
    ran = run(youtube_auth.main, "--channel", "wild", "--output", tmp_path / "t", "--timeout", SHORT_S)
    closed.set()
    assert ran.failure["kind"] == "credentials"


@pytest.mark.fault("8.6")
@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ("access_denied", "access_denied"),
        ("\x1b[2Jaccess\n\u202edenied<script>", "2jaccess_denied_script"),
        ("x" * 100_00, "x" * 60),
        ("\u0430\u0431", "unknown_error"),
        ("", "unknown_error"),
    ],
)
def test_an_error_is_a_short_word_whatever_somebody_sends(
    waiting: tuple[str, consent_server.Arrival], error: str, kept: str
) -> None:
    redirect, arrival = waiting
    status, told = answering(redirect, {"state": "right", "error": error, "keep_blank": "1"})
    if error:
        assert (status, arrival.error) == (200, kept)
        assert f"Google says: {kept}." in told
    else:
        assert (status, arrival.error) == (400, None)


@pytest.mark.parametrize(
    "query",
    [
        {"state": "wrong", "code": "evil"}, {"code": "evil"}, {"state": "right"}, {"state": "right", "code": "\x00"},
        {"state": "right", "code": "c" * 5000}, {"state": "\u2603", "code": "evil"},
    ],
)  # fmt: skip
def test_what_is_not_the_answer_is_refused_and_the_answer_still_counts(
    waiting: tuple[str, consent_server.Arrival], query: dict[str, str]
) -> None:
    redirect, arrival = waiting
    assert answering(redirect, query)[0] in (400, 404)
    assert (arrival.code, arrival.error) == (None, None)
    assert answering(redirect, {"state": "right", "code": "good"})[0] == 200
    assert answering(redirect, {"state": "right", "error": "access_denied"})[0] == 200
    assert (arrival.code, arrival.error) == ("good", None), "a second answer must not replace the first"


@pytest.mark.parametrize("words", [("--timeout", "nan"), ("--timeout", "inf"), ("--timeout", "-1"), ("--timeout", "0"),
                                   ("--timeout", "1e9"), ("--port", "70000"), ("--port", "-1")])  # fmt: skip
def test_a_time_or_port_that_is_none_is_a_wrong_command_line(
    wire: Wire, run: Run, tmp_path: Path, words: tuple[str, str]
) -> None:
    ran = run(youtube_auth.main, "--channel", "wild", "--output", tmp_path / "t", *words)
    assert ran.code == 64 and words[0] in ran.failure["message"]
