"""The simulated YouTube: the resumable protocol by hand, and Google's own client against it."""

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Callable
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest, MediaFileUpload, build_http

from tests.harness.patience import PATIENCE_S, eventually, patience
from tests.sandbox.running import Clock, running
from videod.sandbox import google
from videod.sandbox.kernel import Context, Fault

BLOCK = 256 * 1024
FILM = b"\0\0\0\x18ftypisom" + random.Random(3).randbytes(3 * BLOCK + 4321)
START = "/upload/youtube/v3/videos"
BODY: dict[str, Any] = {
    "snippet": {"title": "Bears", "description": "videod:wild:7", "tags": ["bear"], "categoryId": "15"},
    "status": {"privacyStatus": "private", "selfDeclaredMadeForKids": False, "containsSyntheticMedia": True},
}


class YouTube:
    def __init__(self, context: Context, http: httpx.AsyncClient) -> None:
        self.context = context
        self.http = http
        self.base = context.urls["youtube"]

    def fault(self, kind: str, **more: Any) -> None:
        self.context.faults.add(Fault("youtube", kind, **({"times": 1} | more)))

    def token(self, channel: str = "wild", scope: str = google.EVERY_SCOPE) -> dict[str, str]:
        access = google.access_token(self.context, channel, scope, f"sandbox-refresh-{channel}")
        return {"Authorization": f"Bearer {access}"}

    async def insert(self, body: object = BODY, size: int = len(FILM), channel: str = "wild") -> httpx.Response:
        headers = {
            "X-Upload-Content-Length": str(size), "X-Upload-Content-Type": "video/mp4", **self.token(channel)
        }  # fmt: skip
        query = {"uploadType": "resumable", "part": "snippet,status"}
        return await self.http.post(self.base + START, params=query, json=body, headers=headers)

    async def session(self, **more: Any) -> str:
        answer = await self.insert(**more)
        assert (answer.status_code, answer.content) == (200, b"")
        return answer.headers["Location"]

    async def put(self, session: str, first: int = 0, end: int | None = None, data: bytes = FILM) -> httpx.Response:
        part = data[first:end]
        span = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
        return await self.http.put(session, content=part, headers={"Content-Range": span, **self.token()})

    async def ask(self, session: str, size: int = len(FILM)) -> httpx.Response:
        return await self.http.put(session, headers={"Content-Range": f"bytes */{size}", **self.token()})

    async def get(self, what: str, channel: str = "wild", **query: Any) -> httpx.Response:
        return await self.http.get(f"{self.base}/youtube/v3/{what}", params=query, headers=self.token(channel))

    async def upload(self, title: str = "Bears", data: bytes = FILM, **status: Any) -> str:
        body = {"snippet": BODY["snippet"] | {"title": title}, "status": BODY["status"] | status}
        answer = await self.put(await self.session(body=body, size=len(data)), data=data)
        assert answer.status_code == 201
        return str(answer.json()["id"])

    def stored(self, video_id: str) -> bytes:
        kept = self.context.load("youtube")["videos"][video_id]
        return (self.context.folder("youtube") / kept["file"]).read_bytes()


