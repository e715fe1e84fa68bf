"""YouTube: uploads, each in the name of a channel that somebody authorized. Nothing costs money there."""

import re

from videod.core.failures import Kind
from videod.core.service import Limits, Needed, Secret, Service, Where
from videod.core.verdicts import ANY, Form, Row, Wait, Wire, by_person

#: reasons that name a field of the video
_FIELDS = (
    "invalidTitle|invalidDescription|invalidTags|invalidCategoryId|invalidPublishAt|invalidVideoMetadata"
    "|mediaBodyRequired|invalidFilename|invalidRecordingDetails|defaultLanguageNotSet|invalidVideoGameRating"
    "|forbiddenPrivacySetting|forbiddenLicenseSetting|forbiddenEmbedSetting"
)
#: the account or the channel itself: only its owner can settle that with YouTube
_ACCOUNT = (
    "accountSuspended|accountClosed|channelSuspended|channelClosed"
    "|authenticatedUserAccountSuspended|authenticatedUserAccountClosed"
)
_CONSENT = "run `videod channels authorize` for the channel"

WIRE = Wire(
    name="youtube",
    calls="`videos.insert`, the upload session, the lists of your own videos (nothing costs money)",
    own=("error.code", "error.message"),
    words=("error.errors.0.reason", "error.status"),
    message=("error.message",),
    rows=(
        Row("400-499", Kind.QUOTA, wait=Wait.MIDNIGHT, words="quotaExceeded|dailyLimitExceeded"),
        Row("403, 429", Kind.QUOTA, wait=Wait.MIDNIGHT, says="per day|video uploads"),
        Row("400-499", Kind.QUOTA, wait=Wait.DAY, words="uploadLimitExceeded"),
        Row("400-499", Kind.BUSY, wait=Wait.SAID, wait_s=60.0,
            words="rateLimitExceeded|userRateLimitExceeded|uploadRateLimitExceeded"),
        Row("409", Kind.DOWN, wait=Wait.SAID, words="alreadyExists"),
        by_person("401, 403", Kind.CREDENTIALS, words=_ACCOUNT,
            does="settle it with YouTube in YouTube Studio, then run `videod channels authorize` for the channel"),
        by_person("403", Kind.CONFIGURATION, words="accessNotConfigured|SERVICE_DISABLED",
            does="enable YouTube Data API v3 in the channel's Google project"),
        by_person("403", Kind.CREDENTIALS, words="insufficientPermissions|ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            does=f"{_CONSENT} and leave every box ticked"),
        by_person("400-499", Kind.CONFIGURATION, words="youtubeSignupRequired",
            does="create a YouTube channel for the account"),
        by_person("400-499", Kind.INPUT, words=_FIELDS,
            does="change the field that is named"),
        by_person("401", Kind.CREDENTIALS, does=_CONSENT,
            forms=(Form.OWN, Form.NONE)),
        by_person("403", Kind.CONFIGURATION,
            does="check the channel's rights and the token's scopes"),
        Row("500-599", Kind.DOWN, wait=Wait.SAID, forms=ANY),
    ),
)  # fmt: skip
TOKEN = Wire(
    name="google token",
    calls="Google's token endpoint (free)",
    own=("error",),
    words=("error",),
    message=("error_description", "error"),
    rows=(
        by_person("400-499", Kind.CREDENTIALS, words="invalid_grant|access_denied",
            does=_CONSENT),
        by_person("400-499", Kind.CONFIGURATION, does="check GOOGLE_CLIENT_ID and its"
            " secret", words="invalid_client|deleted_client|unauthorized_client|redirect_uri_mismatch|invalid_request"),
    ),
)  # fmt: skip

#: the variables of the OAuth clients of named Google projects (`google_project` of a channel)
OF_PROJECT = re.compile(r"GOOGLE_CLIENT_(?:ID|SECRET)_[A-Z0-9][A-Z0-9_]{0,31}")


def client_secrets(project: str) -> tuple[str, str]:
    """The variables of the id and the secret of a Google project's OAuth client; "": of the one without a name."""
    suffix = f"_{project.upper()}" if project else ""
    return f"GOOGLE_CLIENT_ID{suffix}", f"GOOGLE_CLIENT_SECRET{suffix}"


SERVICE = Service(
    name="youtube",
    title="YouTube",
    place=40,
    where=Where.OUTSIDE,
    limits=Limits(daily_quota=100, quota_zone="America/Los_Angeles"),
    remarks={"daily_quota": "uploads a day and Google project"},
    secrets=(
        Secret("GOOGLE_CLIENT_ID", "uploads", Needed.TO_PUBLISH),
        Secret("GOOGLE_CLIENT_SECRET", "uploads", Needed.TO_PUBLISH),
        Secret("YOUTUBE_ACCESS_TOKEN", "one upload", Needed.ISSUED),
    ),
    codes_of_channel=("uploadLimitExceeded",),
    by_project=True,
    wires=(WIRE, TOKEN),
    addresses={
        "VIDEOD_URL_YOUTUBE": "https://www.googleapis.com",
        "VIDEOD_URL_GOOGLE_OAUTH": "https://oauth2.googleapis.com",
        "VIDEOD_URL_GOOGLE_ACCOUNTS": "https://accounts.google.com",
    },
)
