"""What commands do with a channel's Google project and consent, and with the installation's time zone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import NOON, StudioBox, at_once
from videod.cli import client
from videod.cli.main import run as command
from videod.core import consents, moments
from videod.core.consents import Consent

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
CHANNEL = """name: {name}
youtube_channel: UC{name}
voice_id: sandbox-narrator-1
brand: Stories of wild animals in cold places.
google_project: {project}
"""
#: takes the place of the script that asks for a consent, and says which keys it was given
SCRIPT = """import json, os, sys
keys = {name: value for name, value in os.environ.items() if "GOOGLE" in name or "KEY" in name or "TOKEN" in name}
print(json.dumps(keys))
"""


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)
    yield
    moments.show_in("UTC")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("channels", "scripts", "state"):
        (tmp_path / folder).mkdir()
    for name, project in (("wild", "wild"), ("deep", "deep"), ("tide", "''")):
        (tmp_path / "channels" / f"{name}.yaml").write_text(CHANNEL.format(name=name, project=project))
    (tmp_path / "scripts" / "youtube_auth.py").write_text(SCRIPT)
    (tmp_path / "videod.toml").write_text('[daemon]\ntimezone = "Asia/Tokyo"\n')
    file = tmp_path / ".env"
    file.write_text("GOOGLE_CLIENT_ID_WILD=id-wild\nGOOGLE_CLIENT_SECRET_WILD=secret-wild\nVIDEOD_MASTER_KEY=key\n")
    file.chmod(0o600)
    monkeypatch.setenv("GOOGLE_CLIENT_ID", "id-usual")
    monkeypatch.setenv("GOOGLE_CLIENT_SECRET", "secret-usual")
    monkeypatch.setenv("GOOGLE_CLIENT_SECRET_OTHER", "secret-other")
    monkeypatch.setenv("KIE_API_KEY", "key-of-kie")
    return tmp_path


def run(home: Path, *words: str) -> int:
    try:
        return command([*words, "--config", str(home / "videod.toml")])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(("channel", "client_of"), [("wild", "wild"), ("tide", "usual")])
def test_a_consent_is_asked_for_with_the_client_of_the_channels_project_and_no_other_key(
    home: Path, channel: str, client_of: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "channels", "authorize", channel) == 0
    assert json.loads(capfd.readouterr().out.strip().splitlines()[-1]) == {
        "GOOGLE_CLIENT_ID": f"id-{client_of}", "GOOGLE_CLIENT_SECRET": f"secret-{client_of}",
        "VIDEOD_MASTER_KEY": "key",
    }  # fmt: skip


def test_a_project_without_a_client_is_named_before_a_browser_opens(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "channels", "authorize", "deep") == 78
    assert "Set GOOGLE_CLIENT_ID_DEEP and GOOGLE_CLIENT_SECRET_DEEP" in capsys.readouterr().err


def test_channels_says_when_each_consent_last_worked_and_when_it_ends(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = StudioBox(home / "state")
    known = {
        "wild": Consent(NOON - 5 * DAY_MS, NOON - HOUR_MS, True, NOON + 2 * DAY_MS, "a"),
        "deep": Consent(NOON - 5 * DAY_MS, NOON - HOUR_MS, False, None, "a"),
    }
    for name, one in known.items():
        at_once(box.ledger.set_value(f"{consents.KEPT}{name}", json.dumps(one.plain())))
    box.close()
    assert run(home, "channels", "list") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert lines["wild"].rstrip().endswith("ends Nov 23 21:00 JST")
    assert lines["deep"].rstrip().endswith("dead since 20:00 JST") and lines["tide"].rstrip().endswith("not tried")
    assert run(home, "channels", "list", "--json") == 0
    rows = {one["id"]: one["consent"] for one in json.loads(capsys.readouterr().out)["channels"]}
    assert rows["tide"] is None and rows["deep"]["works"] is False
    assert (rows["wild"]["ends"], rows["wild"]["tried"]) == ("2026-11-23T12:00:00Z", "2026-11-21T11:00:00Z")


def test_the_days_of_costs_are_those_of_the_installation(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = StudioBox(home / "state", at=NOON + 2 * HOUR_MS)
    at_once(box.ledger.adopt_limits("Asia/Tokyo", NOON - 3 * DAY_MS))
    for begun in (NOON + 2 * HOUR_MS, NOON + 4 * HOUR_MS):  # 23:00 and 01:00 in Tokyo
        box.clock.at = begun
        task = box.queue(f"Film {begun}")
        box.make(task, "plan/plan")
    box.close()
    assert run(home, "costs", "--days", "3", "--json") == 0
    assert [row["key"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["2026-11-22", "2026-11-21"]


def test_a_time_zone_that_does_not_exist_is_refused_with_its_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "videod.toml").write_text('[daemon]\ntimezone = "Europe/Berlnn"\n')
    assert run(home, "channels", "list") == 78
    told = capsys.readouterr().err
    assert "videod.toml:2: daemon.timezone: there is no time zone 'Europe/Berlnn'" in told
