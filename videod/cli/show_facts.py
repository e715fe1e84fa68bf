"""`videod show EPISODE --facts`: each line of an episode's narration, with the facts and sources that it stands on."""

import json
from pathlib import Path

from videod import files, stories
from videod.cli import output
from videod.cli.output import Cell, Column, CommandError
from videod.core import sourced
from videod.core.plan import Plan, PlanError, parse
from videod.core.story import Story

#: a plan of 60 clips has about 100 kB
PLAN_BYTES = 4_000_000
_TONES = {"source": "good", "no source": "bad", "beyond": "review", "no fact": "dim"}
_LINES = (Column("clip"), Column("seconds", 4), Column("stands on"), Column("fact", 3), Column("line", 2))
_WAYS = (Column(""), Column("story", 0), Column("stakes", 3), Column("turn", 4), Column("price", 2))
_SOURCES = (Column("source"), Column("title"), Column("revision", 3), Column("address", 2))


def plan_of(workspace: Path) -> Plan:
    """Raises CommandError where there is none that can be read."""
    path = workspace / "plan" / "plan.json"
    try:
        return parse(json.loads(files.read_bytes(path, PLAN_BYTES)))
    except FileNotFoundError:
        raise CommandError(output.MISSING, "The episode has no plan yet.", "") from None
    except (OSError, ValueError, RecursionError, PlanError) as error:
        raise CommandError(output.CONFIGURATION, f"{path} cannot be read: {str(error)[:200]}", "") from None


#: of a shot over which nobody speaks
NO_WORDS = "(no words)"


def plan_there(workspace: Path) -> Plan | None:
    try:
        return plan_of(workspace)
    except CommandError:
        return None


def as_json(plan: Plan, left: stories.Story) -> dict[str, object]:
    story, ways = plan.story, [vars(way) for way in left.ways]
    if story is None:
        return {"stories": ways, "sources": [], "lines": []}
    seconds, marks = _seconds(plan, left), sourced.marks(plan)
    facts = {fact.id: {"says": fact.says, "source": fact.source} for fact in story.facts}
    return {
        "stories": ways,
        "sources": [vars(source) for source in story.sources],
        "lines": [
            {"clip": clip.number, "line": clip.narration, "seconds": seconds[at], "stands_on": marks[at],
             "facts": [facts[name] for name in _named(story, at) if name in facts], "beyond": _beyond(story, at)}
            for at, clip in enumerate(plan.clips)
        ],
    }  # fmt: skip


def _seconds(plan: Plan, left: stories.Story) -> list[float | None]:
    """How long each line takes, where the planner left it."""
    return list(left.seconds) if len(left.seconds) == len(plan.clips) else [None] * len(plan.clips)


def choose(task_id: str, left: stories.Story, review: bool) -> None:
    """The stories to choose from; at a review how another one is chosen."""
    if not left.ways:
        return
    output.say("")
    output.heading("Stories")
    rows: list[list[str | Cell]] = []
    for way in left.ways:
        mark = Cell(f"{way.number} told" if way.told else str(way.number), "good" if way.told else "plain")
        rows.append([mark, way.logline, way.stakes, way.turn, way.price])
    output.table(_WAYS, rows, indent="  ")
    if review:
        output.say(
            f"  `videod edit {task_id} --story N` writes the text of another one. `--dry-run` says its price.", "dim"
        )


def show(plan: Plan, left: stories.Story) -> None:
    output.say("")
    output.heading("Facts")
    story = plan.story
    if story is None:
        output.say("  The plan names no facts.", "dim")
        return
    says = {fact.id: f"{fact.says} ({fact.source or 'no source'})" for fact in story.facts}
    rows: list[list[str | Cell]] = []
    seconds, marks = _seconds(plan, left), sourced.marks(plan)
    for at, clip in enumerate(plan.clips):
        mark = marks[at]
        lasts = "" if seconds[at] is None else f"{seconds[at]:.1f}"
        facts = " ".join(says[name] for name in _named(story, at) if name in says)
        if more := _beyond(story, at):
            facts = f"Beyond its facts: {more}. {facts}".rstrip()
        rows.append([str(clip.number), lasts, Cell(mark, _TONES[mark]), facts, clip.narration or NO_WORDS])
    output.table(_LINES, rows, indent="  ")
    cited: list[list[str | Cell]] = [[one.id, one.title, one.revision, one.url] for one in story.sources]
    if cited:
        output.table(_SOURCES, cited, indent="  ")
    else:
        output.say("  No source was read: check what the narration claims.", "bad")


def _named(story: Story, at: int) -> tuple[str, ...]:
    return story.shots[at].facts if at < len(story.shots) else ()


def _beyond(story: Story, at: int) -> str:
    return story.shots[at].beyond if at < len(story.shots) else ""
