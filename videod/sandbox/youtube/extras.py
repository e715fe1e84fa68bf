"""What belongs to a video beside its film: thumbnails.set and captions (insert, list, update, delete, download)."""

import re
import secrets
from typing import Any

from aiohttp import web

from videod.sandbox.youtube import access, errors, resources
from videod.sandbox.youtube.asking import enter, part, parts_of
from videod.sandbox.youtube.library import Library, Video
from videod.sandbox.youtube.media import Media, Sent

THUMBNAIL_BYTES, CAPTION_BYTES = 52_428_800, 104_857_600
NAME_CHARACTERS = 150
COSTS = {"thumbnail": 50, "insert": 400, "list": 50, "update": 450, "delete": 50, "download": 200}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MINE = "The authenticated user doesn't have permissions to upload and set custom video thumbnails."


class Thumbnails:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._media = Media(library.context, THUMBNAIL_BYTES)

    async def set(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.UPLOAD, _cost(request, "thumbnail"))
        fault = self._library.context.faults.take(
            "youtube", f"{request.method} {request.path}", ("thumbnail_forbidden", "thumbnail_limit")
        )
        if fault is not None and fault.kind == "thumbnail_limit":
            text = "The channel has uploaded too many thumbnails recently. Please try the request again later."
            raise errors.Denied(429, "youtube.thumbnail", "uploadRateLimitExceeded", text)
        video = self._library.videos.get(request.query.get("videoId", ""))
        if video is None:
            text = "The video that you are trying to set a thumbnail for cannot be found."
            raise errors.not_found("videoNotFound", text, "youtube.thumbnail")
        if fault is not None or video["channel"] != channel:
            where = ("header", "Authorization")
            raise errors.Denied(403, "youtube.thumbnail", "forbidden", _MINE, where=where)
        sent = await self._media.receive(request)
        if isinstance(sent, web.Response):
            return sent
        if not sent.file:
            text = "The request does not include the image content."
            raise errors.Denied(400, "youtube.thumbnail", "mediaBodyRequired", text)
        if not sent.file.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
            raise errors.Denied(400, "youtube.thumbnail", "invalidImage", "The provided image content is invalid.")
        self._library.keep_thumbnail(video, sent.file)
        shown = {
            "kind": "youtube#thumbnailSetResponse",
            "etag": resources.etag(video),
            "items": [resources.thumbnails(video)],
        }
        return web.json_response(shown)


