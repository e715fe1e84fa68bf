"""The plan as papers for people: six Markdown files rendered from plan.json, for reading only."""

from collections.abc import Sequence

from scripts.lib import answers
from scripts.lib.answers import Json, dig

ARC = ("want", "obstacle", "escalation", "turn", "resolution")


def papers(plan: dict[str, Json], seconds: Sequence[float] = (), written: Json = None) -> dict[str, str]:
    """File name -> text. Fields that a plan lacks are left empty; its checker has seen to them before.

    `seconds`: the checker's estimate of each narration. `written`: stage -> what it came to.
    """
    return {
        "01_research.md": _research(plan, written),
        "02_story_script.md": _story(plan) + _ways(written),
        "03_assets.md": _assets(plan),
        "04_video_prompts.md": _motion(plan),
        "05_audio_generation.md": _narration(plan, seconds),
        "06_sound_effects_prompts.md": _sounds(plan),
    }


def _word(value: Json, *steps: str | int) -> str:
    found = dig(value, *steps)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return "" if found is None or isinstance(found, list | dict) else str(found)


def _cell(text: str) -> str:
    """Text that stays inside its table cell."""
    return " ".join(text.replace("|", "\\|").split())


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _clips(plan: Json) -> list[Json]:
    return answers.items(dig(plan, "clips"))


def _images_of(clip: Json) -> list[str]:
    return [name for item in answers.items(dig(clip, "picture", "images")) if (name := answers.text(item))]


def _research(plan: Json, written: Json) -> str:
    cited = {_word(fact, "says"): _word(fact, "source") for fact in answers.items(dig(written, "facts", "facts"))}
    facts = []
    for fact in map(_word, answers.items(dig(plan, "research"))):
        source = f" ({cited.get(fact)})" if cited.get(fact) else " (no source)" if fact in cited else ""
        facts.append(f"- {fact}{source}")
    sources = [_source(one) for one in answers.items(dig(written, "sources"))] or ["No source was read."]
    tags = ", ".join(_word(tag) for tag in answers.items(dig(plan, "tags")))
    return (
        f"# {_word(plan, 'title')}: research\n\n"
        + "\n".join(facts)
        + "\n\n## Sources\n\n"
        + "\n".join(sources)
        + "\n\n## For the video's page\n\n"
        f"{_word(plan, 'description')}\n\nTags: {tags}\n"
    )


def _source(source: Json) -> str:
    revision = f", revision {_word(source, 'revision')}" if _word(source, "revision") else ""
    address = f" <{_word(source, 'url')}>" if _word(source, "url") else ""
    return f"- {_word(source, 'id')}: {_word(source, 'title')}{revision}{address}"


def _story(plan: Json) -> str:
    arc = "\n".join(f"- **{name.capitalize()}**: {_word(plan, 'arc', name)}" for name in ARC)
    rows = [(_word(clip, "number"), _word(clip, "beat"), _word(clip, "narration")) for clip in _clips(plan)]
    return (
        f"# {_word(plan, 'title')}: story\n\n{_word(plan, 'logline')}\n\n## Arc\n\n{arc}\n\n## Clips\n\n"
        f"{_table(('Clip', 'Beat', 'Narration'), rows)}"
    )


def _ways(written: Json) -> str:
    """The stories that were not told, the titles that were not taken, and what the edit changed."""
    stories, chosen = answers.items(dig(written, "stories", "stories")), dig(written, "stories", "chosen")
    rows = [
        (f"{_word(story, 'number')}{' (chosen)' if dig(story, 'number') == chosen else ''}", _word(story, "logline"),
         _word(story, "stakes"), _word(story, "turn"), _word(story, "price"))
        for story in stories
    ]  # fmt: skip
    titles = [
        f"- {_word(one, 'title')}: {_word(one, 'reason')}" for one in answers.items(dig(written, "text", "titles"))
    ]
    changes = [
        f"- Clip {_word(one, 'number')}: {_word(one, 'why')}" for one in answers.items(dig(written, "edit", "changes"))
    ]
    parts = []
    if rows:
        why = f"Chosen because: {_word(written, 'stories', 'why')}\n\n"
        parts.append(f"## Stories\n\n{why}{_table(('Story', 'In one sentence', 'Stakes', 'Turn', 'Price'), rows)}")
    warnings = [f"- {_word(one, 'where')}: {_word(one, 'message')}" for one in answers.items(dig(written, "warnings"))]
    for head, listed in (("Worth a look", warnings), ("Titles", titles), ("What the edit changed", changes)):
        if listed:
            parts.append(f"## {head}\n\n" + "\n".join(listed) + "\n")
    return "".join(f"\n{part}" for part in parts)


def _assets(plan: Json) -> str:
    used: dict[str, list[str]] = {}
    for clip in _clips(plan):
        for name in _images_of(clip):
            used.setdefault(name, []).append(_word(clip, "number"))
    images = answers.items(dig(plan, "images"))
    rows = []
    for image in images:
        name = _word(image, "id")
        kind = " ".join(part for part in (_word(image, "role"), _word(image, "kind")) if part)
        subject = ", ".join(part for part in (_word(image, "subject"), _word(image, "species")) if part)
        rows.append((name, kind, subject, "yes" if dig(image, "core") is True else "", ", ".join(used.get(name, []))))
    pictures = [
        (
            _word(clip, "number"),
            _word(clip, "picture", "type"),
            ", ".join(_images_of(clip)),
            _word(clip, "picture", "scale"),
        )
        for clip in _clips(plan)
    ]
    prompts = "\n".join(f"### {_word(image, 'id')}\n\n{_word(image, 'prompt')}\n" for image in images)
    later = "".join(f"Later: {_word(one)}\n\n" for one in answers.items(dig(plan, "later_atmospheres")))
    shown = _table(("Image", "Kind", "Subject", "Core", "Used by clips"), rows)
    mapped = _table(("Clip", "Picture", "Images", "Scale"), pictures)
    return (
        f"# {_word(plan, 'title')}: images\n\n## Atmosphere (before every prompt)\n\n{_word(plan, 'atmosphere')}\n\n"
        f"{later}"
        f"## Images\n\n{shown}\n## Clips and their images\n\n{mapped}\n## Prompts\n\n{prompts}"
    )


def _motion(plan: Json) -> str:
    rows = [
        (_word(clip, "number"), ", ".join(_images_of(clip)), _word(clip, "motion"), _word(clip, "negative"))
        for clip in _clips(plan)
    ]
    return f"# {_word(plan, 'title')}: motion\n\n{_table(('Clip', 'Images', 'Motion prompt', 'Negative prompt'), rows)}"


def _narration(plan: Json, seconds: Sequence[float]) -> str:
    texts = [(_word(clip, "number"), _word(clip, "narration")) for clip in _clips(plan)]
    shown = [f"{one:.1f}" for one in seconds] if len(seconds) == len(texts) else [""] * len(texts)
    rows = [(number, text, length) for (number, text), length in zip(texts, shown, strict=True) if text]
    return f"# {_word(plan, 'title')}: narration\n\n{_table(('Clip', 'Text', 'Estimated seconds'), rows)}"


def _sounds(plan: Json) -> str:
    rows = [(_word(clip, "number"), _word(clip, "sound")) for clip in _clips(plan)]
    return f"# {_word(plan, 'title')}: sound effects\n\n{_table(('Clip', 'Sound'), rows)}"
