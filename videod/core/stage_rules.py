"""What is wrong with the answer of one stage, and the plan that all of them make together.

Each stage is judged when it is there, so that a fault is corrected where it was made: nobody draws pictures for a text
that is too long to be spoken. What every stage must keep is in its schema; here is what a schema cannot say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from videod.core import craft_clips, craft_wording, retold, spoken
from videod.core.craft import complaints as plan_complaints
from videod.core.craft import page
from videod.core.craft_clips import ANYHOW, Telling
from videod.core.editor.claims import claims
from videod.core.editor.words import base_of
from videod.core.plan import VERSION, Complaint
from videod.core.schemas import faults
from videod.core.speech import Pace
from videod.core.stages import ARC, FACTS_MAX, FACTS_MIN, FOR_SCRIPT, STAGES, STORIES, Stage, Written, schema
from videod.core.story import Source

#: of a title that is offered: what phones and the list of videos show whole
TITLE_CHARACTERS_MAX = 59
#: of one conflict, as it is reported on the entry
CONFLICT_CHARACTERS = 300
#: where the story turns, as shares of the film: about two thirds
TURN_MIN, TURN_MAX = 0.5, 0.85
#: a short film has room for a turn nearly anywhere
TURN_CLIPS_MIN = 6
#: what the lines of a person's own script rest on
SCRIPT_SOURCE = "script"

Answer = Mapping[str, Any]
Answers = Mapping[Stage, Answer]


@dataclass(frozen=True)
class Size:
    """What an episode must have: so many clips, at most so many images, narrations as its channel tells.

    `before`: the channel's last stories, see `retold`.
    """

    clips: int
    images: int
    telling: Telling = ANYHOW
    before: tuple[Mapping[str, str], ...] = ()
    #: what facts may stand on
    sources: tuple[Source, ...] = ()
    #: what is said over each clip, where a person brings it; it was judged when it was brought
    script: tuple[str, ...] = ()
    #: how many shots are still ones: at least, at most
    stills: tuple[int, int] = (0, 0)

    @property
    def stages(self) -> Mapping[Stage, Written]:
        """The stages in which the episode is written, in order."""
        return FOR_SCRIPT if self.script else STAGES


def complaints(stage: Stage, answers: Answers, size: Size) -> tuple[Complaint, ...]:
    """Everything wrong with the answer of `stage`; `answers` holds it and those of the stages before."""
    answer = answers[stage]
    if stage == Stage.PICTURES:
        wrong = _pictures_shape(answer)
        if wrong:
            return wrong
        telling = replace(size.telling, pace=Pace(unknown=True), banned=()) if size.script else size.telling
        found = plan_complaints(plan(answers, size), size.clips, size.images, telling)
        return (*found, *_stills(answer["clips"], size.stills))
    wrong = faults(answer, schema(stage, size.clips, size.images, size.stills[1] > 0))
    if wrong:
        return wrong
    rules = {
        Stage.READING: _reading, Stage.FACTS: _facts, Stage.STORIES: _stories, Stage.BEATS: _beats,
        Stage.TEXT: _text, Stage.EDIT: _edit,
    }  # fmt: skip
    return tuple(_characters(answer, "")) + tuple(rules[stage](answer, answers, size))


def warnings(stage: Stage, answers: Answers, size: Size) -> tuple[Complaint, ...]:
    """What is worth a look in an answer without complaints: nothing that keeps the film from being made."""
    if stage in (Stage.TEXT, Stage.EDIT):
        return spoken.findings(stage, answers, chosen(answers), size.telling.language)
    if stage not in (Stage.STORIES, Stage.READING):
        return ()
    reading = answers[stage] if stage == Stage.READING else None
    story = chosen(answers) if reading is None else {**reading, **reading["arc"]}
    told = {"species": story["protagonist"], "story": story["logline"], "turn": story["turn"]}
    found = retold.likest(told, size.before)
    where = "logline" if reading is not None else f"stories[{answers[stage]['chosen'] - 1}]"
    return () if found is None else (Complaint(where, "told before", found.message),)


def conflicts(answers: Answers) -> tuple[str, ...]:
    """What only the creator can decide, of an answer without complaints."""
    found = answers[Stage.FACTS].get("conflicts", [])
    return tuple(f"{one['between'].strip()}: {one['why'].strip()}"[:CONFLICT_CHARACTERS] for one in found)


def plan(answers: Answers, size: Size) -> dict[str, Any]:
    """The plan in the shape of plan.json; may still break rules of the craft."""
    return pictured(answers, size.script) if size.script else joined(answers, size.sources)


def pictured(answers: Answers, script: Sequence[str]) -> dict[str, Any]:
    """The plan of a script: its words as they are; each line is its own fact, for its writer stands for it."""
    reading, pictures = answers[Stage.READING], answers[Stage.PICTURES]
    written = [
        {"beat": beat["happens"], "narration": line} for beat, line in zip(reading["beats"], script, strict=True)
    ]
    drawn = [*pictures["clips"], *({} for _ in range(len(written) - len(pictures["clips"])))]
    return {
        "version": VERSION,
        "title": reading["title"], "logline": reading["logline"], "description": reading["description"],
        "tags": reading["tags"], "research": list(script), "arc": dict(reading["arc"]),
        "atmosphere": pictures.get("atmosphere", ""),
        **({"later_atmospheres": later} if (later := pictures.get("later_atmospheres")) else {}),
        "images": pictures.get("images", []),
        "clips": [{**clip, **(written[at] if at < len(written) else {})} for at, clip in enumerate(drawn)],
        "story": {
            "sources": [asdict(Source(SCRIPT_SOURCE, "The creator's script", "", ""))],
            "facts": [
                {"id": f"l{at}", "says": line, "source": SCRIPT_SOURCE} for at, line in enumerate(script, start=1)
            ],
            "shots": [
                {"size": beat["shot"], "who": beat["who"], "place": beat["place"], "light": beat["light"],
                 "facts": [f"l{at}"]}
                for at, beat in enumerate(reading["beats"], start=1)
            ],
            "turn": reading["turn"],
        },
    }  # fmt: skip


def joined(answers: Answers, sources: Sequence[Source] = ()) -> dict[str, Any]:
    """The plan in the shape of plan.json; may still break rules of the craft."""
    story, text = chosen(answers), answers[Stage.TEXT]
    lines, beats = answers[Stage.EDIT]["lines"], answers[Stage.BEATS]["beats"]
    pictures = answers[Stage.PICTURES]
    written = [{"beat": beat["happens"], "narration": line["text"]} for beat, line in zip(beats, lines, strict=True)]
    drawn = [*pictures["clips"], *({} for _ in range(len(written) - len(pictures["clips"])))]
    return {
        "version": VERSION,
        "title": text["title"], "logline": story["logline"], "description": text["description"], "tags": text["tags"],
        "research": [fact["says"] for fact in answers[Stage.FACTS]["facts"]],
        "arc": {name: story[name] for name in ARC},
        "atmosphere": pictures.get("atmosphere", ""),
        **({"later_atmospheres": later} if (later := pictures.get("later_atmospheres")) else {}),
        "images": pictures.get("images", []),
        "clips": [{**clip, **(written[at] if at < len(written) else {})} for at, clip in enumerate(drawn)],
        "story": {
            "sources": [asdict(source) for source in sources],
            "facts": answers[Stage.FACTS]["facts"],
            "shots": [
                {"size": beat["shot"], "who": beat["who"], "place": beat["place"], "light": beat["light"],
                 "facts": line["facts"], **({"beyond": more} if (more := line.get("beyond", "").strip()) else {})}
                for beat, line in zip(beats, lines, strict=True)
            ],
            "turn": answers[Stage.BEATS]["turn"],
            **_choice(answers),
        },
    }  # fmt: skip


def _choice(answers: Answers) -> dict[str, Any]:
    """What there was to choose from; nothing where the story is the creator's own."""
    written = answers.get(Stage.STORIES)
    if written is None:
        return {}
    return {"chosen": written["chosen"], "stories": [one["logline"] for one in written["stories"]]}


