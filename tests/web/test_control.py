"""Who may command the daemon: its user and root with the secret, and nobody whom it started, whatever they try."""

import asyncio
import json
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, StudioBox
from tests.harness import control
from videod.adapters import confinement, launch
from videod.adapters.process import ProcessLauncher
from videod.ports import Confinement, Spawn
from videod.store import reads
from videod.web import token
from videod.web.api import build_app, serve

ROOT = Path(__file__).resolve().parents[2]
needs_landlock = pytest.mark.skipif(launch.abi() == 0, reason="this kernel has no Landlock")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

#: every way to a command that a taken-over script was seen to try; prints what came of each as JSON
ATTACK = r"""
import array, json, os, resource, socket, sys
path, secret, kept = sys.argv[1:4]

def connected():
    made = socket.socket(socket.AF_UNIX)
    made.connect(path)
    return made

def ask(channel, extra=""):
    channel.sendall(("POST /api/services/kie/pause HTTP/1.1\r\nHost: videod\r\nContent-Type: application/json\r\n"
                     f"Content-Length: 2\r\nConnection: close\r\n{extra}\r\n" + "{}").encode())
    return int(channel.recv(65536).split()[1])

def by_fork(leave=False):
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            if leave:
                os.setsid()
            made = connected()
            theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [made.fileno()]))])
        finally:
            os._exit(0)
    theirs.close()
    _, found, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    os.waitpid(child, 0)
    handle = array.array("i")
    handle.frombytes(found[0][2][:4])
    return ask(socket.socket(fileno=handle[0]))

def unmarked():
    resource.setrlimit(resource.RLIMIT_RSS, (1, 1))
    return ask(connected())

def with_the_secret():
    return ask(connected(), f"X-Videod-Token: {open(secret).read().strip()}\r\n")

def by_another_way():
    os.symlink(os.path.dirname(secret), "state")
    return ask(connected(), f"X-Videod-Token: {open('state/control.token').read().strip()}\r\n")

acts = {"plain": lambda: ask(connected()), "empty": lambda: ask(connected(), "X-Videod-Token: \r\n"),
        "forked": by_fork, "left": lambda: by_fork(True), "secret": with_the_secret, "link": by_another_way,
        "guessed": lambda: ask(connected(), "X-Videod-Token: " + "0" * 64 + "\r\n"), "unmarked": unmarked}
found = {}
for name, act in acts.items():
    try:
        found[name] = act()
    except (OSError, IndexError, ValueError) as error:
        found[name] = type(error).__name__
print(json.dumps(found))
"""


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[StudioBox]:
    """A studio whose daemon answers at its socket."""
    made = StudioBox(tmp_path / "state", at=NOON - 2 * HOUR)
    listening = await serve(build_app(made.ledger, made.store, made.clock, str), made.state / "videod.sock", None)
    yield made
    await listening.close()
    made.close()


async def paused(box: StudioBox) -> list[str]:
    at = box.clock.now_ms()
    return [one.service for one in await box.store.read(lambda connection: reads.suspensions(connection, at))]


@needs_landlock
@pytest.mark.fault("12.3")
@pytest.mark.parametrize("confined", [Confinement(network=False), Confinement(trusted=True)], ids=["ours", "own"])
async def test_no_script_commands_the_daemon_whatever_it_passes_on_or_hides(
    box: StudioBox, confined: Confinement
) -> None:
    workspace = box.state / "workspaces" / "wild_earth" / "one"
    workspace.mkdir(parents=True)
    launcher = ProcessLauncher(confinement.host_paths(box.state, ROOT / "scripts", {}))
    argv = (sys.executable, "-c", ATTACK, str(box.state / "videod.sock"), str(box.state / token.FILE), "")
    child = await launcher.start(Spawn(argv, {"PATH": os.environ["PATH"]}, workspace, "t", confinement=confined))
    lines = [line async for line in child.lines()]
    await child.wait()
    launcher.close()
    assert lines, child.stderr_tail()
    found = json.loads(lines[0])
    assert found["secret"] == found["link"] == "PermissionError", found
    # a kernel's wall may stop it before it has a socket
    assert all(came == 403 or str(came).endswith("Error") for came in found.values()), found
    assert await paused(box) == []


