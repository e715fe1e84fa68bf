"""Addresses that somebody changed are named; keys do not travel in the open."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from videod.cli.main import run
from videod.credentials import SERVICE_URLS, CredentialsError, changed, load_secrets, service_urls
from videod.daemon import addresses

Out = pytest.CaptureFixture[str]
EVIL = "https://kie.evil.example"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVICE_URLS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.fault("12.21")
def test_secrets_list_names_each_changed_address(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["secrets", "list"]) == 0
    assert "changed" not in capsys.readouterr().out
    monkeypatch.setenv("VIDEOD_URL_KIE", EVIL + "/")
    monkeypatch.setenv("VIDEOD_URL_GEMINI", "http://127.0.0.1:99")
    assert run(["secrets", "list"]) == 0
    told = capsys.readouterr().out
    assert f"changed  VIDEOD_URL_KIE  {EVIL} instead of https://api.kie.ai" in told
    assert "changed  VIDEOD_URL_GEMINI  http://127.0.0.1:99 instead of " in told
    assert run(["secrets", "list", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["VIDEOD_URL_KIE"] == EVIL and body["KIE_API_KEY"] in (True, False)
    assert "VIDEOD_URL_NOTION" not in body


@pytest.mark.fault("12.21")
@pytest.mark.parametrize(
    "url",
    ["http://kie.example", "http://10.0.0.1:8080", "http://127.0.0.1.kie.example", "http://localhost.example",
     "http://[fd00::1]", "http://2130706433", "http://127.1", "https://user@host", "https://api.kie.ai@evil.example",
     "https://h\\@x", "https://host/?a=", "https://host/#x", "https://h ost", "https://аpi.kie.ai"],
)  # fmt: skip
def test_an_address_that_sends_keys_in_the_open_or_hides_another_one_is_refused(
    url: str, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CredentialsError, match="VIDEOD_URL_KIE"):
        service_urls({"VIDEOD_URL_KIE": url})
    monkeypatch.setenv("VIDEOD_URL_KIE", url)
    assert run(["secrets", "list"]) == 78
    assert "VIDEOD_URL_KIE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "http://127.8.8.8", "http://[::1]:1", "http://localhost:4000", "http://kie.localhost",
     "https://10.0.0.1", "https://kie.example:8443/base"],
)  # fmt: skip
def test_plain_http_is_for_this_host_and_https_for_every_one(url: str) -> None:
    assert changed(service_urls({"VIDEOD_URL_KIE": url})) == {"VIDEOD_URL_KIE": url}


@pytest.mark.fault("12.21")
def test_a_webhook_does_not_travel_in_the_open() -> None:
    with pytest.raises(CredentialsError, match="SLACK_WEBHOOK_URL is a credential") as refused:
        load_secrets({"SLACK_WEBHOOK_URL": "http://hooks.example/services/T0/B0/xyzzy"})
    assert "xyzzy" not in str(refused.value)
    assert load_secrets({"SLACK_WEBHOOK_URL": "http://127.0.0.1:9/services/T0/B0/xyzzy"}).get("SLACK_WEBHOOK_URL")


@pytest.mark.fault("12.21")
def test_a_start_and_status_name_each_changed_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    urls = service_urls({"VIDEOD_URL_KIE": EVIL})
    addresses.note(urls)
    (line,) = caplog.records
    assert (line.getMessage(), line.levelname) == ("daemon_addresses_changed", "WARNING")
    assert vars(line)["addresses"] == {"VIDEOD_URL_KIE": EVIL}
    (remark,) = addresses.remarks(urls)
    assert remark.startswith(f"VIDEOD_URL_KIE is changed: requests and keys go to {EVIL} instead of https://api.kie.ai")


def test_usual_addresses_are_nothing_to_talk_about(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    addresses.note(service_urls({}))
    assert caplog.records == [] and addresses.remarks(service_urls({})) == ()


def test_a_rehearsal_is_not_told_of_its_stand_ins_one_by_one() -> None:
    urls = service_urls(dict.fromkeys(SERVICE_URLS, "http://127.0.0.1:1"))
    assert addresses.remarks(urls) == ()
    # one on this host and all others outside is something else
    assert len(addresses.remarks(service_urls({"VIDEOD_URL_KIE": "http://127.0.0.1:1"}))) == 1
    assert len(addresses.remarks(urls | {"VIDEOD_URL_KIE": EVIL})) == len(changed(urls))


@pytest.mark.fault("12.21")
def test_the_daemon_does_not_start_with_plain_http_beyond_this_host(tmp_path: Path) -> None:
    (tmp_path / "videod.toml").write_text(f'[paths]\nstate = "{tmp_path / "state"}"\n')
    env = {"PATH": os.environ["PATH"], "VIDEOD_URL_KIE": "http://kie.example", "KIE_API_KEY": "a-key-of-mine-123"}
    command = [sys.executable, "-m", "videod", "run", "--config", str(tmp_path / "videod.toml")]
    done = subprocess.run(command, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 78 and "VIDEOD_URL_KIE sends keys unencrypted to kie.example" in done.stderr
    assert "a-key-of-mine" not in done.stderr and not (tmp_path / "state" / "videod.db").exists()
