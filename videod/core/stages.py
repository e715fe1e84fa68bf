"""The stages in which an episode is written: what each answers, and which earlier answers it works from.

A story that is asked for in one question together with its pictures, motions and sounds comes out as captions of the
pictures. So the model first looks for facts, then for stories of which one is chosen, then for beats and text; a second
look edits the text; only then are pictures made for it. The prompts are in scripts/lib/stages, the rules that a program
can check in `stage_rules`.
"""

from dataclasses import dataclass
from enum import StrEnum

from videod.core import story
from videod.core.plan_schema import schema as plan_schema
from videod.core.schemas import Schema, a_choice, a_list, a_number, a_text, an_object, or_null

#: how many stories are written before one is chosen, and titles offered
STORIES, TITLES = story.STORIES, 5
FACTS_MIN, FACTS_MAX = 3, 30
CONFLICTS_MAX = 5
SHOTS = ("aerial", "wide", "medium", "close", "macro")
#: what a story has; those of `Arc` become the plan's arc
ARC = ("want", "obstacle", "escalation", "turn", "resolution")


class Stage(StrEnum):
    FACTS = "facts"
    STORIES = "stories"
    BEATS = "beats"
    TEXT = "text"
    EDIT = "edit"
    PICTURES = "pictures"
    #: of a script that a person brings, in place of all before the pictures
    READING = "reading"


@dataclass(frozen=True)
class Written:
    """How one stage is asked for.

    `strong`: by the better of the two models. `needs`: the earlier answers that it is given. `spare`: whose lines are
    taken where this stage comes to nothing.
    """

    strong: bool
    needs: tuple[Stage, ...]
    spare: Stage | None = None


STAGES: dict[Stage, Written] = {
    Stage.FACTS: Written(strong=False, needs=()),
    Stage.STORIES: Written(strong=True, needs=(Stage.FACTS,)),
    Stage.BEATS: Written(strong=False, needs=(Stage.FACTS, Stage.STORIES)),
    Stage.TEXT: Written(strong=True, needs=(Stage.FACTS, Stage.STORIES, Stage.BEATS)),
    Stage.EDIT: Written(True, (Stage.FACTS, Stage.STORIES, Stage.BEATS, Stage.TEXT), spare=Stage.TEXT),
    Stage.PICTURES: Written(strong=False, needs=(Stage.STORIES, Stage.BEATS, Stage.EDIT)),
}

#: where the narration is there already
FOR_SCRIPT: dict[Stage, Written] = {
    Stage.READING: Written(strong=False, needs=()),
    Stage.PICTURES: Written(strong=False, needs=(Stage.READING,)),
}


def schema(stage: Stage, clips: int, images: int, stills: bool = False) -> Schema:
    """What a stage answers in, for an episode of so many clips and images. `stills`: some shots may be still ones."""
    if stage == Stage.READING:
        return _reading(clips)
    if stage == Stage.FACTS:
        return an_object("What is known of the topic", {
            "facts": a_list(_fact(), "The facts, the most telling first"),
            "conflicts": a_list(_conflict(), "What only the creator decides; nearly always none", most=CONFLICTS_MAX),
        }, optional=("conflicts",))  # fmt: skip
    if stage == Stage.STORIES:
        return an_object("Five stories, one of them chosen", {
            "stories": a_list(_story(), "Stories that differ in what is at stake and how they turn", STORIES),
            "chosen": a_number("Number of the story that a stranger would watch to its end"),
            "why": a_text("Why this one, in one sentence"),
        })  # fmt: skip
    if stage == Stage.BEATS:
        return an_object("The story shot by shot", {
            "beats": a_list(_beat(), "One for each clip, in order", clips),
            "turn": a_number("Number of the beat in which the story turns, at about two thirds"),
        })  # fmt: skip
    if stage == Stage.TEXT:
        return an_object("The narration and what stands on the video's page", {
            "lines": a_list(_line(), "One for each beat, in order", clips),
            "title": a_text("The title given above; shortened only where it has more than 100 characters or < or >"),
            "titles": a_list(_title(), "To choose from, each true to the film; the first is the one above", TITLES),
            "description": a_text("For the video's page: what the film shows, 2 to 5 sentences, no < or >"),
            "tags": a_list(a_text("One search term, no comma"), "At most 450 characters together"),
        })  # fmt: skip
    if stage == Stage.EDIT:
        return an_object("The text after a hard edit", {
            "lines": a_list(_edited(), "All lines in order, also those that stay as they were", clips),
            "changes": a_list(_change(), "What was changed and why"),
        })  # fmt: skip
    return _pictures(clips, images, stills)


