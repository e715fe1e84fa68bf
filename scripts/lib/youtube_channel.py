"""Is the channel of a consent the one that the channel's file names? Nothing may be sent before that is sure."""

from scripts.lib import youtube
from scripts.lib.failures import Failure, Kind
from scripts.lib.youtube_data import YouTubeChannel, YouTubeData

#: codes of the failures, by which the daemon knows what to advise
WRONG, NONE, SEVERAL, SCOPES = "wrongChannel", "noChannel", "severalChannels", "insufficientPermissions"
AGAIN = "run `videod channels authorize`, choose the right channel and leave every box ticked"


def verified(data: YouTubeData, wanted: str) -> YouTubeChannel:
    """The channel of the token when it is `wanted` (UC..., @handle or user/name).

    Raises Failure(configuration) naming both channels when it is another one, or none, or cannot be told; as it is
    when YouTube does not answer.
    """
    own = channel_of(data)
    right = _same(data, wanted, own)
    if right is None:
        raise _wrong(f"YouTube knows no channel {wanted}, which the channel's file names. This consent is for {own}",
                     WRONG, f"set youtube_channel to {own.id}, or correct it")  # fmt: skip
    if right.id != own.id:
        raise _wrong(
            f"this consent is for the YouTube channel {own}, but the channel's file names {right}", WRONG,
            f"{AGAIN}, or set youtube_channel to {own.id}",
        )  # fmt: skip
    return own


def channel_of(data: YouTubeData) -> YouTubeChannel:
    """The one channel that a token stands for. Raises Failure(configuration) when there is none, or several."""
    try:
        mine = data.channels_mine()
    except Failure as failure:
        raise _insufficient(failure) or failure from failure
    if not mine:
        raise _wrong("this consent's Google account has no YouTube channel", NONE,
                     f"create the channel at youtube.com, or {AGAIN}")  # fmt: skip
    if len(mine) > 1:
        listed = " and ".join(str(channel) for channel in mine[:5])
        raise _wrong(f"this consent covers several YouTube channels, {listed}: nobody can tell which one would get an"
                     " upload", SEVERAL, AGAIN)  # fmt: skip
    return mine[0]


def _same(data: YouTubeData, wanted: str, own: YouTubeChannel) -> YouTubeChannel | None:
    """The wanted channel, as YouTube names it where it can be found; None: there is none of that name."""
    if wanted == own.id or (own.handle and wanted.casefold() == own.handle.casefold()):
        return own
    found = data.channel_named(wanted)
    if found is None and wanted.startswith("UC"):
        return YouTubeChannel(wanted, "")  # an id names a channel also when it cannot be seen
    return found


def _insufficient(failure: Failure) -> Failure | None:
    """What a refusal for want of rights means; None for any other failure."""
    said = f"{failure.code} {failure.message}".lower()
    if failure.http_status != 403 or not ("insufficientpermission" in said or "insufficient authentication" in said):
        return None
    return _wrong(
        "this consent does not let videod see which channel it is for (it lacks youtube.readonly, as consents from"
        " older versions do)", SCOPES, AGAIN,
    )  # fmt: skip


def _wrong(message: str, code: str, next_step: str) -> Failure:
    return Failure(Kind.CONFIGURATION, message, service=youtube.SERVICE, endpoint="channels.list", code=code,
                   next_step=next_step)  # fmt: skip
