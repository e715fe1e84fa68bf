"""The simulated Gemini against the vendor's own client and plain HTTP."""

import asyncio
import base64
import io
import json
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp.test_utils import TestServer
from PIL import Image

from tests.harness.patience import PATIENCE_S
from videod.core import craft, plan_schema
from videod.sandbox import gemini as stand_in
from videod.sandbox.kernel import Context, Fault, Options

with warnings.catch_warnings():
    # the vendor's client has a bad escape in one docstring, which its first compilation warns about
    warnings.filterwarnings("ignore", r"invalid escape sequence", DeprecationWarning)
    from google import genai
    from google.genai import errors, types

KEY = "sandbox-gemini-key"
DRAWER, WRITER = "gemini-nano-banana-2.1", "gemini-3.8-flash"
PLAN = "Plan one episode.\n\nTitle: The river\nTopic: brown bears\nStory direction: an old bear\nClips: 6\nImages: 8\n"

pytestmark = pytest.mark.live


class Sandbox:
    def __init__(self, context: Context, base: str) -> None:
        self.context = context
        self.base = base

    def fault(self, kind: str, times: int = 1) -> None:
        self.context.faults.add(Fault("gemini", kind, times=times))

    async def ask(
        self, model: str, contents: Any, key: str = KEY, version: str = "v1beta", **config: Any
    ) -> types.GenerateContentResponse:
        def call() -> types.GenerateContentResponse:
            options = types.HttpOptions(base_url=self.base, api_version=version)
            with genai.Client(api_key=key, http_options=options) as client:
                settings = types.GenerateContentConfig(**config)
                return client.models.generate_content(model=model, contents=contents, config=settings)

        return await asyncio.to_thread(call)

    async def draw(self, prompt: str, ratio: str = "16:9", **config: Any) -> types.GenerateContentResponse:
        image = types.ImageConfig(aspect_ratio=ratio)
        return await self.ask(DRAWER, prompt, response_modalities=["IMAGE"], image_config=image, **config)

    async def plan(self, prompt: str = PLAN) -> dict[str, Any]:
        answer = await self.ask(
            WRITER, prompt, response_mime_type="application/json", response_json_schema=plan_schema.schema()
        )
        plan: dict[str, Any] = json.loads(answer.text or "")
        return plan

    async def post(self, model: str, body: object, version: str = "v1beta", query: str = "", **headers: str) -> Any:
        path = f"/{version}/models/{model}:generateContent{query}"
        async with httpx.AsyncClient(base_url=self.base, timeout=PATIENCE_S) as http:
            return await http.post(path, json=body, headers=headers)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    context = Context(tmp_path, Options())
    server = TestServer(stand_in.build(context))
    await server.start_server()
    yield Sandbox(context, str(server.make_url("")).rstrip("/"))
    await server.close()


def picture_of(answer: types.GenerateContentResponse) -> tuple[str, Image.Image]:
    inline = next(part.inline_data for part in answer.parts or [] if part.inline_data)
    assert inline.mime_type is not None
    assert inline.data is not None
    return inline.mime_type, Image.open(io.BytesIO(inline.data))


@pytest.mark.parametrize(("ratio", "size"), [("16:9", (1376, 768)), ("9:16", (768, 1376)), ("1:1", (1024, 1024))])
async def test_a_picture_has_the_pixels_of_its_aspect_ratio(
    sandbox: Sandbox, ratio: str, size: tuple[int, int]
) -> None:
    kind, picture = picture_of(await sandbox.draw("A red fox in a meadow.", ratio))
    assert picture.size == size
    assert kind == "image/jpeg" == Image.MIME[picture.format or ""]


async def test_a_subject_on_a_plain_ground_comes_as_png(sandbox: Sandbox) -> None:
    kind, picture = picture_of(await sandbox.draw("A red fox, isolated on a plain light grey background."))
    assert kind == "image/png" == Image.MIME[picture.format or ""]
    corners = {picture.getpixel(at) for at in ((0, 0), (1375, 0), (0, 767), (1375, 767))}
    assert len(corners) == 1


