"""What YouTube demands of a video's snippet and status (discovery document of November 2026 and the upload guide)."""

import re
from datetime import datetime
from typing import Any

from videod.sandbox.youtube.errors import bad

TITLE_CHARS, DESCRIPTION_BYTES, TAGS_CHARS = 100, 5000, 500
PRIVACY = ("public", "unlisted", "private")
LICENSES = ("youtube", "creativeCommon")
SNIPPET_FIELDS = ("title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage")
STATUS_FIELDS = (
    "privacyStatus", "publishAt", "selfDeclaredMadeForKids", "containsSyntheticMedia", "embeddable", "license",
    "publicStatsViewable",
)  # fmt: skip
#: The assignable categories of region US.
CATEGORIES = {"1", "2", "10", "15", "17", "19", "20", "22", "23", "24", "25", "26", "27", "28", "29"}

Part = dict[str, Any]


def tags_length(tags: list[str]) -> int:
    """Characters a tag list counts: commas between, and two more for the quotes around a tag with a space."""
    return sum(len(tag) + (2 if " " in tag else 0) for tag in tags) + max(0, len(tags) - 1)


def snippet(given: object) -> Part:
    """The snippet to keep. Raises Denied with the reason the real service gives."""
    if not isinstance(given, dict):
        raise bad("invalidVideoMetadata", "The request metadata specifies invalid video metadata.")
    title = given.get("title")
    if not isinstance(title, str) or not title.strip() or len(title) > TITLE_CHARS or re.search("[<>]", title):
        raise bad("invalidTitle", "The request metadata specifies an invalid or empty video title.")
    description = given.get("description", "")
    too_long = isinstance(description, str) and len(description.encode()) > DESCRIPTION_BYTES
    if not isinstance(description, str) or too_long or re.search("[<>]", description):
        raise bad("invalidDescription", "The request metadata specifies an invalid video description.")
    tags = given.get("tags", [])
    known = isinstance(tags, list) and all(isinstance(tag, str) and tag and not re.search("[<>]", tag) for tag in tags)
    if not known or tags_length(tags) > TAGS_CHARS:
        raise bad("invalidTags", "The request metadata specifies invalid video keywords.")
    if str(given.get("categoryId", "22")) not in CATEGORIES:
        raise bad("invalidCategoryId", "The snippet.categoryId property specifies an invalid category ID.")
    kept = {name: given[name] for name in SNIPPET_FIELDS if name in given}
    return {"description": "", "categoryId": "22"} | kept


def status(given: object, *, was: str | None = None) -> Part:
    """The writable part of the status to keep; `was` is the privacy before an update. Raises Denied."""
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise bad("invalidVideoMetadata", "The request metadata specifies invalid video metadata.")
    kept = {name: given[name] for name in STATUS_FIELDS if name in given}
    if kept.setdefault("privacyStatus", was or "public") not in PRIVACY:
        raise bad("invalidVideoMetadata", "The status.privacyStatus property specifies an invalid value.")
    if kept.get("license", "youtube") not in LICENSES:
        raise bad("invalidVideoMetadata", "The status.license property specifies an invalid value.")
    for name in ("selfDeclaredMadeForKids", "containsSyntheticMedia", "embeddable", "publicStatsViewable"):
        if name in kept and not isinstance(kept[name], bool):
            raise bad("invalidVideoMetadata", f"The status.{name} property must be a boolean.")
    if "publishAt" in kept:
        allowed = kept["privacyStatus"] == "private" and was in (None, "private")
        if not allowed or not _is_instant(kept["publishAt"]):
            raise bad("invalidPublishAt", "The request metadata specifies an invalid scheduled publishing time.")
    defaults = {"license": "youtube", "embeddable": True, "publicStatsViewable": True, "selfDeclaredMadeForKids": False}
    return defaults | kept


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
