"""YouTube: the resumable upload, the search for one's own upload, and what its errors mean.

A session address grants the right to write into the channel, so it never appears in an error; errors name the
endpoint "PUT upload session" instead. The daily upload limit is a 429 with the reason of a short burst.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.lib import answers, atomic, bounds, http, origins, wires
from scripts.lib.answers import Json, dig
from scripts.lib.failures import Failure, Kind, holds_secret

SERVICE = "youtube"
CHUNK_STEP = 262_144
LOOK_PAGES = 4
#: Slowest line on which a chunk still goes through, bytes per second, and the time any request may take besides.
SLOWEST_BYTES_PER_S = 30_000
BASE_DEADLINE_S = 60.0
SESSION = "PUT upload session"

FIELDS = {
    "invalidTitle": "the title", "invalidDescription": "the description", "invalidTags": "the tags",
    "invalidCategoryId": "the category", "invalidPublishAt": "the publishing time",
    "invalidVideoMetadata": "title or category", "mediaBodyRequired": "the video file",
    "invalidFilename": "the file's name", "invalidRecordingDetails": "the recording details",
    "defaultLanguageNotSet": "the language", "invalidVideoGameRating": "the rating",
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """Where a session stands: `received` bytes are stored; `video` is the finished resource, `gone` = no session."""

    received: int
    video: Json
    gone: bool


class Channel:
    """One channel, by its access token."""

    def __init__(self, access_token: str) -> None:
        base = origins.address("VIDEOD_URL_YOUTUBE")
        self._service = http.Service(SERVICE, base, {"Authorization": f"Bearer {access_token}"})

    def start(self, metadata: Mapping[str, Json], size: int) -> str:
        """Open an upload session and give its address. Nothing is published by this, so it may be repeated."""
        reply = self._service.send(
            "POST", "/upload/youtube/v3/videos", json=dict(metadata), deadline_s=BASE_DEADLINE_S,
            params={"uploadType": "resumable", "part": "snippet,status", "notifySubscribers": "false"},
            headers={"X-Upload-Content-Length": str(size), "X-Upload-Content-Type": "video/mp4"},
        )  # fmt: skip
        if reply.status not in {200, 201}:
            raise failure_of(reply)
        location = reply.headers.get("location")
        if not location:
            raise reply.failure(Kind.NONSENSE, "the upload session came without an address")
        session = self._service.base + location if location.startswith("/") else location
        if not is_session(session):
            raise reply.failure(Kind.NONSENSE, "the upload session is not at YouTube. Nothing was sent there")
        return session

    def ask_session(self, session: str, size: int) -> Standing:
        """What the session holds. Raises Failure for answers that do not tell."""
        return self._session(session, size, f"bytes */{size}", b"", BASE_DEADLINE_S)

    def send_chunk(self, session: str, chunk: bytes, at: int, size: int) -> Standing:
        """Send the bytes from `at` on; the service may keep fewer than it was sent."""
        span = f"bytes {at}-{at + len(chunk) - 1}/{size}"
        return self._session(session, size, span, chunk, BASE_DEADLINE_S + len(chunk) / SLOWEST_BYTES_PER_S)

    def _session(self, session: str, size: int, span: str, chunk: bytes, deadline_s: float) -> Standing:
        reply = self._service.send(
            "PUT", session, content=chunk, headers={"Content-Range": span}, deadline_s=deadline_s, endpoint=SESSION
        )
        if reply.status in {200, 201}:
            return Standing(size, reply.json(), False)
        if reply.status == 308:
            return Standing(_stored(reply, size), None, False)
        if reply.status in {404, 410}:
            return Standing(0, None, True)
        raise failure_of(reply)

    def find(self, marker: str) -> str | None:
        """The id of our own upload whose description holds `marker` as a line, among the newest 200; or None."""
        channel = self._list("/youtube/v3/channels", {"part": "contentDetails", "mine": "true"})
        uploads = answers.text(dig(channel, "items", 0, "contentDetails", "relatedPlaylists", "uploads"))
        if uploads is None:
            raise Failure(Kind.CONFIGURATION, "this account has no YouTube channel", service=SERVICE)
        page = ""
        for _ in range(LOOK_PAGES):
            params = {"part": "snippet", "playlistId": uploads, "maxResults": "50"}
            try:
                listed = self._list("/youtube/v3/playlistItems", {**params, **({"pageToken": page} if page else {})})
            except Failure as failure:
                if failure.http_status == 404:  # a channel that never uploaded has no such list yet
                    return None
                raise
            for item in answers.items(dig(listed, "items")):
                lines = (answers.text(dig(item, "snippet", "description")) or "").splitlines()
                if marker in (line.strip() for line in lines):
                    return answers.text(dig(item, "snippet", "resourceId", "videoId"))
            page = answers.text(dig(listed, "nextPageToken")) or ""
            if not page:
                return None
        return None

    def video(self, video_id: str) -> Json:
        """Status and snippet of a video as YouTube shows them, None when it is not listed (yet)."""
        listed = self._list("/youtube/v3/videos", {"part": "status,snippet", "id": video_id})
        return dig(listed, "items", 0)

    def _list(self, path: str, params: Mapping[str, str]) -> Json:
        """A list answer. Raises Failure(nonsense) for anything else: it must not pass for a list that lacks a video."""
        reply = self._service.send("GET", path, params=params, deadline_s=BASE_DEADLINE_S)
        if reply.status != 200:
            raise failure_of(reply)
        value = reply.json()
        if not isinstance(dig(value, "items"), list) and answers.text(dig(value, "kind")) is None:
            raise reply.failure(Kind.NONSENSE, f"the answer is not a list: {reply.excerpt(60)!r}")
        return value


def _stored(reply: http.Reply, size: int) -> int:
    """How many bytes the session holds, by its Range: none without one; else the last number is the last byte.

    It comes as "bytes=0-N", "bytes 0-N/*" and "0-N". Raises Failure(nonsense) for more than the film has, and for what
    does not begin at 0 or cannot be read.
    """
    told = reply.headers.get("range", "").strip()
    if not told:
        return 0
    found = re.fullmatch(r"(?:bytes)?\s*[=: ]?\s*(?:0\s*-\s*)?(\d+)\s*(?:/\s*(?:\d+|\*))?", told, re.IGNORECASE)
    last = None if found is None else bounds.whole(found[1], 0, size - 1)
    if last is None:
        raise reply.failure(Kind.NONSENSE, f"the session holds more than the film has, or nothing sensible: {told!r}")
    return last + 1


def failure_of(reply: http.Reply) -> Failure:
    """What an unhappy answer means. Nothing costs money here, and an upload is looked for before it is repeated."""
    verdict = wires.judged(SERVICE, reply)
    field = next((FIELDS[word] for word in verdict.said.words if word in FIELDS), None)
    said = replace(verdict.said, message=re.sub(r"<[^>]+>", "", verdict.said.message))
    about = f"{field} was refused: " if field is not None and verdict.row.kind is Kind.INPUT else ""
    if "youtubeSignupRequired" in said.words:
        about = "this account has no YouTube channel: "
    return wires.told(wires.Verdict(verdict.row, said), reply, about=about, free=True)


@dataclass(frozen=True)
class Metadata:
    """What YouTube shows of a video. `check` holds the documented limits: nothing is ever cut silently."""

    title: str
    description: str
    tags: tuple[str, ...]
    category: str
    language: str | None
    privacy: str
    made_for_kids: bool
    synthetic: bool

    def check(self) -> None:
        """Raises Failure(input) with every limit that is broken."""
        complaints = []
        if not self.title.strip():
            complaints.append("the title is empty")
        if len(self.title) > 100:
            complaints.append(f"the title has {len(self.title)} characters, 100 are allowed")
        if re.search("[<>]", self.title + self.description):
            complaints.append("neither title nor description may hold < or >")
        size = len(self.description.encode())
        if size > 5000:
            complaints.append(f"the description has {size} bytes with its marker line, 5000 are allowed")
        # commas between tags count, and a tag with a space counts its two quotation marks
        total = sum(len(tag) + (2 if " " in tag else 0) for tag in self.tags) + max(0, len(self.tags) - 1)
        if total > 500:
            complaints.append(f"the tags take {total} characters, 500 are allowed")
        if not self.category.isdigit():
            complaints.append(f"the category is a number, not {self.category!r}")
        if complaints:
            raise Failure(Kind.INPUT, "; ".join(complaints))

    def resource(self) -> dict[str, Json]:
        """The body of videos.insert. Privacy is always said: an omitted one means public."""
        snippet: dict[str, Json] = {
            "title": self.title, "description": self.description, "tags": list(self.tags), "categoryId": self.category,
        }  # fmt: skip
        if self.language:
            snippet |= {"defaultLanguage": self.language, "defaultAudioLanguage": self.language}
        status: dict[str, Json] = {
            "privacyStatus": self.privacy, "selfDeclaredMadeForKids": self.made_for_kids,
            "containsSyntheticMedia": self.synthetic,
        }  # fmt: skip
        return {"snippet": snippet, "status": status}


def is_session(address: str) -> bool:
    """Whether an upload may be sent there: with it goes a token that may do anything in the channel."""
    return origins.belongs(address, origins.address("VIDEOD_URL_YOUTUBE")) and not holds_secret(address)


def watch_url(video_id: str) -> str:
    return f"https://www.youtube.com/watch?v={video_id}"


def read_chunk(path: Path, at: int, length: int) -> bytes:
    """Raises OSError, also where no plain file stands there."""
    with atomic.open_plain(path) as source:
        source.seek(at)
        return source.read(length)
