"""Playlists and what is in them. The list of uploads keeps itself; others take a video any number of times."""

import secrets
from typing import Any

from aiohttp import web

from videod.sandbox.youtube import access, errors, resources
from videod.sandbox.youtube.asking import enter, json_body, listed, page, part, parts_of, span
from videod.sandbox.youtube.library import Library

WRITE_COST = 50
TITLE_CHARACTERS, MOST_ITEMS = 150, 5000
Playlist = dict[str, Any]
Item = dict[str, Any]
Parts = list[str]
#: a video's id and the item as it is shown
Rows = list[tuple[str, dict[str, Any]]]


class Playlists:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._context = library.context

    # --- playlists

    async def list(self, request: web.Request) -> web.Response:
        channel, query = enter(self._library, request, access.READ), request.query
        parts = parts_of(request)
        if "id" in query:
            wanted = listed(query.getall("id"))
            found = [self._library.playlists[one] for one in wanted if one in self._library.playlists]
        elif query.get("mine") == "true" or "channelId" in query:
            owner = channel if query.get("mine") == "true" else query["channelId"].removeprefix("UC")
            found = [one for one in self._library.playlists.values() if one["channel"] == owner]
        else:
            raise errors.bad("missingRequiredParameter", "No filter selected. Expected one of: id, mine, channelId")
        seen = [one for one in found if one["channel"] == channel or one["privacy"] != "private"]
        begin, size = span(request)
        shown = [resources.playlist(one, parts) for one in seen[begin : begin + size]]
        following = str(begin + size) if begin + size < len(seen) else None
        return page("youtube#playlistListResponse", shown, len(seen), size, following)

    async def insert(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.WRITE, WRITE_COST)
        parts, body = parts_of(request), await json_body(request)
        kept: Playlist = {
            "id": f"PL{secrets.token_urlsafe(24)}", "channel": channel, "at_ms": self._context.now_ms(), "items": [],
            **_written(body),
        }  # fmt: skip
        self._library.playlists[kept["id"]] = kept
        self._library.save()
        return web.json_response(resources.playlist(kept, parts))

    async def update(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.WRITE, WRITE_COST)
        parts, body = parts_of(request), await json_body(request)
        kept = self._playlist(str(body.get("id", "")), channel)
        kept |= _written(body)
        self._library.save()
        return web.json_response(resources.playlist(kept, parts))

    async def delete(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.WRITE, WRITE_COST)
        del self._library.playlists[self._playlist(request.query.get("id", ""), channel)["id"]]
        self._library.save()
        return web.Response(status=204)

    def _playlist(self, playlist_id: str, channel: str, domain: str = "youtube.playlist") -> Playlist:
        kept = self._library.playlists.get(playlist_id)
        if kept is None:
            text = "The playlist identified with the request's <code>playlistId</code> parameter cannot be found."
            raise errors.not_found("playlistNotFound", text, domain)
        if kept["channel"] != channel:
            text = "The playlist cannot be changed because the request is not properly authorized."
            raise errors.Denied(403, domain, "playlistForbidden", text)
        return kept

    # --- their items

    async def items(self, request: web.Request) -> web.Response:
        channel, query = enter(self._library, request, access.READ), request.query
        parts = parts_of(request)
        if "id" in query:
            wanted = listed(query.getall("id"))
            rows = [
                (one, item) for one in self._library.playlists.values() for item in one["items"] if item["id"] in wanted
            ]
            shown = [self._show(one, item, one["items"].index(item), parts) for one, item in rows]
            return page("youtube#playlistItemListResponse", shown, len(shown))
        playlist = query.get("playlistId", "")
        rows_of = self._uploads if playlist.startswith("UU") else self._stored
        found = [row for row in rows_of(playlist, channel, parts) if query.get("videoId") in (None, row[0])]
        begin, size = span(request)
        shown = [row[1] for row in found[begin : begin + size]]
        following = str(begin + size) if begin + size < len(found) else None
        return page("youtube#playlistItemListResponse", shown, len(found), size, following)

    def _uploads(self, playlist: str, channel: str, parts: Parts) -> Rows:
        owner = playlist.removeprefix("UU")
        if owner != channel and not any(self._library.uploads_of(owner)):
            raise _no_playlist()
        kept = [
            video for video in self._library.uploads_of(owner)
            if owner == channel or video["status"]["privacyStatus"] == "public"
        ]  # fmt: skip
        return [(video["id"], resources.playlist_item(video, at, parts)) for at, video in enumerate(kept)]

    def _stored(self, playlist: str, channel: str, parts: Parts) -> Rows:
        kept = self._library.playlists.get(playlist)
        if kept is None or (kept["channel"] != channel and kept["privacy"] == "private"):
            raise _no_playlist()
        return [(item["video_id"], self._show(kept, item, at, parts)) for at, item in enumerate(kept["items"])]

    def _show(self, playlist: Playlist, item: Item, at: int, parts: Parts) -> dict[str, Any]:
        video = self._library.videos.get(item["video_id"])
        return resources.listed_item(playlist, item, video, at, parts)

    async def add(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.WRITE, WRITE_COST)
        parts, body = parts_of(request), await json_body(request)
        snippet = part(body, "snippet")
        playlist, video_id, position = self._asked(snippet, channel)
        endpoint = f"{request.method} {request.path}"
        video = self._library.videos.get(video_id)
        lost = self._context.faults.take("youtube", endpoint, ("listing_not_found",)) is not None
        if lost or video is None or (video["channel"] != channel and video["status"]["privacyStatus"] == "private"):
            raise errors.not_found("videoNotFound", "Video not found.", "youtube.playlistItem")
        again = any(item["video_id"] == video_id for item in playlist["items"])
        if again and self._context.faults.take("youtube", endpoint, ("no_duplicates",)) is not None:
            text = "The video is already in the playlist."
            raise errors.Denied(409, "youtube.playlistItem", "videoAlreadyInPlaylist", text)
        if len(playlist["items"]) >= MOST_ITEMS:
            text = "The playlist already contains the maximum allowed number of items."
            raise errors.Denied(403, "youtube.playlistItem", "playlistContainsMaximumNumberOfVideos", text)
        if position is not None and self._context.faults.take("youtube", endpoint, ("sorted_list",)) is not None:
            text = "The request attempted to set the item's position, but the playlist does not use manual sorting."
            raise _invalid("manualSortRequired", text)
        name = f"UEw{secrets.token_urlsafe(30)}"
        item = {"id": name, "video_id": video_id, "at_ms": self._context.now_ms()}
        at = len(playlist["items"]) if position is None else min(position, len(playlist["items"]))
        playlist["items"].insert(at, item)
        self._library.save()
        return web.json_response(self._show(playlist, item, at, parts))

    async def move(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.WRITE, WRITE_COST)
        parts, body = parts_of(request), await json_body(request)
        playlist, video_id, position = self._asked(part(body, "snippet"), channel)
        item = next((one for one in playlist["items"] if one["id"] == body.get("id")), None)
        if item is None or item["video_id"] != video_id:
            raise errors.not_found("playlistItemNotFound", "Playlist item not found.", "youtube.playlistItem")
        playlist["items"].remove(item)
        at = len(playlist["items"]) if position is None else min(position, len(playlist["items"]))
        playlist["items"].insert(at, item)
        self._library.save()
        return web.json_response(self._show(playlist, item, at, parts))

    async def remove(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.WRITE, WRITE_COST)
        for playlist in self._library.playlists.values():
            for item in playlist["items"]:
                if item["id"] == request.query.get("id"):
                    self._playlist(playlist["id"], channel, "youtube.playlistItem")["items"].remove(item)
                    self._library.save()
                    return web.Response(status=204)
        raise errors.not_found("playlistItemNotFound", "Playlist item not found.", "youtube.playlistItem")

    def _asked(self, snippet: dict[str, Any], channel: str) -> tuple[Playlist, str, int | None]:
        """The playlist, the video and the place that an item names. Raises Denied."""
        resource, position = part(snippet, "resourceId"), snippet.get("position")
        if "playlistId" not in snippet:
            raise _invalid("playlistIdRequired", "The request does not specify the required playlistId property.")
        if not resource:
            raise _invalid(
                "resourceIdRequired",
                "The request must contain a resource in which the snippet object specifies a resourceId.",
            )
        if str(snippet["playlistId"]).startswith("UU"):
            raise _invalid(
                "playlistOperationUnsupported",
                "The API does not support the ability to insert videos into the specified playlist.",
            )
        if resource.get("kind") != "youtube#video":
            raise _invalid(
                "invalidResourceType", "The type specified for the resource ID is not supported for this operation."
            )
        if position is not None and (isinstance(position, bool) or not isinstance(position, int) or position < 0):
            raise _invalid(
                "invalidPlaylistItemPosition",
                "The request attempts to set the playlist item's position to an invalid value.",
            )
        playlist = self._playlist(str(snippet["playlistId"]), channel, "youtube.playlistItem")
        return playlist, str(resource.get("videoId", "")), position


def _invalid(reason: str, message: str) -> errors.Denied:
    return errors.Denied(400, "youtube.playlistItem", reason, message)


def _no_playlist() -> errors.Denied:
    text = "The playlist identified with the request's <code>playlistId</code> parameter cannot be found."
    return errors.not_found("playlistNotFound", text, "youtube.playlistItem")


def _written(body: dict[str, Any]) -> dict[str, Any]:
    """What a person may write of a playlist: a part that is left out is empty again."""
    snippet, status = part(body, "snippet"), part(body, "status")
    title, privacy = snippet.get("title"), status.get("privacyStatus", "public")
    if not isinstance(title, str) or not title.strip():
        text = "The request must specify a playlist title."
        raise errors.Denied(400, "youtube.playlist", "playlistTitleRequired", text)
    if len(title) > TITLE_CHARACTERS or privacy not in ("public", "unlisted", "private"):
        raise errors.Denied(
            400, "youtube.playlist", "invalidPlaylistSnippet", "The request provides an invalid playlist snippet."
        )
    return {"title": title, "description": str(snippet.get("description", "")), "privacy": privacy}
