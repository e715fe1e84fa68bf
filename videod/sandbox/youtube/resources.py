"""Videos, channels and playlist items as the API shows them."""

import hashlib
from typing import Any

from videod.sandbox.youtube.library import PROCESSING_MS, Video, iso

#: what YouTube itself says of a video's end
ENDINGS = ("uploadStatus", "failureReason", "rejectionReason")


def channel_id(channel: str) -> str:
    return f"UC{channel}"


def uploads_id(channel: str) -> str:
    return f"UU{channel}"


def etag(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:27]


def _snippet(video: Video) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "publishedAt": iso(video["uploaded_at_ms"]), "channelId": channel_id(video["channel"]),
        "channelTitle": video["channel"], "liveBroadcastContent": "none",
    }  # fmt: skip
    shown.update(video["snippet"])
    shown["thumbnails"] = thumbnails(video)
    return shown


def thumbnails(video: Video) -> dict[str, Any]:
    """The sizes of a thumbnail; the addresses are YouTube's, and nobody answers there."""
    sizes = {
        "default": (120, 90),
        "medium": (320, 180),
        "high": (480, 360),
        "standard": (640, 480),
        "maxres": (1280, 720),
    }
    where = f"https://i.ytimg.com/vi/{video['id']}"
    return {name: {"url": f"{where}/{name}.jpg", "width": w, "height": h} for name, (w, h) in sizes.items()}


def words(video: Video) -> str:
    """What a search looks through."""
    snippet = video["snippet"]
    return "\n".join((snippet["title"], snippet["description"], *snippet.get("tags", ()))).casefold()


def search_result(kept: Video, parts: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": "youtube#searchResult", "etag": etag(kept), "id": {"kind": "youtube#video", "videoId": kept["id"]},
    }  # fmt: skip
    if "snippet" in parts:
        full = _snippet(kept)
        names = (
            "publishedAt",
            "channelId",
            "title",
            "description",
            "thumbnails",
            "channelTitle",
            "liveBroadcastContent",
        )
        shown["snippet"] = {name: full[name] for name in names}
    return shown


def video(kept: Video, parts: list[str], *, owner: bool) -> dict[str, Any]:
    """The video resource with the named parts; processing and file details only for its owner."""
    shown: dict[str, Any] = {"kind": "youtube#video", "etag": etag(kept), "id": kept["id"]}
    if "snippet" in parts:
        shown["snippet"] = _snippet(kept)
    if "status" in parts:
        shown["status"] = kept["status"]
    if "statistics" in parts:
        shown["statistics"] = {"viewCount": "0", "likeCount": "0", "commentCount": "0"}
    if owner and "processingDetails" in parts:
        state = {"uploaded": "processing", "processed": "succeeded", "rejected": "succeeded", "failed": "failed"}
        status = state.get(kept["status"]["uploadStatus"], "terminated")
        progress = {"partsTotal": "100", "partsProcessed": "40", "timeLeftMs": "30000"}
        details = {"processingStatus": status} | ({"processingProgress": progress} if status == "processing" else {})
        shown["processingDetails"] = details | kept.get("processingDetails", {})
    if "contentDetails" in parts:
        shown["contentDetails"] = _content(kept, owner)
    if owner and "suggestions" in parts:
        shown["suggestions"] = {}
    if owner and "fileDetails" in parts:
        shown["fileDetails"] = {"fileName": kept["file"].rsplit("/", 1)[-1], "fileSize": str(kept["bytes"])}
    return shown


def _content(kept: Video, owner: bool) -> dict[str, Any]:
    """No length and the small size while it is processed; what was set later lies over the rest."""
    ready = kept["status"]["uploadStatus"] == "processed"
    seconds = round(kept.get("duration_s") or 0) if ready else 0
    shown: dict[str, Any] = {
        "duration": f"PT{seconds // 60}M{seconds % 60}S" if seconds >= 60 else f"PT{seconds}S", "dimension": "2d",
        "definition": "hd" if ready else "sd", "caption": "false", "licensedContent": False, "contentRating": {},
        "projection": "rectangular",
    }  # fmt: skip
    if owner:
        shown["hasCustomThumbnail"] = "thumbnail" in kept
    shown |= kept.get("contentDetails", {})
    return shown


