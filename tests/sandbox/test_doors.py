"""What the sandbox's addresses refuse: another page's changes, another host's name, whoever was not told the key."""

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.harness.patience import PATIENCE_S
from videod.adapters import confinement
from videod.sandbox import host
from videod.sandbox.kernel import Options

SERVICES = ("notion", "kie", "kie_upload", "gemini", "elevenlabs", "youtube", "google", "catbox", "slack", "page")
FAULT = {"service": "kie", "kind": "status", "status": 503}
CHANGES = [("POST", "/faults", FAULT), ("DELETE", "/faults", None), ("POST", "/latency", {"kie": 9}),
           ("POST", "/reset", None), ("DELETE", "/load", None),
           ("PUT", "/set/youtube/processing", {"seconds": 5})]  # fmt: skip


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[host.Host]:
    async with await host.start(tmp_path, Options(), services=SERVICES) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        yield client


def state_of(sandbox: host.Host) -> object:
    return sandbox.context.faults.rules(), dict(sandbox.context.options.latency_s)


@pytest.mark.fault("12.20")
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize(
    "head",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"},
     {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
async def test_no_page_elsewhere_changes_the_sandbox_though_it_knew_the_key(
    sandbox: host.Host, http: httpx.AsyncClient, method: str, path: str, body: object, head: dict[str, str]
) -> None:
    before = state_of(sandbox)
    content = None if body is None else json.dumps(body)
    headers = {"Content-Type": "application/json", **head}
    answer = await http.request(method, sandbox.admin_url + path, content=content, headers=headers)
    assert answer.status_code == 403
    assert state_of(sandbox) == before


@pytest.mark.fault("12.20")
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_what_a_page_may_send_without_asking_is_no_order(
    sandbox: host.Host, http: httpx.AsyncClient, kind: str
) -> None:
    before = state_of(sandbox)
    headers = {"Content-Type": kind} if kind else {}
    for method, path, _ in CHANGES:
        content = json.dumps(FAULT)
        answer = await http.request(method, sandbox.admin_url + path, content=content, headers=headers)
        assert answer.status_code == 415, path
    entry = f"{sandbox.urls['page']}/api/pages/x"
    assert (await http.post(entry, content='{"redo": true}', headers=headers)).status_code == 415
    assert state_of(sandbox) == before


@pytest.mark.fault("12.20")
async def test_the_admin_address_and_the_page_need_their_key(sandbox: host.Host, http: httpx.AsyncClient) -> None:
    for url, path in ((sandbox.admin_url, "/health"), (sandbox.urls["page"], "/api/board")):
        assert (await http.get(url + path)).status_code == 200
        bare, _, key = url.rpartition("/")
        for wrong in (
            bare,
            f"{bare}/",
            f"{bare}/{key[:-1]}",
            f"{bare}/{key}x",
            f"{bare}/{key.swapcase()}",
            f"{bare}//{key}",
        ):
            assert (await http.get(wrong + path)).status_code == 404, wrong
        assert (await http.post(f"{bare}/reset")).status_code in (404, 405)
    keys = sandbox.context.root / "keys.json"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert len(set(json.loads(keys.read_text()).values())) == 2


@pytest.mark.fault("12.20")
async def test_no_address_answers_in_another_hosts_name(sandbox: host.Host, http: httpx.AsyncClient) -> None:
    for name, url in (*sandbox.urls.items(), ("admin", sandbox.admin_url)):
        for rebound in ("evil.example", f"evil.example:{httpx.URL(url).port}", "127.0.0.1.nip.io", ""):
            for method in ("GET", "POST", "OPTIONS"):
                answer = await http.request(method, f"{url}/", headers={"Host": rebound})
                assert answer.status_code in (400, 403), (name, rebound, method)
        for own in ("localhost", f"localhost:{httpx.URL(url).port}", "LocalHost:1"):
            assert (await http.get(f"{url}/", headers={"Host": own})).status_code not in (400, 403, 500), name


@pytest.mark.fault("12.20")
@pytest.mark.parametrize("charset", ["x", "utf-16", "utf-8", "rot13", "a\tb", "idna", '"'])
async def test_no_charset_is_a_bug(sandbox: host.Host, http: httpx.AsyncClient, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}", "Authorization": "Bearer sandbox-kie-key"}
    for url in (f"{sandbox.admin_url}/latency", f"{sandbox.urls['kie']}/api/v1/jobs/createTask",
                f"{sandbox.urls['notion']}/v1/search", f"{sandbox.urls['slack']}/services/T/B/X",
                f"{sandbox.urls['google']}/token", f"{sandbox.urls['kie_upload']}/api/file-url-upload",
                f"{sandbox.urls['page']}/api/pages/x"):  # fmt: skip
        answer = await http.post(url, content=b'{"kie": 0}', headers=headers)
        assert answer.status_code != 500 and answer.status_code < 502, (url, answer.text)


@pytest.mark.parametrize(
    "body",
    [b'{"kie": "\\ud800"}', b'{"\\udfff": 1}', b"[" * 50_000, b"{", b"\xff", b'{"kie": 1e999}', b'{"kie": NaN}',
     b'{"kie": 1e12}', b"null", b"[1]"],
)  # fmt: skip
async def test_odd_json_is_refused_with_a_sentence(sandbox: host.Host, http: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/latency", "/faults"):
        answer = await http.post(sandbox.admin_url + path, content=body, headers=headers)
        assert answer.status_code == 400, answer.text
        assert answer.text
    switch = f"{sandbox.admin_url}/set/youtube/processing"
    assert (await http.put(switch, content=body, headers=headers)).status_code in (200, 400)
    assert (await http.get(f"{sandbox.admin_url}/requests?last=-5")).json() == {"requests": []}


async def test_the_page_works_behind_its_key_with_addresses_of_its_own(
    sandbox: host.Host, http: httpx.AsyncClient
) -> None:
    moved = await http.get(sandbox.urls["page"])
    assert (moved.status_code, moved.headers["Location"]) == (302, httpx.URL(sandbox.urls["page"]).path + "/")
    for view in ("/", "/videos", "/ledger"):
        shell = await http.get(sandbox.urls["page"] + view)
        assert shell.headers["Referrer-Policy"] == "no-referrer"
        assert '"/' not in shell.text.replace('"./"', "")
    assert "`/" not in (await http.get(f"{sandbox.urls['page']}/static/app.js")).text


async def test_the_keys_are_the_same_after_a_restart(tmp_path: Path) -> None:
    async with await host.start(tmp_path, Options(), services=("page",)) as first:
        before = (first.admin_url, first.urls["page"])
    async with await host.start(tmp_path, Options(), services=("page",)) as again:
        assert (again.admin_url, again.urls["page"]) == before
    (tmp_path / "keys.json").write_text('{"admin": 5, "page": "short"}')
    async with await host.start(tmp_path, Options(), services=("page",)) as renewed:
        assert not {renewed.admin_url, renewed.urls["page"]} & set(before)


@pytest.mark.fault("12.20")
@pytest.mark.parametrize("place", ["daemon", "sandbox/daemon"])
def test_no_script_of_a_rehearsal_reads_the_keys_of_the_sandbox(tmp_path: Path, place: str) -> None:
    root = tmp_path / "sandbox"
    closed = confinement.host_paths(tmp_path / place, tmp_path / "scripts", {}).closed
    assert {str(root / name) for name in ("keys.json", "sandbox.json", "master.key")} <= set(closed)
