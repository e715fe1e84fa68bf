"""`videod notion webhook`, `status` and `doctor`: whether the webhook is on, how it is doing and what is next."""

import json
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, MINUTE, NOON, StudioBox, at_once
from videod.cli import checkup_webhook, client, main
from videod.cli.checks import State
from videod.config import load_settings
from videod.core.webhook import FACT, Report
from videod.credentials import Secrets
from videod.web import handshake

ON = '[webhook]\nport = 8091\nhost = "hooks.example.com"\n'
URL = "https://hooks.example.com/webhook/notion"
WELL = Report(True, URL, "127.0.0.1 port 8091", NOON - HOUR, True, NOON - 2 * MINUTE, None, 1_204, 3,
              {"wrong signature": 2, "unsigned": 5}, NOON - 5 * MINUTE)  # fmt: skip


class House:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.config = folder / "videod.toml"
        self._capsys = capsys
        self._patch = patch
        patch.setattr(client, "now_ms", lambda: NOON)
        patch.delenv("NOTION_WEBHOOK_TOKEN", raising=False)
        self.configure(ON)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def configure(self, text: str) -> None:
        self.config.write_text(text)

    def secret(self) -> None:
        self._patch.setenv("NOTION_WEBHOOK_TOKEN", "secret_of_this_subscription")

    def said(self, report: Report) -> None:
        """A daemon has said so of itself."""
        box = StudioBox(self.state)
        at_once(box.ledger.set_value(FACT, json.dumps(report.as_json())))
        box.close()

    def run(self, *words: str) -> str:
        assert main.run([*words, "--config", str(self.config)]) == 0
        return self._capsys.readouterr().out

    def doctor(self) -> list[tuple[State, str]]:
        secrets = Secrets({"NOTION_WEBHOOK_TOKEN": "x" * 20} if "NOTION_WEBHOOK_TOKEN" in main.os.environ else {})
        found = checkup_webhook.hook(load_settings(self.config, {}), secrets, NOON)
        return [(one.state, one.text) for one in found]


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, capsys, monkeypatch)


def test_where_it_is_off_the_command_says_how_to_switch_it_on(house: House) -> None:
    house.configure("")
    assert "[webhook]\nport = 8091\nhost =" in house.run("notion", "webhook")
    assert json.loads(house.run("notion", "webhook", "--json"))["on"] is False
    assert house.doctor() == [(State.OK, "Off: videod asks Notion every 3 s.")]
    house.said(Report(signed_at=NOON))
    assert "Webhook" not in house.run("status")
    assert json.loads(house.run("status", "--json"))["webhook"] == {"on": False, "signed_at": "2026-11-21T12:00:00Z"}


def test_the_command_leads_from_the_subscription_to_the_secret(house: House) -> None:
    assert "Start videod" in house.run("notion", "webhook")
    house.said(Report(True, URL, "127.0.0.1 port 8091", NOON))
    told = house.run("notion", "webhook")
    assert URL in told and "Create a subscription" in told
    assert house.doctor()[0][0] is State.FIX and "NOTION_WEBHOOK_TOKEN is not set" in house.doctor()[0][1]
    handshake.keep(house.state, handshake.Token("secret_of_a_stranger", NOON - HOUR))
    handshake.keep(house.state, handshake.Token("secret_of_this_subscription", NOON - MINUTE))
    told = house.run("notion", "webhook")
    assert told.index("secret_of_this_subscription") < told.index("Paste it into Notion") < told.index("stranger")
    assert "11:59 UTC (1 min ago)" in told and "/etc/credstore/videod.notion_webhook_token" in told
    tokens = json.loads(house.run("notion", "webhook", "--json"))["tokens"]
    assert tokens[0] == {"token": "secret_of_this_subscription", "at": "2026-11-21T11:59:00Z"}
    house.secret()
    assert "Restart videod to use it" in house.run("notion", "webhook")


def test_status_and_doctor_say_when_the_last_delivery_came_and_what_was_refused(house: House) -> None:
    house.secret()
    house.said(WELL)
    refused = "7 (5 unsigned, 2 wrong signature)"
    told = house.run("status")
    assert "last signed delivery 11:58 UTC (2 min ago), 1,204 taken and 3 repeats since 11:00 UTC" in told
    assert f"refused {refused}, the last one 11:55 UTC (5 min ago)" in told
    assert house.doctor() == [
        (State.OK, f"The last signed delivery came 11:58 UTC (2 min ago). Refused: {refused}.")
    ]  # fmt: skip
    assert "Working" in house.run("notion", "webhook") and refused in house.run("notion", "webhook")
    shown = json.loads(house.run("status", "--json"))["webhook"]
    assert (shown["on"], shown["taken"], shown["refused"], shown["refused_reasons"]["unsigned"]) == (True, 1_204, 7, 5)


def test_doctor_asks_where_nothing_comes_and_warns_of_an_open_door(house: House) -> None:
    house.secret()
    house.configure(ON + 'address = "0.0.0.0"\n')
    house.said(Report(True, URL, "0.0.0.0 port 8091", NOON, True))
    (_, door), (state, told) = house.doctor()
    assert "without TLS" in door and state is State.NOTE and "does your proxy forward it to 0.0.0.0 port 8091" in told
    house.said(Report(True, URL, "0.0.0.0 port 8091", NOON, True, NOON - 200 * HOUR))
    assert "check the subscription" in house.doctor()[1][1]
    house.said(Report(True, URL, "x", NOON, True, NOON, problem="port 8091 of 0.0.0.0 cannot be opened"))
    assert house.doctor()[1] == (State.FIX, "Port 8091 of 0.0.0.0 cannot be opened.")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("port = 8091", "port needs host"), ('host = "https://hooks.example.com"', "write the name alone"),
        ('host = "a b"', "write the name alone"), ('host = "a/webhook"', "write the name alone"),
        ("port = 70000", "65535"), ('address = "localhost"', "IP address"), ("port = true", "port"),
    ],
)  # fmt: skip
def test_settings_of_the_webhook_that_cannot_work_are_refused_in_words(
    text: str, word: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.configure(f"[webhook]\n{text}\n")
    assert main.run(["notion", "webhook", "--config", str(house.config)]) == 78
    assert word in capsys.readouterr().err
