"""Running videod against the simulated services: start them, point the environment at them, make the board and the
grants.

Only addresses and credentials change; from here on the daemon is the real one.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from videod.cli.children import Children
from videod.core.sanitize import sanitize_screen
from videod.files import private_folder

#: how long the simulated services may take to answer after their start, seconds
START_S = 180.0
#: well known, as all keys of the simulated services
WEBHOOK_TOKEN = "secret_sandbox_webhook"  # noqa: S105


class RehearsalError(Exception):
    """The simulated services could not be started; the text says where their log is."""


def attach_or_start(
    root: Path, arguments: Sequence[str] = (), children: Children | None = None
) -> tuple[dict[str, object], "subprocess.Popen[bytes] | None"]:
    """What the sandbox in `root` says of itself, and its process when it was started here.

    The simulated services live in a process of their own, so that the daemon may die and come back while the board, the
    accounts and the jobs under way stay. `children` end it, else whoever gets it does; it never outlives this process.
    Raises RehearsalError.
    """
    from videod.sandbox.attach import attach

    found = attach(root)
    if found is not None:
        return found, None
    private_folder(root)
    log = root / "sandbox.log"
    argv = [sys.executable, "-m", "videod", "sandbox", "run", "--root", str(root), *arguments]
    process = (children or Children()).start(argv, log)
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        found = attach(root)
        if found is not None:
            return found, process
        time.sleep(0.05)
    raise RehearsalError(f"The simulated services did not start: {last_words(log)} Full log: {log}")


def last_words(log: Path) -> str:
    """The last line that a program wrote to its log, as a sentence."""
    lines = [line.strip() for line in log.read_text(errors="replace")[-4000:].splitlines() if line.strip()]
    said = sanitize_screen(lines[-1])[:400] if lines else "it said nothing"
    return said if said.endswith(".") else f"{said}."


def _master_key(root: Path) -> str:
    from cryptography.fernet import Fernet

    path = root / "master.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(Fernet.generate_key().decode())
    return path.read_text().strip()


def environment(
    root: Path, found: Mapping[str, object], state: Path, board: str = "notion"
) -> dict[str, str]:  # fmt: skip
    """The variables over the present environment with which videod works on the simulated services.

    `board`: the kind of board; without Notion there is no token for it.
    """
    from videod.sandbox.notion import BOARD_PAGE_ID

    given = found["environment"]
    assert isinstance(given, dict)
    given = given if board == "notion" else {name: value for name, value in given.items() if name != "NOTION_TOKEN"}
    return dict(os.environ) | given | {
        "VIDEOD_BOARD_KIND": board,
        "VIDEOD_MASTER_KEY": _master_key(root),
        "VIDEOD_PATHS_STATE": str(state.resolve()),
        "VIDEOD_NOTION_PARENT_PAGE": BOARD_PAGE_ID,
        # the simulated service tells every story in the same words: in a rehearsal only the same plan or film counts
        "VIDEOD_LIMITS_ALIKE": os.environ.get("VIDEOD_LIMITS_ALIKE", "0"),
        "VIDEOD_DAEMON_POLL_INTERVAL_S": os.environ.get("VIDEOD_DAEMON_POLL_INTERVAL_S", "2"),
    }  # fmt: skip


def clients(projects: Iterable[str]) -> dict[str, str]:
    """The simulated OAuth clients of named Google projects, by variable."""
    from videod.core.services.youtube import client_secrets
    from videod.sandbox.attach import CREDENTIALS

    usual = CREDENTIALS["google"]
    pairs = [(name, usual[client_secrets("")[at]], one) for one in projects if one
             for at, name in enumerate(client_secrets(one))]  # fmt: skip
    return {name: f"{value}-{project}" for name, value, project in pairs}


def called_back(found: Mapping[str, object], port: int) -> dict[str, str]:
    """The simulated Notion calls videod at this port from now on; the variables with which videod believes it.

    Where the person has a token of their own, they have made their own subscription. Raises OSError or ValueError.
    """
    from videod.core import webhook
    from videod.sandbox.attach import call

    if os.environ.get(webhook.SECRET):
        return {}
    body = {"url": f"http://127.0.0.1:{port}{webhook.PATH}", "token": WEBHOOK_TOKEN}
    call(f"{found['admin']}/set/notion/webhook", "PUT", body)
    return {webhook.SECRET: WEBHOOK_TOKEN}


def prepare(
    env: Mapping[str, str], channels: Sequence[str], state: Path, projects: Mapping[str, str] | None = None
) -> None:  # fmt: skip
    """Make the board and give every channel the consent that its owner would give in the browser. Repeatable.

    `projects`: channel -> its Google project, where it names one.
    """
    from videod.adapters import oauth

    if env["VIDEOD_BOARD_KIND"] == "notion":
        asyncio.run(_make_board(env, channels))
    folder = state / "tokens"
    private_folder(folder)
    for channel in channels:
        path = folder / f"{channel}.token"
        if not path.exists():
            project = (projects or {}).get(channel, "")
            token = f"sandbox-refresh-{channel}@{project}" if project else f"sandbox-refresh-{channel}"
            grant = oauth.Grant(channel, oauth.KIND, token, (), "2026-01-01T00:00:00Z")
            path.touch(mode=0o600)
            path.write_text(oauth.seal(grant, oauth.vault(env["VIDEOD_MASTER_KEY"])))


async def _make_board(env: Mapping[str, str], channels: Sequence[str]) -> None:
    from videod.adapters import notion_schema
    from videod.adapters.clock import SystemClock
    from videod.adapters.notion_calls import Calls

    calls = Calls(env["NOTION_TOKEN"], SystemClock(), env["VIDEOD_URL_NOTION"])
    try:
        await notion_schema.init(calls, env["VIDEOD_NOTION_PARENT_PAGE"], channels)
    finally:
        await calls.aclose()
