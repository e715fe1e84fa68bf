"""The small simulated services: catbox and Slack over the wire, S3 with the clients of others."""

import asyncio
import re
import socket
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import httpx
import obstore
import pytest
from obstore.store import S3Store
from slack_sdk.webhook import WebhookClient

from tests.harness.patience import PATIENCE_S, eventually
from tests.sandbox.running import Clock, running
from videod.cli.main import run
from videod.sandbox import s3, s3_signature
from videod.sandbox.kernel import Context, Fault

USERHASH = {"userhash": "sandbox-userhash"}

# Catbox


@pytest.fixture
async def catbox(tmp_path: Path) -> AsyncIterator[Context]:
    async with running(tmp_path, "catbox") as context:
        yield context


async def call(context: Context, data: dict[str, str], file: bytes | None = None) -> httpx.Response:
    files = {"fileToUpload": ("seed.PNG", file, "image/png")} if file is not None else None
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        return await http.post(context.urls["catbox"] + "/user/api.php", data=data, files=files)


async def test_an_upload_answers_a_bare_address_that_serves_the_bytes(catbox: Context) -> None:
    answer = await call(catbox, {"reqtype": "fileupload", **USERHASH}, b"picture")
    again = await call(catbox, {"reqtype": "urlupload", "url": answer.text, **USERHASH})
    assert answer.text.startswith(catbox.urls["catbox"] + "/files/")
    assert answer.text.endswith(".png")
    assert answer.headers["Content-Type"].startswith("text/plain")
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        assert [(await http.get(url.text)).content for url in (answer, again)] == [b"picture"] * 2


async def test_a_deleted_file_is_gone(catbox: Context) -> None:
    url = (await call(catbox, {"reqtype": "fileupload", **USERHASH}, b"picture")).text
    name = url.rsplit("/", 1)[1]
    answers = [await call(catbox, {"reqtype": "deletefiles", "files": name, **USERHASH}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 412]
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        assert (await http.get(url)).status_code == 404


async def test_an_anonymous_or_empty_upload_is_a_plain_sentence(catbox: Context) -> None:
    for form, file in (({"reqtype": "fileupload"}, b"x"), ({"reqtype": "fileupload", **USERHASH}, b"")):
        answer = await call(catbox, form, file)
        assert answer.status_code == 412
        assert "http" not in answer.text


async def test_without_a_user_agent_the_connection_is_cut(catbox: Context) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        del http.headers["User-Agent"]
        with pytest.raises(httpx.TransportError):
            await http.post(catbox.urls["catbox"] + "/user/api.php", data=USERHASH)


async def test_the_fault_empty_answers_200_with_nothing(catbox: Context) -> None:
    catbox.faults.add(Fault("catbox", "empty", times=1))
    answer = await call(catbox, {"reqtype": "fileupload", **USERHASH}, b"picture")
    assert (answer.status_code, answer.text) == (200, "")


# Slack


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(tmp_path: Path, clock: Clock) -> AsyncIterator[Context]:
    async with running(tmp_path, "slack", clock=clock) as context:
        yield context


async def say(context: Context, path: str = "/services/T/B/X", **message: Any) -> tuple[int, str]:
    def work() -> tuple[int, str]:
        answer = WebhookClient(context.urls["slack"] + path).send(**message)
        return answer.status_code, answer.body

    return await asyncio.to_thread(work)


async def test_slacks_own_client_delivers_text_and_blocks(slack: Context) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*parked*"}}]
    assert await say(slack, text="KIE is out of credit", blocks=blocks) == (200, "ok")
    (kept,) = slack.load("slack")["messages"]
    assert (kept["text"], kept["blocks"]) == ("KIE is out of credit", blocks)


@pytest.mark.parametrize(
    ("path", "message", "expected"),
    [
        ("/services/T/B/X", {"text": ""}, (400, "no_text")),
        ("/services/T/B/X", {"text": "a", "blocks": [{"no": "type"}]}, (400, "invalid_blocks")),
        ("/services/T/B/wrong", {"text": "a"}, (404, "no_service")),
        ("/elsewhere", {"text": "a"}, (403, "invalid_token")),
    ],
)
async def test_what_slack_does_not_take_is_an_error_word(
    slack: Context, path: str, message: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert await say(slack, path, **message) == expected
    assert "messages" not in slack.load("slack")


SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "a"}}


