"""ElevenLabs: narrations and sound effects. What a plan's credit costs in dollars depends on the plan."""

from videod.core import bounds
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


def _check(channel: str, voice: str) -> Check:
    def judge(status: int, answer: object) -> Problem | None:
        if status == 401:
            refused = "ElevenLabs refused ELEVENLABS_API_KEY; put a valid key into it and restart videod"
            return Problem(refused, whole=True)
        if status in (400, 404):
            return Problem(f"ElevenLabs has no voice {voice}; fix `voice_id` in channels/{channel}.yaml")
        return None

    return Check(Question("VIDEOD_URL_ELEVENLABS", f"/v1/voices/{voice}", _KEY), judge)


def _probe(at: Configured) -> tuple[Check, ...]:
    return tuple(_check(channel, voice) for channel, voice in at.voices.items())


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
        Offer("narration", model="eleven_multilingual_v2", piece="1,000 characters"),
        Offer("sound_effect", model="eleven_text_to_sound_v2", piece="effect"),
    ),
    credit_at="ElevenLabs",
    balance=Balance(_SUBSCRIPTION, _used),
    probe=_probe,
)
