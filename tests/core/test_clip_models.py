"""The catalog of video models: what an order holds, what it costs, and what KIE says against it."""

from pathlib import Path

import pytest

from videod.core import clip_checks, clip_models
from videod.core.service import Clip, Configured
from videod.core.services import SERVICES

REPO = Path(__file__).parents[2]
SEEDANCE, GROK = "bytedance/v1-pro-fast-image-to-video", "grok-imagine/image-to-video"
TURBO = "kling/v2-5-turbo-image-to-video-pro"
KIE = SERVICES["kie"]


def test_both_sides_have_the_same_catalog() -> None:
    ours, scripts = REPO / "videod/core/clip_models.py", REPO / "scripts/lib/clip_models.py"
    assert ours.read_text() == scripts.read_text()


@pytest.mark.parametrize(
    ("name", "seconds", "usd"),
    [
        (TURBO, 5, 0.21), (TURBO, 10, 0.42), ("kling/v2-1-standard", 5, 0.125), ("kling/v2-1-standard", 10, 0.25),
        ("kling-3.0/video", 7, 0.63), ("kling-3.0/video@std", 7, 0.49), (SEEDANCE, 5, 0.18),
        (f"{SEEDANCE}@720p", 10, 0.18), (f"{SEEDANCE}@720p", 5, 0.08), (GROK, 6, 0.135), (f"{GROK}@1080p", 10, 0.40),
    ],
)  # fmt: skip
def test_a_clip_costs_what_is_published(name: str, seconds: int, usd: float) -> None:
    assert (clip_models.credits(name, seconds) or 0) * clip_models.USD_PER_CREDIT == pytest.approx(usd)
    assert KIE.price_micros(name, f"{seconds} s") == round(usd * 1e6)


def test_nobody_knows_the_price_of_another_length_mode_or_model() -> None:
    for name, seconds in ((TURBO, 7), (f"{TURBO}@4K", 5), ("kling/v2-1-master-image-to-video", 5), ("sora", 5)):
        assert clip_models.credits(name, seconds) is None
    assert clip_models.find(f"{SEEDANCE}@480p") is None and clip_models.find("kling-9/video") is None


@pytest.mark.parametrize(
    ("name", "wanted", "made"),
    [(TURBO, 6, 10), (TURBO, 5, 5), (TURBO, 15, 10), ("kling-3.0/video", 7.2, 8), (GROK, 3, 6)],
)  # fmt: skip
def test_a_clip_is_bought_at_the_least_length_that_is_enough(name: str, wanted: float, made: int) -> None:
    assert clip_models.length(name, wanted) == made


def test_an_order_has_the_fields_of_its_model_and_no_others() -> None:
    def order(name: str) -> dict[str, object]:
        return {**clip_models.order(name, "https://x/p.png", "It moves.", "blur", 6, 0.4)}

    assert order(f"{SEEDANCE}@720p") == {
        "prompt": "It moves.", "duration": "6", "image_url": "https://x/p.png", "resolution": "720p",
    }  # fmt: skip
    assert order(GROK) == {
        "prompt": "It moves.", "duration": "6", "image_urls": ["https://x/p.png"], "resolution": "720p",
        "mode": "normal", "aspect_ratio": "16:9",
    }  # fmt: skip
    assert order("kling-3.0/video@std")["mode"] == "std" and order("kling-3.0/video")["mode"] == "pro"
    assert order("kling/v2-1-standard")["negative_prompt"] == "blur"
    with pytest.raises(LookupError):
        order("sora")


def test_another_price_than_ours_is_said_in_words() -> None:
    said = clip_checks.price(TURBO, 10, {"pricingDesc": "60 credits ($0.30) per 5s, 120 ($0.60) per 10s"})
    assert said is not None
    assert 'KIE says about the price of kling/v2-5-turbo-image-to-video-pro: "60 credits' in said
    assert "videod expects 84 credits (0.42 USD) for 10 s" in said
    for right in ("84 credits", "8.4 credits a second", "$0.42", {"pricingDesc": "0.042 USD per second"}):
        assert clip_checks.price(TURBO, 10, right) is None


@pytest.mark.parametrize("data", [None, 5, [], {}, {"pricingDesc": 5}, {"pricingDesc": "ask us"}, "", "x" * 10_000])
def test_what_is_no_price_proves_nothing(data: object) -> None:
    assert clip_checks.price(TURBO, 10, data) is None
    assert clip_checks.schema(TURBO, 10, data) is None


def test_another_form_than_ours_is_said_in_words() -> None:
    form = {
        "properties": {
            "prompt": {"maxLength": 900}, "image_urls": {}, "duration": {"enum": ["5", "8"]}, "tier": {},
        },
        "required": ["prompt", "tier"],
    }  # fmt: skip
    said = clip_checks.schema(TURBO, 10, {"openapi": "3.1.0", "paths": {"/": [{"schema": form}]}})
    assert said is not None
    for word in ("it needs tier", "it has no image_url", "duration may not be 10", "may have 900 characters, not 2500"):
        assert word in said


def test_a_deeply_nested_answer_is_looked_through_in_bounds() -> None:
    deep: object = "end"
    for _ in range(5000):
        deep = {"x": deep}
    assert clip_checks.schema(TURBO, 10, deep) is None


def test_each_model_in_use_is_looked_at_once_and_a_wrong_one_stops_its_channel_only() -> None:
    clips = {"a": Clip(TURBO, 10), "b": Clip(GROK, 6), "c": Clip(GROK, 6)}
    checks = KIE.probe(Configured({"video": TURBO}, {}, clips))  # type: ignore[misc]
    abouts = [(check.about, check.channel) for check in checks]
    assert abouts == [
        ("key", ""), ("model video", ""), ("model video", "b"), ("model video", "c"), (f"price {TURBO}", ""),
        (f"form {TURBO}", ""), (f"price {GROK}", ""), (f"form {GROK}", ""),
    ]  # fmt: skip
    listed = {"code": 200, "data": [{"id": TURBO}]}
    told = [problem for check in checks[1:4] if (problem := check.judge(200, listed)) is not None]
    assert [problem.text for problem in told] == [
        f"KIE does not have the model {GROK}. Set `video_model` in channels/{channel}.yaml to another"
        for channel in "bc"
    ]
    price = checks[4].judge(200, {"code": 200, "data": {"pricingDesc": "7 credits"}})
    assert price is not None and not price.stops
    assert checks[4].judge(200, {"code": 401}) is checks[5].judge(404, None) is None
