"""A story that a person brings: a script whose words stay as they are, or a whole plan. Pure.

A paragraph of a script is what is said over one clip. One that is too long for a clip is divided between its sentences,
so that nobody must count seconds; no word is ever changed. A plan is judged by the rules for any plan.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from videod.core import bounds, story
from videod.core.craft_clips import ANYHOW, Telling, narration
from videod.core.plan import Complaint, parse
from videod.core.sanitize import encodable, sanitize
from videod.core.speech import narration_seconds

SCRIPT, PLAN = story.SCRIPT, story.PLAN
#: the headings of the entry's page under which they stand
HEADINGS = {SCRIPT: "Script", PLAN: "Plan"}
#: among the texts: the headings under which something could not be read
UNREAD = "unread"
#: among the texts: the heading of a script that has none
EMPTY = "empty"
CLIPS_MAX, IMAGES_MAX = story.CLIPS_MAX, story.IMAGES_MAX
#: characters
SCRIPT_MAX, PLAN_MAX = 30_000, 180_000
#: so many complaints are shown; the rest is counted
SHOWN = 4
_SENTENCE = re.compile(r"(?<=[.!?।؟۔።])[\"'”’»]*\s+|(?<=[。！？])[」』”]*")


@dataclass(frozen=True)
class Brought:
    """What a person brings, as arguments of the plan's job; empty where the planner writes the story.

    `problem`: why it cannot be used, in words for its writer, "" where it can. `said`: what it comes to.
    """

    args: Mapping[str, object] = field(default_factory=dict)
    problem: str = ""
    said: str = ""


NOTHING = Brought()


def brought(texts: Mapping[str, str], telling: Telling = ANYHOW) -> Brought:
    """What the planner gets of the texts under HEADINGS; `texts` by SCRIPT and PLAN."""
    if unread := texts.get(UNREAD):
        return Brought(
            problem=f"Something under the heading {unread} cannot be read: text in a table, in columns, or indented"
            " below another block. Move it directly under the heading"
        )
    if heading := texts.get(EMPTY):
        return Brought(
            problem=f"The heading {heading} has no text under it. Write the script there or remove the heading"
        )
    script, plan = (texts.get(name, "").strip("\ufeff \t\r\n") for name in (SCRIPT, PLAN))
    if script and plan:
        return Brought(problem="There are a script and a plan, and only one can be used: remove one of them")
    if script:
        lines, found = read_script(script, telling)
        if found:
            return Brought(problem=_told("script", found))
        return Brought({SCRIPT: list(lines)}, said=_length(lines, telling))
    if plan:
        document, found = read_plan(plan, telling)
        if document is None or found:
            return Brought(problem=_told("plan", found))
        whole = parse(document)
        said = _length([clip.narration for clip in whole.clips], telling)
        return Brought({PLAN: document}, said=f"{said}, {len(whole.images)} images")
    return NOTHING


def _length(lines: Sequence[str], telling: Telling) -> str:
    seconds = sum(narration_seconds(line, telling.pace.rate) for line in lines)
    silent = sum(not line.strip() for line in lines)
    told = f"{len(lines)} clip{'s' if len(lines) > 1 else ''}, about {seconds:.0f} s of narration"
    return f"{told}, {silent} without words" if silent else told


def _told(what: str, found: Sequence[Complaint]) -> str:
    listed = "; ".join(f"{one.where} ({one.rule}): {one.message}" for one in found[:SHOWN])
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"The {what} cannot be used. {listed[:1].upper()}{listed[1:]}{more}"


# ------------------------------------------------------------------------------------------- a script


def read_script(text: str, telling: Telling = ANYHOW) -> tuple[tuple[str, ...], tuple[Complaint, ...]]:
    """What is said over each clip, and everything wrong with it. `where` is such as "paragraph 3", from 1."""
    paragraphs = paragraphs_of(text)
    if not paragraphs:
        return (), (Complaint("script", "filled", "is empty. Write what is said, a paragraph for each clip"),)
    if len(text) > SCRIPT_MAX:
        return (), (Complaint("script", "length", f"has {len(text):,} characters. The limit is {SCRIPT_MAX:,}"),)
    lines: list[str] = []
    found: list[Complaint] = []
    said: dict[str, int] = {}
    for number, paragraph in enumerate(paragraphs, start=1):
        where = f"paragraph {number}"
        parts = parted(paragraph, telling)
        found += _unlike(where, parts, said, number)
        for part in parts:
            found += narration(where, part, telling)
        lines += parts
    if len(lines) > CLIPS_MAX:
        message = f"comes to {len(lines)} clips. The limit is {CLIPS_MAX}: shorten it"
        found.append(Complaint("script", "clip count", message))
    return tuple(lines), tuple(found)


def paragraphs_of(text: str) -> tuple[str, ...]:
    """The paragraphs of a text, each on one line; blank lines part them."""
    clean = sanitize(encodable(text).removeprefix("\ufeff").replace("\r\n", "\n"))
    found = (" ".join(part.split()) for part in re.split(r"\n\s*\n", clean))
    return tuple(part for part in found if part)


def _unlike(where: str, parts: Sequence[str], said: dict[str, int], number: int) -> Iterator[Complaint]:
    """The same words twice are heard twice, and paid for twice."""
    for part in parts:
        same = said.setdefault(" ".join(re.findall(r"\w+", part.casefold())), number)
        if same != number:
            yield Complaint(where, "repeated", f"repeats paragraph {same}. Write something else or remove it")


def parted(paragraph: str, telling: Telling) -> tuple[str, ...]:
    """The paragraph in as few parts as clips can take, about equally long, each of whole sentences.

    A sentence that is too long for a clip stays whole: it is complained of.
    """
    longest = telling.pace.longest_s

    def seconds(text: str) -> float:
        return narration_seconds(text, telling.pace.rate)

    if seconds(paragraph) <= longest:
        return (paragraph,)
    sentences = _sentences(paragraph)
    for count in range(max(2, math.ceil(seconds(paragraph) / longest)), len(sentences)):
        parts = _shared(sentences, [seconds(one) for one in sentences], count)
        if all(seconds(part) <= longest for part in parts):
            return parts
    return tuple(sentences)


def _sentences(paragraph: str) -> list[str]:
    """Its sentences, with the blanks between them left out; joined by blanks they are the paragraph."""
    ends = [match.end() for match in _SENTENCE.finditer(paragraph)]
    cuts = [0, *ends, len(paragraph)]
    return [part for start, end in pairwise(cuts) if (part := paragraph[start:end].strip())]


def _shared(sentences: Sequence[str], lengths: Sequence[float], count: int) -> tuple[str, ...]:
    """Neighboring sentences in `count` parts at most: each goes where its middle lies."""
    whole, before = sum(lengths) or 1.0, 0.0
    parts: dict[int, list[str]] = {}
    for sentence, length in zip(sentences, lengths, strict=True):
        parts.setdefault(min(count - 1, int(count * (before + length / 2) / whole)), []).append(sentence)
        before += length
    return tuple(" ".join(part) for part in parts.values())


# ------------------------------------------------------------------------------------------- a plan


def read_plan(text: str, telling: Telling = ANYHOW) -> tuple[dict[str, object] | None, tuple[Complaint, ...]]:
    """The document of a plan (None: it is not a JSON object) and what is wrong with it, by clips and images."""
    if len(text) > PLAN_MAX:
        return None, (Complaint("plan", "length", f"has {len(text):,} characters. The limit is {PLAN_MAX:,}"),)
    try:
        document = bounds.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        return None, (Complaint("plan", "json", f"cannot be read as JSON: {error}"),)
    if not isinstance(document, dict):
        return None, (Complaint("plan", "shape", "must be an object such as `videod plan schema` describes"),)
    counts = {name: len(document[name]) if isinstance(document.get(name), list) else 0 for name in ("clips", "images")}
    from videod.core import craft  # the rules and the editor: a look at episodes needs neither

    found = list(craft.complaints(document, counts["clips"] or 1, max(1, counts["images"]), telling))
    for name, most in (("clips", CLIPS_MAX), ("images", IMAGES_MAX)):
        if counts[name] > most:
            found.append(Complaint(name, f"{name[:-1]} count", f"there are {counts[name]}. At most {most}"))
    return document, tuple(Complaint(place(one.where, document), one.rule, one.message) for one in found)


def place(where: str, document: Mapping[str, object]) -> str:
    """A path of a plan in words: "clip 4, narration" for "clips[3].narration", images by their ids."""
    match = re.fullmatch(r"(clips|images)\[(\d+)\](?:\.(.+))?", where)
    if match is None:
        return where.strip("()") or "plan"
    at, listed = int(match[2]), document.get(match[1])
    item = listed[at] if isinstance(listed, list) and at < len(listed) else None
    name = item.get("id") if match[1] == "images" and isinstance(item, dict) else None
    shown = f"image {name}" if isinstance(name, str) and re.fullmatch(r"[a-z0-9_]{1,40}", name) else ""
    thing = shown or f"{match[1][:-1]} {at + 1}"
    return f"{thing}, {match[3]}" if match[3] else thing