def chosen(answers: Answers) -> Answer:
    """The story that the film tells."""
    stories = answers[Stage.STORIES]
    found: Answer = stories["stories"][stories["chosen"] - 1]
    return found


def lines(answers: Answers) -> Sequence[str]:
    """The narration as far as it is written, edited if it was; none before."""
    for stage in (Stage.EDIT, Stage.TEXT):
        if stage in answers:
            return [line["text"] for line in answers[stage]["lines"]]
    return []


def _pictures_shape(answer: Answer) -> tuple[Complaint, ...]:
    """What keeps pictures from being joined with the text at all; the rest is said of the whole plan."""
    clips = answer.get("clips")
    if isinstance(clips, list) and all(isinstance(clip, dict) for clip in clips):
        return ()
    return (Complaint("clips", "shape", "must be a list of objects, one for each clip"),)


def _stills(clips: Sequence[Answer], allowed: tuple[int, int]) -> Iterator[Complaint]:
    """Whether as many shots are still ones as the channel's price asks for, and no more than it allows."""
    count, (least, most) = sum(clip.get("still") is True for clip in clips), allowed
    if not least <= count <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        change = "let only the camera move in more of them" if count < least else "let something move in more of them"
        yield Complaint("clips", "still shots", f"{count} are still, {wanted} must be: {change}")


