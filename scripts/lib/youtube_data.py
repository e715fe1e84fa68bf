"""YouTube's own answers about channels and videos, asked with google-api-python-client.

The client knows addresses, parameters and shapes; its requests go over `scripts.lib.http`, so that deadlines, size
limits, proxies and the meaning of errors are the same as for uploads. It takes some 30 MB and half a second to load:
only a program that ends soon may use it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scripts.lib import answers, http, origins, youtube
from scripts.lib.answers import Json, dig
from scripts.lib.failures import Failure, Kind

#: as many ids fit into one question
AT_ONCE = 50
VIDEO_PARTS = "status,processingDetails,contentDetails,snippet"


@dataclass(frozen=True)
class YouTubeChannel:
    """A channel as YouTube names it. `handle` begins with @, or is empty."""

    id: str
    title: str
    handle: str = ""

    def __str__(self) -> str:
        return f'"{self.title}" ({self.id})' if self.title else self.id


class YouTubeData:
    """What YouTube says to the owner of an access token. Every method raises Failure only; each asks for one unit."""

    def __init__(self, access_token: str) -> None:
        from googleapiclient.discovery import build_from_document
        from googleapiclient.discovery_cache import get_static_doc

        base = origins.address("VIDEOD_URL_YOUTUBE")
        document = json.loads(get_static_doc("youtube", "v3"))
        document |= {"rootUrl": f"{base.rstrip('/')}/", "baseUrl": f"{base.rstrip('/')}/"}
        wire = _Wire(http.Service(youtube.SERVICE, base, {"Authorization": f"Bearer {access_token}"}))
        self._api: Any = build_from_document(document, http=wire)

    def channels_mine(self) -> tuple[YouTubeChannel, ...]:
        """The channels that the token stands for: one as a rule, none for an account without a channel."""
        return _channels(self._api.channels().list(part="snippet", mine=True, maxResults=AT_ONCE))

    def channel_named(self, name: str) -> YouTubeChannel | None:
        """The channel of an id (UC...), a handle (@name) or an old user name (user/name); None: there is none."""
        if name.startswith("@"):
            asked = self._api.channels().list(part="snippet", forHandle=name)
        elif name.startswith("user/"):
            asked = self._api.channels().list(part="snippet", forUsername=name.removeprefix("user/"))
        else:
            asked = self._api.channels().list(part="snippet", id=name)
        return next(iter(_channels(asked)), None)

    def video_status(self, video_ids: Sequence[str]) -> dict[str, Json]:
        """Video id -> its resource with VIDEO_PARTS; one that YouTube does not list (deleted, not ours) is missing."""
        found: dict[str, Json] = {}
        for at in range(0, len(video_ids), AT_ONCE):
            part = ",".join(video_ids[at : at + AT_ONCE])
            for item in _items(self._api.videos().list(part=VIDEO_PARTS, id=part, maxResults=AT_ONCE)):
                if (video_id := answers.word(dig(item, "id"))) is not None:
                    found[video_id] = item
        return found


class _Done(dict[str, str]):
    """An answer of 200 as httplib2 shows it; every other one is a Failure already."""

    status = 200
    reason = "OK"


class _Wire:
    """The client's way out: httplib2's `request` over our own HTTP."""

    def __init__(self, service: http.Service) -> None:
        self._service = service

    def request(
        self, uri: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[object, bytes]:  # fmt: skip
        reply = self._service.send(
            method, uri, content=body, deadline_s=youtube.BASE_DEADLINE_S, endpoint=f"{method} {urlsplit(uri).path}",
            headers={name: text for name, text in (headers or {}).items() if name.lower() != "accept-encoding"},
        )  # fmt: skip
        if reply.status != 200:
            raise youtube.failure_of(reply)
        value = reply.json()
        if not isinstance(value, dict):
            raise reply.failure(Kind.NONSENSE, f"the answer is no object: {reply.excerpt(60)!r}")
        return _Done(), json.dumps(value).encode()

    def close(self) -> None:
        """Each request has a connection of its own."""


def _items(asked: Any) -> Iterable[Json]:
    """The items of a list answer; an account without any has no such key. Raises Failure (nonsense) for no list."""
    value: Json = asked.execute(num_retries=0)
    if not isinstance(dig(value, "items"), list) and answers.text(dig(value, "kind")) is None:
        raise Failure(
            Kind.NONSENSE, "the answer is not a list", service=youtube.SERVICE, endpoint=f"GET {asked.methodId}"
        )
    return answers.items(dig(value, "items"))


def _channels(asked: Any) -> tuple[YouTubeChannel, ...]:
    found = []
    for item in _items(asked):
        channel_id = answers.word(dig(item, "id"))
        if channel_id is None:
            raise Failure(Kind.NONSENSE, "a channel has no id", service=youtube.SERVICE, endpoint="channels.list")
        title = " ".join((answers.text(dig(item, "snippet", "title")) or "").split())[:100]
        handle = answers.text(dig(item, "snippet", "customUrl")) or ""
        found.append(YouTubeChannel(channel_id, title, handle[:100] if handle.startswith("@") else ""))
    return tuple(found)
