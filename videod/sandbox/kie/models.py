"""The models KIE offers for image-to-video: what each demands of `input`, and what it charges in credits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from videod.sandbox.render.clips import Coded

#: Dollars of one credit (KIE's price page, 2026).
USD_PER_CREDIT = 0.005
CLIP_MODEL = "kling/v2-5-turbo-image-to-video-pro"
FIVE_OR_TEN = ("5", "10")
THREE_TO_FIFTEEN = tuple(str(seconds) for seconds in range(3, 16))
SIX_TO_THIRTY = tuple(str(seconds) for seconds in range(6, 31))

Input = dict[str, Any]
#: long groups of pictures, B-pictures, no word about colors
UNTAGGED = Coded(group=250, between=2, tagged=False)


class Invalid(Exception):
    """The `input` of a task breaks a rule of its model; the text is what the service answers with code 422."""


@dataclass(frozen=True)
class Model:
    """`images` is the name of the picture field ("image_url" takes one text, "image_urls" a list of `most_images`)."""

    name: str
    images: str
    most_images: int
    prompt_limit: int
    durations: tuple[str, ...]
    credits: Callable[[int, Input], float]
    required: tuple[str, ...] = ()
    default_duration: str = "5"
    #: what a clip of 16:9 really measures, and of the cheaper mode; seen in clips of the real service
    sizes: tuple[tuple[int, int], ...] = ((1920, 1080),)
    #: sizes of a clip in another mode or resolution than the usual one, by its name
    other_sizes: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    coded: Coded = UNTAGGED
    #: field -> the texts that it may be
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: what the service says of its price
    price: str = ""
    takes_negative: bool = False


@dataclass(frozen=True)
class Order:
    """A checked task: picture addresses, seconds, and the price in credits."""

    model: str
    image_urls: tuple[str, ...]
    prompt: str
    negative_prompt: str
    seconds: int
    credits: float


def _by_resolution(low: float, high: float) -> Callable[[int, Input], float]:
    return lambda seconds, wanted: seconds * (high if wanted.get("resolution") == "1080p" else low)


def _seedance(seconds: int, wanted: Input) -> float:
    """A clip of 10 s is not twice one of 5 s at 720p."""
    return {("720p", 5): 16, ("720p", 10): 36, ("1080p", 5): 36, ("1080p", 10): 72}[
        str(wanted.get("resolution", "720p")), seconds
    ]


RESOLUTIONS = {"resolution": ("720p", "1080p")}


def _kling_3(seconds: int, wanted: Input) -> float:
    silent, spoken = {"std": (14, 20), "pro": (18, 27), "4K": (67, 67)}.get(str(wanted.get("mode", "std")), (14, 20))
    return seconds * (spoken if wanted.get("sound") else silent)


MODELS = {
    model.name: model
    for model in (
        Model(
            CLIP_MODEL, "image_url", 1, 2500, FIVE_OR_TEN, lambda seconds, _: seconds * 8.4,
            sizes=(*((1920, 1080),) * 7, (1928, 1072)), takes_negative=True,
            price="42 credits ($0.21) for a 5-second video, 84 credits ($0.42) for a 10-second video",
        ),
        Model(
            "kling/v2-1-standard", "image_url", 1, 2500, FIVE_OR_TEN, lambda seconds, _: seconds * 5.0,
            sizes=((1280, 720),), takes_negative=True, price="25 credits ($0.125) for 5s, 50 credits ($0.25) for 10s",
        ),
        Model(
            "kling-2.6/image-to-video", "image_urls", 1, 1000, FIVE_OR_TEN,
            lambda seconds, wanted: seconds * (22 if wanted.get("sound") else 11), ("sound",),
            sizes=((1924, 1076), (1928, 1076)), price="5s: 55 credits without audio, 110 with; 10s: 110, 220",
        ),
        Model("kling-3.0/video", "image_urls", 2, 2500, THREE_TO_FIFTEEN, _kling_3, ("sound", "mode", "duration"),
              sizes=((1928, 1072),), other_sizes={"std": ((1284, 716),)}, coded=Coded(),
              choices={"mode": ("std", "pro", "4K"), "aspect_ratio": ("16:9", "9:16", "1:1")},
              price="std 14 credits ($0.07) per second, 20 with audio; pro 18 ($0.09), 27 with audio; 4K 67 ($0.335)"),
        Model(
            "kling/v3-turbo-image-to-video", "image_urls", 1, 2500, THREE_TO_FIFTEEN, _by_resolution(18, 22.5),
            sizes=((1924, 1076),), coded=Coded(between=2), choices=RESOLUTIONS,
            price="720p: 18 credits ($0.09) per second; 1080p: 22.5 credits ($0.1125) per second",
        ),
        Model(
            "bytedance/v1-pro-fast-image-to-video", "image_url", 1, 10_000, FIVE_OR_TEN, _seedance,
            sizes=((1920, 1088), (1920, 1080)), other_sizes={"720p": ((1280, 720),)}, choices=RESOLUTIONS,
            price="720p: 16 credits ($0.08) for 5s, 36 ($0.18) for 10s; 1080p: 36 ($0.18) for 5s, 72 ($0.36) for 10s",
        ),
        Model(
            "grok-imagine/image-to-video", "image_urls", 7, 5000, SIX_TO_THIRTY, _by_resolution(4.5, 8),
            sizes=((1920, 1080),), other_sizes={"720p": ((1280, 720),)}, default_duration="6", coded=Coded(between=2),
            choices=RESOLUTIONS | {"mode": ("fun", "normal", "spicy")},
            price="720p: 4.5 credits ($0.0225) per second; 1080p: 8 credits ($0.04) per second",
        ),
    )
}  # fmt: skip


def _text(wanted: Input, name: str, limit: int, *, required: bool) -> str:
    value = wanted.get(name)
    if value is None or value == "":
        if required:
            raise Invalid(f"{name} is required")
        return ""
    if not isinstance(value, str):
        raise Invalid(f"{name} must be a string")
    if len(value) > limit:
        raise Invalid(f"{name} length must be less than or equal to {limit}")
    return value


def _images(model: Model, wanted: Input) -> tuple[str, ...]:
    value = wanted.get(model.images)
    if not value:
        raise Invalid(f"{model.images} is required")
    urls = [value] if model.images == "image_url" else value
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise Invalid(f"{model.images} has the wrong type")
    if len(urls) > model.most_images:
        raise Invalid(f"{model.images} takes at most {model.most_images}")
    if not all(url.startswith(("http://", "https://")) for url in urls):
        raise Invalid(f"{model.images} must be a valid URL")
    return tuple(urls)


def check(model: Model, wanted: Input) -> Order:
    """The order that `wanted` describes. Raises Invalid for what the real service answers with 422."""
    prompt = _text(wanted, "prompt", model.prompt_limit, required=True)
    negative = _text(wanted, "negative_prompt", 500, required=False)
    for name in model.required:
        if name not in wanted:
            raise Invalid(f"{name} is required")
    if "sound" in wanted and not isinstance(wanted["sound"], bool):
        raise Invalid("sound must be a boolean")
    duration = wanted.get("duration", model.default_duration)
    if not isinstance(duration, str) or duration not in model.durations:
        raise Invalid(f"duration is not within the range of allowed options: {', '.join(model.durations)} (as string)")
    for name, allowed in model.choices.items():
        if name in wanted and wanted[name] not in allowed:
            raise Invalid(f"{name} is not within the range of allowed options: {', '.join(allowed)}")
    scale = wanted.get("cfg_scale", 0.5)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 <= scale <= 1:
        raise Invalid("cfg_scale must be between 0 and 1")
    seconds = int(duration)
    images = _images(model, wanted)
    return Order(model.name, images, prompt, negative, seconds, round(model.credits(seconds, wanted), 2))


def schema(model: Model) -> dict[str, Any]:
    """What the service says of the model's `input`, as OpenAPI has it."""
    image: dict[str, Any] = {"type": "string", "format": "uri"}
    if model.images == "image_urls":
        image = {"type": "array", "items": image, "maxItems": model.most_images}
    fields: dict[str, Any] = {
        "prompt": {"type": "string", "maxLength": model.prompt_limit}, model.images: image,
        "duration": {"type": "string", "enum": list(model.durations), "default": model.default_duration},
    }  # fmt: skip
    fields |= {name: {"type": "string", "enum": list(allowed)} for name, allowed in model.choices.items()}
    if model.takes_negative:
        fields |= {"negative_prompt": {"type": "string", "maxLength": 500}, "cfg_scale": {"type": "number"}}
    if "sound" in model.required:
        fields["sound"] = {"type": "boolean"}
    needed = ["prompt", model.images, *model.required]
    return {
        "openapi": "3.1.0",
        "info": {"title": model.name, "version": "1"},
        "components": {"schemas": {"Input": {"type": "object", "properties": fields, "required": needed}}},
    }
