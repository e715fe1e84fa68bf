"""The video models at KIE that videod can order clips of: what each is sent, what lengths it makes, what that costs.

`videod/core/clip_models.py` and `scripts/lib/clip_models.py` are the same file, because neither side imports the other;
`tests/core/test_clip_models.py` compares them. Whether KIE says the same is asked at start (`core/services/kie.py`).

A model that makes clips in several qualities has a *mode* for each. It is named behind an @, such as
"kling-3.0/video@std"; without one the first of `modes` is meant.
"""

from collections.abc import Mapping
from typing import NamedTuple

#: US dollars of one credit of KIE's
USD_PER_CREDIT = 0.005
#: characters of a negative prompt, where a model takes one
NEGATIVE_LIMIT = 500

#: seconds -> credits
Prices = Mapping[int, float]
FULL_HD = (1920, 1080)


class ClipModel(NamedTuple):
    """A model, or all whose names begin so.

    `picture`: the field of its first picture ("image_urls" is a list). `modes`: mode -> what a clip of so many seconds
    costs ({}: nobody knows). `quality`: the field that holds the mode. `always`: what it is sent besides. `sizes`: what
    a clip of a picture of 16:9 really measures, by mode or "" for all. `read`: where its prices stood, and when.
    `whole`: its whole name, where `name` is but the beginning ("": there are several).
    """

    name: str
    title: str
    picture: str
    lengths: tuple[int, ...]
    modes: Mapping[str, Prices]
    read: str
    prompt_limit: int = 2500
    takes_negative: bool = False
    quality: str = ""
    always: Mapping[str, str | bool] = {}
    sizes: Mapping[str, tuple[tuple[int, int], ...]] = {"": (FULL_HD,)}
    whole: str | None = None

    def named(self, mode: str) -> str:
        """How a person writes the model with that mode."""
        name = self.name if self.whole is None else self.whole or f"{self.name}..."
        return name if mode == next(iter(self.modes)) else f"{name}@{mode}"


def _second(lengths: tuple[int, ...], credits: float) -> Prices:
    return {seconds: seconds * credits for seconds in lengths}


_FIVE_TEN = (5, 10)
_ANY = tuple(range(3, 16))
_GROK = (6, 10)

