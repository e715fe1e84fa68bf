"""Gemini: plans and images. Google tells no balance."""

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

_KEY = Key("GEMINI_API_KEY", "x-goog-api-key")
#: what a plan with its corrections comes to; gemini-3.8-flash doubles on 2027-01-01
_PLAN_USD = 0.02


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


def _probe(at: Configured) -> tuple[Check, ...]:
    return (
        _check("text", at.models["text"], "plan", ("plan",)),
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
        Model("gemini-nano-banana-2.1", {"1K": 0.0336}),
        Model("gemini-3.1-flash-lite-image", {"1K": 0.0336}),
        Model("gemini-3-pro-image", {"1K": 0.134, "2K": 0.134, "4K": 0.24}),
    ),
    offers=(
        Offer("plan", model="gemini-3.8-flash", piece="plan"),
        Offer("image", model="gemini-nano-banana-2.1", piece="1K"),
    ),
    credit_at="the Google Cloud project of GEMINI_API_KEY",
    codes_of_credit=("402",),
    probe=_probe,
)