def reason(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return answer.status_code, error["errors"][0]["domain"], error["errors"][0]["reason"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def youtube(tmp_path: Path, clock: Clock, http: httpx.AsyncClient) -> AsyncIterator[YouTube]:
    async with running(tmp_path, "youtube", clock=clock) as context:
        yield YouTube(context, http)


async def test_a_film_sent_in_chunks_is_published_byte_for_byte(youtube: YouTube) -> None:
    session = await youtube.session()
    empty = await youtube.ask(session)
    first = await youtube.put(session, 0, 2 * BLOCK)
    last = await youtube.put(session, 2 * BLOCK)
    again = await youtube.ask(session)
    assert (empty.status_code, "Range" in empty.headers) == (308, False)
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{2 * BLOCK - 1}")
    assert (last.status_code, again.status_code) == (201, 201)
    assert last.json()["id"] == again.json()["id"]
    assert last.json()["status"]["privacyStatus"] == "private"
    assert youtube.stored(last.json()["id"]) == FILM


async def test_the_state_names_file_channel_and_digest_and_one_upload_is_charged(youtube: YouTube) -> None:
    video_id = await youtube.upload()
    kept = youtube.context.load("youtube")["videos"][video_id]
    digest = hashlib.sha256(FILM).hexdigest()
    charges = youtube.context.account.charges("youtube")
    assert (kept["sha256"], kept["bytes"], kept["channel"]) == (digest, len(FILM), "wild")
    assert [(charge.kind, charge.quantity, charge.unit, charge.usd) for charge in charges] == [
        ("upload", 1, "insert", 0.0)
    ]


async def test_the_other_documented_path_and_a_whole_put_work_too(youtube: YouTube) -> None:
    answer = await youtube.http.post(
        youtube.base + "/resumable" + START, params={"uploadType": "resumable"}, json=BODY, headers=youtube.token()
    )
    sent = await youtube.http.put(answer.headers["Location"], content=FILM, headers=youtube.token())
    assert sent.status_code == 201
    assert youtube.stored(sent.json()["id"]) == FILM


async def test_a_session_continues_after_the_service_was_restarted(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with running(tmp_path, "youtube") as context:
        session = await YouTube(context, http).session()
        await YouTube(context, http).put(session, 0, BLOCK)
    async with running(tmp_path, "youtube") as context:
        again = YouTube(context, http)
        moved = again.base + START + "?" + session.partition("?")[2]
        assert (await again.ask(moved)).headers["Range"] == f"bytes=0-{BLOCK - 1}"
        answer = await again.put(moved, BLOCK)
        assert again.stored(answer.json()["id"]) == FILM


async def test_what_arrived_before_a_broken_connection_is_kept_in_whole_blocks(youtube: YouTube) -> None:
    session = httpx.URL(await youtube.session())
    reader, writer = await asyncio.open_connection(session.host, session.port)
    lines = [
        f"PUT {session.raw_path.decode()} HTTP/1.1", f"Host: {session.host}", f"Content-Length: {len(FILM)}",
        f"Content-Range: bytes 0-{len(FILM) - 1}/{len(FILM)}", f"Authorization: {youtube.token()['Authorization']}",
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + FILM[: 2 * BLOCK + 1000])
    await writer.drain()
    stored = youtube.context.folder("youtube")
    await eventually(lambda: any(path.stat().st_size >= 2 * BLOCK for path in stored.rglob("*") if path.is_file()))
    writer.close()
    await writer.wait_closed()
    reader.feed_eof()
    async with patience():
        while (found := await youtube.ask(str(session))).status_code == 503:
            await asyncio.sleep(0.02)
    assert found.headers["Range"] == f"bytes=0-{2 * BLOCK - 1}"
    assert (await youtube.put(str(session), 2 * BLOCK)).status_code == 201


async def test_bytes_sent_again_are_not_stored_twice_and_gaps_are_refused(youtube: YouTube) -> None:
    session = await youtube.session()
    await youtube.put(session, 0, 2 * BLOCK)
    again, gap = await youtube.put(session, BLOCK, 3 * BLOCK), await youtube.put(session, 3 * BLOCK + 1)
    assert again.headers["Range"] == f"bytes=0-{3 * BLOCK - 1}"
    assert gap.status_code == 400
    assert youtube.stored((await youtube.put(session, 3 * BLOCK)).json()["id"]) == FILM


async def test_a_chunk_that_is_no_multiple_of_256_kib_is_refused(youtube: YouTube) -> None:
    session = await youtube.session()
    assert (await youtube.put(session, 0, BLOCK + 1)).status_code == 400
    assert "Range" not in (await youtube.ask(session)).headers


async def test_a_partial_chunk_and_a_missing_range_tell_the_truth(youtube: YouTube) -> None:
    session = await youtube.session()
    youtube.fault("partial_chunk")
    assert (await youtube.put(session, 0, 2 * BLOCK)).headers["Range"] == f"bytes=0-{BLOCK - 1}"
    youtube.fault("no_range")
    forgotten = await youtube.put(session, BLOCK, 2 * BLOCK)
    assert (forgotten.status_code, "Range" in forgotten.headers) == (308, False)
    assert youtube.stored((await youtube.put(session)).json()["id"]) == FILM


async def test_a_lost_session_is_404_for_good_and_foreign_ones_always_are(youtube: YouTube) -> None:
    session = await youtube.session()
    other = await youtube.session(channel="tame")
    youtube.fault("session_gone")
    assert [(await youtube.ask(session)).status_code for _ in range(2)] == [404, 404]
    assert (await youtube.put(other)).status_code == 404


async def test_a_lost_final_answer_left_a_video_and_can_be_asked_for(youtube: YouTube) -> None:
    session = await youtube.session()
    youtube.fault("final_lost")
    with pytest.raises(httpx.TransportError):
        await youtube.put(session)
    found = await youtube.ask(session)
    assert found.status_code == 201
    assert list(youtube.context.load("youtube")["videos"]) == [found.json()["id"]]
    assert len(youtube.context.account.charges("youtube")) == 1


async def test_the_hundred_and_first_insert_of_a_pacific_day_is_429_until_midnight(
    youtube: YouTube, clock: Clock
) -> None:
    statuses = [(await youtube.insert()).status_code for _ in range(101)]
    answer = await youtube.insert()
    assert statuses == [200] * 100 + [429]
    assert reason(answer) == (429, "global", "rateLimitExceeded")
    assert "Video Uploads per day" in answer.json()["error"]["message"]
    assert (await youtube.get("channels", part="id", mine="true")).status_code == 200
    clock.now_s += 24 * 3600
    assert (await youtube.insert()).status_code == 200


async def test_the_unit_pool_is_separate_and_empties_with_its_own_words(youtube: YouTube) -> None:
    video_id = await youtube.upload()
    state = youtube.context.load("youtube")
    day = next(iter(state["quota"]))
    assert state["quota"][day] == {"uploads": 1, "units": 0}
    headers, body = youtube.token(), {"id": video_id, "snippet": BODY["snippet"]}
    url = youtube.base + "/youtube/v3/videos?part=snippet"
    codes = [(await youtube.http.put(url, json=body, headers=headers)).status_code for _ in range(201)]
    assert codes == [200] * 200 + [403]
    assert reason(await youtube.get("videos", part="id", id=video_id)) == (403, "youtube.quota", "quotaExceeded")
    assert (await youtube.insert()).status_code == 200


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("daily_limit", (429, "global", "rateLimitExceeded")),
        ("channel_limit", (400, "youtube.video", "uploadLimitExceeded")),
    ],
)
async def test_limits_can_be_asked_for(youtube: YouTube, kind: str, expected: tuple[int, str, str]) -> None:
    youtube.fault(kind)
    assert reason(await youtube.insert()) == expected
    assert (await youtube.insert()).status_code == 200


@pytest.mark.parametrize(
    ("snippet", "status", "expected"),
    [
        ({"title": "x" * 101}, {}, "invalidTitle"),
        ({"title": "a <b>"}, {}, "invalidTitle"),
        ({"title": ""}, {}, "invalidTitle"),
        ({"description": "ü" * 2501}, {}, "invalidDescription"),
        ({"tags": ["two words"] * 42}, {}, "invalidTags"),
        ({"categoryId": "999"}, {}, "invalidCategoryId"),
        ({}, {"privacyStatus": "public", "publishAt": "2026-12-01T10:00:00Z"}, "invalidPublishAt"),
        ({}, {"publishAt": "tomorrow"}, "invalidPublishAt"),
        ({}, {"privacyStatus": "secret"}, "invalidVideoMetadata"),
    ],
)
async def test_bad_metadata_is_refused_with_its_reason(
    youtube: YouTube, snippet: dict[str, Any], status: dict[str, Any], expected: str
) -> None:
    body = {"snippet": BODY["snippet"] | snippet, "status": BODY["status"] | status}
    assert reason(await youtube.insert(body)) == (400, "youtube.video", expected)


async def test_metadata_at_the_limits_is_taken(youtube: YouTube) -> None:
    snippet = {"title": "x" * 100, "description": "ü" * 2500, "tags": ["x" * 249, "y" * 250]}
    status = {"privacyStatus": "private", "publishAt": "2026-12-01T10:00:00Z"}
    assert (await youtube.insert({"snippet": snippet, "status": status})).status_code == 200


async def test_an_omitted_privacy_becomes_public(youtube: YouTube) -> None:
    answer = await youtube.put(await youtube.session(body={"snippet": BODY["snippet"]}))
    assert answer.json()["status"]["privacyStatus"] == "public"


async def test_a_wrong_token_is_401_and_a_narrow_one_cannot_read_back(youtube: YouTube) -> None:
    url = youtube.base + "/youtube/v3/channels?part=id&mine=true"
    wrong = await youtube.http.get(url, headers={"Authorization": "Bearer nonsense"})
    narrow = await youtube.http.get(url, headers=youtube.token(scope=google.SCOPE_ROOT + "youtube.upload"))
    assert reason(wrong) == (401, "global", "authError")
    assert wrong.json()["error"]["status"] == "UNAUTHENTICATED"
    assert reason(narrow) == (403, "global", "insufficientPermissions")


async def test_an_upload_is_processed_after_a_second_or_rejected_or_failed(youtube: YouTube, clock: Clock) -> None:
    good = await youtube.upload()
    youtube.fault("rejected", body="copyright")
    rejected, junk = await youtube.upload(), await youtube.upload(data=b"no film" * 9)
    parts = {"part": "status,processingDetails", "id": f"{good},{rejected},{junk}"}
    before = (await youtube.get("videos", **parts)).json()["items"]
    clock.now_s += 1.5
    after = (await youtube.get("videos", **parts)).json()["items"]
    assert [item["status"]["uploadStatus"] for item in before] == ["uploaded"] * 3
    assert [item["processingDetails"]["processingStatus"] for item in before] == ["processing"] * 3
    assert [item["status"]["uploadStatus"] for item in after] == ["processed", "rejected", "failed"]
    assert after[1]["status"]["rejectionReason"] == "copyright"
    assert after[2]["status"]["failureReason"] == "invalidFile"


async def test_the_uploads_playlist_lists_the_newest_first_in_pages(youtube: YouTube, clock: Clock) -> None:
    for number in range(7):
        await youtube.upload(f"Film {number}")
        clock.now_s += 1
    channel = (await youtube.get("channels", part="contentDetails", mine="true")).json()["items"][0]
    playlist = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    titles, token = [], ""
    while True:
        query = {"part": "snippet", "playlistId": playlist, "maxResults": 3, "pageToken": token}
        page = (await youtube.get("playlistItems", **query)).json()
        titles += [item["snippet"]["title"] for item in page["items"]]
        if "nextPageToken" not in page:
            break
        token = page["nextPageToken"]
    assert titles == [f"Film {number}" for number in reversed(range(7))]
    assert page["pageInfo"]["totalResults"] == 7


async def test_strangers_see_neither_private_videos_nor_a_playlist_without_videos(youtube: YouTube) -> None:
    private, public = await youtube.upload(), await youtube.upload(privacyStatus="public")
    seen = (await youtube.get("videos", channel="tame", part="status", id=f"{private},{public}")).json()["items"]
    listed = await youtube.get("playlistItems", channel="tame", part="contentDetails", playlistId="UUwild")
    assert [item["id"] for item in seen] == [public]
    assert [item["contentDetails"]["videoId"] for item in listed.json()["items"]] == [public]
    nowhere = await youtube.get("playlistItems", part="id", playlistId="UUnobody")
    assert reason(nowhere) == (404, "youtube.playlistItem", "playlistNotFound")


async def test_an_update_replaces_whole_parts_of_own_videos_only(youtube: YouTube) -> None:
    video_id = await youtube.upload()
    url, headers = youtube.base + "/youtube/v3/videos", youtube.token()
    body = {"id": video_id, "snippet": {"title": "New", "categoryId": "15"}, "status": {"privacyStatus": "public"}}
    answer = (await youtube.http.put(url + "?part=snippet,status", json=body, headers=headers)).json()
    foreign = await youtube.http.put(url + "?part=status", json=body, headers=youtube.token("tame"))
    assert (answer["snippet"]["title"], answer["snippet"]["description"]) == ("New", "")
    assert "tags" not in answer["snippet"]
    assert (answer["status"]["privacyStatus"], answer["status"]["uploadStatus"]) == ("public", "uploaded")
    assert reason(foreign) == (404, "youtube.video", "videoNotFound")


# Google's own client, in a thread because it blocks.


def client(youtube: YouTube) -> Any:
    document = json.loads(
        (resources.files("googleapiclient") / "discovery_cache/documents/youtube.v3.json").read_text()
    )
    document["rootUrl"] = document["baseUrl"] = youtube.base + "/"
    token = youtube.token()["Authorization"].removeprefix("Bearer ")
    http = AuthorizedHttp(Credentials(token), http=build_http())
    return build_from_document(document, http=http)


async def with_client(youtube: YouTube, work: Callable[[Any], Any]) -> Any:
    def run() -> Any:
        with client(youtube) as service:
            return work(service)

    return await asyncio.to_thread(run)


def request_of(service: Any, film: Path, chunk: int = BLOCK) -> HttpRequest:
    media = MediaFileUpload(str(film), mimetype="video/mp4", chunksize=chunk, resumable=True)
    request: HttpRequest = service.videos().insert(part="snippet,status", body=BODY, media_body=media)
    return request


def finish(request: HttpRequest) -> dict[str, Any]:
    answer: dict[str, Any] | None = None
    while answer is None:
        _, answer = request.next_chunk()
    request.resumable.stream().close()
    return answer


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(FILM)
    return path


async def test_googles_client_uploads_in_chunks_and_reads_back(youtube: YouTube, film: Path) -> None:
    def work(service: Any) -> tuple[str, str, list[str]]:
        uploaded = finish(request_of(service, film))["id"]
        listed = service.videos().list(part="status,snippet", id=uploaded).execute()["items"][0]
        own = service.channels().list(part="contentDetails", mine=True).execute()["items"][0]
        playlist = own["contentDetails"]["relatedPlaylists"]["uploads"]
        items = service.playlistItems().list(part="contentDetails", playlistId=playlist).execute()["items"]
        return uploaded, listed["snippet"]["title"], [item["contentDetails"]["videoId"] for item in items]

    video_id, title, listed = await with_client(youtube, work)
    assert (title, listed) == ("Bears", [video_id])
    assert youtube.stored(video_id) == FILM


async def test_googles_client_resumes_in_a_new_request_after_its_process_died(youtube: YouTube, film: Path) -> None:
    def begin(service: Any) -> str:
        request = request_of(service, film)
        request.next_chunk()
        request.next_chunk()
        request.resumable.stream().close()
        return str(request.resumable_uri)

    address = await with_client(youtube, begin)
    assert (await youtube.ask(address)).headers["Range"] == f"bytes=0-{2 * BLOCK - 1}"

    def resume(service: Any) -> dict[str, Any]:
        request = request_of(service, film)
        request.resumable_uri = address
        request._in_error_state = True
        return finish(request)

    video_id = (await with_client(youtube, resume))["id"]
    sent = [entry for entry in youtube.context.requests if entry["method"] == "PUT"]
    sizes = [int(entry["headers"]["Content-Length"]) for entry in sent]
    assert youtube.stored(video_id) == FILM
    assert sum(sizes) == len(FILM)


async def test_googles_client_copes_with_partial_chunks_and_a_503(youtube: YouTube, film: Path) -> None:
    youtube.fault("partial_chunk", skip=1)

    def work(service: Any) -> dict[str, Any]:
        request = request_of(service, film, 2 * BLOCK)
        request.next_chunk()
        youtube.fault("status", status=503, endpoint="PUT *")
        with pytest.raises(HttpError, match="503"):
            request.next_chunk()
        return finish(request)

    assert youtube.stored((await with_client(youtube, work))["id"]) == FILM


async def test_googles_client_names_the_daily_limit(youtube: YouTube, film: Path) -> None:
    youtube.fault("daily_limit", times=None)

    def work(service: Any) -> str:
        request = request_of(service, film)
        with pytest.raises(HttpError) as caught:
            finish(request)
        request.resumable.stream().close()
        return f"{caught.value.status_code} {caught.value.reason}"

    assert (await with_client(youtube, work)).startswith("429 Quota exceeded for quota metric 'Video Uploads'")
