"""KIE: clips by Kling, and a host for their first pictures.

Every answer is an envelope: HTTP 200 with a `code` that says how it went. A second model is one more entry of the
catalogue here, and its form in `scripts/lib/kling.py`.
"""

from collections.abc import Callable
from dataclasses import replace

from videod.core import bounds
from videod.core.failures import Kind
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
from videod.core.verdicts import ANY, Helper, Money, Row, Wait, Wire, by_person

_KEY = Key("KIE_API_KEY", "Authorization", "Bearer ")
_CREDIT = Question("VIDEOD_URL_KIE", "/api/v1/chat/credit", _KEY)
_TASK = Question("VIDEOD_URL_KIE", "/api/v1/jobs/recordInfo?taskId={reference}", _KEY)
#: no account holds more credits
_MOST_CREDITS = 1e9
#: when a task may have ended, ms: 2001 to 2286
_ENDED_MS = (1e12, 1e13)


def _kling(name: str, five_s: float, ten_s: float) -> Model:
    return Model(name, {"5 s": five_s, "10 s": ten_s}, Currency.CREDIT)


#: how the models begin whose form the scripts know (scripts/lib/kling.py); a test compares the two
_FORMS = (
    "kling/v2-5-turbo-image-to-video", "kling/v2-1-", "kling-2.6/image-to-video", "kling/v3-turbo-image-to-video",
    "kling-3.0/video", "kling-3.0-omni/",
)  # fmt: skip
_MODELS = Question("VIDEOD_URL_KIE", "/api/v1/models", _KEY)
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


def _left(answer: Json) -> int:
    return -_used(answer)


def _key(status: int, answer: object) -> Problem | None:
    code = answer.get("code") if isinstance(answer, dict) else None
    if code == 401 or (status == 401 and code is not None):
        return Problem("KIE refused KIE_API_KEY. Put a valid key into it and restart videod", whole=True)
    if status != 200 or code != 200:
        raise Unreadable(f"KIE answers with HTTP {status}, code {bounds.text(code, 40) or 'none'}")
    return None


def _names(value: object) -> set[str]:
    """Every text in the list of models that may be the name of one."""
    if isinstance(value, str):
        return {value}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {name for part in parts for name in _names(part)}


def _model(model: str) -> Callable[[int, object], Problem | None]:
    fix = "Set `video` in `[models]` of videod.toml to another"

    def judge(status: int, answer: object) -> Problem | None:
        if not model.startswith(_FORMS):
            return Problem(f"videod does not know how to order clips of the model {model} at KIE. {fix}")
        names = _names(answer.get("data") if isinstance(answer, dict) else None)
        # the list is proof only where it is one: it names models that videod knows
        if status != 200 or not any(name.startswith(_FORMS) for name in names):
            raise Unreadable("KIE did not list its models")
        return None if model in names else Problem(f"KIE does not have the model {model}. {fix}")

    return judge


#: what forbids a clip, in the words of several vendors
_POLICY = (
    "content polic|policy violation|violat|sensitive|nsfw|safety|prohibited|moderation|risk control|inappropriate"
    "|flagged|not allowed content|audit"
)
#: words for a model that is not there
_NO_MODEL = "model.{0,60}(not supported|not found|unknown|invalid|not exist)|(unsupported|unknown|invalid) model"
#: words with which an order that failed is said not to be charged
_FREE = (
    r"not (been )?charged|no (credits?|charges?)\b|(not|never) (been )?(created|accepted|deducted)"
    r"|credits? (were|was|have been|has been) (refunded|returned)"
)
_ENVELOPE = (
    by_person("401", Kind.CREDENTIALS, does="check KIE_API_KEY"),
    by_person("402", Kind.QUOTA, does="top up, then run `videod resume kie`"),
    Row("433", Kind.QUOTA, helper=Helper.EITHER, wait=Wait.HOUR,
        does="raise the key's own limit at KIE, then run `videod resume kie`"),
    Row("429", Kind.BUSY, wait=Wait.SAID, wait_s=10.0),
    Row("455", Kind.DOWN, wait=Wait.SAID, wait_s=900.0),
)  # fmt: skip
_MISSING = by_person("403, 404, 505", Kind.CONFIGURATION, does="check the model's name and the key's rights")

WIRE = Wire(
    name="kie",
    calls="`createTask`",
    own=("code",),
    words=("code",),
    message=("msg", "message"),
    code="code",
    rows=(
        *_ENVELOPE,
        _MISSING,
        by_person("400, 422", Kind.REFUSED, says=_POLICY, does="re-word what was asked for"),
        # the picture could not be fetched, here and with 451: it is hosted once more
        Row("400, 422", Kind.DOWN, says="(fetch|download).{0,30}image|image.{0,30}(fetch|download)"),
        by_person("400, 422", Kind.CONFIGURATION, does="choose a model that KIE has", says=_NO_MODEL),
        by_person("400, 422", Kind.INPUT, does="change what was asked for"),
        Row("451", Kind.DOWN),
        Row("408, 500-599", Kind.DOWN, says=_FREE),
        Row("408", Kind.DOWN, Money.UNKNOWN),
    ),
)  # fmt: skip
#: no order is placed by these, and what they refuse is no text of a person's
QUESTIONS = replace(
    WIRE,
    name="kie question",
    calls="`recordInfo`, `download-url`, the upload of a picture (free)",
    rows=(
        *_ENVELOPE,
        Row("404, 422", Kind.DOWN, helper=Helper.NOBODY, wait=Wait.NEVER, does="the task or file is gone"),
        _MISSING,
    ),
)
RESULT = Wire(
    name="kie result",
    calls="the link of a finished clip (free; the clip is paid for by then)",
    xml=True,
    rows=(
        Row("401, 403, 404, 410", Kind.DOWN, forms=ANY, expired=True),
        Row("400", Kind.DOWN, expired=True, words="ExpiredToken|AccessDenied|InvalidToken|TokenRefreshRequired"
            "|RequestExpired|SignatureDoesNotMatch|AuthorizationQueryParametersError|AuthenticationFailed"),
        Row("400", Kind.DOWN, forms=ANY, expired=True, says="expired"),
    ),
)  # fmt: skip


def _probe(at: Configured) -> tuple[Check, ...]:
    model = at.models["video"]
    known = not model or model.startswith(_FORMS)
    question = _MODELS if known else None
    return (
        Check(_CREDIT, _key, "key"),
        Check(question, _model(model), "model video", steps=("clip",)),
    )


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
    codes_of_credit=("402", "433"),
    codes_of_cap=("433",),
    balance=Balance(_CREDIT, _used, Orders(_TASK, _remote, refunds=True), _left),
    probe=_probe,
    hosts_pictures=True,
    wires=(WIRE, QUESTIONS, RESULT),
)
