"""The stages in which a plan is written, each taken out of the plan that they make together in the end."""

import re
from typing import Any

#: the shots of a plan's clips, in turn: no two neighbors alike
SHOTS = ("wide", "medium", "close", "wide", "macro", "medium")
#: which of the five stories is reported
OWN = 2

#: a line rests on a fact with which it shares so many words of so many letters
SHARED, LETTERS = 2, 5

Plan = dict[str, Any]


def whole(plan: Plan) -> dict[str, Any]:
    """All of it, for who asks in one question."""
    return {name: part for name, part in plan.items() if name != "written"}


def facts(plan: Plan, sourced: bool = False) -> dict[str, Any]:
    """Every other one has the source that is given, if there is one: `sourced`."""
    found = [fact for fact in plan["research"] if fact.strip()]
    if numbers := sorted({int(said) for clip in plan["clips"] for said in re.findall(r"\d+", clip["narration"])}):
        found.append(f"It was seen waiting on the days {', '.join(map(str, numbers))} of the season.")
    return {
        "facts": [
            {"id": f"f{at + 1}", "says": fact, "source": "s1" if sourced and at % 2 == 0 else None}
            for at, fact in enumerate(found)
        ]
    }


def stories(plan: Plan) -> dict[str, Any]:
    """The plan's own story is the second of five."""
    own, others = plan["written"]["story"], plan["written"]["others"]
    shared = {
        "protagonist": _protagonist(plan), "want": plan["arc"]["want"], "obstacle": plan["arc"]["obstacle"],
        "escalation": plan["arc"]["escalation"],
        "facts": [f"f{number + 1}" for number in range(min(3, len(plan["research"])))],
    }  # fmt: skip
    ends = {"first_image": plan["clips"][0]["beat"], "last_image": plan["clips"][-1]["beat"]}
    told = {"logline": plan["logline"], **plan["arc"], "stakes": own["stakes"], "price": own["price"], **ends}
    made = [
        {"logline": logline, "stakes": stakes, "turn": turn, "price": price, "resolution": _ended(price),
         "first_image": f"{_protagonist(plan)}, alone in the frame", "last_image": "the same place without it"}
        for logline, stakes, turn, price in others
    ]  # fmt: skip
    made.insert(OWN - 1, told)
    listed = [{"number": at, **shared, **one} for at, one in enumerate(made, start=1)]
    return {"stories": listed, "chosen": OWN, "why": own["why"]}


def _ended(price: str) -> str:
    return f"It ends with what that cost: {price[:1].lower()}{price[1:]}"


def _protagonist(plan: Plan) -> str:
    named = (image["subject"] for image in plan["images"] if image["role"] == "protagonist")
    return str(next(named, plan["title"]))


def reading(plan: Plan) -> dict[str, Any]:
    """Of a script that is there: the beats that the pictures will have."""
    return {
        "logline": plan["logline"], "protagonist": _protagonist(plan), "arc": plan["arc"], **beats(plan),
        "title": plan["title"], "description": plan["description"], "tags": plan["tags"],
    }  # fmt: skip


def beats(plan: Plan) -> dict[str, Any]:
    subjects = {image["id"]: (image["subject"], image["kind"]) for image in plan["images"]}
    made = []
    for at, clip in enumerate(plan["clips"]):
        seen = [subjects[name] for name in clip["picture"]["images"] if name in subjects]
        place = next((subject for subject, kind in seen if kind == "environment"), "the open land")
        made.append({
            "number": at + 1, "happens": clip["beat"], "learns": clip["narration"], "feels": "Patience and dread.",
            "wonders": "Whether it is enough.", "shot": SHOTS[at % len(SHOTS)],
            "who": [subject for subject, kind in seen if kind == "character"], "place": place,
            "light": plan["atmosphere"].split(".")[0],
        })  # fmt: skip
    return {"beats": made, "turn": _turn(plan)}


def _turn(plan: Plan) -> int:
    """The clip in which the story turns; at two thirds where none is that."""
    turns = [clip["number"] for clip in plan["clips"] if clip["beat"].startswith("turn")]
    return int(turns[0]) if turns else max(1, round(len(plan["clips"]) * 2 / 3))


def text(plan: Plan) -> dict[str, Any]:
    return {
        "lines": _lines(plan), "title": plan["title"],
        "titles": [{"title": title, "reason": reason} for title, reason in plan["written"]["titles"]],
        "description": plan["description"], "tags": plan["tags"],
    }  # fmt: skip


def edit(plan: Plan) -> dict[str, Any]:
    return {"lines": _lines(plan), "changes": []}


def _lines(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"number": clip["number"], "text": clip["narration"], "facts": _claimed(clip["narration"], plan)}
        for clip in plan["clips"]
    ]  # fmt: skip


def _claimed(line: str, plan: Plan) -> list[str]:
    """The facts that a line rests on: the one with its number, else those with which it shares words enough."""
    known = facts(plan)["facts"]
    if re.search(r"\d", line):
        return [fact["id"] for fact in known[-1:]]
    said = _words(line)
    return [fact["id"] for fact in known if len(said & _words(fact["says"])) >= SHARED]


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) >= LETTERS}


def pictures(plan: Plan) -> dict[str, Any]:
    clips = [
        {name: part for name, part in clip.items() if name not in ("beat", "narration")} for clip in plan["clips"]
    ]  # fmt: skip
    return {"atmosphere": plan["atmosphere"], "images": plan["images"], "clips": clips}
