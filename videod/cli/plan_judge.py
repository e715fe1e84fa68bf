"""`videod plan judge`: the one conversation in which scripts/generate_plan.py learns the stages and has answers judged.

Each line of standard input is a JSON object with `clips`, `images` and `language`; each line of standard output is its
answer. Optional are `pace` (characters a second of the voice), `clip_seconds`, `banned` (words) and `before` (the
channel's last stories: `title`, `species`, `story`, `turn`), `sources` (what facts may stand on: `id`, `title`,
`url`, `revision`), `script` (what is said over each clip, where a person brings it: then the stages are others) and
`stills` (how many shots are still ones: at least, at most) and `wordless` (over how many shots nobody may speak).

- {"ask": "stages"}: {"stages": [{"name", "strong", "needs", "spare", "schema"}], "lines": {"least", "average",
  "most"}}, the stages in order and the characters of a line.
- {"ask": "judge", "stage": NAME, "answers": {NAME: ...}}: {"complaints": [{"where", "rule", "message"}], "warnings":
  [as these], "conflicts": [texts: what only the creator can decide], "seconds": [of each narration], "plan": plan.json
  after the last stage where nothing is wrong, else null}.
- {"ask": "check", "plan": PLAN}: {"complaints"} of a whole plan.

A question that cannot be read is answered with {"error": TEXT}.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from videod.core import stage_rules
from videod.core.craft import Complaint, complaints
from videod.core.craft_clips import Telling
from videod.core.languages import language
from videod.core.likeness import LAST
from videod.core.retold import TEXT_MAX
from videod.core.schemas import faults
from videod.core.scripts import Script
from videod.core.speech import LINE_S_MIN, RATE_MAX, RATE_MIN, Pace, narration_seconds
from videod.core.stage_rules import Size
from videod.core.stages import Stage, schema
from videod.core.story import Source

#: the answers of all stages of 60 clips have some 300 kB
LINE_BYTES_MAX = 16_000_000
CLIPS_MAX, SOURCES_MAX, SOURCE_TEXT_MAX = 200, 100, 10_000
#: seconds of a clip
CLIP_S_MIN, CLIP_S_MAX = 3.5, 60.0
BANNED_MAX = 200


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
        return {"stages": [_stage(stage, size) for stage in size.stages], "lines": _lines(size)}
    if asked.get("ask") == "check":  # it may have been written before the voice was measured
        told = Telling(size.telling.language, wordless=size.telling.wordless)
        return {"complaints": _listed(complaints(_record(asked.get("plan")), size.clips, size.images, told))}
    if asked.get("ask") != "judge":
        raise ValueError("ask is stages, judge or check")
    stage = Stage(str(asked.get("stage")))
    return _judged(stage, _answers(_record(asked.get("answers")), stage, size), size)


def _size(asked: Mapping[str, object]) -> Size:
    counts = [asked.get(name) for name in ("clips", "images")]
    if not all(isinstance(count, int) and 1 <= count <= CLIPS_MAX for count in counts):
        raise ValueError(f"clips and images are whole numbers from 1 to {CLIPS_MAX}")
    clips, images = (count for count in counts if isinstance(count, int))
    return Size(
        clips, images, telling(asked), _before(asked.get("before", [])), _sources(asked.get("sources")),
        _script(asked.get("script"), clips), _stills(asked.get("stills"), clips),
    )  # fmt: skip


def _script(given: object, clips: int) -> tuple[str, ...]:
    """Raises ValueError for what is no script of so many clips."""
    if not given:
        return ()
    if not isinstance(given, list) or not all(isinstance(line, str) for line in given) or len(given) != clips:
        raise ValueError("script is a list of texts, one for each clip")
    return tuple(given)


def _stills(value: object, clips: int) -> tuple[int, int]:
    """Raises ValueError."""
    if value is None:
        return 0, 0
    if not isinstance(value, list) or len(value) != 2 or not all(type(one) is int for one in value):
        raise ValueError("stills are two whole numbers, at least and at most")
    least, most = (max(0, min(clips, one)) for one in value)
    return min(least, most), most


def _before(value: object) -> tuple[dict[str, str], ...]:
    listed = value if isinstance(value, list) else []
    return tuple(
        {name: text[:TEXT_MAX] for name, text in one.items() if isinstance(text, str)}
        for one in listed[:LAST] if isinstance(one, dict)
    )  # fmt: skip


def telling(asked: Mapping[str, object]) -> Telling:
    """How the narrations are. Raises ValueError."""
    spoken, banned = asked.get("language"), asked.get("banned", [])
    tongue = language(spoken) if isinstance(spoken, str) and spoken else None
    if not isinstance(banned, list) or not all(isinstance(word, str) for word in banned):
        raise ValueError("banned is a list of words")
    rate, clip_s = _number(asked, "pace"), _number(asked, "clip_seconds")
    if rate is not None and not RATE_MIN <= rate <= RATE_MAX:
        raise ValueError(f"pace lies between {RATE_MIN:g} and {RATE_MAX:g} characters a second")
    if clip_s is not None and not CLIP_S_MIN <= clip_s <= CLIP_S_MAX:
        raise ValueError(f"clip_seconds lies between {CLIP_S_MIN:g} and {CLIP_S_MAX:g}")
    wordless = asked.get("wordless", 0)
    if not isinstance(wordless, int) or isinstance(wordless, bool) or not 0 <= wordless <= CLIPS_MAX:
        raise ValueError(f"wordless is a whole number from 0 to {CLIPS_MAX}")
    return Telling(tongue, Pace(rate, clip_s or Pace.clip_s), tuple(banned[:BANNED_MAX]), wordless)


def _number(asked: Mapping[str, object], name: str) -> float | None:
    value = asked.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name} is a number")
    return float(value)


def _lines(size: Size) -> dict[str, int]:
    """Characters of one line in the language: the least, on the average, the most."""
    pace, spoken = size.telling.pace, size.telling.language
    script = spoken.scripts[0] if spoken else Script.LATIN
    seconds = {"least": LINE_S_MIN, "average": pace.average_s, "most": pace.longest_s}
    return {name: pace.characters(one, script) for name, one in seconds.items()}


def _sources(given: object) -> tuple[Source, ...]:
    """Raises ValueError for what are no sources."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > SOURCES_MAX:
        raise ValueError(f"sources is a list of at most {SOURCES_MAX}")
    found = []
    for one in given:
        parts = [_record(one).get(name) for name in ("id", "title", "url", "revision")]
        if not all(isinstance(part, str) and len(part) <= SOURCE_TEXT_MAX for part in parts):
            raise ValueError("a source has id, title, url and revision, each a text")
        found.append(Source(*map(str, parts)))
    return tuple(found)


