"""What can be looked up without paying: voices, models and the subscription."""

import base64
from typing import Any

from aiohttp import web

from videod.sandbox.elevenlabs.catalogue import MODELS, NARRATORS, model_body, voice_body
from videod.sandbox.elevenlabs.counter import (
    ACCOUNT,
    CHARACTER_LIMIT,
    CONTEXT,
    InvalidRequestError,
    ServiceRefusalError,
)


async def voices(request: web.Request) -> web.StreamResponse:
    return web.json_response({"voices": [voice_body(narrator) for narrator in NARRATORS.values()]})


async def search_voices(request: web.Request) -> web.StreamResponse:
    """`GET /v2/voices`: pages of `page_size`; the token is the base64 of the next offset."""
    words = request.query.get("search", "").lower()
    try:
        size = min(100, max(1, int(request.query.get("page_size", "10"))))
        at = int(base64.b64decode(request.query.get("next_page_token", "MA==")))
    except ValueError:
        raise InvalidRequestError(["query", "page_size"], "Input should be a valid integer", "int_parsing") from None
    found = [n for n in NARRATORS.values() if words in f"{n.name} {n.description} {n.labels}".lower()]
    more = at + size < len(found)
    token = base64.b64encode(str(at + size).encode()).decode() if more else None
    page = [voice_body(narrator) for narrator in found[at : at + size]]
    return web.json_response({"voices": page, "has_more": more, "total_count": len(found), "next_page_token": token})


async def voice(request: web.Request) -> web.StreamResponse:
    narrator = NARRATORS.get(request.match_info["voice"])
    if narrator is None:
        message = f"A voice with the voice_id {request.match_info['voice']} was not found."
        raise ServiceRefusalError(404, "voice_not_found", message)
    return web.json_response(voice_body(narrator))


async def models(request: web.Request) -> web.StreamResponse:
    return web.json_response([model_body(model) for model in MODELS.values()])


async def subscription(request: web.Request) -> web.StreamResponse:
    invoices: dict[str, Any] = {
        "next_invoice": None,
        "open_invoices": [],
        "has_open_invoices": False,
        "pending_change": None,
    }
    return web.json_response(_subscription(request) | invoices)


async def user(request: web.Request) -> web.StreamResponse:
    body = {
        "user_id": "sandbox-user", "workspace_id": "sandbox-workspace", "subscription": _subscription(request),
        "is_new_user": False, "xi_api_key": None, "xi_api_key_preview": "sand...key", "is_api_key_hashed": True,
        "can_use_delayed_payment_methods": False, "is_onboarding_completed": True,
        "is_onboarding_checklist_completed": True, "show_compliance_terms": False, "first_name": "Robin",
        "referral_link_code": None, "partnerstack_partner_default_link": None, "created_at": 1_753_999_199,
        "seat_type": "workspace_admin",
    }  # fmt: skip
    return web.json_response(body)


def _subscription(request: web.Request) -> dict[str, Any]:
    month_s = 30 * 86_400
    reset = (int(request.app[CONTEXT].now()) // month_s + 1) * month_s
    return {
        "tier": "pro", "status": "active", "currency": "usd", "billing_period": "monthly_period",
        "character_count": request.app[ACCOUNT].used, "character_limit": CHARACTER_LIMIT,
        "max_character_limit_extension": None, "max_credit_limit_extension": 0,
        "can_extend_character_limit": False, "allowed_to_extend_character_limit": False,
        "next_character_count_reset_unix": reset, "voice_slots_used": len(NARRATORS), "voice_limit": 160,
        "professional_voice_slots_used": 0, "professional_voice_slots_used_in_workspace": 0,
        "professional_voice_limit": 1, "max_voice_add_edits": 500,
        "voice_add_edit_counter": 0, "can_extend_voice_limit": False, "can_use_instant_voice_cloning": True,
        "can_use_professional_voice_cloning": True, "character_refresh_period": "monthly_period",
        "current_overage": {"amount": "0", "currency": "usd"},
    }  # fmt: skip