def _reading(clips: int) -> Schema:
    return an_object("What a finished script tells, shot by shot", {
        "logline": a_text("The film in one sentence"),
        "protagonist": a_text("Whom the film follows: one animal, a pair or a group of a named species"),
        "arc": an_object("The story's steps as the script has them", {
            "want": a_text("What the protagonist needs"),
            "obstacle": a_text("What stands in the way"),
            "escalation": a_text("How it becomes worse"),
            "turn": a_text("Where the story turns"),
            "resolution": a_text("How it ends"),
        }),
        "beats": a_list(_beat(), "One for each paragraph of the script, in order", clips),
        "turn": a_number("Number of the beat in which the story turns"),
        "title": a_text("The title given above; shortened only where it has more than 100 characters or < or >"),
        "description": a_text("For the video's page: what the film shows, 2 to 5 sentences, no < or >"),
        "tags": a_list(a_text("One search term, no comma"), "At most 450 characters together"),
    })  # fmt: skip


def _fact() -> Schema:
    return an_object("One fact", {
        "id": a_text("f1, f2, f3 ..."),
        "says": a_text("The fact in one sentence that can be checked"),
        "source": or_null({"type": "string"}, "Id of the source that says so; null where none was given"),
    })  # fmt: skip


def _conflict() -> Schema:
    return an_object("A contradiction that no story can bridge", {
        "between": a_text("Such as: brand and topic"),
        "why": a_text("What contradicts what, in one sentence for the creator"),
    })  # fmt: skip


def _story() -> Schema:
    return an_object("One story", {
        "number": a_number("1 to 5"),
        "logline": a_text("The film in one sentence"),
        "protagonist": a_text("Whom the film follows: one animal, a pair or a group of a named species"),
        "stakes": a_text("What is lost if it fails"),
        "want": a_text("What the protagonist needs"),
        "obstacle": a_text("What stands in the way"),
        "escalation": a_text("How it becomes worse"),
        "turn": a_text("A choice with a consequence"),
        "price": a_text("What the choice costs"),
        "resolution": a_text("How it ends"),
        "first_image": a_text("What the film opens on"),
        "last_image": a_text("What it ends on: an answer to the first image"),
        "facts": a_list(a_text("Id of a fact"), "The facts that this story stands on"),
    })  # fmt: skip


def _beat() -> Schema:
    return an_object("One shot", {
        "number": a_number("1, 2, 3 ... without gaps"),
        "happens": a_text("The one moment that this shot shows"),
        "learns": a_text("What the viewer learns that the picture does not say"),
        "feels": a_text("What the viewer feels"),
        "wonders": a_text("What the viewer wants to know next"),
        "shot": a_choice(SHOTS, "Size of the shot"),
        "who": a_list(a_text("Name of a character"), "Who is seen; empty for a place"),
        "place": a_text("Where"),
        "light": a_text("Weather, light and time of day"),
    })  # fmt: skip


def _line() -> Schema:
    return an_object("The narration over one shot", _said())


def _edited() -> Schema:
    beyond = a_text(
        "What it claims of the world beyond the facts it names, in a few words; empty where they hold it all"
    )
    return an_object("The narration over one shot", {**_said(), "beyond": beyond}, optional=("beyond",))


def _said() -> dict[str, Schema]:
    return {
        "number": a_number("Number of its beat"),
        "text": a_text("What is said, in the language of the episode"),
        "facts": a_list(a_text("Id of a fact"), "The facts that this line claims; empty where it claims none"),
    }


def _title() -> Schema:
    return an_object("A title", {
        "title": a_text("Under 60 characters, no < or >"),
        "reason": a_text("Why somebody would click, in one sentence"),
    })  # fmt: skip


def _change() -> Schema:
    return an_object("A change", {"number": a_number("Number of the line"), "why": a_text("In a few words")})


def _pictures(clips: int, images: int, stills: bool) -> Schema:
    """The plan without what was written before."""
    whole = _parts(plan_schema(clips, images, stills))
    kept = {name: whole[name] for name in ("atmosphere", "later_atmospheres", "images", "clips")}
    clip = dict(_parts(_items(kept["clips"])))
    for name in ("beat", "narration"):
        del clip[name]
    kept["clips"] = a_list(an_object("One clip", clip, optional=("hold", "still")), "Every clip in order", clips)
    return an_object("Pictures, motion and sound for the text", kept, optional=("later_atmospheres",))


def _parts(of: Schema) -> dict[str, Schema]:
    held = of["properties"]
    return {name: dict(part) for name, part in held.items()} if isinstance(held, dict) else {}


def _items(of: Schema) -> Schema:
    held = of["items"]
    return dict(held) if isinstance(held, dict) else {}