def _characters(value: object, where: str) -> Iterator[Complaint]:
    if isinstance(value, str):
        if odd := craft_wording.odd_characters(value):
            yield Complaint(where, "characters", f"holds the character {odd}. Write plain text")
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _characters(part, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _characters(part, f"{where}[{at}]")


def _filled(where: str, values: Answer, names: Sequence[str]) -> Iterator[Complaint]:
    for name in names:
        if craft_wording.PLACEHOLDER.fullmatch(values[name]):
            yield Complaint(f"{where}.{name}" if where else name, "filled", "is empty. Write it")


def _numbers(where: str, items: Sequence[Answer]) -> Iterator[Complaint]:
    for at, item in enumerate(items):
        if item["number"] != at + 1:
            yield Complaint(f"{where}[{at}].number", "numbers", f"must be {at + 1}: they run from 1 without gaps")


def _known(where: str, ids: Sequence[str], answers: Answers) -> Iterator[Complaint]:
    known = {fact["id"] for fact in answers[Stage.FACTS]["facts"]}
    for at, name in enumerate(ids):
        if name not in known:
            yield Complaint(f"{where}[{at}]", "facts", f"there is no fact {name[:20]!r}. Name one of the list or none")


def _reading(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    """Where the story turns is the script's own matter."""
    yield from page(answer["title"], answer["description"], answer["tags"])
    yield from _filled("", answer, ("logline", "protagonist"))
    yield from _steps("arc", answer["arc"])
    yield from _numbers("beats", answer["beats"])
    for at, beat in enumerate(answer["beats"]):
        yield from _filled(f"beats[{at}]", beat, ("happens", "learns", "place", "light"))
    if answer["turn"] > size.clips:
        yield Complaint("turn", "turn", f"must be the number of one of the {size.clips} beats")


def _steps(where: str, told: Answer) -> Iterator[Complaint]:
    """The steps of a story are there, and differ."""
    steps: dict[str, str] = {}
    for name in ARC:
        if craft_wording.PLACEHOLDER.fullmatch(told[name]):
            yield Complaint(f"{where}.{name}", "filled", "is empty. Write it")
            continue
        other = steps.setdefault(told[name].strip().casefold(), name)
        if other != name:
            yield Complaint(f"{where}.{name}", "arc", f"says the same as {other}. The {name} is a step of its own")


def _facts(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    found = answer["facts"]
    if not FACTS_MIN <= len(found) <= FACTS_MAX:
        yield Complaint("facts", "count", f"there are {len(found)} facts. Give {FACTS_MIN} to {FACTS_MAX}")
    seen: set[str] = set()
    for at, fact in enumerate(found):
        yield from _filled(f"facts[{at}]", fact, ("id", "says"))
        if fact["id"] in seen:
            yield Complaint(
                f"facts[{at}].id", "unique", f"{fact['id'][:20]!r} is used twice. Number the facts f1, f2 ..."
            )
        seen.add(fact["id"])
    yield from _sourced(answer, size)


def _sourced(answer: Answer, size: Size) -> Iterator[Complaint]:
    """A fact names a source that was given, or none."""
    known = {source.id for source in size.sources}
    for at, fact in enumerate(answer["facts"]):
        if fact["source"] is not None and fact["source"] not in known:
            listed = f"one of {', '.join(sorted(known))}, or null" if known else "null: no sources were given"
            yield Complaint(
                f"facts[{at}].source", "facts", f"there is no source {fact['source'][:20]!r}. Write {listed}"
            )


def _unheld(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    """Numbers and absolutes that no fact holds. What a fact holds that the line does not name is only warned of."""
    base = base_of(" ".join(line["text"] for line in answer["lines"]), size.telling.language)
    facts = {fact["id"]: fact["says"] for fact in answers[Stage.FACTS]["facts"]}
    story = chosen(answers)
    told = (
        story["logline"],
        *(story[name] for name in ARC),
        *(beat["happens"] for beat in answers[Stage.BEATS]["beats"]),
    )
    for at, line in enumerate(answer["lines"]):
        named = tuple(facts[name] for name in line["facts"] if name in facts)
        for claim in claims(line["text"], named, tuple(facts.values()), base, told):
            if not claim.elsewhere:
                yield Complaint(f"lines[{at}].text", "fact", claim.message)


def _stories(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    stories = answer["stories"]
    yield from _numbers("stories", stories)
    told: dict[str, int] = {}
    for at, story in enumerate(stories):
        names = [name for name in story if name not in ("number", "facts")]
        yield from _filled(f"stories[{at}]", story, names)
        yield from _known(f"stories[{at}].facts", story["facts"], answers)
        same = told.setdefault(story["logline"].strip().casefold(), at)
        if same != at:
            yield Complaint(
                f"stories[{at}].logline", "unique", f"is that of stories[{same}] again. Write another story"
            )
        steps: dict[str, str] = {}
        for name in ARC:
            other = steps.setdefault(story[name].strip().casefold(), name)
            if other != name:
                message = f"says the same as {other}. The {name} is a step of its own"
                yield Complaint(f"stories[{at}].{name}", "arc", message)
    if answer["chosen"] > STORIES:
        yield Complaint("chosen", "chosen", f"must be the number of one of the {STORIES} stories")


def _beats(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    beats, turn = answer["beats"], answer["turn"]
    yield from _numbers("beats", beats)
    for at, beat in enumerate(beats):
        yield from _filled(f"beats[{at}]", beat, ("happens", "learns", "place", "light"))
    if turn > size.clips:
        yield Complaint("turn", "turn", f"must be the number of one of the {size.clips} beats")
    elif size.clips >= TURN_CLIPS_MIN and not TURN_MIN <= turn / size.clips <= TURN_MAX:
        near = round(size.clips * 2 / 3)
        yield Complaint("turn", "turn", f"lies at beat {turn} of {size.clips}. Let the story turn near beat {near}")


def _spoken(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    yield from _numbers("lines", answer["lines"])
    texts = [line["text"] for line in answer["lines"]]
    yield from craft_clips.narrations("lines[{}].text", texts, size.telling)
    said: dict[str, int] = {}
    for at, line in enumerate(answer["lines"]):
        yield from _known(f"lines[{at}].facts", line["facts"], answers)
        same = said.setdefault(" ".join(line["text"].casefold().split()), at)
        if same != at and line["text"].strip():
            yield Complaint(f"lines[{at}].text", "repeated", f"is the text of lines[{same}] again. Write another one")
    yield from craft_clips.average("lines", texts, size.telling.pace)
    yield from _unheld(answer, answers, size)


def _text(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    yield from _spoken(answer, answers, size)
    yield from page(answer["title"], answer["description"], answer["tags"])
    yield from _titles(answer["titles"], answer["title"].strip())


def _titles(titles: Sequence[Answer], given: str) -> Iterator[Complaint]:
    """The titles to choose from; the first is the one that the film has unless a person takes another."""
    seen: dict[str, int] = {}
    for at, one in enumerate(titles):
        title = one["title"].strip()
        if not title or len(title) > TITLE_CHARACTERS_MAX or set(title) & set("<>"):
            message = f"has {len(title)} characters. Write 1 to {TITLE_CHARACTERS_MAX}, without < and >"
            yield Complaint(f"titles[{at}].title", "title", message)
        yield from _filled(f"titles[{at}]", one, ("reason",))
        same = seen.setdefault(" ".join(title.casefold().split()), at)
        if same != at:
            yield Complaint(f"titles[{at}].title", "unique", f"is that of titles[{same}] again. Offer another one")
    if len(given) <= TITLE_CHARACTERS_MAX and titles[0]["title"].strip() != given:
        yield Complaint("titles[0].title", "title", f"must be {given!r}: the first title is the one that was given")


def _edit(answer: Answer, answers: Answers, size: Size) -> Iterator[Complaint]:
    yield from _spoken(answer, answers, size)