async def test_a_picture_is_charged_once_with_its_price_and_counted_in_tokens(sandbox: Sandbox) -> None:
    answer = await sandbox.draw("A red fox in a meadow.")
    (charge,) = sandbox.context.account.charges("gemini")
    assert (charge.kind, charge.quantity, charge.unit, charge.usd) == ("image", 1, "image", 0.0336)
    usage = answer.usage_metadata
    assert usage is not None
    assert usage.candidates_token_count == 1120
    assert usage.total_token_count == (usage.prompt_token_count or 0) + 1120
    assert answer.model_version == DRAWER
    assert answer.response_id


async def test_larger_pictures_cost_more(sandbox: Sandbox) -> None:
    _, picture = picture_of(
        await sandbox.ask(DRAWER, "A fox.", image_config=types.ImageConfig(aspect_ratio="1:1", image_size="2K"))
    )
    assert picture.size == (2048, 2048)
    assert sandbox.context.account.charges()[0].usd > 0.0336


async def test_a_reference_picture_changes_what_is_drawn_in_either_spelling(sandbox: Sandbox) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (30, 160, 60)).save(out, "PNG")
    prompt = "A brown bear standing, isolated on a plain light grey background."
    part = types.Part.from_bytes(data=out.getvalue(), mime_type="image/png")
    _, alone = picture_of(await sandbox.draw(prompt))
    _, client = picture_of(await sandbox.ask(DRAWER, [part, prompt], response_modalities=["IMAGE"]))
    encoded = base64.b64encode(out.getvalue()).decode()
    answers = []
    for inline in (
        {"inlineData": {"mimeType": "image/png", "data": encoded}},
        {"inline_data": {"mime_type": "image/png", "data": encoded}},
    ):
        body = {"contents": [{"parts": [inline, {"text": prompt}]}]}
        answers.append((await sandbox.post(DRAWER, body, **{"x-goog-api-key": KEY})).json())
    datas = [answer["candidates"][0]["content"]["parts"][0]["inlineData"]["data"] for answer in answers]
    assert datas[0] == datas[1]
    assert client.tobytes() == Image.open(io.BytesIO(base64.b64decode(datas[0]))).tobytes()
    assert client.tobytes() != alone.tobytes()


async def test_two_pictures_can_be_composed_into_one(sandbox: Sandbox) -> None:
    _, creature = picture_of(await sandbox.draw("A red fox, isolated on a plain light grey background."))
    _, place = picture_of(await sandbox.draw("Empty landscape with no animals: the white tundra."))
    prompt = "Place the creature of the first picture into the place of the second picture."
    _, both = picture_of(await sandbox.ask(DRAWER, [creature, place, prompt], response_modalities=["IMAGE"]))
    assert both.size == (1376, 768)
    red, _, blue = both.getpixel((620, 520))  # type: ignore[misc]
    assert red > blue + 25, "the fox stands in the middle"
    corner, same = both.getpixel((20, 300)), place.getpixel((20, 300))
    assert max(abs(a - b) for a, b in zip(corner, same, strict=True)) < 12  # type: ignore[arg-type]


async def test_a_plan_fits_the_schema_and_the_craft(sandbox: Sandbox) -> None:
    plan = await sandbox.plan()
    assert craft.complaints(plan, 6, 8) == ()
    assert plan["title"] == "The river"
    (charge,) = sandbox.context.account.charges("gemini")
    assert (charge.kind, charge.unit) == ("text", "token")
    tokens_out = charge.detail["tokens_out"]
    assert charge.usd == pytest.approx(((charge.quantity - tokens_out) * 0.75 + tokens_out * 3.75) / 1e6, rel=1e-3)


async def test_a_bad_plan_breaks_rules_once_and_the_repair_round_fixes_it(sandbox: Sandbox) -> None:
    sandbox.fault("bad_plan")
    bad = await sandbox.plan()
    broken = {complaint.rule for complaint in craft.complaints(bad, 6, 8)}
    assert {"duration", "camera last", "unused", "static state"} <= broken
    fixed = await sandbox.plan(PLAN + "\nThe plan breaks these rules: clips[0].narration breaks commas")
    assert craft.complaints(fixed, 6, 8) == ()


