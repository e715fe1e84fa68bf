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
    Where,
)

_KEY = Key("GEMINI_API_KEY", "x-goog-api-key")
#: what a plan with its corrections comes to; gemini-3.8-flash doubles on 2027-01-01
_PLAN_USD = 0.02


def _check(setting: str, model: str) -> Check:
    def judge(status: int, answer: object) -> Problem | None:
        if status == 404:
            return Problem(
                f"Gemini does not have the model {model}; set `{setting}` in `[models]` of videod.toml to another"
            )
        if status in (400, 401, 403):
            refused = f"Gemini refused GEMINI_API_KEY (HTTP {status}); put a valid key into it and restart videod"
            return Problem(refused, whole=True)
        return None

    return Check(Question("VIDEOD_URL_GEMINI", f"/v1beta/models/{model}", _KEY), judge)


def _probe(at: Configured) -> tuple[Check, ...]:
    return tuple(_check(setting, at.models[setting]) for setting in ("text", "image"))


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
    probe=_probe,
)
