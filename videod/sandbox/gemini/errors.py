"""The error answers of the Gemini API."""

from typing import Any

from aiohttp import web

SERVICE = "generativelanguage.googleapis.com"


class GeminiError(Exception):
    """An error answer: HTTP status, the status's name, the message and the details."""

    def __init__(self, http: int, status: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.http = http
        self.status = status
        self.details = details

    def answer(self) -> web.Response:
        error: dict[str, Any] = {"code": self.http, "message": str(self), "status": self.status}
        if self.details is not None:
            error["details"] = self.details
        return web.json_response({"error": error}, status=self.http)


def _type(name: str) -> str:
    return f"type.googleapis.com/google.rpc.{name}"


def bad_key() -> GeminiError:
    message = "API key not valid. Please pass a valid API key."
    info = {"@type": _type("ErrorInfo"), "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    told = {"@type": _type("LocalizedMessage"), "locale": "en-US", "message": message}
    return GeminiError(400, "INVALID_ARGUMENT", message, [{**info, "metadata": {"service": SERVICE}}, told])


def no_key() -> GeminiError:
    message = "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity."
    return GeminiError(403, "PERMISSION_DENIED", message)


def invalid(message: str, field: str | None = None) -> GeminiError:
    details = None
    if field is not None:
        violations = [{"field": field, "description": message}]
        details = [{"@type": _type("BadRequest"), "fieldViolations": violations}]
    return GeminiError(400, "INVALID_ARGUMENT", message, details)


def no_model(name: str, version: str) -> GeminiError:
    message = (
        f"models/{name} is not found for API version {version}, or is not supported for generateContent."
        " Call ListModels to see the list of available models and their supported methods."
    )
    return GeminiError(404, "NOT_FOUND", message)


def no_method(path: str) -> GeminiError:
    """No such method, or not by this verb: Google tells the two apart no further."""
    return GeminiError(404, "NOT_FOUND", f"The requested URL {path[:200]} was not found on this server.")


def quota(kind: str, model: str) -> GeminiError:
    """`quota_minute` and `quota_day` say in their quota's id which they are; `quota_bare` says nothing at all."""
    if kind == "quota_bare":
        return GeminiError(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
    period = "PerMinute" if kind == "quota_minute" else "PerDay"
    violation = {
        "quotaMetric": f"{SERVICE}/generate_content_paid_tier_requests",
        "quotaId": f"GenerateRequests{period}PerProjectPerModel-PaidTier",
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": "60" if kind == "quota_minute" else "1500",
    }
    page = "https://ai.google.dev/gemini-api/docs/rate-limits"
    details: list[dict[str, Any]] = [
        {"@type": _type("QuotaFailure"), "violations": [violation]},
        {"@type": _type("Help"), "links": [{"description": "Learn more about Gemini API quotas", "url": page}]},
        # a daily quota shows seconds as well: only the quota's id tells the truth
        {"@type": _type("RetryInfo"), "retryDelay": "7s"},
    ]
    return GeminiError(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan.", details)


def overload() -> GeminiError:
    return GeminiError(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
