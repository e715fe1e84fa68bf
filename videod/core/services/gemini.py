"""Gemini: plans and images. Google tells no balance.

Two traps of the wire: a refused picture is HTTP 200, and one status (429) stands for a wait of seconds, a wait until
midnight in California, a plan without any quota, and an empty balance. What fails with 400 or 500 is not charged
(ai.google.dev, billing: "Am I charged for failed requests?").
"""

from videod.core.failures import Kind
from videod.core.service import (
    Check,
    Configured,
    Key,
    Limits,
    Model,
    Needed,
    Offer,
    Problem,
    Question,
    Secret,
    Service,
    Unreadable,
    Where,
)
from videod.core.verdicts import Helper, Row, Wait, Wire, by_person

_KEY = Key("GEMINI_API_KEY", "x-goog-api-key")
#: what a plan of six stages with its corrections comes to: some 25,000 tokens in and 15,000 out at gemini-3.8-flash
#: (0.75 and 3.75 USD a million, doubled from 2027-01-01), 25,000 and 20,000 at gemini-3.5-flash-lite (0.30 and 2.50)
_PLAN_USD = 0.12


def _refused(status: int, answer: object) -> Problem | None:
    """Whether the key is refused, in Google's own words: a gateway's page says nothing of it."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if status not in (400, 401, 403) or not isinstance(error, dict):
        return None
    said = str(error)
    words = ("API_KEY", "API key", "PERMISSION_DENIED", "UNAUTHENTICATED")
    if status == 400 and not any(word in said for word in words):
        return None
    text = f"Gemini refused GEMINI_API_KEY (HTTP {status}). Put a valid key into it and restart videod"
    return Problem(text, whole=True)


def _check(setting: str, model: str, piece: str, steps: tuple[str, ...]) -> Check:
    def judge(status: int, answer: object) -> Problem | None:
        fix = f"Set `{setting}` in `[models]` of videod.toml to another"
        if (refused := _refused(status, answer)) is not None:
            return refused
        error = answer.get("error") if isinstance(answer, dict) else None
        if status == 404 and isinstance(error, dict) and error.get("status") == "NOT_FOUND":
            return Problem(f"Gemini does not have the model {model}. {fix}")
        known = SERVICE.model(model)
        if known is not None and piece not in known.prices:
            return Problem(f"the model {model} of Gemini does not make {'images' if piece == '1K' else 'plans'}. {fix}")
        methods = answer.get("supportedGenerationMethods") if isinstance(answer, dict) else None
        if status != 200 or not isinstance(answer, dict):
            raise Unreadable(f"Gemini answers with HTTP {status}")
        if isinstance(methods, list) and methods and "generateContent" not in methods:
            return Problem(f"the model {model} of Gemini cannot be asked to generate. {fix}")
        return None

    question = Question("VIDEOD_URL_GEMINI", f"/v1beta/models/{model}", _KEY)
    return Check(question, judge, f"model {setting}", steps=steps)


#: words with which the model says that there is no picture since what was asked for is not allowed
_REFUSED = (
    "IMAGE_SAFETY|IMAGE_PROHIBITED_CONTENT|IMAGE_RECITATION|SAFETY|PROHIBITED_CONTENT|RECITATION|BLOCKLIST|SPII"
    "|blockReason:.*"
)
_CREDIT = "top up the Google Cloud project of GEMINI_API_KEY or raise its cap, then run `videod resume gemini`"
_NO_QUOTA = (
    "Your Gemini API key has no quota for `{model}`. Enable billing for its Google Cloud project, then run"
    " `videod resume gemini`."
)
_BILLING = "enable billing for the key's Google Cloud project, then run `videod resume gemini`"

WIRE = Wire(
    name="gemini",
    calls="`generateContent`, for plans and images",
    own=("error.status", "promptFeedback.blockReason", "candidates.0.finishReason"),
    words=(
        "error.details.*.reason", "error.status", "error.details.*.violations.*.quotaId",
        "error.details.*.violations.*.quotaValue", "promptFeedback.blockReason", "candidates.0.finishReason",
    ),
    message=("error.message", "candidates.0.finishMessage"),
    delay=("error.details.*.retryDelay",),
    rows=(
        by_person("200", Kind.REFUSED, words=_REFUSED, does="reword what was asked for"),
        Row("200", Kind.NONSENSE, words="NO_IMAGE"),
        by_person("400", Kind.CREDENTIALS, words="API_KEY.*", does="check GEMINI_API_KEY"),
        by_person("400", Kind.CREDENTIALS, says="api key", does="check GEMINI_API_KEY"),
        by_person("401, 403", Kind.CREDENTIALS, does="check GEMINI_API_KEY"),
        by_person("400", Kind.CONFIGURATION, words="FAILED_PRECONDITION",
            does="enable billing for the Google Cloud project of GEMINI_API_KEY"),
        by_person("400", Kind.CONFIGURATION, words="INVALID_ARGUMENT", does="choose a model that can do this",
            says="(by|for|of) (the|this) model|models? (does|do) not|not supported by|response modalit"),
        by_person("400", Kind.INPUT, words="INVALID_ARGUMENT", does="change what was asked for"),
        by_person("402", Kind.QUOTA, does=_CREDIT),
        by_person("404", Kind.CONFIGURATION, words="NOT_FOUND", does="choose a model that still exists"),
        # a plan without any quota for the model: with a figure of 0, or only in words
        by_person("429", Kind.QUOTA, words="0", does=_BILLING, tells=_NO_QUOTA),
        by_person("429", Kind.QUOTA, says=r"limit:\s*0(?!\d|[.,]\d)", does=_BILLING, tells=_NO_QUOTA),
        Row("429", Kind.QUOTA, wait=Wait.MIDNIGHT, words=".*PerDay.*"),
        Row("429", Kind.BUSY, wait=Wait.SAID, waits=True, wait_s=60.0),
        Row("429", Kind.BUSY, wait=Wait.SAID, words=".*PerMinute.*", wait_s=60.0),
        # a balance that is empty, a spend cap, or a rate of spending over ten minutes: the answer does not tell which
        Row("429", Kind.QUOTA, helper=Helper.EITHER, wait=Wait.HOUR, does=_CREDIT),
        Row("500", Kind.DOWN),
        Row("503", Kind.DOWN, says="overloaded|high demand|capacity|try again|retry", wait=Wait.SAID),
    ),
)  # fmt: skip


def _probe(at: Configured) -> tuple[Check, ...]:
    return (
        _check("text", at.models["text"], "plan", ("plan",)),
        _check("text_light", at.models["text_light"], "plan", ("plan",)),
        _check("image", at.models["image"], "1K", ("image",)),
    )


SERVICE = Service(
    name="gemini",
    title="Gemini",
    place=10,
    where=Where.OUTSIDE,
    limits=Limits(concurrency=12, quota_zone="America/Los_Angeles"),
    secrets=(Secret("GEMINI_API_KEY", "plans and images", Needed.ALWAYS),),
    addresses={"VIDEOD_URL_GEMINI": "https://generativelanguage.googleapis.com"},
    catalogue=(
        Model("gemini-3.8-flash", {"plan": _PLAN_USD}),
        Model("gemini-3.5-flash-lite", {"plan": _PLAN_USD}),
        Model("gemini-nano-banana-2.1", {"1K": 0.0336}),
        Model("gemini-3.1-flash-lite-image", {"1K": 0.0336}),
        Model("gemini-3-pro-image", {"1K": 0.134, "2K": 0.134, "4K": 0.24}),
    ),
    offers=(
        Offer("plan", model="gemini-3.8-flash", piece="plan", light="gemini-3.5-flash-lite"),
        Offer("image", model="gemini-nano-banana-2.1", piece="1K"),
    ),
    credit_at="the Google Cloud project of GEMINI_API_KEY",
    codes_of_credit=("402",),
    probe=_probe,
    wires=(WIRE,),
)