async def test_a_story_direction_can_ask_for_bad_plans_or_a_refused_image(sandbox: Sandbox) -> None:
    always_bad = await sandbox.plan(PLAN.replace("an old bear", "an old bear [[bad plan]]"))
    assert craft.complaints(always_bad, 6, 8)
    refusing = await sandbox.plan(PLAN.replace("an old bear", "an old bear [[refuse image]]"))
    prompts = [image["prompt"] for image in refusing["images"] if "[[refuse]]" in image["prompt"]]
    assert len(prompts) == 1
    assert (await sandbox.draw(prompts[0])).parts is None


async def test_any_other_schema_is_filled(sandbox: Sandbox) -> None:
    schema = {
        "type": "object",
        "properties": {
            "words": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "count": {"type": "integer"},
        },
    }
    answer = await sandbox.ask(WRITER, "Say it", response_mime_type="application/json", response_json_schema=schema)
    assert json.loads(answer.text or "") == {"words": ["Say it", "Say it"], "kind": "a", "count": 1}
    plain = await sandbox.ask(WRITER, "A red fox")
    assert "A red fox" in (plain.text or "")


async def test_an_answer_can_be_cut_at_the_token_limit(sandbox: Sandbox) -> None:
    sandbox.fault("max_tokens")
    answers = [
        await sandbox.ask(
            WRITER, PLAN, response_mime_type="application/json", response_json_schema=plan_schema.schema(), **limit
        )
        for limit in ({}, {"max_output_tokens": 100})
    ]
    for answer in answers:
        assert answer.candidates is not None
        assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer.text or "")


async def test_a_refused_prompt_is_http_200_without_candidates(sandbox: Sandbox) -> None:
    sandbox.fault("refuse_prompt")
    answer = await sandbox.draw("A red fox.")
    assert answer.candidates is None
    assert answer.parts is None
    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    assert sandbox.context.account.charges() == []


@pytest.mark.parametrize(("kind", "reason"), [("refuse_finish", "IMAGE_SAFETY"), ("no_image", "NO_IMAGE")])
async def test_a_refused_image_is_http_200_without_parts(sandbox: Sandbox, kind: str, reason: str) -> None:
    sandbox.fault(kind)
    answer = await sandbox.draw("A red fox.")
    assert answer.parts is None
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason == types.FinishReason(reason)
    assert sandbox.context.account.charges() == []


async def test_a_refusal_in_words_stops_without_a_picture(sandbox: Sandbox) -> None:
    sandbox.fault("refuse_text")
    answer = await sandbox.draw("A red fox.")
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert (answer.text or "").startswith("I cannot")


async def test_a_prompt_with_the_refusal_mark_is_always_refused(sandbox: Sandbox) -> None:
    for _ in range(2):
        answer = await sandbox.draw("A red fox [[refuse]].")
        assert answer.candidates is not None
        assert answer.candidates[0].finish_reason == types.FinishReason.IMAGE_SAFETY


@pytest.mark.parametrize(("kind", "period"), [("quota_minute", "PerMinute"), ("quota_day", "PerDay")])
async def test_a_quota_says_in_its_id_how_long_it_lasts(sandbox: Sandbox, kind: str, period: str) -> None:
    sandbox.fault(kind)
    with pytest.raises(errors.ClientError) as caught:
        await sandbox.draw("A red fox.")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
    details = caught.value.details["error"]["details"]
    assert period in details[0]["violations"][0]["quotaId"]
    assert details[0]["violations"][0]["quotaDimensions"]["model"] == DRAWER
    assert details[-1]["retryDelay"] == "7s"
    assert picture_of(await sandbox.draw("A red fox."))


async def test_a_bare_429_has_no_details(sandbox: Sandbox) -> None:
    sandbox.fault("quota_bare")
    with pytest.raises(errors.ClientError) as caught:
        await sandbox.draw("A red fox.")
    assert caught.value.code == 429
    assert "details" not in caught.value.details["error"]


