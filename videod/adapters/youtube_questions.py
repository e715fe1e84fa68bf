"""What YouTube says of a channel and of videos: asked by `scripts/ask_youtube.py`, a child process that ends.

Google's client would stay in the daemon with 30 MB. Each question costs a unit of the project's 10,000 a day, whatever
number of videos it names (up to 50).
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from videod.core import bounds
from videod.ports import Child, Confinement, Launcher, Spawn

#: a child has so long; its requests have deadlines of their own, seconds
ANSWER_S = 180.0
KILL_S = 2.0
#: of the daemon's environment goes along what leads to the network
PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "all_proxy", "no_proxy",
)  # fmt: skip

DEFAULT_URL = "https://www.googleapis.com"
#: the short answer: seconds and bytes
GLANCE_S, GLANCE_BYTES = 8.0, 256 * 1024

Json = Mapping[str, object]


@dataclass(frozen=True)
class YouTubeChannel:
    """A channel as YouTube names it. `handle` begins with @, or is empty."""

    id: str
    title: str
    handle: str = ""

    def __str__(self) -> str:
        return f'"{self.title}" ({self.id})' if self.title else self.id


class YouTubeTrouble(Exception):
    """YouTube gave no answer. `kind` as in `core.failures.Kind`, such as "down", "quota" or "credentials"."""

    def __init__(self, kind: str, message: str, code: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


class YouTubeQuestions:
    """`token` gives a fresh access token of one of our channels; `folder` is an empty one that the child may use.

    All methods raise YouTubeTrouble, and what `token` raises.
    """

    def __init__(
        self, launcher: Launcher, token: Callable[[str], Awaitable[str]], script: Path, folder: Path,
        urls: Mapping[str, str], environ: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._launcher = launcher
        self._token = token
        self._script = script
        self._folder = folder
        self._env = {name: environ[name] for name in PASSED_ON if name in environ} | dict(urls)

    async def channels_mine(self, channel_id: str) -> tuple[YouTubeChannel, ...]:
        """The YouTube channels that our channel's consent stands for: one as a rule, perhaps none."""
        return _channels(await self._ask(channel_id, "--mine"))

    async def verify(self, channel_id: str, name: str) -> None:
        """Raises YouTubeTrouble, of kind "configuration" with both names where the consent is for another channel.

        What is right is seen from one short answer; only what is not needs the child.
        """
        if not await self._is_right(await self._token(channel_id), name):
            await self._ask(channel_id, f"--verify={name}")

    async def _is_right(self, token: str, name: str) -> bool:
        url = f"{self._env.get('VIDEOD_URL_YOUTUBE') or DEFAULT_URL}/youtube/v3/channels"
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        asked = {"part": "snippet", "mine": "true"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=GLANCE_S)) as session,
                session.get(url, params=asked, headers=headers, allow_redirects=False) as response,
            ):
                body = bytearray()
                async for part in response.content.iter_chunked(1 << 16):
                    body += part
                    if len(body) > GLANCE_BYTES:
                        return False
                listed = bounds.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False
        items = listed.get("items") if response.status == 200 and isinstance(listed, dict) else None
        if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
            return False
        snippet = items[0].get("snippet")
        handle = snippet.get("customUrl") if isinstance(snippet, dict) else None
        return name == items[0].get("id") or (isinstance(handle, str) and name == handle.casefold())

    async def channel_named(self, channel_id: str, name: str) -> YouTubeChannel | None:
        """The YouTube channel of an id, @handle or user/name; None: there is none."""
        return next(iter(_channels(await self._ask(channel_id, f"--named={name}"))), None)

    async def video_status(self, channel_id: str, video_ids: Sequence[str]) -> dict[str, Json]:
        """Video id -> its resource (status, processingDetails, contentDetails, snippet); missing: not listed."""
        if not video_ids:
            return {}
        found = (await self._ask(channel_id, f"--videos={','.join(video_ids)}")).get("videos")
        if not isinstance(found, dict):
            raise YouTubeTrouble("nonsense", "the answer names no videos")
        return {name: video for name, video in found.items() if isinstance(video, dict)}

    async def _ask(self, channel_id: str, question: str) -> Json:
        token = await self._token(channel_id)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        spawn = Spawn(
            (sys.executable, str(self._script), "--events", question),
            self._env | {"YOUTUBE_ACCESS_TOKEN": token, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            self._folder, f"ask_youtube {channel_id}", nice=5, confinement=Confinement(reads=(self._script,)),
        )  # fmt: skip
        try:
            child = await self._launcher.start(spawn)
        except OSError as error:
            raise YouTubeTrouble("configuration", f"{self._script.name} cannot be run: {error}") from None
        try:
            async with asyncio.timeout(ANSWER_S):
                return await _answer(child)
        except TimeoutError:
            raise YouTubeTrouble("down", f"YouTube did not answer within {ANSWER_S:.0f} s") from None
        finally:
            await child.kill(KILL_S)


async def _answer(child: Child) -> Json:
    found: Json | None = None
    refused: Json | None = None
    async for line in child.lines():
        try:
            told = bounds.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            refused = told if told.get("type") == "failure" else refused
            found = told if "channels" in told or "videos" in told else found
    code = await child.wait()
    if code == 0 and found is not None:
        return found
    if refused is not None:
        kind, message = str(refused.get("kind") or "down"), str(refused.get("message") or "no reason given")
        raise YouTubeTrouble(kind, message, str(refused.get("code") or ""))
    said = " ".join(child.stderr_tail().split())[-200:]
    raise YouTubeTrouble("down", f"asking YouTube ended with code {code}: {said or 'it said nothing'}")


def _channels(answer: Json) -> tuple[YouTubeChannel, ...]:
    listed = answer.get("channels")
    if not isinstance(listed, list):
        raise YouTubeTrouble("nonsense", "the answer names no channels")
    rows = [row for row in listed if isinstance(row, dict)]
    return tuple(YouTubeChannel(str(row.get("id")), str(row.get("title")), str(row.get("handle"))) for row in rows)
