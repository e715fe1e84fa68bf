"""The simulated YouTube beside the films, with Google's own client: captions, thumbnails, playlists, search, deletion,
and verdicts that come late."""

import io
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from tests.sandbox.test_youtube import YouTube, clock, http, reason, with_client, youtube
from videod.sandbox import google, host

__all__ = ["clock", "http", "youtube"]

SRT = "1\n00:00:01,000 --> 00:00:02,500\nA bear waits.\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
#: every part that a video has for its owner
PARTS = "id,snippet,status,contentDetails,processingDetails,suggestions,statistics,fileDetails"

pytestmark = pytest.mark.fault("11.1")


def media(data: bytes, kind: str = "application/octet-stream", resumable: bool = False, chunk: int = 262_144) -> Any:
    return MediaIoBaseUpload(io.BytesIO(data), mimetype=kind, resumable=resumable, chunksize=chunk)


def refused(request: Any) -> tuple[int, str, str]:
    with pytest.raises(HttpError) as caught:
        request.execute()
    detail = caught.value.error_details[0]
    return caught.value.status_code, detail["domain"], detail["reason"]


@pytest.mark.parametrize("resumable", [False, True])
async def test_captions_are_added_listed_changed_fetched_and_removed(
    youtube: YouTube, clock: Any, resumable: bool
) -> None:
    video_id = await youtube.upload()

    def track(service: Any, data: bytes = SRT.encode(), **snippet: Any) -> Any:
        body = {"snippet": {"videoId": video_id, "language": "en", "name": "English", **snippet}}
        sent = media(data, resumable=resumable) if data else None
        return service.captions().insert(part="snippet", body=body, media_body=sent)

    def work(service: Any) -> None:
        made = track(service).execute()
        assert (made["snippet"]["status"], made["snippet"]["trackKind"]) == ("syncing", "standard")
        assert refused(track(service)) == (409, "youtube.caption", "captionExists")
        assert track(service, name="English (CC)").execute()["id"] != made["id"]
        assert refused(track(service, name="x" * 151)) == (400, "youtube.caption", "nameTooLong")
        assert refused(track(service, language="no language")) == (400, "youtube.caption", "invalidMetadata")
        assert refused(track(service, data=b"", language="de")) == (400, "youtube.caption", "contentRequired")
        assert refused(track(service, videoId="nobody")) == (404, "youtube.caption", "videoNotFound")
        strange = track(service, data=b"no captions at all", language="de").execute()
        clock.now_s += 5
        listed = service.captions().list(part="snippet", videoId=video_id).execute()["items"]
        assert {one["snippet"]["status"] for one in listed} == {"serving", "failed"}
        (failed,) = [one["snippet"] for one in listed if one["id"] == strange["id"]]
        assert failed["failureReason"] == "unknownFormat"
        assert service.captions().download(id=made["id"]).execute() == SRT.encode()
        vtt = service.captions().download(id=made["id"], tfmt="vtt").execute().decode()
        assert vtt.startswith("WEBVTT\n\n") and "00:00:01.000 --> 00:00:02.500" in vtt
        assert refused(service.captions().download(id=made["id"], tfmt="sbv"))[2] == "couldNotConvert"
        other = SRT.replace("bear", "fox").encode()
        body = {"id": made["id"], "snippet": {"isDraft": True}}
        changed = service.captions().update(part="snippet", body=body, media_body=media(other, resumable=resumable))
        assert changed.execute()["snippet"]["isDraft"] is True
        assert service.captions().download(id=made["id"]).execute() == other
        service.captions().delete(id=made["id"]).execute()
        assert refused(service.captions().delete(id=made["id"])) == (404, "youtube.caption", "captionNotFound")

    await with_client(youtube, work)


async def test_captions_want_the_scope_that_is_for_them(youtube: YouTube) -> None:
    video_id = await youtube.upload()
    for scope, status in (("youtube.readonly", 403), ("youtube.upload", 403), ("youtube.force-ssl", 200)):
        headers = youtube.token(scope=google.SCOPE_ROOT + scope)
        url = f"{youtube.base}/youtube/v3/captions?part=snippet&videoId={video_id}"
        assert (await youtube.http.get(url, headers=headers)).status_code == status
    foreign = await youtube.http.get(url, headers=youtube.token("tame"))
    assert reason(foreign) == (403, "youtube.caption", "forbidden")


