import base64
import hashlib
import json
import stat
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.fernet import Fernet

from scripts import youtube_auth
from scripts.lib import google_oauth
from tests.harness.patience import PATIENCE_S
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


def test_a_refused_consent_is_told(wire: Wire, run: Run, tmp_path: Path, browser: Callable) -> None:
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