def _stage(stage: Stage, size: Size) -> dict[str, object]:
    written = size.stages[stage]
    return {
        "name": stage.value, "strong": written.strong, "needs": [one.value for one in written.needs],
        "spare": written.spare.value if written.spare else None,
        "schema": schema(stage, size.clips, size.images, size.stills[1] > 0),
    }  # fmt: skip


def _record(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _listed(found: Iterable[Complaint]) -> list[dict[str, object]]:
    return [asdict(one) for one in found]


def _answers(found: Mapping[str, object], stage: Stage, size: Size) -> dict[Stage, dict[str, object]]:
    """The answers up to `stage`. Those before it must have the shape that was asked of them, else ValueError."""
    held: dict[Stage, dict[str, object]] = {}
    for one in size.stages:
        answer = found.get(one.value)
        if not isinstance(answer, dict):
            raise ValueError(f"the answer of the stage {one} is not a JSON object")
        held[one] = answer
        if one == stage:
            return held
        if wrong := faults(answer, schema(one, size.clips, size.images, size.stills[1] > 0)):
            raise ValueError(
                f"the answer of the stage {one} was not judged before: {wrong[0].where} {wrong[0].message}"
            )
    raise ValueError(f"{stage} is no stage of such an episode")


def _judged(stage: Stage, answers: dict[Stage, dict[str, object]], size: Size) -> dict[str, object]:
    found = stage_rules.complaints(stage, answers, size)
    rate = size.telling.pace.rate
    seconds = [] if found else [narration_seconds(line, rate) for line in size.script or stage_rules.lines(answers)]
    plan = stage_rules.plan(answers, size) if stage == Stage.PICTURES and not found else None
    remarks = () if found else stage_rules.warnings(stage, answers, size)
    told = stage_rules.conflicts(answers) if stage == Stage.FACTS and not found else ()
    return {
        "complaints": _listed(found), "warnings": _listed(remarks), "conflicts": list(told), "seconds": seconds,
        "plan": plan,
    }  # fmt: skip
