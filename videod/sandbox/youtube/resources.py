"""Videos, channels and playlist items as the API shows them."""

import hashlib
from typing import Any

from videod.sandbox.youtube.library import Video, iso

#: what YouTube itself says of a video's end
ENDINGS = ("uploadStatus", "failureReason", "rejectionReason")


def channel_id(channel: str) -> str:
    return f"UC{channel}"


def uploads_id(channel: str) -> str:
    return f"UU{channel}"


def _etag(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:27]


def _snippet(video: Video) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "publishedAt": iso(video["uploaded_at_ms"]), "channelId": channel_id(video["channel"]),
        "channelTitle": video["channel"], "liveBroadcastContent": "none",
    }  # fmt: skip
    shown.update(video["snippet"])
    return shown


def video(kept: Video, parts: list[str], *, owner: bool) -> dict[str, Any]:
    """The video resource with the named parts; processing and file details only for its owner."""
    shown: dict[str, Any] = {"kind": "youtube#video", "etag": _etag(kept), "id": kept["id"]}
    if "snippet" in parts:
        shown["snippet"] = _snippet(kept)
    if "status" in parts:
        shown["status"] = kept["status"]
    if "statistics" in parts:
        shown["statistics"] = {"viewCount": "0", "likeCount": "0", "commentCount": "0"}
    if owner and "processingDetails" in parts:
        state = {"uploaded": "processing", "processed": "succeeded", "rejected": "succeeded", "failed": "failed"}
        shown["processingDetails"] = {"processingStatus": state.get(kept["status"]["uploadStatus"], "")}
    if owner and "fileDetails" in parts:
        shown["fileDetails"] = {"fileName": kept["file"].rsplit("/", 1)[-1], "fileSize": str(kept["bytes"])}
    return shown


def channel(name: str, parts: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": "youtube#channel", "etag": _etag(name), "id": channel_id(name)}
    if "snippet" in parts:
        shown["snippet"] = {"title": name, "description": "", "customUrl": f"@{name}"}
    if "contentDetails" in parts:
        shown["contentDetails"] = {"relatedPlaylists": {"likes": "", "uploads": uploads_id(name)}}
    if "status" in parts:
        shown["status"] = {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": "allowed"}
    return shown


def playlist_item(kept: Video, position: int, parts: list[str]) -> dict[str, Any]:
    item: dict[str, Any] = {"kind": "youtube#playlistItem", "etag": _etag(kept, position), "id": f"UEx{kept['id']}"}
    published = iso(kept["uploaded_at_ms"])
    if "snippet" in parts:
        item["snippet"] = {
            "publishedAt": published, "channelId": channel_id(kept["channel"]), "channelTitle": kept["channel"],
            "title": kept["snippet"]["title"], "description": kept["snippet"]["description"],
            "playlistId": uploads_id(kept["channel"]), "position": position,
            "resourceId": {"kind": "youtube#video", "videoId": kept["id"]},
        }  # fmt: skip
    if "contentDetails" in parts:
        item["contentDetails"] = {"videoId": kept["id"], "videoPublishedAt": published}
    if "status" in parts:
        item["status"] = {"privacyStatus": kept["status"]["privacyStatus"]}
    return item
