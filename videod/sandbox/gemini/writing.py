"""Text answers: a stage of an episode's plan when that is what the schema describes, else what fits the schema."""

import json
from collections.abc import Callable
from typing import Any

from videod.sandbox.gemini.asked import Asked, field
from videod.sandbox.render import stages
from videod.sandbox.render.planner import make_written, spoil_plan

BAD_PLAN = "[[bad plan]]"
REFUSE_IMAGE = "[[refuse image]]"


#: a name that the schema of this stage of a plan has, and none further down -> how it is answered
STAGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "research": stages.whole,
    "arc": stages.reading,
    "facts": stages.facts,
    "stories": stages.stories,
    "beats": stages.beats,
    "titles": stages.text,
    "changes": stages.edit,
    "atmosphere": stages.pictures,
}


def stage(asked: Asked) -> str | None:
    """Which stage of a plan the request is for, by the name in its schema; None for anything else."""
    properties = field(asked.schema, "properties") or {}
    return next((name for name in STAGES if name in properties), None)


def write(asked: Asked, spoilt: bool) -> str:
    """The model's words. `spoilt` makes an answer that breaks the rules of the craft."""
    name = stage(asked)
    if name is not None:
        plan = make_written(asked.text)
        if REFUSE_IMAGE in asked.text:
            plan["images"][-1]["prompt"] += " [[refuse]]"
        plan = spoil_plan(plan) if spoilt or BAD_PLAN in asked.text else plan
        answer = stages.facts(plan, "## Sources\n" in asked.text) if name == "facts" else STAGES[name](plan)
        return json.dumps(answer, ensure_ascii=False)
    if asked.wants_json:
        return json.dumps(_filled(asked.schema or {}, asked.last))
    return f"In short: {' '.join(asked.last.split())[:200]}"


def grounding(words: str) -> dict[str, Any]:
    """What says where an answer comes from: one search, two pages, and the sentences that stand on each."""
    half = len(words) // 2
    parts = ((words[:half], [0]), (words[half:], [0, 1]))
    redirect = "https://vertexaisearch.cloud.google.com/grounding-api-redirect"
    return {
        "webSearchQueries": ["what is known of it"],
        "searchEntryPoint": {"renderedContent": "<div>Search suggestions</div>"},
        "groundingChunks": [
            {"web": {"uri": f"{redirect}/{number}", "title": f"example-{number}.org"}} for number in (1, 2)
        ],
        "groundingSupports": [
            {"segment": {"endIndex": len(text), "text": text}, "groundingChunkIndices": pages} for text, pages in parts
        ],
    }


def _filled(schema: dict[str, Any], text: str) -> Any:
    """A value that fits `schema`; strings repeat the beginning of what was asked."""
    if field(schema, "enum"):
        return field(schema, "enum")[0]
    for name in ("anyOf", "oneOf"):
        if field(schema, name):
            return _filled(field(schema, name)[0], text)
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        return {name: _filled(part, text) for name, part in (field(schema, "properties") or {}).items()}
    if kind == "array":
        return [_filled(schema.get("items") or {"type": "string"}, text)] * max(1, int(field(schema, "minItems") or 1))
    if kind in ("integer", "number"):
        return int(field(schema, "minimum") or 1)
    return {"boolean": True, "null": None}.get(kind, " ".join(text.split())[:80] or "text")
