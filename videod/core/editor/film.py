"""A plan as the editor looks at it: each line with its words, each shot with what is seen. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from videod.core.editor.lists import PHASES, SIZES, WEATHERS
from videod.core.editor.words import content
from videod.core.plan import Plan, PlannedClip, PlannedImage

#: far above any line that can be spoken over a clip; keeps a broken plan from taking long
LINE_MAX = 1000
#: what says when or in what weather something is seen; the rest of a place's name says where
_ARTICLES = re.compile(r"\b(?:the|a|an|its|her|his|their|same|of|at|in|on)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Remark:
    """What an editor would say of a plan. `where` is a path as in a Complaint, `clip` the number of the line it is
    about, None: the whole. `refused`: it cannot be meant, so the plan is refused."""

    where: str
    rule: str
    message: str
    clip: int | None = None
    refused: bool = False


@dataclass(frozen=True)
class Seen:
    """What one shot shows. `size` "" where nobody said; `shown` all words about the picture, stems."""

    size: str
    who: tuple[str, ...]
    place: str
    light: str
    shown: frozenset[str]
    beat: str


@dataclass(frozen=True)
class Film:
    """`base` is the code of the narration's language in the lists; `names` the stems of those whom it is about."""

    plan: Plan
    base: str
    lines: tuple[str, ...]
    seen: tuple[Seen, ...]
    names: frozenset[str]

    @property
    def spoken(self) -> tuple[tuple[int, str], ...]:
        """The lines over which somebody speaks, each with the place of its clip, from 0."""
        return tuple((at, line) for at, line in enumerate(self.lines) if line.strip())


def film(plan: Plan, base: str) -> Film:
    images = {image.id: image for image in plan.images}
    seen = tuple(_seen(plan, at, clip, images) for at, clip in enumerate(plan.clips))
    lines = tuple(clip.narration[:LINE_MAX] for clip in plan.clips)
    return Film(plan, base, lines, seen, _names(plan, seen, base))


def _seen(plan: Plan, at: int, clip: PlannedClip, images: dict[str, PlannedImage]) -> Seen:
    drawn = [images[name] for name in clip.picture.images if name in images]
    prompts = " ".join(f"{image.subject} {image.species or ''} {image.prompt}" for image in drawn)
    shown = frozenset(content(f"{prompts} {clip.beat}", "en"))
    if plan.story is not None and at < len(plan.story.shots):
        shot = plan.story.shots[at]
        return Seen(shot.size, shot.who, shot.place, shot.light, shown, clip.beat)
    who = tuple(image.subject for image in drawn if image.kind == "character")
    place = next((image.subject for image in drawn if image.kind == "environment"), "")
    own = prompts if phase(prompts) or weather(prompts) else plan.atmosphere
    return Seen(_first(SIZES, prompts), who, place, own, shown, clip.beat)


def _names(plan: Plan, seen: Iterable[Seen], base: str) -> frozenset[str]:
    """Those that a film is about are named again and again, as are its topic and places."""
    told = [plan.title, plan.logline]
    told += [f"{image.subject} {image.species or ''}" for image in plan.images]
    told += [f"{' '.join(shot.who)} {shot.place}" for shot in seen]
    return frozenset(stem for text in told for stem in content(text, base))


def _first(families: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, words in families if re.search(words, text, re.IGNORECASE)), "")


def phase(light: str) -> str:
    """The time of day that a shot's light names, "" for none."""
    return _first(PHASES, light)


def weather(light: str) -> str:
    return _first(WEATHERS, light)


def place_words(place: str) -> frozenset[str]:
    return frozenset(content(_ARTICLES.sub(" ", place), "en"))


def quoted(text: str, most: int = 60) -> str:
    plain = " ".join(text.split())
    return f'"{plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"}"'
