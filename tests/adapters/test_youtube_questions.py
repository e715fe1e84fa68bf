"""Questions to YouTube in a child that ends: what its lines mean, and the real script against the stand-in."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sandbox.running import running
from videod.adapters.process import ProcessLauncher
from videod.adapters.youtube_questions import YouTubeChannel, YouTubeQuestions, YouTubeTrouble
from videod.ports import Spawn
from videod.sandbox import google

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@dataclass
class Child:
    said: list[str]
    code: int = 0
    pid: int = 1
    ended: list[str] = field(default_factory=list)

    async def lines(self) -> AsyncIterator[str]:
        for line in self.said:
            yield line

    async def wait(self) -> int:
        self.ended.append("waited")
        return self.code

    async def kill(self, grace_s: float) -> None:
        self.ended.append("killed")

    def stderr_tail(self) -> str:
        return "bang\n"


@dataclass
class Launcher:
    child: Child
    spawned: list[Spawn] = field(default_factory=list)

    async def start(self, spawn: Spawn) -> Child:
        self.spawned.append(spawn)
        return self.child


async def _token(channel_id: str) -> str:
    return f"token of {channel_id}"


def questions(folder: Path, child: Child) -> tuple[YouTubeQuestions, Launcher]:
    launcher = Launcher(child)
    script = SCRIPTS / "ask_youtube.py"
    return YouTubeQuestions(
        launcher, _token, script, folder / "asking", {"VIDEOD_URL_YOUTUBE": "http://x"}, {}
    ), launcher


async def test_the_child_gets_the_token_in_its_environment_and_ends(tmp_path: Path) -> None:
    child = Child(["some text", '{"channels": [{"id": "UC1", "title": "One", "handle": "@one"}]}'])
    ask, launcher = questions(tmp_path, child)
    assert await ask.channels_mine("wild") == (YouTubeChannel("UC1", "One", "@one"),)
    spawn = launcher.spawned[0]
    assert spawn.env["YOUTUBE_ACCESS_TOKEN"] == "token of wild" and "token of wild" not in " ".join(spawn.argv)
    assert spawn.argv[-1] == "--mine" and child.ended == ["waited", "killed"]
    assert spawn.confinement is not None and spawn.confinement.network


async def test_the_state_of_videos_comes_back_by_their_ids(tmp_path: Path) -> None:
    ask, launcher = questions(tmp_path, Child(['{"videos": {"v1": {"id": "v1"}, "v2": 3}}']))
    assert await ask.video_status("wild", ["v1", "v2", "v3"]) == {"v1": {"id": "v1"}}
    assert launcher.spawned[0].argv[-1] == "--videos=v1,v2,v3"
    assert await ask.video_status("wild", []) == {} and len(launcher.spawned) == 1


@pytest.mark.parametrize(
    ("said", "code", "kind"),
    [
        (['{"type": "failure", "kind": "quota", "message": "used up", "code": "quotaExceeded"}'], 75, "quota"),
        ([], 70, "down"),
        (['{"videos": []}'], 0, "nonsense"),
        (['{"channels": []}'], 70, "down"),
        (["x" * 50, "NaN", "[1]", "{"], 0, "down"),
    ],
)
async def test_what_is_no_answer_is_trouble_of_a_kind(tmp_path: Path, said: list[str], code: int, kind: str) -> None:
    ask, _ = questions(tmp_path, Child(said, code))
    with pytest.raises(YouTubeTrouble) as trouble:
        await ask.video_status("wild", ["v1"])
    assert trouble.value.kind == kind


@pytest.mark.live
async def test_the_real_script_answers_about_the_stand_in_and_leaves_nothing(tmp_path: Path) -> None:
    async with running(tmp_path / "sandbox", "youtube") as context:

        async def token(channel_id: str) -> str:
            return google.access_token(context, channel_id, google.EVERY_SCOPE, "sandbox-refresh-wild")

        launcher = ProcessLauncher(None)
        urls = {"VIDEOD_URL_YOUTUBE": context.urls["youtube"]}
        ask = YouTubeQuestions(
            launcher, token, SCRIPTS / "ask_youtube.py", tmp_path / "asking", urls, {"PATH": os.environ["PATH"]}
        )
        try:
            assert await ask.channels_mine("wild") == (YouTubeChannel("UCwild", "wild", "@wild"),)
            assert await ask.channel_named("wild", "@nobody") is None
            assert await ask.video_status("wild", ["nothing"]) == {}
        finally:
            launcher.close()
