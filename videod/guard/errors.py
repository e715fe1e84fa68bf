"""What a refusal looks like wherever requests come in, the codes that it may carry, and the names of requests.

Every error is {"code", "message", "hint", "timestamp", "request_id"}. A code keeps its meaning: programs read it,
people the two sentences. Every request has a name: the caller's own where it is one, else one of ours; the answer
carries it in X-Request-ID, and every log record of that request as `request_id`.
"""

import os
import re
from collections.abc import Sequence
from contextvars import ContextVar
from enum import StrEnum

from videod.core.moments import iso
from videod.core.sanitize import encodable, sanitize_line
from videod.core.wishes import Obstacle

REQUEST_ID = "X-Request-ID"
#: letters, digits, dots, dashes and underscores: nothing that a log, a header or a command line could read as more
_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: the name of the request in work, for its log records
CURRENT: ContextVar[str | None] = ContextVar("videod_request_id", default=None)


class Code(StrEnum):
    """What is wrong with a request. The value is that of `code`; beside these stand the names of `Obstacle`."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    BAD_CURSOR = "bad_cursor"
    WRONG_HOST = "wrong_host"
    OTHER_PAGE = "other_page"
    READ_ONLY = "read_only"
    WRONG_USER = "wrong_user"
    WRONG_TOKEN = "wrong_token"  # noqa: S105  # a code, no secret
    UNSIGNED = "unsigned"
    NOT_FOUND = "not_found"
    UNKNOWN_TASK = "unknown_task"
    UNKNOWN_ENTRY = "unknown_entry"
    UNKNOWN_CHANNEL = "unknown_channel"
    UNKNOWN_SERVICE = "unknown_service"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    EXPECTATION_FAILED = "expectation_failed"
    TOO_OFTEN = "too_often"
    BUSY = "busy"
    NOT_READY = "not_ready"
    BOARD_UNAVAILABLE = "board_unavailable"
    BOARD_REFUSED = "board_refused"
    INTERNAL = "internal"


#: code -> HTTP status, what it means
CODES: dict[Code, tuple[int, str]] = {
    Code.MALFORMED: (400, "the request cannot be read: its head, its body, or a character in it"),
    Code.INVALID: (400, "a parameter or a field has a value that is not allowed. The message names it"),
    Code.BAD_CURSOR: (400, "the cursor is not one of this list, sorted this way"),
    Code.WRONG_HOST: (403, "the port answers only requests to localhost or 127.0.0.1"),
    Code.OTHER_PAGE: (403, "a web page of another origin asks for a change"),
    Code.READ_ONLY: (403, "the port is for reading. Changes go to the Unix socket"),
    Code.WRONG_USER: (403, "another user than videod's asks, or the kernel does not say who"),
    Code.WRONG_TOKEN: (403, "the secret of `state/control.token` is missing or not the current one"),
    Code.UNSIGNED: (401, "of the webhook: the delivery is not signed with the token in use"),
    Code.NOT_FOUND: (404, "there is no such path"),
    Code.UNKNOWN_TASK: (404, "no episode has this id or page id"),
    Code.UNKNOWN_ENTRY: (404, "the board has no entry with this id"),
    Code.UNKNOWN_CHANNEL: (404, "no channel has this id"),
    Code.UNKNOWN_SERVICE: (404, "no service has this name"),
    Code.METHOD_NOT_ALLOWED: (405, "the path takes other methods. The header `Allow` lists them"),
    Code.CONFLICT: (409, "it cannot be done now, or the episode changed meanwhile. The message says which"),
    Code.TOO_LARGE: (413, "the body is larger than 256 KiB"),
    Code.NOT_JSON: (415, "the body is not announced as `application/json`, or compressed"),
    Code.EXPECTATION_FAILED: (417, "the header `Expect` asks for something other than `100-continue`"),
    Code.TOO_OFTEN: (429, "of the webhook: verification tokens come too often"),
    Code.BUSY: (503, "too many requests are in work. Try again in a second"),
    Code.NOT_READY: (503, "videod cannot work yet. The message says what is missing"),
    Code.BOARD_UNAVAILABLE: (503, "the board does not answer now. Try again later"),
    Code.BOARD_REFUSED: (409, "the board refused the change. The message says what to fix"),
    Code.INTERNAL: (500, "a bug in videod. Its log has the details under the request's ID"),
}
#: what stands in the way of a change -> what it means; the answer is 409
OBSTACLES: dict[Obstacle, str] = {
    Obstacle.ALREADY_APPROVED: "that review is approved already",
    Obstacle.ALREADY_QUEUED: "the episode is queued already",
    Obstacle.ALREADY_CANCELLED: "the episode is cancelled already",
    Obstacle.NOT_PAUSED: "the episode is not paused",
    Obstacle.NO_CHANNEL: "the channel's file is missing",
    Obstacle.PUBLISHED: "the episode is published",
    Obstacle.CLOSED: "the episode is published, cancelled or a draft: there is nothing to pause",
    Obstacle.IN_REVIEW: "the episode waits for your review",
    Obstacle.IN_WORK: "the episode is already in work",
    Obstacle.SUSPENDED: "a service or a budget keeps the episode waiting. It resumes automatically",
    Obstacle.NO_REVIEW: "that review is not open",
    Obstacle.NOTHING_CHOSEN: "none of the named files can be regenerated",
    Obstacle.NO_WORDS: "nothing of yours goes into that file",
    Obstacle.SAME_WORDS: "it says that already",
    Obstacle.SAME_FILE: "that file is in its place already",
    Obstacle.BEING_MADE: "the file is being made now",
    Obstacle.UNCONFIRMED: "it is not known whether the file was bought",
    Obstacle.BEGUN: "the episode has begun for its channel",
    Obstacle.PLANNED: "the plan is written already",
    Obstacle.NO_STORY: "it has no stories to choose from yet",
    Obstacle.PLAN_IN_REVIEW: "the plan is written already. Regenerate it to change this",
    Obstacle.UPLOADING: "the upload has begun",
    Obstacle.DISK: "the disk is full. Free some space",
}
ErrorCode = Code | Obstacle


def status_of(code: ErrorCode) -> int:
    """The HTTP status that goes with a code."""
    return 409 if isinstance(code, Obstacle) else CODES[code][0]


#: HTTP statuses with which aiohttp refuses automatically -> code
_OF_STATUS = {
    404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED, 413: Code.TOO_LARGE, 417: Code.EXPECTATION_FAILED
}  # fmt: skip


def of_status(status: int) -> Code:
    """The code of a refusal that is not ours."""
    return _OF_STATUS.get(status, Code.MALFORMED if status < 500 else Code.INTERNAL)


class Refused(Exception):
    """A request that is not taken: its code, what is wrong, what to do."""

    def __init__(self, code: ErrorCode, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint

    @property
    def status(self) -> int:
        return status_of(self.code)


def body(code: ErrorCode, message: str, hint: str, at_ms: int, request_id: str) -> dict[str, object]:
    """The JSON of an error; `at_ms` is now. What it repeats of the request is cleaned."""
    said, todo = sanitize_line(encodable(message)), sanitize_line(encodable(hint))
    return {"code": code.value, "message": said, "hint": todo, "timestamp": iso(at_ms), "request_id": request_id}


def named(given: Sequence[str]) -> str:
    """A request's name: the one that its caller gave, where it gave one that is well formed, else a new one."""
    return given[0] if len(given) == 1 and _FORMED.fullmatch(given[0]) else os.urandom(16).hex()
