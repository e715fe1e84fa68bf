"""Fetching a finished clip: a fresh link when the old one has expired, and proof that the file is whole.

A clip is paid for by the time it is fetched, so nothing here may end in a second purchase automatically: a result that
is gone or broken for good is `in_doubt`, which a person (or a standing permission) resolves.
"""

from pathlib import Path

from scripts.lib import atomic, http, kie, wires
from scripts.lib.failures import AnswerLost, Fact, Failure, Kind, redact
from scripts.lib.film import ffmpeg
from scripts.lib.script_runtime import warn

CAP = 512 << 20
DEADLINE_S = 300.0
TRIES = 3
#: A clip this much shorter than what was paid for is not the clip that was ordered.
SHORTEST_SHARE = 0.8

RESULT, RESULT_WIRE = "GET result file", "kie result"
#: codes with which the service says that it has no such file any more
GONE = {"400", "403", "404", "422"}
HEAD_BYTES = 4096
#: What no film begins with: a gateway's page, a service's JSON, something packed.
FOREIGN = (b"<", b"{", b"[", b"\x1f\x8b")

Facts = dict[str, Fact]


class Gone(Failure):
    """The service made the clip and no longer hands it out."""


class Unusable(Failure):
    """The file came whole, more than once the same, and is no clip."""


def fetch(urls: tuple[str, ...], output: Path, seconds: int) -> Facts:
    """Download the clip to `output` and give its facts. Raises Failure(down), or Gone or Unusable (in_doubt)."""
    if not urls:
        raise Unusable(Kind.IN_DOUBT, "the task succeeded without a result", service=kie.SERVICE,
                       endpoint="GET /api/v1/jobs/recordInfo")  # fmt: skip
    url, seen = urls[0], ""
    for attempt in range(1, TRIES + 1):
        try:
            return _once(url, output, seconds)
        except _Expired as expired:
            if attempt == TRIES:
                raise Gone(Kind.IN_DOUBT, "the finished clip's link has expired for good", service=kie.SERVICE,
                           endpoint=RESULT, http_status=expired.http_status) from expired  # fmt: skip
            url = _renewed(urls[0], expired)
        except _Broken as broken:
            if broken.digest == seen:
                raise Unusable(Kind.IN_DOUBT, f"the finished clip is broken: {broken.message}",
                               service=kie.SERVICE, endpoint=RESULT) from broken  # fmt: skip
            seen = broken.digest
            warn(f"the download is unusable ({broken.message}), fetching once more")
        except AnswerLost as lost:
            if attempt == TRIES:
                raise
            warn(f"the download broke ({lost.message}), fetching once more")
    raise Failure(Kind.DOWN, f"the clip could not be fetched whole in {TRIES} tries", service=kie.SERVICE,
                  endpoint=RESULT)  # fmt: skip


class _Expired(Failure):
    """The link is dead; the service may give another."""


class _Broken(Failure):
    """A file came that is no whole clip; `digest` tells whether the next one is the same."""

    def __init__(self, message: str, digest: str) -> None:
        super().__init__(Kind.DOWN, message, service=kie.SERVICE)
        self.digest = digest


def _renewed(url: str, expired: Failure) -> str:
    try:
        return kie.fresh_url(url)
    except Failure as failure:
        if failure.code in GONE:
            message = f"the finished clip is no longer handed out: {failure.message}"
            raise Gone(Kind.IN_DOUBT, message, service=kie.SERVICE, endpoint=failure.endpoint,
                       http_status=expired.http_status, code=failure.code) from failure  # fmt: skip
        raise


def _once(url: str, output: Path, seconds: int) -> Facts:
    with atomic.replacing(output) as (stream, part):
        reply = http.download(url, stream, service=kie.SERVICE, deadline_s=DEADLINE_S, cap=CAP, home=kie.address())
        if reply.status != 200:
            verdict = wires.judged(RESULT_WIRE, reply)
            if verdict.row.expired:
                raise _Expired(Kind.DOWN, "the link has expired", http_status=reply.status)
            raise wires.told(verdict, reply, free=True)
        stream.flush()
        with part.open("rb") as source:
            head = source.read(HEAD_BYTES).lstrip()
        if head.startswith(FOREIGN) or not head:
            words = redact(head.decode("utf-8", "replace"))[:40]
            # no word about the clip itself, which stays where it is: it must not look like a broken one
            raise reply.failure(Kind.NONSENSE, f"instead of the clip came {words!r}")
        try:
            return inspect(part, seconds)
        except Failure as failure:
            if failure.kind is not Kind.INPUT:
                raise
            raise _Broken(failure.message, atomic.fingerprint(part)[1]) from failure


def inspect(path: Path, seconds: int) -> Facts:
    """Duration, size, rate and frame count of a clip, decoded from end to end. Raises Failure(input) if it is none.

    The headers alone prove nothing: a file cut to 60 % passes them.
    """
    media = ffmpeg.probe(path)
    if media.video is None:
        raise Failure(Kind.INPUT, f"{path.name} holds no video")
    frames = ffmpeg.count_pictures(path, f"checking {path.name}", stream=media.video.stream)
    fps = media.video.fps
    duration_s = frames / fps if fps > 0 else media.duration_s or 0.0
    if duration_s < SHORTEST_SHARE * seconds:
        raise Failure(Kind.INPUT, f"{path.name} lasts {duration_s:.2f} s instead of {seconds} s")
    return {
        "duration_s": round(duration_s, 3), "width": media.video.width, "height": media.video.height,
        "fps": round(fps, 3), "frames": frames, "codec": media.video.codec,
    }  # fmt: skip
