"""Everything but the upload: videos.list and update, channels.list, playlistItems.list."""

import json
from typing import Any

from aiohttp import web

from videod.sandbox.youtube import access, errors, metadata, resources
from videod.sandbox.youtube.library import Library, Video

UPDATE_COST = 50
MOST_RESULTS = 50


class Reading:
    def __init__(self, library: Library) -> None:
        self._library = library

    def _enter(self, request: web.Request, scopes: frozenset[str], cost: int = 1) -> str:
        channel = access.channel_of(self._library.context, request, scopes)
        self._library.met(channel)
        self._library.spend("units", cost, f"{request.method} {request.path}")
        return channel

    async def videos(self, request: web.Request) -> web.Response:
        channel = self._enter(request, access.READ)
        parts = _parts(request)
        if "id" not in request.query:
            raise errors.bad("missingRequiredParameter", "No filter selected. Expected one of: chart, id, myRating")
        items = []
        for video_id in _list(request.query.getall("id"))[:MOST_RESULTS]:
            kept = self._library.videos.get(video_id)
            if kept is not None and (kept["channel"] == channel or kept["status"]["privacyStatus"] != "private"):
                self._library.settle(kept)
                self._judged(request, kept)
                items.append(resources.video(kept, parts, owner=kept["channel"] == channel))
        return _page("youtube#videoListResponse", items, len(items))

    def _judged(self, request: web.Request, kept: Video) -> None:
        """By a fault the video gets another verdict now, however late that is: "rejected duplicate", "processed"."""
        took = self._library.context.faults.take("youtube", f"{request.method} {request.path}", ("verdict",))
        if took is not None:
            said, _, reason = (took.body or "rejected duplicate").partition(" ")
            status = {name: value for name, value in kept["status"].items() if name not in resources.ENDINGS}
            named = {"rejected": "rejectionReason", "failed": "failureReason"}.get(said)
            kept["status"] = status | {"uploadStatus": said} | ({named: reason} if named and reason else {})
            self._library.save()

    async def update(self, request: web.Request) -> web.Response:
        """videos.update: every named part is replaced as a whole."""
        channel = self._enter(request, access.WRITE, UPDATE_COST)
        parts = _parts(request)
        try:
            body = json.loads(await request.read())
        except ValueError:
            raise errors.bad("parseError", "Parse Error") from None
        kept = self._library.videos.get(str(body.get("id")) if isinstance(body, dict) else "")
        if kept is None or kept["channel"] != channel:
            raise errors.not_found("videoNotFound", "The video that you are trying to update cannot be found.")
        self._replace(kept, parts, body)
        self._library.save()
        return web.json_response(resources.video(kept, parts, owner=True))

    @staticmethod
    def _replace(kept: Video, parts: list[str], body: dict[str, Any]) -> None:
        snippet = metadata.snippet(body.get("snippet")) if "snippet" in parts else kept["snippet"]
        status = kept["status"]
        if "status" in parts:
            system = ("uploadStatus", "failureReason", "rejectionReason")
            written = metadata.status(body.get("status"), was=status["privacyStatus"])
            written["madeForKids"] = written["selfDeclaredMadeForKids"]
            status = written | {name: status[name] for name in system if name in status}
        kept |= {"snippet": snippet, "status": status}

    async def channels(self, request: web.Request) -> web.Response:
        """channels.list: by `mine`, `id`, `forHandle` or `forUsername`, exactly one of them."""
        channel, query = self._enter(request, access.READ), request.query
        given = [name for name in ("mine", "id", "forHandle", "forUsername") if query.get(name)]
        if len(given) != 1:
            text = "No filter selected." if not given else "Incompatible parameters specified in the request."
            reason = "missingRequiredParameter" if not given else "incompatibleParameters"
            raise errors.bad(reason, f"{text} Expected one of: id, mine, forHandle, forUsername")
        known = self._library.channels()
        match given[0]:
            case "mine" if query["mine"] == "true":
                found = self._mine(request, channel)
            case "id":
                wanted = _list(query.getall("id"))
                found = [name for name in known if resources.channel_id(name) in wanted]
            case "forHandle":
                found = [name for name in known if name.casefold() == query["forHandle"].removeprefix("@").casefold()]
            case _:  # nobody here is older than the handles
                found = []
        shown = [resources.channel(name, _parts(request)) for name in found]
        return _page("youtube#channelListResponse", shown, len(shown))

    def _mine(self, request: web.Request, channel: str) -> list[str]:
        """The channel that the person chose at the consent; by a fault none, or some of the account's others too."""
        took = self._library.context.faults.take(
            "youtube", f"{request.method} {request.path}", ("no_channel", "more_channels")
        )
        if took is None:
            return [channel]
        return [] if took.kind == "no_channel" else [channel, *_list([took.body or "another"])]

    async def playlist_items(self, request: web.Request) -> web.Response:
        channel = self._enter(request, access.READ)
        playlist = request.query.get("playlistId", "")
        owner = playlist.removeprefix("UU")
        if not playlist.startswith("UU") or (owner != channel and not any(self._library.uploads_of(owner))):
            text = "The playlist identified with the request's <code>playlistId</code> parameter cannot be found."
            raise errors.not_found("playlistNotFound", text, "youtube.playlistItem")
        kept = [
            video for video in self._library.uploads_of(owner)
            if owner == channel or video["status"]["privacyStatus"] == "public"
        ]  # fmt: skip
        size, begin = _whole(request, "maxResults", 5), _whole(request, "pageToken", 0)
        if not 0 <= size <= MOST_RESULTS:
            raise errors.bad("invalidParameter", "Invalid value for maxResults. Values must be within [0, 50].")
        parts, end = _parts(request), begin + size
        shown = [resources.playlist_item(video, begin + at, parts) for at, video in enumerate(kept[begin:end])]
        return _page("youtube#playlistItemListResponse", shown, len(kept), size, str(end) if end < len(kept) else None)


def _list(values: list[str]) -> list[str]:
    """A list parameter may be repeated, hold commas, or both."""
    return [item for value in values for item in value.split(",") if item]


def _parts(request: web.Request) -> list[str]:
    parts = _list(request.query.getall("part", []))
    if not parts:
        raise errors.bad("missingRequiredParameter", "Required parameter: part")
    return parts


def _whole(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, "") or str(default)
    if not value.isdecimal():
        raise errors.bad(
            "invalidPageToken" if name == "pageToken" else "invalidParameter", f"Invalid value for {name}."
        )
    return int(value)


def _page(
    kind: str, items: list[dict[str, Any]], total: int, size: int = 5, following: str | None = None
) -> web.Response:
    body: dict[str, Any] = {"kind": kind, "pageInfo": {"totalResults": total, "resultsPerPage": size}, "items": items}
    if not items and kind == "youtube#channelListResponse":
        del body["items"]  # as the real one does
    return web.json_response(body | ({"nextPageToken": following} if following is not None else {}))
