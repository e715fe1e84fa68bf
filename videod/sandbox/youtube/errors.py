"""Google's error body, and the ways a request is turned away."""

from datetime import datetime

from aiohttp import web

HOSTED = "youtube.googleapis.com"


class Denied(Exception):
    """A refusal on its way to the client: HTTP status, `errors[0]` and the optional canonical `status` name."""

    def __init__(
        self, http: int, domain: str, reason: str, message: str, status: str | None = None,
        where: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.http = http
        self.domain = domain
        self.reason = reason
        self.status = status
        self.where = where

    def answer(self) -> web.Response:
        message = str(self)
        error: dict[str, object] = {
            "code": self.http,
            "message": message,
            "errors": [{"message": message, "domain": self.domain, "reason": self.reason}],
        }
        if self.where is not None:
            located = {"locationType": self.where[0], "location": self.where[1]}
            error["errors"] = [{"message": message, "domain": self.domain, "reason": self.reason} | located]
        if self.status is not None:
            error["status"] = self.status
        headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if self.http == 401 else {}
        return web.json_response({"error": error}, status=self.http, headers=headers)


def unauthorized() -> Denied:
    return Denied(401, "global", "authError", "Invalid Credentials", "UNAUTHENTICATED")


def insufficient() -> Denied:
    text = "Request had insufficient authentication scopes."
    return Denied(403, "global", "insufficientPermissions", text, "PERMISSION_DENIED")


def uploads_exhausted() -> Denied:
    text = (
        "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service "
        f"'{HOSTED}' for consumer 'project_number:100000000000'."
    )
    return Denied(429, "global", "rateLimitExceeded", text, "RESOURCE_EXHAUSTED")


def units_exhausted() -> Denied:
    text = (
        "The request cannot be completed because you have exceeded your "
        '<a href="/youtube/v3/getting-started#quota">quota</a>.'
    )
    return Denied(403, "youtube.quota", "quotaExceeded", text)


def channel_exhausted() -> Denied:
    text = "The user has exceeded the number of videos they may upload."
    return Denied(400, "youtube.video", "uploadLimitExceeded", text)


def bad(reason: str, message: str) -> Denied:
    return Denied(400, "youtube.video", reason, message)


def not_found(reason: str, message: str, domain: str = "youtube.video") -> Denied:
    return Denied(404, domain, reason, message)


def moment(text: str | None, name: str) -> int | None:
    """An RFC 3339 time of a query in ms; None where it was left out. Raises Denied."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise bad("invalidParameter", f"Invalid value for {name}: it must be an RFC 3339 date-time.")
    return int(found.timestamp() * 1000)
