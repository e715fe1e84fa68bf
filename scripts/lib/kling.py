"""Clips of KIE's video models: what a request of `clip_models` may hold, with our failures and warnings."""

from scripts.lib import clip_models
from scripts.lib.answers import Json
from scripts.lib.clip_models import ClipModel
from scripts.lib.failures import Failure, Kind
from scripts.lib.script_runtime import warn

IMAGE_BYTES = 10_000_000


def model_of(name: str) -> ClipModel:
    """Raises Failure(configuration) for a model whose form is not known: a wrong field name costs a failed task."""
    found = clip_models.find(name)
    if found is None:
        known = ", ".join(clip_models.names())
        raise Failure(Kind.CONFIGURATION, f"unknown video model {name!r}. Known models: {known}")
    return found


def check(name: str, prompt: str, negative: str, seconds: int) -> None:
    """Raises Failure(usage or input) for a length or prompt that the model refuses, before anything is paid."""
    model = model_of(name)
    if seconds not in model.lengths:
        allowed = ", ".join(map(str, model.lengths))
        raise Failure(Kind.USAGE, f"{name} makes clips of {allowed} seconds, not of {seconds}")
    if not prompt.strip():
        raise Failure(Kind.INPUT, "the prompt is empty")
    if len(prompt) > model.prompt_limit:
        raise Failure(Kind.INPUT, f"the prompt has {len(prompt):,} characters, {name} takes {model.prompt_limit:,}")
    if len(negative) > clip_models.NEGATIVE_LIMIT:
        most = clip_models.NEGATIVE_LIMIT
        raise Failure(Kind.INPUT, f"the negative prompt has {len(negative)} characters, {most} are allowed")


def request(
    name: str, image_url: str, prompt: str, negative: str, seconds: int, cfg_scale: float | None
) -> dict[str, Json]:
    """The `input` of createTask. A setting that the model does not know is left out with a warning."""
    if not model_of(name).takes_negative and (negative or cfg_scale is not None):
        warn(f"{name} takes neither a negative prompt nor cfg_scale. They are left out")
    wanted = clip_models.order(name, image_url, prompt, negative, seconds, cfg_scale)
    return {field: list(value) if isinstance(value, list) else value for field, value in wanted.items()}
