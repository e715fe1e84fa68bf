"""What a step must report of itself beside its file: without it nothing can follow, so it is checked with the file."""

import re
from collections.abc import Mapping

from videod.core.failures import Failure, Kind
from videod.core.step import PACKETS

#: fields that name a video, most telling first; `id` last, since it may be another thing's
_IDS = ("video_id", "videoId", "youtube_id")
_ADDRESSES = ("url", "youtube_url", "video_url", "link")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(
    r"(?:https?://)?(?:[\w-]+\.)*(?:youtu\.be/|youtube(?:-nocookie)?\.com/(?:watch\?(?:[^#\s]*&)?v="
    r"|(?:shorts|embed|live|v|video)/))([A-Za-z0-9_-]{1,64})(?:[/?&#]\S*)?",
    re.IGNORECASE,
)


def told(result: Mapping[str, object] | None) -> dict[str, object]:
    """What a script's result says of its file besides where it is."""
    return {
        name: value for name, value in (result or {}).items()
        if name not in ("type", "output", "bytes", "sha256", PACKETS) and isinstance(value, str | int | float | bool)
    }  # fmt: skip


def published(facts: Mapping[str, object]) -> tuple[str, str] | None:
    """(id, address) of the video that an upload reports, however it names it; None where it names none.

    The id under `video_id`, `videoId`, `youtube_id` or `id`; or YouTube's address of the video under one of these,
    `url`, `youtube_url`, `video_url` or `link`.
    """
    names = [_video(facts.get(name)) for name in _IDS]
    told = [_address(facts.get(name)) for name in _ADDRESSES]
    found = next((name for name in (*names, *told, _video(facts.get("id"))) if name is not None), None)
    if found is None:
        return None
    url = facts.get("url")
    kept = isinstance(url, str) and url.startswith(("http://", "https://")) and found in url
    return found, str(url).strip() if kept else f"https://youtu.be/{found}"


def _video(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value.strip() if _ID.fullmatch(value.strip()) else _address(value)


def _address(value: object) -> str | None:
    found = _ADDRESS.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else None


def lacking(step: str, facts: Mapping[str, object], own: bool = False) -> Failure | None:
    """The failure of a step whose file lacks what must be reported. `own`: the user's own script made it."""
    if step != "upload" or published(facts) is not None:
        return None
    text = (
        "the upload's result file does not name the video. It must be a JSON object with the video's ID as `video_id`"
    )
    text += " (or `id`, `videoId`), or its YouTube address as `url` or `youtube_url`."
    if not own:
        return Failure(Kind.NONSENSE, text, service="youtube")
    text += " Check on YouTube whether the film was uploaded, fix your upload script, then retry"
    return Failure(Kind.CONFIGURATION, text, service="youtube")