class Captions:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._media = Media(library.context, CAPTION_BYTES)

    async def insert(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.CAPTIONS, _cost(request, "insert"))
        parts_of(request)
        sent = await self._media.receive(request)
        if isinstance(sent, web.Response):
            return sent
        snippet = part(sent.body, "snippet")
        video = self._video(str(snippet.get("videoId", "")), channel)
        name, language = snippet.get("name", ""), snippet.get("language")
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language) or not isinstance(name, str):
            raise _denied(400, "invalidMetadata", "The request contains invalid metadata values.")
        if len(name) > NAME_CHARACTERS:
            raise _denied(400, "nameTooLong", "The snippet.name specified in the request is too long.")
        if not sent.file:
            raise _denied(400, "contentRequired", "The request does not contain the caption track contents.")
        if any(
            (one["video_id"], one["language"], one["name"]) == (video["id"], language, name)
            for one in self._library.captions.values()
        ):
            text = "The specified video already has a caption track with the given snippet.language and snippet.name."
            raise _denied(409, "captionExists", text)
        caption = {
            "id": f"AUieDa{secrets.token_urlsafe(24)}", "video_id": video["id"], "language": language, "name": name,
            "is_draft": snippet.get("isDraft") is True,
        }  # fmt: skip
        return self._keep(caption, sent)

    async def list(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.CAPTIONS, COSTS["list"])
        parts = parts_of(request)
        video = self._video(request.query.get("videoId", ""), channel)
        wanted = {one for value in request.query.getall("id", []) for one in value.split(",")}
        found = [
            one for one in self._library.captions.values()
            if one["video_id"] == video["id"] and (not wanted or one["id"] in wanted)
        ]  # fmt: skip
        items = [resources.caption(one, parts, self._library.context.now_ms()) for one in found]
        body = {"kind": "youtube#captionListResponse", "etag": resources.etag(items), "items": items}
        return web.json_response(body)

    async def change(self, request: web.Request) -> web.Response:
        """A PUT: of a new track's file, where a POST began its upload, else of a track that is there."""
        return await (self.insert(request) if self._media.is_new(request) else self.update(request))

    async def update(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.CAPTIONS, _cost(request, "update"))
        parts_of(request)
        sent = await self._media.receive(request)
        if isinstance(sent, web.Response):
            return sent
        caption = self._caption(str(sent.body.get("id", "")), channel)
        draft = part(sent.body, "snippet").get("isDraft")
        return self._keep(caption | ({"is_draft": draft} if isinstance(draft, bool) else {}), sent)

    async def delete(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.CAPTIONS, COSTS["delete"])
        caption = self._caption(request.query.get("id", ""), channel)
        del self._library.captions[caption["id"]]
        self._library.caption_file(caption["id"]).unlink(missing_ok=True)
        self._library.save()
        return web.Response(status=204)

    async def download(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.CAPTIONS, COSTS["download"])
        caption = self._caption(request.match_info["id"], channel)
        text = self._library.caption_file(caption["id"]).read_text(errors="replace")
        wanted = request.query.get("tfmt", caption["format"])
        turned = converted(text, str(caption["format"]), wanted)
        if turned is None or "tlang" in request.query:
            text = "The caption track data could not be converted to the requested language and/or format."
            raise _denied(400, "couldNotConvert", text)
        return web.Response(body=turned.encode(), content_type="application/octet-stream")

    def _keep(self, caption: dict[str, Any], sent: Sent) -> web.Response:
        if sent.file:
            self._library.caption_file(caption["id"]).write_bytes(sent.file)
            caption |= {"format": form(sent.file), "at_ms": self._library.context.now_ms()}
        self._library.captions[caption["id"]] = caption
        self._library.save()
        shown = resources.caption(caption, ["snippet"], self._library.context.now_ms())
        return web.json_response(shown)

    def _video(self, video_id: str, channel: str) -> Video:
        video = self._library.videos.get(video_id)
        if video is None:
            raise _denied(404, "videoNotFound", "The video identified by the videoId parameter could not be found.")
        if video["channel"] != channel:
            text = "The permissions associated with the request are not sufficient to access the caption tracks."
            raise _denied(403, "forbidden", text)
        return video

    def _caption(self, caption_id: str, channel: str) -> dict[str, Any]:
        caption = self._library.captions.get(caption_id)
        if caption is None:
            raise _denied(404, "captionNotFound", "The caption track could not be found.")
        self._video(caption["video_id"], channel)
        return caption


def _cost(request: web.Request, call: str) -> int:
    """What a call costs; the later requests of a resumable upload are no calls of their own."""
    return 0 if "upload_id" in request.query else COSTS[call]


def _denied(http: int, reason: str, message: str) -> errors.Denied:
    return errors.Denied(http, "youtube.caption", reason, message)


_SRT_TIME = re.compile(r"(\d\d:\d\d:\d\d),(\d{3})")
_VTT_TIME = re.compile(r"(\d\d:\d\d:\d\d)\.(\d{3})")


def form(file: bytes) -> str | None:
    """The format that YouTube would see in it: srt, vtt, sbv or ttml; None for anything else."""
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if text.startswith("WEBVTT"):
        return "vtt"
    if "http://www.w3.org/ns/ttml" in text[:2000]:
        return "ttml"
    if re.search(r"\d\d:\d\d:\d\d,\d{3} --> ", text):
        return "srt"
    return "sbv" if re.search(r"^\d+:\d\d:\d\d\.\d{3},\d+:\d\d:\d\d\.\d{3}$", text, re.MULTILINE) else None


def converted(text: str, have: str, want: str) -> str | None:
    """The track in another format; None where it cannot be."""
    if have == want:
        return text
    if (have, want) == ("srt", "vtt"):
        return "WEBVTT\n\n" + _SRT_TIME.sub(r"\1.\2", text)
    if (have, want) == ("vtt", "srt"):
        return _VTT_TIME.sub(r"\1,\2", text.partition("\n\n")[2])
    return None
