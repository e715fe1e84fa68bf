"""The Google simulated OAuth: consent, code exchange, refresh and revocation, also with Google's own libraries."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import google.auth.exceptions
import google.auth.transport.requests
import httpx
import pytest
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow

from tests.harness.patience import PATIENCE_S
from tests.sandbox.running import Clock, running
from videod.sandbox import google as stand_in
from videod.sandbox.kernel import Context, Fault

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}
SCOPE = "https://www.googleapis.com/auth/youtube.upload"
LOOPBACK = "http://127.0.0.1:8765/"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def context(tmp_path: Path, clock: Clock) -> AsyncIterator[Context]:
    async with running(tmp_path, "google", clock=clock) as started:
        yield started


async def token(context: Context, **form: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        return await http.post(context.urls["google"] + "/token", data={**CLIENT, **form})


async def refresh(context: Context, refresh_token: str = "sandbox-refresh-wild", **more: str) -> httpx.Response:
    return await token(context, grant_type="refresh_token", refresh_token=refresh_token, **more)


async def consent(context: Context, **asked: str) -> httpx.Response:
    usual = {
        "client_id": "sandbox-client", "redirect_uri": LOOPBACK, "response_type": "code", "scope": SCOPE,
        "access_type": "offline", "state": "s1",
    }  # fmt: skip
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        return await http.get(context.urls["google"] + "/o/oauth2/v2/auth", params=usual | asked)


def answered(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


async def test_a_channels_refresh_token_gives_an_access_token_for_an_hour(context: Context, clock: Clock) -> None:
    answer = (await refresh(context)).json()
    facts = stand_in.token_facts(context, answer["access_token"])
    assert (answer["expires_in"], answer["token_type"]) == (3599, "Bearer")
    assert facts is not None
    assert facts.channel == "wild"
    clock.now_s += 3600
    assert stand_in.token_facts(context, answer["access_token"]) is None


@pytest.mark.parametrize("forged", ["", "ya29.", "ya29.abc.def", "Bearer"])
async def test_a_forged_access_token_has_no_facts(context: Context, forged: str) -> None:
    good = (await refresh(context)).json()["access_token"]
    assert stand_in.token_facts(context, forged) is None
    assert stand_in.token_facts(context, good[:-1] + ("0" if good[-1] != "0" else "1")) is None


async def test_an_unknown_refresh_token_is_invalid_grant_and_a_wrong_client_invalid_client(context: Context) -> None:
    unknown, wrong = await refresh(context, "1//nobody"), await refresh(context, client_secret="wrong")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_grant")
    assert unknown.json()["error_description"] == "Token has been expired or revoked."
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


async def test_the_fault_invalid_grant_kills_a_good_refresh_token_once(context: Context) -> None:
    context.faults.add(Fault("google", "invalid_grant", times=1))
    assert [(await refresh(context)).status_code for _ in range(2)] == [400, 200]


async def test_consent_goes_back_with_code_and_state_for_the_hinted_channel(context: Context) -> None:
    back = answered(await consent(context, login_hint="wild@example.org"))
    answer = (await token(context, grant_type="authorization_code", code=back["code"], redirect_uri=LOOPBACK)).json()
    facts = stand_in.token_facts(context, answer["access_token"])
    assert back["state"] == "s1"
    assert facts is not None
    assert (facts.channel, facts.scopes) == ("wild", frozenset({SCOPE}))
    assert (await refresh(context, answer["refresh_token"])).status_code == 200


async def test_a_code_works_once_and_only_with_its_verifier(context: Context) -> None:
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    statuses = []
    for given in (verifier, "w" * 43):
        back = answered(await consent(context, code_challenge=challenge, code_challenge_method="S256"))
        form = {"code": back["code"], "redirect_uri": LOOPBACK, "code_verifier": given}
        statuses += [(await token(context, grant_type="authorization_code", **form)).status_code for _ in range(2)]
    assert statuses == [200, 400, 400, 400]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"redirect_uri": "https://example.org/"}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "invalid_request"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, 400, "S256"),
    ],
)
async def test_a_bad_consent_request_stays_on_an_error_page(
    context: Context, asked: dict[str, str], status: int, words: str
) -> None:
    answer = await consent(context, **asked)
    assert answer.status_code == status
    assert words in answer.text


async def test_a_revoked_token_is_dead_also_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, "google") as context:
        access = (await refresh(context)).json()["access_token"]
        async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
            url = context.urls["google"] + "/revoke"
            revoked = [await http.post(url, data={"token": "sandbox-refresh-wild"}) for _ in range(2)]
        assert [answer.status_code for answer in revoked] == [200, 400]
    async with running(tmp_path, "google") as context:
        assert stand_in.token_facts(context, access) is None
        assert (await refresh(context)).json()["error"] == "invalid_grant"
        assert (await refresh(context, "sandbox-refresh-other")).status_code == 200


def credentials(context: Context, refresh_token: str) -> Credentials:
    return Credentials(
        None, refresh_token=refresh_token, token_uri=context.urls["google"] + "/token", client_id="sandbox-client",
        client_secret="sandbox-client-secret",
    )  # fmt: skip


async def test_google_auth_refreshes_and_names_a_dead_token(context: Context) -> None:
    def work() -> tuple[str, str]:
        with google.auth.transport.requests.requests.Session() as session:
            good, dead = credentials(context, "sandbox-refresh-wild"), credentials(context, "1//dead")
            transport = google.auth.transport.requests.Request(session)
            good.refresh(transport)
            with pytest.raises(google.auth.exceptions.RefreshError) as caught:
                dead.refresh(transport)
            return good.token, str(caught.value)

    access, said = await asyncio.to_thread(work)
    facts = stand_in.token_facts(context, access)
    assert facts is not None
    assert facts.channel == "wild"
    assert "invalid_grant" in said


async def test_google_auth_oauthlib_walks_through_consent_with_pkce(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    base = context.urls["google"]
    config = {"installed": {**CLIENT, "auth_uri": base + "/o/oauth2/v2/auth", "token_uri": base + "/token"}}

    def work() -> tuple[Any, Any]:
        flow = Flow.from_client_config(config, [SCOPE], redirect_uri=LOOPBACK, autogenerate_code_verifier=True)
        with flow.oauth2session:
            address, _ = flow.authorization_url(login_hint="wild", access_type="offline", prompt="consent")
            location = httpx.get(address, timeout=PATIENCE_S).headers["Location"]
            flow.fetch_token(authorization_response=location)
            return flow.credentials.refresh_token, flow.credentials.token

    refresh_token, access = await asyncio.to_thread(work)
    facts = stand_in.token_facts(context, access)
    assert facts is not None
    assert facts.channel == "wild"
    assert (await refresh(context, refresh_token)).status_code == 200
