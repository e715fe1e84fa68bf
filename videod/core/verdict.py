"""What YouTube makes of a film after the upload: processed, rejected, failed; and when to look again. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from videod.core import bounds


class Verdict(StrEnum):
    """The value is stored. Those of `BAD` need a person."""

    PENDING = "pending"
    PROCESSED = "processed"
    REJECTED = "rejected"
    FAILED = "failed"
    #: YouTube no longer lists it: somebody deleted it, or YouTube did
    GONE = "gone"
    #: still not processed after the last look
    OVERDUE = "overdue"
    #: a custom script uploaded it, so that nobody knows in whose name
    UNWATCHED = "unwatched"


BAD = (Verdict.REJECTED, Verdict.FAILED, Verdict.GONE)

_MINUTE, _HOUR = 60_000, 3_600_000
#: how long after the upload it is looked, ms; a question costs one unit of 10,000 a day, for up to 50 films
AGES_MS = (
    *(minutes * _MINUTE for minutes in (1, 3, 8, 18, 38)),
    *(hours * _HOUR for hours in (1.5, 3, 6, 12, 24, 48, 72, 120, 168)),
)
#: once it is processed only these: YouTube rejects some films afterwards
LATER_MS = (3 * _HOUR, 24 * _HOUR, 72 * _HOUR)
#: a film that is not listed yet is not gone: so many looks must miss it
MISSED = 5

#: what a person understands of YouTube's words
_WORDS = {
    "duplicate": "it is a duplicate of another video",
    "termsOfUse": "it breaks YouTube's terms of use",
    "copyright": "a copyright claim",
    "claim": "a copyright claim",
    "trademark": "a trademark",
    "inappropriate": "YouTube calls it inappropriate",
    "legal": "a legal complaint",
    "length": "it is too long for this channel. Verify the channel's phone number at youtube.com/verify",
    "uploaderAccountClosed": "the channel's account is closed",
    "uploaderAccountSuspended": "the channel's account is suspended",
    "codec": "YouTube cannot decode it",
    "conversion": "YouTube cannot convert it",
    "emptyFile": "the file that arrived is empty",
    "invalidFile": "the file that arrived is not a video",
    "tooSmall": "the file that arrived is too small",
    "uploadAborted": "the upload was broken off",
    "transcodeFailed": "YouTube could not convert it",
    "streamingFailed": "YouTube could not prepare it for streaming",
    "uploadFailed": "the upload was broken off",
}


@dataclass(frozen=True)
class Found:
    """`reason`: YouTube's own word for it, "" where it gives none."""

    verdict: Verdict
    reason: str = ""


def read(video: Mapping[str, object] | None) -> Found:
    """What the video's resource says; None: it is not listed. What nobody knows is pending."""
    if video is None:
        return Found(Verdict.GONE)
    status, processing = _part(video, "status"), _part(video, "processingDetails")
    match status.get("uploadStatus"):
        case "rejected":
            return Found(Verdict.REJECTED, _word(status.get("rejectionReason")))
        case "failed":
            return Found(Verdict.FAILED, _word(status.get("failureReason")))
        case "deleted":
            return Found(Verdict.GONE, "deleted")
        case "processed":
            return Found(Verdict.PROCESSED)
    if processing.get("processingStatus") in ("failed", "terminated"):
        return Found(Verdict.FAILED, _word(processing.get("processingFailureReason")))
    return Found(Verdict.PENDING)


def next_look(uploaded_at: int, at: int, processed: bool) -> int | None:
    """When to look again, ms; None: no more."""
    ages = LATER_MS if processed else AGES_MS
    return next((uploaded_at + round(age) for age in ages if uploaded_at + age > at), None)


def sentence(found: Found) -> str:
    """What happened, for people."""
    mark = f" ({found.reason})" if found.reason else ""
    why = f": {_WORDS[found.reason]}{mark}" if found.reason in _WORDS else mark
    match found.verdict:
        case Verdict.REJECTED:
            return f"YouTube rejected the film after the upload{why}"
        case Verdict.FAILED:
            return f"YouTube could not process the film{why}"
        case _:
            return "YouTube no longer lists the film: it was deleted, or YouTube removed it"


def _part(video: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = video.get(name)
    return part if isinstance(part, dict) else {}


def _word(value: object) -> str:
    return bounds.text(value, 60) or ""
