"""Files in a bucket: whole or not at all, private, by signed links; what R2 refuses is named (services: moto behind a
gateway that refuses what R2 does)."""

import asyncio
import hashlib
import os
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from scripts.lib import sigv4 as of_scripts
from tests.flow.board_double import Clock
from videod import files
from videod.adapters import r2, sigv4
from videod.adapters.r2 import Access, Given, R2Bucket, R2Buckets, Unconfigured
from videod.channels import Channel
from videod.config import R2
from videod.ports import StorageError
from videod.sandbox import s3
from videod.sandbox.kernel import Fault, Faults

WEEK_S = 7 * 86_400


class RealClock(Clock):
    """Wall time, plus what a test lets pass."""

    def now_ms(self) -> int:
        return round(datetime.now(UTC).timestamp() * 1000) + self.steady_ms()


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults(random.Random(1))


@pytest.fixture(scope="module")
def endpoint(faults: Faults) -> Iterator[s3.Running]:
    running = asyncio.run(s3.start(faults=faults))  # it serves in a thread of its own
    yield running
    asyncio.run(running.stop())


@pytest.fixture(autouse=True)
def calm(faults: Faults) -> None:
    faults.clear()


def bucket_at(endpoint: s3.Running, secret: str = s3.SECRET_ACCESS_KEY, name: str = s3.BUCKET) -> R2Bucket:
    place = sigv4.Bucket(endpoint.url, name, s3.ACCESS_KEY_ID, secret)
    return R2Bucket(Access(place, "videod", WEEK_S), RealClock())


def film(tmp_path: Path, size: int = 1000) -> tuple[Path, str]:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(size))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def fetched(url: str) -> httpx.Response:
    return httpx.get(url, timeout=None, trust_env=False)


async def refusal(bucket: R2Bucket, path: Path, sha256: str, name: str = "videod/wild/t/film.mp4") -> StorageError:
    with pytest.raises(StorageError) as caught:
        await bucket.put(name, path, sha256)
    return caught.value


def test_the_signing_is_that_of_the_scripts() -> None:
    """Scripts import nothing of videod; where one changes, both do."""
    assert Path(sigv4.__file__).read_text() == Path(of_scripts.__file__).read_text()


async def test_a_file_of_20_mb_goes_up_in_parts_and_comes_back_by_a_link(endpoint: s3.Running, tmp_path: Path) -> None:
    bucket, (path, sha256) = bucket_at(endpoint), film(tmp_path, 20_000_000)
    name = bucket.name_of("wild", "20260101-bear", "assemble/film.mp4")
    assert name == "videod/wild/20260101-bear/assemble/film.mp4"
    await bucket.put(name, path, sha256)
    answer = await asyncio.to_thread(fetched, bucket.link(name))
    assert hashlib.sha256(answer.content).hexdigest() == sha256 and answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-amz-meta-sha256"] == sha256
    assert endpoint.gateway.writes[-1] == f"POST /{s3.BUCKET}/{name}", "completed from its parts"
    unsigned = await asyncio.to_thread(fetched, f"{endpoint.url}/{s3.BUCKET}/{name}")
    assert unsigned.status_code == 403, "objects are private"


async def test_a_link_ends_and_another_one_is_good(endpoint: s3.Running, tmp_path: Path) -> None:
    bucket, (path, sha256) = bucket_at(endpoint), film(tmp_path)
    name = bucket.name_of("wild", "ends", "film.mp4")
    await bucket.put(name, path, sha256)
    first = bucket.link(name)
    clock = bucket._clock
    assert isinstance(clock, RealClock)
    try:
        for days, good in ((6.9, True), (7.1, False)):
            endpoint.ahead.by = timedelta(days=days)
            assert (await asyncio.to_thread(fetched, first)).is_success is good
        ended = await asyncio.to_thread(fetched, first)
        assert ended.status_code == 403 and "Request has expired" in ended.text
        clock.pass_s(7.1 * 86_400)
        assert (await asyncio.to_thread(fetched, bucket.link(name))).is_success
    finally:
        endpoint.ahead.by = timedelta()


async def test_a_file_that_changed_since_it_was_checked_is_not_stored(endpoint: s3.Running, tmp_path: Path) -> None:
    bucket, (path, _) = bucket_at(endpoint), film(tmp_path)
    before = list(endpoint.gateway.writes)
    assert (await refusal(bucket, path, "0" * 64)).kind == "changed"
    link = tmp_path / "link.mp4"
    link.symlink_to(path)
    assert (await refusal(bucket, link, "")).kind == "changed"
    assert (await refusal(bucket, tmp_path / "none.mp4", "")).kind == "changed"
    assert endpoint.gateway.writes == before