@pytest.mark.parametrize("resumable", [False, True])
async def test_a_thumbnail_is_set_and_seen(youtube: YouTube, resumable: bool) -> None:
    video_id = await youtube.upload()

    def work(service: Any) -> None:
        def put(data: bytes | None, video: str = video_id) -> Any:
            sent = media(data, "image/png", resumable) if data is not None else None
            return service.thumbnails().set(videoId=video, media_body=sent)

        def seen() -> bool:
            found = service.videos().list(part="contentDetails", id=video_id).execute()
            return bool(found["items"][0]["contentDetails"]["hasCustomThumbnail"])

        assert not seen()
        assert refused(put(b"no picture")) == (400, "youtube.thumbnail", "invalidImage")
        assert refused(put(None)) == (400, "youtube.thumbnail", "mediaBodyRequired")
        assert refused(put(PNG, "nobody")) == (404, "youtube.thumbnail", "videoNotFound")
        done = put(PNG).execute()
        assert done["kind"] == "youtube#thumbnailSetResponse" and "maxres" in done["items"][0]
        assert seen()
        youtube.fault("thumbnail_forbidden")
        assert refused(put(PNG)) == (403, "youtube.thumbnail", "forbidden")
        youtube.fault("thumbnail_limit")
        assert refused(put(PNG)) == (429, "youtube.thumbnail", "uploadRateLimitExceeded")

    await with_client(youtube, work)


async def test_playlists_are_made_filled_sorted_and_removed(youtube: YouTube) -> None:
    first, second = await youtube.upload("One"), await youtube.upload("Two")

    def work(service: Any) -> None:
        lists, items = service.playlists(), service.playlistItems()
        body = {"snippet": {"title": "Bears"}, "status": {"privacyStatus": "unlisted"}}
        made = lists.insert(part="snippet,status", body=body).execute()
        assert made["status"]["privacyStatus"] == "unlisted"
        assert refused(lists.insert(part="snippet", body={"snippet": {}}))[2] == "playlistTitleRequired"

        def add(video: str, position: int | None = None, playlist: str = made["id"], **resource: Any) -> Any:
            snippet = {"playlistId": playlist, "resourceId": {"kind": "youtube#video", "videoId": video, **resource}}
            snippet |= {} if position is None else {"position": position}
            return items.insert(part="snippet", body={"snippet": snippet})

        add(first).execute()
        early = add(second, 0).execute()
        assert add(first).execute()["snippet"]["position"] == 2, "a video may be in a list twice"
        listed = items.list(part="contentDetails", playlistId=made["id"], maxResults=2).execute()
        assert [one["contentDetails"]["videoId"] for one in listed["items"]] == [second, first]
        assert listed["pageInfo"]["totalResults"] == 3 and "nextPageToken" in listed
        only = items.list(part="id", playlistId=made["id"], videoId=first).execute()
        assert only["pageInfo"]["totalResults"] == 2
        moved = {"id": early["id"], "snippet": early["snippet"] | {"position": 2}}
        assert items.update(part="snippet", body=moved).execute()["snippet"]["position"] == 2
        assert refused(add("nobody")) == (404, "youtube.playlistItem", "videoNotFound")
        assert refused(add(first, playlist="PLnone")) == (404, "youtube.playlistItem", "playlistNotFound")
        assert refused(add(first, playlist="UUwild"))[2] == "playlistOperationUnsupported"
        assert refused(add(first, -1))[2] == "invalidPlaylistItemPosition"
        assert refused(add(first, kind="youtube#channel"))[2] == "invalidResourceType"
        for fault, position, status, word in (
            ("no_duplicates", None, 409, "videoAlreadyInPlaylist"), ("sorted_list", 1, 400, "manualSortRequired"),
            ("listing_not_found", None, 404, "videoNotFound"),
        ):  # fmt: skip
            youtube.fault(fault)
            assert refused(add(first, position)) == (status, "youtube.playlistItem", word)
        items.delete(id=early["id"]).execute()
        body = {"id": made["id"], "snippet": {"title": "All bears"}}
        assert lists.update(part="snippet,status", body=body).execute()["status"]["privacyStatus"] == "public"
        (mine,) = lists.list(part="snippet,contentDetails", mine=True).execute()["items"]
        assert (mine["snippet"]["title"], mine["contentDetails"]["itemCount"]) == ("All bears", 2)
        lists.delete(id=made["id"]).execute()
        assert refused(lists.delete(id=made["id"])) == (404, "youtube.playlist", "playlistNotFound")

    await with_client(youtube, work)


