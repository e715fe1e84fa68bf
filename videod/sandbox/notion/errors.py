"""The error answers of the Notion API: one exception, its body, and the refusals that several rooms share."""

import uuid
from typing import Any

from aiohttp import web


class ApiError(Exception):
    """A refusal as Notion words it. `additional_data` and `headers` are sent along when given."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        additional_data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.additional_data = additional_data
        self.headers = headers or {}


def answer(error: ApiError) -> web.Response:
    """The HTTP answer: `{object, status, code, message, request_id, additional_data?}`."""
    request_id = str(uuid.uuid4())
    body: dict[str, Any] = {"object": "error", "status": error.status, "code": error.code, "message": error.message}
    if error.additional_data is not None:
        body["additional_data"] = error.additional_data
    body["request_id"] = request_id
    return web.json_response(body, status=error.status, headers={**error.headers, "x-notion-request-id": request_id})


def invalid(message: str) -> ApiError:
    return ApiError(400, "validation_error", message)


def misfit(path: str, expected: str, value: object) -> ApiError:
    """A field of the body (or of the query) that has the wrong shape; `path` reads like `body.filter.and`."""
    shown = repr(value) if isinstance(value, str) else str(value)
    place = path.split(".", 1)[0].split("[", 1)[0]
    return invalid(f"{place} failed validation: {path} should be {expected}, instead was `{shown[:100]}`.")


def not_found(kind: str, wanted: str) -> ApiError:
    """Also the answer for what exists but is not shared with the connection: the two cannot be told apart."""
    return ApiError(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {wanted}. Make sure the relevant pages and databases are shared with your "
        'integration "videod".',
    )


def wrong_url() -> ApiError:
    """No such endpoint, or not in this version of the API."""
    return ApiError(400, "invalid_request_url", "Invalid request URL.")
