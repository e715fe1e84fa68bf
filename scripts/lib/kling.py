"""The Kling models on KIE: what each family's `input` looks like, what it accepts, what it costs."""

from dataclasses import dataclass

from scripts.lib.answers import Json
from scripts.lib.failures import Failure, Kind
from scripts.lib.script_runtime import warn

IMAGE_BYTES = 10_000_000


@dataclass(frozen=True)
class Family:
    """Models that share a form. Lengths in characters; `credits` for (5 s, 10 s), None where unknown."""

    prefix: str
    prompt_limit: int
    list_of_images: bool
    takes_negative: bool
    extra: dict[str, Json]
    credits: tuple[float, float] | None


#: Prices of September 2026. The first prefix that fits is taken.
FAMILIES = (
    Family("kling/v2-5-turbo-image-to-video", 2500, False, True, {}, (42, 84)),
    Family("kling/v2-1-", 2500, False, True, {}, None),
    Family("kling-2.6/image-to-video", 1000, True, False, {"sound": False}, (55, 110)),
    Family("kling/v3-turbo-image-to-video", 2500, True, False, {"resolution": "1080p"}, (112.5, 225)),
    Family(
        "kling-3.0/video", 2500, True, False,
        {"sound": False, "mode": "pro", "aspect_ratio": "16:9", "multi_shots": False}, (90, 180),
    ),
    Family("kling-3.0-omni/", 2500, True, False, {"sound": False, "aspect_ratio": "16:9"}, (90, 180)),
)  # fmt: skip
NEGATIVE_LIMIT = 500


def family_of(model: str) -> Family:
    """Raises Failure(configuration) for a model whose form is not known: a wrong field name costs a failed task."""
    for family in FAMILIES:
        if model.startswith(family.prefix):
            return family
    known = ", ".join(family.prefix for family in FAMILIES)
    raise Failure(Kind.CONFIGURATION, f"unknown video model {model!r}; known families: {known}")


def check(model: str, prompt: str, negative: str) -> None:
    """Raises Failure(input) for a prompt that the model refuses by its length, before anything is paid."""
    limit = family_of(model).prompt_limit
    if not prompt.strip():
        raise Failure(Kind.INPUT, "the prompt is empty")
    if len(prompt) > limit:
        raise Failure(Kind.INPUT, f"the prompt has {len(prompt):,} characters, {model} takes {limit:,}")
    if len(negative) > NEGATIVE_LIMIT:
        raise Failure(Kind.INPUT, f"the negative prompt has {len(negative)} characters, {NEGATIVE_LIMIT} are allowed")


def request(
    model: str, image_url: str, prompt: str, negative: str, seconds: int, cfg_scale: float | None
) -> dict[str, Json]:
    """The `input` of createTask. A setting that the family does not know is left out with a warning."""
    family = family_of(model)
    wanted: dict[str, Json] = {"prompt": prompt, "duration": str(seconds), **family.extra}
    if family.list_of_images:
        wanted["image_urls"] = [image_url]
    else:
        wanted["image_url"] = image_url
    if family.takes_negative:
        if negative:
            wanted["negative_prompt"] = negative
        if cfg_scale is not None:
            wanted["cfg_scale"] = cfg_scale
    elif negative or cfg_scale is not None:
        warn(f"{model} takes neither a negative prompt nor cfg_scale; they are left out")
    return wanted


def usual_credits(model: str, seconds: int) -> float | None:
    """The list price, for answers that do not tell what a task consumed."""
    prices = family_of(model).credits
    return None if prices is None else prices[0 if seconds == 5 else 1]
