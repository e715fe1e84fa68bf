"""The kept state: videos, upload sessions and the spent quota, all in context.load("youtube")."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from videod.sandbox.kernel import Context
from videod.sandbox.youtube import errors

#: Calls of videos.insert a day, and units a day for everything else (Google's cost page since 2026-06-01).
UPLOADS_PER_DAY, SEARCHES_PER_DAY, UNITS_PER_DAY = 100, 100, 10_000
_POOLS = {"uploads": UPLOADS_PER_DAY, "searches": SEARCHES_PER_DAY, "units": UNITS_PER_DAY}
PROCESSING_MS = 1000
#: what may be laid over a video later than its upload
VERDICT_PARTS = ("status", "contentDetails", "processingDetails")
PACIFIC = ZoneInfo("America/Los_Angeles")

Video = dict[str, Any]
Session = dict[str, Any]


class Library:
    def __init__(self, context: Context) -> None:
        self.context = context
        state = context.load("youtube")
        self.videos: dict[str, Video] = state.get("videos", {})
        self.sessions: dict[str, Session] = state.get("sessions", {})
        self._quota: dict[str, dict[str, int]] = state.get("quota", {})
        #: the channels that there are: those whose tokens were seen here
        self._channels: list[str] = state.get("channels", [])
        self.captions: dict[str, dict[str, Any]] = state.get("captions", {})
        self.playlists: dict[str, dict[str, Any]] = state.get("playlists", {})
        #: what was set of channels (`set`), by name
        self.channel_facts: dict[str, dict[str, Any]] = state.get("channel_facts", {})
        self.processing_ms = PROCESSING_MS
        context.switches["youtube"] = self.set
        for name in ("videos", "sessions", "thumbnails", "captions"):
            (self.folder / name).mkdir(exist_ok=True)

    @property
    def folder(self) -> Path:
        return self.context.folder("youtube")

    def save(self) -> None:
        kept = {"videos": self.videos, "sessions": self.sessions, "quota": self._quota, "channels": self._channels}
        kept |= {"captions": self.captions, "playlists": self.playlists, "channel_facts": self.channel_facts}
        self.context.save("youtube", kept)

    def met(self, channel: str) -> None:
        """A token of this channel was shown: there is such a channel."""
        if channel not in self._channels:
            self._channels.append(channel)
            self.save()

    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._channels, *(video["channel"] for video in self.videos.values()))))

    def handle(self, channel: str) -> str:
        return str(self.channel_facts.get(channel, {}).get("handle", channel))

    def spend(self, bucket: str, cost: int, endpoint: str, project: str = "") -> None:
        """Take `cost` from the project's "uploads" or "units" of today.

        Raises Denied when the bucket is empty or a fault says so.
        """
        uploads = bucket == "uploads"
        if self.context.faults.take("youtube", endpoint, ("daily_limit" if uploads else "unit_quota",)) is not None:
            raise errors.uploads_exhausted() if uploads else errors.units_exhausted()
        day = datetime.fromtimestamp(self.context.now(), PACIFIC).date().isoformat()
        day = f"{day} {project}" if project else day
        spent = self._quota.setdefault(day, {"uploads": 0, "units": 0})
        if spent.get(bucket, 0) + cost > _POOLS[bucket]:
            raise errors.uploads_exhausted() if uploads else errors.units_exhausted()
        spent[bucket] = spent.get(bucket, 0) + cost
        self.save()

    def add_session(self, session: Session) -> str:
        session_id = "AAN" + secrets.token_urlsafe(24)
        self.sessions[session_id] = session
        self.session_file(session_id).write_bytes(b"")
        self.save()
        return session_id

    def session_file(self, session_id: str) -> Path:
        return self.folder / "sessions" / f"{session_id}.bin"

    def drop_session(self, session_id: str) -> None:
        self.sessions.pop(session_id, None)
        self.session_file(session_id).unlink(missing_ok=True)
        self.save()

    def publish(self, session_id: str, sha256: str, first_bytes: bytes, rejection: str | None) -> Video:
        """Turn a complete session into a video; the session keeps the video's id for later queries."""
        session = self.sessions[session_id]
        video_id = secrets.token_urlsafe(9)[:11]
        file = f"videos/{video_id}.mp4"
        source = self.session_file(session_id)
        size = source.stat().st_size
        status = session["status"] | {
            "uploadStatus": "uploaded",
            "madeForKids": session["status"]["selfDeclaredMadeForKids"],
        }
        self.videos[video_id] = {
            "id": video_id, "snippet": session["snippet"], "status": status, "file": file,
            "uploaded_at_ms": self.context.now_ms(), "channel": session["channel"], "bytes": size, "sha256": sha256,
            "ending": _ending(size, first_bytes, rejection),
        }  # fmt: skip
        source.replace(self.folder / file)
        session["video_id"] = video_id
        self.save()
        return self.videos[video_id]

    def settle(self, video: Video) -> None:
        """Note the end of processing once its time has come."""
        now = self.context.now_ms()
        if video["status"]["uploadStatus"] == "uploaded" and now - video["uploaded_at_ms"] >= self.processing_ms:
            video["status"] |= video["ending"]
            self.save()
        due = [one for one in video.get("verdicts", []) if one["at_ms"] <= now]
        for one in due:
            video["verdicts"].remove(one)
            for part in VERDICT_PARTS:
                video[part] = video.get(part, {}) | one.get(part, {})
        if due:
            self.save()

    def set(self, what: str, body: dict[str, Any]) -> object:
        """What the admin address sets. Raises ValueError with a sentence.

        videos/ID       {"status": {...}, "contentDetails": {...}, "processingDetails": {...}, "in_s": 0}: laid over the
                        video `in_s` seconds from now, also long after it was processed
        channels/NAME   {"title", "handle", "longUploadsStatus"}
        processing      {"seconds": 1}: how long a video is processed
        """
        kind, _, name = what.partition("/")
        seconds = body.get("in_s" if kind == "videos" else "seconds", 0)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 10**7:
            raise ValueError(f"a number of seconds is expected, not {seconds!r}")
        if kind == "processing":
            self.processing_ms = int(seconds * 1000)
            return {"seconds": seconds}
        if kind == "channels" and name:
            self.channel_facts[name] = self.channel_facts.get(name, {}) | body
            self.met(name)
            self.save()
            return self.channel_facts[name]
        if kind == "videos" and name in self.videos:
            if unknown := set(body) - {*VERDICT_PARTS, "in_s"}:
                raise ValueError(f"unknown part {min(unknown)!r}. There are {', '.join(VERDICT_PARTS)} and in_s")
            verdict = {part: body[part] for part in VERDICT_PARTS if part in body}
            kept = {"at_ms": self.context.now_ms() + int(seconds * 1000), **verdict}
            self.videos[name].setdefault("verdicts", []).append(kept)
            self.settle(self.videos[name])
            self.save()
            return kept
        raise ValueError(f"there is no {what!r}. There are videos/ID, channels/NAME and processing")

    def remove(self, video: Video) -> None:
        """The video with its file, its captions and its places in playlists."""
        for caption in [one for one in self.captions.values() if one["video_id"] == video["id"]]:
            del self.captions[caption["id"]]
            self.caption_file(caption["id"]).unlink(missing_ok=True)
        for playlist in self.playlists.values():
            playlist["items"] = [item for item in playlist["items"] if item["video_id"] != video["id"]]
        (self.folder / video["file"]).unlink(missing_ok=True)
        del self.videos[video["id"]]
        self.save()

    def keep_thumbnail(self, video: Video, image: bytes) -> None:
        kind = "png" if image.startswith(b"\x89PNG") else "jpg"
        video["thumbnail"] = f"thumbnails/{video['id']}.{kind}"
        (self.folder / video["thumbnail"]).write_bytes(image)
        self.save()

    def caption_file(self, caption_id: str) -> Path:
        return self.folder / "captions" / f"{caption_id}.txt"

    def uploads_of(self, channel: str) -> Iterator[Video]:
        """The channel's videos, newest first."""
        own = [video for video in reversed(self.videos.values()) if video["channel"] == channel]
        yield from sorted(own, key=lambda video: -video["uploaded_at_ms"])


def _ending(size: int, first_bytes: bytes, rejection: str | None) -> dict[str, str]:
    """What processing will make of the file: it looks no deeper than for the mark of an MP4 or QuickTime file."""
    if rejection is not None:
        return {"uploadStatus": "rejected", "rejectionReason": rejection}
    if size == 0:
        return {"uploadStatus": "failed", "failureReason": "emptyFile"}
    if first_bytes[4:8] != b"ftyp":
        return {"uploadStatus": "failed", "failureReason": "invalidFile"}
    return {"uploadStatus": "processed"}


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