CATALOGUE: tuple[ClipModel, ...] = (
    ClipModel(
        "kling/v2-5-turbo-image-to-video", "Kling 2.5 turbo pro", "image_url", _FIVE_TEN, {"": {5: 42, 10: 84}},
        "docs.kie.ai, 2026-09-05", takes_negative=True, sizes={"": (FULL_HD, (1928, 1072))},
        whole="kling/v2-5-turbo-image-to-video-pro",
    ),
    ClipModel(
        "kling/v2-1-", "Kling 2.1", "image_url", _FIVE_TEN, {"": {}}, "no price known", takes_negative=True, whole="",
    ),
    ClipModel(
        "kling/v2-1-standard", "Kling 2.1 standard", "image_url", _FIVE_TEN, {"": {5: 25, 10: 50}},
        "docs.kie.ai, 2026-09-05", takes_negative=True, sizes={"": ((1280, 720),)},
    ),
    ClipModel(
        "kling-2.6/image-to-video", "Kling 2.6", "image_urls", _FIVE_TEN, {"": {5: 55, 10: 110}},
        "docs.kie.ai, 2026-09-05", prompt_limit=1000, always={"sound": False},
        sizes={"": ((1924, 1076), (1928, 1076))},
    ),
    ClipModel(
        "kling/v3-turbo-image-to-video", "Kling 3 turbo", "image_urls", _ANY,
        {"1080p": _second(_ANY, 22.5), "720p": _second(_ANY, 18)}, "docs.kie.ai, 2026-09-05", quality="resolution",
        sizes={"1080p": ((1924, 1076),), "720p": ((1284, 716),)},
    ),
    ClipModel(
        "kling-3.0/video", "Kling 3.0", "image_urls", _ANY,
        {"pro": _second(_ANY, 18), "std": _second(_ANY, 14), "4K": _second(_ANY, 67)}, "docs.kie.ai, 2026-09-05",
        quality="mode", always={"sound": False, "aspect_ratio": "16:9", "multi_shots": False},
        sizes={"pro": ((1928, 1072),), "std": ((1284, 716),), "4K": ((3840, 2160),)},
    ),
    ClipModel(
        "kling-3.0-omni/", "Kling 3.0 omni", "image_urls", _ANY, {"": _second(_ANY, 18)}, "docs.kie.ai, 2026-09-05",
        always={"sound": False, "aspect_ratio": "16:9"}, whole="",
    ),
    ClipModel(
        "bytedance/v1-pro-fast-image-to-video", "Seedance 1.0 pro fast", "image_url", _FIVE_TEN,
        {"1080p": {5: 36, 10: 72}, "720p": {5: 16, 10: 36}}, "kie.ai/seedance-1-0-pro-fast, 2026-08",
        prompt_limit=10_000, quality="resolution", sizes={"1080p": ((1920, 1088), FULL_HD), "720p": ((1280, 720),)},
    ),
    ClipModel(
        "grok-imagine/image-to-video", "Grok Imagine", "image_urls", _GROK,
        {"720p": _second(_GROK, 4.5), "1080p": _second(_GROK, 8)}, "kie.ai/grok-imagine, 2026-08-06",
        prompt_limit=5000, quality="resolution", always={"mode": "normal", "aspect_ratio": "16:9"},
        sizes={"720p": ((1280, 720),), "1080p": (FULL_HD,)},
    ),
)  # fmt: skip


def parts(name: str) -> tuple[str, str]:
    """The model as KIE knows it, and the mode that the name asks for ("": the usual one)."""
    model, _, mode = name.partition("@")
    return model, mode


def find(name: str) -> ClipModel | None:
    """The model of that name: the longest that it begins with. None where it, or its mode, is not known."""
    asked, mode = parts(name)
    fitting = [model for model in CATALOGUE if asked.startswith(model.name)]
    model = max(fitting, key=lambda one: len(one.name), default=None)
    return model if model is None or not mode or mode in model.modes else None


def mode_of(model: ClipModel, name: str) -> str:
    """The mode that the name means."""
    return parts(name)[1] or next(iter(model.modes))


def credits(name: str, seconds: int) -> float | None:
    """What a clip of so many seconds costs; None where nobody knows."""
    model = find(name)
    return None if model is None else model.modes[mode_of(model, name)].get(seconds)


def length(name: str, wanted: float) -> int | None:
    """What the model makes for so many seconds: the shortest that is long enough, else its longest."""
    model = find(name)
    return None if model is None else next((one for one in model.lengths if one >= wanted), model.lengths[-1])


def names() -> tuple[str, ...]:
    """What a person may write, for messages: each model with its modes."""
    return tuple(model.named(mode) for model in CATALOGUE if model.whole != "" for mode in model.modes)


def order(
    name: str, picture: str, prompt: str, negative: str, seconds: int, cfg_scale: float | None
) -> dict[str, str | bool | float | list[str]]:
    """The `input` of createTask. What the model does not know is left out. Raises LookupError: it is unknown."""
    model = find(name)
    if model is None:
        raise LookupError(name)
    wanted: dict[str, str | bool | float | list[str]] = {"prompt": prompt, "duration": str(seconds), **model.always}
    wanted[model.picture] = [picture] if model.picture == "image_urls" else picture
    if model.quality:
        wanted[model.quality] = mode_of(model, name)
    if model.takes_negative and negative:
        wanted["negative_prompt"] = negative
    if model.takes_negative and cfg_scale is not None:
        wanted["cfg_scale"] = cfg_scale
    return wanted
