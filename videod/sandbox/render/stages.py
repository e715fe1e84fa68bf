"""The stages in which a plan is written, each taken out of the plan that they make together in the end."""

from typing import Any

#: the shots of a plan's clips, in turn: no two neighbors alike
SHOTS = ("wide", "medium", "close", "wide", "macro", "medium")
STORIES, TITLES = 5, 5

Plan = dict[str, Any]


def whole(plan: Plan) -> dict[str, Any]:
    """All of it, for who asks in one question."""
    return plan


def facts(plan: Plan) -> dict[str, Any]:
    found = [fact for fact in plan["research"] if fact.strip()]
    return {"facts": [{"id": f"f{at + 1}", "says": fact, "source": None} for at, fact in enumerate(found)]}


def stories(plan: Plan) -> dict[str, Any]:
    """The plan's own story is the second of five."""
    arc, ways = plan["arc"], ("at dusk", "", "after the storm", "in its last season", "with nobody to help")
    made = [
        {
            "number": at + 1, "logline": f"{plan['logline'].rstrip('.')} {way}".strip() + ".",
            "protagonist": _protagonist(plan), "stakes": f"Without it the season is lost {way}".strip() + ".", **arc,
            "price": "The choice costs the strength that was saved for winter.",
            "first_image": plan["clips"][0]["beat"], "last_image": plan["clips"][-1]["beat"],
            "facts": [f"f{number + 1}" for number in range(min(3, len(plan["research"])))],
        }
        for at, way in enumerate(ways)
    ]  # fmt: skip
    return {"stories": made, "chosen": 2, "why": "It has one question, and the last picture answers it."}


def _protagonist(plan: Plan) -> str:
    named = (image["subject"] for image in plan["images"] if image["role"] == "protagonist")
    return str(next(named, plan["title"]))


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
    return {"beats": made, "turn": max(1, round(len(made) * 2 / 3))}


def text(plan: Plan) -> dict[str, Any]:
    name = _protagonist(plan)
    heads = ("The last chance of the", "What the", "One season with the", "Nobody waits for the", "The winter of the")
    ends = ("", "does not know", "", "", "")
    titles = [f"{head} {name} {end}".strip()[:59] for head, end in zip(heads, ends, strict=True)]
    return {
        "lines": _lines(plan), "title": plan["title"],
        "titles": [{"title": one, "reason": "It asks what the film answers."} for one in titles],
        "description": plan["description"], "tags": plan["tags"],
    }  # fmt: skip


def edit(plan: Plan) -> dict[str, Any]:
    return {"lines": _lines(plan), "changes": []}


def _lines(plan: Plan) -> list[dict[str, Any]]:
    return [{"number": clip["number"], "text": clip["narration"], "facts": []} for clip in plan["clips"]]


def pictures(plan: Plan) -> dict[str, Any]:
    clips = [
        {name: part for name, part in clip.items() if name not in ("beat", "narration")} for clip in plan["clips"]
    ]  # fmt: skip
    return {"atmosphere": plan["atmosphere"], "images": plan["images"], "clips": clips}