async def test_a_file_that_changes_while_it_is_sent_leaves_nothing(
    endpoint: s3.Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, (path, sha256) = bucket_at(endpoint), film(tmp_path, 3 * r2.PART)
    look = files.fingerprint

    def then_it_changes(source, most=None):  # type: ignore[no-untyped-def]
        found = look(source, most)
        with path.open("r+b") as out:
            out.seek(2 * r2.PART)
            out.write(b"other")
        return found

    monkeypatch.setattr(files, "fingerprint", then_it_changes)
    name = bucket.name_of("wild", "changes", "film.mp4")
    assert (await refusal(bucket, path, sha256, name)).kind == "changed"
    assert (await asyncio.to_thread(fetched, bucket.link(name))).status_code == 404


@pytest.mark.parametrize(
    ("secret", "name", "kind", "says"),
    [
        ("wrong", s3.BUCKET, "credentials", "SignatureDoesNotMatch"),
        (s3.SECRET_ACCESS_KEY, "nowhere", "configuration", "NoSuchBucket"),
    ],
)
@pytest.mark.parametrize("large", [False, True], ids=["in one", "in parts"])
async def test_a_wrong_key_and_a_missing_bucket_are_named(
    endpoint: s3.Running, tmp_path: Path, secret: str, name: str, kind: str, says: str, large: bool
) -> None:
    bucket, (path, sha256) = bucket_at(endpoint, secret, name), film(tmp_path, r2.PART + 1 if large else 10)
    error = await refusal(bucket, path, sha256)
    assert error.kind == kind and says in str(error) and "sandbox-r2-secret" not in str(error)
    with pytest.raises(StorageError, match=says) as caught:
        await bucket.check(f"large_{large}".lower())
    assert caught.value.kind == kind


async def test_a_bucket_that_takes_files_passes_the_check(endpoint: s3.Running) -> None:
    await bucket_at(endpoint).check("tried_out")


SLOW = "<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>"
DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (503, SLOW, "busy", "SlowDown"),
        (429, SLOW, "busy", "SlowDown"),
        (500, "<html>Internal</html>", "down", "not the bucket itself"),
        (502, "", "down", "HTTP 502"),
        (403, DENIED, "credentials", "let the token read and write in this bucket"),
        (403, "<html>blocked by a proxy</html>", "down", "not the bucket itself"),
        (401, "<Error><Code>Unauthorized</Code><Message>no</Message></Error>", "credentials", "R2_ACCESS_KEY_ID"),
    ],
)
async def test_what_the_bucket_answers_is_understood_alike_by_check_and_upload(
    endpoint: s3.Running, tmp_path: Path, faults: Faults, status: int, body: str, kind: str, says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(r2, "RETRIES", 0)
    bucket, (path, sha256) = bucket_at(endpoint), film(tmp_path)
    faults.add(Fault("s3", "status", status=status, body=body))
    error = await refusal(bucket, path, sha256)
    assert error.kind == kind and says in str(error)
    with pytest.raises(StorageError) as caught:
        await bucket.check("wild")
    assert (caught.value.kind, str(caught.value)) == (kind, str(error))


async def test_what_is_too_large_is_no_outage(endpoint: s3.Running, tmp_path: Path) -> None:
    bucket, (path, sha256) = bucket_at(endpoint), film(tmp_path, 2000)
    endpoint.gateway.single_bytes = 1000
    try:
        error = await refusal(bucket, path, sha256)
    finally:
        endpoint.gateway.single_bytes = 5 << 30
    assert error.kind == "rejected" and "EntityTooLarge" in str(error)


async def test_nobody_who_answers_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(r2, "RETRIES", 0)
    place = sigv4.Bucket("http://127.0.0.1:9", "films", "key", "secret-of-the-key")
    bucket, (path, sha256) = R2Bucket(Access(place, "", WEEK_S), RealClock()), film(tmp_path)
    error = await refusal(bucket, path, sha256)
    assert error.kind == "down" and "secret-of-the-key" not in str(error)
    with pytest.raises(StorageError) as caught:
        await bucket.check("wild")
    assert caught.value.kind == "down"


async def test_clients_that_add_a_checksum_are_refused_as_r2_does(endpoint: s3.Running) -> None:
    """The trap of newer S3 clients; what the uploads above passed through is no open door."""
    import boto3
    import botocore.config
    import botocore.exceptions

    def work() -> int:
        settings = botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        client = boto3.client(
            "s3", endpoint_url=endpoint.url, aws_access_key_id=s3.ACCESS_KEY_ID,
            aws_secret_access_key=s3.SECRET_ACCESS_KEY, region_name="auto", config=settings,
        )  # fmt: skip
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            client.put_object(Bucket=s3.BUCKET, Key="trap", Body=b"x")
        client.close()
        return int(caught.value.response["ResponseMetadata"]["HTTPStatusCode"])

    assert await asyncio.to_thread(work) == 501


async def test_two_writes_of_one_key_within_a_second_are_one_too_many(endpoint: s3.Running, tmp_path: Path) -> None:
    now = [0.0]
    endpoint.gateway._now = lambda: now[0]
    bucket, (path, sha256) = bucket_at(endpoint), film(tmp_path)
    await bucket.put("videod/twice.mp4", path, sha256)
    link = sigv4.presign(bucket.access.bucket, "PUT", "videod/twice.mp4", datetime.now(UTC), 60)
    answer = await asyncio.to_thread(lambda: httpx.put(link, content=b"x", timeout=None, trust_env=False))
    assert answer.status_code == 429 and "SlowDown" in answer.text
    now[0] += 1
    await bucket.put("videod/twice.mp4", path, sha256)


# ------------------------------------------------------------------------------------------- without a bucket


def channel(storage: str) -> Channel:
    return Channel(
        id="wild", name="Wild", youtube_channel="UCwild", voice_id="v1", storage=storage,  # type: ignore[arg-type]
        brand="Stories of wild animals in cold places.",
    )  # fmt: skip


def buckets(settings: R2, secrets: dict[str, str], storage: str = "r2", url: str = "") -> R2Buckets:
    given = Given(settings, {"wild": channel(storage), "deep": channel("notion")})
    return R2Buckets(lambda: given, secrets.get, url, Clock())


KEYS = {"R2_ACCESS_KEY_ID": "key", "R2_SECRET_ACCESS_KEY": "secret"}
ACCOUNT = "0123456789abcdef" * 2


def test_only_channels_that_ask_for_it_use_the_bucket_of_the_account() -> None:
    made = buckets(R2(account=ACCOUNT, bucket="films"), KEYS)
    assert list(made.channels()) == ["wild"] and made.of("deep") is None and made.of("unknown") is None
    found = made.of("wild")
    assert found is not None and found.place == f"https://{ACCOUNT}.r2.cloudflarestorage.com/films"
    assert made.of("wild") is found, "one client for all"
    europe = buckets(R2(account=f"{ACCOUNT}.eu", bucket="films"), KEYS).configured()
    assert europe is not None and europe.place.startswith(f"https://{ACCOUNT}.eu.r2.")
    elsewhere = buckets(R2(account=ACCOUNT, bucket="films"), KEYS, url="https://s3.example.org").configured()
    assert elsewhere is not None and elsewhere.place == "https://s3.example.org/films"


@pytest.mark.parametrize(
    ("settings", "secrets", "lacks"),
    [
        (R2(account=ACCOUNT, bucket="films"), {"R2_ACCESS_KEY_ID": "key"}, "R2_SECRET_ACCESS_KEY"),
        (R2(account=ACCOUNT), KEYS, "`bucket` in `[r2]`"),
        (R2(bucket="films"), KEYS, "`account` in `[r2]`"),
    ],
)
async def test_what_is_missing_is_named(settings: R2, secrets: dict[str, str], lacks: str) -> None:
    made = buckets(settings, secrets)
    found = made.any()
    assert isinstance(found, Unconfigured) and made.configured() is None
    with pytest.raises(StorageError, match=re.escape(lacks)) as caught:
        await found.check("wild")
    assert caught.value.kind == "configuration"


def test_a_link_is_no_longer_than_a_week_and_shows_no_secret() -> None:
    made = buckets(R2(account=ACCOUNT, bucket="films", link_days=7), KEYS).any()
    link = made.link("videod/wild/t/a.png")
    assert "X-Amz-Expires=604800" in link and "secret" not in link
    with pytest.raises(ValueError, match="less than or equal to 7"):
        R2(link_days=7.5)
    assert replace(Access(sigv4.Bucket("u", "b", "k", "s"), "p", 1), link_s=2).link_s == 2


def test_names_of_objects_need_no_escape() -> None:
    place = sigv4.Bucket("https://host", "films", "k", "s")
    bucket = R2Bucket(Access(place, "a/b", 60), Clock())
    assert bucket.name_of("wild", "t1", "odd name/ä%?.png") == "a/b/wild/t1/odd_name/___.png"
    assert R2Bucket(Access(place, "", 60), Clock()).name_of("wild", "t1", "x.png") == "wild/t1/x.png"


async def test_nothing_of_obstore_is_loaded_before_a_file_is_stored() -> None:
    import sys

    code = "import sys, videod.daemon.assembly\nsys.exit(any(name.split('.')[0] == 'obstore' for name in sys.modules))"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await child.wait() == 0
