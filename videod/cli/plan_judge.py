"""`videod plan judge`: the one conversation in which scripts/generate_plan.py learns the stages and has answers judged.

Each line of standard input is a JSON object with `clips`, `images` and `language`; each line of standard output is its
answer. {"ask": "stages"} is answered with {"stages": [{"name", "strong", "needs", "spare", "schema"}]}, in order.
{"ask": "judge", "stage": NAME, "answers": {NAME: ...}} is answered with {"complaints": [{"where", "rule", "message"}],
"seconds": [of each narration], "plan": plan.json where this was the last stage and nothing is wrong, else null}.
{"ask": "check", "plan": PLAN} is answered with {"complaints"} of a whole plan. A question that cannot be read is
answered with {"error": TEXT}.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from videod.core import stage_rules
from videod.core.craft import Complaint, complaints
from videod.core.languages import language
from videod.core.schemas import faults
from videod.core.speech import narration_seconds
from videod.core.stage_rules import Size
from videod.core.stages import STAGES, Stage, schema

#: the answers of all stages of 60 clips have some 300 kB
LINE_BYTES_MAX = 16_000_000
CLIPS_MAX = 200


def run() -> None:
    """Answer until the other side closes its end."""
    while line := sys.stdin.buffer.readline(LINE_BYTES_MAX + 1):
        try:
            answer = _answer(json.loads(line))
        except (ValueError, RecursionError) as problem:
            answer = {"error": str(problem) or "the question is nested too deep"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answer(asked: object) -> dict[str, object]:
    """Raises ValueError for what is no question."""
    if not isinstance(asked, dict):
        raise ValueError("a question is a JSON object")
    size = _size(asked)
    if asked.get("ask") == "stages":
        return {"stages": [_stage(stage, size) for stage in STAGES]}
    if asked.get("ask") == "check":
        return {"complaints": _listed(complaints(_record(asked.get("plan")), size.clips, size.images, size.language))}
    if asked.get("ask") != "judge":
        raise ValueError("ask is stages, judge or check")
    stage = Stage(str(asked.get("stage")))
    return _judged(stage, _answers(_record(asked.get("answers")), stage, size), size)


def _size(asked: Mapping[str, object]) -> Size:
    counts = [asked.get(name) for name in ("clips", "images")]
    if not all(isinstance(count, int) and 1 <= count <= CLIPS_MAX for count in counts):
        raise ValueError(f"clips and images are whole numbers from 1 to {CLIPS_MAX}")
    spoken = asked.get("language")
    clips, images = (count for count in counts if isinstance(count, int))
    return Size(clips, images, language(spoken) if isinstance(spoken, str) and spoken else None)


def _stage(stage: Stage, size: Size) -> dict[str, object]:
    written = STAGES[stage]
    return {
        "name": stage.value, "strong": written.strong, "needs": [one.value for one in written.needs],
        "spare": written.spare.value if written.spare else None, "schema": schema(stage, size.clips, size.images),
    }  # fmt: skip


def _record(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _listed(found: Iterable[Complaint]) -> list[dict[str, object]]:
    return [asdict(one) for one in found]


def _answers(found: Mapping[str, object], stage: Stage, size: Size) -> dict[Stage, dict[str, object]]:
    """The answers up to `stage`. Those before it must have the shape that was asked of them, else ValueError."""
    held: dict[Stage, dict[str, object]] = {}
    for one in STAGES:
        answer = found.get(one.value)
        if not isinstance(answer, dict):
            raise ValueError(f"the answer of the stage {one} is no JSON object")
        held[one] = answer
        if one == stage:
            return held
        if wrong := faults(answer, schema(one, size.clips, size.images)):
            raise ValueError(
                f"the answer of the stage {one} was not judged before: {wrong[0].where} {wrong[0].message}"
            )
    raise AssertionError("every stage is one of STAGES")


def _judged(stage: Stage, answers: dict[Stage, dict[str, object]], size: Size) -> dict[str, object]:
    found = stage_rules.complaints(stage, answers, size)
    base = size.language.base if size.language else ""
    seconds = [] if found else [narration_seconds(line, base) for line in stage_rules.lines(answers)]
    plan = stage_rules.joined(answers) if stage == Stage.PICTURES and not found else None
    return {"complaints": _listed(found), "seconds": seconds, "plan": plan}
