"""ElevenLabs: narrations and sound effects. What a plan's credit costs in dollars depends on the plan."""

from collections.abc import Callable

from videod.core import bounds
from videod.core.failures import Kind
from videod.core.service import (
    CREDIT,
    Balance,
    Check,
    Configured,
    Json,
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

_KEY = Key("ELEVENLABS_API_KEY", "xi-api-key")
_SUBSCRIPTION = Question("VIDEOD_URL_ELEVENLABS", "/v1/user/subscription", _KEY)
#: no account holds more credits
_MOST_CREDITS = 1e9


def _speech(name: str, usd: float) -> Model:
    return Model(name, {"1,000 characters": usd})


def _used(answer: Json) -> int:
    """The credits used since the plan's last reset."""
    used = bounds.number(answer.get("character_count"), 0.0, _MOST_CREDITS)
    if used is None:
        raise Unreadable("the answer holds no balance")
    return round(used * CREDIT)


def _left(answer: Json) -> int:
    """The credits left until the plan's reset; what may be bought beyond the plan counts as well."""
    limit = bounds.number(answer.get("character_limit"), 0.0, _MOST_CREDITS)
    if limit is None:
        raise Unreadable("the answer holds no limit")
    more = bounds.number(answer.get("max_credit_limit_extension"), 0.0, _MOST_CREDITS) or 0.0
    return max(0, round((limit + more) * CREDIT) - _used(answer))


def _words(answer: object) -> set[str]:
    """The codes of a refusal in the service's own words, of both forms; empty for anything else."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    fields = detail if isinstance(detail, dict) else {}
    return {str(fields[name]) for name in ("code", "status") if isinstance(fields.get(name), str)}


def _refused(status: int, answer: object) -> Problem | None:
    if status == 401 and _words(answer) & {"invalid_api_key", "needs_authorization"}:
        text = "ElevenLabs refused ELEVENLABS_API_KEY. Put a valid key into it and restart videod"
        return Problem(text, whole=True)
    return None


def _voice(channel: str, voice: str) -> Check:
    def judge(status: int, answer: object) -> Problem | None:
        words = _words(answer)
        if status in (400, 404, 422) and (any("voice" in word for word in words) or words & {"invalid_uid"}):
            fix = f"Add it to the voices of your account, or fix `voice_id` in channels/{channel}.yaml"
            return Problem(f"ElevenLabs has no voice {voice}. {fix}")
        if (refused := _refused(status, answer)) is not None:
            return refused
        if status != 200 or not isinstance(answer, dict) or answer.get("voice_id") is None:
            raise Unreadable(f"ElevenLabs answers with HTTP {status}")
        return None

    question = Question("VIDEOD_URL_ELEVENLABS", f"/v1/voices/{voice}", _KEY)
    return Check(question, judge, "voice", channel, ("narration",))


def _model(model: str) -> Callable[[int, object], Problem | None]:
    fix = "Set `voice` in `[models]` of videod.toml to another"

    def judge(status: int, answer: object) -> Problem | None:
        if (refused := _refused(status, answer)) is not None:
            return refused
        rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
        known = {row["model_id"]: row for row in rows if isinstance(row.get("model_id"), str)}
        if status != 200 or not known:
            raise Unreadable("ElevenLabs did not list its models")
        if model not in known:
            return Problem(f"ElevenLabs does not have the model {model}. {fix}")
        if known[model].get("can_do_text_to_speech") is False:
            return Problem(f"the model {model} of ElevenLabs does not speak. {fix}")
        return None

    return judge


WIRE = Wire(
    name="elevenlabs",
    calls="`text-to-speech`, `sound-generation`, `subscription`",
    own=("detail",),
    words=("detail.code", "detail.status"),
    message=("detail.message", "detail"),
    rows=(
        # one voice or model that the plan does not hold is the channel's matter; the others go on
        by_person("400-499", Kind.CONFIGURATION, does="check the voice, the model and"
            " the plan", words="paid_plan_required|.*voice.*|invalid_uid|.*output_format.*|.*only_for_.*"
            "|.*subscription.*|.*model_(not|can_not|access).*|(invalid|unsupported)_model.*"),
        Row("400-499", Kind.QUOTA, helper=Helper.EITHER, wait=Wait.RENEWAL, does="wait for the plan's renewal, or buy"
            " credits and run `videod resume elevenlabs`", words="quota_exceeded|insufficient_credits"),
        by_person("400-499", Kind.QUOTA, words="payment_required|payment_issue",
            does="pay the plan, then run `videod resume elevenlabs`"),
        by_person("402", Kind.QUOTA,
            does="pay the plan, then run `videod resume elevenlabs`"),
        Row("400-599", Kind.BUSY, wait=Wait.SAID, words="concurrent_limit_exceeded|too_many_concurrent_requests"
            "|rate_limit_exceeded|system_busy"),
        Row("429", Kind.BUSY, wait=Wait.SAID),
        by_person("400-499", Kind.REFUSED, does="reword what was asked for",
            words=".*(policy|moderation|prohibited|safety|unsafe|harmful|content_against).*"),
        by_person("401", Kind.CREDENTIALS, does="check ELEVENLABS_API_KEY"),
        by_person("403", Kind.CONFIGURATION, does="check what the plan allows"),
        by_person("400", Kind.INPUT, does="change the text",
            words="max_character_limit_exceeded|invalid_(?!api_key).*"),
        by_person("422", Kind.INPUT, does="change the text"),
        Row("500-599", Kind.DOWN, says=r"not (been )?charged|overloaded|at capacity|high demand"),
    ),
)  # fmt: skip


def _probe(at: Configured) -> tuple[Check, ...]:
    models = Question("VIDEOD_URL_ELEVENLABS", "/v1/models", _KEY)
    return (
        Check(models, _model(at.models["voice"]), "model voice", steps=("narration",)),
        *(_voice(channel, voice) for channel, voice in at.voices.items()),
    )


SERVICE = Service(
    name="elevenlabs",
    title="ElevenLabs",
    place=30,
    where=Where.OUTSIDE,
    limits=Limits(concurrency=6),
    remarks={"concurrency": "what your plan allows: Free 2, Starter 3, Creator 5, Pro 10, Scale 15"},
    secrets=(Secret("ELEVENLABS_API_KEY", "narrations and sound effects", Needed.ALWAYS),),
    addresses={"VIDEOD_URL_ELEVENLABS": "https://api.elevenlabs.io"},
    catalogue=(
        _speech("eleven_multilingual_v2", 0.08),
        _speech("eleven_v3", 0.08),
        _speech("eleven_v4", 0.08),
        _speech("eleven_v4_turbo", 0.04),
        _speech("eleven_flash_v2_5", 0.04),
        _speech("eleven_turbo_v2_5", 0.04),
        Model("eleven_text_to_sound_v2", {"effect": 0.12}),  # the higher of two published figures
    ),
    offers=(
        Offer("narration", model="eleven_multilingual_v2", piece="1,000 characters", credits=1000),
        # 40 credits a second of an effect whose length is given
        Offer("sound_effect", model="eleven_text_to_sound_v2", piece="effect", credits=400),
    ),
    credit_at="ElevenLabs",
    codes_of_credit=("quota_exceeded", "insufficient_credits", "payment_required", "payment_issue"),
    balance=Balance(_SUBSCRIPTION, _used, left=_left),
    probe=_probe,
    wires=(WIRE,),
)
