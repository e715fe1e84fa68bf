"""No key follows a redirect, whoever of the daemon asks; a redirect is an answer like another, in words."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from tests.adapters.test_oauth import APPLICATION, grant, oauth_stage
from tests.flow.board_double import BEGIN_MS, Clock
from videod.adapters.credit import ServiceBalances
from videod.adapters.notifiers.slack import Slack
from videod.adapters.notion_calls import Calls
from videod.adapters.oauth import Application
from videod.adapters.youtube_questions import YouTubeQuestions
from videod.core.alerts import Note
from videod.core.services import SERVICES
from videod.ports import BoardError, NoAnswer, TokenError


@dataclass
class Crossing:
    """`home` answers everything with a redirect to `away`; what came to either is kept."""

    status: int = 302
    home: str = ""
    away: str = ""
    asked: list[str] = field(default_factory=list)
    heard: list[dict[str, str]] = field(default_factory=list)

    async def leave(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response(status=self.status, headers={"Location": f"{self.away}{request.path_qs}"})

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append(dict(request.headers))
        return web.json_response({"id": "x", "access_token": "ya29.stolen", "expires_in": 3600, "items": []})


@pytest.fixture(params=[301, 302, 303, 307, 308])
async def crossing(request: pytest.FixtureRequest) -> AsyncIterator[Crossing]:
    made, runners = Crossing(request.param), []
    for handler, name in ((made.leave, "home"), (made.hear, "away")):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        setattr(made, name, f"http://127.0.0.1:{runner.addresses[0][1]}")
        runners.append(runner)
    yield made
    for runner in runners:
        await runner.cleanup()


async def _balance(at: Crossing, _: Path) -> None:
    urls = dict.fromkeys((name for service in SERVICES.values() for name in service.addresses), at.home)
    await ServiceBalances(urls, lambda name: "a-key-of-mine-123").used("elevenlabs")


async def _alert(at: Crossing, _: Path) -> None:
    await Slack(f"{at.home}/services/T0AB12/B0CD34/k7Xz9QpL2mN4").send(Note("hello"))


async def _board(at: Crossing, _: Path) -> None:
    calls = Calls("ntn-of-mine-123456", Clock(BEGIN_MS), at.home)
    try:
        await calls.call("read the entry", lambda api: api.users.me())
    finally:
        await calls.aclose()


async def _token(at: Crossing, folder: Path) -> None:
    async with oauth_stage(folder) as stage:
        stage.application = Application(APPLICATION.client_id, APPLICATION.client_secret, at.home)
        stage.leave(grant())
        await stage.tokens().youtube_token("wild")


async def _glance(at: Crossing, folder: Path) -> None:
    async def token(channel: str) -> str:
        return "ya29.of-mine-123456"

    asked = YouTubeQuestions(None, token, folder / "x", folder, {"VIDEOD_URL_YOUTUBE": at.home}, {})  # type: ignore[arg-type]
    assert not await asked._is_right("ya29.of-mine-123456", "UC1")
    raise NoAnswer("HTTP is no answer")


@pytest.mark.fault("12.14")
@pytest.mark.parametrize("ask", [_balance, _alert, _board, _token, _glance])
async def test_no_key_of_the_daemon_follows_a_redirect(
    crossing: Crossing, tmp_path: Path, ask: Callable[[Crossing, Path], Awaitable[None]]
) -> None:
    with pytest.raises((BoardError, NoAnswer, TokenError), match=r"HTTP|leads elsewhere"):
        await ask(crossing, tmp_path)
    assert crossing.heard == [] and len(crossing.asked) == 1


@pytest.mark.fault("12.14")
async def test_the_board_and_people_hear_of_a_redirect_in_words(crossing: Crossing, tmp_path: Path) -> None:
    for ask in (_alert, _board):
        with pytest.raises(BoardError, match="the answer is a redirect, so videod sends it no key") as failed:
            await ask(crossing, tmp_path)
        assert failed.value.kind == "down"
