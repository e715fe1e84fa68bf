"""The simulated services against the services' own JavaScript clients, one small program a client.

They need node and the packages of `clients/package-lock.json`, which `.ci/npm` installs outside of the tree; without
them the tests are skipped and say what is missing.
"""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tests.harness.patience import run
from tests.sandbox.running import Clock, running
from videod.sandbox import notion, s3
from videod.sandbox.elevenlabs import counter
from videod.sandbox.gemini import KEY
from videod.sandbox.gemini.models import LIVE
from videod.sandbox.kernel import Options

ROOT = Path(__file__).parents[2]
CLIENTS = Path(__file__).with_name("clients")
#: the oldest that all of the packages run on
NODE = 20

pytestmark = [pytest.mark.live, pytest.mark.fault("11.1")]


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder of the installed packages."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: run .ci/npm as root, or apt-get install nodejs npm and then .ci/npm")
    version = run([node, "--version"]).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE:
        pytest.skip(f"node {version} is too old for the clients, which need {NODE}")
    place = Path(run(["sh", ROOT / ".ci" / "npm", "--where"]).stdout.strip())
    if not (place / ".complete").exists():
        pytest.skip(f"the npm packages are not in {place}: run .ci/npm")
    return place / "node_modules"


async def passes(modules: Path, program: str, **env: str) -> None:
    asked = {"PATH": os.environ["PATH"], "NODE_PATH": str(modules), "NO_COLOR": "1", **env}
    done = await asyncio.to_thread(run, ["node", CLIENTS / f"{program}.cjs"], env=asked)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr[-3000:]


async def test_the_elevenlabs_client_parses_subscription_user_voices_and_speech(modules: Path, tmp_path: Path) -> None:
    async with running(tmp_path, "elevenlabs", options=Options(plain=True)) as context:
        await passes(modules, "elevenlabs", BASE=context.urls["elevenlabs"], KEY=counter.KEY)


async def test_the_slack_webhook_client_is_refused_invalid_blocks(modules: Path, tmp_path: Path) -> None:
    clock = Clock()

    def calm() -> float:
        """Ten seconds between any two looks at the clock: nobody is in haste."""
        clock.now_s += 10
        return clock.now_s

    async with running(tmp_path, "slack", clock=calm) as context:
        await passes(modules, "slack", BASE=context.urls["slack"])


async def test_the_gemini_client_draws_writes_and_reads_googles_errors(modules: Path, tmp_path: Path) -> None:
    text = next(name for name, model in LIVE.items() if not model.draws)
    image = next(name for name, model in LIVE.items() if model.draws)
    async with running(tmp_path, "gemini", options=Options(plain=True)) as context:
        await passes(modules, "genai", BASE=context.urls["gemini"], KEY=KEY, TEXT_MODEL=text, IMAGE_MODEL=image)


async def test_the_s3_client_is_refused_with_a_wrong_secret(modules: Path) -> None:
    storage = await s3.start()
    try:
        keys = {"BUCKET": s3.BUCKET, "KEY_ID": s3.ACCESS_KEY_ID, "SECRET": s3.SECRET_ACCESS_KEY}
        await passes(modules, "s3", BASE=storage.url, **keys)
    finally:
        await storage.stop()


async def test_the_notion_client_searches_lists_users_uses_views_and_speaks_the_older_version(
    modules: Path, tmp_path: Path
) -> None:
    async with running(tmp_path, "notion") as context:
        keys = {"TOKEN": notion.BOT_TOKEN, "PAGE": notion.BOARD_PAGE_ID}
        await passes(modules, "notion", BASE=context.urls["notion"], **keys)
