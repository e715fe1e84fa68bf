"""A plan of one clip in its six stages, a checker that stands in for `videod plan judge`, and the model's answers."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.scripts.wire import Asked, Say, say

MODEL, LIGHT = "gemini-3.8-flash", "gemini-3.5-flash-lite"
STRONG_PATH, LIGHT_PATH = (f"/v1beta/models/{name}:generateContent" for name in (MODEL, LIGHT))
STAGES = ("facts", "stories", "beats", "text", "edit", "pictures")
STRONG = ("stories", "text", "edit")
ANSWERS: dict[str, dict[str, Any]] = {
    "facts": {"facts": [{"id": "f1", "says": "Salmon climb in autumn.", "source": None}]},
    "stories": {"stories": [{"number": 1, "logline": "A bear waits."}], "chosen": 1, "why": "It is cold."},
    "beats": {"beats": [{"number": 1, "happens": "it waits"}], "turn": 1},
    "text": {"title": "The Edge", "lines": [{"number": 1, "text": "The old bear waits.", "facts": ["f1"]}]},
    "edit": {"lines": [{"number": 1, "text": "The old bear waits.", "facts": ["f1"]}], "changes": []},
    "pictures": {"atmosphere": "cold dawn", "images": [{"id": "bear_core"}], "clips": [{"number": 1}]},
}
PLAN: dict[str, Any] = {
    "version": 1, "title": "The Edge", "logline": "A bear waits.", "description": "Bears.", "tags": ["bear"],
    "research": ["Salmon climb in autumn."],
    "arc": {"want": "food", "obstacle": "a rival", "escalation": "a fight", "turn": "it leaves", "resolution": "snow"},
    "atmosphere": "cold dawn",
    "images": [
        {"id": "bear_core", "kind": "character", "subject": "bear", "species": "Ursus arctos", "role": "protagonist",
         "core": True, "prompt": "A bear | standing"},
    ],
    "clips": [
        {"number": 1, "beat": "it waits", "picture": {"type": "full", "images": ["bear_core"], "scale": 1.0},
         "motion": "It lifts its head.", "negative": "blur", "narration": "The old bear waits.",
         "sound": "Continuous wind"},
    ],
}  # fmt: skip

#: finds fault with every answer that holds "bad"; notes what it was asked
CHECKER = f"""
import json, os, pathlib, sys
PLAN = json.loads({json.dumps(json.dumps(PLAN))})
seen = pathlib.Path(__file__).with_name("checks.jsonl")
assert sys.argv[1:] == ["judge"] and "GEMINI_API_KEY" not in os.environ
for line in sys.stdin:
    asked = json.loads(line)
    with seen.open("a") as out:
        out.write(json.dumps(asked) + "\\n")
    complaint = {{"where": "lines[0].text", "rule": "duration", "message": "it takes 11 s"}}
    if asked["ask"] == "stages":
        names = {list(STAGES)!r}
        answer = {{"stages": [
            {{"name": name, "strong": name in {list(STRONG)!r}, "needs": names[:at],
              "spare": "text" if name == "edit" else None, "schema": {{"type": "object", "title": name}}}}
            for at, name in enumerate(names)
        ]}}
    elif asked["ask"] == "check":
        answer = {{"complaints": [complaint] if asked["plan"]["title"] == "bad" else []}}
    else:
        wrong = [complaint] if asked["answers"][asked["stage"]].get("bad") else []
        last = asked["stage"] == names[-1] and not wrong
        told = asked["answers"][asked["stage"]].get("conflicts", [])
        found = asked["answers"][asked["stage"]].get("found", [])
        plan = PLAN if last else None
        answer = {{"conflicts": told, "warnings": found, "complaints": wrong, "seconds": [5.5], "plan": plan}}
    print(json.dumps(answer), flush=True)
"""


def answered(answer: object, finish: str = "STOP") -> Say:
    """The service's answer with these words of the model's."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    usage = {"promptTokenCount": 4000, "candidatesTokenCount": 2_000, "thoughtsTokenCount": 500}
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}
    return say({"candidates": [candidate], "usageMetadata": usage})


BAD = answered({"bad": True, "lines": []})


def stage_of(asked: Asked) -> str:
    """The stage that a question is for."""
    return str(asked.json()["generationConfig"]["responseJsonSchema"]["title"])


def model(**first: Sequence[Say]) -> Callable[[Asked], Say]:
    """A model that gives every stage its good answer, after what it says `first` for some of them."""
    left = {stage: list(says) for stage, says in first.items()}

    def give(asked: Asked) -> Say:
        waiting = left.get(stage_of(asked))
        return waiting.pop(0) if waiting else answered(ANSWERS[stage_of(asked)])

    return give


def asked_for(questions: Sequence[Asked]) -> list[str]:
    return [stage_of(one) for one in questions]


def written(stages: Mapping[str, object]) -> str:
    return json.dumps(dict(stages))