def caption(kept: dict[str, Any], parts: list[str], now_ms: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": "youtube#caption", "etag": etag(kept), "id": kept["id"]}
    if "snippet" in parts:
        syncing = now_ms - kept["at_ms"] < PROCESSING_MS
        status = "syncing" if syncing else "serving" if kept["format"] is not None else "failed"
        shown["snippet"] = {
            "videoId": kept["video_id"], "lastUpdated": iso(kept["at_ms"]), "trackKind": "standard",
            "language": kept["language"], "name": kept["name"], "audioTrackType": "unknown", "isCC": False,
            "isLarge": False, "isEasyReader": False, "isDraft": kept["is_draft"], "isAutoSynced": False,
            "status": status,
        } | ({"failureReason": "unknownFormat"} if status == "failed" else {})  # fmt: skip
    return shown


def playlist(kept: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": "youtube#playlist", "etag": etag(kept), "id": kept["id"]}
    if "snippet" in parts:
        shown["snippet"] = {
            "publishedAt": iso(kept["at_ms"]), "channelId": channel_id(kept["channel"]), "title": kept["title"],
            "description": kept["description"], "thumbnails": {}, "channelTitle": kept["channel"],
            "localized": {"title": kept["title"], "description": kept["description"]},
        }  # fmt: skip
    if "status" in parts:
        shown["status"] = {"privacyStatus": kept["privacy"]}
    if "contentDetails" in parts:
        shown["contentDetails"] = {"itemCount": len(kept["items"])}
    return shown


def listed_item(
    into: dict[str, Any], item: dict[str, Any], kept: Video | None, position: int, parts: list[str]
) -> dict[str, Any]:
    """A video's place in a playlist; `kept` is None once the video was deleted."""
    shown: dict[str, Any] = {"kind": "youtube#playlistItem", "etag": etag(item, position), "id": item["id"]}
    if "snippet" in parts:
        snippet = {"title": "Deleted video", "description": ""} if kept is None else kept["snippet"]
        shown["snippet"] = {
            "publishedAt": iso(item["at_ms"]), "channelId": channel_id(into["channel"]), "title": snippet["title"],
            "description": snippet["description"], "channelTitle": into["channel"], "playlistId": into["id"],
            "position": position, "resourceId": {"kind": "youtube#video", "videoId": item["video_id"]},
        }  # fmt: skip
    if "contentDetails" in parts:
        shown["contentDetails"] = {"videoId": item["video_id"]}
    if "status" in parts:
        shown["status"] = {"privacyStatus": "private" if kept is None else kept["status"]["privacyStatus"]}
    return shown


def channel(name: str, parts: list[str], set_late: dict[str, Any] | None = None) -> dict[str, Any]:
    facts = set_late or {}
    shown: dict[str, Any] = {"kind": "youtube#channel", "etag": etag(name), "id": channel_id(name)}
    if "snippet" in parts:
        shown["snippet"] = {
            "title": facts.get("title", name), "description": "", "customUrl": f"@{facts.get('handle', name)}",
        }  # fmt: skip
    if "contentDetails" in parts:
        shown["contentDetails"] = {"relatedPlaylists": {"likes": "", "uploads": uploads_id(name)}}
    if "status" in parts:
        shown["status"] = {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": "allowed"}
        shown["status"] |= {name: facts[name] for name in ("longUploadsStatus",) if name in facts}
    return shown


def playlist_item(kept: Video, position: int, parts: list[str]) -> dict[str, Any]:
    item: dict[str, Any] = {"kind": "youtube#playlistItem", "etag": etag(kept, position), "id": f"UEx{kept['id']}"}
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
