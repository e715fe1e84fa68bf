"""KIE.ai (Kling): tasks, file hosting, and an envelope that hides errors in HTTP 200.

There is no idempotency key and no list of one's own tasks: a lost answer to `create` is a possible paid orphan.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.lib import answers, bounds, http, origins, wires
from scripts.lib.answers import Json, dig
from scripts.lib.failures import Failure, Kind, holds_secret, redact, secret

SERVICE = "kie"
USD_PER_CREDIT = 0.005
#: what MOST_USD buys; a task that says more says nonsense
MOST_CREDITS = bounds.MOST_USD / USD_PER_CREDIT
#: A task unknown to recordInfo right after its creation is normal for this long (it answers 422).
GRACE_S = 90.0
#: codes with which it says that it could not fetch a picture, where that is `down`
UNFETCHED = ("451", "400", "422")
#: every state that the service documents; the first three are on the way
STATES = ("waiting", "queuing", "generating", "success", "fail")
#: the service gives a task up ten minutes after its model fell silent: one that is so old has no end of its own
LIMIT_S = 3600.0
#: how the service speaks of an order, and of everything that is free
ORDER, QUESTION = "kie", "kie question"

POLICY_WORDS = re.compile(
    r"content polic|policy violation|violat|sensitive|nsfw|safety|prohibited|moderation|risk control|inappropriate"
    r"|flagged|not allowed content|audit",
    re.IGNORECASE,
)
FETCH_WORDS = re.compile(r"fetch|download|access|load|reach", re.IGNORECASE)
INPUT_WORDS = re.compile(
    r"invalid (param|input|image|prompt)|unsupported|too (long|large|small)|aspect ratio|resolution|pixel",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Task:
    """One job as the service shows it. `state`: one of STATES, or unknown (422)."""

    state: str
    urls: tuple[str, ...]
    fail_code: str
    fail_message: str
    credits: float | None
    progress: float | None


def address() -> str:
    return origins.address("VIDEOD_URL_KIE")


def _api() -> http.Service:
    return http.Service(SERVICE, address(), {"Authorization": f"Bearer {secret('KIE_API_KEY', 'KIE')}"})


def create(model: str, request: Mapping[str, Json]) -> str:
    """Order one task and give its id. Raises Failure when it was not taken, AnswerLost when it may have been."""
    reply = _api().send("POST", "/api/v1/jobs/createTask", json={"model": model, "input": dict(request)}, deadline_s=60)
    value = opened(reply)
    task = answers.word(dig(value, "data", "taskId"))
    if task is None or holds_secret(task):
        raise reply.lost("the task was taken, yet the answer has no taskId")
    return task


def ask(task_id: str) -> Task:
    """How the task stands. Raises Failure when the service does not say; asking again is free."""
    reply = _api().send(
        "GET", "/api/v1/jobs/recordInfo", params={"taskId": task_id}, deadline_s=30, cap=4 << 20
    )  # fmt: skip
    try:
        data = dig(opened(reply, QUESTION), "data")
    except Failure as failure:
        if failure.code == "422":
            return Task("unknown", (), "", "", None, None)
        raise
    state = answers.text(dig(data, "state"))
    if state is None:
        if data is None:
            return Task("unknown", (), "", "", None, None)
        raise reply.failure(Kind.NONSENSE, "the task's record has no state")
    if state not in STATES:
        # its own word for an end may be among them, yet which one it is nobody can know
        message = f"task {task_id} is in a state that KIE does not document: {redact(state)[:60]!r}. Its order is kept"
        raise reply.failure(Kind.NONSENSE, message, next_step="look for the task at KIE, then run it again")
    return Task(
        state,
        _urls(dig(data, "resultJson")),
        bounds.text(redact(bounds.text(dig(data, "failCode"), 4_000) or ""), 40) or "",
        redact(answers.text(dig(data, "failMsg")) or ""),
        answers.number(dig(data, "creditsConsumed"), 0.0, MOST_CREDITS),
        answers.number(dig(data, "progress"), 0.0, 100.0),
    )


def fresh_url(url: str) -> str:
    """A new link, good for 20 minutes, to a result whose own link has expired."""
    reply = _api().send("POST", "/api/v1/common/download-url", json={"url": url}, deadline_s=30, cap=1 << 20)
    data = dig(opened(reply, QUESTION), "data")
    link = answers.text(data) or answers.text(dig(data, "url")) or answers.text(dig(data, "downloadUrl"))
    if link is None:
        raise reply.failure(Kind.NONSENSE, "the answer holds no link")
    return link


def host(name: str, data: bytes, mime: str, deadline_s: float = 120) -> str:
    """Put a picture on KIE's own file host and give its public address. `name` must be new: old ones are cached."""
    base = origins.address("VIDEOD_URL_KIE_UPLOAD")
    service = http.Service(SERVICE, base, {"Authorization": f"Bearer {secret('KIE_API_KEY', 'KIE')}"})
    form = http.Form("file", name, data, mime, {"uploadPath": "videod", "fileName": name})
    reply = service.send("POST", "/api/file-stream-upload", form=form, deadline_s=deadline_s, cap=1 << 20)
    url = answers.text(dig(opened(reply, QUESTION), "data", "downloadUrl"))
    if url is None:
        raise reply.failure(Kind.NONSENSE, "the upload's answer has no downloadUrl")
    return url


def opened(reply: http.Reply, wire: str = ORDER) -> Json:
    """The envelope of a good answer. Raises Failure for a bad one, whichever of HTTP and `code` says so.

    Of an order it raises AnswerLost where it may have been taken; a question buys nothing.
    """
    value = reply.json_or_none()
    good = 200 <= reply.status < 300 and answers.number(dig(value, "code")) == 200
    if good and dig(value, "success") is not False:
        return value
    raise wires.failure(wire, reply, free=wire != ORDER)


def why_failed(task: Task) -> Failure:
    """What the end of a failed task means. Failed tasks are free, so all but a refusal may be ordered again."""
    message = f"the task failed: {task.fail_message or 'no reason given'}"
    code = task.fail_code or None
    kind = Kind.NONSENSE
    if POLICY_WORDS.search(task.fail_message):
        kind = Kind.REFUSED
    elif code in {"402", "433"}:
        kind = Kind.QUOTA
    elif code == "429":
        kind = Kind.BUSY
    elif code in {"408", "451", "455", "500", "501"}:
        kind = Kind.DOWN
    elif code in {"400", "422"} and INPUT_WORDS.search(task.fail_message) and not FETCH_WORDS.search(task.fail_message):
        kind = Kind.INPUT
    return Failure(kind, message, service=SERVICE, endpoint="GET /api/v1/jobs/recordInfo", http_status=200, code=code)


def _urls(result: Json) -> tuple[str, ...]:
    """The links in `resultJson`, which is JSON inside a JSON string."""
    if isinstance(result, str) and result:
        try:
            result = answers.parse(result)
        except ValueError:
            return ()
    return tuple(url for item in answers.items(dig(result, "resultUrls")) if (url := answers.text(item)) is not None)


def unique_name(digest: str, suffix: str) -> str:
    """A file name that was never used: hosts cache by name."""
    return f"{digest[:16]}-{time.time_ns():x}{suffix}"
