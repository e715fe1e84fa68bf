"""`videod alerts`, `videod alerts test` and doctor's rows, with a simulated Slack and a real mail server."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, StudioBox, at_once
from tests.harness.mailing import PASSWORD, USER, certificate, postbox
from tests.sandbox.running import running
from videod.cli import alerts, checkup_alerts, client, main, output
from videod.cli.checks import State
from videod.config import load_settings
from videod.core.alerts import CAUSES
from videod.credentials import load_secrets
from videod.sandbox import slack
from videod.sandbox.kernel import Fault
from videod.store import reads
from videod.store.database import Transaction


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings for a mail server whose port is in VIDEOD_ALERTS_SMTP_PORT, with login over STARTTLS."""
    monkeypatch.setattr(alerts, "PACE_S", 0.0)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path)))
    monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
    monkeypatch.delenv("SLACK_WEBHOOK_URL", raising=False)
    path = tmp_path / "videod.toml"
    path.write_text(
        '[alerts]\nemail_to = "me@example.org"\nemail_from = "videod@example.org"\nsmtp_host = "localhost"\n'
        f'smtp_security = "starttls"\nsmtp_user = "{USER}"\n'
    )
    return path


async def typed(*argv: str) -> int:
    return await asyncio.to_thread(main.run, argv)


async def test_one_of_each_level_goes_by_every_way_and_the_answers_are_shown(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        running(tmp_path / "sandbox", "slack") as world,
        postbox("starttls", certificate(tmp_path), login=True) as box,
    ):
        monkeypatch.setenv("SLACK_WEBHOOK_URL", world.urls["slack"] + slack.PATH)
        monkeypatch.setenv("VIDEOD_ALERTS_SMTP_PORT", str(box.port))
        assert await typed("alerts", "test", "--config", str(config)) == 0
        said = capsys.readouterr()
        assert said.out.count("accepted: ok") == 3 and said.out.count("queued as 4711") == 3 and not said.err
        assert "sent for the test only: email_level is warning" in said.out and "6 accepted, 0 not." in said.out
        heads = [mail["Subject"] for mail in box.mails]
        assert [head.split()[1] for head in heads] == ["info:", "warning:", "critical:"]
        assert all("TEST, nothing happened" in head for head in heads)
        assert len(world.load("slack")["messages"]) == 3
        assert (
            await typed("alerts", "test", "--cause", "credit", "--cause", "died", "--json", "--config", str(config))
            == 0
        )
        body = json.loads(capsys.readouterr().out)
        assert body["ok"] and {(row["way"], row["cause"]) for row in body["sent"]} == {
            (way, cause) for way in ("slack", "email") for cause in ("credit", "died")
        }


async def test_all_sends_one_of_each_cause(config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with postbox("starttls", certificate(tmp_path), login=True) as box:
        monkeypatch.setenv("VIDEOD_ALERTS_SMTP_PORT", str(box.port))
        assert await typed("alerts", "test", "--all", "--config", str(config)) == 0
    assert len({mail["Message-ID"] for mail in box.mails}) == len(CAUSES)


async def test_what_failed_teaches_and_the_other_way_still_gets_it(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        running(tmp_path / "sandbox", "slack") as world,
        postbox("starttls", certificate(tmp_path), login=True) as box,
    ):
        monkeypatch.setenv("VIDEOD_ALERTS_SMTP_PORT", str(box.port))
        monkeypatch.setenv("SLACK_WEBHOOK_URL", world.urls["slack"] + "/services/T/B/revoked-1234567")
        monkeypatch.setenv("SMTP_PASSWORD", "wrong-1234567")
        assert await typed("alerts", "test", "--cause", "credit", "--config", str(config)) == output.CONFIGURATION
        said = capsys.readouterr().out
        assert "Make a new webhook and set SLACK_WEBHOOK_URL" in said and "Check smtp_user" in said
        assert "0 accepted, 2 not." in said and "1234567" not in said
        monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
        assert (
            await typed("alerts", "test", "--cause", "credit", "--json", "--config", str(config))
            == output.CONFIGURATION
        )
        rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)["sent"]}
        assert rows["email"]["accepted"] and not rows["slack"]["accepted"] and "no_service" in rows["slack"]["error"]
    assert len(box.mails) == 1


