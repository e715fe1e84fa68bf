"""The endpoints of the HTTP matrix: how each is reached by the real script, and what its service answers when well."""

import base64
import contextlib
import io
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from PIL import Image

from scripts import generate_asset, generate_audio, generate_plan, generate_sound_effects, generate_video, upload_video
from scripts.lib import google_oauth, http, upload_session
from scripts.lib.film import ffmpeg
from tests.campaigns.faulty import Asked, Faulty, Good, told

KEYS = {
    "GEMINI_API_KEY": "gemini-secret-key", "KIE_API_KEY": "kie-secret-key",
    "ELEVENLABS_API_KEY": "elevenlabs-secret-key", "GOOGLE_CLIENT_ID": "client-id",
    "GOOGLE_CLIENT_SECRET": "client-secret-word", "R2_ACCESS_KEY_ID": "r2-access-key",
    "R2_SECRET_ACCESS_KEY": "r2-secret-access-key", "CATBOX_USERHASH": "catbox-userhash",
    "VIDEOD_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}  # fmt: skip
SERVICES = ("GEMINI", "KIE", "KIE_UPLOAD", "ELEVENLABS", "YOUTUBE", "GOOGLE_OAUTH", "CATBOX", "S3")
VOICE = "JBFqnCBsd6RMkjVDRZzb"
COST = {"character-cost": "43"}
SPEECH = f"POST /v1/text-to-speech/{VOICE}/with-timestamps"
#: nobody listens there
NOBODY = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Ran:
    """`paper` tells whether a receipt lies beside the output afterwards, and its state."""

    code: int
    events: tuple[Mapping[str, object], ...]
    stderr: str
    paper: str | None

    @property
    def outcome(self) -> str:
        """The failure's kind, or "done"."""
        return str(self.failure["kind"]) if self.code else "done"

    @property
    def failure(self) -> Mapping[str, object]:
        return next((event for event in self.events if event["type"] == "failure"), {"kind": f"exit {self.code}"})


Main = Callable[[Sequence[str] | None], int]


@dataclass(frozen=True)
class Endpoint:
    """One call of one script. `spot` is its pattern at the server, `shown` what errors call it, `urls` its variables.

    `orders`: the pattern of the request that costs money, when the script makes one before or here. `poor`: the
    account is empty, for what is only asked then.
    """

    name: str
    spot: str
    shown: str
    service: str
    urls: tuple[str, ...]
    main: Main
    words: Callable[[Path], list[object]]
    output: str
    paid: bool = False
    poor: bool = False
    expired: bool = False


# ------------------------------------------------------------------------------------------------- good answers


@cache
def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), "teal").save(out, "PNG")
    return out.getvalue()


@cache
def _made(suffix: str, *words: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        ffmpeg.run(["-v", "error", "-f", "lavfi", *words, str(path)], f"a {suffix} for the matrix")
        return path.read_bytes()


def clip() -> bytes:
    return _made(
        ".mp4", "-i", "testsrc2=size=160x90:rate=24:duration=5", "-c:v", "libx264", "-preset", "ultrafast"
    )  # fmt: skip


def tone() -> bytes:
    return _made(".mp3", "-i", "sine=frequency=440:duration=4", "-b:a", "64k")


class Services:
    """Every service's good answers at one address. `poor`: no credits left; `expired`: the first link is dead."""

    def __init__(self) -> None:
        self.url = ""
        self.poor = self.expired = False

    def __call__(self, asked: Asked) -> Good:
        for (method, part), answer in self._ways().items():
            if asked.method == method and part in asked.path:
                return answer(asked)
        return told({"error": {"message": f"nothing laid out for {asked.method} {asked.path}"}}, 418)

    def _ways(self) -> dict[tuple[str, str], Callable[[Asked], Good]]:
        listed = {"items": [{"contentDetails": {"relatedPlaylists": {"uploads": "UU1"}}}]}
        shown = {"items": [{"status": {"privacyStatus": "private", "uploadStatus": "uploaded"}}]}
        return {
            ("POST", ":generateContent"): self._gemini,
            ("POST", "/api/file-stream-upload"): lambda _: _envelope({"downloadUrl": "https://tempfile.example/s.png"}),
            ("POST", "/createTask"): lambda _: _envelope({"taskId": "task_1"}),
            ("GET", "/recordInfo"): self._record,
            ("POST", "/download-url"): lambda _: _envelope(f"{self.url}/fresh.mp4"),
            ("GET", "/result.mp4"): lambda _: Good(b"gone", 410) if self.expired else Good(clip(), mime="video/mp4"),
            ("GET", "/fresh.mp4"): lambda _: Good(clip(), mime="video/mp4"),
            ("POST", "/v1/text-to-speech"): self._sound,
            ("POST", "/v1/sound-generation"): self._sound,
            ("GET", "/v1/user/subscription"): lambda _: told({"next_character_count_reset_unix": 4_000_000_000}),
            ("POST", "/upload/youtube"): lambda _: Good(headers={"Location": f"{self.url}/session/1"}),
            ("PUT", "/session/"): lambda _: told({"id": "vid_1"}, 201),
            ("GET", "/youtube/v3/channels"): lambda _: told(listed),
            ("GET", "/youtube/v3/playlistItems"): lambda _: told({"items": []}),
            ("GET", "/youtube/v3/videos"): lambda _: told(shown),
            ("POST", "/token"): lambda _: told({"access_token": "fresh-access-token", "expires_in": 3599}),
            ("POST", "/user/api.php"): lambda _: Good(b"https://files.catbox.moe/abc123.png", mime="text/html"),
            ("PUT", "/seeds/"): lambda _: Good(mime="application/xml"),
        }

    def _gemini(self, asked: Asked) -> Good:
        part: dict[str, object] = {"text": json.dumps(PLAN)}
        if b'"IMAGE"' in asked.body:
            part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(picture()).decode()}}
        candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
        return told({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}})

    def _record(self, _: Asked) -> Good:
        result = json.dumps({"resultUrls": [f"{self.url}/result.mp4"]})
        return _envelope({"taskId": "task_1", "state": "success", "resultJson": result, "creditsConsumed": 42})

    def _sound(self, asked: Asked) -> Good:
        if self.poor:
            return told({"detail": {"status": "quota_exceeded", "message": "0 credits remaining"}}, 401)
        if "with-timestamps" in asked.path:
            return replace(told({"audio_base64": base64.b64encode(tone()).decode(), "alignment": None}), headers=COST)
        return Good(tone(), mime="audio/mpeg", headers=COST)