async def test_an_overloaded_model_is_503(sandbox: Sandbox) -> None:
    sandbox.fault("overload")
    with pytest.raises(errors.ServerError) as caught:
        await sandbox.draw("A red fox.")
    assert (caught.value.code, caught.value.status) == (503, "UNAVAILABLE")


async def test_a_wrong_key_is_400_api_key_invalid_and_a_missing_one_403(sandbox: Sandbox) -> None:
    with pytest.raises(errors.ClientError) as caught:
        await sandbox.ask(WRITER, "Hello", key="wrong")
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert caught.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    body = {"contents": [{"parts": [{"text": "Hello"}]}]}
    assert (await sandbox.post(WRITER, body)).status_code == 403
    assert (await sandbox.post(WRITER, body, query=f"?key={KEY}")).status_code == 200


@pytest.mark.parametrize("model", ["gemini-2.5-flash-image", "gemini-3.1-flash-image", "gemini-nonsense"])
async def test_a_retired_model_is_404_and_names_the_version(sandbox: Sandbox, model: str) -> None:
    with pytest.raises(errors.ClientError) as caught:
        await sandbox.ask(model, "A red fox.", version="v1")
    assert caught.value.code == 404
    assert f"models/{model} is not found for API version v1" in str(caught.value.message)


async def test_live_models_are_listed_and_can_be_looked_up_in_both_versions(sandbox: Sandbox) -> None:
    def call(version: str) -> tuple[list[str], str | None]:
        options = types.HttpOptions(base_url=sandbox.base, api_version=version)
        with genai.Client(api_key=KEY, http_options=options) as client:
            listed = [model.name or "" for model in client.models.list(config={"query_base": True})]
            return listed, client.models.get(model=DRAWER).display_name

    for version in ("v1", "v1beta"):
        names, title = await asyncio.to_thread(call, version)
        assert {f"models/{DRAWER}", f"models/{WRITER}"} <= set(names)
        assert title == "Nano Banana 2.1"


def a_body(part: dict[str, Any], **config: Any) -> dict[str, Any]:
    return {"contents": [{"parts": [part]}], "generationConfig": config}


WORD = {"text": "a"}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (WRITER, {}),
        (WRITER, {"contents": []}),
        (WRITER, {"contents": [{"parts": []}]}),
        (WRITER, {"contents": [{"role": "system", "parts": [WORD]}]}),
        (WRITER, a_body(WORD, responseModalities=["IMAGE"])),
        (WRITER, a_body(WORD, responseSchema={"type": "string"})),
        (DRAWER, a_body(WORD, responseMimeType="application/json")),
        (DRAWER, a_body(WORD, imageConfig={"aspectRatio": "7:5"})),
        (DRAWER, a_body(WORD, imageConfig={"imageSize": "512"})),
        (DRAWER, a_body({"inlineData": {"mimeType": "image/png", "data": "%%%"}})),
        (DRAWER, a_body({"inlineData": {"mimeType": "text/html", "data": "aaaa"}})),
        (DRAWER, a_body({"text": "x" * 21_000_000})),
    ],
)
async def test_a_wrong_request_is_400_invalid_argument_and_costs_nothing(
    sandbox: Sandbox, model: str, body: dict[str, Any]
) -> None:
    answer = await sandbox.post(model, body, **{"x-goog-api-key": KEY})
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert sandbox.context.account.charges() == []


@pytest.mark.fault("11.1")
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v1beta/nowhere"), ("PUT", "/v1beta/models"), ("POST", "/v1beta/models/x:countTokens"),
     ("POST", "/v1beta/models/x:streamGenerateContent"), ("GET", "/v2/models")],
)  # fmt: skip
async def test_what_is_no_method_is_answered_in_googles_shape(sandbox: Sandbox, method: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=sandbox.base, timeout=PATIENCE_S) as http:
        answer = await http.request(method, path, headers={"x-goog-api-key": KEY})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (404, 404, "NOT_FOUND")
    assert error["message"]
