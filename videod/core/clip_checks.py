"""What KIE itself says of a video model, held against `clip_models`: a model changes without its name changing.

What cannot be read proves nothing: nobody waits for a difference, it is only said.
"""

import re
from collections.abc import Iterator, Mapping

from videod.core import bounds, clip_models
from videod.core.clip_models import USD_PER_CREDIT, ClipModel

#: how far a figure may be off and still be the same one
_NEAR = 1e-6
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
#: characters of KIE's own words in a message
_SAID = 160
#: how deep a schema is looked through
_DEPTH = 12

Json = Mapping[str, object]


def price(name: str, seconds: int, data: object) -> str | None:
    """How the price that KIE tells differs, as a sentence; `data` is that of its answer to /models/{id}/price."""
    text = _text(data)
    credits = clip_models.credits(name, seconds)
    numbers = [float(one) for one in _NUMBER.findall(text)]
    if credits is None or not numbers:
        return None
    known = (credits, credits / seconds, credits * USD_PER_CREDIT, credits * USD_PER_CREDIT / seconds)
    if any(abs(number - one) < _NEAR for number in numbers for one in known):
        return None
    usd = credits * USD_PER_CREDIT
    return (
        f'KIE says about the price of {clip_models.parts(name)[0]}: "{bounds.text(text, _SAID)}". videod expects'
        f" {credits:g} credits ({usd:.2f} USD) for {seconds} s. videod records what a clip really costs, but its"
        " estimates are wrong until then"
    )


def schema(name: str, seconds: int, data: object) -> str | None:
    """How the form of an order differs, as a sentence; `data` is that of its answer to /models/{id}/schema."""
    model = clip_models.find(name)
    form = _form(data, _DEPTH)
    if model is None or form is None:
        return None
    wrong = "; ".join(_differences(model, name, seconds, form))
    if not wrong:
        return None
    return (
        f"KIE's orders for {clip_models.parts(name)[0]} have a form that videod does not know ({wrong}). Its clips"
        " may be refused: choose another model, or look for a newer videod"
    )


def _differences(model: ClipModel, name: str, seconds: int, form: Json) -> Iterator[str]:
    fields = form["properties"]
    assert isinstance(fields, Mapping)
    sent = clip_models.order(name, "https://x", "x", "x", seconds, None)
    for field in sorted(_texts(form.get("required")) - set(sent)):
        yield f"it needs {bounds.text(field, 40)}"
    for field, value in sent.items():
        if field not in fields:
            if field in ("prompt", "duration", model.picture, model.quality):
                yield f"it has no {field}"
            continue
        about = fields[field]
        allowed = about.get("enum") if isinstance(about, Mapping) else None
        if isinstance(allowed, list) and allowed and str(value) not in map(str, allowed):
            yield f"{field} may not be {value}"
    most = _number(fields.get("prompt"), "maxLength")
    if most is not None and most < model.prompt_limit:
        yield f"a prompt may have {most:g} characters, not {model.prompt_limit}"


def _form(data: object, depth: int) -> Json | None:
    """The first object schema in the answer whose properties have a prompt."""
    if isinstance(data, Mapping):
        fields = data.get("properties")
        if isinstance(fields, Mapping) and "prompt" in fields:
            return data
    parts = data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ()
    found = (_form(part, depth - 1) for part in parts if depth > 0)
    return next((one for one in found if one is not None), None)


def _number(about: object, field: str) -> float | None:
    return bounds.number(about.get(field), 0.0, 1e9) if isinstance(about, Mapping) else None


def _texts(value: object) -> set[str]:
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()


def _text(data: object) -> str:
    """`pricingDesc` of the answer, or the answer where it is the text itself."""
    said = data.get("pricingDesc") if isinstance(data, Mapping) else data
    return " ".join(said.split())[:2000] if isinstance(said, str) else ""