def _envelope(data: object) -> Good:
    return told({"code": 200, "msg": "success", "success": True, "data": data})


# ------------------------------------------------------------------------------------------------- the endpoints

PLAN = {
    "version": 1, "title": "The Edge", "logline": "A bear waits.", "description": "Bears.", "tags": ["bear"],
    "research": ["Salmon climb in autumn."], "atmosphere": "cold dawn",
    "arc": {"want": "food", "obstacle": "a rival", "escalation": "a fight", "turn": "it leaves", "resolution": "snow"},
    "images": [{"id": "bear_core", "kind": "character", "subject": "bear", "species": "Ursus arctos",
                "role": "protagonist", "core": True, "prompt": "A bear"}],
    "clips": [{"number": 1, "beat": "it waits", "picture": {"type": "full", "images": ["bear_core"], "scale": 1.0},
               "motion": "It lifts its head.", "negative": "blur", "narration": "The bear waits.", "sound": "Wind"}],
}  # fmt: skip
#: a plan of one stage, of which all is right
STAGE = {"name": "pictures", "strong": True, "needs": [], "spare": None, "schema": {"type": "object"}}
CHECKER = f"""#!/bin/sh
while read -r asked; do
  case "$asked" in
    *'"ask": "stages"'*) echo '{json.dumps({"stages": [STAGE]})}' ;;
    *) echo '{json.dumps({"complaints": [], "plan": PLAN})}' ;;
  esac
done
"""


def _image(folder: Path) -> list[object]:
    return ["--prompt", "A bear", "--output", folder / "bear.png"]


def _plan(folder: Path) -> list[object]:
    checker = folder / "checker.sh"
    checker.write_text(CHECKER)
    return ["--title", "The Edge", "--topic", "bears", "--direction", "waiting", "--clips", 1, "--images", 1,
            "--channel-name", "Wild", "--output", folder / "plan.json", "--facts", "none",
            "--checker", shlex.join(["/bin/sh", str(checker)])]  # fmt: skip


def _video(host: str) -> Callable[[Path], list[object]]:
    def words(folder: Path) -> list[object]:
        seed = folder / "seed.png"
        seed.write_bytes(picture())
        return ["--image", seed, "--prompt", "The bear lifts its head.", "--duration", 5, "--poll", 0.01,
                "--output", folder / "clip.mp4", "--image-host", host, "--bucket", "seeds"]  # fmt: skip

    return words


def _speech(folder: Path) -> list[object]:
    return ["--text", "The old bear waits where the river narrows.", "--voice", VOICE, "--output", folder / "n.mp3"]


def _effect(folder: Path) -> list[object]:
    return ["--text", "Continuous river ambience", "--duration", 4, "--output", folder / "s.mp3", "--no-normalize"]


def _upload(folder: Path) -> list[object]:
    film, token = folder / "film.mp4", folder / "wild.token"
    film.write_bytes(b"a film" * 1000)
    if not token.exists():
        google_oauth.keep(token, "wild", "refresh-me-please", google_oauth.SCOPES)
    return ["--video", film, "--title", "Bears", "--privacy", "private", "--not-made-for-kids", "--token-file", token,
            "--marker", "videod:task_7", "--output", folder / "result.json"]  # fmt: skip


IMAGE_MODEL = f"/v1beta/models/{generate_asset.MODEL}:generateContent"
TEXT_MODEL = f"/v1beta/models/{generate_plan.MODEL}:generateContent"


