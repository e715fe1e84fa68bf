"""KIE: clips by Kling, Seedance and Grok, and a host for their first pictures.

Every answer is an envelope: HTTP 200 with a `code` that says how it went. Its models are in `core/clip_models`, and
what KIE itself says of their form and price is held against that (`core/clip_checks`).
"""

from collections.abc import Callable
from dataclasses import replace

from videod.core import bounds, clip_checks, clip_models
from videod.core.failures import Kind
from videod.core.service import (
    CREDIT,
    Balance,
    Check,
    Clip,
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
#: it answers one question a second about its models
PACE_S = 1.1


_MODELS = Question("VIDEOD_URL_KIE", "/api/v1/models", _KEY)
#: how the names of models begin that videod can order
_FORMS = tuple(model.name for model in clip_models.CATALOGUE)


def _catalogue() -> tuple[Model, ...]:
    """Each model with its usual mode, then with each of the others by name."""
    return tuple(
        Model(
            model.name if number == 0 else f"{model.name}@{mode}",
            {f"{seconds} s": credits for seconds, credits in prices.items()}, Currency.CREDIT,
        )
        for model in clip_models.CATALOGUE for number, (mode, prices) in enumerate(model.modes.items()) if prices
    )  # fmt: skip


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


def _model(name: str, channel: str) -> Callable[[int, object], Problem | None]:
    """`channel`: whose file names the model; "" where it is that of the settings."""
    key = f"`video_model` in channels/{channel}.yaml" if channel else "`video` in `[models]` of videod.toml"
    model, fix = clip_models.parts(name)[0], f"Set {key} to another"

    def judge(status: int, answer: object) -> Problem | None:
        if clip_models.find(name) is None:
            return Problem(f"videod does not know how to order clips of the model {name} at KIE. {fix}")
        names = _names(answer.get("data") if isinstance(answer, dict) else None)
        # the list is proof only where it is one: it names models that videod knows
        if status != 200 or not any(one.startswith(_FORMS) for one in names):
            raise Unreadable("KIE did not list its models")
        return None if model in names else Problem(f"KIE does not have the model {model}. {fix}")

    return judge


def _said(differs: Callable[[object], str | None]) -> Callable[[int, object], Problem | None]:
    """A difference is only said. What is no answer to the question is none: not every account may ask."""

    def judge(status: int, answer: object) -> Problem | None:
        good = status == 200 and isinstance(answer, dict) and answer.get("code") == 200
        told = differs(answer.get("data")) if good and isinstance(answer, dict) else None
        return None if told is None else Problem(told, stops=False)

    return judge


def _about(name: str, seconds: int) -> tuple[Check, ...]:
    """What KIE says of a model that is used, once for all channels. It answers one such question a second."""
    model = clip_models.parts(name)[0]
    questions = {
        one: Question("VIDEOD_URL_KIE", f"/api/v1/models/{model}/{one}", _KEY) for one in ("price", "schema")
    }  # fmt: skip
    return (
        Check(questions["price"], _said(lambda data: clip_checks.price(name, seconds, data)),
              f"price {name}", steps=("clip",), pace_s=PACE_S),
        Check(questions["schema"], _said(lambda data: clip_checks.schema(name, seconds, data)),
              f"form {name}", steps=("clip",), pace_s=PACE_S),
    )  # fmt: skip


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
        by_person("400, 422", Kind.REFUSED, says=_POLICY, does="reword what was asked for"),
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
    calls="the link of a finished clip (free, since the clip is paid for by then)",
    xml=True,
    rows=(
        Row("401, 403, 404, 410", Kind.DOWN, forms=ANY, expired=True),
        Row("400", Kind.DOWN, expired=True, words="ExpiredToken|AccessDenied|InvalidToken|TokenRefreshRequired"
            "|RequestExpired|SignatureDoesNotMatch|AuthorizationQueryParametersError|AuthenticationFailed"),
        Row("400", Kind.DOWN, forms=ANY, expired=True, says="expired"),
    ),
)  # fmt: skip


def _probe(at: Configured) -> tuple[Check, ...]:
    usual = at.models["video"]
    used = {channel: clip for channel, clip in at.clips.items() if clip.model != usual}
    wanted = {clip.model: clip.seconds for clip in (Clip(usual, 10), *at.clips.values())}
    known = {name: length for name, wish in wanted.items() if (length := clip_models.length(name, wish)) is not None}
    return (
        Check(_CREDIT, _key, "key"),
        Check(_asked(usual), _model(usual, ""), "model video", steps=("clip",)),
        *(
            Check(_asked(clip.model), _model(clip.model, channel), "model video", channel, steps=("clip",))
            for channel, clip in used.items()
        ),
        *(check for name, seconds in known.items() for check in _about(name, seconds)),
    )


def _asked(model: str) -> Question | None:
    return _MODELS if not model or clip_models.find(model) is not None else None


SERVICE = Service(
    name="kie",
    title="KIE",
    place=20,
    where=Where.OUTSIDE,
    limits=Limits(concurrency=8, rate=20, per_s=10),
    remarks={"rate": "KIE answers 429 above 20 new tasks in 10 s"},
    secrets=(Secret("KIE_API_KEY", "clips", Needed.ALWAYS),),
    addresses={"VIDEOD_URL_KIE": "https://api.kie.ai", "VIDEOD_URL_KIE_UPLOAD": "https://kieai.redpandaai.co"},
    catalogue=_catalogue(),
    offers=(Offer("clip", model="kling/v2-5-turbo-image-to-video-pro", piece="10 s"),),
    credit_usd=clip_models.USD_PER_CREDIT,
    credit_at="KIE",
    codes_of_credit=("402", "433"),
    codes_of_cap=("433",),
    balance=Balance(_CREDIT, _used, Orders(_TASK, _remote, refunds=True), _left),
    probe=_probe,
    hosts_pictures=True,
    wires=(WIRE, QUESTIONS, RESULT),
)