@pytest.mark.fault("11.1")
@pytest.mark.parametrize(
    ("blocks", "taken"),
    [
        ([SECTION, {"type": "divider"}], True),
        ([{"type": "header", "text": {"type": "plain_text", "text": "Stopped", "emoji": True}}], True),
        ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}]}], True),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "a"}] * 10}], True),
        ([{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Open"}}]}], True),
        ([{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}], True),
        ([SECTION] * 50, True),
        ([SECTION] * 51, False),
        ([{"type": "sektion", "text": SECTION["text"]}], False),
        ([{"type": "section"}], False),
        ([{"type": "section", "text": "a"}], False),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": ""}}], False),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], False),
        ([{"type": "section", "text": {"type": "markdown", "text": "a"}}], False),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "a"}] * 11}], False),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "a"}}], False),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], False),
        ([{"type": "context", "elements": []}], False),
        ([{"type": "image", "image_url": "https://example.com/a.png"}], False),
        ([{**SECTION, "block_id": "one"}, {**SECTION, "block_id": "one"}], False),
        ({"type": "section"}, False),
        (["section"], False),
    ],
)
async def test_slack_takes_the_blocks_of_its_block_kit_and_no_others(slack: Context, blocks: Any, taken: bool) -> None:
    assert await say(slack, text="a", blocks=blocks) == ((200, "ok") if taken else (400, "invalid_blocks"))


async def test_a_body_that_is_no_json_is_an_invalid_payload(slack: Context) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        answer = await http.post(slack.urls["slack"] + "/services/T/B/X", content=b"{text")
    assert (answer.status_code, answer.text) == (400, "invalid_payload")


async def test_a_flood_is_rate_limited_and_a_second_lets_one_more_in(slack: Context, clock: Clock) -> None:
    statuses = [(await say(slack, text=str(number)))[0] for number in range(6)]
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        limited = await http.post(slack.urls["slack"] + "/services/T/B/X", json={"text": "more"})
    clock.now_s += 1
    assert statuses == [200] * 5 + [429]
    assert (limited.text, limited.headers["Retry-After"]) == ("rate_limited", "1")
    assert (await say(slack, text="later"))[0] == 200


@pytest.mark.parametrize(("word", "status"), [("channel_is_archived", 410), ("no_service", 404), ("rollup_error", 500)])
async def test_each_error_word_can_be_asked_for(slack: Context, word: str, status: int) -> None:
    slack.faults.add(Fault("slack", word, times=1))
    assert await say(slack, text="a") == (status, word)
    assert await say(slack, text="a") == (200, "ok")


# S3


@pytest.fixture
async def storage() -> AsyncIterator[s3.Running]:
    running_s3 = await s3.start()
    yield running_s3
    await running_s3.stop()


@pytest.mark.live
async def test_boto3_and_obstore_put_get_and_presign_in_the_same_bucket(storage: s3.Running) -> None:
    def work() -> tuple[bytes, bytes]:
        settings = botocore.config.Config(
            signature_version="s3v4", request_checksum_calculation="when_required", s3={"addressing_style": "path"}
        )
        client = boto3.client(
            "s3", endpoint_url=storage.url, aws_access_key_id=s3.ACCESS_KEY_ID,
            aws_secret_access_key=s3.SECRET_ACCESS_KEY, region_name="us-east-1", config=settings,
        )  # fmt: skip
        client.put_object(Bucket=s3.BUCKET, Key="a/film.mp4", Body=b"film")
        signed = client.generate_presigned_url("get_object", {"Bucket": s3.BUCKET, "Key": "a/film.mp4"}, 600)
        fetched = httpx.get(signed, timeout=PATIENCE_S).content
        client.close()
        store = S3Store(
            s3.BUCKET, endpoint=storage.url, access_key_id=s3.ACCESS_KEY_ID,
            secret_access_key=s3.SECRET_ACCESS_KEY, region="us-east-1", client_options={"allow_http": True},
        )  # fmt: skip
        return fetched, bytes(obstore.get(store, "a/film.mp4").bytes())

    assert await asyncio.to_thread(work) == (b"film", b"film")


