"""What a video gets after its film: captions and a thumbnail, each once, and never at the cost of the film.

Both are free. What was sent is noted in `<result>.extras.json` right after the answer; a crash between the two is
met by asking: a second caption track of the same language and name is refused (409), and a thumbnail only replaces
the same one. A refusal is said once and noted, and so is a service that does not answer for some seconds: the video
is up.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lib import answers, atomic, http, origins, youtube
from scripts.lib.answers import Json, dig
from scripts.lib.failures import AnswerLost, Failure, Kind
from scripts.lib.script_runtime import warn

#: pauses before asking once more, seconds
PAUSES_S = (2.0, 5.0)
AGAIN = frozenset({Kind.DOWN, Kind.BUSY, Kind.IN_DOUBT, Kind.NONSENSE})
#: what YouTube takes of a thumbnail; it has taken 50 MB since 2026-09-14, older accounts and pages say 2
THUMBNAIL_BYTES_MAX, CAPTION_BYTES_MAX = 2 << 20, 100 << 20
_SCOPE = ("insufficientpermission", "access_token_scope_insufficient", "insufficient authentication")
_CONSENT = (
    "this consent does not include captions (scope youtube.force-ssl, which consents of older versions lack). Run"
    " `videod channels authorize` for the channel and leave every box ticked. Upload this film's .srt in YouTube Studio"
)
_UNVERIFIED = (
    "YouTube does not let this account set thumbnails: verify its phone number at youtube.com/verify, then set the"
    " thumbnail in YouTube Studio"
)


@dataclass
class Extras:
    """What a video gets, and what it got. `noted` lies where the upload's journal lies."""

    noted: Path
    captions: Path | None = None
    language: str = "en"
    thumbnail: Path | None = None
    said: dict[str, str] = field(default_factory=dict)

    def send(self, access_token: str, video_id: str) -> dict[str, str]:
        """What became of each: "uploaded", or why not. Raises nothing that a service can cause."""
        self.said = self._recalled(video_id)
        desk = _Desk(access_token)
        if self.captions is not None:
            self._once("captions", video_id, lambda path: desk.caption(video_id, self.language, path), self.captions)
        if self.thumbnail is not None:
            self._once("thumbnail", video_id, lambda path: desk.thumbnail(video_id, path), self.thumbnail)
        return self.said

    def _once(self, what: str, video_id: str, send: Callable[[Path], None], path: Path) -> None:
        if what in self.said:
            return
        try:
            _patiently(lambda: send(path))
            self.said[what] = "uploaded"
        except Failure as failure:
            self.said[what] = f"not uploaded: {_why(what, failure)}"
        except OSError as error:
            self.said[what] = f"not uploaded: {path.name} cannot be read: {error.strerror}"
        if self.said[what] != "uploaded":
            warn(f"the video {video_id} is up. Its {what} {'were' if what == 'captions' else 'was'} {self.said[what]}")
        atomic.write(self.noted, json.dumps({"video_id": video_id, "said": self.said}).encode())

    def _recalled(self, video_id: str) -> dict[str, str]:
        try:
            noted = answers.parse(atomic.read_small(self.noted))
        except (OSError, ValueError):
            return {}
        if dig(noted, "video_id") != video_id:
            return {}
        return {what: str(told) for what, told in answers.record(dig(noted, "said")).items()}


def _patiently(send: Callable[[], None]) -> None:
    """Raises the last Failure where asking again does not help, or did not."""
    for pause_s in (*PAUSES_S, None):
        try:
            send()
        except Failure as failure:
            if pause_s is None or not (isinstance(failure, AnswerLost) or failure.kind in AGAIN):
                raise
            time.sleep(pause_s)
        else:
            return


def _why(what: str, failure: Failure) -> str:
    said = f"{failure.code} {failure.message}".lower()
    if failure.http_status == 403 and any(word in said for word in _SCOPE):
        return _CONSENT
    if failure.http_status == 403 and what == "thumbnail":
        return _UNVERIFIED
    return failure.message


class _Desk:
    """The two small uploads of one channel."""

    def __init__(self, access_token: str) -> None:
        base = origins.address("VIDEOD_URL_YOUTUBE")
        self._service = http.Service(youtube.SERVICE, base, {"Authorization": f"Bearer {access_token}"})

    def caption(self, video_id: str, language: str, path: Path) -> None:
        """A track of its own; one that is there already is what an earlier run sent."""
        reply = self._caption(video_id, language, "", path)
        if reply.status == 400 and "invalidMetadata" in reply.excerpt(2000):
            reply = self._caption(video_id, language, language, path)  # nobody says whether a track needs a name
        if reply.status == 409 and "captionExists" in reply.excerpt(2000):
            return
        if reply.status not in {200, 201}:
            raise youtube.failure_of(reply)

    def _caption(self, video_id: str, language: str, name: str, path: Path) -> http.Reply:
        fence = f"videod-{secrets.token_hex(16)}"
        snippet: dict[str, Json] = {"videoId": video_id, "language": language, "name": name, "isDraft": False}
        head = (
            f"--{fence}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps({'snippet': snippet})}\r\n"
        )
        head += f"--{fence}\r\nContent-Type: application/octet-stream\r\n\r\n"
        body = head.encode() + atomic.read_small(path, CAPTION_BYTES_MAX) + f"\r\n--{fence}--\r\n".encode()
        return self._service.send(
            "POST", "/upload/youtube/v3/captions", params={"uploadType": "multipart", "part": "snippet"}, content=body,
            headers={"Content-Type": f'multipart/related; boundary="{fence}"'}, deadline_s=youtube.BASE_DEADLINE_S,
        )  # fmt: skip

    def thumbnail(self, video_id: str, path: Path) -> None:
        data = atomic.read_small(path, THUMBNAIL_BYTES_MAX)
        mime = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        reply = self._service.send(
            "POST", "/upload/youtube/v3/thumbnails/set", params={"uploadType": "media", "videoId": video_id},
            content=data, headers={"Content-Type": mime}, deadline_s=youtube.BASE_DEADLINE_S,
        )  # fmt: skip
        if reply.status not in {200, 201}:
            raise youtube.failure_of(reply)
