"""YouTube Data API v3 for films: resumable uploads, reading back, updating, deleting, search, captions, thumbnails,
playlists, quotas.

The state is context.load("youtube"): {"videos": {id: {"id", "snippet", "status", "file" (relative to the service's
folder), "uploaded_at_ms", "channel", "bytes", "sha256"}}, "sessions": {...}, "quota": {...}}. A token belongs to a
channel; only the owner sees what is private. Quotas count per project and day (Los Angeles).

Faults of its own:
  partial_chunk   keep only half of a chunk (whole 256 KiB blocks)     no_range   forget everything received so far
  session_gone    the session is unknown from now on                   final_lost publish, then reset the connection
  daily_limit     the upload bucket is empty                           unit_quota the unit pool is empty
  channel_limit   this channel may not upload more today
  no_channel      channels.list mine: this account has no channel
  more_channels   channels.list mine: besides the token's channel those in `body` (names with commas between)
  verdict         a video that is asked about has the verdict `body` from now on, such as "rejected duplicate"
  thumbnail_forbidden  thumbnails.set: 403, as for a channel that is not verified
  thumbnail_limit      thumbnails.set: 429, too many of late
  listing_not_found    playlistItems.insert: 404, as for a video that was uploaded just now
  no_duplicates        playlistItems.insert: 409 for a video that is in the list
  sorted_list          playlistItems.insert: 400 manualSortRequired where a position is given
  rejected        the upload succeeds, later uploadStatus is rejected (`body` is the reason, default "duplicate")
What differs: a channel's id is "UC" + its name, its handle "@" + its name, there is one as soon as a token of it was
shown; processing takes a second. `Library.set` lists what the admin address sets (PUT /set/youtube/...): a verdict long
after the upload, facts of a channel, how long processing takes.
"""

from videod.sandbox.youtube.app import build

FAULT_KINDS = (
    "partial_chunk", "no_range", "session_gone", "final_lost", "daily_limit", "unit_quota", "channel_limit", "rejected",
    "verdict",
    "no_channel", "more_channels", "thumbnail_forbidden", "thumbnail_limit", "listing_not_found", "no_duplicates",
    "sorted_list",
)  # fmt: skip

__all__ = ["FAULT_KINDS", "build"]