async def test_a_slack_that_asks_to_wait_is_waited_for(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with running(tmp_path / "sandbox", "slack") as world:
        world.faults.set([Fault("slack", "rate_limited", times=1)])
        monkeypatch.setenv("SLACK_WEBHOOK_URL", world.urls["slack"] + slack.PATH)
        monkeypatch.setattr(alerts.__name__ + ".pause", sleep)
        assert await typed("alerts", "test", "--cause", "disk", "--config", str(config)) == 0
    assert 1.0 in waits and "1 accepted, 0 not." in capsys.readouterr().out


def test_without_a_way_and_with_an_unknown_cause_it_says_what_to_type(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["alerts", "test", "--cause", "weather", "--config", str(config)]) == output.USAGE
    assert "The causes are:" in capsys.readouterr().err
    config.write_text("")
    assert main.run(["alerts", "test", "--config", str(config)]) == output.CONFIGURATION
    assert "SLACK_WEBHOOK_URL" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- the list


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StudioBox]:
    monkeypatch.setattr(client, "now_ms", lambda: NOON + HOUR)
    one = StudioBox(tmp_path)
    yield one
    one.close()


def test_the_list_has_what_was_sent_who_took_it_and_what_is_pending(
    box: StudioBox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(key: str, text: str) -> reads.OutboxMessage:
        at_once(box.ledger.alert(key, text, NOON))

        def posted(tx: Transaction) -> reads.OutboxMessage:
            return next(one for one in reads.pending_messages(tx) if one.key.startswith(key))

        return at_once(box.store.read(posted))

    at_once(box.ledger.alert_taken(tell("disk", "the disk is full"), {"slack": "ok"}, NOON))
    at_once(box.ledger.alert_taken(tell("loop x", "a loop failed"), {}, NOON))
    half = tell("kie:credit", "no credit")
    at_once(box.ledger.alert_taken(half, {"slack": "ok"}, NOON, (NOON + HOUR, "email: no answer")))
    at_once(box.ledger.alert_over("disk", NOON))
    assert main.run(["alerts", "--json", "--state", str(tmp_path)]) == 0
    body = json.loads(capsys.readouterr().out)
    rows = {row["cause"]: row for row in body["alerts"]}
    assert (rows["disk"]["taken_by"], rows["disk"]["level"]) == ({"slack": "ok"}, "critical")
    assert rows["disk"]["over_at"] and rows["loop"]["taken_by"] == {} and rows["loop"]["over_at"] is None
    (waits,) = body["pending"]
    assert (waits["cause"], waits["taken_by"], waits["problem"]) == ("credit", {"slack": "ok"}, "email: no answer")
    assert main.run(["alerts", "--state", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Pending (1)" in said and "email: no answer" in said and "the disk is full" in said and "the log" in said


def test_an_empty_list_says_so(box: StudioBox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["alerts", "--state", str(tmp_path)]) == 0
    assert "videod alerts test" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------- doctor


async def test_doctor_has_a_row_for_each_way_and_sends_nothing(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rows(**env: str) -> dict[str, tuple[State, str]]:
        told = {"SMTP_PASSWORD": PASSWORD, "SLACK_WEBHOOK_URL": world.urls["slack"] + slack.PATH, **env}
        settings = load_settings(config, {"VIDEOD_ALERTS_SMTP_PORT": env.get("port", str(box.port))})
        found = [one async for one in checkup_alerts.ways(settings, load_secrets(told), offline=False)]
        return {one.name: (one.state, one.text) for one in found}

    async with (
        running(tmp_path / "sandbox", "slack") as world,
        postbox("starttls", certificate(tmp_path), login=True) as box,
    ):
        good = await rows()
        assert {name: state for name, (state, _) in good.items()} == {"slack": State.OK, "email": State.OK}
        assert "from level warning on" in good["email"][1]
        bad = await rows(SMTP_PASSWORD="wrong", SLACK_WEBHOOK_URL=world.urls["slack"] + "/services/T/B/Y")
        assert bad["slack"][0] is bad["email"][0] is State.FIX
        assert "SMTP_PASSWORD" in bad["email"][1] and "Make a new webhook" in bad["slack"][1]
        missing = await rows(SMTP_PASSWORD="")
        assert missing["password"][0] is State.FIX and "email" not in missing
        assert not box.mails and not world.load("slack").get("messages")
    closed = await rows(SLACK_WEBHOOK_URL="")
    assert closed["email"][0] is State.FIX and "smtp_port" in closed["email"][1]
