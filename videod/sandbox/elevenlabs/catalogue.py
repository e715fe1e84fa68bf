"""The voices and models that the simulated ElevenLabs knows, as its lists show them.

Voice ids that exist: `sandbox-narrator-1` (calm, British), `sandbox-narrator-2` (deep, American), `sandbox-narrator-3`
(warm), `JBFqnCBsd6RMkjVDRZzb` (old, Scottish) and `EXAVITQu4vr4xnSDxMaL` (bright). Any other id is not found.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Narrator:
    """`render` is the key of `render.speech.VOICES`."""

    voice_id: str
    name: str
    render: str
    description: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Model:
    """`longest` is in characters a request; `multiplier` scales the price of $0.08 per 1,000 characters."""

    model_id: str
    name: str
    longest: int
    multiplier: float
    speech: bool = True


def _narrator(voice_id: str, name: str, render: str, accent: str, gender: str, age: str, description: str) -> Narrator:
    labels = {"accent": accent, "gender": gender, "age": age, "use_case": "narrative_story", "language": "en"}
    return Narrator(voice_id, name, render, description, labels)


NARRATORS = {
    narrator.voice_id: narrator
    for narrator in (
        _narrator("sandbox-narrator-1", "Edmund", "calm", "british", "male", "middle_aged", "Calm and measured."),
        _narrator("sandbox-narrator-2", "Walter", "deep", "american", "male", "old", "Deep and solemn."),
        _narrator("sandbox-narrator-3", "Imogen", "warm", "british", "female", "middle_aged", "Warm and near."),
        _narrator("JBFqnCBsd6RMkjVDRZzb", "George", "old", "scottish", "male", "old", "Weathered storyteller."),
        _narrator("EXAVITQu4vr4xnSDxMaL", "Sarah", "bright", "american", "female", "young", "Clear and bright."),
    )
}

MODELS = {
    model.model_id: model
    for model in (
        Model("eleven_v4", "Eleven v4", 10_000, 1.0),
        Model("eleven_v4_turbo", "Eleven v4 Turbo", 10_000, 0.5),
        Model("eleven_v3", "Eleven v3", 5_000, 1.0),
        Model("eleven_multilingual_v2", "Eleven Multilingual v2", 10_000, 1.0),
        Model("eleven_turbo_v2_5", "Eleven Turbo v2.5", 40_000, 0.5),
        Model("eleven_flash_v2_5", "Eleven Flash v2.5", 40_000, 0.5),
        Model("eleven_text_to_sound_v2", "Text to Sound v2", 5_000, 1.0, speech=False),
        Model("eleven_text_to_sound_v3", "Text to Sound v3", 5_000, 1.0, speech=False),
    )
}


def voice_body(narrator: Narrator) -> dict[str, Any]:
    return {
        "voice_id": narrator.voice_id,
        "name": narrator.name,
        "samples": None,
        "category": "premade",
        "labels": narrator.labels,
        "description": narrator.description,
        "preview_url": None,
        "available_for_tiers": [],
        "settings": None,
        "high_quality_base_model_ids": ["eleven_multilingual_v2", "eleven_v4"],
        "is_owner": False,
        "is_legacy": False,
        "created_at_unix": None,
    }


def model_body(model: Model) -> dict[str, Any]:
    return {
        "model_id": model.model_id,
        "name": model.name,
        "can_be_finetuned": False,
        "can_do_text_to_speech": model.speech,
        "can_do_voice_conversion": False,
        "can_use_style": True,
        "can_use_speaker_boost": True,
        "serves_pro_voices": False,
        "token_cost_factor": model.multiplier,
        "description": f"{model.name} (sandbox)",
        "maximum_text_length_per_request": model.longest,
        "max_characters_request_free_user": model.longest // 2,
        "max_characters_request_subscribed_user": model.longest,
        "languages": [{"language_id": "en", "name": "English"}],
        "model_rates": {"character_cost_multiplier": model.multiplier},
        "concurrency_group": "turbo" if model.multiplier < 1 else "standard",
    }
