"""The host: addresses, faults from outside, what others find, one process per root, and the command line."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.harness.patience import PATIENCE_S, ended, eventually, patience
from videod.cli import sandbox as cli
from videod.sandbox import admin, attach, catbox, google, host, s3, slack
from videod.sandbox.kernel import Options
from videod.sandbox.kie import envelope
from videod.sandbox.notion import BOARD_PAGE_ID

MINE = ("kie", "kie_upload", "youtube", "google", "catbox", "slack")


async def started(root: Path, **more: Any) -> host.Host:
    return await host.start(root, Options(), services=more.pop("services", MINE), **more)


async def admin_call(running: host.Host, method: str, path: str, body: object = None) -> httpx.Response:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        return await http.request(method, running.admin_url + path, json=body)


async def credit(running: host.Host) -> httpx.Response:
    headers = {"Authorization": "Bearer sandbox-kie-key"}
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE_S) as http:
        return await http.get(running.urls["kie"] + "/api/v1/chat/credit")


async def test_every_service_answers_at_an_address_of_its_own_and_the_file_tells_them(tmp_path: Path) -> None:
    async with await started(tmp_path) as running:
        found = json.loads((tmp_path / "sandbox.json").read_text())
        assert len(set(running.urls.values())) == len(MINE)
        assert (await credit(running)).json()["data"] == 20_000
        assert (found["pid"], found["admin"], found["page"]) == (os.getpid(), running.admin_url, None)
        assert found["environment"]["VIDEOD_URL_KIE"] == running.urls["kie"]
        assert stat.S_IMODE((tmp_path / "sandbox.json").stat().st_mode) == 0o600
        assert await asyncio.to_thread(host.attach, tmp_path) == found
    assert not (tmp_path / "sandbox.json").exists()
    assert await asyncio.to_thread(host.attach, tmp_path) is None


@pytest.mark.live
async def test_all_stand_ins_start_together_with_the_page_and_s3(tmp_path: Path) -> None:
    async with await host.start(tmp_path, Options(), s3=True) as running:
        environment = running.environment
        assert set(running.urls) == {*host.APPS, "s3"}
        async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
            assert (await http.get(running.urls["page"] + "/")).status_code == 200
        named = {name for names in attach.ADDRESSES.values() for name in names}
        secrets = {name for names in attach.CREDENTIALS.values() for name in names}
        assert set(environment) == named | secrets | {"SLACK_WEBHOOK_URL", "VIDEOD_NOTION_REQUESTS_PER_S"}


def test_the_environment_holds_what_the_stand_ins_accept() -> None:
    found = host.environment({name: f"http://127.0.0.1:{port}" for port, name in enumerate((*host.APPS, "s3"), 40001)})
    assert found["VIDEOD_URL_GOOGLE_OAUTH"] == found["VIDEOD_URL_GOOGLE_ACCOUNTS"]
    assert found["SLACK_WEBHOOK_URL"].endswith(slack.PATH)
    assert found["KIE_API_KEY"] == envelope.KEY
    assert (found["GOOGLE_CLIENT_ID"], found["GOOGLE_CLIENT_SECRET"]) == (google.CLIENT_ID, google.CLIENT_SECRET)
    assert found["CATBOX_USERHASH"] == catbox.USERHASH
    assert (found["R2_ACCESS_KEY_ID"], found["R2_SECRET_ACCESS_KEY"]) == (s3.ACCESS_KEY_ID, s3.SECRET_ACCESS_KEY)


async def test_a_restarted_sandbox_comes_back_at_the_same_addresses_while_they_are_free(tmp_path: Path) -> None:
    async with await started(tmp_path) as running:
        first = dict(running.urls)
    async with await started(tmp_path) as running:
        assert running.urls == first
    taken = int(first["kie"].rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", taken)):
        async with await started(tmp_path) as running:
            assert running.urls["kie"] != first["kie"]
            assert running.urls["slack"] == first["slack"]


async def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await started(tmp_path, ports={"slack": taken.getsockname()[1]})
    async with await started(tmp_path) as running:
        assert "slack" in running.urls


async def test_a_second_process_is_refused_the_same_root(tmp_path: Path) -> None:
    async with await started(tmp_path) as running:
        with pytest.raises(host.AlreadyRunning):
            await started(tmp_path)
        assert (await credit(running)).status_code == 200


async def test_a_dead_process_leaves_nothing_to_attach_to(tmp_path: Path) -> None:
    facts = {"pid": 2**22 - 1, "urls": {}, "admin": "http://127.0.0.1:9", "page": None, "environment": {}}
    (tmp_path / "sandbox.json").write_text(json.dumps(facts))
    assert attach.attach(tmp_path) is None
    (tmp_path / "sandbox.json").write_text(json.dumps(facts | {"pid": os.getpid()}))
    assert attach.attach(tmp_path) is None


async def test_faults_set_through_the_admin_address_strike_and_can_be_cleared(tmp_path: Path) -> None:
    async with await started(tmp_path) as running:
        fault = {"service": "kie", "kind": "status", "status": 503, "times": 1}
        listed = (await admin_call(running, "POST", "/faults", [fault, {"service": "slack", "kind": "no_text"}])).json()
        assert [item["kind"] for item in listed["faults"]] == ["status", "no_text"]
        assert [(await credit(running)).status_code for _ in range(2)] == [503, 200]
        left = (await admin_call(running, "DELETE", "/faults?service=kie")).json()
        assert [item["service"] for item in left["faults"]] == ["slack"]
        assert (await admin_call(running, "POST", "/reset")).json() == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"service": "kei", "kind": "reset"}, "unknown service 'kei'"),
        ({"service": "kie", "kind": "explode"}, "kie knows no fault 'explode'"),
        ({"service": "kie"}, "'kind' is missing"),
        ({"service": "kie", "kind": "reset", "chance": 1}, "unknown field 'chance'"),
        ({"service": "kie", "kind": "reset", "probability": 2}, "probability must be a number from 0 to 1"),
        ({"service": "kie", "kind": "reset", "times": "two"}, "times must be a whole number or null"),
        ({"service": "kie", "kind": "reset", "headers": {"a": 1}}, "headers must be an object of texts"),
        ("reset", "a fault is an object"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_named_and_nothing_is_set(
    tmp_path: Path, fault: object, words: str
) -> None:
    async with await started(tmp_path, services=("kie", "slack")) as running:
        answer = await admin_call(running, "POST", "/faults", [{"service": "kie", "kind": "reset"}, fault])
        assert answer.status_code == 400
        assert words in answer.text
        assert running.context.faults.rules() == []


async def test_the_faults_file_is_read_at_the_start_and_whenever_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "faults.json"
    file.write_text('[{"service": "kie", "kind": "reset"}]')
    async with await started(tmp_path) as running:
        assert [fault.kind for fault in running.context.faults.rules()] == ["reset"]
        file.write_text('[{"service": "kie", "kind": "no such"}]')
        await eventually(lambda: "faults unchanged" in caplog.text)
        assert [fault.kind for fault in running.context.faults.rules()] == ["reset"]
        file.write_text('[{"service": "*", "kind": "hang", "seconds": 1}]')
        await eventually(lambda: [fault.kind for fault in running.context.faults.rules()] == ["hang"])
        file.unlink()
        await eventually(lambda: running.context.faults.rules() == [])


async def test_a_faults_file_without_sense_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text('{"service": "kie"}')
    with pytest.raises(admin.BadFault, match="a list of faults is expected"):
        await started(tmp_path)


async def test_charges_and_requests_are_shown_and_secrets_are_not(tmp_path: Path) -> None:
    async with await started(tmp_path) as running:
        running.context.charge("kie", "clip", "k", 84, "credits", 0.42)
        await credit(running)
        charges = (await admin_call(running, "GET", "/charges?service=kie")).json()
        shown = (await admin_call(running, "GET", "/requests?service=kie")).json()["requests"]
        assert (charges["total_usd"], charges["charges"][0]["quantity"]) == (0.42, 84)
        assert [(entry["path"], entry["status"]) for entry in shown] == [("/api/v1/chat/credit", 200)]
        assert "sandbox-kie-key" not in json.dumps(shown)
        assert (await admin_call(running, "GET", "/charges?service=slack")).json()["charges"] == []


async def test_latency_can_be_changed_while_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    real = asyncio.sleep
    monkeypatch.setattr("videod.sandbox.kernel.asyncio.sleep", lambda seconds: (slept.append(seconds), real(0))[1])
    async with await started(tmp_path) as running:
        assert (await admin_call(running, "POST", "/latency", {"kie": 0.2})).json() == {"kie": 0.2}
        await credit(running)
        assert 0.2 in slept
        assert (await admin_call(running, "POST", "/latency", {"kie": -1})).status_code == 400
        assert (await admin_call(running, "GET", "/latency")).json() == {"kie": 0.2}


async def test_a_request_that_is_held_continues_once_the_fault_is_cleared(tmp_path: Path) -> None:
    async with await started(tmp_path) as running:
        await admin_call(running, "POST", "/faults", {"service": "kie", "kind": "hold", "times": 1})
        waiting = asyncio.create_task(credit(running))
        await eventually(lambda: running.context.faults.rules()[0].times == 0)
        assert (await credit(running)).status_code == 200  # the fault was for one
        assert not waiting.done()
        await admin_call(running, "POST", "/reset")
        async with patience():
            assert (await waiting).status_code == 200


async def test_a_stop_does_not_wait_for_a_hanging_request(tmp_path: Path) -> None:
    running = await started(tmp_path, faults=[{"service": "kie", "kind": "hang", "seconds": 10**6, "times": 1}])
    waiting = asyncio.create_task(credit(running))
    await eventually(lambda: running.context.faults.rules()[0].times == 0)
    async with patience():
        await running.stop()
    with pytest.raises(httpx.TransportError):
        await waiting


# The command line


def test_a_fault_can_be_written_in_one_line() -> None:
    assert attach.parse_fault("kie:stuck") == {"service": "kie", "kind": "stuck"}
    written = attach.parse_fault("gemini:status:status=503,times=2,endpoint=POST *,body=busy")
    assert written["endpoint"] == "POST *"
    assert (written["status"], written["times"], written["body"]) == (503, 2, "busy")
    for wrong in ("kie", "kie:reset:times", "kie:reset:times=two"):
        with pytest.raises(ValueError, match=r"write|number"):
            attach.parse_fault(wrong)


def run_cli(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, list(args))
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("run", "--size", "big"), 64, "1920x1080"),
        (("run", "--latency", "kie"), 64, "SERVICE=SECONDS"),
        (("run", "--fault", "kie"), 64, "SERVICE:KIND"),
        (("run", "--fault", "kie:explode"), 78, "kie knows no fault 'explode'"),
        (("faults",), 69, "videod sandbox run"),
        (("env",), 69, "No sandbox runs"),
    ],
)
def test_a_wrong_command_says_what_to_do(tmp_path: Path, args: tuple[str, ...], code: int, words: str) -> None:
    exit_code, output = run_cli(*args, "--root", str(tmp_path))
    assert exit_code == code
    assert words in output


def test_charges_are_shown_without_a_running_sandbox(tmp_path: Path) -> None:
    assert "0.0000 USD" in run_cli("charges", "--root", str(tmp_path))[1]
    row = {"service": "kie", "kind": "clip", "key": "k", "quantity": 84, "unit": "credits", "usd": 0.42, "at_ms": 1}
    (tmp_path / "charges.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(row)}\n")
    assert "0.8400 USD" in run_cli("charges", "--root", str(tmp_path))[1]
    assert json.loads(run_cli("charges", "--json", "--root", str(tmp_path))[1])["total_usd"] == 0.84


@pytest.mark.live
def test_a_sandbox_in_its_own_process_is_steered_from_the_command_line_and_ends_on_a_signal(tmp_path: Path) -> None:
    code = "from videod.cli.sandbox import app; app(['run', '--root', sys.argv[1], '--fault', 'kie:reset'])"
    command = [sys.executable, "-c", f"import sys; {code}", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ready"):
                break
        root = ("--root", str(tmp_path))
        urls = {line.split()[0]: line.split()[1] for line in lines[:-1]}
        exported = json.loads(run_cli("env", "--json", *root)[1])
        added = run_cli("fault", "add", "slack:no_text:times=1", *root)
        refused = run_cli("fault", "add", "slack:explode", *root)
        cleared = run_cli("fault", "clear", "kie", *root)
        second = run_cli("run", *root)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "Stopped.\n"
        assert ended(process) == 0
    assert exported["VIDEOD_URL_NOTION"] == urls["notion"]
    assert exported["VIDEOD_NOTION_PARENT_PAGE"] == BOARD_PAGE_ID  # else `videod new` would know no board
    assert [line.split()[:2] for line in added[1].splitlines()] == [["kie", "reset"], ["slack", "no_text"]]
    assert (refused[0], "knows no fault 'explode'" in refused[1]) == (64, True)
    assert [line.split()[0] for line in cleared[1].splitlines()] == ["slack"]
    assert (second[0], "another process" in second[1]) == (75, True)
    assert not (tmp_path / "sandbox.json").exists()