async def test_search_finds_public_videos_and_ones_own_and_has_a_pool_of_its_own(youtube: YouTube) -> None:
    private = await youtube.upload("Bears at night")
    public = await youtube.upload("Bears by day", privacyStatus="public")

    def work(service: Any) -> None:
        def found(**query: Any) -> list[str]:
            answer = service.search().list(part="snippet", type="video", **query).execute()
            return [one["id"]["videoId"] for one in answer["items"]]

        assert found(q="BEARS") == [public]
        assert set(found(q="bears", forMine=True)) == {private, public}
        assert found(q="wolves") == [] and found(channelId="UCwild") == [public] and found(channelId="UCtame") == []
        assert found(publishedAfter="2030-01-01T00:00:00Z") == []
        for _ in range(94):
            found(q="bears")
        with pytest.raises(HttpError, match="quota"):
            found(q="bears")
        assert service.videos().list(part="id", id=public).execute()["items"], "the other pool is untouched"

    await with_client(youtube, work)


async def test_a_deleted_video_is_gone_everywhere(youtube: YouTube) -> None:
    video_id = await youtube.upload()
    url = f"{youtube.base}/youtube/v3/videos?id={video_id}"
    foreign = await youtube.http.delete(url, headers=youtube.token("tame"))
    assert reason(foreign) == (404, "youtube.video", "videoNotFound")

    def work(service: Any) -> None:
        assert service.videos().delete(id=video_id).execute() in ("", b"")
        assert service.videos().list(part="id", id=video_id).execute()["items"] == []
        assert refused(service.videos().delete(id=video_id)) == (404, "youtube.video", "videoNotFound")
        assert service.playlistItems().list(part="id", playlistId="UUwild").execute()["items"] == []

    await with_client(youtube, work)


async def test_a_verdict_can_come_long_after_the_upload(youtube: YouTube, clock: Any) -> None:
    video_id = await youtube.upload()
    switch = youtube.context.switches["youtube"]

    async def look() -> dict[str, Any]:
        found: dict[str, Any] = (await youtube.get("videos", part=PARTS, id=video_id)).json()["items"][0]
        return found

    switch("processing", {"seconds": 600})
    working = await look()
    assert working["status"]["uploadStatus"] == "uploaded" and working["contentDetails"]["duration"] == "PT0S"
    assert working["processingDetails"]["processingProgress"]["partsTotal"] == "100", "numbers are texts"
    clock.now_s += 601
    assert (await look())["processingDetails"]["processingStatus"] == "succeeded"
    switch(f"videos/{video_id}", {
        "in_s": 3600, "status": {"uploadStatus": "rejected", "rejectionReason": "copyright"},
        "contentDetails": {"regionRestriction": {"blocked": ["DE"]}, "contentRating": {"ytRating": "ytAgeRestricted"}},
    })  # fmt: skip
    assert (await look())["status"]["uploadStatus"] == "processed"
    clock.now_s += 3601
    late = await look()
    assert (late["status"]["uploadStatus"], late["status"]["rejectionReason"]) == ("rejected", "copyright")
    assert late["contentDetails"]["regionRestriction"] == {"blocked": ["DE"]}
    switch("channels/wild", {"longUploadsStatus": "disallowed", "title": "Wild Life", "handle": "wildlife"})
    channel = (await youtube.get("channels", part="snippet,status", forHandle="@wildlife")).json()["items"][0]
    assert (channel["status"]["longUploadsStatus"], channel["snippet"]["title"]) == ("disallowed", "Wild Life")
    for what, body in (
        ("videos/none", {}),
        (f"videos/{video_id}", {"parts": 1}),
        ("processing", {"seconds": -1}),
        ("x", {}),
    ):
        with pytest.raises(ValueError, match=r"there is no|unknown part|number of seconds"):
            switch(what, body)


async def test_the_admin_address_sets_it(tmp_path: Path) -> None:
    import httpx

    from tests.harness.patience import PATIENCE_S
    from videod.sandbox.kernel import Options

    async with (
        await host.start(tmp_path, Options(), services=("google", "youtube")) as running,
        httpx.AsyncClient(timeout=PATIENCE_S) as asked,
    ):
        done = await asked.put(f"{running.admin_url}/set/youtube/processing", json={"seconds": 5})
        wrong = await asked.put(f"{running.admin_url}/set/youtube/nothing", json={})
        nobody = await asked.put(f"{running.admin_url}/set/gemini/x", json={})
    assert (done.status_code, done.json()) == (200, {"seconds": 5})
    assert (wrong.status_code, nobody.status_code) == (400, 400) and "videos/ID" in wrong.text


async def test_what_is_no_endpoint_is_answered_in_googles_shape(youtube: YouTube) -> None:
    answer = await youtube.get("nonsense")
    assert reason(answer) == (404, "global", "notFound")
