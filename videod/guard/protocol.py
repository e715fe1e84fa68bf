"""aiohttp's end of a connection, with answers of our own where no application is asked: heads that cannot be read."""

import logging
import time

from aiohttp import web

from videod.core.sanitize import sanitize_line
from videod.guard import errors
from videod.guard.errors import Code

log = logging.getLogger(__name__)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Protocol(web.RequestHandler):
    """Answers what aiohttp itself refuses as every other error is answered."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """aiohttp's answer in our words; it closes the connection.

        A bug is logged with its trace. What a caller did wrong is not: whoever sends enough of it would fill the log.
        """
        if status < 500:
            if request.writer.output_size > 0:
                raise ConnectionError("an answer was begun already")
            log.debug("guard_request_unreadable", extra={"error": sanitize_line(str(exc or message))})
        else:
            super().handle_error(request, status, exc, message)
        given = request.headers.get(errors.REQUEST_ID)  # of a head that cannot be read there are none
        name = errors.named(() if given is None else (given,))
        if status < 500:
            told = errors.body(
                Code.MALFORMED, "videod cannot read this as an HTTP request", "check its first line and its headers",
                now_ms(), name,
            )  # fmt: skip
        else:
            told = errors.body(
                Code.INTERNAL, "videod could not do that because of a bug", "its log has the details", now_ms(), name
            )
        answer = web.json_response(told, status=status, headers={errors.REQUEST_ID: name})
        answer.force_close()
        return answer


def full() -> bytes:
    """The whole answer to a connection for which there is no place."""
    name = errors.named(())
    told = errors.body(Code.BUSY, "too many requests are in work", "try again in a second", now_ms(), name)
    words = web.json_response(told).body
    assert isinstance(words, bytes)
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(words)}\r\n{errors.REQUEST_ID}: {name}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + words
