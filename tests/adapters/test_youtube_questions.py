"""Questions to YouTube in a child that ends: what its lines mean, and the real script against the simulated service."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sandbox.running import running
from videod.adapters.process import ProcessLauncher
from videod.adapters.youtube_questions import YouTubeChannel, YouTubeQuestions, YouTubeTrouble
from videod.channels import Channel, ChannelSet
from videod.config import Secrets, Settings
from videod.daemon import settings_checks
from videod.daemon.settings_checks import Now
from videod.ports import Spawn, TokenError
from videod.sandbox import google
from videod.sandbox.kernel import Fault

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


@pytest.mark.live
@pytest.mark.fault("3.1")
async def test_a_right_consent_is_seen_without_a_child_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    async with running(tmp_path / "sandbox", "youtube") as context:

        async def token(channel_id: str) -> str:
            return google.access_token(context, channel_id, google.EVERY_SCOPE, f"sandbox-refresh-{channel_id}")

        launcher = ProcessLauncher(None)
        urls = {"VIDEOD_URL_YOUTUBE": context.urls["youtube"]}
        script = SCRIPTS / "ask_youtube.py"
        no_child = YouTubeQuestions(Launcher(Child([], 70)), token, script, tmp_path / "asking", urls, {})
        ask = YouTubeQuestions(launcher, token, script, tmp_path / "asking", urls, {"PATH": os.environ["PATH"]})
        try:
            await no_child.verify("wild", "UCwild")
            await no_child.verify("wild", "@wild")
            with pytest.raises(YouTubeTrouble, match=r'for the YouTube channel "ocean" \(UCocean\)') as wrong:
                await ask.verify("ocean", "@wild")
            assert (wrong.value.kind, wrong.value.code) == ("configuration", "wrongChannel")
            assert '"wild" (UCwild)' in str(wrong.value)
            context.faults.add(Fault("youtube", "status", status=503))
            with pytest.raises(YouTubeTrouble) as down:
                await ask.verify("wild", "UCwild")
            assert down.value.kind == "down"
        finally:
            launcher.close()


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(
    ("raised", "found", "unknown"),
    [
        (None, [], False),
        (
            YouTubeTrouble("configuration", 'this consent is for "B" (UCb), but the file names "A" (UCa)'),
            ["UCb"],
            False,
        ),
        (YouTubeTrouble("down", "no answer"), [], True),
        (TokenError("not authorized", True), [], True),
    ],
)
async def test_a_wrong_consent_is_found_before_anything_is_paid(
    raised: Exception | None, found: list[str], unknown: bool
) -> None:
    asked: list[tuple[str, str]] = []

    async def verify(channel_id: str, name: str) -> None:
        asked.append((channel_id, name))
        if raised is not None:
            raise raised

    channel = Channel(id="a", name="A", youtube_channel="UCa", voice_id="v", brand="A made-up channel to play with.")
    now = Now(Settings(), ChannelSet({"a": channel}), Secrets({}), {})
    check = settings_checks.whose_consent(verify, lambda: now)
    try:
        findings = list(await check(channel))
    except settings_checks.OutOfReach:
        assert unknown
        return
    assert asked == [("a", "UCa")] and not unknown and len(findings) == len(found)
    for finding, name in zip(findings, found, strict=True):
        assert name in finding.text and "videod channels authorize a" in finding.text
        assert (finding.services, finding.channel_id, finding.stops) == (("youtube",), "a", True)


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(("code", "found"), [("en", 0), ("zh", 0), ("th", 1), ("nb", 1)])
async def test_a_voice_that_cannot_speak_the_language_is_found_before_it_is_paid(code: str, found: int) -> None:
    values = {"id": "a", "name": "A", "youtube_channel": "UCa", "voice_id": "v", "language": code}
    channel = Channel(**values, brand="A made-up channel to play with.")  # type: ignore[arg-type]
    now = Now(Settings(), ChannelSet({"a": channel}), Secrets({}), {})
    findings = list(await settings_checks.spoken(lambda: now)(channel))
    assert len(findings) == found and all("eleven_v3" in one.text and one.stops for one in findings)
