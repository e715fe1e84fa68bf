"""The models KIE offers for image-to-video: what each demands of `input`, and what it charges in credits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from videod.sandbox.render.clips import Coded

#: Dollars of one credit (KIE's price page, 2026).
USD_PER_CREDIT = 0.005
CLIP_MODEL = "kling/v2-5-turbo-image-to-video-pro"
FIVE_OR_TEN = ("5", "10")
THREE_TO_FIFTEEN = tuple(str(seconds) for seconds in range(3, 16))

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
    std_sizes: tuple[tuple[int, int], ...] = ()
    coded: Coded = UNTAGGED


@dataclass(frozen=True)
class Order:
    """A checked task: picture addresses, seconds, and the price in credits."""

    model: str
    image_urls: tuple[str, ...]
    prompt: str
    negative_prompt: str
    seconds: int
    credits: float


def _kling_3(seconds: int, wanted: Input) -> float:
    silent, spoken = {"std": (14, 20), "pro": (18, 27), "4K": (67, 67)}.get(str(wanted.get("mode", "std")), (14, 20))
    return seconds * (spoken if wanted.get("sound") else silent)


MODELS = {
    model.name: model
    for model in (
        Model(
            CLIP_MODEL, "image_url", 1, 2500, FIVE_OR_TEN, lambda seconds, _: seconds * 8.4,
            sizes=(*((1920, 1080),) * 7, (1928, 1072)),
        ),
        Model(
            "kling-2.6/image-to-video", "image_urls", 1, 1000, FIVE_OR_TEN,
            lambda seconds, wanted: seconds * (22 if wanted.get("sound") else 11), ("sound",),
            sizes=((1924, 1076), (1928, 1076)),
        ),
        Model("kling-3.0/video", "image_urls", 2, 2500, THREE_TO_FIFTEEN, _kling_3, ("sound", "mode", "duration"),
              sizes=((1928, 1072),), std_sizes=((1284, 716),), coded=Coded()),
        Model(
            "kling/v3-turbo-image-to-video", "image_urls", 1, 2500, THREE_TO_FIFTEEN,
            lambda seconds, wanted: seconds * (22.5 if wanted.get("resolution") == "1080p" else 18),
            sizes=((1924, 1076),), coded=Coded(between=2),
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
    scale = wanted.get("cfg_scale", 0.5)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 <= scale <= 1:
        raise Invalid("cfg_scale must be between 0 and 1")
    seconds = int(duration)
    images = _images(model, wanted)
    return Order(model.name, images, prompt, negative, seconds, round(model.credits(seconds, wanted), 2))