def client_of(url: str, key_id: str = s3.ACCESS_KEY_ID, secret: str = s3.SECRET_ACCESS_KEY) -> Any:
    settings = botocore.config.Config(
        signature_version="s3v4", request_checksum_calculation="when_required", s3={"addressing_style": "path"},
        retries={"total_max_attempts": 1},
    )  # fmt: skip
    return boto3.client(
        "s3", endpoint_url=url, aws_access_key_id=key_id, aws_secret_access_key=secret, region_name="auto",
        config=settings,
    )  # fmt: skip


@pytest.mark.live
@pytest.mark.fault("11.1")
@pytest.mark.fault("12.13", "12.20")
async def test_storage_is_bounded_in_connections_and_answers_in_its_own_name(storage: s3.Running) -> None:
    def flood() -> list[socket.socket]:
        return [socket.create_connection(("127.0.0.1", storage.port)) for _ in range(3 * s3.MOST_CONNECTIONS)]

    idle = await asyncio.to_thread(flood)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        for host, status in ((None, 403), ("evil.example", 403), (f"{s3.BUCKET}.localhost", 403)):
            answer = await http.get(storage.url, headers={"Host": host} if host else {})
            assert answer.status_code == status
            assert ("own name" in answer.text) == (host == "evil.example")
    await eventually(lambda: sum(one.name.startswith("Thread-") for one in threading.enumerate()) < 100)
    for one in idle:
        one.close()


async def test_only_a_request_with_the_right_secret_is_served(storage: s3.Running) -> None:
    def work() -> list[tuple[int, str]]:
        seen = []
        for key_id, secret in ((s3.ACCESS_KEY_ID, "wrong"), ("nobody", s3.SECRET_ACCESS_KEY)):
            client = client_of(storage.url, key_id, secret)
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                client.put_object(Bucket=s3.BUCKET, Key="a", Body=b"x")
            error = caught.value.response
            seen.append((error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]))
            client.close()
        right = client_of(storage.url)
        name = "a folder/b\u00e4r (1)+2&3=~.png"
        right.put_object(Bucket=s3.BUCKET, Key=name, Body=b"film", Metadata={"made": "by  hand"})
        signed = right.generate_presigned_url("get_object", {"Bucket": s3.BUCKET, "Key": name}, 600)
        assert httpx.get(signed, timeout=PATIENCE_S).content == b"film"
        spoilt = httpx.get(signed.replace("X-Amz-Expires=600", "X-Amz-Expires=601"), timeout=PATIENCE_S)
        stale = right.generate_presigned_url("get_object", {"Bucket": s3.BUCKET, "Key": name}, 1)
        assert [one["Key"] for one in right.list_objects_v2(Bucket=s3.BUCKET, Prefix="a folder/")["Contents"]] == [name]
        right.close()
        unsigned = httpx.get(f"{storage.url}/{s3.BUCKET}", timeout=PATIENCE_S)
        for answer in (spoilt, unsigned):
            seen.append((answer.status_code, re.findall("<Code>(.*?)</Code>", answer.text)[0]))
        url = httpx.URL(stale)
        environ = {"REQUEST_METHOD": "GET", "RAW_URI": url.raw_path.decode(), "HTTP_HOST": url.netloc.decode()}
        later = datetime.now(UTC) + timedelta(hours=1)
        with pytest.raises(s3_signature.Refused, match="Request has expired"):
            s3_signature.check(environ, {s3.ACCESS_KEY_ID: s3.SECRET_ACCESS_KEY}, later)
        return seen

    assert await asyncio.to_thread(work) == [
        (403, "SignatureDoesNotMatch"), (403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"),
        (403, "AccessDenied"),
    ]  # fmt: skip


@pytest.mark.live
async def test_a_taken_port_is_an_error_and_a_stopped_endpoint_frees_its_port(storage: s3.Running) -> None:
    with pytest.raises(OSError, match="in use"):
        await s3.start(storage.port)
    second = await s3.start()
    await second.stop()
    third = await s3.start(second.port)
    await third.stop()
    assert third.url == second.url


async def test_without_moto_the_endpoint_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    with pytest.raises(s3.NotInstalled, match=re.escape("pip install 'moto[server]'")):
        await s3.start()


def test_a_sandbox_that_is_asked_for_s3_without_moto_ends_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    assert run(["sandbox", "run", "--s3", "--root", str(tmp_path)]) == 69
    said = capsys.readouterr().err.strip()
    assert said.startswith("--s3: the S3 endpoint needs moto") and "\n" not in said
