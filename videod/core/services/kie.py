"""KIE: clips by Kling, and a host for their first pictures.

Every answer is an envelope: HTTP 200 with a `code` that says how it went. A second model is one more entry of the
catalogue here, and its form in `scripts/lib/kling.py`.
"""

from videod.core import bounds
from videod.core.service import (
    CREDIT,
    Balance,
    Check,
    Configured,
    Currency,
    Json,
    Key,
    Limits,
    Model,
    Needed,
    Offer,
    Orders,
    Problem,
    Question,
    Remote,
    Secret,
    Service,
    Unreadable,
    Where,
)

_KEY = Key("KIE_API_KEY", "Authorization", "Bearer ")
_CREDIT = Question("VIDEOD_URL_KIE", "/api/v1/chat/credit", _KEY)
_TASK = Question("VIDEOD_URL_KIE", "/api/v1/jobs/recordInfo?taskId={reference}", _KEY)
#: no account holds more credits
_MOST_CREDITS = 1e9
#: when a task may have ended, ms: 2001 to 2286
_ENDED_MS = (1e12, 1e13)


def _kling(name: str, five_s: float, ten_s: float) -> Model:
    return Model(name, {"5 s": five_s, "10 s": ten_s}, Currency.CREDIT)


_TURBO = _kling("kling/v2-5-turbo-image-to-video", 42, 84)


def _opened(answer: Json) -> object:
    if answer.get("code") != 200:
        raise Unreadable(f"KIE answers with code {bounds.text(answer.get('code'), 40) or 'unknown'}")
    return answer.get("data")


def _used(answer: Json) -> int:
    left = bounds.number(_opened(answer), 0.0, _MOST_CREDITS)
    if left is None:
        raise Unreadable("the answer holds no balance")
    return -round(left * CREDIT)


def _remote(answer: Json) -> Remote:
    task = _opened(answer)
    if not isinstance(task, dict) or not isinstance(task.get("state"), str):
        raise Unreadable("KIE does not know the task")
    ended = bounds.number(task.get("completeTime"), *_ENDED_MS)
    return Remote(task["state"] == "fail", None if ended is None else round(ended))


def _judge(status: int, answer: object) -> Problem | None:
    fields = answer if isinstance(answer, dict) else {}
    if status == 401 or fields.get("code") == 401:
        return Problem("KIE refused KIE_API_KEY; put a valid key into it and restart videod", whole=True)
    left, clip = bounds.number(fields.get("data"), -_MOST_CREDITS, _MOST_CREDITS), _TURBO.prices["10 s"]
    if left is not None and left < clip:
        return Problem(f"KIE has {left:g} credits left, less than one clip of 10 s costs ({clip:g}); top up at KIE")
    return None


def _probe(at: Configured) -> tuple[Check, ...]:
    return (Check(_CREDIT, _judge),)


SERVICE = Service(
    name="kie",
    title="KIE",
    place=20,
    where=Where.OUTSIDE,
    limits=Limits(concurrency=8, rate=20, per_s=10),
    remarks={"rate": "KIE answers 429 above 20 new tasks in 10 s"},
    secrets=(Secret("KIE_API_KEY", "clips", Needed.ALWAYS),),
    addresses={"VIDEOD_URL_KIE": "https://api.kie.ai", "VIDEOD_URL_KIE_UPLOAD": "https://kieai.redpandaai.co"},
    catalogue=(
        _TURBO,
        _kling("kling-2.6/image-to-video", 55, 110),
        _kling("kling/v3-turbo-image-to-video", 112.5, 225),
        _kling("kling-3.0/video", 90, 180),
        _kling("kling-3.0-omni/", 90, 180),
    ),
    offers=(Offer("clip", model="kling/v2-5-turbo-image-to-video-pro", piece="10 s"),),
    credit_usd=0.005,
    credit_at="KIE",
    balance=Balance(_CREDIT, _used, Orders(_TASK, _remote, refunds=True)),
    probe=_probe,
    hosts_pictures=True,
)