async def _asked(channel: socket.socket, box: StudioBox) -> tuple[int, dict[str, str]]:
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    writer.write(
        f"POST /api/services/kie/pause HTTP/1.1\r\nHost: videod\r\nContent-Length: 0\r\nConnection: close\r\n"
        f"{token.HEADER}: {token.read(box.state)}\r\n\r\n".encode()
    )
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), json.loads(body)


@pytest.mark.fault("12.3")
async def test_a_connection_of_a_process_that_is_gone_is_answered_by_nobody(box: StudioBox) -> None:
    ours, theirs = socket.socketpair()
    connect = (
        "import socket, sys; made = socket.socket(socket.AF_UNIX); made.connect(sys.argv[1]);"
        "socket.send_fds(socket.socket(fileno=int(sys.argv[2])), [b'x'], [made.fileno()])"
    )
    argv = (sys.executable, "-c", connect, str(box.state / "videod.sock"), str(theirs.fileno()))
    child = await asyncio.create_subprocess_exec(*argv, pass_fds=[theirs.fileno()])
    assert await child.wait() == 0
    _, (passed,), _, _ = socket.recv_fds(ours, 1, 1)
    status, body = await _asked(socket.socket(fileno=passed), box)
    ours.close()
    theirs.close()
    assert (status, await paused(box)) == (403, [])
    assert "cannot tell who asks" in body["message"]


@needs_root
@pytest.mark.fault("12.6")
async def test_another_user_is_refused_with_the_secret_and_an_open_door(box: StudioBox) -> None:
    for folder in (box.state, *box.state.parents):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    (box.state / "videod.sock").chmod(0o666)
    ask = (
        "import http.client, os, socket, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "c = http.client.HTTPConnection('videod'); c.sock = socket.socket(socket.AF_UNIX); c.sock.connect(sys.argv[1]);"
        "c.request('POST', '/api/services/kie/pause', headers={'X-Videod-Token': sys.argv[2]}); a = c.getresponse();"
        "print(a.status, a.read().decode())"
    )
    argv = (sys.executable, "-c", ask, str(box.state / "videod.sock"), token.read(box.state))
    child = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    said = (await child.communicate())[0].decode()
    assert said.startswith("403 "), said
    assert "videod runs as root" in said
    assert "sudo -u root videod" in said
    assert await paused(box) == []


@pytest.mark.parametrize("given", ["", "x", "0" * 64, "ä" * 64])
async def test_reading_and_changing_need_the_secret(box: StudioBox, given: str) -> None:
    async with control.session(box.state) as session:
        for method, path in (("GET", "/api/status"), ("GET", "/metrics"), ("POST", "/api/services/kie/pause")):
            async with session.request(method, f"http://videod{path}", headers={token.HEADER: given}) as answer:
                assert answer.status == 403
                assert "control.token" in (await answer.json())["hint"]
        async with session.get("http://videod/api/status") as answer:
            assert answer.status == 200
    assert await paused(box) == []


async def test_the_secret_is_for_its_owner_alone_new_at_each_start_and_gone_with_the_daemon(tmp_path: Path) -> None:
    box = StudioBox(tmp_path / "state")
    seen = set()
    for _ in range(2):
        listening = await serve(build_app(box.ledger, box.store, box.clock, str), box.state / "videod.sock", None)
        file = box.state / token.FILE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        seen.add(token.read(box.state))
        await listening.close()
        assert not file.exists()
    assert len(seen) == 2
    assert all(len(one) == 64 for one in seen)
    box.close()


async def test_a_link_in_the_place_of_the_secret_is_replaced_not_followed(tmp_path: Path) -> None:
    box = StudioBox(tmp_path / "state")
    precious = tmp_path / "precious"
    precious.write_text("precious")
    for name in (token.FILE, f".{token.FILE}.part"):
        (box.state / name).symlink_to(precious)
    listening = await serve(build_app(box.ledger, box.store, box.clock, str), box.state / "videod.sock", None)
    assert not (box.state / token.FILE).is_symlink()
    await listening.close()
    assert precious.read_text() == "precious"
    box.close()
