"""What a person reads when a start ends: one sentence that names what to change."""

import sqlite3
import ssl
from pathlib import Path

import httpx
import pytest

from tests.harness.patience import PATIENCE_S
from videod.credentials import CredentialsError, Secrets, service_urls
from videod.daemon import refusals
from videod.daemon.refusals import StartError


@pytest.mark.fault("1.7")
@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"ALL_PROXY": "socks5://127.0.0.1:1"}, "ALL_PROXY"),
        ({"HTTPS_PROXY": "http://fine:3128", "all_proxy": "gopher://x:1"}, "all_proxy"),
        ({"HTTPS_PROXY": "http://[::1"}, "HTTPS_PROXY"),
        ({"HTTP_PROXY": "http://proxy:port"}, "HTTP_PROXY"),
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "SSL_CERT_FILE"),
        ({"SSL_CERT_FILE": "README.md"}, "SSL_CERT_FILE"),
    ],
)
def test_what_keeps_connections_from_being_made_is_called_by_its_variable(
    env: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY"):
        monkeypatch.delenv(each, raising=False)
        monkeypatch.delenv(each.lower(), raising=False)
    for each, value in env.items():
        monkeypatch.setenv(each, value)
    with pytest.raises((ImportError, ValueError, OSError, httpx.InvalidURL)) as met:
        httpx.AsyncClient(timeout=PATIENCE_S)
    refused = refusals.of_connections(met.value, env)
    assert refused.code == 78
    assert str(refused).startswith(f"{name} names ") and "unset" in str(refused)


def test_a_proxy_s_password_is_not_shown() -> None:
    refused = refusals.of_connections(ValueError("Unknown scheme"), {"ALL_PROXY": "socks4://me:secret@proxy:1"})
    assert "secret" not in str(refused)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (StartError("as it is", 75), 75, "as it is"),
        (PermissionError(13, "Permission denied", "/state/tokens"), 74, "/state/tokens cannot be used"),
        (OSError(24, "Too many open files"), 74, "Too many open files"),
        (sqlite3.OperationalError("disk I/O error"), 74, "disk I/O error"),
        (MemoryError(), 71, "not enough memory"),
        (KeyError("clip_07"), 70, "because of a bug (KeyError: 'clip_07')"),
        (ExceptionGroup("two", [ValueError("a"), TypeError("b")]), 70, "because of a bug"),
        (ssl.SSLError(1, "no start line"), 74, "no start line"),
    ],
)
def test_every_error_of_a_start_has_a_sentence_and_a_code(error: Exception, code: int, words: str) -> None:
    refused = refusals.of(error)
    assert refused.code == code
    assert words in str(refused)
    assert "\n" not in str(refused)


@pytest.mark.parametrize("url", ["http://[::1", "http://host:port", "http://host:99999", "ftp://host", "host"])
def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(url: str) -> None:
    with pytest.raises(CredentialsError, match="VIDEOD_URL_KIE"):
        service_urls({"VIDEOD_URL_KIE": url})


def test_a_webhook_that_is_no_address_is_a_secret_all_the_same() -> None:
    secrets = Secrets({"SLACK_WEBHOOK_URL": "https://[hooks/T0/B0/x"})
    assert "hooks" not in secrets.redact("posting to https://[hooks/T0/B0/x failed")


def test_a_database_that_another_program_holds_is_no_broken_one(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db", isolation_level=None) as first:
        first.execute("BEGIN IMMEDIATE")
        second = sqlite3.connect(tmp_path / "a.db", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError) as met:
            second.execute("BEGIN IMMEDIATE")
        second.close()
    first.close()
    refused = refusals.of(met.value)
    assert refused.code == 75 and "another program" in str(refused)
