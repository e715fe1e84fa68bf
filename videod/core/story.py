"""What a plan says of its story beside pictures and sound: facts with their sources, and each shot as it was meant.

All of it is optional in plan.json: a plan that was written by hand or by a custom script need not have it.
"""

from dataclasses import dataclass

#: the arguments of the plan's job that hold what a person brings (`core/own_story`)
SCRIPT, PLAN = "script", "plan"
#: what one episode may have, as scripts/generate_plan.py takes it
CLIPS_MAX, IMAGES_MAX = 60, 120
#: how many stories are written before one is chosen
STORIES = 5
SHOT_SIZES = ("aerial", "wide", "medium", "close", "macro")


@dataclass(frozen=True)
class Source:
    """Where facts were read: `id` such as "s1"; `revision` of a page that has one, else ""."""

    id: str
    title: str
    url: str
    revision: str


@dataclass(frozen=True)
class Fact:
    """One fact; `source` is the id of a source, None where nobody named one."""

    id: str
    says: str
    source: str | None


@dataclass(frozen=True)
class Shot:
    """One clip's shot: its size, who is seen, where, in which light, and the facts that its line claims.

    `beyond`: what the line says more than they do, as the edit found; "" where nothing.
    """

    size: str
    who: tuple[str, ...]
    place: str
    light: str
    facts: tuple[str, ...]
    beyond: str = ""


@dataclass(frozen=True)
class Story:
    """`shots` one for each clip; `turn` the number of the clip in which the story turns, from 1.

    `stories`: each story that was written, in one sentence; `chosen`: the number of the one that the film tells, from
    1; 0: nobody says.
    """

    sources: tuple[Source, ...]
    facts: tuple[Fact, ...]
    shots: tuple[Shot, ...]
    turn: int
    chosen: int = 0
    stories: tuple[str, ...] = ()
