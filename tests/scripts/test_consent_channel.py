"""The consent says whose channel it got, on the page and in the terminal, and keeps no other one's."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from scripts import youtube_auth
from scripts.lib import google_oauth
from tests.harness.patience import PATIENCE_S
from tests.scripts.conftest import Ran, Run
from tests.scripts.stand_ins import standing
from videod.sandbox import google, youtube
from videod.sandbox.kernel import Context, Fault


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    with standing({"youtube": youtube.build, "google": google.build}, tmp_path / "sandbox", monkeypatch) as context:
        yield context


@pytest.fixture
def consent(
    sandbox: Context, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Ran, str, list[str]]]:
    """Consents for the channel "wild": how the script ended, what the page said, the scopes that were asked for."""

    def play(wanted: str | None, chosen: str = "wild") -> tuple[Ran, str, list[str]]:
        pages: list[str] = []
        asked: list[str] = []
        threads: list[threading.Thread] = []

        def visit(address: str) -> bool:
            asked.extend(parse_qs(urlsplit(address).query)["scope"][0].split())

            def follow() -> None:
                with httpx.Client(follow_redirects=True, trust_env=False, timeout=PATIENCE_S) as client:
                    pages.append(client.get(address).text)

            threads.append(threading.Thread(target=follow))
            threads[-1].start()
            return True

        monkeypatch.setattr("webbrowser.open", visit)
        words = ["--youtube-channel", wanted] if wanted else []
        ran = run(youtube_auth.main, "--channel", "wild", "--output", tmp_path / "wild.token", "--login-hint", chosen,
                  "--timeout", PATIENCE_S, *words)  # fmt: skip
        for thread in threads:
            thread.join()
        return ran, pages[0], asked

    return play


@pytest.mark.fault("3.1")
@pytest.mark.parametrize("wanted", ["UCwild", "@wild", None])
def test_the_channel_is_named_on_the_page_and_in_the_terminal(
    consent: Callable[..., tuple[Ran, str, list[str]]], tmp_path: Path, wanted: str | None
) -> None:
    ran, page, asked = consent(wanted)
    assert ran.code == 0, ran.stderr
    assert "videod may now upload to &quot;wild&quot; (UCwild)." in page
    assert 'this consent is for the YouTube channel "wild" (UCwild)' in json.dumps(
        [event["message"] for event in ran.of("progress")], ensure_ascii=False
    ).replace('\\"', '"')
    assert ran.result["youtube_channel"] == "UCwild"
    assert {scope.rpartition("/")[2] for scope in asked} == {
        "youtube.upload", "youtube.readonly", "youtube.force-ssl", "yt-analytics.readonly",
    }  # fmt: skip
    assert google_oauth.kept(tmp_path / "wild.token")


@pytest.mark.fault("3.1")
def test_a_consent_for_another_channel_is_not_kept_and_both_are_named(
    consent: Callable[..., tuple[Ran, str, list[str]]], tmp_path: Path
) -> None:
    ran, page, _ = consent("UCwild", chosen="ocean")
    assert (ran.code, ran.failure["code"]) == (78, "wrongChannel")
    for told in (ran.stderr, page.replace("&quot;", '"')):
        assert '"ocean" (UCocean)' in told and "UCwild" in told
    assert "choose the right channel" in ran.stderr and "did not keep this consent" in page
    assert not (tmp_path / "wild.token").exists()
    assert consent("UCwild")[0].code == 0, "the right one is kept afterwards"


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("youtube", "no_channel"), "noChannel"),
        (Fault("youtube", "more_channels", body="ocean"), "severalChannels"),
        (Fault("google", "other_channel", body="brand"), "wrongChannel"),
    ],
)
def test_an_account_without_the_one_channel_is_refused(
    sandbox: Context, consent: Callable[..., tuple[Ran, str, list[str]]], tmp_path: Path, fault: Fault, code: str
) -> None:
    sandbox.faults.add(fault)
    ran, page, _ = consent("UCwild")
    assert ran.failure["code"] == code and "did not keep" in page and not (tmp_path / "wild.token").exists()


@pytest.mark.fault("3.1")
def test_boxes_that_were_left_unticked_are_named(
    sandbox: Context, consent: Callable[..., tuple[Ran, str, list[str]]], tmp_path: Path
) -> None:
    sandbox.faults.add(Fault("google", "fewer_scopes", body="youtube.upload", times=1))
    ran, page, _ = consent("UCwild")
    assert ran.failure["kind"] == "credentials" and "youtube.readonly" in ran.failure["message"]
    assert "youtube.readonly" in page and not (tmp_path / "wild.token").exists()


@pytest.mark.fault("3.1")
def test_a_youtube_that_does_not_answer_costs_no_consent(
    sandbox: Context, consent: Callable[..., tuple[Ran, str, list[str]]], tmp_path: Path
) -> None:
    sandbox.faults.add(Fault("youtube", "status", endpoint="GET */channels", status=503))
    ran, _, _ = consent("UCwild")
    assert ran.code == 0 and "videod asks before it uploads" in ran.stderr
    assert (tmp_path / "wild.token").exists()
