"""The simulated Google: a client and a quota for each project, and consents that end while it is in Testing."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.running import Clock, running
from videod.sandbox import google
from videod.sandbox.kernel import Context
from videod.sandbox.youtube import errors
from videod.sandbox.youtube.library import UPLOADS_PER_DAY, Library

WEEK_MS = 7 * 86_400_000


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[tuple[Context, Clock]]:
    clock = Clock()
    async with running(tmp_path, "google", clock=clock) as context:
        yield context, clock


def client(project: str) -> dict[str, str]:
    suffix = f"-{project}" if project else ""
    return {"client_id": google.CLIENT_ID + suffix, "client_secret": google.CLIENT_SECRET + suffix}


async def refreshed(context: Context, token: str, project: str) -> httpx.Response:
    form = client(project) | {"grant_type": "refresh_token", "refresh_token": token}
    async with httpx.AsyncClient(timeout=None) as http:
        return await http.post(f"{context.urls['google']}/token", data=form)


async def consented(context: Context, project: str) -> dict[str, object]:
    target = "http://127.0.0.1:9/"
    asked = {"client_id": client(project)["client_id"], "redirect_uri": target, "response_type": "code",
             "scope": google.EVERY_SCOPE, "access_type": "offline", "login_hint": "wild"}  # fmt: skip
    async with httpx.AsyncClient(timeout=None) as http:
        page = await http.get(f"{context.urls['google']}/o/oauth2/v2/auth", params=asked)
        code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
        form = client(project) | {"grant_type": "authorization_code", "code": code, "redirect_uri": target}
        answer: dict[str, object] = (await http.post(f"{context.urls['google']}/token", data=form)).json()
    return answer


async def test_a_consent_works_with_the_client_of_its_project_alone(at: tuple[Context, Clock]) -> None:
    context, _ = at
    token = str((await consented(context, "wild"))["refresh_token"])
    assert (await refreshed(context, token, "wild")).status_code == 200
    refused = await refreshed(context, token, "")
    assert (refused.status_code, refused.json()["error"]) == (401, "unauthorized_client")
    assert (await refreshed(context, "sandbox-refresh-wild@deep", "deep")).status_code == 200
    assert (await refreshed(context, "sandbox-refresh-wild@deep", "wild")).json()["error"] == "unauthorized_client"
    form = client("wild") | {"client_secret": google.CLIENT_SECRET}
    async with httpx.AsyncClient(timeout=None) as http:
        assert (await http.post(f"{context.urls['google']}/token", data=form)).json()["error"] == "invalid_client"


async def test_a_consent_to_a_project_in_testing_ends_after_seven_days(at: tuple[Context, Clock]) -> None:
    context, clock = at
    context.switches["google"]("projects/wild", {"testing": True})
    given = await consented(context, "wild")
    assert given["refresh_token_expires_in"] == 604_799
    assert "refresh_token_expires_in" not in await consented(context, "deep")
    token = str(given["refresh_token"])
    clock.now_s += WEEK_MS / 1000 - 60
    assert (await refreshed(context, token, "wild")).status_code == 200
    clock.now_s += 120
    assert (await refreshed(context, token, "wild")).json()["error"] == "invalid_grant"
    with pytest.raises(ValueError, match="projects/NAME"):
        context.switches["google"]("projects", {})


async def test_the_quota_of_one_project_is_not_that_of_another(at: tuple[Context, Clock]) -> None:
    library = Library(at[0])
    for _ in range(UPLOADS_PER_DAY):
        library.spend("uploads", 1, "x", "wild")
    with pytest.raises(errors.Denied):
        library.spend("uploads", 1, "x", "wild")
    library.spend("uploads", 1, "x")
