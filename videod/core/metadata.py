"""What is sent to YouTube besides the film, within YouTube's limits whatever a title, topic or plan holds. Pure.

A channel's tags and template are judged when its file is read, with the longest title and topic there can be; what the
plan adds is fitted into what is left, so that nothing is refused after a film was paid for.
"""

import re
from collections.abc import Sequence

from videod.core.fields import BY_COLUMN
from videod.core.model import TASK_ID_CHARACTERS
from videod.core.sanitize import sanitize

#: what YouTube takes of a description, and of all tags together
DESCRIPTION_BYTES_MAX, TAG_CHARACTERS_MAX = 5000, 500


def tag_characters(tags: Sequence[str]) -> int:
    """How many of YouTube's 500 characters the tags use: commas between them count, a tag with a space 2 more."""
    return sum(len(tag) + (2 if " " in tag else 0) for tag in tags) + max(0, len(tags) - 1)


#: YouTube's categories that a video may be put into (videoCategories.list, `assignable`)
CATEGORIES = {
    "1": "Film & Animation", "2": "Autos & Vehicles", "10": "Music", "15": "Pets & Animals", "17": "Sports",
    "19": "Travel & Events", "20": "Gaming", "22": "People & Blogs", "23": "Comedy", "24": "Entertainment",
    "25": "News & Politics", "26": "Howto & Style", "27": "Education", "28": "Science & Technology",
    "29": "Nonprofits & Activism",
}  # fmt: skip
#: bytes of one character at most, in UTF-8
_WIDEST = 4
#: the last line of a description, by which a video is found again, with what divides it from the rest
MARKER_BYTES = len("\n\nvideod:") + TASK_ID_CHARACTERS
#: so much of the description must be left for the plan's own words, bytes
LEAST_BYTES = 300
_PLAN = "{description}"
#: where a description may end that had to be cut
_ENDS = re.compile(r"(?<=[.!?。！？])\s+|\n+")


def render(
    template: str, title: str, topic: str, channel: str, described: str, credit: str = "", chapters: str = ""
) -> str:  # fmt: skip
    """The description without its marker line; the plan's words, where they are too long, end with a whole sentence.

    `credit`, what the license of the music asks for, is its last paragraph and never shortened; `chapters` stand before
    it where there is room for them. YouTube refuses < and >, so they are left out of what is put in.
    """
    values = {"{title}": title, "{topic}": topic, "{channel}": channel}
    told = template
    for name, value in values.items():
        told = told.replace(name, _plain(value))
    end = f"\n\n{_plain(credit)}" if credit else ""
    most = DESCRIPTION_BYTES_MAX - MARKER_BYTES - len(end.encode())
    left = most - len(told.replace(_PLAN, "").encode())
    block = f"\n\n{_plain(chapters)}" if chapters else ""
    if block and left - len(block.encode()) >= min(LEAST_BYTES, len(described.encode())):
        end, most, left = f"{block}{end}", most - len(block.encode()), left - len(block.encode())
    times = told.count(_PLAN)
    made = told.replace(_PLAN, cut(_plain(described), max(0, left) // times)) if times else told
    return f"{cut(made, most)}{end}" if end else made


def cut(text: str, most: int) -> str:
    """As many whole sentences as fit into `most` bytes of UTF-8; of one that is longer, its beginning."""
    if len(text.encode()) <= most:
        return text
    end = 0
    for found in _ENDS.finditer(text):
        if len(text[: found.start()].encode()) > most:
            break
        end = found.start()
    if end:
        return text[:end]
    return text.encode()[:most].decode(errors="ignore").rpartition(" ")[0] or text.encode()[:most].decode(
        errors="ignore"
    )


def tags(own: Sequence[str], planned: Sequence[str]) -> tuple[str, ...]:
    """The channel's tags, then as many of the plan's as YouTube takes; the same one counts once."""
    kept: list[str] = []
    known: set[str] = set()
    for tag in (*own, *(_plain(one).replace(",", " ") for one in planned)):
        word = " ".join(tag.split())
        if word and word.casefold() not in known and tag_characters((*kept, word)) <= TAG_CHARACTERS_MAX:
            kept.append(word)
            known.add(word.casefold())
    return tuple(kept)


def tags_left(own: Sequence[str]) -> int:
    """Characters that the channel's tags leave for those of a plan."""
    comma = 1 if own else 0
    return max(0, TAG_CHARACTERS_MAX - tag_characters(own) - comma)


def bytes_left(template: str, channel: str) -> int:
    """Bytes that a template leaves for a plan's words, with the longest title and topic; below 0: it is too long."""
    longest = {name: (BY_COLUMN[name.capitalize()].most or 0) * _WIDEST for name in ("title", "topic")}
    used = MARKER_BYTES + template.count("{channel}") * len(channel.encode())
    used += sum(template.count(f"{{{name}}}") * most for name, most in longest.items())
    fixed = re.sub(r"\{(title|topic|channel|description)\}", "", template)
    left = DESCRIPTION_BYTES_MAX - used - len(fixed.encode())
    return left // max(1, template.count(_PLAN))


def _plain(text: str) -> str:
    return sanitize(text.replace("<", "").replace(">", ""))
