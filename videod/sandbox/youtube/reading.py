"""videos.list, update and delete, channels.list, search.list."""

from typing import Any

from aiohttp import web

from videod.sandbox.youtube import access, errors, metadata, resources
from videod.sandbox.youtube.asking import MOST_RESULTS, enter, json_body, listed, page, parts_of, span
from videod.sandbox.youtube.library import Library, Video

UPDATE_COST = 50


class Reading:
    def __init__(self, library: Library) -> None:
        self._library = library

    async def videos(self, request: web.Request) -> web.Response:
        channel = enter(self._library, request, access.READ)
        parts = parts_of(request)
        if "id" not in request.query:
            raise errors.bad("missingRequiredParameter", "No filter selected. Expected one of: chart, id, myRating")
        items = []
        for video_id in listed(request.query.getall("id"))[:MOST_RESULTS]:
            kept = self._library.videos.get(video_id)
            if kept is not None and (kept["channel"] == channel or kept["status"]["privacyStatus"] != "private"):
                self._library.settle(kept)
                self._judged(request, kept)
                items.append(resources.video(kept, parts, owner=kept["channel"] == channel))
        return page("youtube#videoListResponse", items, len(items))

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
        channel = enter(self._library, request, access.WRITE, UPDATE_COST)
        parts = parts_of(request)
        body = await json_body(request)
        kept = self._library.videos.get(str(body.get("id")))
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
        channel, query = enter(self._library, request, access.READ), request.query
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
                wanted = listed(query.getall("id"))
                found = [name for name in known if resources.channel_id(name) in wanted]
            case "forHandle":
                wanted_handle = query["forHandle"].removeprefix("@").casefold()
                found = [name for name in known if self._library.handle(name).casefold() == wanted_handle]
            case _:  # nobody here is older than the handles
                found = []
        shown = [resources.channel(name, parts_of(request), self._library.channel_facts.get(name)) for name in found]
        return page("youtube#channelListResponse", shown, len(shown))

    def _mine(self, request: web.Request, channel: str) -> list[str]:
        """The channel that the person chose at the consent; by a fault none, or some of the account's others too."""
        took = self._library.context.faults.take(
            "youtube", f"{request.method} {request.path}", ("no_channel", "more_channels")
        )
        if took is None:
            return [channel]
        return [] if took.kind == "no_channel" else [channel, *listed([took.body or "another"])]

    async def delete(self, request: web.Request) -> web.Response:
        """videos.delete: for good, with its captions and wherever it was listed."""
        channel = enter(self._library, request, access.WRITE, UPDATE_COST)
        kept = self._library.videos.get(request.query.get("id", ""))
        if kept is None or kept["channel"] != channel:
            raise errors.not_found("videoNotFound", "The video that you are trying to delete cannot be found.")
        self._library.remove(kept)
        return web.Response(status=204)

    async def search(self, request: web.Request) -> web.Response:
        """search.list over titles, descriptions and tags; private videos only with `forMine`. A pool of its own."""
        channel, query = enter(self._library, request, access.READ, 0), request.query
        project = access.project_of(self._library.context, request)
        self._library.spend("searches", 1, "GET /youtube/v3/search", project)
        parts_of(request)
        if query.get("type", "video") != "video" and ("forMine" in query or "publishedAfter" in query):
            raise errors.bad("invalidSearchFilter", "The request contains an invalid combination of search filters.")
        own, wanted = query.get("forMine") == "true", query.get("q", "").casefold()
        after, before = (errors.moment(query.get(name), name) for name in ("publishedAfter", "publishedBefore"))
        found = [
            video for video in self._library.videos.values()
            if (video["channel"] == channel if own else video["status"]["privacyStatus"] == "public")
            and query.get("channelId") in (None, resources.channel_id(video["channel"]))
            and wanted in resources.words(video) and "video" in listed([query.get("type", "video")])
            and (after is None or video["uploaded_at_ms"] >= after)
            and (before is None or video["uploaded_at_ms"] < before)
        ]  # fmt: skip
        found.sort(key=lambda video: -video["uploaded_at_ms"])
        begin, size = span(request)
        shown = [resources.search_result(video, parts_of(request)) for video in found[begin : begin + size]]
        following = str(begin + size) if begin + size < len(found) else None
        return page("youtube#searchListResponse", shown, len(found), size, following)
