"""YouTube: uploads, each in the name of a channel that somebody authorised. Nothing costs money there."""

from videod.core.service import Limits, Needed, Secret, Service, Where

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
    addresses={
        "VIDEOD_URL_YOUTUBE": "https://www.googleapis.com",
        "VIDEOD_URL_GOOGLE_OAUTH": "https://oauth2.googleapis.com",
        "VIDEOD_URL_GOOGLE_ACCOUNTS": "https://accounts.google.com",
    },
)