def _kie(name: str, spot: str, host: str = "kie", urls: tuple[str, ...] = (), **more: object) -> Endpoint:
    given: dict[str, object] = {"shown": spot, "service": "kie", "paid": False} | more
    return Endpoint(
        name, spot, urls=urls, main=generate_video.main, words=_video(host), output="clip.mp4", **given  # type: ignore[arg-type]
    )  # fmt: skip


def _tube(name: str, spot: str, shown: str | None = None, service: str = "youtube", url: str = "YOUTUBE") -> Endpoint:
    # one host has all of YouTube: when nobody is there, the first question already fails
    urls = (url,) if name in ("google token", "youtube channels") else ()
    return Endpoint(name, spot, shown or spot, service, urls, upload_video.main, _upload, "result.json")


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("gemini image", f"POST {IMAGE_MODEL}", f"POST {IMAGE_MODEL}", "gemini", ("GEMINI",), generate_asset.main,
             _image, "bear.png", paid=True),
    Endpoint("gemini text", f"POST {TEXT_MODEL}", f"POST {TEXT_MODEL}", "gemini", ("GEMINI",), generate_plan.main,
             _plan, "plan.json", paid=True),
    Endpoint("elevenlabs speech", SPEECH, SPEECH, "elevenlabs",
             ("ELEVENLABS",), generate_audio.main, _speech, "n.mp3", paid=True),
    Endpoint("elevenlabs effect", "POST /v1/sound-generation", "POST /v1/sound-generation", "elevenlabs",
             ("ELEVENLABS",), generate_sound_effects.main, _effect, "s.mp3", paid=True),
    Endpoint("elevenlabs subscription", "GET /v1/user/subscription", SPEECH, "elevenlabs",
             (), generate_audio.main, _speech, "n.mp3", poor=True),
    _kie("kie upload", "POST /api/file-stream-upload", urls=("KIE_UPLOAD",)),
    _kie("kie createTask", "POST /api/v1/jobs/createTask", urls=("KIE",), paid=True),
    _kie("kie recordInfo", "GET /api/v1/jobs/recordInfo"),
    _kie("kie result", "GET /result.mp4", shown="GET result file"),
    _kie("kie download-url", "POST /api/v1/common/download-url", expired=True),
    _kie("catbox upload", "POST /user/api.php", "catbox", ("CATBOX",), service="catbox"),
    _kie("r2 put", "PUT /seeds/*", "r2", ("S3",), service="r2", shown="PUT 127.0.0.1*/seeds/seeds/*"),
    _tube("google token", "POST /token", service="google", url="GOOGLE_OAUTH"),
    _tube("youtube channels", "GET /youtube/v3/channels"),
    _tube("youtube playlistItems", "GET /youtube/v3/playlistItems"),
    _tube("youtube insert", "POST /upload/youtube/v3/videos"),
    _tube("youtube session", "PUT /session/1", "PUT upload session"),
    _tube("youtube videos", "GET /youtube/v3/videos"),
)  # fmt: skip


# ------------------------------------------------------------------------------------------------- running


def run(endpoint: Endpoint, folder: Path) -> Ran:
    """The script's own main, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = endpoint.main([*map(str, endpoint.words(folder)), "--events"])
    said = out.getvalue() + err.getvalue()
    for name, secret in KEYS.items():
        assert name == "GOOGLE_CLIENT_ID" or secret not in said, f"{name} stands in what {endpoint.name} says"
    paper = folder / f"{endpoint.output}.job.json"
    state = str(json.loads(paper.read_text())["state"]) if paper.exists() else None
    return Ran(code, tuple(json.loads(line) for line in out.getvalue().splitlines()), err.getvalue(), state)


@contextlib.contextmanager
def surroundings(server: Faulty, nobody: tuple[str, ...] = ()) -> Iterator[None]:
    """All addresses lead to the server, those of `nobody` to none; no proxy, no pauses between tries."""
    env = KEYS | {f"VIDEOD_URL_{name}": server.url for name in SERVICES}
    env |= {f"VIDEOD_URL_{name}": NOBODY for name in nobody}
    pauses = mock.patch.object(upload_session, "PAUSES_S", (0.001, 0.001))
    with mock.patch.dict("os.environ", env), pauses, mock.patch.object(generate_video, "DEAF_LIMIT", 2):
        yield


@contextlib.contextmanager
def hurried(deadline_s: float) -> Iterator[list[tuple[str, float]]]:
    """Cut every call's deadline to this; yields (endpoint, deadline that the script had set) of each."""
    asked: list[tuple[str, float]] = []
    plain = http._exchange

    def exchange(call: http._Call, sink: Callable[[int], Callable[[bytes], object]]) -> tuple[int, dict[str, str]]:
        asked.append((call.endpoint, call.deadline_s))
        return plain(replace(call, deadline_s=min(call.deadline_s, deadline_s)), sink)

    with mock.patch.object(http, "_exchange", exchange):
        yield asked
